from decimal import Decimal

import pytest
from arb_core.interfaces.context import Clock
from arb_core.interfaces.stream import Sink
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.dispatch import Dispatch, Listeners
from arb_core.runtime.stream.sink import MarketData
from arb_core.structs.account import Balance
from arb_core.structs.book import NO_ID, BookRule, BookSnapshot, BookState, SequenceRule
from arb_core.structs.market import Asset, Kline, Pair, Quote, Side, Symbol, Trade, VenueName
from arb_core.structs.order import Fill, Order, OrderId

BTC = Symbol("BTC", "USDT")
LEVELS = [(100.0, 1.0)], [(101.0, 1.0)]


class StoppedClock(Clock):
    def now_ns(self):
        return 7

    def monotonic_ns(self):
        return 5

    def sleep(self, duration_ns):
        raise AssertionError("nothing here waits")

    def call_at(self, monotonic_ns, callback):
        raise AssertionError("nothing here sets timers")


@pytest.fixture
def broken():
    return []


@pytest.fixture
def dispatch(broken):
    return Dispatch(lambda listener, error: broken.append((listener, error)))


@pytest.fixture
def told():
    return []


@pytest.fixture
def book(dispatch, told):
    sync = BookSync(
        VenueName("acme"),
        BTC,
        BookRule(ids=SequenceRule.RANGE),
        SORTED.make(),
        StoppedClock(),
        on_book=told.append,
        on_lost=lambda *_: None,
        need_snapshot=lambda sync: sync.rest_snapshot(
            BookSnapshot(symbol=BTC, bids=LEVELS[0], asks=LEVELS[1], last_id=10)
        ),
        need_resubscribe=lambda _: None,
    )
    dispatch.books["BTCUSDT"] = sync
    sync.begin()
    told.clear()
    return sync


def test_takes_the_place_of_a_sink(dispatch):
    consumers: MarketData = dispatch
    for name in ("delta", "snapshot", "quote", "trade", "kline", "order", "fill", "balance"):
        code, wanted = getattr(type(consumers), name).__code__, getattr(Sink, name).__code__
        assert code.co_varnames[: code.co_argcount] == wanted.co_varnames[: wanted.co_argcount]
        assert getattr(type(consumers), name).__defaults__ == getattr(Sink, name).__defaults__


def test_changes_reach_the_book_of_their_pair(dispatch, book, told):
    dispatch.delta("BTCUSDT", [(100.5, 2.0)], [], 11, 11, 99)
    assert told == [book]
    assert (book.bid, book.last_id, book.exchange_ns) == (100.5, 11, 99)
    assert dispatch.counts.deltas == 1
    assert dispatch.counts.unwanted == 0


def test_book_takes_the_time_of_the_frame(dispatch, book):
    dispatch.arrived(1234, 5678)
    dispatch.delta("BTCUSDT", [(100.5, 2.0)], [], 11, 11, None)
    assert (book.received_ns, book.monotonic_ns) == (1234, 5678)
    dispatch.arrived(2234, 6678)
    dispatch.snapshot("BTCUSDT", *LEVELS, 12, None)
    assert (book.received_ns, book.monotonic_ns) == (2234, 6678)


def test_book_reads_the_clock_when_nobody_said_when(dispatch, book):
    dispatch.delta("BTCUSDT", [(100.5, 2.0)], [], 11, 11, None)
    assert (book.received_ns, book.monotonic_ns) == (7, 5)


def test_whole_book_reaches_the_book(dispatch, book, told):
    dispatch.snapshot("BTCUSDT", [(50.0, 1.0)], [(51.0, 1.0)], 20, None)
    assert told == [book]
    assert (book.bid, book.last_id) == (50.0, 20)


def test_depth_feed_never_touches_the_book(dispatch, book, told):
    seen = []
    dispatch.on_depth("BTCUSDT", 5, BTC, seen.append)
    dispatch.snapshot("BTCUSDT", [(50.0, 1.0)], [(51.0, 1.0)], 20, 3, 5)
    dispatch.snapshot("BTCUSDT", [(50.0, 1.0)], [(51.0, 1.0)], 20, 3, 10)
    assert seen == [
        BookSnapshot(symbol=BTC, bids=[(50.0, 1.0)], asks=[(51.0, 1.0)], last_id=20, exchange_ns=3, depth=5)
    ]
    assert told == []
    assert book.bid == 100.0
    assert (dispatch.counts.depths, dispatch.counts.snapshots, dispatch.counts.unwanted) == (2, 0, 1)


