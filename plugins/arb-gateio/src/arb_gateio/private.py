"""Gate.io's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import count
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

from arb_gateio import card, faults, parse
from arb_gateio.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_SECOND = 1_000_000_000

_SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
_named = partial(named, theirs="id", ours="id", prefix=card.CARD.client_ids.prefix)


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._clock = context.clock
        self._pair = partial(context.markets.pair, spell=card.spell)
        self._rest = context.rest.bind(faults.read, Signer(credentials))

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return await self._rest.call(card.TRADING_FEES, parse.trading_fees, {"currency_pair": self._pair(symbol)})

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.ACCOUNT, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        body = msgspec.json.encode(_order(request, self._pair(request.symbol)))
        return await self._rest.call(card.PLACE, parse.order_ack, body=body, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        path = _named(order_id, client_order_id)
        await self._rest.call(card.CANCEL, parse.nothing, {"currency_pair": self._pair(symbol)}, path=path)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        await self._rest.call(card.CANCEL_ALL, parse.canceled, {"currency_pair": self._pair(symbol)})

    async def modify_order(
        self, symbol: Symbol, order_id: OrderId, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> OrderAck:
        changes = {"price": price, "amount": quantity}
        body = msgspec.json.encode({name: plain(value) for name, value in changes.items() if value is not None})
        params = {"currency_pair": self._pair(symbol)}
        return await self._rest.call(card.MODIFY, parse.order_ack, params, path={"id": order_id}, body=body)

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        path = _named(order_id, client_order_id)
        return await self._rest.call(card.ORDER, parse.order, {"currency_pair": self._pair(symbol)}, path=path)

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        if symbol is None:
            # A page counts pairs or orders, nobody says which: it is the last when it brings nothing new.
            rows = await self._pages(card.OPEN_ORDERS, parse.open_orders, {}, _order_id, card.OPEN_AT_ONCE, full=1)
        else:
            params = {"currency_pair": self._pair(symbol), "status": "open"}
            rows = await self._pages(card.HISTORY, parse.orders, params, _order_id, card.OPEN_AT_ONCE)
        return list(rows.values())

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        # The open ones first: an order that ends meanwhile is then in both lists, not in none.
        rows = {_order_id(row): row for row in await self.get_open_orders(symbol)}
        params: dict[str, str | int] = {"currency_pair": self._pair(symbol), "status": "finished"}
        params["from"] = max(since_ns, self._clock.now_ns() - card.HISTORY_KEPT_NS) // _SECOND
        rows |= await self._pages(card.HISTORY, parse.orders, params, _order_id, card.HISTORY_AT_ONCE)
        return _oldest_first(rows, lambda row: row.created_ns or 0)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        pair = self._pair(symbol)
        params: dict[str, str | int] = {"currency_pair": pair}
        if order_id is not None:
            params["order_id"] = order_id
        params["from"] = max(since_ns, self._clock.now_ns() - card.FILLS_KEPT_NS) // _SECOND
        rows = await self._pages(card.FILLS, partial(parse.fills, pair=pair), params, _execution, card.FILLS_AT_ONCE)
        return _oldest_first(rows, lambda row: row.exchange_ns)

    async def arm_countdown(self, timeout_ns: int) -> None:
        seconds = -(-timeout_ns // _SECOND)
        body = msgspec.json.encode({"timeout": max(seconds, card.COUNTDOWN_LEAST_S) if seconds else 0})
        await self._rest.call(card.COUNTDOWN, parse.nothing, body=body)

    async def _pages(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], list[T]],
        params: Params,
        key: Callable[[T], str],
        at_once: int,
        *,
        full: int | None = None,
    ) -> dict[str, T]:
        """Return the rows of all pages, once each; a page of fewer than `full` rows (`at_once`) is the last."""
        rows: dict[str, T] = {}
        for number in count(1):
            page = await self._rest.call(endpoint, parser, {**params, "page": number, "limit": at_once})
            known = len(rows)
            rows |= {key(row): row for row in page}
            if len(page) < (full or at_once) or len(rows) == known:
                break
        return rows


def _order(request: OrderRequest, pair: Pair) -> dict[str, str]:
    """Say an order in Gate.io's words. Raises `InvalidOrder` for what it does not take."""
    kind, time_in_force = card.ORDER_TYPES.get((request.type, request.time_in_force), (None, None))
    side = _SIDES.get(request.side)
    if kind is None or time_in_force is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    order = {
        "text": card.CARD.client_ids.prefix + request.client_order_id,
        "currency_pair": pair,
        "type": kind,
        "side": side,
    }
    if request.type is OrderType.MARKET and request.side is Side.BUY:
        amount, counted = request.quote_quantity, "a market order to buy counts quote"
    else:
        amount, counted = request.quantity, "only a market order to buy counts quote"
    if amount is None:
        raise _invalid(counted)
    order["amount"] = plain(amount)
    if request.type is OrderType.LIMIT and request.price is not None:
        order["price"] = plain(request.price)
    order["time_in_force"] = time_in_force
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
