"""Bitget's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from arb_core.errors import InvalidOrder, OrderNotFound
from arb_core.interfaces.context import ExchangeContext, Params
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint
from arb_core.structs.market import Asset, Pair, Side, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest, OrderType, named
from arb_core.structs.wire import plain

from arb_bitget import card, faults, parse
from arb_bitget.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_MS = 1_000_000

_SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
_named = partial(named, theirs="orderId", ours="clientOid", prefix=card.CARD.client_ids.prefix)


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._clock = context.clock
        self._pair = partial(context.markets.pair, spell=card.spell)
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        params = {"businessType": "spot", "symbol": self._pair(symbol)}
        return await self._rest.call(card.TRADING_FEES, parse.trading_fees, params)

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.ACCOUNT, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        body = msgspec.json.encode(_order(request, self._pair(request.symbol)))
        return await self._rest.call(card.PLACE, parse.order_ack, body=body, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        body = msgspec.json.encode({"symbol": self._pair(symbol), **_named(order_id, client_order_id)})
        await self._rest.call(card.CANCEL, parse.nothing, body=body)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        body = msgspec.json.encode({"symbol": self._pair(symbol)})
        try:
            await self._rest.call(card.CANCEL_ALL, parse.nothing, body=body)
        except OrderNotFound:
            return  # 22001: there was nothing to cancel

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        return await self._rest.call(card.ORDER, parse.order, _named(order_id, client_order_id))

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        params = {} if symbol is None else {"symbol": self._pair(symbol)}
        rows = await self._pages(card.OPEN_ORDERS, parse.open_orders, params, _order_id, _order_id)
        return list(rows.values())

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        # The open ones first: an order that ends meanwhile is then in both lists, not in none.
        rows = {_order_id(row): row for row in await self.get_open_orders(symbol)}
        params: dict[str, str | int] = {"symbol": self._pair(symbol), "startTime": self._since(since_ns)}
        rows |= await self._pages(card.HISTORY, parse.orders, params, _order_id, _order_id)
        return _oldest_first(rows, lambda row: row.created_ns or 0)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        params: dict[str, str | int] = {"symbol": self._pair(symbol), "startTime": self._since(since_ns)}
        if order_id is not None:
            params["orderId"] = order_id
        rows = await self._pages(card.FILLS, parse.fills, params, _execution, lambda row: row.trade_id)
        return _oldest_first(rows, lambda row: row.exchange_ns)

    async def _pages(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], list[T]],
        params: Params,
        key: Callable[[T], str],
        number: Callable[[T], str],
    ) -> dict[str, T]:
        """Return the rows of all pages, newest first, once each; a page that is not full is the last.

        A page ends before an id. Two rows may have the same one, so the next page begins with it again.
        """
        rows: dict[str, T] = {}
        before: dict[str, str | int] = {}
        while True:
            page = await self._rest.call(endpoint, parser, _sorted({**params, **before, "limit": card.ROWS_AT_ONCE}))
            known = len(rows)
            rows |= {key(row): row for row in page}
            if len(page) < card.ROWS_AT_ONCE or len(rows) == known:
                return rows
            before = {"idLessThan": min(int(number(row)) for row in page) + 1}

    def _since(self, since_ns: int) -> int:
        return max(since_ns, self._clock.now_ns() - card.KEPT_NS) // _MS


def _order(request: OrderRequest, pair: Pair) -> dict[str, str]:
    """Say an order in Bitget's words. Raises `InvalidOrder` for what it does not take."""
    kind, force = card.ORDER_TYPES.get((request.type, request.time_in_force), (None, None))
    side = _SIDES.get(request.side)
    if kind is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    order = {"symbol": pair, "side": side, "orderType": kind}
    if force is not None:
        order["force"] = force
    if request.type is OrderType.LIMIT and request.price is not None:
        order["price"] = plain(request.price)
    if request.type is OrderType.MARKET and request.side is Side.BUY:
        amount, counted = request.quote_quantity, "a market order to buy counts quote"
    else:
        amount, counted = request.quantity, "only a market order to buy counts quote"
    if amount is None:
        raise _invalid(counted)
    return order | {"size": plain(amount), "clientOid": card.CARD.client_ids.prefix + request.client_order_id}


def _sorted(params: Params) -> Params:
    """Order parameters by name, as Bitget's own samples sign them."""
    return dict(sorted(params.items()))


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
