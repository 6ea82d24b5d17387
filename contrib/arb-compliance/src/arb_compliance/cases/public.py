"""Tier public: market data by request, compared with the venue's own.

The plugin asks its simulated venue; what the methods of the contract return is what the venue's kernel holds, exactly.
"""

from collections.abc import Awaitable, Callable
from math import isnan
from typing import Any

from arb_core.errors import InvalidSymbol, NotSupported
from arb_core.runtime.stream.events import Malformed
from arb_core.structs.book import BookSnapshot, SequenceRule
from arb_core.structs.card import Capability
from arb_core.structs.market import Asset, Quote, Side, Symbol, Trade, TradingStatus
from arb_core.structs.stream import KLINE_INTERVALS
from arb_sim.faults import FaultKind
from arb_sim.kernel.market import Print, Status
from arb_sim.world import Quirk

from arb_compliance.candles import INTERVALS, flaw
from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.oracle import Floats
from arb_compliance.stage import Stage, around_ten
from arb_compliance.subject import Subject

SECOND = 1_000_000_000
MS = 1_000_000

SYMBOLS = ("BTC/USDT", "ETH/BTC", "SHIB/USDT", "LINK/USDC")
"""Prices of five digits and of 10^-5, sizes of 10^-6 and of millions, three quotes."""
NOWHERE = Symbol("NOSUCHCOIN", "USDT")


@case("PUBLIC-001", Tier.PUBLIC, proof=Proof.VENUE)
async def the_venue_answers_and_tells_its_time(subject: Subject) -> None:
    """A ping is answered, and the venue's clock is read right, also when it is not ours.

    Steps: ping; ask for the time; set the venue's clock forward and back, and ask again.
    Expect: an answer; each time the venue's own, in nanoseconds, within a second.
    When this fails: `get_server_time` reads another unit, and every signed request comes too early or too late.
    Source: contract, PublicExchange
    """
    async with Stage(subject, steps_per_s=0) as stage:
        public = stage.venue.public
        await public.ping()
        true(bool(stage.seen.answers), "`ping` asks the venue nothing")
        for skew_s in (0, 30, -7):
            if skew_s:
                stage.arm(FaultKind.CLOCK_SKEW, skew_s=skew_s, hold_s=1)
            told = await public.get_server_time()
            truth = stage.clock.now_ns() + skew_s * SECOND
            true(
                abs(told - truth) <= SECOND,
                "the venue's time is read wrongly",
                found=f"{told}, where the venue's clock says about {truth} ns",
                fix="nanoseconds since the epoch",
            )
            await stage.pass_(2)


@case("PUBLIC-002", Tier.PUBLIC, proof=Proof.VENUE)
async def the_instruments_are_the_venues(subject: Subject) -> None:
    """Every instrument is there, with its steps, minima and names exactly.

    Steps: the venue lists symbols of very large and very small prices and sizes; ask for the list.
    Expect: those symbols and no others; pair, tick, lot, least quantity and notional equal as decimals; fees and
        contract address equal where the list tells them; all of them TRADING.
    When this fails: orders are rounded to steps that the venue refuses, or sized below its minimum.
    Source: contract, Instrument
    """
    async with Stage(subject, symbols=SYMBOLS, steps_per_s=0) as stage:
        info = await stage.venue.public.get_exchange_info()
        equal(sorted(map(str, info)), sorted(SYMBOLS), "the symbols are not those that the venue lists")
        for symbol, found in info.items():
            listing = stage.market(symbol).listing
            contract = next((network.contract for network in listing.networks if network.contract), None)
            compared: dict[str, tuple[Any, Any]] = {
                "symbol": (found.symbol, symbol),
                "pair": (found.pair, listing.pair),
                "tick": (found.tick, listing.tick),
                "lot": (found.lot, listing.lot),
                "min_quantity": (found.min_quantity, listing.min_size * listing.lot),
                "min_notional": (found.min_notional, listing.min_notional),
                "maker_fee": (found.maker_fee, None if found.maker_fee is None else listing.maker_fee),
                "taker_fee": (found.taker_fee, None if found.taker_fee is None else listing.taker_fee),
                "base_contract": (found.base_contract, None if found.base_contract is None else contract),
                "status": (found.status, TradingStatus.TRADING),
            }
            for name, (ours, theirs) in compared.items():
                equal(ours, theirs, f"{name} of {symbol}")
            equal(stage.venue.public.symbol_to_pair(symbol), listing.pair, f"the spelling of {symbol}")


