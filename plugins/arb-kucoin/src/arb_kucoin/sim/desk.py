"""The order desk: what may be done with orders.

Entered by `account`, which knows whose they are; how an order reads is in `orders`.
"""

from typing import TYPE_CHECKING, Any

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import Kind, NewOrder, Order, Refused, SelfTrade, Why

from arb_kucoin.sim.orders import STP, Extras, Placement, decimal, declined, forced, named, shown, synced
from arb_kucoin.sim.spelling import Declined, invalid

if TYPE_CHECKING:
    from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["Desk"]

SECOND = 1_000_000_000

LONGEST_WORDS = 20
"""Characters of a remark or a tag."""


class Desk:
    """Every order of every account. Methods raise `Declined` for what KuCoin would refuse."""

    def __init__(self, venue: "KucoinVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        self._extras: dict[str, Extras] = {}

    def place(self, account: Account, placement: Placement) -> Order:
        """Take an order."""
        new = self._read(placement)
        try:
            order = self._trading.place(account, new)
        except Refused as refused:
            raise declined(refused, buys=new.buys) from refused
        extras = Extras(
            time_in_force=placement.time_in_force,
            cancel_after=placement.cancel_after or 0,
            remark=placement.remark,
            tags=placement.tags,
        )
        self._extras[order.id] = extras
        if extras.cancel_after > 0:
            ends_ns = self._venue.timeline.now_ns + extras.cancel_after * SECOND
            self._venue.timeline.call_at(ends_ns, lambda: self._run_out(account, order.id))
        return order

    def check(self, account: Account, placement: Placement) -> str:
        """Judge an order without taking it; return an id that no order has."""
        new = self._read(placement)
        try:
            self._trading.check(account, new)
        except Refused as refused:
            raise declined(refused, buys=new.buys) from refused
        return self._venue.order_id(0)

    def _run_out(self, account: Account, order_id: str) -> None:
        record = self._trading.register(account).by_id(order_id)
        if record is not None and record.now.is_open:
            self._trading.cancel(account, record.now)

    def _read(self, placement: Placement) -> NewOrder:
        market = self._listed(placement.symbol)
        if placement.type not in {"limit", "market"}:
            raise invalid("type")
        if placement.side not in {"buy", "sell"}:
            raise invalid("side")
        if placement.hidden or placement.iceberg:
            raise invalid("hidden")  # hidden amounts are not simulated
        for name, words in (("remark", placement.remark), ("tags", placement.tags)):
            if len(words or "") > LONGEST_WORDS:
                raise invalid(name)
        self._in_time(placement)
        kind, in_quote = Kind(placement.type), bool(placement.funds)
        if in_quote and (kind is Kind.LIMIT or placement.size):
            raise invalid("funds")
        return NewOrder(
            market=market,
            buys=placement.side == "buy",
            kind=kind,
            force=forced(placement),
            price=decimal("price", placement.price) if kind is Kind.LIMIT else None,
            size=None if in_quote else decimal("size", placement.size),
            budget=decimal("funds", placement.funds) if in_quote else None,
            client_id=named(placement.client_oid),
            self_trade=self._stp(placement.stp),
        )

    def _listed(self, name: str) -> Market:
        market = self._venue.by_pair.get(name)
        if market is None:
            raise Declined(400600, "validation.createOrder.symbolNotAvailable")
        return market

    def _in_time(self, placement: Placement) -> None:
        made, window = placement.client_timestamp, placement.allow_max_time_window
        if made is not None and window is not None and self._venue.now_ms > made + window:
            raise Declined(400100, "The order arrived after its time window.")

    def _stp(self, act: str | None) -> SelfTrade:
        if not act:
            return SelfTrade.ALLOWED
        if act not in STP:
            raise invalid("stp")
        return STP[act]

    def find(self, account: Account, market: Market, **ids: str) -> Order:
        """Return an order by its id or its client's, for showing it."""
        try:
            order = self._trading.find(account, **ids)
        except Refused as refused:
            raise declined(refused) from refused
        if order.market is not market:
            raise declined(Refused(Why.NOT_FOUND))
        return order

    def cancel(self, account: Account, market: Market, **ids: str) -> Order:
        """End an open order. One that has ended is refused like one that never was."""
        try:
            order = self._trading.find_open(account, **ids)
        except Refused as refused:
            raise declined(Refused(Why.ENDED)) from refused
        if order.market is not market:
            raise declined(Refused(Why.ENDED))
        return self._trading.cancel(account, order)

    def show(self, order: Order) -> dict[str, Any]:
        """Show an order to its client."""
        created_ms, updated_ms = self._venue.stamp(order.created_ns), self._venue.stamp(order.updated_ns)
        extras = self._extras.get(order.id, Extras())
        return shown(order, extras, created_ms=created_ms, updated_ms=updated_ms)

    def placed(self, order: Order) -> dict[str, Any]:
        """Acknowledge an order: nothing is said of what became of it."""
        return {"orderId": order.id} | ({} if order.client_id is None else {"clientOid": order.client_id})

    def settled(self, order: Order) -> dict[str, Any]:
        """Acknowledge it, and say how it stands after matching."""
        return {
            **self.placed(order),
            "orderTime": self._venue.stamp(order.created_ns),
            **synced(order),
            "matchTime": self._venue.stamp(order.updated_ns),
        }
