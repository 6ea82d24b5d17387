"""An account by request: what needs a key and a signature.

Source: https://www.mexc.com/api-docs/spot-v3/spot-account-trade, wallet-endpoints and websocket-user-data-streams.
"""

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from arb_sim.assets import asset
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Network
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Order, Refused, Why
from arb_sim.kernel.rest import json, number
from arb_sim.kernel.tickets import Ticket
from arb_sim.venue import Response

from arb_mexc.sim.orders import cancelled, declined, filled, placed, read, shown
from arb_mexc.sim.spelling import Declined, missing

if TYPE_CHECKING:
    from arb_mexc.sim.venue import MexcVenue

__all__ = ["AccountRest", "Asked", "Route"]

MS = 1_000_000
SECOND = 1_000_000_000
DAY_MS = 86_400_000

HISTORY_MS, FILLS_MS = 7 * DAY_MS, 30 * DAY_MS
"""How far back orders and fills are shown."""

BATCH = 20
CANCEL_SYMBOLS = 5

EXTENSION_NS = 60 * SECOND
"""A listen key that was extended is not extended again within this time."""

CHAINS = {"ETH": "Ethereum(ERC20)"}


class Asked(NamedTuple):
    """A signed request."""

    params: dict[str, str]
    key: ApiKey

    @property
    def account(self) -> Account:
        """Whose it is."""
        return self.key.account

    def need(self, name: str) -> str:
        """Return a parameter that must be there.

        Raises:
            Declined: it is not.
        """
        value = self.params.get(name)
        if not value:
            raise missing(name)
        return value


class Route(NamedTuple):
    """What answers a signed request, and what that costs the account."""

    answer: Callable[[Asked], Response]
    weight: int
    permission: Permission = Permission.READ
    pace: str | None = None