@case("PUBLIC-003", Tier.PUBLIC, proof=Proof.VENUE)
async def a_book_by_request_is_the_venues(subject: Subject) -> None:
    """A book by request holds the venue's best levels at the id that it bears, and as many as were asked for.

    Steps: the market moves, at prices of one digit and of two; ask for books of several depths.
    Expect: levels best first, equal to the venue's at that id; never more than asked for, and no fewer unless `depth`
        says so; the time, where there is one, the venue's.
    When this fails: the id joins the book to the wrong message of the stream, sides are swapped, or levels are lost.
    Source: contract, PublicExchange
    """
    quirks = [around_ten(subject.exchange)]
    async with Stage(subject, symbols=("UNI/USDT",), steps_per_s=0, levels=150, quirks=quirks) as stage:
        await stage.venue.load_markets()
        symbol = stage.symbols[0]
        for limit in (1, 5, 20, 100, 1000):
            for _ in range(3):
                stage.move(symbol)
                await stage.pass_(0.2)
            book = await stage.venue.public.get_orderbook(symbol, limit)
            equal(book.symbol, symbol, "the symbol of a book")
            _is_the_venues(stage, subject, book, limit)


@case("PUBLIC-004", Tier.PUBLIC, needs=[Capability.RECENT_TRADES], proof=Proof.VENUE)
async def the_latest_trades_are_the_venues(subject: Subject) -> None:
    """The latest trades come whole, oldest first, each with the side that took.

    Steps: the venue made trades of both sides; ask for the latest 50.
    Expect: those 50, in the order in which they were made: price, size, taker's side and time equal.
    When this fails: maker and taker are taken for one another, seconds for milliseconds, or the oldest for the latest.
    Source: contract, PublicExchange
    """
    async with Stage(subject, steps_per_s=0) as stage:
        await stage.venue.load_markets()
        symbol = stage.symbols[0]
        found = await stage.venue.public.get_recent_trades(symbol, 50)
        made = stage.market(symbol).latest(50)
        equal(len(found), len(made), "the number of trades")
        floats = Floats(stage.market(symbol))
        for ours, theirs in zip(found, made, strict=True):
            wrong = trade_flaw(ours, theirs, floats)
            true(wrong is None, "a trade is not the venue's", found=f"{wrong}; {ours}")
        ids = [trade.trade_id for trade in found if trade.trade_id is not None]
        equal(len(set(ids)), len(ids), "two trades have one id")


@case("PUBLIC-005", Tier.PUBLIC, needs=[Capability.REST_KLINES], proof=Proof.VENUE)
async def the_candles_are_the_venues(subject: Subject) -> None:
    """Candles of every interval on the card are the venue's, oldest first; others are refused before anything is sent.

    Steps: trades are made; ask for 20 candles of each interval of the card, then of each other one of the contract.
    Expect: equal in every figure that is told; `NotSupported` for what the card does not list, and nothing is sent.
    When this fails: an interval is spelled as another one, prices stand in the wrong order, or volumes are mixed up.
    Source: contract, PublicExchange
    """
    async with Stage(subject, steps_per_s=0) as stage:
        await stage.venue.load_markets()
        symbol, public = stage.symbols[0], stage.venue.public
        market = stage.market(symbol)
        floats = Floats(market)
        for interval in subject.card.kline_intervals:
            candles = market.candles(INTERVALS[interval], stage.kernel.now_ns)
            price = market.last_price
            for step in (9, -7, 4):
                market.print(price + step, 40 + step, stage.clock.now_ns(), taker_buys=step > 0)
            found = await public.get_klines(symbol, interval, 20)
            now_ns = stage.kernel.now_ns
            kept = candles.between(None, None, 20, now_ns)
            equal(len(found), len(kept), f"the number of candles of {interval}")
            for ours, theirs in zip(found, kept, strict=True):
                equal((ours.symbol, ours.interval), (symbol, interval), "what a candle is of")
                wrong = flaw(ours, theirs, floats, now_ns)
                true(wrong is None, f"a candle of {interval} is not the venue's", found=f"{wrong}; {ours}")
        for interval in KLINE_INTERVALS:
            if interval not in subject.card.kline_intervals:
                await _is_not_supported(stage, interval)


