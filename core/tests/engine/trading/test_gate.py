"""Account and moment: every reason by its name, and what costs nothing is asked first."""

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.engine import risk
from arb_core.engine.ledger import Ledger
from arb_core.engine.legs import LegPolicy
from arb_core.engine.risk import Limits
from arb_core.engine.trade import Outcome
from arb_core.engine.trading.settings import TradingSettings
from arb_core.errors import JournalUnavailable
from arb_core.structs.market import Asset, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Verdict
from scripted_account import Play
from trading_stage import ABC, GATE, LIMITS, MEXC, PAIR, USDT, Stage, opportunity

pytestmark = pytest.mark.looptime(noop_cycles=2)

OTHER = Symbol("XYZ", "USDT")


def with_limits(**changes: Any) -> Limits:
    return msgspec.structs.replace(LIMITS, **changes)


def reasons(stage: Stage, found: Opportunity | None = None) -> list[str]:
    return [reason.name for reason in stage.see(found).reasons]


async def test_a_verdict_that_is_not_executable_is_not_asked_about() -> None:
    stage = Stage()
    async with stage.running() as trading:
        trading.on_opportunity(opportunity(), Verdict(checks=(), executable=False, refused_by="fresh"))
    assert stage.admissions == []


async def test_nothing_is_admitted_before_its_venues_have_been_compared() -> None:
    stage = Stage()
    async with stage.running(wait=False) as trading:
        assert reasons(stage) == ["reconciling"]
        await trading.reconciled()
        assert stage.see().admitted
        await trading.finished()


@pytest.mark.parametrize(
    ("name", "found", "limits"),
    [
        ("account", opportunity(venues=(MEXC, VenueName("kraken"))), LIMITS),
        ("absurd", opportunity(edge_bps=501.0), LIMITS),
        ("absurd", opportunity(edge_bps=float("nan")), LIMITS),
        ("notional", opportunity(), with_limits(max_notional={})),
        ("notional", opportunity(), with_limits(max_notional={USDT: Decimal("0.5")})),
        ("daily_loss", opportunity(), with_limits(max_daily_loss={})),
        ("asset_limit", opportunity(), with_limits(max_asset={ABC: Decimal(20)})),
        ("venue_limit", opportunity(), with_limits(max_on_venue={GATE: {USDT: Decimal(10_000)}})),
        ("balance", opportunity(buy=20_000_000.0, sell=20_000_001.0), with_limits(max_notional={USDT: Decimal(10**9)})),
        ("size", opportunity(0.0004), LIMITS),
        ("size", opportunity(0.005), LIMITS),
        ("size", opportunity(float("nan")), LIMITS),
    ],
)  # fmt: skip
async def test_each_reason_is_named(name: str, found: Opportunity, limits: Limits) -> None:
    stage = Stage(limits=limits)
    async with stage.running() as trading:
        assert reasons(stage, found) == [name]
        assert trading.status().refused == {name: 1}
        assert [len(venue.placed) for venue in stage.venues] == [0, 0]


@pytest.mark.parametrize("missing", ["hedge_loss", "unwind_loss"])
async def test_money_whose_losses_nobody_capped_is_not_traded(missing: str) -> None:
    capped, elsewhere = {USDT: Decimal(5)}, {ABC: Decimal(5)}
    hedge, unwind = (elsewhere, capped) if missing == "hedge_loss" else (capped, elsewhere)
    stage = Stage(policy=LegPolicy(hedge_loss=hedge, unwind_loss=unwind))
    async with stage.running():
        (reason,) = stage.see().reasons
        assert (reason.name, reason.detail) == ("leg_loss", f"no {missing} is set for USDT")
        assert [len(venue.placed) for venue in stage.venues] == [0, 0]


async def test_a_symbol_with_a_trade_under_way_is_left_alone_and_others_are_not() -> None:
    stage = Stage(symbols=(PAIR, OTHER), limits=with_limits(max_open_trades=2))
    for venue in stage.venues:
        venue.balances[Asset("XYZ")] = Decimal(10)
        stage.books[venue.name, OTHER].put(
            100.0 if venue is stage.mexc else 102.0, 100.0 if venue is stage.mexc else 102.1
        )
    async with stage.running() as trading:
        assert stage.see().admitted
        assert reasons(stage) == ["under_way"]
        assert stage.see(opportunity(symbol=OTHER)).admitted
        assert reasons(stage) == ["open_trades"]
        await trading.finished()
        assert {intent.symbol for intent, _ in stage.results} == {PAIR, OTHER}


