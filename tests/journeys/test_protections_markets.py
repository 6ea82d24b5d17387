"""A spread that is not real: what a user sees instead, over the real plugins on virtual time.

The market of each test shows a lasting edge: Gate.io's price is 1 % above MEXC's, which both fees leave 75 bps of. What
a test adds is the one reason why nobody can earn them.
"""

from decimal import Decimal
from typing import Any

import pytest
from arb_core.engine.opportunity import Mute, Policy
from arb_core.interfaces.strategy import Interest, Strategy
from arb_core.structs.book import BookFault
from arb_core.structs.market import Asset, AssetNetwork, InstrumentKind, Side, Symbol, TradingStatus, VenueName
from arb_core.structs.opportunity import CheckState, Leg, Opportunity, Plan
from arb_sim.faults import FaultKind
from arb_sim.world import Quirk

LINK = Symbol("LINK", "USDT")
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

pytestmark = pytest.mark.looptime(noop_cycles=0)


def dear(**quirk: Any):
    """Gate.io's LINK, dearer than anybody else's."""
    facts: dict[str, Any] = {"price_factor": 1.01} | quirk
    return (Quirk(exchange="gateio", symbol=LINK, **facts),)


def network(name, asset="LINK", **state: Any):
    facts: dict[str, Any] = {"deposit_open": True, "withdraw_open": True} | state
    return AssetNetwork(asset=Asset(asset), network=name, **facts)


USDT = network("ETH", "USDT")
FAIL, UNKNOWN, PASS = CheckState.FAIL, CheckState.UNKNOWN, CheckState.PASS


async def last(town, direction, seconds=6, buy="mexc", sell="gateio"):
    """The newest judgement of the direction that seems to pay."""
    seen = direction(await town.pass_(seconds), buy, sell)
    assert seen, "no edge was judged"
    return seen[-1]


async def test_lasting_edge_without_a_reason_against_it_is_executable(street, direction):
    async with street(quirks=dear()).open() as town:
        opportunity, verdict = await last(town, direction)
        assert verdict.executable, verdict
        assert 60 < opportunity.top_edge_bps < 90


# Same ticker, different asset


@pytest.mark.parametrize("factor", [8237.0, 1.31, 0.0002])
async def test_ticker_of_another_asset_is_never_executable(street, ask, factor):
    async with street(quirks=dear(price_factor=factor, contract=f"0x{'5a' * 20}")).open() as town:
        seen = await town.pass_(120)
        assert len(seen) > 100
        for _, verdict in seen:
            assert not verdict.executable
            assert verdict.refused_by == "quarantined"
        assert ask(seen[-1][1], "quarantined").state is FAIL
        assert "times apart" in ask(seen[-1][1], "quarantined").detail


async def test_two_contracts_under_one_ticker_are_named(street, ask, direction):
    async with street(quirks=dear()).open() as town:
        theirs = f"0x{'5a' * 20}"
        town.networks("mexc", network("ERC20", contract=theirs), USDT)
        town.alter("mexc", base_contract=theirs)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "same_asset"
        assert theirs in ask(verdict, "same_asset").detail
        assert town.market("gateio").listing.networks[0].contract in ask(verdict, "same_asset").detail


async def test_one_contract_proves_the_asset_at_once(street, ask):
    async with street(quirks=dear(), policy=Policy(price_window_ns=10 * HOUR)).open() as town:
        seen = await town.pass_(5)
        assert ask(seen[-1][1], "same_asset").detail.startswith("one contract 0x")
        assert seen[-1][1].executable


async def test_asset_that_nobody_proves_waits_until_its_price_has_agreed(street, ask, direction):
    policy = Policy(price_window_ns=60 * SECOND)
    async with street("binance", "gateio", quirks=dear(), policy=policy).open() as town:
        await town.until(town.all_live)
        early = direction(await town.pass_(50), "binance", "gateio")
        assert {verdict.refused_by for _, verdict in early} == {"quarantined"}
        assert {ask(verdict, "quarantined").state for _, verdict in early} == {UNKNOWN}
        _, late = await last(town, direction, 20, "binance")
        assert late.executable


async def test_two_listings_of_one_name_do_not_overwrite_each_other(street):
    # LINK against two moneys are two symbols, with two books each
    async with street(symbols=("LINK/USDT", "LINK/USDC")).open() as town:
        await town.until(town.all_live)
        assert len(list(town.watch.session.market.all_books())) == 4
        pairs = {town.watch.session.market.instrument(Symbol("LINK", money), "mexc").pair for money in ("USDT", "USDC")}
        assert pairs == {"LINKUSDT", "LINKUSDC"}


