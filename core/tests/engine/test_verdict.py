from collections.abc import Callable
from decimal import Decimal
from math import nan
from typing import Any

import msgspec
import pytest
from arb_core.engine.opportunity import Mute, Policy, judge
from arb_core.structs.book import BookFault
from arb_core.structs.market import (
    Asset,
    AssetNetwork,
    Instrument,
    InstrumentKind,
    Side,
    Symbol,
    TradingStatus,
    VenueName,
)
from arb_core.structs.opportunity import CHECKS, Check, CheckState, Leg, Opportunity, Plan, Verdict
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
MEXC, GATE = VenueName("mexc"), VenueName("gateio")
Finder = Callable[[Verdict, str], Check]


def opportunity(
    *,
    symbol: str = "ABC/USDT",
    other: str | None = None,
    size: float = 1.0,
    price: float = 100.0,
    sold_at: float = 101.0,
    edge_bps: float = 80.0,
    top_edge_bps: float | None = None,
    plan: Plan = Plan.TOGETHER,
    detected_ns: int = 0,
    venues: tuple[VenueName, VenueName] = (MEXC, GATE),
) -> Opportunity:
    """Buy on mexc, sell on gateio."""
    bought, sold = Symbol.parse(symbol), Symbol.parse(other or symbol)
    return Opportunity(
        strategy="spatial",
        symbol=bought,
        legs=(
            Leg(venues[0], bought, Side.BUY, price, size, price),
            Leg(venues[1], sold, Side.SELL, sold_at, size, sold_at),
        ),
        plan=plan,
        edge_bps=edge_bps,
        size=size,
        profit=size,
        detected_ns=detected_ns,
        top_edge_bps=top_edge_bps,
    )


class Bench:
    """Two venues that agree on everything, until a test changes one fact."""

    def __init__(self, market: Any, find: Finder) -> None:
        self.market = market
        self.find = find
        self.policy = Policy()
        self.books = [market.list(venue).put([(100.0, 5.0)], [(100.5, 5.0)]) for venue in ("mexc", "gateio")]

    def change(self, venue: VenueName, symbol: str = "ABC/USDT", **facts: Any) -> Instrument:
        instrument: Instrument = self.market.instrument(symbol, **facts)
        self.market.view.set_instrument(venue, Symbol.parse(symbol), instrument)
        return instrument

    def verdict(self, found: Opportunity | None = None, *, open_ns: int = 0) -> Verdict:
        return judge(
            found or opportunity(),
            self.market.view,
            self.policy,
            monotonic_ns=self.market.clock.monotonic_ns(),
            open_ns=open_ns,
        )

    def refusal(self, found: Opportunity | None = None, *, open_ns: int = 0) -> Check:
        """Judge, and return the check that refused."""
        verdict = self.verdict(found, open_ns=open_ns)
        assert not verdict.executable
        assert verdict.refused_by is not None
        check = self.find(verdict, verdict.refused_by)
        assert check.detail, "a refusal says why"
        return check


@pytest.fixture
def bench(market: Any, check_of: Finder) -> Bench:
    return Bench(market, check_of)


def test_nothing_against_it_is_executable(bench: Bench) -> None:
    verdict = bench.verdict()
    assert verdict.executable
    assert verdict.refused_by is None
    assert {check.state for check in verdict.checks if check.name != "transfers"} == {CheckState.PASS}


def test_checks_are_asked_in_the_order_of_the_contract(bench: Bench) -> None:
    names = [check.name for check in bench.verdict().checks]
    assert names == [name for name in CHECKS if name != "quarantined"]


def test_quarantined_takes_the_place_of_same_asset(bench: Bench) -> None:
    bench.change(MEXC, base_contract=None)
    names = [check.name for check in bench.verdict().checks]
    assert names == [name for name in CHECKS if name != "same_asset"]


