"""Orders as a venue takes them: filters, forces, client ids, the queue, fees, changes, and what is told of it."""

from decimal import Decimal

import pytest
from arb_sim.kernel.access import Permission, keys
from arb_sim.kernel.accounts import Reason
from arb_sim.kernel.happenings import What
from arb_sim.kernel.market import Status as MarketStatus
from arb_sim.kernel.money import amount, exact, share
from arb_sim.kernel.orders import ClientIds, End, Force, Kind, NewOrder, Refused, SelfTrade, Status, Unique, Why
from arb_sim.kernel.rules import Band, FeeIn, TradingRules

PAIR = "BTC-USDT"
SECOND = 1_000_000_000


class Desk:
    """An account on a market that stands still, but for what the test does to it: bids 99, 98..., asks 101, 102..."""

    def __init__(self, venue, account=None):
        self.venue = venue
        self.trading = venue.trading
        self.market = venue.by_pair[PAIR]
        self.account = account or venue.account
        self.told = []
        self.account.listeners.append(self.told.append)

    def lay(self, bids=(), asks=()):
        """Let the street offer exactly these levels, in ticks and lots."""
        matching, now_ns = self.market.matching, self.venue.timeline.now_ns
        self.market.change(
            [(price, 0) for price, _ in matching.bids], [(price, 0) for price, _ in matching.asks], now_ns
        )
        self.market.change(bids, asks, now_ns)
        self.market.last_price = 10_000_000
        return self

    def order(self, buys, price, lots, **more):
        listing = self.market.listing
        return NewOrder(
            market=self.market,
            buys=buys,
            price=None if price is None else price * listing.tick,
            size=None if lots is None else lots * listing.lot,
            **more,
        )

    def place(self, buys, price, lots, **more):
        return self.trading.place(self.account, self.order(buys, price, lots, **more))

    def refuse(self, buys, price, lots, **more):
        with pytest.raises(Refused) as refused:
            self.place(buys, price, lots, **more)
        return refused.value.why

    def state(self, order):
        return self.trading.find(self.account, order_id=order.id)

    def free(self, asset):
        return exact(self.account.holding(asset).free)

    def locked(self, asset):
        return exact(self.account.holding(asset).locked)


@pytest.fixture
def desk(toy):
    """Ticks are cents, lots 10^-6 BTC; the market stands at 100 000.00."""

    def make(**rules):
        desk = Desk(toy(steps_per_s=0, rules=TradingRules(**rules)))
        assert (desk.market.listing.price_decimals, desk.market.listing.size_decimals) == (2, 6)
        return desk.lay([(9_900_000, 5_000), (9_800_000, 5_000)], [(10_100_000, 5_000), (10_200_000, 5_000)])

    return make


def test_order_that_rests_is_shown_locked_and_told(desk):
    desk = desk()
    usdt = desk.free("USDT")
    order = desk.place(True, 9_950_000, 2_000)
    assert (order.status, order.left, desk.market.book.bids.best) == (Status.OPEN, 2_000, 9_950_000)
    assert (usdt - desk.free("USDT"), desk.locked("USDT")) == (Decimal(199), Decimal(199))
    assert [told.what for told in desk.told] == [What.PLACED, What.MOVED, What.RESTED]
    assert desk.trading.open_orders(desk.account) == [order]
    assert desk.market.watched == 1  # it moves, although nobody follows it


def test_order_takes_the_best_levels_first_and_rests_with_the_rest(desk):
    desk = desk()
    printed = desk.market.last_number
    order = desk.place(True, 10_150_000, 7_000)
    assert (order.filled, order.left, order.is_open) == (5_000, 2_000, True)
    happened = [told.what for told in desk.told if told.what is not What.MOVED]
    assert happened == [What.PLACED, What.FILLED, What.RESTED]
    assert desk.market.book.asks.best == 10_200_000
    assert desk.market.book.bids.top(1) == [(10_150_000, 2_000)]
    assert [(p.price, p.size, p.taker_buys) for p in desk.market.since(printed)] == [(10_100_000, 5_000, True)]
    assert desk.locked("USDT") == Decimal(203)  # 0.002 at 101 500; what the first part was cheaper is free again


def test_fee_is_taken_from_what_is_received(desk):
    desk = desk()
    btc = desk.free("BTC")
    desk.place(True, 10_100_000, 1_000)
    assert desk.free("BTC") - btc == Decimal("0.001") * (1 - Decimal("0.001"))
    usdt = desk.free("USDT")
    desk.place(False, 9_900_000, 1_000)
    assert desk.free("USDT") - usdt == Decimal(99) * (1 - Decimal("0.001"))