@case("PUBLIC-006", Tier.PUBLIC, needs=[Capability.BOOK_TICKERS], proof=Proof.VENUE)
async def the_best_prices_are_the_venues(subject: Subject) -> None:
    """Best bid and ask of all symbols in one request are the venue's.

    Steps: ask before and after the list of instruments is known.
    Expect: every symbol; prices equal, sizes equal or NaN where the venue does not give them.
    When this fails: sides are swapped, or a symbol that cannot be spelled back is lost.
    Source: contract, PublicExchange
    """
    async with Stage(subject, symbols=SYMBOLS, steps_per_s=0) as stage:
        for known in (False, True):
            if known:
                await stage.venue.load_markets()
            found = await stage.venue.public.get_book_tickers()
            equal(sorted(map(str, found)), sorted(SYMBOLS), "the symbols of the best prices")
            for symbol, quote in found.items():
                bids, asks = stage.oracles[symbol].at(stage.oracles[symbol].version, 1)
                for name, ours, theirs in (
                    ("bid", quote.bid, bids[0][0]),
                    ("bid_size", quote.bid_size, bids[0][1]),
                    ("ask", quote.ask, asks[0][0]),
                    ("ask_size", quote.ask_size, asks[0][1]),
                ):
                    unknown = name.endswith("size") and isnan(ours)
                    true(unknown or ours == theirs, f"{name} of {symbol}", found=f"{ours}, the venue's is {theirs}")


@case("PUBLIC-007", Tier.PUBLIC, proof=Proof.VENUE)
async def a_symbol_that_is_not_listed_is_called_so(subject: Subject) -> None:
    """A symbol that the venue does not list is `InvalidSymbol`, whoever finds out.

    Steps: ask for its book, trades and candles; first without the list of instruments, so that the venue says no, then
        with it.
    Expect: `InvalidSymbol` each time.
    When this fails: `faults` does not know the venue's own word for it, and a typing mistake looks like an outage.
    Source: contract, errors
    """
    async with Stage(subject, steps_per_s=0) as stage:
        public = stage.venue.public
        asked: dict[str, Callable[[], Awaitable[Any]]] = {"get_orderbook": lambda: public.get_orderbook(NOWHERE, 5)}
        if subject.claims(Capability.RECENT_TRADES):
            asked["get_recent_trades"] = lambda: public.get_recent_trades(NOWHERE, 5)
        if subject.claims(Capability.REST_KLINES):
            interval = subject.card.kline_intervals[0]
            asked["get_klines"] = lambda: public.get_klines(NOWHERE, interval, 5)
        for known in (False, True):
            if known:
                await stage.venue.load_markets()
            for name, ask in asked.items():
                try:
                    answer = await ask()
                except InvalidSymbol:
                    continue
                except Exception as error:
                    raise fail(
                        f"{name} of a symbol that is not listed raises something else",
                        expected="InvalidSymbol",
                        found=f"{type(error).__name__}: {error}",
                        fix="the venue's code for it belongs into the table of `faults`",
                    ) from error
                raise fail(f"{name} answers for a symbol that is not listed", expected="InvalidSymbol", found=answer)