def test_a_book_that_is_not_live_refuses(bench: Bench) -> None:
    bench.books[1].lose(BookFault.GAP)
    assert bench.refusal().name == "live"
    assert "gap" in bench.refusal().detail


def test_a_book_that_nobody_follows_refuses(bench: Bench) -> None:
    assert bench.refusal(opportunity(venues=(MEXC, VenueName("kraken")))).name == "live"


def test_a_silent_book_is_stale_though_it_is_live(bench: Bench) -> None:
    bench.market.pass_time(5.0)
    bench.books[0].put([(100.0, 5.0)], [(100.5, 5.0)])
    assert bench.verdict().executable, "exactly the allowed age is still fresh"
    bench.market.pass_time(0.000_001)
    check = bench.refusal()
    assert check.name == "fresh"
    assert "gateio silent for 5.0 s" in check.detail
    assert "mexc" not in check.detail


def test_without_a_rule_no_book_is_stale(bench: Bench) -> None:
    bench.policy = Policy(max_age_ns=None)
    bench.market.pass_time(1e6)
    assert bench.verdict().executable


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": InstrumentKind.PERPETUAL},
        {"kind": InstrumentKind.FUTURE},
        {"contract_size": Decimal(10)},
        {"base_multiplier": Decimal(1000)},
    ],
)
def test_another_kind_or_unit_is_another_instrument(bench: Bench, facts: dict[str, Any]) -> None:
    bench.change(GATE, **facts)
    check = bench.refusal()
    assert (check.name, check.state) == ("different_instrument", CheckState.FAIL)


def test_two_perpetuals_are_not_traded_either(bench: Bench) -> None:
    bench.change(MEXC, kind=InstrumentKind.PERPETUAL)
    bench.change(GATE, kind=InstrumentKind.PERPETUAL)
    assert bench.refusal().name == "different_instrument"


def test_a_settled_symbol_is_a_derivative(bench: Bench) -> None:
    for venue in ("mexc", "gateio"):
        bench.market.list(venue, "ABC/USDT:USDT").put([(100.0, 5.0)], [(100.5, 5.0)])
    assert bench.refusal(opportunity(symbol="ABC/USDT:USDT")).name == "different_instrument"


@pytest.mark.parametrize("spelling", ["1000SHIB", "10000SHIB", "1MSHIB"])
def test_a_bundle_of_coins_is_not_the_coin(bench: Bench, spelling: str) -> None:
    bench.market.list("mexc", "SHIB/USDT").put([(100.0, 5.0)], [(100.5, 5.0)])
    bench.market.list("gateio", f"{spelling}/USDT").put([(100.0, 5.0)], [(100.5, 5.0)])
    check = bench.refusal(opportunity(symbol="SHIB/USDT", other=f"{spelling}/USDT"))
    assert check.name == "different_instrument"
    assert spelling in check.detail


def test_a_venue_that_says_nothing_of_its_instrument_is_unknown(bench: Bench) -> None:
    bench.market.list("kraken", without_instrument=True).put([(100.0, 5.0)], [(100.5, 5.0)])
    check = bench.refusal(opportunity(venues=(MEXC, VenueName("kraken"))))
    assert (check.name, check.state) == ("different_instrument", CheckState.UNKNOWN)


def networks(
    contract: str | None,
    network: str = "ETH",
    *,
    deposit: bool | None = True,
    withdraw: bool | None = True,
    asset: str = "ABC",
) -> dict[Asset, list[AssetNetwork]]:
    listed = AssetNetwork(
        asset=Asset(asset), network=network, contract=contract, deposit_open=deposit, withdraw_open=withdraw
    )
    return {Asset(asset): [listed]}


def test_two_contracts_behind_one_ticker_are_two_assets(bench: Bench) -> None:
    bench.change(MEXC, base_contract=None)
    bench.change(GATE, base_contract=None)
    bench.market.view.assets.set_networks(MEXC, networks("0xaa"), 0)
    bench.market.view.assets.set_networks(GATE, networks("0xbb", "ERC20"), 0)
    check = bench.refusal()
    assert (check.name, check.state) == ("same_asset", CheckState.FAIL)
    assert "two contracts on ETHEREUM" in check.detail