# Transfers


@pytest.mark.parametrize(
    ("mexc", "word"),
    [({"withdraw_open": False}, "withdrawals closed"), ({"deposit_open": False}, None)],
)
async def test_closed_withdrawals_refuse_where_they_are_on_the_way(street, ask, direction, mexc, word):
    async with street(quirks=dear()).open() as town:
        await town.pass_(4)
        contract = town.market("gateio").listing.networks[0].contract
        town.networks("mexc", network("ERC20", contract=contract, **mexc), USDT)
        _, verdict = await last(town, direction)
        answer = ask(verdict, "transfers")
        if word is None:  # deposits at MEXC are not on the way of LINK from MEXC to Gate.io
            assert verdict.executable
        else:
            assert verdict.refused_by == "transfers"
            assert word in answer.detail


async def test_closed_deposits_of_the_venues_own_list_refuse(street, ask, direction):
    async with street(quirks=dear(deposits=False)).open() as town:
        await town.pass_(4)
        contract = town.market("gateio").listing.networks[0].contract
        town.networks("mexc", network("ERC20", contract=contract), USDT)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "transfers"
        assert "deposits closed" in ask(verdict, "transfers").detail


async def test_transfer_state_that_nobody_publishes_is_shown_and_does_not_refuse(street, ask, direction):
    async with street(quirks=dear()).open() as town:
        _, verdict = await last(town, direction)
        assert ask(verdict, "transfers").state is UNKNOWN
        assert "does not publish" in ask(verdict, "transfers").detail
        assert verdict.executable


async def test_age_of_a_transfer_state_is_shown(street, ask, direction):
    async with street(quirks=dear(deposits=False)).open() as town:
        await town.pass_(4)
        contract = town.market("gateio").listing.networks[0].contract
        town.networks("mexc", network("ERC20", contract=contract), USDT)
        await town.pass_(200)
        _, verdict = await last(town, direction)
        assert "read 3 min ago" in ask(verdict, "transfers").detail


async def test_closed_transfers_can_be_ignored_by_who_holds_both_sides(street, ask, direction):
    policy = Policy(price_window_ns=2 * SECOND, ignore_transfers=True)
    async with street(quirks=dear(deposits=False), policy=policy).open() as town:
        await town.pass_(4)
        contract = town.market("gateio").listing.networks[0].contract
        town.networks("mexc", network("ERC20", contract=contract), USDT)
        _, verdict = await last(town, direction)
        assert verdict.executable
        assert "ignored by the settings" in ask(verdict, "transfers").detail


async def test_no_network_in_common_refuses(street, ask, direction):
    async with street(quirks=dear()).open() as town:
        await town.pass_(4)
        town.networks("mexc", network("QOM-ERC20"), USDT)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "transfers"
        assert "no network in common: QOM-ERC20 against ETH" in ask(verdict, "transfers").detail


async def test_one_network_under_two_names_is_one(street, direction):
    async with street(quirks=dear()).open() as town:
        await town.pass_(4)
        town.networks("mexc", network("ERC20"), network("Ethereum(ERC20)", "USDT"))
        state, detail = town.watch.session.market.assets.transfer("LINK", VenueName("mexc"), VenueName("gateio"))
        assert (state, detail) == (PASS, "LINK mexc to gateio: open on ERC20")
        _, verdict = await last(town, direction)
        assert verdict.executable


# Stale, paused and delisted markets


async def test_halted_symbol_is_unreadable_and_the_others_go_on(street):
    symbols = ("LINK/USDT", "ETH/USDT", "SOL/USDT")
    async with street(symbols=symbols, steps_per_s=0.5).open() as town:
        await town.until(town.all_live)
        town.fault("mexc", kind=FaultKind.HALT, pair="LINK/USDT", hold_s=900)
        await town.until(lambda: town.book("mexc").fault is BookFault.HALTED, at_most_s=400, look_s=5)
        assert town.book("mexc").quote() is None
        assert any("LINK/USDT: trading is halted" in text for text in town.told)
        before = {symbol: town.book("mexc", symbol).last_id for symbol in symbols[1:]}
        await town.pass_(30)
        for symbol in symbols[1:]:
            assert town.book("mexc", symbol).quote() is not None
            assert town.book("mexc", symbol).last_id > before[symbol]
        await town.until(lambda: town.book("mexc").quote() is not None, at_most_s=1300, look_s=5)