def test_fee_in_quote_is_locked_beside_the_price(desk):
    desk = desk(fee_in=FeeIn.QUOTE)
    order = desk.place(True, 9_950_000, 2_000)
    assert desk.locked("USDT") == Decimal("199.199")
    btc, usdt = desk.free("BTC"), desk.free("USDT")
    desk.trading.cancel(desk.account, order)
    assert desk.free("USDT") - usdt == Decimal("199.199")
    desk.place(True, 10_100_000, 1_000)
    assert desk.free("BTC") - btc == Decimal("0.001")
    assert [fill.fee_asset for fill in desk.trading.fills(desk.account)] == ["USDT"]


def test_account_may_have_rates_of_its_own_and_a_maker_a_rebate(desk):
    desk = desk()
    desk.account.fees[PAIR] = (Decimal("-0.0001"), Decimal("0.0004"))
    desk.place(True, 9_950_000, 2_000)
    desk.market.change((), [(9_940_000, 2_000)], desk.venue.timeline.now_ns)
    (fill,) = desk.trading.fills(desk.account)
    assert (fill.maker, exact(fill.fee), fill.fee_asset) == (True, Decimal("-0.0000002"), "BTC")
    assert desk.trading.accounts.house.holding("BTC").total == fill.fee


def test_fees_are_cut_where_the_venue_cuts_them(desk):
    desk = desk(fee_decimals=4)
    desk.place(False, 9_900_000, 1_001)
    (fill,) = desk.trading.fills(desk.account)
    assert exact(fill.fee) == Decimal("0.0990")  # of 0.099099
    assert share(amount(Decimal("0.19")), 10**11, 1) == 0


@pytest.mark.parametrize(
    ("buys", "price", "lots", "why"),
    [
        (True, 9_900_000, 0, Why.SIZE_STEP),
        (True, 9_900_000, Decimal("1.5"), Why.SIZE_STEP),
        (True, Decimal("9900000.5"), 1_000, Why.PRICE_STEP),
        (True, -1, 1_000, Why.PRICE_STEP),
        (True, 9_900_000, 1, Why.SIZE_TOO_SMALL),
        (True, 1_000, 1_000, Why.NOTIONAL_TOO_SMALL),
        (True, 9_900_000, 100_000_000, Why.FUNDS),
        (False, 9_900_000, 100_000_000, Why.FUNDS),
    ],
)
def test_filters_refuse_and_nothing_happens(desk, buys, price, lots, why):
    desk = desk()
    before = len(desk.account.statement)
    assert desk.refuse(buys, price, lots) is why
    assert (len(desk.account.statement), desk.told, desk.trading.history(desk.account)) == (before, [], [])


def test_order_may_be_worth_exactly_the_least(desk):
    desk = desk()
    least = desk.market.listing.min_notional
    assert desk.place(True, 5_000_000, least * 1_000_000 / 50_000).is_open
    assert desk.refuse(True, 4_999_999, least * 1_000_000 / 50_000) is Why.NOTIONAL_TOO_SMALL


def test_rules_of_the_venue_refuse_too(desk):
    bounded = desk(
        max_notional=Decimal(1_000),
        max_market_notional=Decimal(100),
        max_open_orders=2,
        band=Band(buy_up=Decimal("1.05")),
    )
    assert bounded.refuse(True, 9_900_000, 20_000) is Why.NOTIONAL_TOO_LARGE
    assert bounded.refuse(True, None, 2_000, kind=Kind.MARKET) is Why.NOTIONAL_TOO_LARGE
    assert bounded.refuse(True, 10_600_000, 1_000) is Why.PRICE_BAND
    for price in (9_900_000, 9_800_000):
        bounded.place(True, price, 1_000)
    assert bounded.refuse(True, 9_700_000, 1_000) is Why.TOO_MANY_ORDERS


def test_halted_market_takes_cancellations_only(desk):
    desk = desk()
    order = desk.place(True, 9_950_000, 1_000)
    desk.market.set_status(MarketStatus.HALTED)
    assert desk.refuse(True, 9_950_000, 1_000) is Why.HALTED
    assert desk.trading.cancel(desk.account, order).end is End.CLIENT
    assert desk.market.book.bids.best == 9_900_000


