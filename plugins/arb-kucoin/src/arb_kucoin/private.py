"""KuCoin's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from arb_core.errors import InvalidOrder
from arb_core.interfaces.context import ExchangeContext, Params
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint
from arb_core.structs.market import Asset, Pair, Side, Symbol
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    Order,
    OrderAck,
    OrderId,
    OrderRequest,
    OrderType,
    TimeInForce,
    named,
)
from arb_core.structs.wire import plain

from arb_kucoin import card, faults, parse
from arb_kucoin.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_MS = 1_000_000

_SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
_named = partial(named, theirs="id", ours="id", prefix=card.CARD.client_ids.prefix)


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._clock = context.clock
        self._pair = partial(context.markets.pair, spell=card.spell)
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances, {"type": "trade"})

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        pair = self._pair(symbol)
        return await self._rest.call(card.TRADING_FEES, partial(parse.trading_fees, pair=pair), {"symbols": pair})

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.ACCOUNT, parse.permissions, {"type": "trade"})

    async def place_order(self, request: OrderRequest) -> OrderAck:
        body = msgspec.json.encode(_order(request, self._pair(request.symbol)))
        return await self._rest.call(card.PLACE, parse.order_ack, body=body, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        ours, path = order_id is None, _named(order_id, client_order_id)
        endpoint = card.CANCEL_OURS if ours else card.CANCEL
        await self._rest.call(endpoint, parse.nothing, {"symbol": self._pair(symbol)}, path=path)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        await self._rest.call(card.CANCEL_ALL, parse.nothing, {"symbol": self._pair(symbol)})

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        ours, path = order_id is None, _named(order_id, client_order_id)
        endpoint = card.ORDER_OURS if ours else card.ORDER
        return await self._rest.call(endpoint, parse.order, {"symbol": self._pair(symbol)}, path=path)

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        if symbol is None:
            pairs = await self._rest.call(card.OPEN_SYMBOLS, parse.open_pairs)
        else:
            pairs = [self._pair(symbol)]
        return [
            row
            for pair in pairs
            for row in await self._rest.call(card.OPEN_ORDERS, parse.open_orders, {"symbol": pair})
        ]

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        # The open ones first: an order that ends meanwhile is then in both lists, not in none.
        rows = {_order_id(row): row for row in await self.get_open_orders(symbol)}
        params: dict[str, str | int] = {"symbol": self._pair(symbol)}
        params["startAt"] = max(since_ns, self._clock.now_ns() - card.HISTORY_KEPT_NS) // _MS
        rows |= await self._pages(card.HISTORY, parse.orders, params, _order_id, card.HISTORY_AT_ONCE)
        return _oldest_first(rows, lambda row: row.created_ns or row.updated_ns or 0)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        params: dict[str, str | int] = {"symbol": self._pair(symbol)}
        if order_id is not None:
            params["orderId"] = order_id  # with it, a span would be ignored
        else:
            params["startAt"] = max(since_ns, self._clock.now_ns() - card.FILLS_KEPT_NS) // _MS
        rows = await self._pages(card.FILLS, parse.fills, params, _execution, card.FILLS_AT_ONCE)
        return _oldest_first(rows, lambda row: row.exchange_ns)

    async def _pages(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], tuple[list[T], int | None]],
        params: Params,
        key: Callable[[T], str],
        at_once: int,
    ) -> dict[str, T]:
        """Return the rows of all pages, once each, newest first; one that brings nothing new is the last."""
        rows: dict[str, T] = {}
        asked: dict[str, str | int] = {**params, "limit": at_once}
        while True:
            page, last_id = await self._rest.call(endpoint, parser, asked)
            known = len(rows)
            rows |= {key(row): row for row in page}
            if not last_id or len(page) < at_once or len(rows) == known:
                return rows
            asked["lastId"] = last_id


def _order(request: OrderRequest, pair: Pair) -> dict[str, str | bool]:
    """Say an order in KuCoin's words. Raises `InvalidOrder` for what it does not take."""
    words = card.ORDER_TYPES.get((request.type, request.time_in_force))
    side = _SIDES.get(request.side)
    if words is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    kind, time_in_force = words
    order: dict[str, str | bool] = {
        "clientOid": card.CARD.client_ids.prefix + request.client_order_id,
        "side": side,
        "symbol": pair,
        "type": kind,
    }
    if request.quantity is not None:
        order["size"] = plain(request.quantity)
    elif request.quote_quantity is not None and request.type is OrderType.MARKET:
        order["funds"] = plain(request.quote_quantity)
    else:
        raise _invalid("only a market order counts quote")
    if request.type is OrderType.LIMIT and request.price is not None:
        order["price"] = plain(request.price)
    if time_in_force is not None:
        order["timeInForce"] = time_in_force
    if request.time_in_force is TimeInForce.POST_ONLY:
        order["postOnly"] = True
    return order


def _oldest_first(rows: dict[str, T], moment: Callable[[T], int]) -> list[T]:
    """Order rows that came newest first; those of one moment as well, in which one order may be filled many times."""
    ordered = list(rows.values())
    ordered.reverse()
    ordered.sort(key=moment)
    return ordered


def _order_id(row: Order) -> str:
    return row.order_id


def _execution(row: Fill) -> str:
    """A trade with oneself is two executions under one id."""
    return f"{row.order_id} {row.trade_id}"


def _invalid(message: str) -> InvalidOrder:
    return InvalidOrder(f"not sent: {message}", exchange=card.ID)
