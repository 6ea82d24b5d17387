"""What may be asked about orders: each request is judged, then carried out on the floor, or answered from the register.

Entered by a venue's `sim.py` after it has read a request and checked who asks; what is refused comes as `Refused`,
which it says in its venue's words. Everything that happens is posted to the accounts and told to their listeners before
a call returns.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from typing import Protocol

from msgspec.structs import replace

from arb_sim.faults import FaultKind, Faults
from arb_sim.kernel.accounts import Account, Reason
from arb_sim.kernel.floor import Floor
from arb_sim.kernel.happenings import What
from arb_sim.kernel.market import Market
from arb_sim.kernel.market import Status as MarketStatus
from arb_sim.kernel.money import amount, units
from arb_sim.kernel.orders import (
    End,
    Fill,
    Force,
    Kind,
    NewOrder,
    Order,
    OrderRecord,
    Refused,
    Why,
)
from arb_sim.kernel.register import Register
from arb_sim.kernel.rules import TradingRules, filtered, read, walk
from arb_sim.timeline import Timeline

__all__ = ["Trading", "TradingVenue"]


class TradingVenue(Protocol):
    """What trading needs of its venue."""

    @property
    def timeline(self) -> Timeline:
        """Venue time."""
        ...

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        ...

    def order_id(self, number: int) -> str:
        """Make the venue's id of its order of that number."""
        ...

    def cut_account(self, account: Account) -> int:
        """Cut every connection of an account."""
        ...