async def test_symbol_that_one_venue_does_not_list_is_told_and_the_others_start(street):
    town = street(symbols=("LINK/USDT", "ETH/USDT"))
    del town.simulated["gateio"].by_symbol["ETH/USDT"]
    del town.simulated["gateio"].by_pair["ETH_USDT"]
    async with town.open():
        await town.until(town.all_live)
        assert town.watch.live() == (3, 3)
        assert any("gateio" in text and "ETH/USDT" in text for text in town.told)


async def test_refused_and_ignored_subscriptions_do_not_break_the_batch(street):
    symbols = ("LINK/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
    town = street(symbols=symbols)
    town.fault("gateio", kind=FaultKind.SUBSCRIPTION_REFUSED, pair="ETH/USDT", count=1)
    town.fault("mexc", kind=FaultKind.SUBSCRIPTION_REFUSED, pair="SOL/USDT", count=1)
    town.fault("mexc", kind=FaultKind.SUBSCRIPTION_IGNORED, pair="XRP/USDT", count=1)
    async with town.open():
        await town.until(lambda: town.watch.live()[0] >= 5, at_most_s=20)
        assert any("refused book of ETH_USDT" in text for text in town.told)
        await town.until(town.all_live, at_most_s=300)


async def test_status_of_the_listing_refuses(street, ask, direction):
    async with street(quirks=dear()).open() as town:
        await town.pass_(4)
        town.alter("gateio", status=TradingStatus.BUY_ONLY)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "healthy"
        assert "takes buy orders only" in ask(verdict, "healthy").detail
        town.alter("gateio", status=TradingStatus.UNKNOWN)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "healthy"
        assert ask(verdict, "healthy").state is UNKNOWN


async def test_delisting_ahead_refuses(street, ask, direction):
    async with street(quirks=dear()).open() as town:
        await town.pass_(4)
        town.alter("gateio", delisting_ns=town.clock.now_ns() + 30 * HOUR)
        _, verdict = await last(town, direction)
        assert verdict.executable
        town.alter("gateio", delisting_ns=town.clock.now_ns() + 6 * HOUR)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "healthy"
        assert "is delisted in 6.0 h" in ask(verdict, "healthy").detail


async def test_muted_pair_of_venues_is_shown_and_refused(street, direction):
    mute = Mute(venues=(VenueName("gateio"), VenueName("mexc")), symbol="LINK/USDT")
    policy = Policy(price_window_ns=2 * SECOND, mute=(mute,))
    async with street(quirks=dear(), policy=policy).open() as town:
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "healthy"


# Frozen, premium, money, units, depth


async def test_frozen_book_with_the_connection_alive_is_refused_and_comes_back(street, ask, direction):
    async with street(quirks=dear()).open() as town:
        await town.pass_(5)
        town.fault("gateio", kind=FaultKind.FREEZE, pair="LINK/USDT", hold_s=30)
        connects = len(town.wires["gateio"].connects)
        _, verdict = await last(town, direction, 10)
        assert verdict.refused_by == "fresh"
        assert "gateio silent for" in ask(verdict, "fresh").detail
        assert len(town.wires["gateio"].connects) == connects, "the connection lives: nothing else would tell"
        _, verdict = await last(town, direction, 30)
        assert verdict.executable


async def test_edge_that_never_closes_raises_one_alarm_and_is_refused(street, ask, direction):
    policy = Policy(price_window_ns=2 * SECOND, premium_ns=2 * MINUTE)
    async with street(quirks=dear(), policy=policy, networks=False).open() as town:
        _, early = await last(town, direction, 100)
        assert early.executable
        assert not town.alarms
        _, late = await last(town, direction, 200)
        assert late.refused_by == "absurd"
        assert "structural premium" in ask(late, "absurd").detail
        assert [(alarm.name, alarm.symbol) for alarm in town.alarms] == [("structural_premium", LINK)]
        assert any(text.startswith("alarm structural_premium: LINK/USDT") for text in town.told)


async def test_edge_beyond_belief_is_refused(street, direction):
    policy = Policy(price_window_ns=2 * SECOND, price_tolerance_bps=5000)
    async with street(quirks=dear(price_factor=1.2), policy=policy).open() as town:
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "absurd"


class Between(Strategy):
    """Believes two symbols to be one: what a careless strategy would propose."""

    def __init__(self, buy, sell):
        self._buy, self._sell = buy, sell

    def start(self, market):
        self._market = market
        return Interest(symbols=(self._buy[1], self._sell[1]))

    def on_book(self, symbol, venue):
        legs = []
        for side, (name, listed) in ((Side.BUY, self._buy), (Side.SELL, self._sell)):
            book = self._market.book(listed, VenueName(name))
            quote = None if book is None else book.quote()
            if quote is None:
                return ()
            price = quote.ask if side is Side.BUY else quote.bid
            legs.append(Leg(VenueName(name), listed, side, price, 5.0, price))
        return (
            Opportunity(
                strategy="between",
                symbol=legs[0].symbol,
                legs=tuple(legs),
                plan=Plan.TOGETHER,
                edge_bps=40.0,
                size=5.0,
                profit=1.0,
                detected_ns=self._market.now_ns(),
            ),
        )


async def test_money_that_only_looks_alike_is_other_money(street, ask, direction):
    usdc = Symbol("LINK", "USDC")
    strategy = Between(("mexc", LINK), ("gateio", usdc))
    async with street(symbols=("LINK/USDT", "LINK/USDC"), strategy=strategy).open() as town:
        _, verdict = await last(town, direction, 10)
        assert verdict.refused_by == "same_quote"
        assert ask(verdict, "same_quote").detail == "USDT on mexc is not USDC on gateio"


async def test_spatial_never_compares_two_moneys(street):
    quirks = (Quirk(exchange="gateio", symbol=Symbol("LINK", "USDC"), price_factor=1.05),)
    async with street(symbols=("LINK/USDT", "LINK/USDC"), quirks=quirks).open() as town:
        for opportunity, _ in await town.pass_(10):
            assert len({leg.symbol for leg in opportunity.legs}) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"contract_size": Decimal(10)}, "one unit is 1 LINK on mexc, 10 on gateio"),
        ({"base_multiplier": Decimal(1000)}, "one unit is 1 LINK on mexc, 1000 on gateio"),
        ({"kind": InstrumentKind.PERPETUAL}, "is a perpetual on"),
    ],
)
async def test_listing_in_other_units_is_another_instrument(street, ask, direction, fields, words):
    async with street(quirks=dear()).open() as town:
        await town.pass_(4)
        town.alter("gateio", **fields)
        _, verdict = await last(town, direction)
        assert verdict.refused_by == "different_instrument"
        assert words in ask(verdict, "different_instrument").detail


