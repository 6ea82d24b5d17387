"""What observers hear, in which order, and that none of them can harm what they observe."""

import asyncio
import logging
import threading
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.engine.ids import IntentId
from arb_core.engine.observers import Observers
from arb_core.engine.orders import Acked, Filled, OrderEvent, Reported, Sent, TrackedOrder, apply
from arb_core.engine.risk import Admission, Reason
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import Intent, OrderPlan, TradeResult
from arb_core.engine.trading.alarms import TradingAlarm
from arb_core.errors import PluginBroken, SettingsError
from arb_core.interfaces.observer import Observer
from arb_core.runtime.clock import SystemClock
from arb_core.strategies.spatial import Spatial
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.notice import (
    AdmissionNotice,
    BookNotice,
    FaultNotice,
    FillNotice,
    OpportunityNotice,
    OrderNotice,
    ResultNotice,
)
from arb_core.structs.opportunity import Opportunity, Plan
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderStatus
from arb_core.structs.trade import OrderState, Outcome

MEXC = VenueName("mexc")
BTC = Symbol("BTC", "USDT")
USDT = Asset("USDT")
CLOCK = SystemClock()

EDGE = [(102.0, 5.0)], [(102.1, 5.0)]
NO_EDGE = [(100.0, 5.0)], [(100.1, 5.0)]