class AccountRest:
    """Everything below `/api/v3` that needs a signature."""

    def __init__(self, venue: "MexcVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        self._extended_ns: dict[str, int] = {}
        self._cancellations = count(1)
        trade = Permission.TRADE
        self.routes: dict[tuple[str, str], Route] = {
            ("GET", "account"): Route(self._account, 10, pace="account"),
            ("GET", "tradeFee"): Route(self._trade_fee, 20),
            ("GET", "selfSymbols"): Route(self._self_symbols, 1),
            ("GET", "capital/config/getall"): Route(self._capital_config, 10),
            ("POST", "order"): Route(self._place, 1, trade, "orders"),
            ("POST", "order/test"): Route(self._test, 1, trade),
            ("POST", "batchOrders"): Route(self._place_several, 1, trade, "batch"),
            ("DELETE", "order"): Route(self._cancel, 1, trade, "orders"),
            ("DELETE", "openOrders"): Route(self._cancel_open, 1, trade, "orders"),
            ("DELETE", "order/all"): Route(self._cancel_every, 1, trade, "orders"),
            ("GET", "order"): Route(self._query, 2),
            ("GET", "openOrders"): Route(self._open_orders, 3),
            ("GET", "allOrders"): Route(self._all_orders, 10),
            ("GET", "myTrades"): Route(self._my_trades, 10),
            ("POST", "userDataStream"): Route(self._make_key, 1),
            ("GET", "userDataStream"): Route(self._list_keys, 1),
            ("PUT", "userDataStream"): Route(self._extend_key, 1),
            ("DELETE", "userDataStream"): Route(self._close_key, 1),
        }

    # Account

    def _account(self, asked: Asked) -> Response:
        return json(
            {
                "makerCommission": None,
                "takerCommission": None,
                "buyerCommission": None,
                "sellerCommission": None,
                "canTrade": True,
                "canWithdraw": True,
                "canDeposit": True,
                "updateTime": None,
                "accountType": "SPOT",
                "balances": [
                    {"asset": name, "free": printed(held.free), "locked": printed(held.locked)}
                    for name, held in asked.account.holdings.items()
                    if held.total
                ],
                "permissions": ["SPOT"],
            }
        )

    def _trade_fee(self, asked: Asked) -> Response:
        maker, taker = self._trading.rates(asked.account, self._venue.market(asked.params))
        return json(
            {
                "data": {"makerCommission": float(maker), "takerCommission": float(taker)},
                "code": 0,
                "msg": "success",
                "timestamp": self._venue.now_ms,
            }
        )

    def _self_symbols(self, _asked: Asked) -> Response:
        return json({"code": 200, "data": list(self._venue.by_pair), "msg": None})

    def _capital_config(self, _asked: Asked) -> Response:
        chains: dict[str, tuple[Network, ...]] = {}
        for market in self._venue.by_pair.values():
            chains[market.listing.symbol.base] = market.listing.networks
        for market in self._venue.by_pair.values():
            chains.setdefault(market.listing.symbol.quote, asset(market.listing.symbol.quote).networks)
        return json([_currency(name, networks) for name, networks in chains.items()])

    # Orders

    def _place(self, asked: Asked) -> Response:
        return json(placed(self._take(asked, asked.params), self._venue.stamp))

    def _take(self, asked: Asked, params: dict[str, str]) -> Order:
        new = read(self._venue.market(params), params)
        try:
            return self._trading.place(asked.account, new)
        except Refused as refused:
            raise declined(refused, new) from refused

    def _test(self, asked: Asked) -> Response:
        new = read(self._venue.market(asked.params), asked.params)
        try:
            self._trading.check(asked.account, new)
        except Refused as refused:
            raise declined(refused, new) from refused
        return json({})

    def _place_several(self, asked: Asked) -> Response:
        try:
            wanted = msgspec.json.decode(asked.need("batchOrders"), type=list[dict[str, str]], strict=False)
        except msgspec.DecodeError as wrong:
            raise Declined(33333, f"Param error: batchOrders: {wrong}") from wrong
        if not 0 < len(wanted) <= BATCH or len({params.get("symbol") for params in wanted}) > 1:
            raise Declined(33333, f"Param error: batchOrders takes up to {BATCH} orders of one symbol")
        return json([self._taken(asked, params) for params in wanted])

    def _taken(self, asked: Asked, params: dict[str, str]) -> dict[str, Any]:
        """One of several: each succeeds or fails by itself, within a 200."""
        named = {"newClientOrderId": params["newClientOrderId"]} if params.get("newClientOrderId") else {}
        try:
            order = self._take(asked, params)
        except Declined as wrong:
            return {**named, "msg": wrong.message, "code": wrong.code}
        return {"symbol": order.market.pair, "orderId": order.id, "orderListId": -1, **named}

    def _cancel(self, asked: Asked) -> Response:
        market = self._venue.market(asked.params)
        try:
            order = self._trading.find_open(asked.account, **_ids(asked))
        except Refused as refused:
            raise Declined(-2011, "Unknown order sent") from refused
        if order.market is not market:
            raise Declined(-2011, "Unknown order sent")
        return json(cancelled(self._trading.cancel(asked.account, order), self._cancellation(asked)))

    def _cancel_open(self, asked: Asked) -> Response:
        names = asked.need("symbol").split(",")
        if len(names) > CANCEL_SYMBOLS:
            raise Declined(33333, f"Param error: at most {CANCEL_SYMBOLS} symbols")
        markets = [self._venue.market({"symbol": name}) for name in names]
        ended = [order for market in markets for order in self._trading.cancel_all(asked.account, market)]
        name = self._cancellation(asked)
        return json([{**cancelled(order, name), "orderListId": -1} for order in ended])

    def _cancel_every(self, asked: Asked) -> Response:
        self._trading.cancel_all(asked.account)
        return json({"code": 200, "msg": "success", "timestamp": self._venue.now_ms})

    def _cancellation(self, asked: Asked) -> str:
        return asked.params.get("newClientOrderId") or f"cancel{next(self._cancellations)}"

    def _query(self, asked: Asked) -> Response:
        try:
            order = self._trading.find(asked.account, **_ids(asked))
        except Refused as refused:
            raise declined(refused) from refused
        if asked.params.get("symbol", order.market.pair) != order.market.pair:
            raise declined(Refused(Why.NOT_FOUND))
        return json(shown(order, self._venue.stamp))

    def _open_orders(self, asked: Asked) -> Response:
        market = self._venue.market(asked.params) if asked.params.get("symbol") else None
        orders = self._trading.open_orders(asked.account, market)
        return json([shown(order, self._venue.stamp) for order in reversed(orders)])

    def _all_orders(self, asked: Asked) -> Response:
        market = self._venue.market(asked.params)
        first_ms, last_ms = self._between(asked, usual_ms=DAY_MS, most_ms=HISTORY_MS)
        limit = number(asked.params.get("limit"), 500, most=1000) or 500
        found = [
            order
            for order in reversed(self._trading.history(asked.account, market))
            if first_ms <= self._venue.stamp(order.created_ns) <= last_ms
        ]
        return json([shown(order, self._venue.stamp) for order in found[:limit]])

    def _my_trades(self, asked: Asked) -> Response:
        market = self._venue.market(asked.params)
        first_ms, last_ms = self._between(asked, usual_ms=FILLS_MS, most_ms=FILLS_MS)
        limit = number(asked.params.get("limit"), 100, most=100) or 100
        found = [
            fill
            for fill in reversed(self._trading.fills(asked.account, market, order_id=asked.params.get("orderId")))
            if first_ms <= self._venue.stamp(fill.at_ns) <= last_ms
        ]
        return json([filled(fill, self._venue.stamp) for fill in found[:limit]])

    def _between(self, asked: Asked, *, usual_ms: int, most_ms: int) -> tuple[int, int]:
        """The times that a list is asked for, cut to what the venue still shows."""
        now_ms = self._venue.now_ms
        last_ms = number(asked.params.get("endTime"), now_ms)
        first_ms = number(asked.params.get("startTime"), now_ms - usual_ms)
        return max(first_ms or 0, now_ms - most_ms), now_ms if last_ms is None else last_ms

    # Listen keys

    def _make_key(self, asked: Asked) -> Response:
        ticket = self._venue.tickets.make(asked.account)
        if ticket is None:
            raise _wrong_key()
        return json({"listenKey": ticket.text})

    def _list_keys(self, asked: Asked) -> Response:
        return json({"listenKey": [ticket.text for ticket in self._venue.tickets.of(asked.account)]})

    def _extend_key(self, asked: Asked) -> Response:
        ticket, now_ns = self._listen_key(asked), self._venue.timeline.now_ns
        before_ns = self._extended_ns.get(ticket.text)
        if before_ns is not None and now_ns < before_ns + EXTENSION_NS:
            raise _wrong_key()
        self._extended_ns[ticket.text] = now_ns
        self._venue.tickets.extend(ticket)
        return json({"listenKey": ticket.text})

    def _close_key(self, asked: Asked) -> Response:
        ticket = self._listen_key(asked)
        self._venue.tickets.end(ticket)
        return json({"listenKey": ticket.text})

    def _listen_key(self, asked: Asked) -> Ticket:
        ticket = self._venue.tickets.find(asked.need("listenKey"))
        if ticket is None or ticket.account is not asked.account:
            raise _wrong_key()
        return ticket


def _wrong_key() -> Declined:
    """Refuse what is asked about a listen key. The code is a text here, as seen."""
    return Declined("730708", "listen key information error")


def _ids(asked: Asked) -> dict[str, str]:
    """The id that a request names its order by; MEXC's own counts where both are there."""
    if asked.params.get("orderId"):
        return {"order_id": asked.params["orderId"]}
    if asked.params.get("origClientOrderId"):
        return {"client_id": asked.params["origClientOrderId"]}
    raise missing("orderId")


def _currency(name: str, networks: tuple[Network, ...]) -> dict[str, Any]:
    return {"coin": name, "Name": name, "networkList": [_chain(name, network) for network in networks]}


def _chain(name: str, network: Network) -> dict[str, Any]:
    usd = asset(name).usd
    return {
        "coin": name,
        "Name": name,
        "network": CHAINS.get(network.name, network.name),
        "netWork": network.name,
        "depositEnable": network.deposits,
        "withdrawEnable": network.withdrawals,
        "withdrawFee": _about(2 / usd),
        "withdrawMin": _about(10 / usd),
        "withdrawMax": _about(1_000_000 / usd),
        "withdrawIntegerMultiple": None,
        "minConfirm": 12,
        "sameAddress": False,
        "contract": network.contract,
        "depositTips": None,
        "withdrawTips": None,
        "depositDesc": None,
    }


def _about(value: float) -> str:
    """Print an amount with three digits."""
    found = f"{value:.3g}"
    return f"{float(found):.12f}".rstrip("0").rstrip(".")
