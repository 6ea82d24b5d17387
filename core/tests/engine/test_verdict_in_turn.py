"""The checks over legs in turn: three conversions on one venue that lead back to the money they began with."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.engine.opportunity import Mute, Policy, judge
from arb_core.engine.turns import brings, gap, pays, way
from arb_core.structs.book import BookFault
from arb_core.structs.market import Asset, AssetNetwork, InstrumentKind, Side, Symbol, TradingStatus, VenueName
from arb_core.structs.opportunity import CHECKS, Check, CheckState, Leg, Opportunity, Plan, Verdict

SECOND = 1_000_000_000
MEXC, GATE = VenueName("mexc"), VenueName("gateio")
Finder = Callable[[Verdict, str], Check]

SYMBOLS = ("BTC/USDT", "ETH/BTC", "ETH/USDT")
SIDES = (Side.BUY, Side.BUY, Side.SELL)
PRICES = (100.0, 0.5, 50.5)
SIZES = (1.0, 2.0, 2.0)


def cycle(
    *symbols: str,
    sides: tuple[Side, ...] = SIDES,
    sizes: tuple[float, ...] = SIZES,
    venues: tuple[VenueName, ...] = (MEXC, MEXC, MEXC),
    plan: Plan = Plan.IN_TURN,
) -> Opportunity:
    """USDT -> BTC -> ETH -> USDT on mexc, unless told otherwise."""
    legs = tuple(
        Leg(venue, Symbol.parse(symbol), side, price, size, price)
        for venue, symbol, side, price, size in zip(venues, symbols or SYMBOLS, sides, PRICES, sizes, strict=True)
    )
    return Opportunity(
        strategy="triangular",
        symbol=legs[0].symbol,
        legs=legs,
        plan=plan,
        edge_bps=80.0,
        size=legs[0].size,
        profit=0.8,
        detected_ns=0,
    )


class Bench:
    """One venue with three symbols and nothing against them, until a test changes one fact."""

    def __init__(self, market: Any, find: Finder) -> None:
        self.market = market
        self.find = find
        self.policy = Policy()
        for symbol in SYMBOLS:
            self.list(symbol)

    def list(self, symbol: str, venue: VenueName = MEXC, **facts: Any) -> Any:
        instrument = self.market.instrument(symbol, **{"base_contract": None, **facts})
        return self.market.list(venue, symbol, instrument=instrument).put([(100.0, 5.0)], [(100.5, 5.0)])

    def book(self, symbol: str) -> Any:
        return self.market.view.book(Symbol.parse(symbol), MEXC)

    def change(self, symbol: str, **facts: Any) -> None:
        former = self.market.view.instrument(Symbol.parse(symbol), MEXC)
        self.market.view.set_instrument(MEXC, Symbol.parse(symbol), msgspec.structs.replace(former, **facts))

    def verdict(self, found: Opportunity | None = None, *, open_ns: int = 0) -> Verdict:
        now_ns = self.market.clock.monotonic_ns()
        return judge(found or cycle(), self.market.view, self.policy, monotonic_ns=now_ns, open_ns=open_ns)

    def refusal(self, found: Opportunity | None = None, *, open_ns: int = 0) -> Check:
        verdict = self.verdict(found, open_ns=open_ns)
        assert verdict.refused_by is not None
        return self.find(verdict, verdict.refused_by)


@pytest.fixture
def bench(market: Any, check_of: Finder) -> Bench:
    return Bench(market, check_of)


def test_a_circle_within_one_venue_passes_every_check(bench: Bench) -> None:
    verdict = bench.verdict()
    assert verdict.executable
    assert {check.state for check in verdict.checks} == {CheckState.PASS}
    assert [check.name for check in verdict.checks] == [name for name in CHECKS if name != "quarantined"]
    assert bench.find(verdict, "transfers").detail == "nothing has to move"


def test_no_proof_of_the_asset_is_wanted_where_one_venue_is_both_ends(bench: Bench) -> None:
    verdict = bench.verdict()
    assert bench.find(verdict, "same_asset").state is CheckState.PASS, "no contract is known of any of these assets"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_leg_s_book_must_be_live(bench: Bench, symbol: str) -> None:
    bench.book(symbol).lose(BookFault.GAP)
    assert bench.refusal().detail == f"mexc {symbol}: gap"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_leg_s_book_must_be_fresh_and_is_named(bench: Bench, symbol: str) -> None:
    bench.market.pass_time(6.0)
    for other in SYMBOLS:
        if other != symbol:
            bench.book(other).put([(100.0, 5.0)], [(100.5, 5.0)])
    check = bench.refusal()
    assert (check.name, check.detail) == ("fresh", f"mexc {symbol} silent for 6.0 s, allowed 5 s")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_derivative_in_the_circle_is_another_instrument(bench: Bench, symbol: str) -> None:
    bench.change(symbol, kind=InstrumentKind.PERPETUAL)
    check = bench.refusal()
    assert check.name == "different_instrument"
    assert symbol in check.detail


@pytest.mark.parametrize(
    ("symbols", "sides", "words"),
    [
        (("BTC/USDT", "ETH/BTC", "ETH/USDC"), SIDES, "begins with USDT and ends in USDC"),
        (("BTC/USDT", "ETH/EUR", "ETH/USDT"), SIDES, "BTC/USDT brings BTC, ETH/EUR pays EUR"),
        (
            ("BTC/USDT", "ETH/BTC", "ETH/USDT"),
            (Side.BUY, Side.SELL, Side.SELL),
            "BTC/USDT brings BTC, ETH/BTC pays ETH",
        ),
        (("BTC/USDT", "ETH/BTC", "ETH/USDT"), (Side.BUY, Side.BUY, Side.BUY), "ETH/BTC brings ETH, ETH/USDT pays USDT"),
    ],
)
def test_what_does_not_lead_back_to_its_money_is_no_profit(
    bench: Bench, symbols: tuple[str, ...], sides: tuple[Side, ...], words: str
) -> None:
    for symbol in symbols:
        if symbol not in SYMBOLS:
            bench.list(symbol)
    check = bench.refusal(cycle(*symbols, sides=sides))
    assert (check.name, check.state, check.detail) == ("same_quote", CheckState.FAIL, words)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_fee_of_every_leg_must_be_known(market: Any, check_of: Finder, symbol: str) -> None:
    bench = Bench.__new__(Bench)
    bench.market, bench.find, bench.policy = market, check_of, Policy()
    for each in SYMBOLS:
        market.list(MEXC, each, fee=None if each == symbol else 0.001).put([(100.0, 5.0)], [(100.5, 5.0)])
    check = bench.refusal()
    assert (check.name, check.state) == ("fees", CheckState.UNKNOWN)
    assert f"mexc {symbol}" in check.detail


@pytest.mark.parametrize(("size", "state"), [(0.0, CheckState.FAIL), (float("nan"), CheckState.UNKNOWN)])
@pytest.mark.parametrize("leg", range(3))
def test_every_leg_needs_a_size(bench: Bench, leg: int, size: float, state: CheckState) -> None:
    sizes = tuple(size if place == leg else planned for place, planned in enumerate(SIZES))
    check = bench.refusal(cycle(sizes=sizes))
    assert (check.name, check.state) == ("size", state)


@pytest.mark.parametrize(
    ("symbol", "facts", "words"),
    [
        ("BTC/USDT", {"min_quantity": Decimal(2)}, "mexc BTC/USDT: quantity 1 below the minimum 2"),
        ("ETH/BTC", {"min_notional": Decimal("1.5")}, "mexc ETH/BTC: notional 1.0 below the minimum 1.5"),
        ("ETH/BTC", {"max_quantity": Decimal(1)}, "mexc ETH/BTC: quantity 2 above the maximum 1"),
        ("ETH/USDT", {"lot": Decimal(5)}, "mexc ETH/USDT: size 2 rounds to nothing, step 5"),
    ],
)
def test_every_leg_has_to_pass_its_own_limits(bench: Bench, symbol: str, facts: dict[str, Any], words: str) -> None:
    bench.change(symbol, **facts)
    check = bench.refusal()
    assert (check.name, check.detail) == ("filters", words)


def test_each_leg_is_rounded_to_its_own_lot(bench: Bench) -> None:
    bench.change("BTC/USDT", lot=Decimal("0.3"))
    bench.change("ETH/BTC", lot=Decimal("0.7"))
    bench.change("ETH/USDT", lot=Decimal("0.01"))
    assert bench.verdict(cycle(sizes=(0.9, 1.4, 1.33))).executable


def test_what_rounding_takes_from_a_leg_is_missing_in_those_after_it(bench: Bench) -> None:
    bench.change("BTC/USDT", lot=Decimal("0.4"))
    bench.change("ETH/USDT", min_notional=Decimal(90))
    check = bench.refusal(cycle(sizes=(1.0, 2.0, 2.0)))
    assert check.detail == "mexc ETH/USDT: notional 80.80 below the minimum 90"


def test_an_edge_too_good_or_open_for_too_long_is_refused(bench: Bench) -> None:
    assert bench.refusal(msgspec.structs.replace(cycle(), edge_bps=1001.0)).name == "absurd"
    assert bench.refusal(open_ns=901 * SECOND).name == "absurd"


def test_what_is_wrong_with_the_venue_is_said_once(bench: Bench) -> None:
    bench.market.view.set_health(MEXC, "messages arrive 3.0 s late")
    check = bench.refusal()
    assert (check.name, check.detail) == ("healthy", "mexc: messages arrive 3.0 s late")


@pytest.mark.parametrize(
    ("symbol", "status"),
    [
        ("BTC/USDT", TradingStatus.SELL_ONLY),
        ("ETH/BTC", TradingStatus.HALTED),
        ("ETH/USDT", TradingStatus.BUY_ONLY),
    ],
)
def test_every_leg_must_trade_the_way_it_goes(bench: Bench, symbol: str, status: TradingStatus) -> None:
    bench.change(symbol, status=status)
    check = bench.refusal()
    assert check.name == "healthy"
    assert symbol in check.detail


def test_a_symbol_of_a_circle_can_be_muted(bench: Bench) -> None:
    bench.policy = Policy(mute=(Mute(venues=(MEXC, MEXC), symbol="ETH/BTC"),))
    assert bench.refusal().name == "healthy"
    bench.policy = Policy(mute=(Mute(venues=(MEXC, GATE), symbol="ETH/BTC"),))
    assert bench.verdict().executable


def test_in_turn_across_venues_what_is_handed_on_has_to_move(bench: Bench) -> None:
    bench.list("ETH/USDT", GATE)
    found = cycle(venues=(MEXC, MEXC, GATE))
    verdict = bench.verdict(found)
    assert bench.find(verdict, "transfers").state is CheckState.UNKNOWN
    closed = AssetNetwork(asset=Asset("ETH"), network="ETH", deposit_open=True, withdraw_open=False)
    money = AssetNetwork(asset=Asset("USDT"), network="TRC20", deposit_open=True, withdraw_open=True)
    for venue in (MEXC, GATE):
        bench.market.view.assets.set_networks(venue, {Asset("ETH"): [closed], Asset("USDT"): [money]}, 0)
    check = bench.refusal(found)
    assert check.name == "transfers"
    assert "ETH mexc to gateio: ETH: withdrawals closed" in check.detail


def test_in_turn_across_venues_what_is_handed_on_has_to_be_one_asset(bench: Bench) -> None:
    bench.list("ETH/BTC", GATE)
    bench.list("ETH/USDT", GATE)
    found = cycle(venues=(MEXC, GATE, GATE))
    assert bench.find(bench.verdict(found), "same_quote").state is CheckState.PASS
    for venue, contract in ((MEXC, "0xaa"), (GATE, "0xbb")):
        listed = AssetNetwork(asset=Asset("BTC"), network="BSC", contract=contract)
        bench.market.view.assets.set_networks(venue, {Asset("BTC"): [listed]}, 0)
    check = bench.refusal(found)
    assert (check.name, check.detail) == ("same_quote", "BTC: two contracts on BSC: 0xaa and 0xbb")


def test_a_leg_that_buys_pays_quote_and_one_that_sells_pays_base() -> None:
    buy, _, sell = cycle().legs
    assert (pays(buy), brings(buy)) == ("USDT", "BTC")
    assert (pays(sell), brings(sell)) == ("ETH", "USDT")
    assert way(cycle().legs) == ("USDT", "BTC", "ETH", "USDT")
    assert gap(cycle().legs) is None
