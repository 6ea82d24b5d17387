from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.engine.ledger import Ledger
from arb_core.engine.risk import (
    DAY_NS,
    REASONS,
    Admission,
    Kill,
    Limits,
    Proposal,
    ProposedLeg,
    RiskState,
    admit,
    booked,
    cleared,
    cooled,
    killed,
    loss_reached,
    probing,
    venue_failed,
    venue_recovered,
)
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000
NOW = 20_000 * DAY_NS + 3_600 * SECOND
MEXC, GATE = VenueName("mexc"), VenueName("gateio")
BTC, ETH, USDT = Asset("BTC"), Asset("ETH"), Asset("USDT")
PAIR = Symbol("BTC", "USDT")
FEE = Decimal("0.001")

LIMITS = Limits(
    max_notional={USDT: Decimal(1000)},
    max_daily_loss={USDT: Decimal(50)},
    max_asset={BTC: Decimal(12)},
    max_on_venue={MEXC: {BTC: Decimal(7)}},
    max_open_trades=2,
    cooldown_ns=5 * SECOND,
    breaker_failures=3,
    breaker_window_ns=60 * SECOND,
    breaker_rest_ns=30 * SECOND,
)


def leg(venue: VenueName, side: Side, quantity: str = "1", price: str = "100", symbol: Symbol = PAIR) -> ProposedLeg:
    return ProposedLeg(venue=venue, symbol=symbol, side=side, quantity=Decimal(quantity), price=Decimal(price), fee=FEE)


def spatial(quantity: str = "1", edge_bps: float = 20.0) -> Proposal:
    legs = leg(MEXC, Side.BUY, quantity), leg(GATE, Side.SELL, quantity, "101")
    return Proposal(legs=legs, plan=Plan.TOGETHER, edge_bps=edge_bps)


def funds(**venues: dict[str, str]) -> Ledger:
    ledger = Ledger()
    for venue, amounts in venues.items():
        balances = {Asset(name): Balance(asset=Asset(name), free=Decimal(text)) for name, text in amounts.items()}
        ledger.reconcile(VenueName(venue), balances)
    return ledger


RICH = funds(mexc={"USDT": "1000", "BTC": "5"}, gateio={"USDT": "1000", "BTC": "5"})


def judge(proposal: Proposal | None = None, state: RiskState | None = None, **changes: Any) -> Admission:
    arguments: dict[str, Any] = {
        "limits": LIMITS,
        "state": state or RiskState(),
        "funds": RICH,
        "open_trades": 0,
        "in_doubt": (),
        "now_ns": NOW,
    }
    return admit(proposal or spatial(), **{**arguments, **changes})


def names(admission: Admission) -> list[str]:
    assert admission.admitted == (not admission.reasons)
    assert {reason.name for reason in admission.reasons} <= set(REASONS)
    return [reason.name for reason in admission.reasons]


def test_a_trade_inside_every_limit_is_admitted() -> None:
    assert judge() == Admission(admitted=True)


def test_leg_one_is_not_sent_without_the_funds_of_leg_two() -> None:
    poor = funds(mexc={"USDT": "1000"}, gateio={"BTC": "0.9"})
    admission = judge(funds=poor)
    assert names(admission) == ["balance"]
    assert admission.reasons[0].detail == "1 BTC is needed on gateio, 0.9 is available"


def test_the_fee_counts_into_what_a_purchase_needs() -> None:
    assert names(judge(funds=funds(mexc={"USDT": "100"}, gateio={"BTC": "1"}))) == ["balance"]
    assert judge(funds=funds(mexc={"USDT": "100.1"}, gateio={"BTC": "1"})).admitted


def test_what_is_promised_to_another_trade_is_not_there() -> None:
    ledger = funds(mexc={"USDT": "150"}, gateio={"BTC": "2"})
    assert ledger.reserve("other", [spatial().legs[0].need])
    assert names(judge(funds=ledger)) == ["balance"]


def test_legs_in_turn_pay_for_each_other_and_legs_at_once_do_not() -> None:
    legs = (
        leg(MEXC, Side.BUY, "1", "100"),
        leg(MEXC, Side.BUY, "19", "0.05", Symbol("ETH", "BTC")),
        leg(MEXC, Side.SELL, "18.9", "5.4", Symbol("ETH", "USDT")),
    )
    only_usdt = funds(mexc={"USDT": "101"})
    cycle = Proposal(legs=legs, plan=Plan.IN_TURN, edge_bps=20.0)
    assert judge(cycle, funds=only_usdt).admitted
    at_once = Proposal(legs=legs, plan=Plan.TOGETHER, edge_bps=20.0)
    assert names(judge(at_once, funds=only_usdt)) == ["balance", "balance"]


