"""The order desk: what may be done with orders, whether it is asked for by request or over the socket.

Entered by `account` and `order_entry`, which know whose orders they are; how an order reads is in `orders`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import units
from arb_sim.kernel.orders import Kind, NewOrder, Order, Refused, Why

from arb_bybit.sim.market_data import most_lots
from arb_bybit.sim.orders import (
    BASE,
    QUOTE,
    Amendment,
    Cancellation,
    Cancellations,
    Placement,
    decimal,
    declined,
    forced,
    labelled,
    prevented,
    shown,
    wrong,
)
from arb_bybit.sim.spelling import Declined, invalid, page, span

if TYPE_CHECKING:
    from arb_bybit.sim.venue import BybitVenue

__all__ = ["WEEK_MS", "Desk"]

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS

RECENT = 500
"""How many of the orders that ended last are still among those in real time."""

KINDS = {"Limit": Kind.LIMIT, "Market": Kind.MARKET}
SIDES = {"Buy": True, "Sell": False}


class Desk:
    """Every order of every account. Methods raise `Declined` for what Bybit would refuse."""

    def __init__(self, venue: "BybitVenue") -> None:
        self._venue = venue
        self._trading = venue.trading

    def place(self, account: Account, wanted: Placement) -> dict[str, Any]:
        """Take an order, and say no more than what it is called: what becomes of it is told elsewhere."""
        new = self._read(wanted)
        self._bounded(new, wanted)
        try:
            order = self._trading.place(account, new)
        except Refused as refused:
            raise declined(refused, buys=new.buys, kind=new.kind) from refused
        return _ids(order)

    def _read(self, wanted: Placement) -> NewOrder:
        market = self.market(wanted.category, wanted.symbol)
        kind, buys = KINDS.get(wanted.order_type), SIDES.get(wanted.side)
        if kind is None:
            raise Declined(170115, "Invalid order type.")
        if buys is None:
            raise Declined(170116, "Invalid side.")
        if wanted.order_filter not in {None, "", "Order"}:
            raise wrong("orderFilter")  # orders that wait for a price are not simulated
        if wanted.is_leverage:
            raise wrong("isLeverage")  # nor is borrowing
        unit = ""
        if kind is Kind.MARKET:
            unit = wanted.market_unit or (QUOTE if buys else BASE)
            if unit not in {BASE, QUOTE}:
                raise wrong("marketUnit")
        qty = decimal("qty", wanted.qty)
        return NewOrder(
            market=market,
            buys=buys,
            kind=kind,
            force=forced(kind, wanted.time_in_force),
            price=decimal("price", wanted.price) if kind is Kind.LIMIT else None,
            size=None if unit == QUOTE else qty,
            budget=qty if unit == QUOTE else None,
            client_id=labelled(wanted.order_link_id),
            self_trade=prevented(wanted.smp_type),
            note=unit,
        )

    def _bounded(self, new: NewOrder, wanted: Placement) -> None:
        """Refuse an order that is larger or finer than its market takes."""
        listing = new.market.listing
        if new.budget is not None and units(new.budget, listing.price_decimals + listing.size_decimals) is None:
            raise declined(Refused(Why.SIZE_STEP, new.market), kind=new.kind)
        most = most_lots(new.market, "PostOnly" if wanted.time_in_force == "PostOnly" else wanted.order_type)
        if new.size is not None and new.size > most * listing.lot:
            raise declined(Refused(Why.SIZE_TOO_LARGE, new.market))

    def amend(self, account: Account, wanted: Amendment) -> dict[str, Any]:
        """Give an open order another price, another amount or both."""
        market = self.market(wanted.category, wanted.symbol)
        order = self._open(account, wanted, market)
        price = None if wanted.price is None else decimal("price", wanted.price)
        size = None if wanted.qty is None else decimal("qty", wanted.qty)
        if size is not None and size <= order.filled * market.listing.lot:
            raise invalid("params error: qty is not more than what is filled")
        try:
            return _ids(self._trading.change(account, order, price=price, size=size))
        except Refused as refused:
            raise declined(refused, buys=order.buys) from refused

    def cancel(self, account: Account, wanted: Cancellation) -> dict[str, Any]:
        """End an open order."""
        market = self.market(wanted.category, wanted.symbol)
        order = self._open(account, wanted, market)
        try:
            return _ids(self._trading.cancel(account, order))
        except Refused as refused:  # it has ended between
            raise declined(refused) from refused

    def cancel_all(self, account: Account, wanted: Cancellations) -> dict[str, Any]:
        """End every open order: of a symbol, of a base asset, or of all."""
        self.only_spot(wanted.category)
        market = self.market(wanted.category, wanted.symbol) if wanted.symbol else None
        markets = (
            [each for each in self._venue.by_pair.values() if each.listing.symbol.base == wanted.base_coin]
            if wanted.base_coin and market is None
            else [market]
        )
        ended = [order for each in markets for order in self._trading.cancel_all(account, each)]
        return {"list": [_ids(order) for order in ended], "success": "1"}

    def realtime(self, account: Account, params: Mapping[str, str]) -> dict[str, Any]:
        """List the open orders, or those that ended lately; who names an order is shown it in any case."""
        market = self._of(params)
        if params.get("orderId") or params.get("orderLinkId"):
            found = self._named(account, params)
            rows = [found] if found is not None and self._recent(account, found) else []
        elif params.get("openOnly", "0") == "1":
            rows = self._ended(account, market)[:RECENT]
        else:
            rows = list(reversed(self._trading.open_orders(account, market)))
        if market is not None:
            rows = [order for order in rows if order.market is market]
        return self._paged(rows, params)

    def history(self, account: Account, params: Mapping[str, str]) -> dict[str, Any]:
        """List the orders that have ended, newest first."""
        market = self._of(params)
        first_ms, last_ms = span(params, self._venue.now_ms, WEEK_MS)
        named = params.get("orderId") or params.get("orderLinkId")
        wanted = self._named(account, params) if named else None
        rows = [
            order
            for order in self._ended(account, market)
            if first_ms <= self._venue.stamp(order.created_ns) <= last_ms
            and (not named or (wanted is not None and order.id == wanted.id))
            and params.get("orderStatus") in {None, "", self.show(order)["orderStatus"]}
        ]
        return self._paged(rows, params)

    def _paged(self, rows: Sequence[Order], params: Mapping[str, str]) -> dict[str, Any]:
        wanted, cursor = page(rows, params, default=20, most=50)
        return {"list": [self.show(order) for order in wanted], "nextPageCursor": cursor, "category": "spot"}

    def _ended(self, account: Account, market: Market | None) -> list[Order]:
        """Return the orders that have ended and are remembered, newest first: without fills for a day only."""
        day_ago_ms = self._venue.now_ms - DAY_MS
        return [
            order
            for order in reversed(self._trading.history(account, market))
            if not order.is_open and (order.filled or self._venue.stamp(order.updated_ns) > day_ago_ms)
        ]

    def _recent(self, account: Account, order: Order) -> bool:
        """Whether an order is open, or among those that ended last."""
        if order.is_open:
            return True
        ended = [
            other
            for other in self._trading.register(account).orders(None, None)
            if not other.is_open and other.number > order.number
        ]
        day_ago_ms = self._venue.now_ms - DAY_MS
        return len(ended) < RECENT and (bool(order.filled) or self._venue.stamp(order.updated_ns) > day_ago_ms)

    def _named(self, account: Account, params: Mapping[str, str]) -> Order | None:
        name = params.get("orderId")
        try:
            if name:
                return self._trading.find(account, order_id=name)
            return self._trading.find(account, client_id=params["orderLinkId"])
        except Refused:
            return None

    def show(self, order: Order) -> dict[str, Any]:
        """Show an order to its client."""
        return shown(order, stamps=self.stamps(order))

    def stamps(self, order: Order) -> tuple[int, int]:
        """When it was made and last changed, in the venue's milliseconds."""
        return self._venue.stamp(order.created_ns), self._venue.stamp(order.updated_ns)

    def market(self, category: str, pair: str | None) -> Market:
        """Return the market of an order."""
        self.only_spot(category)
        if not pair:
            raise Declined(170105, "Parameter 'symbol' was empty.")
        market = self._venue.by_pair.get(pair)
        if market is None:
            raise Declined(170121, "Invalid symbol.")
        return market.look()

    def _of(self, params: Mapping[str, str]) -> Market | None:
        """Return the market that a list is asked for of, None = all."""
        category, pair = params.get("category", ""), params.get("symbol")
        self.only_spot(category)
        return self.market(category, pair) if pair else None

    def only_spot(self, category: str) -> None:
        """Refuse every other category: none is simulated."""
        if category != "spot":
            raise invalid("Illegal category")

    def _open(self, account: Account, wanted: Amendment | Cancellation, market: Market) -> Order:
        try:
            if wanted.order_id:
                order = self._trading.find_open(account, order_id=wanted.order_id)
            elif wanted.order_link_id:
                order = self._trading.find_open(account, client_id=wanted.order_link_id)
            else:
                raise Declined(170105, "Parameter 'orderId' was empty.")
        except Refused as refused:
            raise declined(refused) from refused
        if order.market is not market:
            raise declined(Refused(Why.NOT_FOUND))
        return order


def _ids(order: Order) -> dict[str, Any]:
    return {"orderId": order.id, "orderLinkId": order.client_id or ""}
