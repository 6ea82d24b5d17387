"""What Acme does with the requests of an account."""

from decimal import Decimal, InvalidOperation
from urllib.parse import unquote

from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Force, Kind, NewOrder, Order, Refused, Status, Why
from arb_sim.kernel.rest import Refusal, parameters
from arb_sim.kernel.rules import base_amount, quote_amount
from arb_sim.kernel.trading import Trading
from arb_sim.venue import Request, Response

from arb_acme.sim.market_data import SECOND, SIDES, US, YES
from arb_acme.sim.speech import answer, heard, line, problem

__all__ = ["Desk", "balance_line", "fill_line", "order_line"]

LIVES = {"stay": Force.GTC, "now": Force.IOC, "all": Force.FOK, "maker": Force.POST_ONLY}
STATES = {Status.OPEN: "open", Status.FILLED: "full", Status.ENDED: "gone"}

BAD_ORDER = (400, "bad-order")
REFUSALS = {
    Why.HALTED: (403, "paused-market"),
    Why.FUNDS: (400, "no-funds"),
    Why.CLIENT_ID: (409, "taken-tag"),
    Why.WOULD_TAKE: (400, "would-take"),
    Why.NOT_FOUND: (404, "unknown-order"),
    Why.ENDED: (409, "ended-order"),
}


def order_line(order: Order) -> str:
    """`order`."""
    market = order.market
    limit = order.kind is Kind.LIMIT
    return line(
        "order",
        id=order.id,
        tag=order.client_id,
        market=market.pair,
        side=SIDES[order.buys],
        kind=order.kind.value,
        life=order.note if limit else None,
        price=None if order.price is None else market.spelling.price(order.price),
        size=None if order.size is None else market.spelling.size(order.size),
        value=None if order.budget is None else printed(quote_amount(market, order.budget)),
        done=printed(base_amount(market, order.filled)),
        paid=printed(quote_amount(market, order.spent)),
        state=STATES[order.status],
        made=order.created_ns // US,
        at=order.updated_ns // US,
    )


def fill_line(fill: Fill) -> str:
    """`fill`."""
    price, size = fill.market.spelling.level(fill.price, fill.size)
    return line(
        "fill",
        id=fill.serial,
        order=fill.order_id,
        tag=fill.client_id,
        market=fill.market.pair,
        side=SIDES[fill.buys],
        price=price,
        size=size,
        fee=printed(fill.fee),
        fee_asset=fill.fee_asset.lower(),
        role="maker" if fill.maker else "taker",
        at=fill.at_ns // US,
    )


