"""An account by request: the private half of REST, and what the WebSocket API asks for under other names.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints, the trading endpoints
beside it, and https://developers.binance.com/docs/wallet/capital/all-coins-info.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from arb_sim.assets import asset
from arb_sim.kernel.access import Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Network
from arb_sim.kernel.orders import Order, Refused
from arb_sim.kernel.rest import json
from arb_sim.venue import Response

from arb_binance.sim.limits import OrderCounts
from arb_binance.sim.orders import (
    cancelled,
    client_id,
    declined,
    placed,
    read,
    response_type,
    shown,
    trade,
)
from arb_binance.sim.spelling import ZERO, Declined, fraction, illegal, money, whole

if TYPE_CHECKING:
    from arb_binance.sim.venue import BinanceVenue

__all__ = ["CAPITAL", "AccountRest"]

MS = 1_000_000
DAY_MS = 86_400_000

CAPITAL = "/sapi/v1/capital/config/getall"
"""Deposit and withdrawal state of every asset; the one path that is not below `/api/v3`."""

Params = Mapping[str, str]


class _Route(NamedTuple):
    act: Callable[[Account, Params], Response]
    permission: Permission
    weight: int
    lighter: tuple[str, int] | None = None
    """A parameter that makes the request lighter, and what it weighs then."""


class AccountRest:
    """Everything that needs a key."""

    def __init__(self, venue: "BinanceVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        self._counts: dict[str, OrderCounts] = {}
        self._made = count(1)
        self._cancel_ids: dict[str, str] = {}
        read_only, trading = Permission.READ, Permission.TRADE
        self._routes = {
            ("POST", "order"): _Route(self._place, trading, 1),
            ("POST", "order/test"): _Route(self._test, trading, 1),
            ("GET", "order"): _Route(self._query, read_only, 4),
            ("DELETE", "order"): _Route(self._cancel, trading, 1),
            ("GET", "openOrders"): _Route(self._open_orders, read_only, 80, lighter=("symbol", 6)),
            ("DELETE", "openOrders"): _Route(self._cancel_open, trading, 1),
            ("GET", "allOrders"): _Route(self._all_orders, read_only, 20),
            ("GET", "myTrades"): _Route(self._my_trades, read_only, 20, lighter=("orderId", 5)),
            ("GET", "account"): _Route(self._account, read_only, 20),
            ("GET", "account/commission"): _Route(self._commission, read_only, 20),
            ("GET", "rateLimit/order"): _Route(self._order_counts, read_only, 40),
            ("GET", CAPITAL): _Route(self._capital, read_only, 10),
        }
        self.paths = frozenset(path for _, path in self._routes)
        """Every path, whatever the method."""

    def permission(self, method: str, path: str) -> Permission | None:
        """Return what a key must permit for a request, None when there is no such request."""
        route = self._routes.get((method, path))
        return None if route is None else route.permission

    def weight(self, method: str, path: str, params: Params) -> int:
        """Return what a request weighs."""
        route = self._routes[method, path]
        return route.lighter[1] if route.lighter is not None and params.get(route.lighter[0]) else route.weight

    def answer(self, method: str, path: str, account: Account, params: Params) -> Response:
        """Answer a request whose sender is known.

        Raises:
            Refusal: it is refused.
        """
        return self._routes[method, path].act(account, params)

    def counts(self, account: Account) -> OrderCounts:
        """The orders of an account that count against its limits."""
        found = self._counts.get(account.uid)
        if found is None:
            found = self._counts[account.uid] = OrderCounts(account, lambda: self._venue.timeline.now_ns)
        return found

    def cancel_id(self, order: Order) -> str:
        """The id of the request that cancelled an order; one that nobody asked for gets a name of its own."""
        return self._cancel_ids.setdefault(order.id, self._name())

    def _name(self) -> str:
        """Make an id of 22 characters, as the venue does where a client gives none."""
        seed = f"{self._venue.habits.exchange} {self._venue.world.seed} {next(self._made)}"
        return sha256(seed.encode()).hexdigest()[:22]

    # Orders

    def _place(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol"))
        wanted = response_type(params)
        new = read(market, params, unnamed=self._name())
        counts = self.counts(account)
        counts.spend()
        try:
            order = self._trading.place(account, new)
        except Refused as refused:
            counts.give_back()
            raise declined(refused) from refused
        fills = self._trading.register(account).fills_of(market, None, order.id)
        created_ms, updated_ms = self._stamps(order)
        body = placed(order, fills, wanted, created_ms=created_ms, updated_ms=updated_ms)
        return json(body, headers={f"x-mbx-order-count-{name.lower()}": str(n) for name, n in counts.counts.items()})

    def _test(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol"))
        try:
            self._trading.check(account, read(market, params, unnamed="test"))
        except Refused as refused:
            raise declined(refused) from refused
        return json({})

    def _query(self, account: Account, params: Params) -> Response:
        order = self._find(account, params, code=-2013, message="Order does not exist.")
        return json(self._show(order))

    def _cancel(self, account: Account, params: Params) -> Response:
        order = self._find(account, params, code=-2011, message="Unknown order sent.")
        cancel_id = client_id(params, "newClientOrderId") or self._name()
        restriction = params.get("cancelRestrictions")
        if restriction not in {None, "", "ONLY_NEW", "ONLY_PARTIALLY_FILLED"}:
            raise Declined(-1145, "Invalid cancelRestrictions.")
        if restriction and (restriction == "ONLY_NEW") is (order.filled > 0):
            raise Declined(-2011, "Order was not canceled due to cancel restrictions.")
        self._cancel_ids[order.id] = cancel_id
        try:
            ended = self._trading.cancel(account, order)
        except Refused as refused:
            raise Declined(-2011, "Unknown order sent.") from refused
        return json(cancelled(ended, cancel_id, updated_ms=self._stamps(ended)[1]))

    def _cancel_open(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol"))
        ended = self._trading.cancel_all(account, market)
        if not ended:
            raise Declined(-2011, "Unknown order sent.")
        return json([cancelled(order, self.cancel_id(order), updated_ms=self._stamps(order)[1]) for order in ended])

    def _find(self, account: Account, params: Params, *, code: int, message: str) -> Order:
        """Return the order that a request names; when it names it twice both must be of the same order."""
        market = self._venue.market(params.get("symbol"))
        by_id, by_name = params.get("orderId"), client_id(params, "origClientOrderId")
        if not by_id and not by_name:
            text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            raise Declined(-1102, text)
        if by_id and not by_id.isdecimal():
            raise illegal("orderId")
        find = self._trading.find if code == -2013 else self._trading.find_open
        try:
            order = find(account, order_id=by_id) if by_id else find(account, client_id=by_name)
        except Refused as refused:
            raise Declined(code, message) from refused
        if order.market is not market:
            raise Declined(code, message)
        if by_id and by_name and order.client_id != by_name:
            raise Declined(-2039, "Client order ID is not correct for this order ID.")
        return order

    def _stamps(self, order: Order) -> tuple[int, int]:
        return self._venue.stamp(order.created_ns), self._venue.stamp(order.updated_ns)

    def _show(self, order: Order) -> dict[str, Any]:
        created_ms, updated_ms = self._stamps(order)
        return shown(order, created_ms=created_ms, updated_ms=updated_ms)

    # Lists

    def _open_orders(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol")) if params.get("symbol") else None
        return json([self._show(order) for order in self._trading.open_orders(account, market)])

    def _all_orders(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol"))
        first_id = whole(params, "orderId", None)
        begin, end = self._span(params)
        orders = [
            order
            for order in self._trading.history(account, market)
            if (first_id is None or int(order.id) >= first_id)
            and (begin is None or self._stamps(order)[0] >= begin)
            and (end is None or self._stamps(order)[0] <= end)
        ]
        return json([self._show(order) for order in _cut(orders, params, newest=first_id is None and begin is None)])

    def _my_trades(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol"))
        first_id, order_id = whole(params, "fromId", None), whole(params, "orderId", None)
        begin, end = self._span(params)
        if first_id is not None and (begin is not None or end is not None):
            raise Declined(-1128, "Combination of optional parameters invalid.")
        fills = [
            fill
            for fill in self._trading.fills(account, market, order_id=None if order_id is None else str(order_id))
            if (first_id is None or fill.number >= first_id)
            and (begin is None or self._venue.stamp(fill.at_ns) >= begin)
            and (end is None or self._venue.stamp(fill.at_ns) <= end)
        ]
        fills = _cut(fills, params, newest=first_id is None and begin is None)
        return json([trade(fill, at_ms=self._venue.stamp(fill.at_ns)) for fill in fills])

    def _span(self, params: Params) -> tuple[int | None, int | None]:
        """Read `startTime` and `endTime`: at most a day lies between them."""
        begin, end = whole(params, "startTime", None), whole(params, "endTime", None)
        if begin is not None and end is not None and end - begin > DAY_MS:
            raise Declined(-1127, "More than 24 hours between startTime and endTime.")
        return begin, end

    # Money

    def _account(self, account: Account, params: Params) -> Response:
        habits = self._venue.habits
        all_of_them = params.get("omitZeroBalances") != "true"
        held = {name: holding for name, holding in account.holdings.items() if all_of_them or holding.total}
        changed_ns = account.statement[-1].at_ns if account.statement else 0
        return json(
            {
                "makerCommission": int(habits.maker_fee * 10_000),
                "takerCommission": int(habits.taker_fee * 10_000),
                "buyerCommission": 0,
                "sellerCommission": 0,
                "commissionRates": {
                    "maker": fraction(habits.maker_fee),
                    "taker": fraction(habits.taker_fee),
                    "buyer": ZERO,
                    "seller": ZERO,
                },
                # What the account may do; what its keys may is told elsewhere.
                "canTrade": True,
                "canWithdraw": True,
                "canDeposit": True,
                "brokered": False,
                "requireSelfTradePrevention": False,
                "preventSor": False,
                "updateTime": self._venue.stamp(changed_ns),
                "accountType": "SPOT",
                "balances": [
                    {"asset": name, "free": money(holding.free), "locked": money(holding.locked)}
                    for name, holding in held.items()
                ],
                "permissions": ["SPOT"],
                "uid": int(account.uid),
            }
        )

    def _commission(self, account: Account, params: Params) -> Response:
        market = self._venue.market(params.get("symbol"))
        maker, taker = self._trading.rates(account, market)
        none = dict.fromkeys(("maker", "taker", "buyer", "seller"), ZERO)
        return json(
            {
                "symbol": market.pair,
                "standardCommission": none | {"maker": fraction(maker), "taker": fraction(taker)},
                "specialCommission": none,
                "taxCommission": none,
                "discount": {
                    "enabledForAccount": False,
                    "enabledForSymbol": True,
                    "discountAsset": "BNB",
                    "discount": "0.75000000",
                },
            }
        )

    def _order_counts(self, account: Account, _params: Params) -> Response:
        return json(self.counts(account).rows)

    def _capital(self, account: Account, _params: Params) -> Response:
        listings = [market.listing for market in self._venue.by_pair.values()]
        networks = {listing.symbol.quote: asset(listing.symbol.quote).networks for listing in listings}
        networks |= {listing.symbol.base: listing.networks for listing in listings}
        return json([_coin(name, chains, money(account.holding(name).free)) for name, chains in networks.items()])


def _cut(rows: Sequence[Any], params: Params, *, newest: bool) -> list[Any]:
    """Return as many as a request wants: the newest of all, or the first behind where it begins. Oldest first."""
    limit = whole(params, "limit", 500, most=1000) or 500
    return list(rows[-limit:] if newest else rows[:limit])


def _coin(name: str, networks: Sequence[Network], free: str) -> dict[str, Any]:
    return {
        "coin": name,
        "name": name,
        "depositAllEnable": any(network.deposits for network in networks),
        "withdrawAllEnable": any(network.withdrawals for network in networks),
        "trading": True,
        "isLegalMoney": False,
        "free": free,
        "networkList": [_network(name, network, is_default=number == 0) for number, network in enumerate(networks)],
    }


def _network(coin: str, network: Network, *, is_default: bool) -> dict[str, Any]:
    usd = asset(coin).usd
    shown = {
        "network": network.name,
        "coin": coin,
        "name": network.name,
        "isDefault": is_default,
        "depositEnable": network.deposits,
        "withdrawEnable": network.withdrawals,
        "withdrawFee": _about(2 / usd),
        "withdrawMin": _about(10 / usd),
        "withdrawMax": "10000000",
        "withdrawIntegerMultiple": "0.00000001",
        "minConfirm": 6,
        "busy": False,
        "estimatedArrivalTime": 2,
    }
    if network.contract:  # a chain's own coin has none
        shown["contractAddress"] = network.contract
        shown["contractAddressUrl"] = "https://etherscan.io/token/"
    return shown


def _about(value: float) -> str:
    """Print an amount with three digits that count."""
    return f"{Decimal(f'{value:.3g}'):f}"
