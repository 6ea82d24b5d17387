"""One exchange opened for use: what a library user, the command line and the engine rely on."""

import asyncio
from typing import Any

import arb_core as arb
import msgspec
import pytest
from arb_core.errors import (
    BookUnavailable,
    Disconnected,
    ExchangeUnavailable,
    InvalidSymbol,
    NotSupported,
    PluginMissing,
    RateLimitError,
    Refused,
    Rejected,
    SettingsError,
    WireError,
)
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookFault, BookRule, BookState
from arb_core.structs.market import Symbol, TradingStatus
from arb_core.venue import open_exchange
from arb_core.venue.events import (
    ClockJumped,
    Halted,
    Lagging,
    Late,
    ListenerBroken,
    MarketsFailed,
    MarketsLoaded,
    Resumed,
    SnapshotFailed,
)
from fake_venue import MS, REST_RULE, SECOND, STREAM_RULE
from shop import BTC, ETH, Shop, shop

pytestmark = pytest.mark.looptime(noop_cycles=2)  # 42 by default: most of the run, and nothing here needs them

# -- opening ----------------------------------------------------------------------------------------------------------


async def test_the_library_example_of_the_readme_works() -> None:
    async with shop() as it:
        venue = it.venue
        instruments = await venue.public.get_exchange_info()
        assert BTC in instruments
        await venue.watch_orderbook(arb.Symbol("BTC", "USDT"))
        quote = venue.orderbook(arb.Symbol("BTC", "USDT")).quote()
        assert quote is not None
        assert (quote.bid, quote.ask) == (100.0, 101.0)
        health = venue.health()
        assert [(book.symbol, book.state) for book in health.books] == [(BTC, BookState.LIVE)]
        assert len(health.stream.connections) == 1


async def test_nothing_is_sent_before_something_is_asked() -> None:
    async with shop() as it:
        await it.run(1000)
        assert (it.far.attempts, it.public.info_calls, it.public.snapshots) == ([], 0, 0)


def test_an_unknown_exchange_is_answered_with_the_cure() -> None:
    with pytest.raises(PluginMissing):
        open_exchange("nobody-has-this")


