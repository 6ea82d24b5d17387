"""OKX's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar

import msgspec
from arb_core.errors import InvalidOrder
from arb_core.interfaces.context import ExchangeContext, Params
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint
from arb_core.structs.market import Asset, Pair, Side, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest, OrderType, named
from arb_core.structs.wire import plain

from arb_okx import card, faults, parse
from arb_okx.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_MS = 1_000_000
_SECOND = 1_000_000_000

_SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
_named = partial(named, theirs="ordId", ours="clOrdId", prefix=card.CARD.client_ids.prefix)


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        settings = context.settings if isinstance(context.settings, card.Settings) else card.Settings()
        self._trade_mode = settings.trade_mode
        self._clock = context.clock
        self._pair = partial(context.markets.pair, spell=card.spell)
        signer = Signer(credentials)
        self._rest = context.rest.bind(faults.read, signer)
        self._rest_each = context.rest.bind(faults.read_each, signer)

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        params = {"instType": "SPOT", "instId": self._pair(symbol)}
        return await self._rest.call(card.TRADING_FEES, parse.trading_fees, params)

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.PERMISSIONS, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        body = msgspec.json.encode(_order(request, self._pair(request.symbol), self._trade_mode))
        return await self._rest.call(card.PLACE, parse.order_ack, body=body, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        body = msgspec.json.encode({"instId": self._pair(symbol), **_named(order_id, client_order_id)})
        await self._rest.call(card.CANCEL, parse.canceled, body=body)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        rows = [{"instId": row.pair, "ordId": row.order_id} for row in await self.get_open_orders(symbol)]
        for first in range(0, len(rows), card.CANCEL_AT_ONCE):
            body = msgspec.json.encode(rows[first : first + card.CANCEL_AT_ONCE])
            await self._rest_each.call(card.CANCEL_ALL, parse.canceled_each, body=body)

    async def modify_order(
        self, symbol: Symbol, order_id: OrderId, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> OrderAck:
        changes = {"newPx": price, "newSz": quantity}
        named = {"instId": self._pair(symbol), "ordId": order_id}
        body = msgspec.json.encode(named | {name: plain(value) for name, value in changes.items() if value is not None})
        return await self._rest.call(card.MODIFY, parse.order_ack, body=body)

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        params = {"instId": self._pair(symbol), **_named(order_id, client_order_id)}
        return await self._rest.call(card.ORDER, parse.order, params)

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        params = {"instType": "SPOT"} if symbol is None else {"instType": "SPOT", "instId": self._pair(symbol)}
        return list((await self._pages(card.OPEN_ORDERS, parse.orders, params, _order_id)).values())

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        # The open ones first: an order that ends meanwhile is then in both lists, not in none.
        rows = {_order_id(row): row for row in await self.get_open_orders(symbol)}
        begin_ns = max(since_ns, self._clock.now_ns() - card.HISTORY_KEPT_NS)
        params: dict[str, str | int] = {"instType": "SPOT", "instId": self._pair(symbol), "begin": begin_ns // _MS}
        rows |= await self._pages(card.HISTORY, parse.orders, params, _order_id)
        return _oldest_first(list(rows.values()), lambda row: row.created_ns or 0)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        now_ns = self._clock.now_ns()
        recent = since_ns >= now_ns - card.FILLS_KEPT_NS
        begin_ns = max(since_ns, now_ns - card.FILLS_HISTORY_KEPT_NS)
        params: dict[str, str | int] = {"instType": "SPOT", "instId": self._pair(symbol), "begin": begin_ns // _MS}
        if order_id is not None:
            params["ordId"] = order_id
        endpoint = card.FILLS if recent else card.FILLS_HISTORY
        rows = await self._pages(endpoint, parse.fills, params, _bill)
        return _oldest_first([fill for _, fill in rows.values()], lambda row: row.exchange_ns)

    async def arm_countdown(self, timeout_ns: int) -> None:
        seconds = -(-timeout_ns // _SECOND)
        if seconds:
            seconds = min(max(seconds, card.COUNTDOWN_LEAST_S), card.COUNTDOWN_MOST_S)
        body = msgspec.json.encode({"timeOut": str(seconds)})
        await self._rest.call(card.COUNTDOWN, parse.nothing, body=body)

    async def _pages(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], list[T]],
        params: Params,
        key: Callable[[T], str],
    ) -> dict[str, T]:
        """Return the rows of all pages, newest first, once each; a page that is not full is the last.

        `key` is what the next page is asked `after` by: it holds what is older than that row.
        """
        rows: dict[str, T] = {}
        asked: Params = {**params, "limit": card.ROWS_AT_ONCE}
        while True:
            page = await self._rest.call(endpoint, parser, asked)
            known = len(rows)
            rows |= {key(row): row for row in page}
            if len(page) < card.ROWS_AT_ONCE or len(rows) == known:
                return rows
            asked = {**params, "after": key(page[-1]), "limit": card.ROWS_AT_ONCE}


def _order(request: OrderRequest, pair: Pair, trade_mode: str) -> dict[str, str | bool]:
    """Say an order in OKX's words. Raises `InvalidOrder` for what it does not take."""
    kind = card.ORDER_TYPES.get((request.type, request.time_in_force))
    side = _SIDES.get(request.side)
    if kind is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    order: dict[str, str | bool] = {
        "instId": pair,
        "tdMode": trade_mode,
        "clOrdId": card.CARD.client_ids.prefix + request.client_order_id,
        "side": side,
        "ordType": kind,
    }
    amount = request.quantity
    if request.type is OrderType.MARKET:
        # What `sz` counts depends on the side where nothing is said.
        order["tgtCcy"] = "base_ccy" if amount is not None else "quote_ccy"
        order["banAmend"] = True
        amount = request.quote_quantity if amount is None else amount
    elif request.price is not None:
        order["px"] = plain(request.price)
    if amount is None:
        raise _invalid("only a market order counts quote")
    order["sz"] = plain(amount)
    return order


def _oldest_first(rows: list[T], moment: Callable[[T], int]) -> list[T]:
    """Order rows that came newest first; those of one moment as well, in which one order may be filled many times."""
    ordered = rows[::-1]
    ordered.sort(key=moment)
    return ordered


def _order_id(row: Order) -> str:
    return row.order_id


def _bill(row: tuple[str, Fill]) -> str:
    """A trade with oneself is two executions under one id, but two bills."""
    return row[0]


def _invalid(message: str) -> InvalidOrder:
    return InvalidOrder(f"not sent: {message}", exchange=card.ID)
