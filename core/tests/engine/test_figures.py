"""How far the account is from what stops it, as an observer is shown it."""

from decimal import Decimal
from math import inf
from typing import Any

import pytest
from arb_core.engine.figures import detection_figures, trading_figures
from arb_core.engine.ids import IntentId
from arb_core.engine.ledger import Ledger
from arb_core.engine.risk import DAY_NS, Breaker, Day, Kill, Limits, Reason, RiskState
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import Intent
from arb_core.engine.trading.status import OpenTrade, TradingStatus
from arb_core.strategies.spatial import Spatial
from arb_core.structs.account import Balance
from arb_core.structs.figures import BreakerState, LimitUse, TradingFigures
from arb_core.structs.market import Asset, Symbol, VenueName
from arb_core.structs.opportunity import Plan

MEXC, GATE = VenueName("mexc"), VenueName("gateio")
BTC, USDT = Asset("BTC"), Asset("USDT")
SECOND = 1_000_000_000
NOW_NS = 20_000 * DAY_NS + 5

INTENT = Intent(
    id=IntentId(1),
    strategy="spatial",
    symbol=Symbol("BTC", "USDT"),
    plan=Plan.TOGETHER,
    money=USDT,
    notional=Decimal(100),
    edge_bps=5.0,
    created_ns=1,
    detected_ns=1,
)
LIMITS = Limits(
    max_daily_loss={USDT: Decimal(50)},
    max_asset={BTC: Decimal(2)},
    max_on_venue={GATE: {BTC: Decimal(0)}},
    max_open_trades=4,
    breaker_rest_ns=30 * SECOND,
)


def figures(state: RiskState = RiskState(), *, limits: Limits = LIMITS) -> TradingFigures:  # noqa: B008 (frozen)
    ledger = Ledger()
    ledger.reconcile(MEXC, {BTC: Balance(asset=BTC, free=Decimal("0.5"))})
    status = TradingStatus(
        closed=Reason("stopping", "trading is being stopped"),
        risk=state,
        open=(OpenTrade(intent=INTENT, orders=(), why=""),),
        admitted=3,
        refused={"cooldown": 5},
        venues={MEXC: None, GATE: "not compared with the venue yet"},
        in_doubt=2,
    )
    return trading_figures(status, paper=True, limits=limits, funds=ledger, now_ns=NOW_NS)


def test_each_limit_says_how_much_of_it_is_used() -> None:
    day = Day(number=20_000, pnl={USDT: Decimal(-40)})
    assert figures(RiskState(day=day)).limits == (
        LimitUse(limit="max_open_trades", used=0.25),
        LimitUse(limit="max_daily_loss", of="USDT", used=0.8),
        LimitUse(limit="max_asset", of="BTC", used=0.25),
        LimitUse(limit="max_on_venue", of="gateio:BTC", used=0.0),
    )


def test_a_profit_uses_nothing_of_the_daily_loss_and_shows_below_zero() -> None:
    day = Day(number=20_000, pnl={USDT: Decimal(25)})
    (use,) = [use for use in figures(RiskState(day=day)).limits if use.limit == "max_daily_loss"]
    assert use.used == -0.5


def test_anything_is_too_much_of_a_limit_of_nothing() -> None:
    limits = Limits(max_on_venue={MEXC: {BTC: Decimal(0)}})
    (use,) = [use for use in figures(limits=limits).limits if use.limit == "max_on_venue"]
    assert use.used == inf


def test_yesterdays_result_is_not_todays() -> None:
    day = Day(number=19_999, pnl={USDT: Decimal(-60)}, stopped=True)
    shown = figures(RiskState(day=day))
    assert (shown.day_pnl, shown.day_stopped) == ({}, False)


def test_what_was_let_through_and_what_stands_in_the_way_is_shown() -> None:
    shown = figures()
    assert (shown.admitted, shown.refused, shown.closed) == (3, {"cooldown": 5}, "stopping")
    assert (shown.open_trades, shown.in_doubt, shown.ready) == (1, 2, {MEXC: True, GATE: False})


def test_latches_are_shown() -> None:
    shown = figures(RiskState(kill=Kill(reason="by hand", since_ns=1), day=Day(number=20_000, stopped=True)))
    assert (shown.killed, shown.day_stopped, shown.paper) == (True, True, True)


@pytest.mark.parametrize(
    ("breaker", "state"),
    [
        (None, BreakerState.CLOSED),
        (Breaker(failures=(1, 2)), BreakerState.CLOSED),
        (Breaker(opened_ns=NOW_NS - SECOND), BreakerState.OPEN),
        (Breaker(opened_ns=NOW_NS - 30 * SECOND), BreakerState.HALF_OPEN),
        (Breaker(opened_ns=NOW_NS - 40 * SECOND, probe_ns=NOW_NS - SECOND), BreakerState.HALF_OPEN),
    ],
)
def test_breaker_of_each_venue_is_shown(breaker: Breaker | None, state: BreakerState) -> None:
    shown = figures(RiskState(breakers={} if breaker is None else {GATE: breaker}))
    assert shown.breakers == {MEXC: BreakerState.CLOSED, GATE: state}


def test_an_open_edge_is_seen_and_in_no_other_count(market: Any) -> None:
    session = DetectionSession(market.view, {"spatial": Spatial()})
    market.list("mexc").put([(100.0, 5.0)], [(100.1, 5.0)])
    gate = market.list("gateio").put([(102.0, 5.0)], [(102.1, 5.0)])
    session.start()
    session.on_book(gate)
    assert detection_figures(session.episodes).open == 1
    shown = detection_figures(session.episodes)
    assert (shown.seen, shown.executable, shown.refused) == (1, 0, {})
    session.stop()
    shown = detection_figures(session.episodes)
    assert (shown.seen, shown.executable, shown.open) == (1, 1, 0)
