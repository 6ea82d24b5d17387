"""Bybit's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar
from urllib.parse import unquote

import msgspec
from arb_core.errors import InvalidOrder, OrderNotFound
from arb_core.interfaces.context import ExchangeContext, Params
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint
from arb_core.structs.market import Asset, AssetNetwork, Pair, Side, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest, OrderType, named
from arb_core.structs.wire import plain

from arb_bybit import card, faults, parse
from arb_bybit.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_MS = 1_000_000

_SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_named = partial(named, theirs="orderId", ours="orderLinkId")


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._clock = context.clock
        self._pair = partial(context.markets.pair, spell=card.spell)
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances, {"accountType": card.ACCOUNT_TYPE})

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return await self._rest.call(card.TRADING_FEES, parse.trading_fees, self._of(symbol))

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.PERMISSIONS, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        body = msgspec.json.encode(_order(request, self._pair(request.symbol)))
        return await self._rest.call(card.PLACE, parse.order_ack, body=body, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        body = msgspec.json.encode(self._of(symbol) | _named(order_id, client_order_id))
        await self._rest.call(card.CANCEL, parse.nothing, body=body)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        await self._rest.call(card.CANCEL_ALL, parse.canceled, body=msgspec.json.encode(self._of(symbol)))

    async def modify_order(
        self, symbol: Symbol, order_id: OrderId, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> OrderAck:
        changes = {"price": price, "qty": quantity}
        said = {name: plain(value) for name, value in changes.items() if value is not None}
        body = msgspec.json.encode(self._of(symbol) | {"orderId": order_id} | said)
        return await self._rest.call(card.MODIFY, parse.order_ack, body=body)

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        params = self._of(symbol) | _named(order_id, client_order_id)
        # What has ended is forgotten by the first when Bybit's service restarts, and comes later to the second.
        for endpoint in (card.ORDER, card.HISTORY):
            rows, _ = await self._rest.call(endpoint, parse.orders, params)
            if rows:
                return rows[0]
        raise OrderNotFound("no such order", exchange=card.ID)

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        params = {"category": card.CATEGORY} if symbol is None else self._of(symbol)
        params |= {"openOnly": 0, "limit": card.ORDERS_AT_ONCE}
        return await self._pages(card.ORDER, parse.orders, params, _order_id)

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        # The open ones first, for an order that ends meanwhile is then in both lists; then those that ended just now,
        # which the history may not have yet.
        rows = await self.get_open_orders(symbol)
        params = self._of(symbol) | {"limit": card.ORDERS_AT_ONCE}
        rows += await self._pages(card.ORDER, parse.orders, params | {"openOnly": 1}, _order_id)
        first_ns = max(since_ns, self._clock.now_ns() - card.HISTORY_KEPT_NS)
        rows += await self._since(card.HISTORY, parse.orders, params, _order_id, first_ns)
        latest = {row.order_id: row for row in sorted(rows, key=_updated_ns)}
        return sorted(
            (row for row in latest.values() if row.created_ns is None or row.created_ns >= since_ns), key=_created_ns
        )

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        params = self._of(symbol) | {"limit": card.FILLS_AT_ONCE}
        if order_id is not None:
            rows = await self._pages(card.FILLS, parse.fills, params | {"orderId": order_id}, _execution)
        else:
            first_ns = max(since_ns, self._clock.now_ns() - card.FILLS_KEPT_NS)
            rows = await self._since(card.FILLS, parse.fills, params, _execution, first_ns)
        # They came newest first, those of one moment too, in which one order may be filled many times.
        known = {_execution(row): row for row in reversed(rows)}
        return sorted((row for row in known.values() if row.exchange_ns >= since_ns), key=_executed_ns)

    async def get_asset_networks(self) -> dict[Asset, list[AssetNetwork]]:
        return await self._rest.call(card.NETWORKS, parse.asset_networks)

    async def _since(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], tuple[list[T], str]],
        params: Params,
        key: Callable[[T], str],
        since_ns: int,
    ) -> list[T]:
        """Return all rows since then, seven days at a time; newest first, as each page is.

        The last span ends in the future, for the venue's clock may be ahead of ours.
        """
        now, start = self._clock.now_ns() // _MS, since_ns // _MS
        rows: list[T] = []
        while start <= now:
            end = start + card.LONGEST_SPAN_MS - 1
            rows = await self._pages(endpoint, parser, {**params, "startTime": start, "endTime": end}, key) + rows
            start = end + 1
        return rows

    async def _pages(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], tuple[list[T], str]],
        params: Params,
        key: Callable[[T], str],
    ) -> list[T]:
        """Return the rows of all pages, once each; the last names no next one, or brings nothing new."""
        rows: dict[str, T] = {}
        cursor = ""
        while True:
            # A cursor is percent-encoded already: it must leave as it came.
            more = {"cursor": unquote(cursor)} if cursor else {}
            page, cursor = await self._rest.call(endpoint, parser, {**params, **more})
            known = len(rows)
            rows |= {key(row): row for row in page}
            if not cursor or len(rows) == known:
                return list(rows.values())

    def _of(self, symbol: Symbol) -> dict[str, str | int]:
        """Name the market and the symbol."""
        return {"category": card.CATEGORY, "symbol": self._pair(symbol)}


def _order(request: OrderRequest, pair: Pair) -> dict[str, str]:
    """Say an order in Bybit's words. Raises `InvalidOrder` for what it does not take."""
    kind, time_in_force = card.ORDER_TYPES.get((request.type, request.time_in_force), (None, None))
    side = _SIDES.get(request.side)
    if kind is None or time_in_force is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    order = {"category": card.CATEGORY, "symbol": pair, "side": side, "orderType": kind}
    if request.quantity is not None:
        order["qty"], unit = plain(request.quantity), "baseCoin"
    elif request.quote_quantity is not None and request.type is OrderType.MARKET:
        order["qty"], unit = plain(request.quote_quantity), "quoteCoin"
    else:
        raise _invalid("a limit order counts base")
    if request.type is OrderType.MARKET:
        # Without it, one to buy would count quote and one to sell base.
        order["marketUnit"] = unit
    elif request.price is not None:
        order["price"] = plain(request.price)
    order["timeInForce"] = time_in_force
    order["orderLinkId"] = request.client_order_id
    return order


def _order_id(row: Order) -> str:
    return row.order_id


def _execution(row: Fill) -> str:
    """A trade with oneself is two executions under one id."""
    return f"{row.order_id} {row.trade_id}"


def _created_ns(row: Order) -> int:
    return row.created_ns or 0


def _updated_ns(row: Order) -> int:
    return row.updated_ns or 0


def _executed_ns(row: Fill) -> int:
    return row.exchange_ns


def _invalid(message: str) -> InvalidOrder:
    return InvalidOrder(f"not sent: {message}", exchange=card.ID)
