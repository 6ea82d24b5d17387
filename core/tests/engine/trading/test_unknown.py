"""Orders whose fate nobody knows: searched for, never sent again, absent only when that is proved."""

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.reader import JournalReader
from arb_core.engine.legs import LegPolicy
from arb_core.engine.trade import OrderState, Outcome, Purpose, TradeResult
from arb_core.errors import ExchangeUnavailable, RateLimitError
from arb_core.structs.card import Capability, ClientIdRule
from arb_core.structs.market import Symbol
from arb_core.structs.order import Order
from scripted_account import SECOND, STREAMS, Play, ScriptedVenue
from trading_stage import ABC, GATE, LIMITS, MEXC, PAIR, USDT, Stage, instrument

pytestmark = pytest.mark.looptime(noop_cycles=2)

MS = 1_000_000


def forgetful(lookup: Literal["always", "while_open", "none"], **changes: object) -> Stage:
    """A stage whose second venue finds orders by our id as its card says."""
    rule = ClientIdRule(max_length=32, lookup=lookup, history_lag_ns=5 * SECOND)
    listed = [instrument()]
    return Stage(
        [
            ScriptedVenue("mexc", listed, {"USDT": "10000", "ABC": "10"}),
            ScriptedVenue("gateio", listed, {"USDT": "10000", "ABC": "10"}, client_ids=rule, **changes),
        ]
    )


LOST = Play(answers=None)
"""Taken, and told by nobody."""


@pytest.mark.parametrize("lookup", ["always", "while_open", "none"])
async def test_an_order_without_an_answer_is_found_wherever_the_venue_shows_it(
    lookup: Literal["always", "while_open", "none"],
) -> None:
    stage = forgetful(lookup)
    stage.gate.script = [Play(answers=None, stream=None)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_100 * MS)
        await trading.finished()
    assert stage.results[0][1].outcome is Outcome.DONE
    assert len(stage.gate.placed) == 1
    assert stage.total(ABC) == 20
    assert "in_doubt" in stage.alarmed()


@pytest.mark.parametrize("lookup", ["always", "while_open", "none"])
async def test_an_order_that_never_arrived_is_absent_only_after_its_time_and_hedged_then(
    lookup: Literal["always", "while_open", "none"],
) -> None:
    stage = forgetful(lookup)
    stage.gate.script = [Play(takes=False, answers=None)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000 * MS + 9_900 * MS)
        assert [order.state for order in trading._desks[GATE].under_way()] == [OrderState.IN_DOUBT]
        assert len(stage.gate.placed) == 0
        assert [r.name for r in stage.see().reasons] == ["open_trades"]
        await trading._clock.sleep(200 * MS)
        await trading.finished()
    assert stage.results[0][1].outcome is Outcome.DONE
    (hedge,) = stage.gate.placed
    kept = await stage.journal.tracked(hedge)
    assert kept is not None
    assert (kept.plan.purpose, kept.plan.attempt) == (Purpose.HEDGE, 1)


async def test_an_order_that_arrives_within_its_window_is_found_and_not_doubled() -> None:
    stage = Stage()
    stage.gate.script = [Play(arrives=4.9, answers=None, stream=None, shown=4.9)]
    async with stage.running() as trading:
        stage.see()
        await trading.finished()
    assert len(stage.gate.placed) == 1
    assert stage.total(ABC) == 20
    assert stage.results[0][1].outcome is Outcome.DONE