def test_test_order_is_judged_and_not_placed(desk):
    desk = desk()
    desk.trading.check(desk.account, desk.order(True, 9_950_000, 1_000))
    with pytest.raises(Refused):
        desk.trading.check(desk.account, desk.order(True, 9_950_000, 1))
    assert (desk.told, desk.trading.history(desk.account)) == ([], [])


# Forces


def test_rest_of_an_immediate_order_ends(desk):
    desk = desk()
    order = desk.place(True, 10_100_000, 7_000, force=Force.IOC)
    assert (order.filled, order.status, order.end, desk.locked("USDT")) == (5_000, Status.ENDED, End.IOC, 0)
    assert [told.what for told in desk.told if told.what is not What.MOVED] == [What.PLACED, What.FILLED, What.ENDED]


@pytest.mark.parametrize("refused", [True, False])
def test_fill_or_kill_fills_whole_or_not_at_all(desk, refused):
    desk = desk(fill_or_kill_refused=refused)
    assert desk.place(True, 10_200_000, 10_000, force=Force.FOK).status is Status.FILLED
    desk.lay([], [(10_100_000, 5_000)])
    if refused:
        assert desk.refuse(True, 10_200_000, 5_001, force=Force.FOK) is Why.NOT_FILLABLE
    else:
        order = desk.place(True, 10_200_000, 5_001, force=Force.FOK)
        assert (order.filled, order.end) == (0, End.FOK)
    assert desk.market.book.asks.top(1) == [(10_100_000, 5_000)]


@pytest.mark.parametrize("refused", [True, False])
def test_post_only_never_takes(desk, refused):
    desk = desk(post_only_refused=refused)
    if refused:
        assert desk.refuse(True, 10_100_000, 1_000, force=Force.POST_ONLY) is Why.WOULD_TAKE
    else:
        order = desk.place(True, 10_100_000, 1_000, force=Force.POST_ONLY)
        assert (order.filled, order.end, desk.locked("USDT")) == (0, End.POST_ONLY, 0)
    assert desk.place(True, 10_099_999, 1_000, force=Force.POST_ONLY).is_open


def test_market_order_by_size_takes_what_is_there(desk):
    desk = desk()
    order = desk.place(False, None, 6_000, kind=Kind.MARKET)
    assert (order.status, order.spent) == (Status.FILLED, 9_900_000 * 5_000 + 9_800_000 * 1_000)
    order = desk.place(False, None, 6_000, kind=Kind.MARKET)
    assert (order.status, order.end, order.filled, desk.locked("BTC")) == (Status.ENDED, End.NO_LIQUIDITY, 4_000, 0)


@pytest.mark.parametrize("refused", [True, False])
def test_market_order_that_finds_nothing(desk, refused):
    desk = desk(market_refused=refused).lay()
    if refused:
        assert desk.refuse(True, None, 6_000, kind=Kind.MARKET) is Why.NO_LIQUIDITY
    else:
        assert desk.place(True, None, 6_000, kind=Kind.MARKET).end is End.NO_LIQUIDITY


def test_market_order_by_budget_spends_what_buys_whole_lots(desk):
    desk = desk()
    usdt = desk.free("USDT")
    order = desk.place(True, None, None, kind=Kind.MARKET, budget=Decimal("606.15"))
    # 0.005 at 101 000 leave 101.15, which buy 991 lots of 0.102 USDT
    assert (order.status, order.filled) == (Status.FILLED, 5_000 + 991)
    assert usdt - desk.free("USDT") == 505 + 991 * Decimal("0.102")
    assert desk.locked("USDT") == 0


def test_market_sale_by_budget_earns_no_more_than_it(desk):
    desk = desk()
    order = desk.place(False, None, None, kind=Kind.MARKET, budget=Decimal(500))
    assert (order.status, order.filled, order.spent) == (Status.FILLED, 5_051, 9_900_000 * 5_000 + 9_800_000 * 51)


# The queue


def test_who_stood_there_first_is_served_first(desk):
    desk = desk()
    ours = desk.place(True, 9_900_000, 1_000)  # behind 5 000 of the street
    desk.market.change([(9_900_000, 9_000)], (), desk.venue.timeline.now_ns)  # 4 000 more come behind
    now_ns = desk.venue.timeline.now_ns
    assert desk.market.trade(9_900_000, 4_500, now_ns, taker_buys=False) == 4_500
    assert desk.state(ours).filled == 0
    assert desk.market.trade(9_900_000, 800, now_ns, taker_buys=False) == 500
    assert desk.state(ours).filled == 300
    assert desk.market.trade(9_900_000, 1_000, now_ns, taker_buys=False) == 300
    assert desk.state(ours).status is Status.FILLED


