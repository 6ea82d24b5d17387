"""Whatever clients, street and clocks do: money is conserved, priority is kept, and the book is never crossed."""

from collections import Counter
from fractions import Fraction

import pytest
from arb_sim.kernel.accounts import Reason
from arb_sim.kernel.happenings import What
from arb_sim.kernel.orders import (
    Force,
    Kind,
    NewOrder,
    Refused,
    SelfTrade,
    Status,
)
from arb_sim.kernel.rules import FeeIn, TradingRules, base_amount, quote_amount
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PAIR = "BTC-USDT"
SECOND = 1_000_000_000


class Watch:
    """Checks after every event what must hold at every event."""

    def __init__(self, venue):
        self.venue = venue
        self.trading = venue.trading
        self.market = venue.by_pair[PAIR]
        self.opened = {}
        self.accounts = [venue.account, self.trading.accounts.open("other")]
        for asset, held in venue.account.balances().items():
            self.trading.deposit(self.accounts[1], asset, held[0], reason=Reason.OPENING)
        self.market.book.watchers.append(self)
        for account in self.accounts:
            account.listeners.append(self.heard)
        self.events = 0
        self.places = {}
        """Number of an order -> its place in the queue, as it was before the step."""

    def changed(self, bids, asks):
        """The public book is never crossed, not even for a moment."""
        self.events += 1
        bid, ask = self.market.book.bids.best, self.market.book.asks.best
        assert bid is None or ask is None or bid < ask

    def heard(self, happening):
        """A fill is within the limit that its order had then; who rests is served by price, then by time."""
        if happening.what is not What.FILLED:
            return
        fill, order = happening.fill, happening.order
        if not fill.maker:
            if order.kind is Kind.LIMIT:
                assert fill.price <= order.price if fill.buys else fill.price >= order.price
            return
        assert fill.price == order.price
        mine = self.trading.floor.resting.get(order.number)
        assert mine is None or mine.ahead == 0
        for account in self.accounts:
            for other in self.trading.register(account).orders(self.market, None):
                resting = self.trading.floor.resting.get(other.number)
                if resting is None or resting.left == 0 or other.buys is not fill.buys or other.number == order.number:
                    continue
                assert other.price <= fill.price if fill.buys else other.price >= fill.price
                assert other.price != fill.price or self.places[order.number] < resting.key

    def everything_fits(self):
        self.money_is_conserved()
        self.locked_is_what_open_orders_need()
        self.statements_add_up()
        self.public_book_is_street_and_orders()
        self.fills_are_the_orders()
        self.who_rests_is_who_is_open()
        self.places = {number: resting.key for number, resting in self.trading.floor.resting.items()}

    def money_is_conserved(self):
        brought_in = Counter()
        for account in self.accounts:
            for movement in account.statement:
                if movement.reason in {Reason.OPENING, Reason.DEPOSIT, Reason.WITHDRAWAL}:
                    brought_in[movement.asset] += movement.free + movement.locked
        for asset in {asset for account in self.accounts for asset in account.holdings}:
            assert self.trading.accounts.total(asset) == brought_in[asset]

    def who_rests_is_who_is_open(self):
        orders = [order for account in self.accounts for order in self.trading.register(account).orders(None, None)]
        resting = {order.number: order.left for order in orders if order.is_open}
        assert {number: place.left for number, place in self.trading.floor.resting.items()} == resting
        assert len(self.trading.floor._at_place) == len(resting)

    def locked_is_what_open_orders_need(self):
        for account in self.accounts:
            needed = Counter()
            for order in self.trading.register(account).orders(None, None):
                if not order.is_open:
                    assert order.locked == 0
                    continue
                assert order.left > 0
                worth = quote_amount(order.market, order.left * order.price)
                need = worth if order.buys else base_amount(order.market, order.left)
                if order.buys and self.trading.rules.fee_in is FeeIn.QUOTE:
                    assert order.locked >= need * (1 + Fraction(order.market.listing.taker_fee))
                    assert order.locked < need * (1 + Fraction(order.market.listing.taker_fee)) + 1
                else:
                    assert order.locked == need
                needed[order.locked_asset] += order.locked
            for asset, holding in account.holdings.items():
                assert holding.locked == needed[asset]
                assert holding.free >= 0

    def statements_add_up(self):
        for account in self.accounts:
            totals = {}
            for movement in account.statement:
                free, locked = totals.get(movement.asset, (0, 0))
                totals[movement.asset] = free + movement.free, locked + movement.locked
                assert totals[movement.asset] == (movement.free_after, movement.locked_after)
            for asset, holding in account.holdings.items():
                assert totals.get(asset, (0, 0)) == (holding.free, holding.locked)

    def public_book_is_street_and_orders(self):
        matching = self.market.matching
        for buys, public, street in (
            (True, self.market.book.bids, matching.bids),
            (False, self.market.book.asks, matching.asks),
        ):
            expected = Counter() if street is public else Counter(street.sizes)
            ours = Counter()
            for account in self.accounts:
                for order in self.trading.register(account).orders(self.market, None):
                    if order.is_open and order.buys is buys:
                        ours[order.price] += order.left
            if street is public:
                assert not ours
                continue
            expected.update(ours)
            assert dict(expected) == public.sizes

    def fills_are_the_orders(self):
        for account in self.accounts:
            register = self.trading.register(account)
            for order in register.orders(None, None):
                fills = register.fills_of(None, None, order.id)
                assert sum(fill.size for fill in fills) == order.filled
                assert sum(fill.quote for fill in fills) == order.spent
                assert (order.status is Status.FILLED) <= (order.size in {None, order.filled})
                charged = Counter()
                for fill in fills:
                    charged[fill.fee_asset] += fill.fee
                assert dict(charged) == dict(order.fees)
                if order.budget is not None:
                    assert order.spent <= order.budget


