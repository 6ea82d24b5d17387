"""An account by request: the private half of REST.

Source: https://www.gate.com/docs/developers/apiv4/en/#spot and #wallet there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from arb_sim.kernel.access import Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Order
from arb_sim.kernel.rest import json, parameters
from arb_sim.venue import Request, Response

from arb_gateio.sim.orders import Amendment, Cancellation, Placement
from arb_gateio.sim.spelling import Declined, invalid, page, plain, price, size, whole

if TYPE_CHECKING:
    from arb_gateio.sim.venue import GateioVenue

__all__ = ["AccountRest", "Asked"]

SECOND = 1_000_000_000
DAY_S = 86_400

T = TypeVar("T")

UNNAMED = "apiv4"
"""What an order is called whose client gives it no text."""

TRADES_BY_DEFAULT_S = 7 * DAY_S
TRADES_AT_MOST_S = 30 * DAY_S
"""The span of fills that one request may ask for."""

COUNTDOWN_LEAST_S = 5
BATCH_PAIRS, BATCH_ORDERS = 4, 10
BATCH_CANCELS, BATCH_AMENDMENTS = 20, 5
FEE_PAIRS = 50


class Countdown(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel everything in so many seconds, unless told again."""

    timeout: int
    currency_pair: str = ""


class Asked(NamedTuple):
    """A request whose sender is known."""

    account: Account
    argument: str
    """What the path says behind the name."""
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
            raise Declined(400, "INVALID_REQUEST_BODY", f"Invalid request body: {wrong}") from wrong


class _Route(NamedTuple):
    act: Callable[[Asked], Response]
    permission: Permission
    budget: str | None
    """The budget that the request itself costs; those of orders are spent at the desk, one for each order."""
    argument: bool = False


