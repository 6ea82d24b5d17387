"""An account by request: the private half of REST.

Sources: https://www.bitget.com/api-doc/spot/account/Get-Account-Assets and
https://www.bitget.com/api-doc/spot/trade/Place-Order with their neighbours.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from arb_sim.kernel.access import Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Order, Refused

from arb_bitget.sim.market_data import trade_id
from arb_bitget.sim.orders import Named, Placement, declined, filled, read, shown, shown_open
from arb_bitget.sim.spelling import Declined, missing, whole

if TYPE_CHECKING:
    from arb_bitget.sim.venue import BitgetVenue

__all__ = ["AccountRest", "Asked", "PrivateRoute"]

MS = 1_000_000
DAY_MS = 86_400_000

KEPT_MS = 90 * DAY_MS
"""How far back orders and fills are shown."""

MOST_ROWS = 100
MOST_WINDOW_MS = 60_000

CANCELS_AFTER_NS = 20 * MS
"""A cancellation of all orders of a symbol is carried out so long after its answer."""

T = TypeVar("T")


class Asked(NamedTuple):
    """A request whose sender is known."""

    account: Account
    params: dict[str, str]
    body: bytes

    def read(self, shape: type[T]) -> T:
        """Decode the body.

        Raises:
            Declined: it is something else.
        """
        try:
            return msgspec.json.decode(self.body, type=shape)
        except msgspec.DecodeError as wrong:
            raise Declined(40017, f"Parameter verification failed: {wrong}") from wrong


class PrivateRoute(NamedTuple):
    """What answers a signed request, and how often in a second an account may ask."""

    answer: Callable[[Asked], Any]
    per_second: int
    permission: Permission = Permission.READ


class AccountRest:
    """Everything that needs a key. Each method returns what stands in `data`."""

    def __init__(self, venue: "BitgetVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        trade = Permission.TRADE
        self.routes: dict[tuple[str, str], PrivateRoute] = {
            ("GET", "/api/v2/spot/account/assets"): PrivateRoute(self._assets, 10),
            ("GET", "/api/v2/common/trade-rate"): PrivateRoute(self._trade_rate, 10),
            ("POST", "/api/v2/spot/trade/place-order"): PrivateRoute(self._place, 10, trade),
            ("POST", "/api/v2/spot/trade/cancel-order"): PrivateRoute(self._cancel, 10, trade),
            ("POST", "/api/v2/spot/trade/cancel-symbol-order"): PrivateRoute(self._cancel_symbol, 5, trade),
            ("GET", "/api/v2/spot/trade/orderInfo"): PrivateRoute(self._order_info, 20),
            ("GET", "/api/v2/spot/trade/unfilled-orders"): PrivateRoute(self._unfilled, 20),
            ("GET", "/api/v2/spot/trade/history-orders"): PrivateRoute(self._history, 20),
            ("GET", "/api/v2/spot/trade/fills"): PrivateRoute(self._fills, 10),
        }

    # Money

    def _assets(self, asked: Asked) -> list[dict[str, str]]:
        wanted, held = asked.params.get("coin"), asked.account.holdings
        every = wanted or asked.params.get("assetType") == "all"
        stamp = str(self._venue.now_ms)
        return [
            asset_row(coin, printed(holding.free), printed(holding.locked), stamp)
            for coin, holding in held.items()
            if (every or holding.total) and wanted in {None, "", coin}
        ]

    def _trade_rate(self, asked: Asked) -> dict[str, str]:
        if asked.params.get("businessType") not in {"spot", "margin", "mix"}:
            raise missing("businessType")
        maker, taker = self._trading.rates(asked.account, self._venue.market(asked.params))
        return {"makerFeeRate": f"{maker:f}", "takerFeeRate": f"{taker:f}"}

    # Orders

    def _place(self, asked: Asked) -> dict[str, str]:
        wanted = asked.read(Placement)
        self._in_time(wanted)
        new = read(self._venue.market({"symbol": wanted.symbol}), wanted)
        try:
            order = self._trading.place(asked.account, new)
        except Refused as refused:
            raise declined(refused, new) from refused
        return _ids(order)

    def _in_time(self, wanted: Placement) -> None:
        """Refuse an order that comes later than its client allows."""
        if not wanted.receive_window:
            return
        asked = {"receiveWindow": wanted.receive_window, "requestTime": wanted.request_time}
        window, made = whole(asked, "receiveWindow", 0) or 0, whole(asked, "requestTime", 0) or 0
        if window > MOST_WINDOW_MS:
            raise Declined(40017, "Parameter verification failed: receiveWindow")
        if self._venue.now_ms > made + window:
            raise Declined(40008, "Request timestamp expired")

    def _cancel(self, asked: Asked) -> dict[str, str]:
        named = asked.read(Named)
        market = self._venue.market({"symbol": named.symbol})
        try:
            order = self._trading.find_open(asked.account, **_which(named.order_id, named.client_oid))
        except Refused as refused:
            raise declined(refused) from refused
        if order.market is not market:
            raise Declined(43001, "The order does not exist")
        return _ids(self._trading.cancel(asked.account, order))

    def _cancel_symbol(self, asked: Asked) -> dict[str, str]:
        market = self._venue.market({"symbol": asked.read(Named).symbol})
        orders = self._trading.register(asked.account).open(market)
        if not orders:
            raise Declined(22001, "No order to cancel")
        timeline = self._venue.timeline
        timeline.call_at(timeline.now_ns + CANCELS_AFTER_NS, lambda: self._cancel_these(asked.account, orders))
        return {"symbol": market.pair}

    def _cancel_these(self, account: Account, orders: Iterable[Order]) -> None:
        register = self._trading.register(account)
        for order in orders:
            record = register.by_id(order.id)
            if record is not None and record.now.is_open:
                self._trading.cancel(account, record.now)

    def _order_info(self, asked: Asked) -> list[dict[str, Any]]:
        """Show one order, in a list, which is empty where there is none."""
        which = _which(asked.params.get("orderId"), asked.params.get("clientOid"))
        try:
            order = self._trading.find(asked.account, **which)
        except Refused:
            return []
        return [shown(order, self._venue.stamp)]

    # Lists, newest first

    def _unfilled(self, asked: Asked) -> list[dict[str, Any]]:
        orders = self._trading.open_orders(asked.account, self._market(asked))
        return [shown_open(order, self._venue.stamp) for order in self._page(asked, orders)]

    def _history(self, asked: Asked) -> list[dict[str, Any]]:
        orders = [order for order in self._trading.history(asked.account, self._market(asked)) if not order.is_open]
        return [shown(order, self._venue.stamp) for order in self._page(asked, orders)]

    def _market(self, asked: Asked) -> Market | None:
        return self._venue.market(asked.params) if asked.params.get("symbol") else None

    def _page(self, asked: Asked, orders: Sequence[Order]) -> list[Order]:
        first_ms, last_ms, limit, before = self._bounds(asked)
        wanted = asked.params.get("orderId")
        found = [
            order
            for order in reversed(orders)
            if first_ms <= self._venue.stamp(order.created_ns) <= last_ms
            and (before is None or int(order.id) < before)
            and wanted in {None, "", order.id}
        ]
        return found[:limit]

    def _fills(self, asked: Asked) -> list[dict[str, Any]]:
        first_ms, last_ms, limit, before = self._bounds(asked)
        fills = self._trading.fills(asked.account, self._market(asked), order_id=asked.params.get("orderId") or None)
        found = [
            fill
            for fill in reversed(fills)
            if first_ms <= self._venue.stamp(fill.at_ns) <= last_ms
            and (before is None or int(trade_id(fill.number)) < before)
        ]
        uid, stamp = asked.account.uid, self._venue.stamp
        return [filled(fill, self.kind(asked.account, fill), uid, stamp) for fill in found[:limit]]

    def kind(self, account: Account, fill: Fill) -> str:
        """Say of which type the order of a fill was."""
        record = self._trading.register(account).by_id(fill.order_id)
        return "limit" if record is None else record.now.kind.value

    def _bounds(self, asked: Asked) -> tuple[int, int, int, int | None]:
        """Read first and last time in milliseconds, the most rows, and the id that all are below."""
        now_ms, params = self._venue.now_ms, asked.params
        first_ms, last_ms = whole(params, "startTime", 0) or 0, whole(params, "endTime", now_ms)
        limit = whole(params, "limit", MOST_ROWS, most=MOST_ROWS) or MOST_ROWS
        last_ms = now_ms if last_ms is None else last_ms
        return max(first_ms, now_ms - KEPT_MS), last_ms, limit, whole(params, "idLessThan", None)


def asset_row(coin: str, available: str, frozen: str, stamp: str) -> dict[str, str]:
    """Show what there is of an asset. Nothing is locked otherwise, or reserved for limit orders of leaders."""
    return {
        "coin": coin,
        "available": available,
        "frozen": frozen,
        "locked": "0",
        "limitAvailable": "0",
        "uTime": stamp,
    }


def _ids(order: Order) -> dict[str, str]:
    return {"orderId": order.id, "clientOid": order.client_id or order.id}


def _which(order_id: str | None, client_id: str | None) -> dict[str, str]:
    """Name an order; where both ids are given its own counts."""
    if order_id:
        return {"order_id": order_id}
    if client_id:
        return {"client_id": client_id}
    raise missing("orderId")