places = st.builds(
    dict,
    do=st.just("place"),
    who=st.integers(0, 1),
    buys=st.booleans(),
    off=st.integers(-40, 40),
    lots=st.integers(1, 4000),
    force=st.sampled_from(list(Force)),
    kind=st.sampled_from([Kind.LIMIT, Kind.LIMIT, Kind.LIMIT, Kind.MARKET]),
    quote=st.booleans(),
    self_trade=st.sampled_from(list(SelfTrade)),
)
cancels = st.builds(dict, do=st.just("cancel"), who=st.integers(0, 1), which=st.integers(0, 30))
changes = st.builds(
    dict,
    do=st.just("change"),
    who=st.integers(0, 1),
    which=st.integers(0, 30),
    off=st.none() | st.integers(-40, 40),
    lots=st.none() | st.integers(1, 4000),
)
waits = st.builds(dict, do=st.just("wait"), ms=st.integers(1, 3000))
moves = st.builds(dict, do=st.just("move"), buys=st.booleans(), off=st.integers(-60, 60), lots=st.integers(0, 3000))
steps = st.lists(st.one_of(places, places, places, cancels, changes, waits, moves), min_size=1, max_size=40)


def act(watch, step):
    """Carry out one step; a refusal is an answer like another."""
    market, trading = watch.market, watch.trading
    middle = market.last_price
    tick, lot = market.listing.tick, market.listing.lot
    match step["do"]:
        case "wait":
            watch.venue.due(watch.venue.timeline.now_ns + step["ms"] * 1_000_000)
            return
        case "move":  # the street crosses itself only in a world that is broken
            price, bids, asks = max(1, middle + step["off"]), market.matching.bids, market.matching.asks
            level = ((price, step["lots"]),)
            if step["buys"] and (asks.best is None or price < asks.best):
                market.change(level, (), watch.venue.timeline.now_ns)
            elif not step["buys"] and (bids.best is None or price > bids.best):
                market.change((), level, watch.venue.timeline.now_ns)
            return
    account = watch.accounts[step["who"]]
    orders = trading.register(account).orders(None, None)
    try:
        if step["do"] == "place":
            size = step["lots"] * lot
            in_quote = step["kind"] is Kind.MARKET and step["quote"]
            trading.place(
                account,
                NewOrder(
                    market=market,
                    buys=step["buys"],
                    kind=step["kind"],
                    force=step["force"],
                    price=(middle + step["off"]) * tick,
                    size=None if in_quote else size,
                    budget=size * middle * tick if in_quote else None,
                    self_trade=step["self_trade"],
                ),
            )
        elif orders and step["do"] == "cancel":
            trading.cancel(account, orders[step["which"] % len(orders)])
        elif orders:
            trading.change(
                account,
                orders[step["which"] % len(orders)],
                price=None if step["off"] is None else (middle + step["off"]) * tick,
                size=None if step["lots"] is None else step["lots"] * lot,
            )
    except Refused:
        pass


@pytest.mark.parametrize("fee_in", list(FeeIn))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, pace=st.sampled_from([0, 20]), decimals=st.sampled_from([8, 18]))
def test_everything_fits_after_every_step(toy, fee_in, steps, pace, decimals):
    venue = toy(steps_per_s=pace, rules=TradingRules(fee_in=fee_in, fee_decimals=decimals, post_only_refused=False))
    watch = Watch(venue)
    for step in steps:
        act(watch, step)
        watch.everything_fits()
    for account in watch.accounts:
        venue.trading.cancel_all(account)
    watch.everything_fits()
    assert all(held.locked == 0 for account in watch.accounts for held in account.holdings.values())
    assert not watch.market.matching.resting
