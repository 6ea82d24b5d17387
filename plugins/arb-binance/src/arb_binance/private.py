"""Binance's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from arb_core.errors import InvalidOrder, OrderNotFound
from arb_core.interfaces.context import ExchangeContext, Params
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint, RequestConfig
from arb_core.structs.market import Asset, AssetNetwork, Pair, Side, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest, OrderType, named
from arb_core.structs.wire import plain

from arb_binance import card, faults, parse
from arb_binance.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_MS = 1_000_000

_SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}
_named = partial(named, theirs="orderId", ours="origClientOrderId")


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._clock = context.clock
        self._pair = partial(context.markets.pair, spell=card.spell)
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return await self._rest.call(card.TRADING_FEES, parse.trading_fees, {"symbol": self._pair(symbol)})

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.ACCOUNT, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        params = _order(request, self._pair(request.symbol))
        return await self._rest.call(card.PLACE, parse.order_ack, params, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        params = {"symbol": self._pair(symbol), **_named(order_id, client_order_id)}
        await self._rest.call(card.CANCEL, parse.nothing, params)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        try:
            await self._rest.call(card.CANCEL_ALL, parse.nothing, {"symbol": self._pair(symbol)})
        except OrderNotFound:
            return  # -2011: nothing is open

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        params = {"symbol": self._pair(symbol), **_named(order_id, client_order_id)}
        return await self._rest.call(card.ORDER, parse.order, params)

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        if symbol is None:
            config = RequestConfig(cost=card.OPEN_ORDERS_OF_ALL_COST)
            return await self._rest.call(card.OPEN_ORDERS, parse.orders, config=config)
        return await self._rest.call(card.OPEN_ORDERS, parse.orders, {"symbol": self._pair(symbol)})

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        params: dict[str, str | int] = {"symbol": self._pair(symbol), "limit": card.HISTORY_AT_ONCE}
        since_ns = max(since_ns, self._clock.now_ns() - card.HISTORY_KEPT_NS)
        rows = await self._since(
            card.HISTORY, parse.orders, params, since_ns, moment_ns=_created_ns, at_once=card.HISTORY_AT_ONCE
        )
        return sorted({row.order_id: row for row in rows}.values(), key=_created_ns)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        params: dict[str, str | int] = {"symbol": self._pair(symbol), "limit": card.FILLS_AT_ONCE}
        if order_id is not None:
            return [row for row in await self._fills_of(order_id, params) if row.exchange_ns >= since_ns]
        since_ns = max(since_ns, self._clock.now_ns() - card.FILLS_KEPT_NS)
        rows = await self._since(
            card.FILLS, parse.fills, params, since_ns, moment_ns=_executed_ns, at_once=card.FILLS_AT_ONCE
        )
        # A trade with oneself is two executions under one id.
        return sorted({(row.order_id, row.trade_id): row for row in rows}.values(), key=_executed_ns)

    async def get_asset_networks(self) -> dict[Asset, list[AssetNetwork]]:
        return await self._rest.call(card.NETWORKS, parse.asset_networks)

    async def _fills_of(self, order_id: OrderId, params: Params) -> list[Fill]:
        """Return the fills of one order, which are asked for without times and counted on by their ids."""
        config = RequestConfig(cost=card.FILLS_OF_ORDER_COST)
        rows: list[Fill] = []
        params = {**params, "orderId": order_id}
        while True:
            page = await self._rest.call(card.FILLS, parse.fills, params, config=config)
            rows += page
            if len(page) < card.FILLS_AT_ONCE:
                return rows
            params = {**params, "fromId": int(page[-1].trade_id) + 1}

    async def _since(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], list[T]],
        params: Params,
        since_ns: int,
        *,
        moment_ns: Callable[[T], int],
        at_once: int,
    ) -> list[T]:
        """Return all rows since then, some perhaps twice.

        A day at a time; a full answer lacks the newest rows of its day. The last day ends in the future, for the
        venue's clock may be ahead of ours.
        """
        now, start = self._clock.now_ns() // _MS, since_ns // _MS
        rows: list[T] = []
        while True:
            end = start + card.LONGEST_SPAN_MS - 1
            page = await self._rest.call(endpoint, parser, {**params, "startTime": start, "endTime": end})
            rows += page
            full = len(page) >= at_once
            start = max(start + 1, moment_ns(page[-1]) // _MS) if full else end + 1
            if start > now and not full:
                return rows


def _order(request: OrderRequest, pair: Pair) -> dict[str, str | int]:
    """Say an order in Binance's words. Raises `InvalidOrder` for what it does not take."""
    kind, time_in_force = card.ORDER_TYPES.get((request.type, request.time_in_force), (None, None))
    side = _SIDES.get(request.side)
    if kind is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    params: dict[str, str | int] = {"symbol": pair, "side": side, "type": kind}
    if time_in_force is not None:
        params["timeInForce"] = time_in_force
    if request.quantity is not None:
        params["quantity"] = plain(request.quantity)
    elif request.quote_quantity is not None and request.type is OrderType.MARKET:
        params["quoteOrderQty"] = plain(request.quote_quantity)
    else:
        raise _invalid("a limit order counts base")
    if request.type is OrderType.LIMIT and request.price is not None:
        params["price"] = plain(request.price)
    params["newClientOrderId"] = request.client_order_id
    # Status and what is filled, for every type; a LIMIT_MAKER is answered with its id alone otherwise.
    params["newOrderRespType"] = "RESULT"
    return params


def _created_ns(row: Order) -> int:
    return row.created_ns or 0


def _executed_ns(row: Fill) -> int:
    return row.exchange_ns


def _invalid(message: str) -> InvalidOrder:
    return InvalidOrder(f"not sent: {message}", exchange=card.ID)
