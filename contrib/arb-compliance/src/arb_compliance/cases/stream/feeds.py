"""Every other feed of the card: best prices, trades, depths and candles, each message compared with the venue."""

from collections import Counter
from collections.abc import Callable, Sequence

from arb_core.runtime.stream.events import Malformed
from arb_core.structs.book import NO_ID, BookSnapshot, SequenceRule
from arb_core.structs.card import Capability, ExchangeSettings
from arb_core.structs.market import Kline, Quote, Symbol, Trade
from arb_core.structs.stream import Feed, Topic

from arb_compliance.candles import INTERVALS, flaw
from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.public import trade_flaw
from arb_compliance.expect import CaseFailed, fail, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

__all__ = ["Everything"]

SECOND = 1_000_000_000

FRIDAY_NIGHT_S = 1_700_265_230
"""2023-11-17 23:53:50 UTC: ten seconds before a minute ends, when no two intervals' windows began together."""
TO_A_NEW_MINUTE_S = 15.0


class Everything:
    """Every feed of the card for one symbol, the book included, and a comparison of each message with the venue.

    Attributes:
        heard: how many messages each topic brought.
    """

    def __init__(self, stage: Stage, symbol: Symbol) -> None:
        self.symbol = symbol
        self.heard: Counter[Topic] = Counter()
        self.trades: list[Trade] = []
        self.klines: dict[str, Kline] = {}
        self._stage = stage
        self._market = stage.market(symbol)
        self._oracle = stage.oracles[symbol]
        self._pair = stage.venue.markets.pair(symbol)
        self._ends: list[Callable[[], None]] = []
        self._quoted = self._oracle.version
        self._depthed: dict[int, int] = {}
        self._ranged = stage.subject.dialect().book_rule.ids is SequenceRule.RANGE
        self._wrong: CaseFailed | None = None

    @property
    def topics(self) -> list[Topic]:
        """All of them."""
        card, pair = self._stage.card, self._pair
        found: list[Topic] = []
        for feed, capability in (
            (Feed.BOOK, Capability.BOOK),
            (Feed.QUOTE, Capability.QUOTE),
            (Feed.TRADES, Capability.TRADES),
        ):
            if capability in card.capabilities:
                found.append(Topic(feed, pair))
        if Capability.DEPTH in card.capabilities:
            found += [Topic(Feed.DEPTH, pair, depth=depth) for depth in card.depths]
        if Capability.KLINES in card.capabilities:
            found += [Topic(Feed.KLINES, pair, interval=interval) for interval in card.kline_intervals]
        return found

    @property
    def few(self) -> list[Topic]:
        """The same with one interval of candles: a venue invents a past for each."""
        return [topic for topic in self.topics if topic.interval in {None, *self._stage.card.kline_intervals[:1]}]

    async def follow(self, topics: Sequence[Topic] | None = None) -> None:
        """Watch them, all by default, and return when every subscription stands but the book's."""
        venue, symbol = self._stage.venue, self.symbol
        for topic in self.topics if topics is None else topics:
            match topic:
                case Topic(feed=Feed.BOOK):
                    venue.follow(symbol)
                case Topic(feed=Feed.QUOTE):
                    self._ends.append(await venue.watch_quotes(symbol, self._quote))
                case Topic(feed=Feed.TRADES):
                    self._ends.append(await venue.watch_trades(symbol, self._trade))
                case Topic(feed=Feed.DEPTH, depth=int() as depth):
                    self._ends.append(await venue.watch_depth(symbol, depth, self._depth))
                case Topic(interval=interval):
                    self._ends.append(await venue.watch_klines(symbol, interval or "", self._kline))

    def leave(self) -> None:
        """Watch none of them any more."""
        while self._ends:
            self._ends.pop()()
        if self.symbol in self._stage.venue.books:
            self._stage.venue.unwatch_orderbook(self.symbol)

    def judge(self) -> None:
        """Raise what was found wrong."""
        if self._wrong is not None:
            raise self._wrong

    def all_heard(self) -> bool:
        """Whether each of them has brought something; the book's own updates the stage counts."""
        return self._wrong is not None or all(self.heard[topic] for topic in self.topics if topic.feed is not Feed.BOOK)

    def silent(self) -> list[Topic]:
        """Those that have brought nothing."""
        return [topic for topic in self.topics if topic.feed is not Feed.BOOK and not self.heard[topic]]

    def whole(self) -> None:
        """Compare what only a market at rest can show: that no trade is missing, and how candles stand."""
        self.judge()
        if Capability.TRADES in self._stage.card.capabilities:
            self._all_trades()
        now_ns = self._stage.kernel.now_ns
        for interval, kline in self.klines.items():
            candles = self._market.candles(INTERVALS[interval], now_ns)
            found = candles.between(kline.open_ns, kline.open_ns, 1, now_ns)
            if not found:
                raise fail(f"a candle of {interval} begins where none does", found=kline)
            wrong = flaw(kline, found[0], self._oracle.floats, now_ns)
            true(wrong is None, f"the latest candle of {interval} is not the venue's", found=f"{wrong}; {kline}")

    def _all_trades(self) -> None:
        made = self._market.latest(len(self.trades))
        for ours, theirs in zip(self.trades, made, strict=True):
            wrong = trade_flaw(ours, theirs, self._oracle.floats)
            true(wrong is None, "a trade is not the venue's, is missing or comes twice", found=f"{wrong}; {ours}")

    def _quote(self, quote: Quote) -> None:
        self.heard[Topic(Feed.QUOTE, self._pair)] += 1
        bids, asks = [(quote.bid, quote.bid_size)], [(quote.ask, quote.ask_size)]
        version = self._oracle.where(bids, asks, since=self._quoted)
        if version is None:
            self._note(f"a quote of {self.symbol} that the venue never had, or older than the one before", quote)
        else:
            self._quoted = version
        self._timely("a quote", quote.exchange_ns)

    def _depth(self, book: BookSnapshot) -> None:
        self.heard[Topic(Feed.DEPTH, self._pair, depth=book.depth)] += 1
        version: int | None = book.last_id
        if not self._ranged or version == NO_ID:
            version = self._oracle.where(book.bids, book.asks, since=self._depthed.get(book.depth, -1))
            if version is not None:
                self._depthed[book.depth] = version
        try:
            same = self._oracle.at(-1 if version is None else version, book.depth) == (book.bids, book.asks)
        except LookupError:
            same = False
        if not same:
            self._note(f"the best {book.depth} levels of {self.symbol} are not the venue's", book)
        self._timely("a depth", book.exchange_ns)

    def _trade(self, trade: Trade) -> None:
        self.heard[Topic(Feed.TRADES, self._pair)] += 1
        self.trades.append(trade)
        self._timely("a trade", trade.exchange_ns)

    def _kline(self, kline: Kline) -> None:
        self.heard[Topic(Feed.KLINES, self._pair, interval=kline.interval)] += 1
        self.klines[kline.interval] = kline
        span_ns, offset_ns = INTERVALS[kline.interval]
        if (kline.open_ns - offset_ns) % span_ns:
            self._note(f"a candle of {kline.interval} begins where none does", kline)

    def _timely(self, what: str, exchange_ns: int | None) -> None:
        """Times in another unit are far from now."""
        now_ns = self._stage.clock.now_ns()
        if exchange_ns is not None and not -2 * SECOND <= now_ns - exchange_ns <= 60 * SECOND:
            self._note(f"{what} bears a wrong time", f"{exchange_ns}, which is {(now_ns - exchange_ns) / 1e9:g} s ago")

    def _note(self, message: str, found: object) -> None:
        if self._wrong is None:
            self._wrong = fail(message, found=found)


