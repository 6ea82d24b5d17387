"""Kill, daily loss, rests, breakers, the journal's faults: each acts within one event, and no restart lifts it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.reader import JournalReader
from arb_core.engine.journal.tables import NOTES
from arb_core.engine.risk import Limits
from arb_core.engine.trade import Outcome
from arb_core.engine.trading.settings import TradingSettings
from arb_core.errors import (
    AuthenticationFailed,
    ExchangeUnavailable,
    RateLimitError,
    TradingDisabled,
    WireError,
)
from arb_core.structs.market import Symbol
from scripted_account import SECOND, Play, no_money
from trading_stage import ABC, LIMITS, MEXC, PAIR, USDT, Stage, opportunity

pytestmark = pytest.mark.looptime(noop_cycles=2)

DAY = 86_400 * SECOND


def with_limits(**changes: Any) -> Limits:
    return msgspec.structs.replace(LIMITS, **changes)


def reasons(stage: Stage) -> list[str]:
    return [reason.name for reason in stage.see().reasons]


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "journal.db")


async def test_a_kill_acts_on_the_next_sighting_and_a_restart_does_not_lift_it(place: str) -> None:
    stage = Stage(journal=Journal(place, threaded=False))
    async with stage.running() as trading:
        trading.kill("by hand")
        assert reasons(stage) == ["kill"]
        assert trading.status().closed is not None
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False))
    async with again.running():
        assert reasons(again) == ["kill"]
        assert again.admissions[-1].reasons[0].detail == "by hand"
    await again.journal.close()


async def test_a_kill_by_another_process_is_seen_and_only_lifted_by_one(place: str) -> None:
    stage = Stage(journal=Journal(place, threaded=False))
    other = JournalReader(place)
    async with stage.running() as trading:
        other.set_kill("arb kill", stage.clock.now_ns())
        await trading._clock.sleep(600_000_000)
        assert reasons(stage) == ["kill"]
        assert other.clear_kill("looked at it", stage.clock.now_ns()) == 1
        await trading._clock.sleep(600_000_000)
        assert stage.see().admitted
        await trading.finished()
        trading.kill("again, here")
        other.clear_kill("at once", stage.clock.now_ns())
        await trading._clock.sleep(600_000_000)
        assert stage.see().admitted
        await trading.finished()
    other.close()
    await stage.journal.close()


async def test_a_kill_that_is_not_on_record_yet_is_not_taken_for_one_that_was_lifted() -> None:
    stage = Stage()
    async with stage.running() as trading:
        mend = stage.break_disk()
        trading.kill("by hand")
        await trading._clock.sleep(5 * SECOND)
        assert stage.journal.kill() is None
        assert trading.status().risk.kill is not None
        mend()
        await trading._clock.sleep(5 * SECOND)
        assert trading.status().risk.kill is not None


async def test_a_kill_file_kills(tmp_path: Path) -> None:
    file = tmp_path / "stop"
    stage = Stage(settings=TradingSettings(kill_file=str(file)))
    async with stage.running() as trading:
        assert stage.see().admitted
        await trading.finished()
        file.touch()
        await trading._clock.sleep(600_000_000)
        assert reasons(stage) == ["kill"]


async def test_a_kill_lets_what_is_in_flight_finish_and_cancels_what_stands_open() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("0.4"), rests=True, answers=0.01, tells=False, stream=None)]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(20_000_000)
        stranger = stage.gate.foreign(PAIR)
        trading.kill("by hand")
        await trading._clock.sleep(50_000_000)
        assert "cancel_order" in stage.gate.calls
        await trading.finished()
        assert stage.results[0][1].outcome is Outcome.DONE, "its hedge was sent although the latch is set"
        assert stranger.open
        assert reasons(stage) == ["kill"]


async def test_the_daily_loss_ends_the_day_and_a_restart_does_not_begin_it_anew(place: str) -> None:
    limits = with_limits(max_daily_loss={USDT: Decimal("0.1")})
    stage = Stage(journal=Journal(place, threaded=False), limits=limits)
    stage.mexc.script = [Play(price=Decimal("100.00"))]
    stage.gate.script = [Play(price=Decimal("100.20"))]
    stage.show(gate=(100.2, 100.21))
    async with stage.running():
        result = await stage.trade(opportunity(sell=100.2))
        assert result.pnl == Decimal("-0.0002")
        stage.gate.script = [Play(price=Decimal("100.00"))]
        assert (await stage.trade(opportunity(sell=100.2))).pnl == Decimal("-0.2")
        assert stage.alarmed() == ["daily_loss"]
        assert reasons(stage) == ["daily_loss"]
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False), limits=limits)
    async with again.running() as trading:
        assert reasons(again) == ["daily_loss"]
        again.clock.jump(DAY - again.clock.now_ns() % DAY)
        assert again.see().admitted
        await trading.finished()
    await again.journal.close()


async def test_a_symbol_rests_after_its_trade(place: str) -> None:
    stage = Stage(journal=Journal(place, threaded=False), limits=with_limits(cooldown_ns=10 * SECOND))
    async with stage.running():
        await stage.trade()
        assert reasons(stage) == ["cooldown"]
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False), limits=stage.limits)
    async with again.running() as trading:
        assert reasons(again) == ["cooldown"]
        await trading._clock.sleep(10 * SECOND)
        assert again.see().admitted
        await trading.finished()
    await again.journal.close()


async def test_a_venue_that_fails_is_left_alone_then_tried_once_and_trusted_again(place: str) -> None:
    stage = Stage(journal=Journal(place, threaded=False), limits=with_limits(breaker_failures=2, max_open_trades=2))
    stage.gate.default = Play(refuses=no_money("gateio"), answers=0.001)
    async with stage.running() as trading:
        await stage.trade()  # the entry and its hedges are refused
        assert "breaker" in stage.alarmed()
        assert reasons(stage) == ["breaker"]
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False), limits=stage.limits)
    async with again.running() as trading:
        assert reasons(again) == ["breaker"]
        stage.gate.default = Play(answers=1.0, stream=1.0)
        await trading._clock.sleep(31 * SECOND)
        assert again.see().admitted
        assert reasons(again) == ["breaker"], "one is on trial"
        await trading.finished()
        await trading._clock.sleep(1_000_000)
        assert not trading.status().risk.breakers
        assert again.journal.risk_state().breakers == {}
        assert again.see().admitted
        await trading.finished()
    await again.journal.close()


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("asset_limit", with_limits(max_asset={USDT: Decimal(20_003)})),
        ("venue_limit", with_limits(max_on_venue={MEXC: {ABC: Decimal(12)}})),
    ],
)
async def test_a_position_at_its_limit_is_not_enlarged_and_not_by_a_restart(
    place: str, name: str, limits: Limits
) -> None:
    stage = Stage(journal=Journal(place, threaded=False), limits=limits)
    async with stage.running():
        while stage.see().admitted:
            assert stage.trading is not None
            await stage.trading.finished()
        assert stage.results, "there was room at first"
        assert reasons(stage) == [name]
        held = {"asset_limit": (stage.total(USDT), 20_003), "venue_limit": (stage.mexc.balances[ABC], 12)}
        assert held[name][0] <= held[name][1]
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False), limits=limits)
    async with again.running():
        assert reasons(again) == [name]
    await again.journal.close()


@pytest.mark.parametrize(
    ("most", "name", "restarted"), [(1, "open_trades", "open_trades"), (2, "in_doubt", "reconciling")]
)
async def test_what_is_under_way_counts_at_once_and_over_a_restart(
    place: str, most: int, name: str, restarted: str
) -> None:
    limits = with_limits(max_open_trades=most, breaker_failures=1000)
    stage = Stage(journal=Journal(place, threaded=False), limits=limits)
    stage.mexc.script = [Play(takes=False, answers=None, gives_up=0.01, stream=None)]
    silent: list[Exception] = [ExchangeUnavailable("down", exchange="mexc")] * 1000
    stage.mexc.faults["get_order"] = silent
    async with stage.running() as trading:
        stage.see()
        assert reasons(stage) == ["open_trades" if most == 1 else "under_way"]
        await trading._clock.sleep(SECOND)
        assert reasons(stage) == [name]
        await trading.stop(0)
    await stage.journal.close()
    again = Stage(stage.venues, Journal(place, threaded=False), limits=limits)
    async with again.running(wait=False) as trading:
        await trading._clock.sleep(20 * SECOND)
        assert len(trading.open_trades()) == 1
        # A venue with an order in doubt is not compared before its fate is known, and closed until then.
        assert reasons(again) == [restarted]
        silent.clear()
        await trading.reconciled()
        await trading.finished()
        assert again.see().admitted
        await trading.finished()
    await again.journal.close()


async def test_a_breaker_closes_only_when_that_is_on_record() -> None:
    stage = Stage(limits=with_limits(breaker_failures=1))
    async with stage.running() as trading:
        trading._latches.failed(stage.gate.name, "down")
        await trading._clock.sleep(31 * SECOND)
        assert stage.see().admitted
        await trading._clock.sleep(2_000_000)
        mend = stage.break_disk()
        await trading.finished()
        await trading._clock.sleep(SECOND)
        assert stage.gate.name in trading.status().risk.breakers
        mend()
        await trading._clock.sleep(SECOND)
        assert not trading.status().risk.breakers


async def test_a_journal_that_cannot_write_stops_new_intents_at_once_and_lets_trades_finish() -> None:
    stage = Stage(symbols=(PAIR, Symbol("XYZ", "USDT")), limits=with_limits(max_open_trades=9))
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        mend = stage.break_disk()
        await trading.finished()
        assert stage.results[0][1].outcome is Outcome.DONE
        assert reasons(stage) == ["journal"]
        await trading._clock.sleep(1)
        assert stage.alarmed() == ["journal"]
        mend()
        assert stage.journal.unfinished() == [], "what happened meanwhile was kept"
        assert stage.see().admitted
        await trading.finished()


async def test_a_record_that_no_database_takes_is_told_and_stops_nothing(place: str, caplog: Any) -> None:
    stage = Stage(journal=Journal(place, threaded=False))
    async with stage.running() as trading:
        stage.journal.note("strange", "of a moment that is none", 2**64)
        assert stage.see().admitted
        await trading.finished()
        assert (stage.alarmed(), stage.journal.fault) == (["unrecordable"], None)
    await stage.journal.close()
    reader = JournalReader(place)
    (note,) = reader.rows(NOTES)
    assert (note["kind"], "notes" in note["text"]) == ("unrecordable", True)
    assert [trade.outcome for trade in reader.trades()] == [Outcome.DONE]
    reader.close()


async def test_a_naked_leg_that_cannot_be_written_down_waits_and_is_told() -> None:
    stage = Stage()
    stage.gate.script = [Play(fills=Decimal("0.5"))]
    async with stage.running() as trading:
        stage.see()
        await trading._clock.sleep(1_000_000)
        stage.break_disk()
        await trading._clock.sleep(4 * SECOND)
        assert trading.open_trades()
        await trading.finished()
        _, result = stage.results[0]
        assert result.outcome is Outcome.STOPPED
        assert "the journal takes no further order" in result.detail
        assert [len(venue.placed) for venue in stage.venues] == [1, 1]
        assert "stopped" in stage.alarmed()


async def test_a_latch_that_cannot_be_read_closes_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    from arb_core.errors import JournalUnavailable

    stage = Stage()
    async with stage.running() as trading:

        async def unreadable() -> None:
            raise JournalUnavailable("lost")

        monkeypatch.setattr(stage.journal, "latch", unreadable)
        await trading._clock.sleep(600_000_000)
        assert reasons(stage) == ["journal"]
        monkeypatch.undo()
        await trading._clock.sleep(600_000_000)
        assert stage.see().admitted
        await trading.finished()


async def test_a_mistake_of_ours_is_told_and_begins_nothing_new(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    stage = Stage()
    async with stage.running() as trading:

        async def broken(*_: object) -> None:
            raise ZeroDivisionError("a mistake")

        monkeypatch.setattr(trading._execution, "finish", broken)
        stage.see()
        await trading._clock.sleep(SECOND)
        assert stage.alarmed() == ["defect", "kill"]
        assert "ZeroDivisionError" in stage.alarms[0].detail
        assert len(trading.open_trades()) == 1, "it stays unfinished, and the next start takes it up"
        assert stage.journal.unfinished()


async def test_a_listener_that_raises_is_taken_out_and_told() -> None:
    stage = Stage()
    async with stage.running() as trading:

        def broken(_: object) -> None:
            raise ZeroDivisionError("their mistake")

        trading.listen(order=broken)
        result = await stage.trade()
        assert result.outcome is Outcome.DONE
    assert stage.alarmed() == ["listener_failed"]


@pytest.mark.parametrize(
    "error",
    [
        ExchangeUnavailable("down", exchange="gateio"),
        RateLimitError("slow", exchange="gateio", local=True),
        WireError("not JSON", exchange="gateio", where="POST /order"),
        ZeroDivisionError("a mistake in the plugin"),
    ],
)
async def test_whatever_goes_wrong_with_an_order_counts_against_its_venue(error: Exception) -> None:
    stage = Stage(limits=with_limits(breaker_failures=1))
    stage.gate.script = [Play(refuses=error, answers=0.001)]
    async with stage.running() as trading:
        stage.see()
        await trading.finished()
        assert "breaker" in stage.alarmed()
        assert stage.results[0][1].outcome is Outcome.DONE, "what was left was hedged all the same"


async def test_a_key_that_is_refused_is_for_a_person_to_see_to() -> None:
    stage = Stage()
    stage.gate.script = [Play(refuses=AuthenticationFailed("key revoked", exchange="gateio"), answers=0.001)]
    async with stage.running():
        await stage.trade()
        assert "kill" in stage.alarmed()
        assert reasons(stage) == ["kill"]


async def test_a_symbol_that_a_venue_does_not_trade_rests_until_its_listing_was_read_anew() -> None:
    stage = Stage()
    stage.gate.script = [Play(refuses=TradingDisabled("halted", exchange="gateio"), answers=0.001)]
    async with stage.running() as trading:
        await stage.trade()
        assert reasons(stage) == ["cooldown"]
        await trading._clock.sleep(300 * SECOND)
        assert stage.see().admitted
        await trading.finished()


async def test_funds_that_are_not_there_have_the_venue_compared() -> None:
    stage = Stage()
    async with stage.running() as trading:
        stage.gate.balances[ABC] = Decimal(0)
        stage.gate.script = [Play(refuses=no_money("gateio"), answers=0.001)]
        stage.gate.default = Play(refuses=no_money("gateio"), answers=0.001)
        stage.see()
        await trading.finished()
        assert reasons(stage) == ["reconciling"]
        await trading._clock.sleep(31 * SECOND)
        assert "drift" in stage.alarmed()
        assert reasons(stage) == ["balance"]