async def test_bundle_of_a_thousand_is_not_the_coin(street, ask, direction):
    bundle = Symbol("1000PEPE", "USDT")
    strategy = Between(("mexc", Symbol("PEPE", "USDT")), ("gateio", bundle))
    async with street(symbols=("PEPE/USDT", "1000PEPE/USDT"), strategy=strategy).open() as town:
        _, verdict = await last(town, direction, 10)
        assert verdict.refused_by == "different_instrument"
        assert "is not the unit of" in ask(verdict, "different_instrument").detail


def lure(town, lots):
    """Put a few lots for sale at MEXC, 2 % below everybody, in a market that stands still."""
    market = town.market("mexc")
    best = market.book.bids.best
    gone = [(price, 0) for price, _ in market.book.bids if price > best * 0.979]
    town.change("mexc", gone, [(int(best * 0.98), lots)])


async def test_thin_top_of_book_counts_for_no_more_than_it_is(street, ask, direction):
    async with street(steps_per_s=0).open() as town:
        await town.until(town.all_live)
        lure(town, 1)
        opportunity, verdict = await last(town, direction, 2)
        assert opportunity.size == float(town.market("mexc").listing.lot)
        assert not verdict.executable
        assert ask(verdict, "filters").state is FAIL
        assert "below the minimum" in ask(verdict, "filters").detail


async def test_edge_is_that_of_the_whole_size_not_of_the_best_level(street, direction):
    async with street(quirks=dear(), steps_per_s=0).open() as town:
        await town.until(town.all_live)
        lure(town, town.market("mexc").listing.min_size * 40)
        opportunity, _ = await last(town, direction, 2)
        assert opportunity.top_edge_bps > opportunity.edge_bps > 0
        assert opportunity.legs[0].average < opportunity.legs[0].price