@case("STREAM-019", Tier.STREAM, proof=Proof.VENUE)
async def every_declared_feed_is_the_venues(subject: Subject) -> None:
    """Best prices, trades, depths and candles are what the venue has, message by message.

    Steps: every feed of the card for one symbol, each depth and each interval, until a minute has ended; then the
        market rests. In the long form with each of the plugin's settings.
    Expect: each quote and each depth the venue's at one of its versions, in order; every trade once, with side and
        time; candles whose windows and figures are the venue's; every feed brings something.
    When this fails: `decode` swaps sides or figures, cuts a depth, takes one interval for another, or reads times in
        another unit; or a channel's name is not the venue's.
    Source: contract, Sink
    """
    for number, settings in enumerate(subject.variants()[: 1 if subject.short else None]):
        await _all_feeds(subject, settings, number)


async def _all_feeds(subject: Subject, settings: ExchangeSettings, seed: int) -> None:
    async with Stage(subject, seed=seed, steps_per_s=3, settings=settings, epoch_s=FRIDAY_NIGHT_S) as stage:
        await stage.venue.connect()
        everything = Everything(stage, stage.symbols[0])
        await everything.follow()
        await stage.pass_(TO_A_NEW_MINUTE_S)
        everything.judge()
        true(everything.all_heard(), "feeds that are declared bring nothing", found=everything.silent())
        stage.world.rest()
        await stage.pass_(5)
        everything.whole()
        true(not stage.told(Malformed), "a frame is called malformed", found=stage.told(Malformed)[:1])
