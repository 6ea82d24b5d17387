"""Acme's signed REST side. Entered through `plugin`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from arb_core.errors import InvalidOrder
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint
from arb_core.structs.market import Asset, Side, Symbol
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    Order,
    OrderAck,
    OrderId,
    OrderRequest,
    OrderType,
    TimeInForce,
)
from arb_core.structs.wire import plain

from arb_acme import card, faults, parse, text
from arb_acme.sign import Signer

KINDS = {OrderType.LIMIT: "limit", OrderType.MARKET: "market"}
LIVES = {
    TimeInForce.GTC: "stay",
    TimeInForce.IOC: "now",
    TimeInForce.FOK: "all",
    TimeInForce.POST_ONLY: "maker",
}
SIDES = {Side.BUY: "buy", Side.SELL: "sell"}


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._markets = context.markets
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def get_balances(self) -> Mapping[Asset, Balance]:
        return await self._rest.call(card.BALANCES, parse.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return await self._rest.call(card.FEES, parse.fees, self._market(symbol))

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.KEY, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        return await self._rest.call(
            card.PLACE, parse.order_ack, body=self._asked(request), client_order_id=request.client_order_id
        )

    def _asked(self, request: OrderRequest) -> bytes:
        side, kind, life = SIDES.get(request.side), KINDS.get(request.type), LIVES.get(request.time_in_force)
        if side is None or kind is None or (kind == "limit" and life is None):
            raise InvalidOrder(f"not sent: acme has no such order: {request}", exchange=card.ID)
        if kind == "limit" and request.quantity is None:
            raise InvalidOrder("not sent: only a market order counts in quote", exchange=card.ID)
        limit = kind == "limit"
        return text.write(
            "order",
            market=self._markets.pair(request.symbol),
            side=side,
            kind=kind,
            life=life if limit else None,
            tag=_tag(request.client_order_id),
            price=_printed(request.price if limit else None),
            size=_printed(request.quantity),
            value=_printed(request.quote_quantity),
        ).encode()

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        endpoint, named = _named(card.CANCEL, card.CANCEL_TAG, order_id, client_order_id)
        await self._rest.call(endpoint, parse.nothing, path=named)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        await self._rest.call(card.CANCEL_ALL, parse.nothing, self._market(symbol))

    async def modify_order(
        self, symbol: Symbol, order_id: OrderId, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> OrderAck:
        body = text.write("change", price=_printed(price), size=_printed(quantity)).encode()
        return await self._rest.call(card.CHANGE, parse.order_ack, path={"order": order_id}, body=body)

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        endpoint, named = _named(card.ORDER, card.TAG, order_id, client_order_id)
        return await self._rest.call(endpoint, parse.one_order, path=named)

    async def get_open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        market = {} if symbol is None else self._market(symbol)
        return await self._rest.call(card.OPEN_AND_PAST, parse.orders, {**market, "state": "open"})

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> Sequence[Order]:
        params = {**self._market(symbol), "state": "all", "since": since_ns // parse.US}
        return await self._rest.call(card.OPEN_AND_PAST, parse.orders, params)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> Sequence[Fill]:
        params = {**self._market(symbol), "since": since_ns // parse.US}
        if order_id is not None:
            params["order"] = order_id
        return await self._rest.call(card.FILLS, parse.fills, params)

    async def arm_countdown(self, timeout_ns: int) -> None:
        # Rounded up: a countdown of less than a second must not disarm.
        body = text.write("countdown", seconds=-(-timeout_ns // card.SECOND)).encode()
        await self._rest.call(card.COUNTDOWN, parse.nothing, body=body)

    def _market(self, symbol: Symbol) -> dict[str, str | int]:
        return {"market": self._markets.pair(symbol)}


def _printed(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _tag(client_order_id: ClientOrderId) -> str:
    return f"{card.CARD.client_ids.prefix}{client_order_id}"


def _named(
    by_id: Endpoint, by_tag: Endpoint, order_id: OrderId | None, client_order_id: ClientOrderId | None
) -> tuple[Endpoint, dict[str, str]]:
    """Name an order by the one id that is given."""
    if order_id is not None and client_order_id is None:
        return by_id, {"order": order_id}
    if client_order_id is not None and order_id is None:
        return by_tag, {"tag": _tag(client_order_id)}
    raise ValueError("an order is named by exactly one of its ids")