def test_order_at_a_better_price_is_served_before_the_street(desk):
    desk = desk()
    ours = desk.place(True, 9_950_000, 1_000)
    printed = desk.market.last_number
    desk.market.trade(9_900_000, 1_500, desk.venue.timeline.now_ns, taker_buys=False)
    assert desk.state(ours).status is Status.FILLED
    assert [(p.price, p.size) for p in desk.market.since(printed)] == [(9_900_000, 500), (9_950_000, 1_000)]


def test_what_the_street_withdraws_it_withdraws_from_behind(desk):
    desk = desk()
    ours = desk.place(True, 9_900_000, 1_000)
    desk.market.change([(9_900_000, 200)], (), desk.venue.timeline.now_ns)
    desk.market.trade(9_900_000, 300, desk.venue.timeline.now_ns, taker_buys=False)
    assert desk.state(ours).filled == 100


def test_market_that_moves_through_an_order_fills_it_at_its_own_price(desk):
    desk = desk()
    ours = desk.place(True, 9_950_000, 3_000)
    desk.market.change([(9_900_000, 0)], [(9_930_000, 2_000)], desk.venue.timeline.now_ns)
    (fill,) = desk.trading.fills(desk.account)
    assert (fill.price, fill.size, fill.maker) == (9_950_000, 2_000, True)
    assert desk.market.book.asks.best == 10_100_000  # what the street brought is used up
    desk.market.change((), [(9_930_000, 2_000)], desk.venue.timeline.now_ns)
    assert desk.state(ours).status is Status.FILLED
    assert desk.market.book.asks.top(1) == [(9_930_000, 1_000)]
    assert desk.market.watched == 0


def test_market_that_moves_up_fills_an_offer(desk):
    desk = desk()
    ours = desk.place(False, 10_050_000, 3_000)
    desk.market.change([(10_070_000, 2_000)], [(10_100_000, 0)], desk.venue.timeline.now_ns)
    (fill,) = desk.trading.fills(desk.account)
    assert (fill.price, fill.size, fill.maker) == (10_050_000, 2_000, True)
    assert (desk.state(ours).left, desk.market.book.bids.best) == (1_000, 9_900_000)


def test_two_accounts_trade_with_each_other(desk):
    desk = desk()
    other = Desk(desk.venue, desk.trading.accounts.open("other"))
    desk.trading.deposit(other.account, "BTC", Decimal(1))
    maker = desk.place(True, 10_000_000, 2_000)
    taker = other.place(False, 9_950_000, 3_000)
    assert desk.state(maker).status is Status.FILLED
    assert (taker.filled, taker.left, desk.market.book.asks.best) == (2_000, 1_000, 9_950_000)
    ((bought,), (sold,)) = desk.trading.fills(desk.account), desk.trading.fills(other.account)
    assert (bought.number, bought.price, bought.maker) == (sold.number, 10_000_000, True)
    assert other.free("USDT") == Decimal(200) * (1 - Decimal("0.001"))
    assert all(desk.trading.accounts.street.holding(asset).total == 0 for asset in ("BTC", "USDT"))


@pytest.mark.parametrize(
    ("mode", "taker_end", "maker_end"),
    [
        (SelfTrade.ALLOWED, End.FILLED, End.FILLED),
        (SelfTrade.CANCEL_TAKER, End.SELF_TRADE, None),
        (SelfTrade.CANCEL_MAKER, End.FILLED, End.SELF_TRADE),
        (SelfTrade.CANCEL_BOTH, End.SELF_TRADE, End.SELF_TRADE),
    ],
)
def test_account_that_meets_itself(desk, mode, taker_end, maker_end):
    desk = desk()
    maker = desk.place(False, 10_050_000, 1_000)
    taker = desk.place(True, 10_100_000, 1_000, self_trade=mode)
    assert (taker.end, desk.state(maker).end) == (taker_end, maker_end)
    assert [fill.self_trade for fill in desk.trading.fills(desk.account)] == {
        SelfTrade.ALLOWED: [True, True],
        SelfTrade.CANCEL_MAKER: [False],
    }.get(mode, [])