def test_a_later_leg_cannot_spend_what_the_fee_of_an_earlier_one_took() -> None:
    legs = (leg(MEXC, Side.BUY, "1", "100"), leg(MEXC, Side.SELL, "1", "101"))
    cycle = Proposal(legs=legs, plan=Plan.IN_TURN, edge_bps=20.0)
    admission = judge(cycle, funds=funds(mexc={"USDT": "101"}))
    assert [reason.detail for reason in admission.reasons] == ["1 BTC is needed on mexc, 0.999 is available"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("kill", {"state": RiskState(kill=Kill(reason="by hand", since_ns=1))}),
        ("daily_loss", {"state": booked(RiskState(), LIMITS, USDT, Decimal(-50), NOW)}),
        ("daily_loss", {"limits": msgspec.structs.replace(LIMITS, max_daily_loss={})}),
        ("in_doubt", {"in_doubt": {(GATE, PAIR)}}),
        ("cooldown", {"state": cooled(RiskState(), LIMITS, PAIR, NOW)}),
        ("open_trades", {"open_trades": 2}),
        ("absurd", {"proposal": spatial(edge_bps=501.0)}),
        ("absurd", {"proposal": spatial(edge_bps=float("nan"))}),
        ("notional", {"proposal": spatial("10.001"), "funds": funds(mexc={"USDT": "9999"}, gateio={"BTC": "99"}),
                      "limits": msgspec.structs.replace(LIMITS, max_asset={}, max_on_venue={})}),
        ("notional", {"limits": msgspec.structs.replace(LIMITS, max_notional={})}),
        ("asset_limit", {"proposal": spatial("2.01"), "limits": msgspec.structs.replace(LIMITS, max_on_venue={})}),
        ("venue_limit", {"proposal": spatial("2.01"), "limits": msgspec.structs.replace(LIMITS, max_asset={})}),
    ],
)  # fmt: skip
def test_each_limit_refuses_by_its_name(name: str, change: dict[str, Any]) -> None:
    assert names(judge(**change)) == [name]


def test_every_reason_is_named_in_order() -> None:
    state = killed(booked(RiskState(), LIMITS, USDT, Decimal(-99), NOW), "by hand", NOW)
    for _ in range(3):
        state = venue_failed(state, LIMITS, GATE, NOW)
    state = cooled(state, LIMITS, PAIR, NOW)
    admission = judge(
        spatial("20", 9999.0), state, open_trades=9, in_doubt={(MEXC, PAIR)}, funds=funds(mexc={"USDT": "1"})
    )
    found = list(dict.fromkeys(names(admission)))
    # 20 BTC at once exceed every limit of size, and nothing is there to pay for them
    ours = {"stopping", "journal", "account", "reconciling", "deaf", "countdown", "under_way", "leg_loss", "size"}
    assert found == [name for name in REASONS if name not in ours]


def test_limits_are_those_of_the_boundary() -> None:
    wide = msgspec.structs.replace(LIMITS, max_notional={USDT: Decimal(100)}, max_edge_bps=20.0)
    assert judge(limits=wide).admitted
    assert judge(open_trades=1).admitted
    assert judge(state=booked(RiskState(), LIMITS, USDT, Decimal("-49.999"), NOW)).admitted