async def test_a_refusal_by_a_latch_is_the_same_object_and_does_no_arithmetic_on_money(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    async with stage.running() as trading:
        trading.kill("by hand")

        def fail(*_: object, **__: object) -> None:
            raise AssertionError("money was counted for a trade that cannot be")

        monkeypatch.setattr(risk, "admit", fail)
        for name in ("available", "held", "held_everywhere", "about", "reserve"):
            monkeypatch.setattr(Ledger, name, fail)
        assert stage.see() is stage.see()
        assert stage.alarmed() == ["kill"]


async def test_too_little_money_is_found_out_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.gate.balances[ABC] = Decimal("0.0001")
    async with stage.running():
        assert reasons(stage) == ["balance"]
        for name in ("available", "held", "held_everywhere", "reserve"):
            monkeypatch.setattr(Ledger, name, None)
        for _ in range(3):
            assert reasons(stage) == ["balance"]


async def test_work_for_a_sighting_does_not_grow_with_the_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: dict[int, int] = {}
    for symbols in (1, 40):
        listed = (PAIR, *(Symbol(f"S{number}", "USDT") for number in range(symbols)))
        stage = Stage(symbols=listed, limits=with_limits(max_notional={USDT: Decimal("0.5")}))
        for venue in stage.venues:
            venue.balances |= {Asset(symbol.base): Decimal(10) for symbol in listed}
        async with stage.running():
            calls[symbols] = _calls(lambda stage=stage: stage.see())
    assert calls[1] == calls[40]


def _calls(work: Callable[[], object]) -> int:
    """Count the calls that some work makes."""
    made = 0

    def trace(*_: object) -> None:
        nonlocal made
        made += 1

    sys.setprofile(trace)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


# -- after the intent's commit


async def test_an_intent_whose_commit_was_slow_ends_with_nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(settings=TradingSettings(max_intent_age_ns=100_000_000))
    committed = stage.journal.intend

    async def slowly(*words: Any) -> None:
        await stage.clock.sleep(200_000_000)
        await committed(*words)

    monkeypatch.setattr(stage.journal, "intend", slowly)
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.NOTHING
    assert "its commit took 200 ms, 100 ms may pass" in result.detail
    assert [len(venue.placed) for venue in stage.venues] == [0, 0]
    assert stage.journal.unfinished() == []
    assert {order.state for order in stage.orders} == {"absent"}


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (lambda stage: stage.show(gate=(101.99, 102.0)), "ABC/USDT on gateio has moved to 101.99, 102 was accepted"),
        (lambda stage: stage.show(mexc=(100.0, 100.01)), "ABC/USDT on mexc has moved to 100.01, 100 was accepted"),
        (lambda stage: stage.books["mexc", PAIR].lose(), "the book of ABC/USDT on mexc is no longer live"),
        (lambda stage: stage.trading.kill("by hand"), "kill: by hand"),
    ],
)
async def test_a_market_that_moved_during_the_commit_is_not_traded(
    happens: Callable[[Stage], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    committed = stage.journal.intend

    async def meanwhile(*words: Any) -> None:
        await committed(*words)
        happens(stage)

    monkeypatch.setattr(stage.journal, "intend", meanwhile)
    async with stage.running():
        result = await stage.trade()
    assert result.detail == f"nothing was sent: {told}"
    assert [len(venue.placed) for venue in stage.venues] == [0, 0]


async def test_an_intent_that_is_not_committed_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()

    async def refuse(*_: Any) -> None:
        raise JournalUnavailable("disk full")

    monkeypatch.setattr(stage.journal, "intend", refuse)
    async with stage.running() as trading:
        assert stage.see().admitted
        await trading.finished()
        assert trading.ledger.reserved(GATE, ABC) == 0
        assert stage.see().admitted, "nothing stands in the way of the next"
        await trading.finished()
    assert stage.results == []
    assert [len(venue.placed) for venue in stage.venues] == [0, 0]


async def test_orders_are_only_ever_limit_and_ioc() -> None:
    stage = Stage(policy=LegPolicy(hedge_loss={USDT: Decimal(0)}, unwind_loss={USDT: Decimal(9)}))
    stage.gate.script = [Play(fills=Decimal("0.3"))]
    async with stage.running():
        await stage.trade()
    for venue in stage.venues:
        for standing in venue.orders.values():
            request = standing.request
            assert (request.type.name, request.time_in_force.name) == ("LIMIT", "IOC")