def test_market_sale_never_pays_more_than_it_locked(desk):
    """Its own bid gives way, so that it is paid less than it looked when it locked."""
    desk = desk()
    desk.place(True, 10_050_000, 5_000)
    order = desk.place(False, None, None, kind=Kind.MARKET, budget=Decimal("502.5"), self_trade=SelfTrade.CANCEL_MAKER)
    assert (order.filled, order.spent, order.end) == (5_000, 9_900_000 * 5_000, End.NO_LIQUIDITY)
    assert desk.locked("BTC") == 0


# Ids


@pytest.mark.parametrize(("unique", "open_too", "ended_too"), [("never", 1, 1), ("open", 0, 1), ("ever", 0, 0)])
def test_client_id_may_come_again_as_the_venue_has_it(desk, unique, open_too, ended_too):
    desk = desk(client_ids=ClientIds(unique=Unique(unique)))
    first = desk.place(True, 9_950_000, 1_000, client_id="a")

    def again():
        return desk.place(True, 9_950_000, 1_000, client_id="a")

    if open_too:
        assert again().id != first.id
        desk.trading.cancel_all(desk.account)
    else:
        with pytest.raises(Refused) as refused:
            again()
        assert (refused.value.why, refused.value.order.id) == (Why.CLIENT_ID, first.id)
        desk.trading.cancel(desk.account, first)
    if ended_too:
        assert again().id != first.id
    else:
        assert desk.refuse(True, 9_950_000, 1_000, client_id="a") is Why.CLIENT_ID


@pytest.mark.parametrize(("kept_s", "found_after_s"), [(0, []), (10, [1, 9]), (None, [1, 9, 11])])
def test_client_id_finds_an_ended_order_as_long_as_the_venue_remembers(desk, kept_s, found_after_s):
    desk = desk(client_ids=ClientIds(forgotten_after_ns=None if kept_s is None else kept_s * SECOND))
    order = desk.place(True, 9_950_000, 1_000, client_id="a")
    assert desk.trading.find(desk.account, client_id="a") == order
    desk.trading.cancel(desk.account, order)
    ended_ns = desk.venue.timeline.now_ns
    for after_s in (1, 9, 11):
        desk.venue.due(ended_ns + after_s * SECOND)
        if after_s in found_after_s:
            assert desk.trading.find(desk.account, client_id="a").end is End.CLIENT
            continue
        with pytest.raises(Refused) as refused:
            desk.trading.find(desk.account, client_id="a")
        assert refused.value.why is Why.NOT_FOUND
    assert desk.state(order).end is End.CLIENT  # its own id finds it for ever


def test_nobody_finds_the_orders_of_another(desk):
    desk = desk()
    order = desk.place(True, 9_950_000, 1_000, client_id="a")
    other = desk.trading.accounts.open("other")
    for ids in ({"order_id": order.id}, {"client_id": "a"}):
        with pytest.raises(Refused) as refused:
            desk.trading.find_open(other, **ids)
        assert refused.value.why is Why.NOT_FOUND


def test_ended_order_is_refused_as_such(desk):
    desk = desk()
    order = desk.place(True, 10_100_000, 1_000)
    for call in (desk.trading.cancel, desk.trading.change):
        with pytest.raises(Refused) as refused:
            call(desk.account, order)
        assert (refused.value.why, refused.value.order.end) == (Why.ENDED, End.FILLED)


# Changing


def test_order_that_becomes_smaller_keeps_its_place(desk):
    desk = desk()
    first = desk.place(True, 9_950_000, 2_000)
    second = desk.place(True, 9_950_000, 2_000)
    desk.trading.change(desk.account, first, size=Decimal("0.001"))
    assert desk.locked("USDT") == Decimal("298.5")
    desk.market.trade(9_950_000, 1_500, desk.venue.timeline.now_ns, taker_buys=False)
    assert (desk.state(first).status, desk.state(second).filled) == (Status.FILLED, 500)


@pytest.mark.parametrize("how", [{"size": Decimal("0.003")}, {"price": Decimal("99499.99")}])
def test_order_that_becomes_larger_or_moves_goes_behind(desk, how):
    desk = desk()
    first = desk.place(True, 9_950_000, 2_000)
    second = desk.place(True, 9_950_000, 2_000)
    desk.trading.change(desk.account, first, **how)
    desk.market.trade(9_950_000, 1_500, desk.venue.timeline.now_ns, taker_buys=False)
    assert (desk.state(first).filled, desk.state(second).filled) == (0, 1_500)


