"""An account by request: the private half of REST.

Source: https://www.kucoin.com/docs-new/rest/account-info/account-funding/get-account-list-spot and
https://www.kucoin.com/docs-new/rest/spot-trading/orders/add-order with its neighbours.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec
from arb_sim.kernel.access import Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Order
from arb_sim.kernel.rest import parameters
from arb_sim.venue import Request, Response

from arb_kucoin.sim.orders import Countdown, Placement, Several, shown_fill, synced
from arb_kucoin.sim.spelling import Declined, done, invalid, missing, plain, whole

if TYPE_CHECKING:
    from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["AccountRest", "Asked", "Route"]

MS = 1_000_000
SECOND = 1_000_000_000
DAY_MS = 86_400_000

T = TypeVar("T")

SPAN_MS = 7 * DAY_MS
"""The span of ended orders or fills that one request may ask for."""
MOST_ROWS = 100
USUAL_ROWS = 20

TRADING = ("trade", "trade_hf")
"""The account that orders are paid from: by its name, and by the older one that some clients still use."""

FEE_PAIRS = 10
BATCH_ORDERS = 20
COUNTDOWN_LEAST_S, COUNTDOWN_MOST_S = 5, 86_400


class Asked(NamedTuple):
    """A request whose sender is known."""

    account: Account
    argument: str
    """The id in the path."""
    params: dict[str, str]
    request: Request

    def read(self, shape: type[T]) -> T:
        """Decode the body.

        Raises:
            Declined: it is something else.
        """
        if not self.request.headers.get("content-type", "").startswith("application/json"):
            raise Declined(415000, "Unsupported Media Type", status=415)
        try:
            return msgspec.json.decode(self.request.body, type=shape)
        except msgspec.DecodeError as wrong:
            raise Declined(400000, "Bad Request", status=400) from wrong


class Route(NamedTuple):
    """A private request: what a key must permit, and what it costs of which pool."""

    act: Callable[[Asked], Response]
    permission: Permission
    pool: str
    weight: int


class AccountRest:
    """Everything below `/api` that needs a key."""

    def __init__(self, venue: "KucoinVenue") -> None:
        self._venue = venue
        self._desk = venue.desk
        self._trading = venue.trading
        self._countdowns: dict[str, tuple[int, str, int]] = {}
        """Account -> seconds, symbols, and when it will be."""
        read, trade = Permission.READ, Permission.TRADE
        orders = "/api/v1/hf/orders"
        self._routes: dict[tuple[str, str], Route] = {
            ("POST", "/api/v1/bullet-private"): Route(self._bullet, read, "spot", 10),
            ("GET", "/api/v3/market/orderbook/level2"): Route(self._full_book, read, "spot", 3),
            ("GET", "/api/v1/accounts"): Route(self._accounts, read, "management", 5),
            ("GET", "/api/v1/trade-fees"): Route(self._trade_fees, read, "spot", 3),
            ("GET", "/api/v1/base-fee"): Route(self._base_fee, read, "spot", 3),
            ("GET", "/api/v1/hf/accounts/opened"): Route(_opened, read, "spot", 2),
            ("GET", "/api/ua/v1/account/mode"): Route(_mode, read, "management", 30),
            ("GET", "/api/v3/margin/symbols"): Route(_no_margin, read, "spot", 3),
            ("GET", "/api/v1/isolated/symbols"): Route(_none, read, "spot", 3),
            ("POST", orders): Route(self._place, trade, "spot", 1),
            ("POST", f"{orders}/sync"): Route(self._place_and_wait, trade, "spot", 1),
            ("POST", f"{orders}/test"): Route(self._test, trade, "spot", 1),
            ("POST", f"{orders}/multi"): Route(self._place_several, trade, "spot", 1),
            ("POST", f"{orders}/multi/sync"): Route(self._place_several_and_wait, trade, "spot", 1),
            ("DELETE", f"{orders}/{{id}}"): Route(self._cancel, trade, "spot", 1),
            ("DELETE", f"{orders}/client-order/{{id}}"): Route(self._cancel_ours, trade, "spot", 1),
            ("DELETE", f"{orders}/sync/{{id}}"): Route(self._cancel_and_wait, trade, "spot", 1),
            ("DELETE", f"{orders}/sync/client-order/{{id}}"): Route(self._cancel_ours_and_wait, trade, "spot", 1),
            ("DELETE", orders): Route(self._cancel_of_symbol, trade, "spot", 2),
            ("DELETE", f"{orders}/cancelAll"): Route(self._cancel_everything, trade, "spot", 30),
            ("POST", f"{orders}/dead-cancel-all"): Route(self._count_down, trade, "spot", 2),
            ("GET", f"{orders}/dead-cancel-all/query"): Route(self._countdown, read, "spot", 2),
            ("GET", f"{orders}/active"): Route(self._active, read, "spot", 2),
            ("GET", f"{orders}/active/page"): Route(self._active_page, read, "spot", 2),
            ("GET", f"{orders}/active/symbols"): Route(self._active_symbols, read, "spot", 2),
            ("GET", f"{orders}/done"): Route(self._done, read, "spot", 2),
            ("GET", f"{orders}/{{id}}"): Route(self._query, read, "spot", 2),
            ("GET", f"{orders}/client-order/{{id}}"): Route(self._query_ours, read, "spot", 2),
            ("GET", "/api/v1/hf/fills"): Route(self._fills, read, "spot", 2),
        }

    def find(self, method: str, path: str) -> tuple[Route | None, str]:
        """Return who answers a request, and the id in its path; None = nobody does."""
        route = self._routes.get((method, path))
        if route is not None:
            return route, ""
        folder, _, argument = path.rpartition("/")
        return self._routes.get((method, f"{folder}/{{id}}")), unquote(argument)

    def knows(self, path: str) -> bool:
        """Whether there is such a path, whatever the method."""
        folder = path.rpartition("/")[0]
        return any(known in {path, f"{folder}/{{id}}"} for _, known in self._routes)

    def answer(self, request: Request, route: Route, argument: str, account: Account) -> Response:
        """Answer a request that `find` has found."""
        return route.act(Asked(account, argument, parameters(request), request))

    # Market data for those who sign

    def _bullet(self, asked: Asked) -> Response:
        return self._venue.bullet(asked.request, asked.account)

    def _full_book(self, asked: Asked) -> Response:
        return self._venue.market_data.book(asked.params, None)

    # Money

    def _accounts(self, asked: Asked) -> Response:
        wanted, kind = asked.params.get("currency"), asked.params.get("type")
        if kind not in {None, "", *TRADING, "main", "margin", "isolated"}:
            raise invalid("type")
        if kind not in {None, "", *TRADING}:
            return done([])  # all the money is where it is traded
        rows = [
            {
                "id": f"{int(asked.account.uid) * 1000 + number}",
                "currency": currency,
                "type": kind or "trade",
                "balance": printed(holding.total),
                "available": printed(holding.free),
                "holds": printed(holding.locked),
            }
            for number, (currency, holding) in enumerate(asked.account.holdings.items())
            if wanted in {None, "", currency}
        ]
        return done(rows)

    def _trade_fees(self, asked: Asked) -> Response:
        names = [name for name in asked.params.get("symbols", "").split(",") if name]
        if not names:
            raise missing("symbols")
        if len(names) > FEE_PAIRS:
            raise invalid("symbols")
        markets = [self._venue.market(name) for name in names]
        return done([{"symbol": market.pair, **self._rates(asked.account, market)} for market in markets])

    def _base_fee(self, asked: Asked) -> Response:
        return done(self._rates(asked.account, next(iter(self._venue.by_pair.values()))))

    def _rates(self, account: Account, market: Market) -> dict[str, str]:
        maker, taker = self._trading.rates(account, market)
        return {"takerFeeRate": plain(taker), "makerFeeRate": plain(maker)}

    # Placing

    def _place(self, asked: Asked) -> Response:
        return done(self._desk.placed(self._desk.place(asked.account, asked.read(Placement))))

    def _place_and_wait(self, asked: Asked) -> Response:
        return done(self._desk.settled(self._desk.place(asked.account, asked.read(Placement))))

    def _test(self, asked: Asked) -> Response:
        placement = asked.read(Placement)
        order_id = self._desk.check(asked.account, placement)
        return done({"orderId": order_id, "clientOid": placement.client_oid})

    def _place_several(self, asked: Asked) -> Response:
        return self._each(asked, self._desk.placed)

    def _place_several_and_wait(self, asked: Asked) -> Response:
        return self._each(asked, self._desk.settled)

    def _each(self, asked: Asked, show: Callable[[Order], dict[str, Any]]) -> Response:
        """Place the orders of a list: each succeeds or fails by itself."""
        placements = asked.read(Several).order_list
        if not 1 <= len(placements) <= BATCH_ORDERS:
            raise invalid("orderList")
        return done([self._one(asked.account, placement, show) for placement in placements])

    def _one(self, account: Account, placement: Placement, show: Callable[[Order], dict[str, Any]]) -> dict[str, Any]:
        try:
            return {**show(self._desk.place(account, placement)), "success": True}
        except Declined as wrong:
            named = {} if placement.client_oid is None else {"clientOid": placement.client_oid}
            return {**named, "success": False, "failMsg": wrong.message}

    # Cancelling

    def _cancel(self, asked: Asked) -> Response:
        return done({"orderId": self._end(asked, "order_id").id})

    def _cancel_ours(self, asked: Asked) -> Response:
        return done({"clientOid": self._end(asked, "client_id").client_id})

    def _cancel_and_wait(self, asked: Asked) -> Response:
        order = self._end(asked, "order_id")
        return done({"orderId": order.id, **synced(order)})

    def _cancel_ours_and_wait(self, asked: Asked) -> Response:
        order = self._end(asked, "client_id")
        return done({"clientOid": order.client_id, **synced(order)})

    def _end(self, asked: Asked, which: str) -> Order:
        return self._desk.cancel(asked.account, self._venue.named(asked.params), **{which: asked.argument})

    def _cancel_of_symbol(self, asked: Asked) -> Response:
        self._trading.cancel_all(asked.account, self._venue.named(asked.params))
        return done("success")

    def _cancel_everything(self, asked: Asked) -> Response:
        ended = self._trading.cancel_all(asked.account)
        symbols = list(dict.fromkeys(order.market.pair for order in ended))
        return done({"succeedSymbols": symbols, "failedSymbols": []})

    def _count_down(self, asked: Asked) -> Response:
        wanted = asked.read(Countdown)
        if wanted.timeout != -1 and not COUNTDOWN_LEAST_S <= wanted.timeout <= COUNTDOWN_MOST_S:
            raise invalid("timeout")
        names = [name for name in wanted.symbols.split(",") if name]
        markets = [self._venue.market(name) for name in names]
        span_ns = 0 if wanted.timeout == -1 else wanted.timeout * SECOND
        for market in markets or (None,):
            self._trading.countdown(asked.account, span_ns, market)
        now_s = self._venue.now_ms // 1000
        ends_s = now_s + max(0, wanted.timeout)
        self._countdowns[asked.account.uid] = (wanted.timeout, wanted.symbols, ends_s)
        return done({"currentTime": now_s, "triggerTime": 0 if wanted.timeout == -1 else ends_s})

    def _countdown(self, asked: Asked) -> Response:
        timeout, symbols, ends_s = self._countdowns.get(asked.account.uid, (-1, "", 0))
        now_s = self._venue.now_ms // 1000
        if timeout == -1 or now_s >= ends_s:
            return done(None)
        return done({"timeout": timeout, "symbols": symbols, "currentTime": now_s, "triggerTime": ends_s})

    # Showing

    def _query(self, asked: Asked) -> Response:
        market = self._venue.named(asked.params)
        return done(self._desk.show(self._desk.find(asked.account, market, order_id=asked.argument)))

    def _query_ours(self, asked: Asked) -> Response:
        market = self._venue.named(asked.params)
        return done(self._desk.show(self._desk.find(asked.account, market, client_id=asked.argument)))

    def _open(self, asked: Asked) -> list[Order]:
        """Return the open orders of a symbol, newest first."""
        return self._trading.open_orders(asked.account, self._venue.named(asked.params))[::-1]

    def _active(self, asked: Asked) -> Response:
        return done([self._desk.show(order) for order in self._open(asked)])

    def _active_page(self, asked: Asked) -> Response:
        orders = self._open(asked)
        page = whole(asked.params, "pageNum", 1) or 1
        rows = whole(asked.params, "pageSize", USUAL_ROWS, most=MOST_ROWS) or USUAL_ROWS
        return done(
            {
                "currentPage": page,
                "pageSize": rows,
                "totalNum": len(orders),
                "totalPage": -(-len(orders) // rows),
                "items": [self._desk.show(order) for order in orders[(page - 1) * rows : page * rows]],
            }
        )

    def _active_symbols(self, asked: Asked) -> Response:
        orders = self._trading.open_orders(asked.account)
        return done({"symbols": list(dict.fromkeys(order.market.pair for order in orders))})

    def _done(self, asked: Asked) -> Response:
        """Show orders that have ended, newest first; `lastId` of one page is where the next begins."""
        params = asked.params
        first, last = self._span(params)
        orders = [
            order
            for order in self._trading.history(asked.account, self._venue.named(params))
            if not order.is_open
            and first <= self._venue.stamp(order.created_ns) <= last
            and params.get("side") in {None, "", "buy" if order.buys else "sell"}
            and params.get("type") in {None, "", order.kind.value}
        ]
        page = self._page(orders, params, lambda order: order.number)
        return done({"lastId": page[-1].number if page else 0, "items": [self._desk.show(order) for order in page]})

    def _fills(self, asked: Asked) -> Response:
        """Show fills in the same way."""
        params = asked.params
        first, last = self._span(params)
        register = self._trading.register(asked.account)
        found: list[tuple[Fill, Order | None]] = []
        market, order_id = self._venue.named(params), params.get("orderId") or None
        for fill in self._trading.fills(asked.account, market, order_id=order_id):
            record = register.by_id(fill.order_id)
            order = None if record is None else record.now
            if (
                first <= self._venue.stamp(fill.at_ns) <= last
                and params.get("side") in {None, "", "buy" if fill.buys else "sell"}
                and params.get("type") in {None, "", None if order is None else order.kind.value}
            ):
                found.append((fill, order))
        page = self._page(found, params, lambda one: one[0].serial)
        items = [
            shown_fill(
                fill,
                order,
                counter=self._venue.stranger_id(fill.number, maker=not fill.maker),
                rate=self._trading.rates(asked.account, market)[0 if fill.maker else 1],
                created_ms=self._venue.stamp(fill.at_ns),
            )
            for fill, order in page
        ]
        return done({"items": items, "lastId": page[-1][0].serial if page else 0})

    def _span(self, params: dict[str, str]) -> tuple[int, int]:
        """Return the first and last millisecond that a request asks about; one of them alone names a week."""
        first, last = whole(params, "startAt"), whole(params, "endAt")
        if not last:
            last = self._venue.now_ms if not first else first + SPAN_MS
        if not first:
            first = last - SPAN_MS
        if last - first > SPAN_MS:
            raise Declined(400100, "The time range cannot exceed 7 days.")
        return first, last

    def _page(self, rows: Sequence[T], params: dict[str, str], number: Callable[[T], int]) -> list[T]:
        """Cut out the page that a request wants, newest first."""
        after = whole(params, "lastId")
        limit = whole(params, "limit", USUAL_ROWS) or USUAL_ROWS
        if limit > MOST_ROWS:
            raise invalid("limit")
        return [row for row in reversed(rows) if not after or number(row) < after][:limit]


def _mode(_asked: Asked) -> Response:
    """The account is a classic one, not unified."""
    return done({"selfAccountMode": "CLASSIC"})


def _opened(_asked: Asked) -> Response:
    return done(data=True)


def _none(_asked: Asked) -> Response:
    return done([])


def _no_margin(_asked: Asked) -> Response:
    return done({"timestamp": 0, "items": []})