def test_an_asset_without_a_contract_is_quarantined_until_prices_agreed_for_the_window(bench: Bench) -> None:
    bench.change(MEXC, base_contract=None)
    watch = bench.market.view.assets.watch(Symbol("ABC", "USDT"), MEXC, GATE)
    assert bench.refusal().name == "quarantined"
    assert bench.refusal().state is CheckState.UNKNOWN
    for second in range(301):
        watch.see(second * SECOND, 100.0, 100.5, 0.05)
    verdict = bench.verdict()
    assert verdict.executable
    assert "prices agreed for 300 s" in bench.find(verdict, "same_asset").detail


def test_eight_thousand_times_the_price_is_a_failed_quarantine(bench: Bench) -> None:
    bench.change(MEXC, base_contract=None)
    bench.market.view.assets.watch(Symbol("ABC", "USDT"), MEXC, GATE).see(0, 8237.0, 1.0, 0.05)
    check = bench.refusal()
    assert (check.name, check.state) == ("quarantined", CheckState.FAIL)
    assert "8237 times apart" in check.detail


@pytest.mark.parametrize("quote", ["USD", "USDC", "DAI"])
def test_another_dollar_is_other_money(bench: Bench, quote: str) -> None:
    bench.market.list("gateio", f"ABC/{quote}").put([(100.0, 5.0)], [(100.5, 5.0)])
    for second in range(301):
        bench.market.view.assets.watch(Symbol("ABC", "USDT"), MEXC, GATE).see(second * SECOND, 1.0, 1.0, 0.05)
    check = bench.refusal(opportunity(other=f"ABC/{quote}"))
    assert check.name == "same_quote"
    assert f"USDT on mexc is not {quote} on gateio" in check.detail


def test_one_quote_ticker_with_two_contracts_is_other_money(bench: Bench) -> None:
    bench.market.view.assets.set_networks(MEXC, networks("0xaa", asset="USDT"), 0)
    bench.market.view.assets.set_networks(GATE, networks("0xbb", asset="USDT"), 0)
    assert bench.refusal().name == "same_quote"


def test_an_unknown_fee_is_not_zero(bench: Bench) -> None:
    bench.market.list("kraken", fee=None).put([(100.0, 5.0)], [(100.5, 5.0)])
    check = bench.refusal(opportunity(venues=(MEXC, VenueName("kraken"))))
    assert (check.name, check.state) == ("fees", CheckState.UNKNOWN)


@pytest.mark.parametrize(("size", "state"), [(0.0, CheckState.FAIL), (nan, CheckState.UNKNOWN)])
def test_no_size_is_refused(bench: Bench, size: float, state: CheckState) -> None:
    check = bench.refusal(opportunity(size=size))
    assert (check.name, check.state) == ("size", state)


@pytest.mark.parametrize(
    ("facts", "size", "words"),
    [
        ({"min_quantity": Decimal(1), "lot": Decimal("0.1")}, 0.99, "quantity 0.9 below the minimum 1"),
        ({"min_quantity": Decimal(2)}, 1.0, "quantity 1 below the minimum 2"),
        ({"max_quantity": Decimal("0.5")}, 1.0, "above the maximum 0.5"),
        ({"min_notional": Decimal("101.01")}, 1.0, "below the minimum 101.01"),
        ({"max_notional": Decimal(50)}, 1.0, "above the maximum 50"),
        ({"tick": Decimal(200)}, 1.0, "rounds to nothing"),
    ],
)
def test_every_venue_s_own_limits_count(bench: Bench, facts: dict[str, Any], size: float, words: str) -> None:
    bench.change(GATE, **facts)
    check = bench.refusal(opportunity(size=size))
    assert (check.name, check.state) == ("filters", CheckState.FAIL)
    assert words in check.detail
    assert check.detail.startswith("gateio:")