def test_change_may_take_and_end(desk):
    desk = desk()
    order = desk.place(True, 9_950_000, 2_000)
    after = desk.trading.change(desk.account, order, price=Decimal(101_000))
    assert (after.status, after.spent) == (Status.FILLED, 10_100_000 * 2_000)
    order = desk.place(True, 9_950_000, 2_000)
    desk.market.trade(9_950_000, 500, desk.venue.timeline.now_ns, taker_buys=False)
    after = desk.trading.change(desk.account, order, size=Decimal("0.0005"))
    assert (after.filled, after.end, desk.locked("USDT")) == (500, End.CHANGED, 0)


def test_change_that_is_none_or_too_dear_leaves_the_order_as_it_was(desk):
    desk = desk()
    order = desk.place(True, 9_950_000, 2_000)
    for how, why in (
        ({}, Why.NO_CHANGE),
        ({"size": Decimal(1_000)}, Why.FUNDS),
        ({"price": Decimal(0)}, Why.PRICE_STEP),
    ):
        with pytest.raises(Refused) as refused:
            desk.trading.change(desk.account, order, **how)
        assert refused.value.why is why
    assert desk.state(order) == order


# Countdown, statement, keys


def test_countdown_that_is_not_renewed_ends_open_orders(desk):
    desk = desk()
    order = desk.place(True, 9_950_000, 1_000)
    start_ns = desk.venue.timeline.now_ns
    assert desk.trading.countdown(desk.account, 5 * SECOND) == start_ns + 5 * SECOND
    desk.venue.due(start_ns + 4 * SECOND)
    desk.trading.countdown(desk.account, 5 * SECOND, desk.market)
    desk.trading.countdown(desk.account, 5 * SECOND)
    desk.venue.due(start_ns + 8 * SECOND)
    assert desk.state(order).is_open
    assert desk.trading.countdown(desk.account, 0, desk.market) is None
    desk.venue.due(start_ns + 9 * SECOND)
    assert desk.state(order).end is End.COUNTDOWN
    assert desk.market.book.bids.best == 9_900_000


def test_statement_tells_every_movement_with_its_reason(desk):
    desk = desk()
    opened = len(desk.account.statement)
    order = desk.place(True, 10_150_000, 6_000)
    desk.trading.cancel(desk.account, order)
    moved = [(m.reason, m.asset, exact(m.free), exact(m.locked)) for m in desk.account.statement[opened:]]
    assert moved == [
        (Reason.ORDER_PLACED, "USDT", Decimal(-609), Decimal(609)),
        (Reason.TRADE, "USDT", Decimal("2.5"), Decimal("-507.5")),
        (Reason.TRADE, "BTC", Decimal("0.005"), Decimal(0)),
        (Reason.FEE, "BTC", Decimal("-0.000005"), Decimal(0)),
        (Reason.ORDER_ENDED, "USDT", Decimal("101.5"), Decimal("-101.5")),
    ]
    assert {m.order for m in desk.account.statement[opened:]} == {order.id}


def test_account_opens_with_a_hundred_of_the_smallest_orders_on_either_side(toy):
    venue = toy(steps_per_s=0)
    for market in venue.by_pair.values():
        listing = market.listing
        smallest = max(listing.min_size * listing.lot, listing.min_notional / (market.last_price * listing.tick))
        lots = int(smallest / listing.lot) + 1
        for buys, price in ((True, market.book.bids.best), (False, market.book.asks.best)):
            for _ in range(100):
                new = NewOrder(market=market, buys=buys, price=price * listing.tick, size=lots * listing.lot)
                assert venue.trading.place(venue.account, new).is_open


def test_several_keys_reach_one_account(toy):
    venue = toy()
    reading = venue.key_ring.issue(
        venue.account, keys("toy", 7, passphrase=True, number=1), permissions=frozenset({Permission.READ})
    )
    trading = venue.key_ring.find(venue.keys.api_key)
    assert reading.account is trading.account is venue.account
    assert (reading.may(Permission.TRADE), trading.may(Permission.TRADE), trading.may(Permission.WITHDRAW)) == (0, 1, 0)
    assert reading.passphrase
    assert venue.keys.passphrase is None
    assert reading.api_secret not in repr(reading)
    assert venue.keys.api_secret not in repr(venue.keys)
    venue.key_ring.revoke(reading.api_key)
    assert venue.key_ring.find(reading.api_key) is None