async def test_funds_and_symbol_of_an_order_in_doubt_stay_taken() -> None:
    stage = forgetful("always")
    stage.gate.script = [Play(takes=False, answers=None)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(5_000 * MS)
        assert trading.ledger.reserved(GATE, ABC) == 1
        assert PAIR in trading._desks[GATE].in_doubt
        await trading.finished()
        assert trading.ledger.reserved(GATE, ABC) == 0
        assert not trading._desks[GATE].in_doubt


async def test_a_clock_that_is_set_proves_nothing() -> None:
    stage = Stage()
    stage.gate.script = [Play(arrives=4.9, answers=None, stream=None, shown=4.9)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_100 * MS)
        stage.clock.jump(3600 * SECOND)
        await trading.finished()
    assert len(stage.gate.placed) == 1


async def test_a_place_that_cannot_be_asked_proves_nothing() -> None:
    stage = Stage()
    stage.gate.script = [Play(takes=False, answers=None)]
    down = ExchangeUnavailable("down", exchange="gateio")
    stage.gate.faults["get_fills"] = [down] * 7
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(20_000 * MS)
        assert trading.open_trades()
        await trading.finished()
    assert stage.results[0][1].outcome is Outcome.DONE
    assert "breaker" in stage.alarmed()


async def test_the_stream_settles_an_order_before_its_answer_is_there() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(answers=None, gives_up=8.0, stream=0.005)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(20 * MS)
        assert stage.results[0][1].outcome is Outcome.DONE
        assert "get_order" not in stage.mexc.calls
        await trading._clock.sleep(10_000 * MS)
    assert stage.alarmed() == []


async def test_messages_that_name_no_client_id_wait_for_the_answer() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(answers=0.1, tells=False, named=False, stream=0.002)
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.DONE
    assert "get_order" not in stage.mexc.calls


async def test_the_venue_is_asked_where_the_stream_says_nothing() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(tells=False, stream=None)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(305 * MS)
        assert "get_order" not in stage.mexc.calls
        await trading._clock.sleep(20 * MS)
        assert stage.results[0][1].outcome is Outcome.DONE
    assert {"get_order", "get_fills"} <= set(stage.mexc.calls)


async def test_a_deaf_account_is_asked_at_once() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(tells=False, stream=0.2)
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(15 * MS)
        for account in stage.accounts.values():
            account.deafen()
        await trading._clock.sleep(20 * MS)
        assert stage.results[0][1].outcome is Outcome.DONE
        assert [r.name for r in stage.see().reasons] == ["deaf"]
        for account in stage.accounts.values():
            account.undeafen()
        assert [r.name for r in stage.see().reasons] == ["reconciling"]
        await trading._clock.sleep(20 * MS)
        assert stage.see().admitted
        await trading.finished()


async def test_fees_that_the_stream_leaves_out_are_asked_for() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(fees_told=False)
    async with stage.running() as trading:
        result = await stage.trade()
        assert result.pnl == Decimal("1.798")
        assert "get_fills" in stage.mexc.calls
        assert trading.ledger.held(MEXC, result.money) == stage.mexc.balances[result.money]


async def test_what_comes_twice_and_backwards_counts_once() -> None:
    stage = Stage()
    for venue in stage.venues:
        venue.default = Play(twice=True, parts=3)
    async with stage.running() as trading:
        result = await stage.trade()
        await trading._clock.sleep(1000 * MS)
        assert result.pnl == Decimal("1.798")
        assert len(stage.fills) == 6
        for venue in stage.venues:
            for asset, amount in venue.balances.items():
                assert trading.ledger.held(venue.name, asset) == amount
    assert stage.alarmed() == []


async def test_an_order_that_rests_though_it_was_to_end_is_cancelled() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("0.4"), rests=True)]
    async with stage.running():
        result = await stage.trade()
    assert "cancel_order" in stage.gate.calls
    assert result.outcome is Outcome.DONE
    assert stage.total(ABC) == 20


async def test_an_order_that_fills_while_it_is_being_cancelled_is_not_hedged(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("0.4"), rests=True)]
    async with stage.running() as trading:
        private = trading._desks[GATE].account.private
        cancel = private.cancel_order

        async def too_late(symbol: Symbol, **words: Any) -> Order | None:
            (standing,) = stage.gate.orders.values()
            if standing.open:
                stage.gate.fill(standing, Decimal("0.6"), Decimal(102))
            return await cancel(symbol, **words)

        monkeypatch.setattr(private, "cancel_order", too_late)
        result = await stage.trade()
    assert "cancel_order" in stage.gate.calls
    assert [len(venue.placed) for venue in stage.venues] == [1, 1], "a hedge would have sold it twice"
    assert (result.outcome, result.moves) == (Outcome.DONE, {USDT: stage.total(USDT) - 20_000})