def test_every_kind_reaches_its_listeners_as_a_struct(dispatch):
    seen = []
    dispatch.on_quote("BTCUSDT", BTC, seen.append)
    dispatch.on_trade("BTCUSDT", BTC, seen.append)
    dispatch.on_kline("BTCUSDT", "1m", BTC, seen.append)
    dispatch.orders.add(seen.append)
    dispatch.fills.add(seen.append)
    dispatch.balances.add(seen.append)
    order = Order(pair=Pair("BTCUSDT"), order_id=OrderId("1"))
    fill = Fill(
        pair=Pair("BTCUSDT"),
        trade_id="1",
        order_id=OrderId("1"),
        side=Side.BUY,
        price=Decimal(1),
        quantity=Decimal(1),
        exchange_ns=1,
    )
    balance = Balance(asset=Asset("BTC"), free=Decimal(1))

    dispatch.arrived(1234, 5678)
    dispatch.quote("BTCUSDT", 1.0, 2.0, 3.0, 4.0, 5)
    dispatch.trade("BTCUSDT", 1.0, 2.0, Side.SELL, 3, "t")
    dispatch.kline("BTCUSDT", "1m", 60, (1.0, 3.0, 0.5, 2.0), 9.0, None, None)
    dispatch.order(order)
    dispatch.fill(fill)
    dispatch.balance(balance)

    assert seen == [
        Quote(1.0, 2.0, 3.0, 4.0, 5, 1234),
        Trade(symbol=BTC, price=1.0, size=2.0, taker=Side.SELL, exchange_ns=3, trade_id="t"),
        Kline(symbol=BTC, interval="1m", open_ns=60, open=1.0, high=3.0, low=0.5, close=2.0, volume=9.0),
        order,
        fill,
        balance,
    ]
    assert dispatch.counts.unwanted == 0


def say_everything(dispatch, pair):
    dispatch.delta(pair, [], [], 11, 11, None)
    dispatch.snapshot(pair, [], [], 11, None)
    dispatch.snapshot(pair, [], [], 11, None, 5)
    dispatch.quote(pair, 1.0, 2.0, 3.0, 4.0, 5)
    dispatch.trade(pair, 1.0, 2.0, Side.SELL, 3, "t")
    dispatch.kline(pair, "1m", 60, (1.0, 3.0, 0.5, 2.0), 9.0, None, None)
    dispatch.balance(Balance(asset=Asset("BTC"), free=Decimal(1)))


def test_what_nobody_asked_for_is_counted_and_dropped(dispatch, book, told):
    dispatch.on_kline("NOPE", "5m", BTC, told.append)
    say_everything(dispatch, "NOPE")
    assert told == []
    counts = dispatch.counts
    assert counts.unwanted == 7
    assert counts.deltas == counts.snapshots == counts.depths == counts.quotes == counts.trades == counts.klines == 1


def test_listener_that_ended_hears_nothing_more(dispatch, told):
    ends = [
        dispatch.on_quote("BTCUSDT", BTC, told.append),
        dispatch.on_trade("BTCUSDT", BTC, told.append),
        dispatch.on_kline("BTCUSDT", "1m", BTC, told.append),
        dispatch.on_depth("BTCUSDT", 5, BTC, told.append),
    ]
    for end in ends:
        end()
        end()
    say_everything(dispatch, "BTCUSDT")
    assert told == []
    assert dispatch.counts.unwanted == 7


def test_raising_listener_is_unplugged_and_reported_and_the_others_go_on(broken):
    heard = []
    error = KeyError("BTC")

    def raising(event):
        raise error

    tell: Listeners[int] = Listeners(lambda listener, failure: broken.append((listener, failure)))
    tell.add(heard.append)
    tell.add(raising)
    late = []
    tell.add(late.append)
    tell(1)
    tell(2)
    assert heard == late == [1, 2]
    assert broken == [(raising, error)]
    assert len(tell) == 2


def test_listener_may_leave_or_join_while_it_is_told():
    tell: Listeners[int] = Listeners(lambda *_: None)
    heard = []

    def once(event):
        heard.append(event)
        leave()
        tell.add(heard.append)

    leave = tell.add(once)
    tell(1)
    tell(2)
    assert heard == [1, 2]


def test_same_listener_twice_is_refused():
    tell: Listeners[int] = Listeners(lambda *_: None)
    tell.add(print)
    with pytest.raises(ValueError, match="listens already"):
        tell.add(print)


def test_raising_strategy_is_no_malformed_frame(dispatch, book, told, broken):
    error = ValueError("a strategy's own")

    def raising(sync):
        raise error

    book._on_book = raising
    dispatch.delta("BTCUSDT", [(100.5, 2.0)], [], 11, 11, None)
    dispatch.snapshot("BTCUSDT", *LEVELS, 12, None)
    assert broken == [(book, error), (book, error)]
    assert book.state is BookState.LIVE
    assert (book.last_id, book.bid) == (12, 100.0)


def test_latency_counts_frames_that_were_about_a_book(dispatch, book):
    dispatch.arrived(1_000, 2_000)
    dispatch.quote("BTCUSDT", 1.0, 2.0, 3.0, 4.0, 5)
    dispatch.delta("NOPE", [], [], 1, 1, None, NO_ID)
    dispatch.decided(9_000)
    assert dispatch.latency.count == 0
    dispatch.arrived(1_000, 2_000)
    dispatch.delta("BTCUSDT", [], [], 11, 11, None)
    dispatch.decided(5_000)
    assert (dispatch.latency.count, dispatch.latency.max_ns) == (1, 3_000)
