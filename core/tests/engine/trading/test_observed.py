"""A trade as observers hear it, the figures that it leaves, and the time that each hop of it took."""

from decimal import Decimal
from typing import Any

import pytest
from arb_core.engine.figures import journal_figures, trading_figures
from arb_core.engine.observers import Observers
from arb_core.engine.trading.session import Trading
from arb_core.interfaces.observer import Observer
from arb_core.structs.figures import TradingFigures
from arb_core.structs.notice import AdmissionNotice, FaultNotice, FillNotice, OrderNotice, ResultNotice
from arb_core.structs.trade import OrderState, Outcome
from scripted_account import Play
from trading_stage import GATE, LIMITS, MEXC, USDT, Stage

pytestmark = pytest.mark.looptime(noop_cycles=2)

MS = 1_000_000


class Notebook(Observer):
    """Keeps everything about trading."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def admission(self, notice: AdmissionNotice) -> None:
        self.notes.append(notice)

    def order(self, notice: OrderNotice) -> None:
        self.notes.append(notice)

    def fill(self, notice: FillNotice) -> None:
        self.notes.append(notice)

    def result(self, notice: ResultNotice) -> None:
        self.notes.append(notice)

    def fault(self, notice: FaultNotice) -> None:
        self.notes.append(notice)

    def of(self, kind: type) -> list[Any]:
        return [note for note in self.notes if isinstance(note, kind)]


def shown(trading: Trading) -> TradingFigures:
    clock = trading._clock
    return trading_figures(trading.status(), paper=False, limits=LIMITS, funds=trading.ledger, now_ns=clock.now_ns())


async def test_a_trade_is_told_from_its_admission_to_its_result() -> None:
    stage, notebook = Stage(), Notebook()
    async with Observers({"notebook": notebook}, stage.clock) as observers, stage.running() as trading:
        observers.follow_trading(trading)
        await stage.trade()
        figures, journal = shown(trading), journal_figures(stage.journal)
    assert isinstance(notebook.notes[0], AdmissionNotice)
    last = notebook.notes[-1]
    assert (notebook.notes[0].admitted, notebook.notes[0].intent) == (True, last.intent)
    assert (last.outcome, last.pnl) == (Outcome.DONE, Decimal("1.798"))
    for venue in (MEXC, GATE):
        states = [note.state for note in notebook.of(OrderNotice) if note.venue == venue]
        assert (states[0], states[-1]) == (OrderState.SENT, OrderState.FILLED)
        formers = [note.former for note in notebook.of(OrderNotice) if note.venue == venue]
        assert formers == [None, *states[:-1]]
        assert sum(note.fill.quantity for note in notebook.of(FillNotice) if note.venue == venue) == 1
    assert notebook.of(FaultNotice) == []
    assert (figures.admitted, figures.closed, figures.in_doubt) == (1, None, 0)
    assert figures.day_pnl == {USDT: Decimal("1.798")}
    assert figures.ready == {MEXC: True, GATE: True}
    assert journal.working
    assert sum(journal.commit.counts) == journal.commits > 0


async def test_a_kill_is_a_fault_and_is_seen_in_the_figures() -> None:
    stage, notebook = Stage(), Notebook()
    async with Observers({"notebook": notebook}, stage.clock) as observers, stage.running() as trading:
        observers.follow_trading(trading)
        trading.kill("by hand")
        stage.see()
        stage.see()
        figures = shown(trading)
    assert "kill" in [note.name for note in notebook.of(FaultNotice)]
    (refused,) = notebook.of(AdmissionNotice)
    assert (refused.admitted, refused.reasons[0]) == (False, ("kill", "by hand"))
    assert (figures.killed, figures.closed, figures.refused) == (True, "kill", {"kill": 2})


async def test_an_order_whose_fate_is_unknown_is_counted_until_it_is_known() -> None:
    stage = Stage()
    stage.gate.script = [Play(answers=None, stream=None, shown=60.0)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(2_000 * MS)
        assert shown(trading).in_doubt == 1
        await trading.finished()
        assert shown(trading).in_doubt == 0


async def test_each_hop_of_a_trade_is_timed() -> None:
    stage = Stage()
    stage.mexc.default, stage.gate.default = Play(answers=0.02, stream=0.04), Play(answers=0.05, stream=0.07)
    async with stage.running() as trading:
        old, new = stage.books.values()
        old.monotonic_ns = stage.clock.monotonic_ns()
        await trading._clock.sleep(3 * MS)
        new.monotonic_ns = stage.clock.monotonic_ns()
        await trading._clock.sleep(1 * MS)
        await stage.trade()
        hops = trading._detection.hops
    assert (hops.commit.count, hops.send.count, hops.ack.count, hops.whole.count) == (1, 2, 2, 1)
    assert hops.ack.max_ns == pytest.approx(50 * MS, abs=1 * MS)
    # From the newest message, a millisecond before it was seen, until the slower leg is told.
    assert hops.whole.max_ns == pytest.approx(71 * MS, abs=1 * MS)