class AccountRest:
    """Everything below `/api/v4` that needs a key."""

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self._desk = venue.desk
        self._trading = venue.trading
        read, trade = Permission.READ, Permission.TRADE
        self._routes = {
            ("GET", "account/detail"): _Route(self._detail, read, "private"),
            ("GET", "wallet/fee"): _Route(self._wallet_fee, read, "private"),
            ("GET", "spot/fee"): _Route(self._spot_fee, read, "private"),
            ("GET", "spot/batch_fee"): _Route(self._batch_fee, read, "private"),
            ("GET", "spot/accounts"): _Route(self._accounts, read, "private"),
            ("GET", "spot/orders"): _Route(self._list, read, "private"),
            ("GET", "spot/orders/"): _Route(self._query, read, "private", argument=True),
            ("GET", "spot/open_orders"): _Route(self._open_orders, read, "private"),
            ("GET", "spot/my_trades"): _Route(self._my_trades, read, "private"),
            ("POST", "spot/orders"): _Route(self._place, trade, None),
            ("POST", "spot/batch_orders"): _Route(self._place_several, trade, None),
            ("PATCH", "spot/orders/"): _Route(self._amend, trade, None, argument=True),
            ("POST", "spot/amend_batch_orders"): _Route(self._amend_several, trade, None),
            ("DELETE", "spot/orders/"): _Route(self._cancel, trade, None, argument=True),
            ("DELETE", "spot/orders"): _Route(self._cancel_open, trade, None),
            ("POST", "spot/cancel_batch_orders"): _Route(self._cancel_several, trade, None),
            ("POST", "spot/countdown_cancel_all"): _Route(self._countdown, trade, "private"),
        }
        self.paths = frozenset(path for _, path in self._routes)
        """Every path, whatever the method; a slash at its end stands for an order's id."""

    def permission(self, method: str, path: str) -> Permission | None:
        """Return what a key must permit for a request, None when there is no such request."""
        route = self._routes.get((method, path))
        return None if route is None else route.permission

    def answer(self, request: Request, path: str, argument: str, account: Account) -> Response:
        """Answer a request. `path` is one of `paths`."""
        route = self._routes[request.method, path]
        if request.body and not request.headers.get("content-type", "").startswith("application/json"):
            raise Declined(415, "INVALID_CONTENT_TYPE", "Content-Type must be application/json")
        if route.budget is not None:
            self._venue.budgets.spend(route.budget, f"{account.uid} {path}")
        return route.act(Asked(account, argument, parameters(request), request.body))

    # Money

    def _detail(self, asked: Asked) -> Response:
        # mode 1 = a classic account, whose spot money is its own; 2 would be a unified one
        user = int(asked.account.uid)
        return json({"user_id": user, "ip_whitelist": [], "currency_pairs": [], "key": {"mode": 1}, "tier": 0})

    def _accounts(self, asked: Asked) -> Response:
        wanted = asked.params.get("currency")
        if wanted and wanted not in self._venue.currencies:
            raise Declined(400, "INVALID_CURRENCY", f"Invalid currency {wanted}")
        held = {wanted: asked.account.holding(wanted)} if wanted else asked.account.holdings
        return json(
            [
                {
                    "currency": currency,
                    "available": printed(holding.free),
                    "locked": printed(holding.locked),
                    "update_id": len(asked.account.statement),
                }
                for currency, holding in held.items()
            ]
        )

    def _wallet_fee(self, asked: Asked) -> Response:
        pair = asked.params.get("currency_pair")
        market = self._venue.market(asked.params) if pair else next(iter(self._venue.by_pair.values()))
        futures = {
            "futures_taker_fee": "0.0005",
            "futures_maker_fee": "0.0002",
            "delivery_taker_fee": "0.0005",
            "delivery_maker_fee": "0.0002",
        }
        return json(self._fees(asked.account, market) | futures)

    def _spot_fee(self, asked: Asked) -> Response:
        market = self._venue.market(asked.params)
        return json(self._fees(asked.account, market) | {"currency_pair": market.pair})

    def _batch_fee(self, asked: Asked) -> Response:
        names = [name for name in asked.params.get("currency_pairs", "").split(",") if name]
        if not names:
            raise Declined(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pairs")
        if len(names) > FEE_PAIRS:
            raise Declined(400, "TOO_MANY_CURRENCY_PAIRS", f"At most {FEE_PAIRS} currency pairs")
        markets = [self._venue.market({"currency_pair": name}) for name in names]
        return json(
            {market.pair: self._fees(asked.account, market) | {"currency_pair": market.pair} for market in markets}
        )

    def _fees(self, account: Account, market: Market) -> dict[str, Any]:
        """Fractions, unlike the percentage in the list of pairs."""
        maker, taker = self._trading.rates(account, market)
        return {
            "user_id": int(account.uid),
            "taker_fee": plain(taker),
            "maker_fee": plain(maker),
            "gt_discount": False,
            "gt_taker_fee": "0",
            "gt_maker_fee": "0",
            "loan_fee": "0.18",
            "point_type": "1",
            "debit_fee": 3,
        }

    # Orders

    def _place(self, asked: Asked) -> Response:
        wanted = asked.read(Placement)
        order = self._desk.place(asked.account, wanted, unnamed=UNNAMED)
        return json(self._desk.show(order, wanted.action_mode), status=201)

    def _place_several(self, asked: Asked) -> Response:
        wanted = asked.read(list[Placement])
        _bounded(wanted, BATCH_ORDERS)
        if len({item.account for item in wanted}) > 1:
            raise Declined(400, "MIXED_ACCOUNT_TYPE", "Orders of several account types")
        if any(not item.text for item in wanted):
            raise Declined(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: text")
        return json([self._desk.item(partial(self._placed, asked, item), text=item.text) for item in wanted])

    def _placed(self, asked: Asked, wanted: Placement) -> dict[str, Any]:
        return self._desk.show(self._desk.place(asked.account, wanted, unnamed=UNNAMED), wanted.action_mode)

    def _query(self, asked: Asked) -> Response:
        params = asked.params
        order = self._desk.find(asked.account, asked.argument, params.get("currency_pair", ""), _kind(params))
        return json(self._desk.show(order))

    def _cancel(self, asked: Asked) -> Response:
        params = asked.params
        order = self._desk.cancel(asked.account, asked.argument, params.get("currency_pair", ""), _kind(params))
        return json(self._desk.show(order, params.get("action_mode", "FULL")))

    def _cancel_open(self, asked: Asked) -> Response:
        params = asked.params
        pair, side = params.get("currency_pair"), params.get("side")
        ended = self._desk.cancel_open(asked.account, pair, side, _kind(params))
        return json([self._desk.show(order) | {"succeeded": True} for order in ended])

    def _cancel_several(self, asked: Asked) -> Response:
        wanted = asked.read(list[Cancellation])
        _bounded(wanted, BATCH_CANCELS, pairs=None)
        return json([self._cancelled(asked, item) for item in wanted])

    def _cancelled(self, asked: Asked, item: Cancellation) -> dict[str, Any]:
        shown = {"currency_pair": item.currency_pair, "id": item.id, "account": item.account}
        try:
            order = self._desk.cancel(asked.account, item.id, item.currency_pair, item.account)
        except Declined as wrong:
            return {**shown, "text": item.id, "succeeded": False, "label": wrong.label, "message": wrong.message}
        text = order.client_id or order.note
        return {**shown, "id": order.id, "text": text, "succeeded": True, "label": None, "message": None}

    def _amend(self, asked: Asked) -> Response:
        """Change an order. Pair and account may stand in the query as well; the body counts."""
        wanted = asked.read(Amendment)
        order = self._desk.amend(
            asked.account,
            msgspec.structs.replace(
                wanted,
                order_id=asked.argument,
                currency_pair=wanted.currency_pair or asked.params.get("currency_pair", ""),
                account=wanted.account or _kind(asked.params),
            ),
        )
        return json(self._desk.show(order, wanted.action_mode))

    def _amend_several(self, asked: Asked) -> Response:
        wanted = asked.read(list[Amendment])
        _bounded(wanted, BATCH_AMENDMENTS, pairs=None)
        return json([self._desk.item(partial(self._amended, asked, item), order_id=item.order_id) for item in wanted])

    def _amended(self, asked: Asked, item: Amendment) -> dict[str, Any]:
        return self._desk.show(self._desk.amend(asked.account, item), item.action_mode)

    def _countdown(self, asked: Asked) -> Response:
        wanted = asked.read(Countdown)
        if wanted.timeout != 0 and wanted.timeout < COUNTDOWN_LEAST_S:
            raise invalid("timeout", wanted.timeout)
        market = self._venue.market({"currency_pair": wanted.currency_pair}) if wanted.currency_pair else None
        ends_ns = self._trading.countdown(asked.account, wanted.timeout * SECOND, market)
        return json({"triggerTime": "0" if ends_ns is None else str(self._venue.stamp(ends_ns))})

    # Lists

    def _open_orders(self, asked: Asked) -> Response:
        """Every open order by pair; page and limit count the orders of each."""
        self._desk.only_spot(_kind(asked.params))
        by_pair: dict[str, list[Order]] = {}
        for order in reversed(self._trading.open_orders(asked.account)):
            by_pair.setdefault(order.market.pair, []).append(order)
        rows = [
            {
                "currency_pair": pair,
                "total": len(orders),
                "orders": [self._desk.show(order) for order in page(orders, asked.params, most=100)],
            }
            for pair, orders in by_pair.items()
        ]
        return json(rows)

    def _list(self, asked: Asked) -> Response:
        return json([self._desk.show(order) for order in self._desk.listed(asked.account, asked.params)])

    def _my_trades(self, asked: Asked) -> Response:
        params, venue = asked.params, self._venue
        self._desk.only_spot(_kind(params))
        order_id = params.get("order_id") or None
        market = venue.market(params) if params.get("currency_pair") or order_id else None
        now_s = venue.now_ms // 1000
        last = whole(params, "to", now_s) or now_s
        first = whole(params, "from", last - TRADES_BY_DEFAULT_S) or 0
        if last - first > TRADES_AT_MOST_S:
            raise Declined(400, "INVALID_PARAM_VALUE", "The time range cannot exceed 30 days")
        fills = [
            fill
            for fill in self._trading.fills(asked.account, market, order_id=order_id)
            if first <= venue.stamp(fill.at_ns) // 1000 <= last
        ]
        fills.reverse()
        return json([self._trade(asked.account, fill) for fill in page(fills, params, most=1000)])

    def _trade(self, account: Account, fill: Fill) -> dict[str, Any]:
        order = self._trading.register(account).by_id(fill.order_id)
        unnamed = UNNAMED if order is None else order.now.note
        return {
            "id": str(fill.number),
            "create_time": str(self._venue.stamp(fill.at_ns) // 1000),
            "create_time_ms": self._venue.exact_stamp(fill.at_ns),
            "currency_pair": fill.market.pair,
            "order_id": fill.order_id,
            "side": "buy" if fill.buys else "sell",
            "role": "maker" if fill.maker else "taker",
            "amount": size(fill.market, fill.size),
            "price": price(fill.market, fill.price),
            "fee": printed(fill.fee),
            "fee_currency": fill.fee_asset,
            "point_fee": "0",
            "gt_fee": "0",
            "sequence_id": str(fill.number - 1_000),
            "text": fill.client_id or unnamed,
            "amend_text": "-" if order is None else self._desk.amend_text(order.now),
        }


def _kind(params: dict[str, str]) -> str:
    return params.get("account", "spot")


def _bounded(
    wanted: Sequence[Placement | Amendment | Cancellation], most: int, *, pairs: int | None = BATCH_PAIRS
) -> None:
    """Refuse a list that is empty or too long: `most` counts the orders of one of `pairs`, or all of them."""
    if not wanted:
        raise Declined(400, "INVALID_REQUEST_BODY", "Empty list")
    named = [item.currency_pair for item in wanted]
    if pairs is None:
        if len(named) > most:
            raise Declined(400, "TOO_MANY_ORDERS", f"At most {most} orders")
        return
    if len(set(named)) > pairs:
        raise Declined(400, "TOO_MANY_CURRENCY_PAIRS", f"At most {pairs} currency pairs")
    if any(named.count(name) > most for name in set(named)):
        raise Declined(400, "TOO_MANY_ORDERS", f"At most {most} orders of one currency pair")