def balance_line(asset: str, free: int, held: int, now_ns: int) -> str:
    """`balance`."""
    return line("balance", asset=asset.lower(), free=printed(free), held=printed(held), at=now_ns // US)


class Desk:
    """Carries out signed requests, once it is known whose they are."""

    def __init__(self, trading: Trading, markets: dict[str, Market]) -> None:
        self._trading = trading
        self._markets = markets

    def answer(self, request: Request, key: ApiKey, now_ns: int) -> Response:
        """Answer one request."""
        if request.method != "GET" and not key.may(Permission.TRADE):
            return problem(403, "not-permitted")
        try:
            return answer(self._lines(request, key, now_ns))
        except Refused as refused:
            return problem(*REFUSALS.get(refused.why, BAD_ORDER), why=refused.why.value.replace("_", " "))
        except Refusal as refusal:
            return refusal.response

    def _lines(self, request: Request, key: ApiKey, now_ns: int) -> list[str]:
        account, params = key.account, parameters(request)
        _, first, *rest = (unquote(part) for part in request.path.split("/"))
        match request.method, first, rest:
            case "GET", "key", []:
                may = {name: YES[key.may(Permission(name))] for name in ("read", "trade", "withdraw")}
                return [line("key", **may)]
            case "GET", "balances", []:
                held = account.holdings.items()
                return [balance_line(asset, holding.free, holding.locked, now_ns) for asset, holding in held]
            case "GET", "fees", []:
                market = self._market(params)
                maker, taker = self._trading.rates(account, market)
                return [line("fees", market=market.pair, maker=f"{maker:f}", taker=f"{taker:f}")]
            case "GET", "fills", []:
                since = _whole(params.get("since"))
                fills = self._trading.fills(account, self._market(params), order_id=params.get("order"))
                return [fill_line(fill) for fill in fills if fill.at_ns // US >= since]
            case "POST", "countdown", []:
                said = _body(request, "countdown")
                at_ns = self._trading.countdown(account, _whole(said.get("seconds")) * SECOND)
                return [line("countdown", at=None if at_ns is None else at_ns // US)]
            case _, "orders" | "tags", _:
                return [order_line(order) for order in self._orders(request, account, params, first, rest)]
        raise Refusal(problem(404, "bad-request", "no such path"))

    def _orders(
        self, request: Request, account: Account, params: dict[str, str], first: str, rest: list[str]
    ) -> list[Order]:
        trading = self._trading
        match request.method, rest:
            case "POST", []:
                return [trading.place(account, self._new(request))]
            case "GET", []:
                since = _whole(params.get("since"))
                market = self._market(params) if "market" in params else None
                found = trading.open_orders if params.get("state") == "open" else trading.history
                return [order for order in found(account, market) if order.created_ns // US >= since]
            case "DELETE", []:
                return trading.cancel_all(account, self._market(params))
            case "GET", [name]:
                return [trading.find(account, **_id(first, name))]
            case "DELETE", [name]:
                return [trading.cancel(account, trading.find_open(account, **_id(first, name)))]
            case "PATCH", [name]:
                said = _body(request, "change")
                order = trading.find_open(account, **_id(first, name))
                return [trading.change(account, order, price=_number(said, "price"), size=_number(said, "size"))]
        raise Refusal(problem(404, "bad-request", "no such path"))

    def _new(self, request: Request) -> NewOrder:
        said = _body(request, "order")
        if said.get("side") not in {"buy", "sell"} or said.get("kind") not in {"limit", "market"}:
            raise Refusal(problem(400, "bad-request", "side or kind"))
        limit = said["kind"] == "limit"
        if limit and said.get("life") not in LIVES:
            raise Refusal(problem(400, "bad-request", "life"))
        size, value = _number(said, "size"), _number(said, "value")
        if (size is None) == (value is None) or (limit and value is not None):
            raise Refusal(problem(400, "bad-request", "size or value"))
        tag = said.get("tag")
        if tag is not None and not (tag.isascii() and tag.isalnum() and len(tag) <= 24):
            raise Refusal(problem(400, "bad-request", "tag"))
        return NewOrder(
            market=self._market(said),
            buys=said["side"] == "buy",
            kind=Kind.LIMIT if limit else Kind.MARKET,
            force=LIVES[said["life"]] if limit else Force.IOC,
            price=_number(said, "price"),
            size=size,
            budget=value,
            client_id=tag,
            note=said.get("life", ""),
        )

    def _market(self, params: dict[str, str]) -> Market:
        market = self._markets.get(params.get("market", ""))
        if market is None:
            raise Refusal(problem(404, "unknown-market"))
        return market


def _body(request: Request, first: str) -> dict[str, str]:
    said = heard(request.body)
    if said is None or said[0] != first:
        raise Refusal(problem(400, "bad-request", f"expected a line about {first!r}"))
    return said[1]


def _id(first: str, name: str) -> dict[str, str]:
    return {"client_id": name} if first == "tags" else {"order_id": name}


def _number(said: dict[str, str], name: str) -> Decimal | None:
    if name not in said:
        return None
    text = said[name]
    if not text.replace(".", "", 1).isdecimal() or not text.isascii():
        raise Refusal(problem(400, "bad-request", name))
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Refusal(problem(400, "bad-request", name)) from error


def _whole(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(problem(400, "bad-request", "a number"))
    return int(text)
