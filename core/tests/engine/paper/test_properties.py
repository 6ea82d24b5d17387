"""Whatever is asked of a paper venue, in whatever market: money is conserved, depth is real, limits are kept."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from arb_core.engine.paper import PaperTerms
from arb_core.errors import ArbError
from arb_core.interfaces.context import TimerHandle
from arb_core.structs.account import Balance
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import Fill, LiquidityRole, Order, OrderStatus, TimeInForce
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000
BTC = Symbol("BTC", "USDT")
MEMORY_NS = 10 * SECOND
TERMINAL = {OrderStatus.FILLED, OrderStatus.CANCELED}


class HandClock:
    """Stands still until it is moved; the rooms behind the line set no timers."""

    def __init__(self) -> None:
        self.at_ns = SECOND

    def now_ns(self) -> int:
        return 1_700_000_000 * SECOND + self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns

    async def sleep(self, duration_ns: int) -> None:
        raise AssertionError("nothing here sleeps")

    def call_at(self, monotonic_ns: int, callback: Callable[[], None]) -> TimerHandle:
        raise AssertionError("nothing here waits")


class Told:
    """What the venue told, in its order."""

    def __init__(self) -> None:
        self.orders: dict[str, list[Order]] = defaultdict(list)
        self.fills: list[Fill] = []

    def order(self, order: Order) -> None:
        self.orders[order.order_id].append(order)

    def fill(self, fill: Fill) -> None:
        self.fills.append(fill)

    def balance(self, balance: Balance) -> None:
        assert balance.free >= 0
        assert balance.locked >= 0


ticks = st.integers(90, 110)
lots = st.integers(1, 40)
sides = st.sampled_from([Side.BUY, Side.SELL])
sizes = st.lists(st.integers(0, 30), min_size=10, max_size=10)
markets = st.tuples(st.just("market"), ticks, sizes, sizes)
orders = st.tuples(
    st.just("order"),
    sides,
    lots,
    st.none() | ticks,
    st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY]),
    st.booleans(),
)
cancels = st.tuples(st.just("cancel"), st.integers(0, 9))
changes = st.tuples(st.just("change"), st.integers(0, 9), ticks, lots)
pauses = st.tuples(st.just("pause"), st.integers(1, 15))
actions = st.lists(st.one_of(markets, orders, orders, orders, cancels, changes, pauses), min_size=12, max_size=40)
fee_rates = st.integers(-5, 30).map(lambda n: Decimal(n).scaleb(-4))


class Play:
    """Acts on one paper venue and checks every fill against what its book shows."""

    def __init__(self, stage: type[Any], terms: PaperTerms) -> None:
        self.clock = HandClock()
        self.stage = stage(self.clock, terms=terms)
        self.stage.list(min_notional=Decimal(0))
        self.venue = self.stage.account._paper_venue
        self.told = self.venue._teller = Told()
        self.began = {asset: each.free for asset, each in self.venue.balances().items()}
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.taken: list[tuple[int, Side, Decimal, Decimal]] = []

    def do(self, action: tuple[Any, ...]) -> None:
        kind, *rest = action
        before = len(self.told.fills)
        getattr(self, kind)(*rest)
        fills = self.told.fills[before:]
        self._check_depth(fills)
        for fill in fills:
            self._check_price(fill)
        self.check_money()

    def market(self, mid: int, bids: list[int], asks: list[int]) -> None:
        shown = [
            [(float(mid + step * (rank + 1)), float(size) / 10) for rank, size in enumerate(levels) if size]
            for step, levels in ((-1, bids), (1, asks))
        ]
        self.bids, self.asks = ({Decimal(str(p)): Decimal(str(s)) for p, s in side} for side in shown)
        self.stage.show(*shown)

    def order(self, side: Side, size: int, price: int | None, time_in_force: TimeInForce, by_quote: bool) -> None:
        quantity = Decimal(size) / 10
        amount = {"quote_quantity": quantity * 100} if by_quote and price is None else {}
        request = self.stage.request(
            side,
            None if amount else str(quantity),
            None if price is None else str(price),
            time_in_force=time_in_force,
            **amount,
        )
        before = len(self.told.fills)
        try:
            order = self.venue.place(request)
        except ArbError:
            assert len(self.told.fills) == before
            return
        fills = self.told.fills[before:]
        if time_in_force is TimeInForce.POST_ONLY:
            assert not fills
        if price is None or time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
            assert order.status in TERMINAL
        if time_in_force is TimeInForce.FOK and not amount:
            assert order.filled in {0, quantity}
        assert all(fill.role is LiquidityRole.TAKER for fill in fills)

    def cancel(self, index: int) -> None:
        if len(standing := self.venue.open_orders(None)) > index:
            self.venue.cancel(BTC, standing[index].order_id, None)

    def change(self, index: int, price: int, size: int) -> None:
        if len(standing := self.venue.open_orders(None)) > index:
            before = self.venue.balances()
            told = sum(map(len, self.told.orders.values()))
            try:
                self.venue.modify(BTC, standing[index].order_id, Decimal(price), Decimal(size) / 10)
            except ArbError:
                assert self.venue.balances() == before
                assert sum(map(len, self.told.orders.values())) == told

    def pause(self, seconds: int) -> None:
        self.clock.at_ns += seconds * SECOND

    def check_money(self) -> None:
        """Every asset is what it was at first, plus every fill and fee: exactly."""
        expected = {asset: Fraction(amount) for asset, amount in self.began.items()}
        for fill in self.told.fills:
            sign = 1 if fill.side is Side.BUY else -1
            expected["BTC"] += sign * Fraction(fill.quantity)
            expected["USDT"] -= sign * Fraction(fill.quantity) * Fraction(fill.price)
            expected[fill.fee_asset or "?"] -= Fraction(fill.fee or 0)
        held = self.venue.balances()
        for asset, amount in expected.items():
            found = held.get(asset)
            assert (0 if found is None else Fraction(found.free) + Fraction(found.locked)) == amount
            assert found is None or (found.free >= 0 and found.locked >= 0)

    def _check_depth(self, fills: list[Fill]) -> None:
        """No fill is larger than what its side of the book shows now, less what we took of the same price lately."""
        now_ns = self.clock.at_ns
        for side, shown in ((Side.BUY, self.asks), (Side.SELL, self.bids)):
            ours = [fill for fill in fills if fill.side is side]
            by_price: dict[Decimal, Decimal] = defaultdict(Decimal)
            for fill in ours:
                if fill.role is LiquidityRole.TAKER:
                    by_price[fill.price] += fill.quantity
            for price, quantity in by_price.items():
                lately = sum(q for at, s, p, q in self.taken if s is side and p == price and at + MEMORY_NS > now_ns)
                assert quantity <= max(Decimal(0), shown[price] - lately)
                self.taken.append((now_ns, side, price, quantity))
            makers = [fill for fill in ours if fill.role is LiquidityRole.MAKER]
            if makers:
                worst = max(fill.price for fill in makers) if side is Side.BUY else min(fill.price for fill in makers)
                through = sum(
                    size for price, size in shown.items() if (price <= worst if side is Side.BUY else price >= worst)
                )
                assert sum(fill.quantity for fill in makers) <= through

    def _check_price(self, fill: Fill) -> None:
        """A taker pays what a level shows, never worse than its limit; a maker gets its own price, no other."""
        order = self.told.orders[fill.order_id][-1]
        if fill.role is LiquidityRole.TAKER:
            assert fill.price in (self.asks if fill.side is Side.BUY else self.bids)
            if order.price is not None:
                assert fill.price <= order.price if fill.side is Side.BUY else fill.price >= order.price
        else:
            assert fill.price == order.price


def check_end(play: Play) -> None:
    """Everything is cancelled: nothing is locked, and what was told of each order adds up."""
    play.venue.cancel_all(None, "the end")
    play.check_money()
    assert all(balance.locked == 0 for balance in play.venue.balances().values())
    fills: dict[str, list[Fill]] = defaultdict(list)
    for fill in play.told.fills:
        fills[fill.order_id].append(fill)
    for order_id, told in play.told.orders.items():
        filled = [order.filled or Decimal(0) for order in told]
        assert filled == sorted(filled)
        assert [order.status in TERMINAL for order in told] == [False] * (len(told) - 1) + [True]
        last = told[-1]
        assert last.quantity is None or filled[-1] <= last.quantity
        assert sum(fill.quantity for fill in fills[order_id]) == last.filled
        assert sum(fill.quantity * fill.price for fill in fills[order_id]) == last.filled_quote
    assert len({(fill.order_id, fill.trade_id) for fill in play.told.fills}) == len(play.told.fills)


@given(actions=actions, taker=fee_rates, maker=fee_rates, in_quote=st.booleans())
def test_money_is_conserved_depth_is_real_and_limits_are_kept(
    new_stage: type[Any], actions: list[Any], taker: Decimal, maker: Decimal, in_quote: bool
) -> None:
    terms = PaperTerms(memory_ns=MEMORY_NS, taker=taker, maker=maker, fee_in="quote" if in_quote else "received")
    play = Play(new_stage, terms)
    play.do(("market", 100, [10] * 10, [10] * 10))
    for action in actions:
        play.do(action)
    check_end(play)


def test_so_it_is_in_long_storms(new_stage: type[Any]) -> None:
    roles: dict[LiquidityRole, int] = defaultdict(int)
    for seed in range(10):
        random = Random(seed)
        play = Play(new_stage, PaperTerms(memory_ns=MEMORY_NS, fee_in=random.choice(["received", "quote"])))
        play.do(("market", 100, [10] * 10, [10] * 10))
        for _ in range(250):
            play.do(_drawn(random))
        check_end(play)
        for fill in play.told.fills:
            roles[fill.role] += 1
    print(f"{roles[LiquidityRole.TAKER]} fills taken, {roles[LiquidityRole.MAKER]} made")
    assert min(roles[LiquidityRole.TAKER], roles[LiquidityRole.MAKER]) > 200


def _drawn(random: Random) -> tuple[Any, ...]:
    def levels() -> list[int]:
        return [random.choice([0, 1, 5, 30]) for _ in range(10)]

    kind = random.choice(["market", "market", "order", "order", "order", "cancel", "change", "pause"])
    if kind == "market":
        return kind, random.randint(92, 108), levels(), levels()
    if kind == "order":
        price = random.choice([None, *range(92, 109)])
        time_in_force = random.choice(
            [TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY]
        )
        side = random.choice([Side.BUY, Side.SELL])
        return kind, side, random.randint(1, 40), price, time_in_force, random.random() < 0.5
    if kind == "cancel":
        return kind, random.randrange(5)
    if kind == "change":
        return kind, random.randrange(5), random.randint(92, 108), random.randint(1, 40)
    return kind, random.randint(1, 8)


@given(shown=st.lists(st.integers(1, 30), min_size=1, max_size=30), wanted=st.lists(lots, min_size=1, max_size=30))
def test_within_the_memory_all_orders_together_get_no_more_than_was_ever_shown(
    new_stage: type[Any], shown: list[int], wanted: list[int]
) -> None:
    play = Play(new_stage, PaperTerms(memory_ns=MEMORY_NS, taker=Decimal(0)))
    for step, size in enumerate(wanted):
        play.do(("market", 100, [10], [shown[step % len(shown)]]))
        play.do(("order", Side.BUY, size, 101, TimeInForce.IOC, False))
    assert sum(fill.quantity for fill in play.told.fills) <= Decimal(max(shown)) / 10