async def test_a_venue_that_asks_for_patience_is_given_it() -> None:
    stage = Stage()
    stage.gate.script = [Play(tells=False, stream=None)]
    stage.gate.faults["get_order"] = [RateLimitError("slow", exchange="gateio", retry_after_ns=30 * SECOND)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(30_000 * MS)
        assert stage.gate.calls.count("get_order") == 1
        await trading.finished()
    assert stage.gate.calls.count("get_order") == 2


async def test_fills_that_name_their_order_by_the_venues_id_alone_are_found() -> None:
    changes = {"capabilities": STREAMS | {Capability.TRADING, Capability.IOC}}
    stage = forgetful("none", **changes)
    stage.gate.bare_fills = True
    stage.gate.foreign(PAIR)
    stage.gate.script = [Play(answers=None, stream=None)]
    async with stage.running() as trading:
        stage.see()
        await trading.finished()
    assert len(stage.gate.placed) == 1
    assert stage.results[0][1].outcome is Outcome.DONE
    assert stage.total(ABC) == 20


async def test_an_order_that_the_venue_accepts_but_loses_ends_with_what_it_filled() -> None:
    stage = Stage()
    stage.gate.script = [Play(tells=False, stream=None, fills=Decimal(0), rests=True)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(20 * MS)
        stage.gate.orders.clear()
        await trading._clock.sleep(9_900 * MS)
        assert trading.open_trades()
        await trading.finished()
    assert stage.results[0][1].outcome is Outcome.DONE
    ended = await stage.journal.tracked(next(o for o in stage.orders if o.plan.venue == GATE).plan.client_order_id)
    assert ended is not None
    assert ended.state is OrderState.CANCELED


async def test_an_end_that_stays_unknown_is_told_again() -> None:
    stage = Stage()
    stage.gate.script = [Play(answers=None, stream=None)]
    down = ExchangeUnavailable("down", exchange="gateio")
    stage.gate.faults["get_order"] = [down] * 100
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(130 * SECOND)
        assert stage.alarmed().count("unsettled") == 2
        (left,) = await trading.stop(1 * SECOND)
    assert "is in_doubt" in left.why
    assert MEXC in left.orders[0]


async def test_a_late_fill_of_an_order_that_was_proved_absent_is_told_and_the_venue_compared() -> None:
    stage = Stage()
    stage.gate.script = [Play(arrives=30.0, answers=None, stream=0.001)]
    async with stage.running() as trading:
        stage.see()
        await trading.finished()
        assert len(stage.gate.placed) == 1, "the hedge alone"
        await trading._clock.sleep(40 * SECOND)
        assert "late_fill" in stage.alarmed()
        assert "drift" not in stage.alarmed(), "what it did is in the ledger"
        assert trading.ledger.held(GATE, ABC) == stage.gate.balances[ABC] == 8


async def test_a_late_fill_changes_the_result_of_its_trade_its_day_and_what_is_told(tmp_path: Path) -> None:
    place = str(tmp_path / "journal.db")
    stage = Stage(journal=Journal(place, threaded=False))
    stage.gate.script = [Play(arrives=30.0, answers=None, stream=0.001)]
    revised: list[tuple[TradeResult, TradeResult]] = []
    async with stage.running() as trading:
        trading.listen(revision=lambda _, former, result: revised.append((former, result)))
        former = await stage.trade()
        assert former.outcome is Outcome.DONE
        await trading._clock.sleep(40 * SECOND)
        ((told, result),) = revised
        assert told == former
        # The hedge had sold it already: one too many is sold at 102, and 100 USDT of it is what buying it back costs.
        assert result.moves == {USDT: stage.total(USDT) - 20_000, ABC: Decimal(-1)}
        assert (result.outcome, result.ended_ns) == (Outcome.STOPPED, former.ended_ns)
        assert result.detail.startswith("-1 ABC is left unpaired, counted anew")
        assert "stopped" in stage.alarmed()
        assert trading.status().risk.day.pnl == {USDT: result.pnl}
    assert stage.journal.risk_state().day.pnl == {USDT: result.pnl}
    assert stage.journal.miscounted(0) == []
    await stage.journal.close()
    reader = JournalReader(place)
    (trade,) = reader.trades()
    (day,) = reader.pnl()
    assert (trade.pnl, trade.outcome, day.pnl, day.trades) == (result.pnl, Outcome.STOPPED, result.pnl, 1)
    reader.close()


async def test_a_late_fill_that_pairs_what_was_left_ends_the_trade_well() -> None:
    stage = Stage(policy=LegPolicy(hedge_loss={USDT: Decimal(-100)}, unwind_loss={USDT: Decimal(-100)}))
    stage.gate.script = [Play(arrives=30.0, answers=None, stream=0.001)]
    async with stage.running() as trading:
        former = await stage.trade()
        assert former.outcome is Outcome.STOPPED
        await trading._clock.sleep(40 * SECOND)
        (kept,) = [await stage.journal.counted(intent.id) for intent, _ in stage.results]
    assert kept is not None
    assert (kept.result.outcome, kept.result.moves) == (Outcome.DONE, {USDT: stage.total(USDT) - 20_000})


async def test_a_crash_between_a_late_fill_and_its_result_is_mended_by_the_next_start() -> None:
    stage = Stage()
    stage.gate.script = [Play(arrives=30.0, answers=None, stream=0.001)]
    async with stage.running() as trading:
        former = await stage.trade()
        trading._desks[GATE]._late = lambda _: None  # the process dies before it comes to that
        await trading._clock.sleep(40 * SECOND)
        (intent,) = [intent.id for intent, _ in stage.results]
        assert stage.journal.miscounted(0) == [intent]
        assert stage.journal.miscounted(former.ended_ns + 1) == []
    stage.alarms.clear()
    async with stage.running() as trading:
        await trading._clock.sleep(SECOND)
        assert stage.journal.miscounted(0) == []
        kept = await stage.journal.counted(intent)
        assert kept is not None
        assert kept.result.moves == {USDT: stage.total(USDT) - 20_000, ABC: Decimal(-1)}
        assert trading.status().risk.day.pnl == {USDT: kept.result.pnl}
        assert "stopped" in stage.alarmed()


async def test_a_loss_that_is_learned_late_ends_the_day() -> None:
    limits = msgspec.structs.replace(LIMITS, max_daily_loss={USDT: Decimal(1)})
    stage = Stage(limits=limits)
    stage.gate.script = [Play(arrives=30.0, answers=None, stream=0.001, price=Decimal(50))]
    async with stage.running() as trading:
        await stage.trade()
        assert "daily_loss" not in stage.alarmed()
        await trading._clock.sleep(40 * SECOND)
        assert "daily_loss" in stage.alarmed()
        assert [reason.name for reason in stage.see().reasons] == ["daily_loss"]


async def test_fills_that_come_late_in_other_words_are_no_news() -> None:
    stage = Stage()
    async with stage.running() as trading:
        stage.see()
        await trading.finished()
        ((fill,),) = [standing.fills for standing in stage.gate.orders.values()]
        assert fill.exchange_ns is not None
        same = msgspec.structs.replace(fill, exchange_ns=fill.exchange_ns - SECOND)
        trading._desks[GATE].on_fill(GATE, same)
        assert stage.orders[-1].fills[fill.trade_id] == same, "it is kept in these words"
        assert "late_fill" not in stage.alarmed()
        trading._desks[GATE].on_fill(GATE, msgspec.structs.replace(same, trade_id="another", quantity=Decimal("0.5")))
        assert "late_fill" in stage.alarmed()
