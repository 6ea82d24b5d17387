"""An account by request: the private half of REST.

Source: https://docs.kraken.com/api/docs/rest-api/get-account-balance and its neighbours.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Order, Refused, Why
from arb_sim.kernel.rest import json
from arb_sim.venue import Request, Response

from arb_kraken.sim.access import TOKEN_S, arguments
from arb_kraken.sim.orders import Shown, declined, in_time, read, shown, shown_fill
from arb_kraken.sim.spelling import asset_name, invalid, result, txid

if TYPE_CHECKING:
    from arb_kraken.sim.venue import KrakenVenue

__all__ = ["AccountRest"]

SECOND = 1_000_000_000

PAGE = 50
"""Rows of one answer of the lists."""

MOST_IDS = 50

GRANTED = {
    Permission.READ: ["query-funds", "query-open-trades", "query-closed-trades", "query-ledger"],
    Permission.TRADE: ["modify-trades", "close-trades", "create-ws-token"],
    Permission.WITHDRAW: ["withdraw-funds"],
}


class Asked(NamedTuple):
    """A request whose sender is known."""

    key: ApiKey
    params: dict[str, str]

    @property
    def account(self) -> Account:
        """Whose it is."""
        return self.key.account


class _Route(NamedTuple):
    act: Callable[[Asked], object]
    permission: Permission
    cost: int
    """Units of the counter of REST; orders are counted by the trading engine instead."""


class AccountRest:
    """Everything below `/0/private`."""

    def __init__(self, venue: "KrakenVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        trade = Permission.TRADE
        self._routes = {
            "Balance": _Route(self._balance, Permission.READ, 1),
            "BalanceEx": _Route(self._balance_ex, Permission.READ, 1),
            "TradeVolume": _Route(self._trade_volume, Permission.READ, 1),
            "GetApiKeyInfo": _Route(self._key_info, Permission.READ, 1),
            "GetWebSocketsToken": _Route(self._token, Permission.READ, 1),
            "OpenOrders": _Route(self._open_orders, Permission.READ, 1),
            "ClosedOrders": _Route(self._closed_orders, Permission.READ, 2),
            "QueryOrders": _Route(self._query_orders, Permission.READ, 1),
            "TradesHistory": _Route(self._trades_history, Permission.READ, 2),
            "QueryTrades": _Route(self._query_trades, Permission.READ, 1),
            "AddOrder": _Route(self._add_order, trade, 0),
            "CancelOrder": _Route(self._cancel_order, trade, 0),
            "CancelAll": _Route(self._cancel_all, trade, 1),
            "CancelAllOrdersAfter": _Route(self._countdown, trade, 1),
        }

    def __contains__(self, name: str) -> bool:
        """Whether there is such a call."""
        return name in self._routes

    def answer(self, request: Request, name: str) -> Response:
        """Answer a request: all of them are POSTs."""
        route = self._routes[name]
        params = arguments(request)
        key = self._venue.access.request(request, params, route.permission)
        if route.cost:
            self._venue.budgets.private(key.api_key, route.cost)
        return json(result(route.act(Asked(key, params))))

    # Money

    def _balance(self, asked: Asked) -> object:
        return {asset_name(asset): printed(held.total) for asset, held in asked.account.holdings.items()}

    def _balance_ex(self, asked: Asked) -> object:
        return {
            asset_name(asset): {"balance": printed(held.total), "hold_trade": printed(held.locked)}
            for asset, held in asked.account.holdings.items()
        }

    def _trade_volume(self, asked: Asked) -> object:
        shown: dict[str, Any] = {"currency": "ZUSD", "volume": "200709587.4223"}
        if "pair" not in asked.params:
            return shown
        fees: dict[str, dict[str, Any]] = {"fees": {}, "fees_maker": {}}
        for name in asked.params["pair"].split(","):
            market = self._venue.market({"pair": name})
            maker, taker = self._trading.rates(asked.account, market)
            for side, rate in (("fees", taker), ("fees_maker", maker)):
                fees[side][self._venue.names[market.pair].key] = self._rate(rate)
        return shown | fees

    def _rate(self, rate: Decimal) -> dict[str, Any]:
        """In percent."""
        fee = f"{rate * 100:.4f}"
        return {
            "fee": fee,
            "minfee": fee,
            "maxfee": fee,
            "nextfee": None,
            "nextvolume": None,
            "tiervolume": "0.0000",
        }

    def _key_info(self, asked: Asked) -> object:
        key = asked.key
        granted = [word for permission, words in GRANTED.items() if key.may(permission) for word in words]
        return {
            "api_key_name": "simulated",
            "api_key": key.api_key,
            "nonce": str(self._venue.access.nonce(key)),
            "nonce_window": str(self._venue.access.nonce_window),
            "permissions": granted,
            "iban": "AA00 N84G MCHN 4AII",
            "valid_until": "0",
            "query_from": "0",
            "query_to": "0",
            "created_time": "1522132642",
            "modified_time": "1618230358",
            "ip_allowlist": [""],
            "last_used": str(self._venue.now_ns // SECOND),
        }

    def _token(self, asked: Asked) -> object:
        return {"token": self._venue.access.issue(asked.account), "expires": TOKEN_S}

    # Orders

    def _add_order(self, asked: Asked) -> object:
        params, venue = asked.params, self._venue
        market = venue.market(params)
        venue.budgets.engine(asked.account.uid, market, 1)
        in_time(params.get("deadline"), venue.now_ns)
        new = read(market, params)
        checked = params.get("validate") in {"true", "1"}
        try:
            if checked:
                self._trading.check(asked.account, new)
                return {"descr": {"order": self._described(params, market)}}
            order = self._trading.place(asked.account, new)
        except Refused as refused:
            raise declined(refused) from refused
        return {"descr": {"order": shown(order, self._how(order.market))["descr"]["order"]}, "txid": [order.id]}

    def _described(self, params: Mapping[str, str], market: Market) -> str:
        at = f"limit {params['price']}" if params["ordertype"] == "limit" else "market"
        return f"{params['type']} {params['volume']} {self._venue.names[market.pair].altname} @ {at}"

    def _cancel_order(self, asked: Asked) -> object:
        """Cancel one order by one of its ids, or all of a `userref`."""
        params = asked.params
        if "cl_ord_id" in params:
            named = {"client_id": params["cl_ord_id"]}
        elif params.get("txid", "").isdecimal():
            mine = [o for o in self._trading.register(asked.account).open() if o.note == params["txid"] != "0"]
            if not mine:
                raise declined(Refused(Why.NOT_FOUND))
            return {"count": len([self._cancel(asked, order) for order in mine])}
        elif "txid" in params:
            named = {"order_id": params["txid"]}
        else:
            raise invalid("txid")
        try:
            self._cancel(asked, self._trading.find_open(asked.account, **named))
        except Refused as refused:
            raise declined(refused) from refused
        return {"count": 1}

    def _cancel(self, asked: Asked, order: Order) -> Order:
        self._venue.budgets.cancel(order)
        return self._trading.cancel(asked.account, order)

    def _cancel_all(self, asked: Asked) -> object:
        return {"count": len(self._trading.cancel_all(asked.account))}

    def _countdown(self, asked: Asked) -> object:
        timeout = asked.params.get("timeout", "")
        if not timeout.isdecimal():
            raise invalid("timeout")
        ends_ns = self._trading.countdown(asked.account, int(timeout) * SECOND)
        skew_ns = self._venue.faults.skew_ns

        def shown(at_ns: int) -> str:
            return f"{datetime.fromtimestamp(at_ns // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"

        triggers = "0" if ends_ns is None else shown(ends_ns + skew_ns)
        return {"currentTime": shown(self._venue.now_ns), "triggerTime": triggers}

    # Lists

    def _open_orders(self, asked: Asked) -> object:
        found = reversed(self._trading.open_orders(asked.account))
        return {"open": {order.id: self._shown(order, asked.params) for order in found}}

    def _closed_orders(self, asked: Asked) -> object:
        """Newest first, by the time of their end unless told otherwise."""
        by = asked.params.get("closetime", "both")
        if by not in {"open", "close", "both"}:
            raise invalid("closetime")

        def moments(order: Order) -> list[int]:
            when = {"open": [order.created_ns], "close": [order.updated_ns]}
            return when.get(by, [order.created_ns, order.updated_ns])

        within = self._within(asked.params)
        found = [
            order
            for order in self._trading.history(asked.account)
            if not order.is_open and any(within(moment) for moment in moments(order))
        ]
        found.sort(key=lambda order: (order.updated_ns, order.number), reverse=True)
        page = self._page(found, asked.params)
        return {"closed": {order.id: self._shown(order, asked.params) for order in page}, "count": len(found)}

    def _query_orders(self, asked: Asked) -> object:
        names = asked.params.get("txid", "").split(",")
        if not names[0] or len(names) > MOST_IDS:
            raise invalid("txid")
        found: list[Order] = []
        for name in names:
            try:
                found.append(self._trading.find(asked.account, order_id=name))
            except Refused:
                continue
        return {order.id: self._shown(order, asked.params) for order in found}

    def _trades_history(self, asked: Asked) -> object:
        within = self._within(asked.params)
        found = [fill for fill in reversed(self._trading.fills(asked.account)) if within(fill.at_ns)]
        page = self._page(found, asked.params)
        return {"trades": {_id(fill): self._fill(asked.account, fill) for fill in page}, "count": len(found)}

    def _query_trades(self, asked: Asked) -> object:
        wanted = set(asked.params.get("txid", "").split(","))
        found = [fill for fill in self._trading.fills(asked.account) if _id(fill) in wanted]
        return {_id(fill): self._fill(asked.account, fill) for fill in found}

    def _shown(self, order: Order, params: Mapping[str, str]) -> dict[str, Any]:
        told = shown(order, self._how(order.market))
        if params.get("trades") == "true":
            fills = self._trading.register(order.account).fills_of(None, None, order.id)
            told["trades"] = [_id(fill) for fill in fills]
        return told

    def _fill(self, account: Account, fill: Fill) -> dict[str, Any]:
        record = self._trading.register(account).by_id(fill.order_id)
        if record is None:
            raise LookupError(f"a fill of no order: {fill.order_id}")
        return shown_fill(fill, record.now, self._how(fill.market))

    def _how(self, market: Market) -> Shown:
        venue = self._venue
        return Shown(venue.names[market.pair], venue.printers[market.pair], venue.faults.skew_ns)

    def _within(self, params: Mapping[str, str]) -> Callable[[int], bool]:
        """Read `start` (later than it) and `end` (not later), in seconds."""
        bounds: list[int | None] = []
        for name in ("start", "end"):
            text = params.get(name)
            try:
                bounds.append(None if text is None else int(Decimal(text) * SECOND))
            except ArithmeticError as wrong:
                raise invalid(name) from wrong
        start, end = bounds
        stamp = self._venue.stamp
        return lambda at_ns: (start is None or stamp(at_ns) > start) and (end is None or stamp(at_ns) <= end)

    def _page(self, rows: list[Any], params: Mapping[str, str]) -> list[Any]:
        offset = params.get("ofs", "0")
        if not offset.isdecimal():
            raise invalid("ofs")
        return rows[int(offset) : int(offset) + PAGE]


def _id(fill: Fill) -> str:
    return txid("T", fill.serial)