@case("PUBLIC-008", Tier.PUBLIC, proof=Proof.VENUE)
async def the_networks_of_assets_are_the_venues(subject: Subject) -> None:
    """Contract addresses, deposits and withdrawals are those of the venue, from the side that the card names.

    Steps: deposits of one token and withdrawals of another are closed; ask for the networks.
    Expect: every asset; each network's contract address, None for a chain's own coin; open and closed as they are, or
        None where the venue does not tell.
    When this fails: two tokens under one ticker are taken for the same, or money is sent where it cannot arrive.
    Source: contract, asset networks
    """
    if subject.card.asset_networks == "none":
        raise NotAsked("the card says that the venue does not tell")
    closed = {"LINK": (False, True), "UNI": (True, False), "BTC": (True, True)}
    quirks = [
        Quirk(exchange=subject.exchange, symbol=Symbol(name, "USDT"), deposits=deposits, withdrawals=withdrawals)
        for name, (deposits, withdrawals) in closed.items()
    ]
    symbols = [f"{name}/USDT" for name in closed]
    signed = subject.card.asset_networks == "signed"
    async with Stage(subject, symbols=symbols, steps_per_s=0, quirks=quirks, account=signed) as stage:
        found = await stage.venue.get_asset_networks()
        for symbol in stage.symbols:
            told = found.get(Asset(symbol.base), ())
            networks = {network.contract: network for network in told}
            for theirs in stage.market(symbol).listing.networks:
                ours = networks.get(theirs.contract or None)
                if ours is None:
                    raise fail(f"{symbol.base} lacks a network", expected=theirs, found=told)
                true(ours.deposit_open in {None, theirs.deposits}, f"deposits of {symbol.base}", found=ours)
                true(ours.withdraw_open in {None, theirs.withdrawals}, f"withdrawals of {symbol.base}", found=ours)


@case("PUBLIC-009", Tier.PUBLIC, proof=Proof.VENUE)
async def a_halted_symbol_is_shown_so(subject: Subject) -> None:
    """An instrument that does not trade is HALTED, stays on the list, and trades again when it does.

    Steps: the venue halts one of two symbols, then resumes.
    Expect: that one HALTED, the other TRADING; then both TRADING.
    When this fails: the engine sends orders into a market that is closed, or never comes back to one that opened.
    Source: contract, Instrument
    """
    async with Stage(subject, symbols=("BTC/USDT", "ETH/USDT"), steps_per_s=0) as stage:
        first, second = stage.symbols
        for status, wanted in ((Status.HALTED, TradingStatus.HALTED), (Status.TRADING, TradingStatus.TRADING)):
            stage.market(first).set_status(status)
            info = await stage.venue.public.get_exchange_info()
            true(first in info, f"{first} is no longer on the list when it is {status}")
            equal(info[first].status, wanted, f"{first}, which is {status}")
            equal(info[second].status, TradingStatus.TRADING, f"{second}, which trades")


@case("PUBLIC-011", Tier.PUBLIC, proof=Proof.VENUE)
async def an_empty_side_has_no_price(subject: Subject) -> None:
    """A market in which nobody sells, or nobody buys, is told so, and every other market as before.

    Steps: all offers of one of two symbols go, later all bids; ask for its book and for the best prices, and hear its
        quotes.
    Expect: that side of the book is empty, its best price NaN or the quote not told; never a price of zero, never the
        one of before; the other symbol is in the list as before; no frame is malformed.
    When this fails: nothing to sell looks like something for nothing; or one dead market ends the list of all.
    Source: contract, `Quote`: NaN where a side is empty
    """
    async with Stage(subject, symbols=("BTC/USDT", "LINK/USDT"), steps_per_s=0) as stage:
        await stage.venue.load_markets()
        other, empty = stage.symbols
        market, heard = stage.market(empty), list[Quote]()
        if subject.claims(Capability.QUOTE):
            await stage.live()
            await stage.venue.watch_quotes(empty, heard.append)
            await stage.pass_(5)
        for name in ("ask", "bid"):
            bids, asks = (list(side) for side in (market.book.bids, market.book.asks))
            gone, told = [(price, 0) for price, _ in (asks if name == "ask" else bids)], len(heard)
            stage.change(*(([], gone) if name == "ask" else (gone, [])), empty)
            await stage.pass_(5)
            book = await stage.venue.public.get_orderbook(empty, 5)
            levels = book.asks if name == "ask" else book.bids
            equal(len(levels), 0, f"levels of {empty} on the side where nobody stands")
            quotes = {"quoted": heard[-1]} if heard[told:] else {}
            if subject.claims(Capability.BOOK_TICKERS):
                found = await stage.venue.public.get_book_tickers()
                true(other in found, f"the best prices of {other} are missing while {empty} is empty", found=found)
                quotes |= {"among the best prices": found[empty]} if empty in found else {}
            for where, quote in quotes.items():
                true(isnan(getattr(quote, name)), f"{name} of {empty}, {where}, where there is none", found=quote)
            true(not stage.told(Malformed), "a frame is called malformed", found=stage.told(Malformed)[:1])
            stage.change(bids, asks, empty)
            await stage.pass_(5)