class Ear(Observer):
    """Hears everything and keeps it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def start(self) -> None:
        self.heard.append("start")

    def opportunity(self, notice: OpportunityNotice) -> None:
        self.heard.append(notice)

    def admission(self, notice: AdmissionNotice) -> None:
        self.heard.append(notice)

    def order(self, notice: OrderNotice) -> None:
        self.heard.append(notice)

    def fill(self, notice: FillNotice) -> None:
        self.heard.append(notice)

    def result(self, notice: ResultNotice) -> None:
        self.heard.append(notice)

    def fault(self, notice: FaultNotice) -> None:
        self.heard.append(notice)

    def book_state(self, notice: BookNotice) -> None:
        self.heard.append(notice)

    def stop(self) -> None:
        self.heard.append("stop")

    @property
    def notices(self) -> list[Any]:
        assert (self.heard[0], self.heard[-1]) == ("start", "stop")
        return self.heard[1:-1]


PLAN = OrderPlan(
    client_order_id=ClientOrderId("a" * 18),
    intent=IntentId(7),
    leg=0,
    attempt=0,
    venue=MEXC,
    symbol=BTC,
    side=Side.BUY,
    quantity=Decimal(2),
    price=Decimal(100),
    intended_ns=1,
)
FILL = Fill(
    pair=Pair("BTCUSDT"),
    trade_id="1",
    order_id=OrderId("9"),
    side=Side.BUY,
    price=Decimal(100),
    quantity=Decimal(1),
    exchange_ns=2,
)
INTENT = Intent(
    id=IntentId(7),
    strategy="spatial",
    symbol=BTC,
    plan=Plan.TOGETHER,
    money=USDT,
    notional=Decimal(200),
    edge_bps=5.0,
    created_ns=1,
    detected_ns=1,
)
RESULT = TradeResult(
    intent=IntentId(7),
    outcome=Outcome.DONE,
    money=USDT,
    moves={USDT: Decimal("0.5")},
    fees={USDT: Decimal("0.1")},
    residue_value=Decimal(0),
    pnl=Decimal("0.5"),
    ended_ns=9,
)


async def test_what_happens_is_heard_in_the_order_in_which_it_happened(market: Any) -> None:
    ear, book = Ear(), market.list("mexc").put(*NO_EDGE)
    async with Observers({"ear": ear}, CLOCK) as observers:
        observers.on_live(book)
        observers.on_fill(PLAN, FILL)
        observers.on_result(INTENT, RESULT)
        observers.fault("disconnected", "the far end closed", venue=MEXC)
        book.lose(BookFault.GAP)
        observers.on_lost(book, BookFault.GAP)
    live, fill, result, fault, lost = ear.notices
    assert (live.state, live.fault, live.venue) == (BookState.LIVE, None, "mexc")
    assert (fill.venue, fill.symbol, fill.fill) == (MEXC, BTC, FILL)
    assert (result.intent, result.outcome, result.money, result.pnl) == (7, Outcome.DONE, "USDT", Decimal("0.5"))
    assert (fault.name, fault.detail, fault.venue) == ("disconnected", "the far end closed", MEXC)
    assert (lost.state, lost.fault) == (BookState.SYNCING, BookFault.GAP)


async def test_an_edge_is_told_when_it_opens_and_when_its_judgement_changes_not_at_each_sighting(market: Any) -> None:
    mexc, gate = market.list("mexc").put(*NO_EDGE), market.list("gateio").put(*NO_EDGE)
    session = DetectionSession(market.view, {"spatial": Spatial()})
    session.start()

    def show(levels: Any) -> None:
        session.on_book(gate.put(*levels))

    ear = Ear()
    async with Observers({"ear": ear}, CLOCK) as observers:
        observers.follow(session)
        for _ in range(5):
            show(EDGE)
        market.view.set_health(VenueName("gateio"), "deaf")
        for _ in range(5):
            show(EDGE)
        market.view.set_health(VenueName("gateio"), None)
        show(NO_EDGE)
        show(EDGE)
    assert [notice.verdict.refused_by for notice in ear.notices] == [None, "healthy", None]
    assert {leg.venue for leg in ear.notices[0].opportunity.legs} == {mexc.venue, gate.venue}


def tracked(*events: OrderEvent) -> list[TrackedOrder]:
    orders = [TrackedOrder.planned(PLAN)]
    for event in events:
        orders.append(apply(orders[-1], event))
    return orders


def report(status: OrderStatus, filled: Decimal) -> Reported:
    return Reported(Order(pair=Pair("BTCUSDT"), order_id=OrderId("9"), status=status, filled=filled))


async def test_an_order_is_told_when_its_state_or_what_is_filled_changes() -> None:
    ear = Ear()
    async with Observers({"ear": ear}, CLOCK) as observers:
        orders = tracked(
            Sent(2),
            Acked(OrderAck(order_id=OrderId("9"))),
            report(OrderStatus.OPEN, Decimal(0)),
            report(OrderStatus.OPEN, Decimal(0)),
            Filled(FILL),
            report(OrderStatus.FILLED, Decimal(2)),
        )
        for order in orders:
            observers.on_order(order)
        observers.on_result(INTENT, RESULT)
        # What comes late is still known: nothing is told twice.
        observers.on_order(orders[-1])
    *told, _result = ear.notices
    assert [(notice.former, notice.state) for notice in told] == [
        (None, OrderState.INTENDED),
        (OrderState.INTENDED, OrderState.SENT),
        (OrderState.SENT, OrderState.ACKED),
        (OrderState.ACKED, OrderState.OPEN),
        (OrderState.OPEN, OrderState.PARTIALLY_FILLED),
        (OrderState.PARTIALLY_FILLED, OrderState.FILLED),
    ]
    assert [notice.filled for notice in told] == [0, 0, 0, 0, 1, 2]


async def test_orders_of_old_trades_are_forgotten() -> None:
    ear = Ear()
    async with Observers({"ear": ear}, CLOCK) as observers:
        for number in range(10_000):
            plan = msgspec.structs.replace(PLAN, intent=IntentId(number))
            observers.on_order(TrackedOrder.planned(plan))
        assert len(observers._standing) == 256


async def test_an_admission_is_told_with_all_its_reasons_once_for_each_change() -> None:
    found = Opportunity(
        strategy="spatial", symbol=BTC, legs=(), plan=Plan.TOGETHER, edge_bps=5, size=1, profit=1, detected_ns=0
    )
    killed = Admission(admitted=False, reasons=(Reason("kill", "by hand"), Reason("balance", "0")))
    ear = Ear()
    async with Observers({"ear": ear}, CLOCK) as observers:
        for admission in (killed, killed, Admission(admitted=True), Admission(admitted=True), killed):
            observers.on_admission(found, admission)
    assert [notice.admitted for notice in ear.notices] == [False, True, True, False]
    assert ear.notices[0].reasons == (("kill", "by hand"), ("balance", "0"))


class Nervous(Observer):
    """Raises at the first fault it hears."""

    def __init__(self) -> None:
        self.stopped = False

    def fault(self, notice: FaultNotice) -> None:
        raise ZeroDivisionError(notice.name)

    def stop(self) -> None:
        self.stopped = True


async def test_an_observer_that_raises_is_unplugged_and_the_others_are_told(caplog: pytest.LogCaptureFixture) -> None:
    ear, nervous, told = Ear(), Nervous(), asyncio.Event()
    loop = asyncio.get_running_loop()

    class Waits(Observer):
        def fault(self, notice: FaultNotice) -> None:
            if notice.name == "observer_failed":
                loop.call_soon_threadsafe(told.set)

    async with Observers({"ear": ear, "nervous": nervous, "waits": Waits()}, CLOCK) as observers:
        observers.fault("kill", "by hand")
        await told.wait()
        observers.fault("late", "still told")
        (by_name,) = [figures for figures in observers.figures() if figures.name == "nervous"]
        assert by_name.unplugged
    assert [notice.name for notice in ear.notices] == ["kill", "observer_failed", "late"]
    assert "nervous" in ear.notices[1].detail
    assert nervous.stopped
    assert "observer nervous raised" in caplog.text


async def test_a_blocked_observer_delays_nobody_and_what_it_missed_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    gate, entered = threading.Event(), threading.Event()

    class Slow(Observer):
        def fault(self, notice: FaultNotice) -> None:
            entered.set()
            assert gate.wait(30)

    loop, heard = asyncio.get_running_loop(), asyncio.Semaphore(0)

    class Quick(Ear):
        def fault(self, notice: FaultNotice) -> None:
            super().fault(notice)
            loop.call_soon_threadsafe(heard.release)

    ear = Quick()
    with caplog.at_level(logging.WARNING):
        async with Observers({"slow": Slow(), "ear": ear}, CLOCK, limit=20) as observers:
            observers.fault("first", "")
            assert entered.wait(30)
            for number in range(100):
                observers.fault("more", str(number))
                # The quick one keeps up, whatever the slow one does.
                await heard.acquire()
            slow, quick = observers.figures()
            assert (slow.told, slow.waiting, slow.dropped) == (21, 20, 80)
            assert (quick.told, quick.dropped) == (101, 0)
            gate.set()
    assert [notice.detail for notice in ear.notices] == ["", *map(str, range(100))]
    assert "slow was too slow for 80 notices" in caplog.text


async def test_one_that_never_returns_is_left_behind_and_said(caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()

    class Stuck(Observer):
        def fault(self, notice: FaultNotice) -> None:
            gate.wait(30)

    async with Observers({"stuck": Stuck()}, CLOCK, patience_s=0.01) as observers:
        observers.fault("kill", "by hand")
    gate.set()
    assert "stuck is still busy and is left behind" in caplog.text


async def test_nothing_is_made_for_what_nobody_implements(market: Any) -> None:
    session = DetectionSession(market.view, {"spatial": Spatial()})
    async with Observers({"nervous": Nervous()}, CLOCK) as observers:
        observers.follow(session)
        assert session._opportunity_listeners == []
        observers.on_order(TrackedOrder.planned(PLAN))
        observers.on_result(INTENT, RESULT)
        assert [figures.told for figures in observers.figures()] == [0]


async def test_every_listener_may_be_called_where_there_is_no_observer(market: Any) -> None:
    async with Observers({}, CLOCK) as observers:
        observers.on_live(market.list("mexc").put(*NO_EDGE))
        observers.on_order(TrackedOrder.planned(PLAN))
        observers.on_fill(PLAN, FILL)
        observers.fault("kill", "by hand")
        assert observers.figures() == ()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [(SettingsError("port 1 is taken", key="port"), SettingsError), (OSError("no such device"), PluginBroken)],
)
async def test_an_observer_that_cannot_start_stops_the_start_and_the_others(
    raised: Exception, expected: type[Exception]
) -> None:
    class Unable(Observer):
        def start(self) -> None:
            raise raised

    ear, never = Ear(), Ear()
    with pytest.raises(expected, match=str(raised.args[0])):
        async with Observers({"ear": ear, "unable": Unable(), "never": never}, CLOCK):
            raise AssertionError("nothing may begin")
    assert ear.heard == ["start", "stop"]
    assert never.heard == []


class Listening:
    """A `Trading` as far as observers see it."""

    def __init__(self) -> None:
        self.listeners: dict[str, Any] = {}

    def listen(self, **listeners: Any) -> None:
        self.listeners = {name: listener for name, listener in listeners.items() if listener is not None}


async def test_trading_is_heard_as_far_as_somebody_wants_to() -> None:
    trading: Any = Listening()
    ear = Ear()
    async with Observers({"ear": ear}, CLOCK) as observers:
        observers.follow_trading(trading)
        trading.listeners["fill"](PLAN, FILL)
        trading.listeners["alarm"](TradingAlarm(name="in_doubt", detail="nobody knows", venue=MEXC, symbol=BTC))
    assert set(trading.listeners) == {"admission", "order", "fill", "result", "alarm"}
    fill, fault = ear.notices
    assert fill.fill == FILL
    assert (fault.name, fault.venue, fault.symbol) == ("in_doubt", MEXC, BTC)
    async with Observers({"nervous": Nervous()}, CLOCK) as observers:
        observers.follow_trading(trading)
    assert set(trading.listeners) == {"alarm"}


async def test_an_alarm_of_detection_is_a_fault(market: Any) -> None:
    class Broken(Spatial):
        def on_book(self, symbol: Symbol, venue: VenueName) -> Any:
            raise RuntimeError("a defect")

    mexc, _gate = market.list("mexc").put(*NO_EDGE), market.list("gateio").put(*NO_EDGE)
    session = DetectionSession(market.view, {"broken": Broken()})
    session.start()
    ear = Ear()
    async with Observers({"ear": ear}, CLOCK) as observers:
        observers.follow(session)
        session.on_book(mexc)
    (notice,) = ear.notices
    assert (notice.name, notice.detail) == ("strategy_failed", "broken: RuntimeError: a defect")