@pytest.mark.parametrize(
    ("option", "url"),
    [
        ("rest_url", "http://example.com"),
        ("ws_url", "ws://example.com"),
        ("rest_url", "https://user:secret@example.com"),
        ("ws_url", "https://example.com"),
        ("rest_url", "https://example.com?a=b"),
        ("ws_url", "nonsense"),
    ],
)
async def test_an_override_that_may_not_be_used_is_refused(option: str, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Shop((BTC,), REST_RULE, {option: url}, {})
    assert f"venues.fake.{option}" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_an_override_replaces_the_host_of_every_socket_and_keeps_the_path() -> None:
    async with shop(options={"ws_url": "ws://127.0.0.1:4001/prefix"}) as it:
        await it.venue.watch_orderbook(BTC)
        assert it.far.sockets[0].url == "ws://127.0.0.1:4001/prefix/path?token=t1"


async def test_the_label_names_books_and_context() -> None:
    async with shop(options={"venue": "fake2"}) as it:
        book = await it.venue.watch_orderbook(BTC)
        assert (book.venue, it.venue.name, it.venue.card.id) == ("fake2", "fake2", "fake")
        assert it.registry.context is not None
        assert it.registry.context.venue == "fake2"


async def test_a_transport_that_was_given_stays_open() -> None:
    async with shop() as it:
        far = it.far
    assert far.closed is False


# -- books ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE], ids=["rest", "stream"])
async def test_a_watched_book_survives_disconnects_and_lost_messages(rule: BookRule) -> None:
    async with shop(rule=rule) as it:
        await it.venue.watch_orderbook(BTC)
        for _ in range(10):
            await it.run(5, BTC)
            it.far.cut_all()
            await it.run(5, BTC)
            it.far.tick("BTCUSDT", push=False)
            for socket in it.far.sockets:
                socket.cuts["BTCUSDT"] += 1
        await it.run(5, BTC)
        await it.run(0.2)
        assert it.equals_market()
        stats = it.venue.health().books[0].stats
        assert stats.gaps == 10
        assert it.venue.health().stream.reconnects == 10


async def test_watching_returns_when_the_book_is_live() -> None:
    async with shop() as it:
        book = await it.venue.watch_orderbook(BTC)
        assert book.state is BookState.LIVE
        assert await it.venue.watch_orderbook(BTC) is book
        assert it.public.snapshots == 1


async def test_an_unknown_symbol_is_refused_with_near_matches() -> None:
    async with shop() as it:
        with pytest.raises(InvalidSymbol, match="did you mean BTC/USDT"):
            await it.venue.watch_orderbook(Symbol("USDT", "BTC"))
        assert it.far.attempts == []


async def test_a_refused_book_raises_the_venues_reason_and_is_not_watched() -> None:
    async with shop() as it:
        it.far.refuses = {"book:BTCUSDT": "Blocked!"}
        with pytest.raises(Refused, match="book of BTCUSDT: Blocked!"):
            await it.venue.watch_orderbook(BTC)
        with pytest.raises(BookUnavailable, match="nobody watches it"):
            it.venue.orderbook(BTC)
        assert it.venue.books == {}


async def test_a_silently_refused_book_raises_when_the_venue_never_answers() -> None:
    async with shop(ack_timeout_ns=5 * SECOND) as it:
        it.far.mute = {"book:BTCUSDT"}
        with pytest.raises(Refused, match="neither acknowledged nor refused"):
            await it.venue.watch_orderbook(BTC)


async def test_a_book_whose_snapshot_the_venue_refuses_raises_that() -> None:
    async with shop() as it:
        it.public.errors[BTC] = InvalidSymbol("-1121 Invalid symbol.", exchange="fake")
        with pytest.raises(InvalidSymbol, match="-1121"):
            await it.venue.watch_orderbook(BTC)


async def test_a_book_that_does_not_come_in_time_says_why() -> None:
    async with shop() as it:
        it.public.errors[BTC] = ExchangeUnavailable("502 from the gateway", exchange="fake")
        with pytest.raises(BookUnavailable, match="502 from the gateway"):
            await it.venue.watch_orderbook(BTC, timeout_ns=10 * SECOND)
        assert it.clock.monotonic_ns() == pytest.approx(10 * SECOND, rel=0.01)


async def test_a_venue_out_of_reach_says_so() -> None:
    async with shop() as it:
        await it.venue.connect()
        it.far.down = True
        with pytest.raises(Disconnected, match="connection refused"):
            await it.venue.watch_orderbook(BTC)


async def test_a_venue_that_is_down_at_start_is_waited_for() -> None:
    async with shop() as it:
        it.far.down = True
        connecting = asyncio.create_task(it.venue.connect())
        await it.run(300)
        assert not connecting.done()
        failures = it.of(MarketsFailed)
        assert 10 < len(failures) < 60
        assert all("no answer" in failure.reason and failure.retry_ns <= 30 * SECOND for failure in failures)
        it.far.down = False
        assert len(await connecting) == 2
        assert it.of(MarketsLoaded)
        it.venue.follow(BTC)
        await it.run(2, BTC)
        assert it.venue.orderbook(BTC).state is BookState.LIVE


async def test_a_maintenance_page_at_start_is_waited_out_and_a_refusal_is_not() -> None:
    async with shop() as it:
        it.public.info_error = WireError("expected JSON", exchange="fake", where="exchangeInfo", wire="<html>")
        connecting = asyncio.create_task(it.venue.connect())
        await it.run(60)
        assert not connecting.done()
        it.public.info_error = Rejected("your region may not", exchange="fake")
        with pytest.raises(Rejected, match="your region"):
            await connecting


async def test_a_frozen_feed_on_a_living_connection_makes_its_book_unreadable() -> None:
    rule = msgspec.structs.replace(REST_RULE, idle_ns=10 * SECOND)
    async with shop(rule=rule, ping_every_ns=5 * SECOND) as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(30, BTC)
        losses: list[BookFault] = []
        it.venue.on_lost(lambda _book, fault: losses.append(fault))
        frozen = it.far.sockets[0].channels.copy()
        it.far.sockets[0].channels.clear()
        await it.run(9, BTC)
        assert losses == []
        await it.run(2, BTC)
        assert losses == [BookFault.STALE]
        await it.run(3, BTC)
        await it.run(0.1)
        assert it.far.sockets[0].channels == frozen
        assert it.equals_market()
        assert len(it.far.history) == 1


async def test_a_book_that_is_unwatched_costs_nothing_more() -> None:
    async with shop() as it:
        book = await it.venue.watch_orderbook(BTC)
        it.venue.unwatch_orderbook(BTC)
        it.venue.unwatch_orderbook(BTC)
        await it.run(5, BTC)
        assert it.far.sockets == []
        assert book.fault is BookFault.STOPPED
        again = await it.venue.watch_orderbook(BTC)
        assert again is not book
        it.public.errors[ETH] = ExchangeUnavailable("503", exchange="fake")
        it.venue.follow(ETH)
        await it.run(5)
        assert it.venue.health().snapshots.waiting == 1
        it.venue.unwatch_orderbook(ETH)
        asked = it.public.snapshots
        await it.run(120)
        assert (it.public.snapshots, it.venue.health().snapshots.waiting) == (asked, 0)


async def test_book_listeners_hear_every_change_and_every_loss() -> None:
    async with shop() as it:
        changes: list[int] = []
        losses: list[BookFault] = []

        def on_book(book: BookSync) -> None:
            assert book.state is BookState.LIVE
            changes.append(book.last_id)

        it.venue.on_book(on_book)
        it.venue.on_lost(lambda _book, fault: losses.append(fault))
        await it.venue.watch_orderbook(BTC)
        await it.run(5, BTC)
        await it.run(0.1)
        assert changes == list(range(changes[0], it.far.market("BTCUSDT").last_id + 1))
        it.far.cut_all()
        assert losses == [BookFault.DISCONNECTED]


async def test_each_time_a_book_becomes_live_is_heard_before_its_first_change() -> None:
    async with shop() as it:
        heard: list[str] = []
        it.venue.on_live(lambda book: heard.append(f"live {book.state.name}"))
        it.venue.on_book(lambda _book: heard.append("book"))
        await it.venue.watch_orderbook(BTC)
        await it.run(2, BTC)
        assert heard[:2] == ["live LIVE", "book"]
        it.far.cut_all()
        await it.run(20, BTC)
        assert heard.count("live LIVE") == 2


@pytest.mark.parametrize("where", ["on_book", "on_lost", "on_live"])
async def test_what_a_book_listener_raises_comes_out_of_the_venue(where: str) -> None:
    made = Shop((BTC,), REST_RULE, {}, {})

    def explode(*_: object) -> None:
        raise ZeroDivisionError("a defect of the strategy")

    getattr(made.venue, where)(explode)

    async def use() -> None:
        async with made.venue:
            await made.venue.connect()
            made.venue.follow(BTC)
            await made.run(2, BTC)
            made.far.cut_all()
            await made.run(60, BTC)

    with pytest.raises(ZeroDivisionError, match="a defect of the strategy"):
        await use()
    assert made.clock.monotonic_ns() < 10 * SECOND
    assert made.far.sockets == []


async def test_the_callers_own_error_passes_unchanged() -> None:
    async def use() -> None:
        async with shop() as it:
            await it.venue.watch_orderbook(BTC)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await use()


# -- snapshots --------------------------------------------------------------------------------------------------------


async def test_a_thousand_books_start_fairly_and_few_at_a_time() -> None:
    symbols = [Symbol(f"C{number:03}", "USDT") for number in range(1000)]
    async with shop(symbols, topics_per_connection=200, topics_per_request=100) as it:
        it.public.delay_ns = 100 * MS
        await it.venue.connect()
        for symbol in symbols:
            it.venue.follow(symbol)
        await it.run(20)
        assert all(book.state is BookState.LIVE for book in it.venue.books.values())
        assert it.public.most_at_once == 8
        assert it.public.most_per_symbol == 1
        assert it.public.snapshots == 1000
        assert sorted(it.public.order) == sorted(symbols)


async def test_a_failing_snapshot_backs_off_and_holds_nobody_up() -> None:
    symbols = [Symbol(f"C{number:02}", "USDT") for number in range(50)]
    async with shop(symbols) as it:
        await it.venue.connect()
        bad = symbols[:20]
        for symbol in bad:
            it.public.errors[symbol] = ExchangeUnavailable("503", exchange="fake")
        for symbol in symbols:
            it.venue.follow(symbol)
        await it.run(3)
        assert all(it.venue.books[symbol].state is BookState.LIVE for symbol in symbols[20:])
        await it.run(597)
        tries = it.public.order.count(bad[0])
        assert 25 < tries < 90
        assert it.of(SnapshotFailed)
        it.public.errors.clear()
        await it.run(31)
        assert all(book.state is BookState.LIVE for book in it.venue.books.values())


async def test_a_snapshot_that_waits_for_our_own_budget_is_no_failure_to_tell() -> None:
    async with shop() as it:
        await it.venue.connect()
        it.public.errors[BTC] = RateLimitError("held back", exchange="fake", local=True, retry_after_ns=SECOND)
        it.venue.follow(BTC)
        await it.run(25)
        health = it.venue.health()
        assert (health.snapshots.waiting, health.snapshots.failures) == (1, 0)
        assert (health.books[0].stats.failed_snapshots, health.books[0].stats.timeouts) == (0, 0)
        assert not it.of(SnapshotFailed)
        it.public.errors.clear()
        await it.run(31)
        assert it.venue.books[BTC].state is BookState.LIVE


async def test_snapshots_that_are_too_old_are_fetched_again_with_back_off() -> None:
    async with shop() as it:
        it.public.cached_id = 5
        await it.venue.connect()
        it.venue.follow(BTC)
        await it.run(120, BTC)
        assert 5 < it.venue.books[BTC].stats.old_snapshots <= it.public.snapshots < 60
        it.public.cached_id = None
        await it.run(31, BTC)
        await it.run(0.2)
        assert it.equals_market()


async def test_a_limited_venue_is_not_asked_for_snapshots_before_it_said() -> None:
    async with shop() as it:
        await it.venue.connect()
        it.public.errors[BTC] = RateLimitError("slow down", exchange="fake", retry_after_ns=60 * SECOND)
        it.venue.follow(BTC)
        await it.run(59)
        assert it.public.snapshots == 1
        it.public.errors.clear()
        await it.run(3)
        assert it.venue.books[BTC].state is BookState.LIVE


# -- halts, clocks, lag -----------------------------------------------------------------------------------------------


async def test_a_halted_instrument_makes_its_book_unreadable_until_it_trades_again() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        await it.venue.watch_orderbook(ETH)
        it.public.set_status(BTC, TradingStatus.HALTED)
        await it.run(301, ETH, every_ms=1000)
        book = it.venue.orderbook(BTC)
        assert (book.state, book.fault) == (BookState.SYNCING, BookFault.HALTED)
        assert it.venue.orderbook(ETH).state is BookState.LIVE
        assert [event.symbol for event in it.of(Halted)] == [BTC]
        it.far.cut_all()
        await it.run(60, BTC, ETH)
        assert book.fault is BookFault.HALTED
        it.public.set_status(BTC, TradingStatus.TRADING)
        await it.run(300, BTC, ETH, every_ms=1000)
        await it.run(0.2)
        assert it.equals_market()
        assert [event.symbol for event in it.of(Resumed)] == [BTC]
        assert len(it.of(Halted)) == 1


async def test_an_instrument_that_trades_again_while_there_is_no_connection_comes_back_with_it() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        it.public.set_status(BTC, TradingStatus.HALTED)
        await it.run(301)
        it.far.no_sockets = True
        it.far.cut_all()
        it.public.set_status(BTC, TradingStatus.TRADING)
        await it.run(300)
        assert it.of(Resumed)
        assert it.venue.books[BTC].state is BookState.SYNCING
        it.far.no_sockets = False
        await it.run(31, BTC)
        await it.run(0.1)
        assert it.equals_market()


async def test_a_delisted_instrument_makes_its_book_unreadable() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        del it.public.instruments[BTC]
        await it.run(301, BTC, every_ms=1000)
        assert it.venue.books[BTC].fault is BookFault.HALTED
        assert "no longer listed" in it.of(Halted)[0].reason


async def test_a_halted_instrument_is_refused_at_once() -> None:
    async with shop() as it:
        it.public.set_status(BTC, TradingStatus.HALTED)
        with pytest.raises(BookUnavailable, match="trading is halted"):
            await it.venue.watch_orderbook(BTC)


async def test_after_the_machine_slept_everything_resyncs() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(5, BTC)
        losses: list[BookFault] = []
        it.venue.on_lost(lambda _book, fault: losses.append(fault))
        it.clock.jump(3600 * SECOND)
        await it.run(0.6, BTC)
        assert losses == [BookFault.DISCONNECTED]
        await it.run(5, BTC)
        await it.run(0.2)
        assert it.equals_market()
        (jump,) = it.of(ClockJumped)
        assert (jump.reconnected, jump.jump_ns) == (True, pytest.approx(3600 * SECOND, rel=0.001))


async def test_a_clock_that_is_set_back_is_reported_and_harms_nothing() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(5, BTC)
        it.clock.jump(-3600 * SECOND)
        await it.run(5, BTC)
        assert [event.reconnected for event in it.of(ClockJumped)] == [False]
        assert len(it.far.history) == 1
        assert it.venue.orderbook(BTC).state is BookState.LIVE


async def test_a_clock_that_is_set_makes_no_message_late() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(5, BTC)
        # Two seconds: too short for a machine that slept, and from now on every message seems two seconds older.
        it.clock.jump(2 * SECOND)
        it.dialect.exchange_lag_ns += 2 * SECOND
        await it.run(5, BTC)
        assert it.of(ClockJumped)
        assert it.of(Late) == []


async def test_a_loop_that_is_held_up_is_counted_and_reported() -> None:
    async with shop() as it:
        await it.run(2)
        it.clock.stand_still(2 * SECOND)
        await it.run(3)
        assert [event.lag_ns for event in it.of(Lagging)] == [2 * SECOND]
        assert it.venue.health().loop.lagging == 1
        assert it.venue.health().loop.lag_max_ns == 2 * SECOND


async def test_messages_that_fall_behind_are_counted_and_reported() -> None:
    async with shop() as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(5, BTC)
        assert it.of(Late) == []
        it.dialect.exchange_lag_ns = 3 * SECOND
        await it.run(5, BTC)
        assert len(it.of(Late)) == 1
        assert it.venue.health().loop.late_ns == 3 * SECOND


async def test_a_whole_book_of_a_quiet_market_is_not_late() -> None:
    async with shop(rule=STREAM_RULE) as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(5, BTC)
        it.dialect.exchange_lag_ns = 3 * SECOND
        await it.venue.watch_orderbook(ETH)
        it.dialect.exchange_lag_ns = 0
        await it.run(5, BTC)
        assert it.venue.orderbook(ETH).state is BookState.LIVE
        assert it.of(Late) == []


# -- trades, quotes, depths, candles ----------------------------------------------------------------------------------


async def test_trades_quotes_and_depths_reach_their_listeners() -> None:
    async with shop() as it:
        heard: list[Any] = []
        ends = [
            await it.venue.watch_trades(BTC, heard.append),
            await it.venue.watch_quotes(BTC, heard.append),
            await it.venue.watch_depth(BTC, 5, heard.append),
        ]
        socket = it.far.sockets[0]
        socket.say(trade=["BTCUSDT", 100.0, 2.0, "7", 1])
        socket.say(quote=["BTCUSDT", 99.0, 101.0])
        socket.say(depth=["BTCUSDT", [[99.0, 1.0]], [[101.0, 1.0]], 5])
        await it.run(0.1)
        assert [type(update).__name__ for update in heard] == ["Trade", "Quote", "BookSnapshot"]
        assert (heard[0].symbol, heard[0].price, heard[0].trade_id) == (BTC, 100.0, "7")
        for end in ends:
            end()
            end()
        await it.run(1)
        assert it.far.sockets == []


async def test_two_listeners_share_one_subscription() -> None:
    async with shop() as it:
        first: list[Any] = []
        second: list[Any] = []
        end = await it.venue.watch_trades(BTC, first.append)
        await it.venue.watch_trades(BTC, second.append)
        assert it.far.sockets[0].asked("sub") == [["trades:BTCUSDT"]]
        end()
        it.far.sockets[0].say(trade=["BTCUSDT", 100.0, 2.0, "7", 1])
        await it.run(0.1)
        assert (len(first), len(second)) == (0, 1)


async def test_a_feed_depth_or_symbol_that_the_venue_lacks_is_refused() -> None:
    async with shop() as it:
        with pytest.raises(NotSupported, match="depth 5 only"):
            await it.venue.watch_depth(BTC, 7, print)
        with pytest.raises(InvalidSymbol, match="not listed"):
            await it.venue.watch_trades(Symbol("XYZ", "USDT"), print)
        it.far.refuses = {"trades:BTCUSDT": "no"}
        with pytest.raises(Refused, match="trades of BTCUSDT: no"):
            await it.venue.watch_trades(BTC, print)
        assert it.venue.health().stream.refused == ()


async def test_a_listener_that_raises_is_unplugged_and_reported() -> None:
    async with shop() as it:

        def explode(trade: object) -> None:
            raise ZeroDivisionError(trade)

        heard: list[Any] = []
        await it.venue.watch_trades(BTC, explode)
        await it.venue.watch_trades(BTC, heard.append)
        for number in range(3):
            it.far.sockets[0].say(trade=["BTCUSDT", 100.0, 2.0, str(number), 1])
        await it.run(0.1)
        assert len(heard) == 3
        (broken,) = it.of(ListenerBroken)
        assert "ZeroDivisionError" in broken.error
        assert it.venue.health().broken_listeners == 1


async def test_an_iterator_gives_every_trade_in_order() -> None:
    async with shop() as it:
        seen: list[float] = []

        async def read() -> None:
            async for trade in it.venue.trades(BTC):
                seen.append(trade.price)
                if len(seen) == 100:
                    break

        reading = asyncio.create_task(read())
        await it.run(0.2)
        for number in range(100):
            it.far.sockets[0].say(trade=["BTCUSDT", float(number), 1.0, None, 1])
        await reading
        assert seen == [float(number) for number in range(100)]


async def test_a_slow_reader_of_trades_loses_the_oldest_and_knows_how_many() -> None:
    async with shop() as it, it.venue.trades(BTC, limit=10) as trades:
        reading = asyncio.ensure_future(anext(trades))
        await it.run(0.2)
        it.far.sockets[0].say(trade=["BTCUSDT", 0.0, 1.0, None, 1])
        assert (await reading).price == 0.0
        for number in range(1, 26):
            it.far.sockets[0].say(trade=["BTCUSDT", float(number), 1.0, None, 1])
        await it.run(0.2)
        assert [(await anext(trades)).price for _ in range(10)] == [float(number) for number in range(16, 26)]
        assert (trades.dropped, trades.coalesced) == (15, 0)


async def test_a_slow_reader_of_quotes_gets_the_latest() -> None:
    async with shop() as it, it.venue.quotes(BTC) as quotes:
        reading = asyncio.ensure_future(anext(quotes))
        await it.run(0.2)
        it.far.sockets[0].say(quote=["BTCUSDT", 90.0, 101.0])
        assert (await reading).bid == 90.0
        for number in range(1, 20):
            it.far.sockets[0].say(quote=["BTCUSDT", 90.0 + number, 101.0])
        await it.run(0.2)
        assert (await anext(quotes)).bid == 109.0
        assert (quotes.dropped, quotes.coalesced) == (0, 18)


async def test_leaving_an_iterator_ends_its_subscription_and_closing_the_venue_ends_it() -> None:
    made = Shop((BTC,), REST_RULE, {}, {})
    ended: list[bool] = []

    async def read() -> None:
        async for _trade in made.venue.trades(BTC):
            pass
        ended.append(True)

    async with made.venue:
        async with made.venue.quotes(BTC) as quotes:
            task = asyncio.create_task(anext(quotes))
            await made.run(0.5)
            assert made.far.sockets[0].channels == {"quote:BTCUSDT"}
            task.cancel()
        await made.run(0.5)
        assert made.far.sockets == []
        reading = asyncio.create_task(read())
        await made.run(0.5)
    await reading
    assert ended == [True]


async def test_status_of_unknown_is_not_a_halt() -> None:
    async with shop() as it:
        it.public.set_status(BTC, TradingStatus.UNKNOWN)
        assert (await it.venue.watch_orderbook(BTC)).state is BookState.LIVE