@case("PUBLIC-010", Tier.PUBLIC, proof=Proof.VENUE)
async def what_is_not_claimed_says_so(subject: Subject) -> None:
    """A method whose capability the card does not claim raises `NotSupported`.

    Steps: call each method of market data whose capability is on none of the card's lists.
    Expect: `NotSupported`; one that answers all the same is told as a warning.
    When this fails: a user who asks for what is not there gets a stranger's error in place of an answer.
    Source: contract, capabilities
    """
    async with Stage(subject, steps_per_s=0) as stage:
        public, symbol = stage.venue.public, stage.symbols[0]
        methods: dict[Capability, Callable[[], Awaitable[Any]]] = {
            Capability.RECENT_TRADES: lambda: public.get_recent_trades(symbol, 5),
            Capability.REST_KLINES: lambda: public.get_klines(symbol, KLINE_INTERVALS[1], 5),
            Capability.BOOK_TICKERS: public.get_book_tickers,
        }
        unclaimed = methods.keys() - subject.card.capabilities - subject.card.unknown
        if not unclaimed:
            raise NotAsked("the card claims all of them")
        await stage.venue.load_markets()
        for capability in sorted(unclaimed):
            try:
                await methods[capability]()
            except NotSupported:
                continue
            except Exception as error:
                raise fail(f"{capability} is not claimed, and raises something else", found=repr(error)) from error
            subject.warn(f"{capability} works, and the card does not claim it")


def trade_flaw(ours: Trade, theirs: Print, floats: Floats) -> str | None:
    """Return what of a trade is not the venue's. Venues tell time in seconds, milliseconds or finer."""
    for name, found, wanted in (
        ("price", ours.price, floats.price(theirs.price)),
        ("size", ours.size, floats.size(theirs.size)),
        ("taker", ours.taker, Side.BUY if theirs.taker_buys else Side.SELL),
    ):
        if found != wanted:
            return f"{name}: expected {wanted!r}, found {found!r}"
    rounded = {theirs.at_ns // unit * unit for unit in (1, 1000, MS, SECOND)}
    if ours.exchange_ns not in rounded:
        return f"exchange_ns: expected {theirs.at_ns}, found {ours.exchange_ns}"
    return None


def _is_the_venues(stage: Stage, subject: Subject, book: BookSnapshot, limit: int) -> None:
    oracle = stage.oracles[book.symbol]
    version: int | None = book.last_id
    if subject.dialect().book_rule.ids is not SequenceRule.RANGE:
        version = oracle.where(book.bids, book.asks)
    try:
        bids, asks = oracle.at(-1 if version is None else version, limit)
    except LookupError as error:
        raise fail(f"a book of {limit} levels is none that the venue ever had", found=f"id {book.last_id}") from error
    for side, ours, theirs in (("bids", book.bids, bids), ("asks", book.asks, asks)):
        true(len(ours) <= limit, f"more {side} than the {limit} that were asked for", found=len(ours))
        # A `depth` below the limit says that the venue gives no more.
        told = min(limit, book.depth or limit)
        equal(ours, theirs[:told], f"the {side} of a book of {limit} at id {book.last_id}")
    if book.exchange_ns is not None:
        age_ns = stage.clock.now_ns() - book.exchange_ns
        true(-SECOND <= age_ns <= 120 * SECOND, "the time of a book", found=book.exchange_ns)


async def _is_not_supported(stage: Stage, interval: str) -> None:
    sent = len(stage.seen.requests)
    try:
        await stage.venue.public.get_klines(stage.symbols[0], interval, 5)
    except NotSupported:
        equal(len(stage.seen.requests), sent, f"requests for candles of {interval}, which the card does not list")
        return
    stage.subject.warn(f"candles of {interval} are answered, and the card does not list them")