def test_one_size_must_suit_both_venues(bench: Bench) -> None:
    bench.change(GATE, lot=Decimal(1))
    check = bench.refusal(opportunity(size=0.9))
    assert check.detail == "mexc: size 0.9 rounds to nothing, step 1; gateio: size 0.9 rounds to nothing, step 1"


def test_the_rounded_size_is_what_has_to_reach_the_minimum(bench: Bench) -> None:
    bench.change(MEXC, lot=Decimal("0.3"))
    bench.change(GATE, min_notional=Decimal(100))
    assert bench.refusal(opportunity(size=1.0)).detail.startswith("gateio: notional 90.9")


def test_an_edge_too_good_to_be_true_is_refused(bench: Bench) -> None:
    assert bench.verdict(opportunity(edge_bps=1000.0)).executable
    assert bench.refusal(opportunity(edge_bps=1000.1)).name == "absurd"
    assert bench.refusal(opportunity(edge_bps=10.0, top_edge_bps=166_370_800.0)).name == "absurd"
    assert bench.refusal(opportunity(edge_bps=nan)).state is CheckState.UNKNOWN


def test_an_edge_that_never_closes_is_a_structural_premium(bench: Bench) -> None:
    assert bench.verdict(open_ns=900 * SECOND).executable
    check = bench.refusal(open_ns=901 * SECOND)
    assert check.name == "absurd"
    assert "structural premium" in check.detail


@pytest.mark.parametrize(
    ("venue", "status", "state"),
    [
        (MEXC, TradingStatus.HALTED, CheckState.FAIL),
        (MEXC, TradingStatus.SELL_ONLY, CheckState.FAIL),
        (GATE, TradingStatus.BUY_ONLY, CheckState.FAIL),
        (GATE, TradingStatus.UNKNOWN, CheckState.UNKNOWN),
    ],
)
def test_a_symbol_that_does_not_trade_is_refused(
    bench: Bench, venue: VenueName, status: TradingStatus, state: CheckState
) -> None:
    bench.change(venue, status=status)
    check = bench.refusal()
    assert (check.name, check.state) == ("healthy", state)


def test_one_way_trading_is_enough_for_the_leg_that_needs_it(bench: Bench) -> None:
    bench.change(MEXC, status=TradingStatus.BUY_ONLY)
    bench.change(GATE, status=TradingStatus.SELL_ONLY)
    assert bench.verdict().executable


def test_a_delisting_ahead_is_refused(bench: Bench) -> None:
    bench.change(GATE, delisting_ns=24 * HOUR)
    assert bench.verdict().executable
    assert "delisted in 24.0 h" in bench.refusal(opportunity(detected_ns=1)).detail
    assert "delisted already" in bench.refusal(opportunity(detected_ns=25 * HOUR)).detail


def test_a_venue_in_trouble_is_refused_until_it_is_well(bench: Bench) -> None:
    bench.market.view.set_health(GATE, "no answer to a ping for 12 s")
    assert bench.refusal().detail == "gateio: no answer to a ping for 12 s"
    bench.market.view.set_health(GATE, None)
    assert bench.verdict().executable


@pytest.mark.parametrize(
    ("mute", "refused"),
    [
        (Mute(venues=(GATE, MEXC)), True),
        (Mute(venues=(MEXC, GATE), symbol="ABC/USDT"), True),
        (Mute(venues=(MEXC, GATE), symbol="DEF/USDT"), False),
        (Mute(venues=(MEXC, VenueName("kraken"))), False),
    ],
)
def test_a_muted_pair_of_venues_is_shown_and_refused(bench: Bench, mute: Mute, refused: bool) -> None:
    bench.policy = Policy(mute=(mute,))
    if refused:
        assert bench.refusal().name == "healthy"
        assert "muted" in bench.refusal().detail
    else:
        assert bench.verdict().executable