def test_a_days_loss_ends_at_midnight_utc_and_not_before() -> None:
    state = booked(RiskState(), LIMITS, USDT, Decimal(-50), NOW)
    midnight = (NOW // DAY_NS + 1) * DAY_NS
    assert loss_reached(state, midnight - 1)
    assert not loss_reached(state, midnight)
    assert judge(state=state, now_ns=midnight).admitted


def test_a_later_profit_or_a_cleared_kill_does_not_lift_a_days_loss() -> None:
    state = booked(RiskState(), LIMITS, USDT, Decimal(-60), NOW)
    state = booked(state, LIMITS, USDT, Decimal(40), NOW + SECOND)
    assert state.day.pnl == {USDT: Decimal(-20)}
    assert names(judge(state=cleared(state))) == ["daily_loss"]


def test_a_clock_that_goes_back_over_midnight_does_not_lift_a_days_loss() -> None:
    midnight = (NOW // DAY_NS) * DAY_NS
    state = booked(RiskState(), LIMITS, USDT, Decimal(-60), midnight + 1)
    assert loss_reached(state, midnight - SECOND)


def test_kill_holds_until_it_is_cleared_and_keeps_its_first_reason() -> None:
    state = killed(killed(RiskState(), "by hand", NOW), "again", NOW + 1)
    assert state.kill == Kill(reason="by hand", since_ns=NOW)
    assert names(judge(state=state, now_ns=NOW + 400 * DAY_NS)) == ["kill"]
    assert judge(state=cleared(state)).admitted


def test_a_breaker_opens_rests_tries_one_trade_and_closes() -> None:
    state = RiskState()
    for seconds in (0, 10):
        state = venue_failed(state, LIMITS, GATE, NOW + seconds * SECOND)
        assert judge(state=state).admitted
    state = venue_failed(state, LIMITS, GATE, NOW + 20 * SECOND)
    opened = NOW + 20 * SECOND
    assert names(judge(state=state, now_ns=opened + 30 * SECOND - 1)) == ["breaker"]
    half_open = opened + 30 * SECOND
    assert judge(state=state, now_ns=half_open).admitted
    trial = probing(state, GATE, half_open)
    assert names(judge(state=trial, now_ns=half_open + 1)) == ["breaker"]
    again = venue_failed(trial, LIMITS, GATE, half_open + 2)
    assert names(judge(state=again, now_ns=half_open + 3)) == ["breaker"]
    well = venue_recovered(trial, GATE)
    assert judge(state=well, now_ns=half_open + 3).admitted
    assert well == RiskState()


def test_a_trial_that_a_crash_cut_off_is_not_the_last() -> None:
    state = RiskState()
    for _ in range(3):
        state = venue_failed(state, LIMITS, GATE, NOW)
    trial = probing(state, GATE, NOW + 30 * SECOND)
    assert judge(state=trial, now_ns=NOW + 60 * SECOND).admitted


def test_failures_that_lie_far_apart_do_not_open_a_breaker_and_a_success_does_not_forget_near_ones() -> None:
    state = RiskState()
    for minutes in range(9):
        state = venue_failed(state, LIMITS, GATE, NOW + 31 * minutes * SECOND)
    assert judge(state=state).admitted
    near = venue_failed(venue_failed(RiskState(), LIMITS, GATE, NOW), LIMITS, GATE, NOW)
    assert names(judge(state=venue_failed(venue_recovered(near, GATE), LIMITS, GATE, NOW))) == ["breaker"]


def test_a_breaker_concerns_its_venue_alone() -> None:
    state = RiskState()
    for _ in range(3):
        state = venue_failed(state, LIMITS, VenueName("binance"), NOW)
    assert judge(state=state).admitted
    assert probing(state, GATE, NOW) == state


def test_a_symbol_rests_and_others_do_not() -> None:
    state = cooled(RiskState(), LIMITS, PAIR, NOW)
    assert judge(state=state, now_ns=NOW + 5 * SECOND).admitted
    later = cooled(state, LIMITS, Symbol("ETH", "USDT"), NOW + 6 * SECOND)
    assert set(later.cooling) == {"ETH/USDT"}


steps = st.sampled_from(["kill", "loss", "profit", "cool", "fail", "recover", "probe"])


@given(taken=st.lists(st.tuples(steps, st.integers(0, DAY_NS)), max_size=20))
def test_no_limit_is_lifted_by_a_restart(taken: list[tuple[str, int]]) -> None:
    state, now_ns = RiskState(), NOW
    moves: dict[str, Callable[[RiskState, int], RiskState]] = {
        "kill": lambda s, at: killed(s, "by hand", at),
        "loss": lambda s, at: booked(s, LIMITS, USDT, Decimal("-20.5"), at),
        "profit": lambda s, at: booked(s, LIMITS, USDT, Decimal("3.25"), at),
        "cool": lambda s, at: cooled(s, LIMITS, PAIR, at),
        "fail": lambda s, at: venue_failed(s, LIMITS, GATE, at),
        "recover": lambda s, _: venue_recovered(s, GATE),
        "probe": lambda s, at: probing(s, GATE, at),
    }
    for step, passed_ns in taken:
        now_ns += passed_ns // 100
        state = moves[step](state, now_ns)
        kept = msgspec.json.decode(msgspec.json.encode(state), type=RiskState)
        assert kept == state
        assert judge(state=kept, now_ns=now_ns) == judge(state=state, now_ns=now_ns)
