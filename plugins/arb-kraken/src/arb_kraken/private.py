"""Kraken's private REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from itertools import count
from typing import TypeVar
from urllib.parse import quote, urlencode

from arb_core.errors import InvalidOrder, NotSupported, OrderNotFound
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Endpoint
from arb_core.structs.market import Asset, Side, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest, OrderType, named
from arb_core.structs.wire import plain

from arb_kraken import card, faults, parse
from arb_kraken.sign import Signer

__all__ = ["Private"]

T = TypeVar("T")

_SECOND = 1_000_000_000

_SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
_named = partial(named, theirs="txid", ours="cl_ord_id")


class Private(PrivateExchange):
    """One account, by request."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._markets = context.markets
        self._names = parse.Names(context.markets)
        self._rest = context.rest.bind(faults.read, Signer(credentials, context.rest))

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._rest.call(card.ACCOUNT, parse.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return await self._ask(card.TRADING_FEES, parse.trading_fees, {"pair": self._name(symbol)})

    async def get_permissions(self) -> KeyPermissions:
        return await self._rest.call(card.KEY_INFO, parse.permissions)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        body = _form(_order(request, self._name(request.symbol)))
        return await self._rest.call(card.PLACE, parse.order_ack, body=body, client_order_id=request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        await self._ask(card.CANCEL, parse.canceled, _named(order_id, client_order_id))

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        raise NotSupported(f"{card.ID} cancels the orders of all symbols at once, or one by one")

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        named = _named(order_id, client_order_id)
        if order_id is not None:
            found = await self._ask(card.ORDER, partial(parse.order, order_id=order_id, resolve=self._names), named)
        else:
            standing = await self.get_open_orders(symbol)
            found = next((order for order in standing if order.client_order_id == client_order_id), None)
        if found is None:
            raise OrderNotFound("there is no such order", exchange=card.ID)
        return found

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        found = await self._rest.call(card.OPEN_ORDERS, partial(parse.open_orders, resolve=self._names))
        rows = {_order_id(row): row for row in found if symbol is None or row.pair == card.spell(symbol)}
        return _oldest_first(rows, lambda row: row.created_ns or 0)

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        # The open ones first: an order that ends meanwhile is then in both lists, not in none.
        standing = {_order_id(row): row for row in await self.get_open_orders(symbol)}
        # By either time, and from a little earlier: the bound is exclusive and counts whole seconds.
        params: dict[str, str | int] = {"start": since_ns // _SECOND - 1, "closetime": "both"}
        ended = await self._pages(card.HISTORY, partial(parse.orders, resolve=self._names), params, _order_id)
        wanted = {name: row for name, row in (standing | ended).items() if row.pair == card.spell(symbol)}
        return _oldest_first(wanted, lambda row: row.created_ns or 0)

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        params = {"start": since_ns // _SECOND - 1}
        rows = await self._pages(card.FILLS, partial(parse.fills, resolve=self._names), params, _execution)
        wanted = {
            name: row
            for name, row in rows.items()
            if row.pair == card.spell(symbol) and row.exchange_ns >= since_ns and order_id in {None, row.order_id}
        }
        return _oldest_first(wanted, lambda row: row.exchange_ns)

    async def arm_countdown(self, timeout_ns: int) -> None:
        await self._ask(card.COUNTDOWN, parse.nothing, {"timeout": -(-timeout_ns // _SECOND)})

    async def _ask(self, endpoint: Endpoint, parser: Callable[[bytes], T], params: Mapping[str, str | int]) -> T:
        return await self._rest.call(endpoint, parser, body=_form(params))

    async def _pages(
        self,
        endpoint: Endpoint,
        parser: Callable[[bytes], list[T]],
        params: Mapping[str, str | int],
        key: Callable[[T], str],
    ) -> dict[str, T]:
        """Return the rows of all pages, once each; a page that is not full is the last."""
        rows: dict[str, T] = {}
        for number in count():
            page = await self._ask(endpoint, parser, {**params, "ofs": number * card.PAGE})
            known = len(rows)
            rows |= {key(row): row for row in page}
            if len(page) < card.PAGE or len(rows) == known:
                break
        return rows

    def _name(self, symbol: Symbol) -> str:
        """Name a symbol of the list of instruments, which knows near matches; without a list, any."""
        return card.rest_name(self._markets.instrument(symbol).symbol if any(self._markets.instruments()) else symbol)


def _form(params: Mapping[str, str | int]) -> bytes:
    """Print the parameters as a form; a space is %20, for what a plus means differs."""
    return urlencode(params, quote_via=quote).encode()


def _order(request: OrderRequest, name: str) -> dict[str, str]:
    """Say an order in Kraken's words. Raises `InvalidOrder` for what it does not take."""
    words = card.ORDER_TYPES.get((request.type, request.time_in_force))
    side = _SIDES.get(request.side)
    if words is None or side is None:
        raise _invalid(f"no order {request.side.name} {request.type.name} {request.time_in_force.name}")
    kind, time_in_force, post = words
    order = {"pair": name, "type": side, "ordertype": kind}
    if request.type is OrderType.LIMIT and request.price is not None:
        order["price"] = plain(request.price)
    flags = ["post"] if post else []
    if request.quote_quantity is None:
        order["volume"] = plain(request.quantity or Decimal(0))
    elif request.type is OrderType.MARKET and request.side is Side.BUY:
        order["volume"] = plain(request.quote_quantity)
        flags.append("viqc")
    else:
        raise _invalid("only a market order to buy counts quote")
    if flags:
        order["oflags"] = ",".join(flags)
    if time_in_force is not None:
        order["timeinforce"] = time_in_force
    order["cl_ord_id"] = request.client_order_id
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
    return row.trade_id


def _invalid(message: str) -> InvalidOrder:
    return InvalidOrder(f"not sent: {message}", exchange=card.ID)