class Trading:
    """Everything a venue knows of orders. Times are the timeline's; the venue's wrong clock does not touch them."""

    def __init__(
        self, venue: TradingVenue, rules: TradingRules, markets: Iterable[Market], *, first_number: int = 1
    ) -> None:
        self.rules = rules
        self.floor = Floor(
            rules,
            markets,
            now=lambda: venue.timeline.now_ns,
            order_id=venue.order_id,
            first_number=first_number,
        )
        self.accounts = self.floor.accounts
        self._venue = venue
        self._countdowns: dict[tuple[str, str | None], int] = {}
        self._armed = count(1)

    @property
    def _now(self) -> int:
        return self._venue.timeline.now_ns

    # What a `sim.py` asks for

    def check(self, account: Account, new: NewOrder) -> None:
        """Judge an order as `place` would, without placing it.

        Raises:
            Refused: it would be refused.
        """
        new.market.look()
        self._admit(account, new)

    def place(self, account: Account, new: NewOrder) -> Order:
        """Take an order: match it, let it rest, or end it. Returns it as it stands then.

        Raises:
            Refused: nothing has happened.
        """
        market, faults = new.market.look(), self._venue.faults
        if (fault := faults.order(FaultKind.ORDER_REJECTED, market)) is not None:
            raise Refused(fault.why, market)
        order = self._admit(account, new)
        if new.force is not Force.POST_ONLY and (fault := faults.order(FaultKind.PARTIAL_FILL, market)) is not None:
            self._take_away(order, fault.left)
            order = self._admit(account, new)
        record = self.floor.accept(account, order)
        if not self.floor.ends_at_once(record):
            self.floor.match(record)
        market.publish(self._now)
        if faults.order(FaultKind.DISCONNECT_AFTER_ACK, market) is not None:
            self._venue.cut_account(account)
        return record.now

    def cancel(self, account: Account, order: Order, end: End = End.CLIENT) -> Order:
        """End an open order, and return it as it stands then.

        Raises:
            Refused: it has ended already.
        """
        record = self._record(account, order)
        if not record.now.is_open:
            raise Refused(Why.ENDED, order.market, record.now)
        self.floor.withdraw(record, end)
        order.market.publish(self._now)
        return record.now

    def cancel_all(
        self, account: Account, market: Market | None = None, *, buys: bool | None = None, end: End = End.CLIENT
    ) -> list[Order]:
        """End the open orders of an account, all or those of a market or a side."""
        return [
            self.cancel(account, order, end)
            for order in self.register(account).open(market)
            if buys is None or order.buys is buys
        ]

    def change(
        self, account: Account, order: Order, *, price: Decimal | None = None, size: Decimal | None = None
    ) -> Order:
        """Give an open order another price or another size, which counts what is filled already.

        One that only becomes smaller keeps its place. One that becomes no larger than what is filled ends.

        Raises:
            Refused: it stands as before.
        """
        record = self._record(account, order)
        before, market = record.now, order.market
        if not before.is_open or before.price is None or before.size is None:
            raise Refused(Why.ENDED, market, before)
        after = self._changed(before, price, size)
        if (after.size or 0) <= before.filled:
            self.floor.withdraw(record, End.CHANGED)
        else:
            self.floor.rearrange(record, after, keeps=after.price == before.price and (after.size or 0) <= before.size)
        market.publish(self._now)
        return record.now

    def countdown(self, account: Account, timeout_ns: int, market: Market | None = None) -> int | None:
        """End the open orders of an account, of one market or all, unless asked again in time; 0 = not any more.

        Returns when it will be, None = never.
        """
        key = (account.uid, None if market is None else market.pair)
        armed = self._countdowns[key] = next(self._armed)
        if timeout_ns == 0:
            del self._countdowns[key]
            return None

        def run_out() -> None:
            if self._countdowns.get(key) == armed:
                del self._countdowns[key]
                self.cancel_all(account, market, end=End.COUNTDOWN)

        at_ns = self._now + timeout_ns
        self._venue.timeline.call_at(at_ns, run_out)
        return at_ns

    def find(self, account: Account, *, order_id: str | None = None, client_id: str | None = None) -> Order:
        """Return an order of an account by one of its ids, for showing it: it may be shown as it was a while ago.

        Raises:
            Refused: there is none, or its client id is forgotten, or the venue's reading side has not heard of it yet.
        """
        at_ns = self._read_ns(FaultKind.LOOKUP_LAG)
        record = self._find(account, order_id, client_id)
        order = None
        if record is not None:
            order = record.now if at_ns is None else record.at(at_ns)
        if order is None:
            raise Refused(Why.NOT_FOUND)
        return order

    def find_open(self, account: Account, *, order_id: str | None = None, client_id: str | None = None) -> Order:
        """Return an open order of an account by one of its ids, for doing something to it: as it stands now.

        Raises:
            Refused: NOT_FOUND, or ENDED with the order.
        """
        record = self._find(account, order_id, client_id)
        if record is None:
            raise Refused(Why.NOT_FOUND)
        if not record.now.is_open:
            raise Refused(Why.ENDED, record.now.market, record.now)
        return record.now

    def open_orders(self, account: Account, market: Market | None = None) -> list[Order]:
        """Return the open orders, oldest first; the venue's reading side may lag."""
        at_ns = self._read_ns(FaultKind.LOOKUP_LAG)
        if at_ns is None:
            return self.register(account).open(market)
        return [order for order in self.register(account).orders(market, at_ns) if order.is_open]

    def history(self, account: Account, market: Market | None = None) -> list[Order]:
        """Return every order, oldest first; the venue's history may lag."""
        return self.register(account).orders(market, self._read_ns(FaultKind.HISTORY_LAG))

    def fills(self, account: Account, market: Market | None = None, *, order_id: str | None = None) -> list[Fill]:
        """Return every fill, oldest first; the venue's history may lag."""
        return self.register(account).fills_of(market, self._read_ns(FaultKind.HISTORY_LAG), order_id)

    def rates(self, account: Account, market: Market) -> tuple[Decimal, Decimal]:
        """Return what an account pays as (maker, taker), as fractions."""
        return self.floor.rates(account, market)

    def register(self, account: Account) -> Register:
        """Return the orders of an account as they are, without any fault."""
        return self.floor.register(account)

    def deposit(self, account: Account, asset: str, value: Decimal, *, reason: Reason = Reason.DEPOSIT) -> None:
        """Bring money to an account, or take it away when it is negative."""
        moved = account.post(asset, free=amount(value), reason=reason)
        self.floor.tell(account, What.MOVED, movements=(moved,))

    # Judging an order

    def _admit(self, account: Account, new: NewOrder) -> Order:
        market, rules = new.market, self.rules
        if market.status is not MarketStatus.TRADING:
            raise Refused(Why.HALTED, market)
        order = read(account, new, self._now)
        filtered(order, rules)
        if (namesake := self.register(account).namesake(new.client_id, rules.client_ids)) is not None:
            raise Refused(Why.CLIENT_ID, market, namesake)
        self._count_open(account, market)
        if new.force is Force.POST_ONLY and rules.post_only_refused and self.floor.would_take(order):
            raise Refused(Why.WOULD_TAKE, market)
        if new.kind is Kind.MARKET and rules.market_refused and not self.floor.would_take(order):
            raise Refused(Why.NO_LIQUIDITY, market)
        if new.force is Force.FOK and rules.fill_or_kill_refused and not self.floor.fillable(order):
            raise Refused(Why.NOT_FILLABLE, market)
        order = replace(order, locked=self.floor.funds.to_begin(order, self.floor.reach(order)))
        if order.locked > account.holding(order.locked_asset).free:
            raise Refused(Why.FUNDS, market)
        return order

    def _count_open(self, account: Account, market: Market) -> None:
        rules = self.rules
        for most, only in ((rules.max_open_orders, None), (rules.max_open_orders_of_pair, market)):
            if most is not None and len(self.register(account).open(only)) >= most:
                raise Refused(Why.TOO_MANY_ORDERS, market)

    # Changing

    def _changed(self, before: Order, price: Decimal | None, size: Decimal | None) -> Order:
        market, listing = before.market, before.market.listing
        new_price = before.price if price is None else units(price, listing.price_decimals)
        if new_price is None or new_price <= 0:
            raise Refused(Why.PRICE_STEP, market, before)
        new_size = before.size if size is None else units(size, listing.size_decimals)
        if new_size is None or new_size <= 0:
            raise Refused(Why.SIZE_STEP, market, before)
        if (new_price, new_size) == (before.price, before.size):
            raise Refused(Why.NO_CHANGE, market, before)
        after = replace(before, price=new_price, size=new_size, updated_ns=self._now)
        if new_size <= before.filled:
            return after
        if market.status is not MarketStatus.TRADING:
            raise Refused(Why.HALTED, market, before)
        filtered(after, self.rules)
        if after.force is Force.POST_ONLY and self.floor.would_take(after):
            raise Refused(Why.WOULD_TAKE, market, before)
        after = replace(after, locked=self.floor.funds.to_go_on(after))
        if after.locked - before.locked > before.account.holding(before.locked_asset).free:
            raise Refused(Why.FUNDS, market, before)
        return after

    # Faults

    def _read_ns(self, kind: FaultKind) -> int | None:
        """The moment whose state is shown; None = now."""
        lag_ns = self._venue.faults.lags.get(kind, 0)
        return self._now - lag_ns if lag_ns else None

    def _find(self, account: Account, order_id: str | None, client_id: str | None) -> OrderRecord | None:
        register = self.register(account)
        if order_id is not None:
            return register.by_id(order_id)
        if client_id is None:
            return None
        kept_ns = self.rules.client_ids.forgotten_after_ns
        if self._venue.faults.forgetful:
            kept_ns = 0
        return register.by_client_id(client_id, kept_ns=kept_ns, now_ns=self._now)

    def _record(self, account: Account, order: Order) -> OrderRecord:
        record = self.register(account).by_id(order.id)
        if record is None:
            raise Refused(Why.NOT_FOUND, order.market)
        return record

    def _take_away(self, order: Order, part: float) -> None:
        """Let the street withdraw what an order is about to take, but for a part of it."""
        matching, levels = order.market.matching, list(self.floor.reach(order))
        lots, _, enough = walk(order, levels)
        if order.kind is Kind.MARKET and enough:  # it has no limit: only what it would have taken is withdrawn
            surplus = lots - int(lots * part)
        else:
            surplus = sum(size for _, size in levels) - int(lots * part)
        street = matching.asks if order.buys else matching.bids
        for price, _ in levels:
            offered = street.sizes.get(price, 0)
            gone = min(offered, surplus)
            if gone:
                matching.recede(price, offered - gone, bids=not order.buys)
                surplus -= gone
        order.market.publish(self._now)