def test_transfers_nobody_publishes_are_shown_and_do_not_refuse(bench: Bench) -> None:
    verdict = bench.verdict()
    assert verdict.executable
    assert bench.find(verdict, "transfers").state is CheckState.UNKNOWN


def test_closed_transfers_refuse_unless_they_are_to_be_ignored(bench: Bench) -> None:
    assets = bench.market.view.assets
    assets.set_networks(MEXC, networks("0xaa", withdraw=False), read_ns=0)
    assets.set_networks(GATE, networks("0xaa"), read_ns=0)
    found = opportunity(detected_ns=180 * SECOND)
    check = bench.refusal(found)
    assert check.name == "transfers"
    assert "ABC mexc to gateio: ETH: withdrawals closed (read 3 min ago)" in check.detail
    bench.policy = Policy(ignore_transfers=True)
    verdict = bench.verdict(found)
    assert verdict.executable
    assert "ignored by the settings" in bench.find(verdict, "transfers").detail


def test_the_way_that_matters_is_from_where_it_is_bought_to_where_it_is_sold(bench: Bench) -> None:
    assets = bench.market.view.assets
    assets.set_networks(MEXC, networks("0xaa", deposit=False), read_ns=0)
    assets.set_networks(GATE, networks("0xaa", withdraw=False), read_ns=0)
    assert bench.verdict().executable


def test_money_that_cannot_come_back_refuses(bench: Bench) -> None:
    assets = bench.market.view.assets
    assets.set_networks(MEXC, networks("0xcc", asset="USDT"), read_ns=0)
    assets.set_networks(GATE, networks("0xcc", asset="USDT", withdraw=False), read_ns=0)
    assert "USDT gateio to mexc" in bench.refusal().detail


def test_no_network_in_common_refuses(bench: Bench) -> None:
    assets = bench.market.view.assets
    assets.set_networks(MEXC, networks(None, "ERC20"), read_ns=0)
    assets.set_networks(GATE, networks(None, "QOM-ERC20"), read_ns=0)
    assert bench.refusal().name == "transfers"


_TROUBLES: dict[str, Callable[[Bench], None]] = {
    "live": lambda bench: bench.books[0].lose(BookFault.GAP),
    "fresh": lambda bench: setattr(bench.books[1], "monotonic_ns", 0),
    "different_instrument": lambda bench: _amend(bench, kind=InstrumentKind.PERPETUAL),
    "quarantined": lambda bench: _amend(bench, base_contract=None),
    "filters": lambda bench: _amend(bench, min_notional=Decimal(10_000)),
    "absurd": lambda bench: setattr(bench, "policy", Policy(max_edge_bps=1.0)),
    "healthy": lambda bench: bench.market.view.set_health(MEXC, "down"),
}


def _amend(bench: Bench, **facts: Any) -> None:
    """Change facts of gateio's instrument and keep those changed before."""
    former = bench.market.view.instrument(Symbol("ABC", "USDT"), GATE)
    bench.market.view.set_instrument(GATE, Symbol("ABC", "USDT"), msgspec.structs.replace(former, **facts))


@given(troubles=st.sets(st.sampled_from(sorted(_TROUBLES)), min_size=1))
def test_whatever_is_wrong_the_first_check_in_order_refuses(new_market: Callable[[], Any], troubles: set[str]) -> None:
    bench = Bench(new_market(), lambda verdict, name: next(c for c in verdict.checks if c.name == name))
    for trouble in sorted(troubles):
        _TROUBLES[trouble](bench)
    verdict = bench.verdict()
    assert verdict.refused_by == next(name for name in CHECKS if name in troubles)
    assert {c.name for c in verdict.checks if c.state is not CheckState.PASS} == troubles | {"transfers"}
