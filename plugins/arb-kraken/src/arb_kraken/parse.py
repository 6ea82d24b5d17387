"""From Kraken's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Source: https://docs.kraken.com/api/

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from math import nan
from typing import TypeVar

import msgspec
from arb_core.errors import InvalidSymbol, OrderNotFound
from arb_core.interfaces.context import Markets
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.book import BookSnapshot, PrintedLevel
from arb_core.structs.market import Asset, Instrument, Kline, Pair, Quote, Side, Symbol, Trade, TradingStatus
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderAck,
    OrderId,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from arb_core.structs.wire import Levels

from arb_kraken import wire
from arb_kraken.card import ID, asset, rest_names, spell, split, split_rest

__all__ = [
    "SIDES",
    "Names",
    "balances",
    "best",
    "book_tickers",
    "canceled",
    "exact_texts",
    "fills",
    "instruments",
    "klines",
    "nanoseconds",
    "nothing",
    "open_orders",
    "order",
    "order_ack",
    "orderbook",
    "orders",
    "permissions",
    "pushed_fill",
    "pushed_order",
    "recent_trades",
    "server_time",
    "texts",
    "token",
    "trading_fees",
]

T = TypeVar("T")

_SECOND = 1_000_000_000

_SECONDS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_FRACTION = re.compile(r"(?:\.([0-9]{1,9}))?Z")
_MICROSECONDS = len("2023-09-25T07:48:36.925533Z")
"""As every time is printed that Kraken is known to send."""

_FARTHEST = 3
"""Digits of a power of ten that a number with all its digits may have."""

_DIGITS = 15
"""So many of a decimal number a float always holds."""

_LARGEST = 40
"""The power of ten from which on a number is none that is owned or traded."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL, "b": Side.BUY, "s": Side.SELL}
_STATUS = {
    "online": TradingStatus.TRADING,
    # Orders that take are refused in these, or all of them are.
    "post_only": TradingStatus.HALTED,
    "cancel_only": TradingStatus.HALTED,
    "limit_only": TradingStatus.TRADING,
    "reduce_only": TradingStatus.HALTED,
}
_KINDS = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
_FORCES = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
_ROLES = {"m": LiquidityRole.MAKER, "t": LiquidityRole.TAKER}
_MAKER = {True: LiquidityRole.MAKER, False: LiquidityRole.TAKER, None: LiquidityRole.UNKNOWN}
_ORDER_STATUS = {
    "pending": OrderStatus.OPEN,
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.CANCELED,
    "pending_new": OrderStatus.OPEN,
    "new": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
}

_time = msgspec.json.Decoder(wire.Answer[wire.ServerTime])
_info = msgspec.json.Decoder(wire.Answer[dict[str, wire.AssetPair]])
_depth = msgspec.json.Decoder(wire.Answer[dict[str, wire.Depth]], strict=False)
_trades = msgspec.json.Decoder(wire.Answer[dict[str, list[wire.Trade] | str]], strict=False)
_klines = msgspec.json.Decoder(wire.Answer[dict[str, list[wire.Kline] | int]], strict=False)
_tickers = msgspec.json.Decoder(wire.Answer[dict[str, wire.Ticker]], strict=False)
_balances = msgspec.json.Decoder(wire.Answer[dict[str, wire.Balance]])
_volume = msgspec.json.Decoder(wire.Answer[wire.TradeVolume])
_key = msgspec.json.Decoder(wire.Answer[wire.ApiKey])
_token = msgspec.json.Decoder(wire.Answer[wire.Token])
_placed = msgspec.json.Decoder(wire.Answer[wire.Placed])
_count = msgspec.json.Decoder(wire.Answer[wire.Count])
_order = msgspec.json.Decoder(wire.Answer[dict[str, wire.Order]])
_open = msgspec.json.Decoder(wire.Answer[wire.Open])
_closed = msgspec.json.Decoder(wire.Answer[wire.Closed])
_fills = msgspec.json.Decoder(wire.Answer[wire.TradesHistory])


class Names:
    """From what REST calls a pair to the pair of the list of instruments; without a list, by the rule."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._known: dict[str, Pair] = {}

    def __call__(self, name: str) -> Pair:
        """Resolve `XXBTZUSD` or `XBTUSD`. What is no pair at all keeps its name."""
        pair = self._known.get(name)
        if pair is None:
            self._known = {
                called: instrument.pair
                for instrument in self._markets.instruments()
                for called in rest_names(instrument.symbol)
            }
            pair = self._known.get(name) or _parted(name)
        return pair


def _parted(name: str) -> Pair:
    try:
        return spell(split_rest(name))
    except InvalidSymbol:
        return Pair(name)


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_system_status.json`, `SystemStatus`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_time.json`, `Time`.

    Kraken prints whole seconds: the middle of one is at most half a second wrong.
    """
    return _time.decode(body).result.unixtime * _SECOND + _SECOND // 2


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol that is on the socket: `rest_asset_pairs.json`, `AssetPairs`."""
    listed = [_instrument(row, row.wsname) for row in _info.decode(body).result.values() if row.wsname]
    return {instrument.symbol: instrument for instrument in listed}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels: `rest_depth.json`, `Depth`."""
    (book,) = _depth.decode(body).result.values()
    bids, asks = ([(price, size) for price, size, _ in side] for side in (book.bids, book.asks))
    return BookSnapshot(symbol=symbol, bids=bids, asks=asks, depth=depth)


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_trades.json`, `Trades`."""
    return [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.volume,
            taker=SIDES.get(row.side, Side.UNKNOWN),
            exchange_ns=_moment(row.time),
            trade_id=None if row.trade_id is None else str(row.trade_id),
        )
        for row in _rows(_trades.decode(body).result)
    ]


def klines(body: bytes, symbol: Symbol, interval: str, limit: int) -> list[Kline]:
    """Return the newest candles, oldest first; the last one is going on: `rest_ohlc.json`, `OHLC`."""
    rows = _rows(_klines.decode(body).result)
    return [_kline(row, symbol, interval, closed=row is not rows[-1]) for row in rows][-limit:]


def book_tickers(body: bytes, resolve: Names) -> dict[Symbol, Quote]:
    """Return best prices of every symbol; sizes are rounded to three decimals: `rest_ticker.json`, `Ticker`."""
    return {
        split(pair): Quote(*best(row.b[0], nan), *best(row.a[0], nan))
        for name, row in _tickers.decode(body).result.items()
        if "/" in (pair := resolve(name))
    }


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the account: `rest_balance_ex.json`, `BalanceEx`."""
    return {asset(name): _balance(asset(name), row) for name, row in _balances.decode(body).result.items()}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do: `rest_get_api_key_info.json`, `GetApiKeyInfo`."""
    granted = _key.decode(body).result.permissions
    return KeyPermissions(
        read="query-funds" in granted,
        trade="modify-trades" in granted,
        withdraw="withdraw-funds" in granted,
    )


def trading_fees(body: bytes) -> TradingFees:
    """Return the account's rates for the one symbol that was asked for: `rest_trade_volume.json`, `TradeVolume`."""
    volume = _volume.decode(body).result
    (taker,) = volume.fees.values()
    (maker,) = (volume.fees if volume.fees_maker is None else volume.fees_maker).values()
    return TradingFees(maker=_percent(Decimal(maker.fee)), taker=_percent(Decimal(taker.fee)))


def token(body: bytes) -> str:
    """Return what opens the private socket: `rest_get_websockets_token.json`, `GetWebSocketsToken`."""
    return _token.decode(body).result.token


def order_ack(body: bytes) -> OrderAck:
    """Return the order's id, which is all that is said: `rest_add_order.json`, `AddOrder`."""
    return OrderAck(order_id=OrderId(_placed.decode(body).result.txid[0]))


def canceled(body: bytes) -> None:
    """Take how many orders were cancelled: `rest_cancel_order.json`, `CancelOrder`.

    Raises:
        OrderNotFound: none.
    """
    if _count.decode(body).result.count == 0:
        raise OrderNotFound("no order was cancelled", exchange=ID)


def order(body: bytes, order_id: OrderId, resolve: Names) -> Order | None:
    """Return one order, None where there is none: `rest_query_orders.json`, `QueryOrders`."""
    row = _order.decode(body).result.get(order_id)
    return None if row is None else _asked_order(order_id, row, resolve(row.descr.pair))


def open_orders(body: bytes, resolve: Names) -> list[Order]:
    """Return those of every pair: `rest_open_orders.json`, `OpenOrders`."""
    return _asked_orders(_open.decode(body).result.open, resolve)


def orders(body: bytes, resolve: Names) -> list[Order]:
    """Return a page of those that have ended: `rest_closed_orders.json`, `ClosedOrders`."""
    return _asked_orders(_closed.decode(body).result.closed, resolve)


def fills(body: bytes, resolve: Names) -> list[Fill]:
    """Return a page of our executions: `rest_trades_history.json`, `TradesHistory`."""
    return [_asked_fill(name, row, resolve(row.pair)) for name, row in _fills.decode(body).result.trades.items()]


def pushed_order(row: wire.Execution) -> Order:
    """Return an order of the socket, as far as this event tells: `ws_executions_pending_new.json`."""
    at_ns = nanoseconds(row.timestamp)
    return Order(
        pair=Pair(row.symbol or ""),
        order_id=OrderId(row.order_id),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        side=SIDES.get(row.side or "", Side.UNKNOWN),
        type=_KINDS.get(row.order_type or "", OrderType.UNKNOWN),
        time_in_force=_force(row.order_type, row.time_in_force, post=bool(row.post_only)) or TimeInForce.UNKNOWN,
        status=_ORDER_STATUS.get(row.order_status or "", OrderStatus.UNKNOWN),
        price=None if row.limit_price is None else _amount(row.limit_price) or None,
        quantity=None if row.order_qty is None else _amount(row.order_qty),
        filled=None if row.cum_qty is None else _amount(row.cum_qty),
        filled_quote=None if row.cum_cost is None else _amount(row.cum_cost),
        created_ns=at_ns if row.exec_type == "pending_new" else None,
        updated_ns=at_ns,
        reason=row.reason or None,
    )


def pushed_fill(row: wire.Execution) -> Fill:
    """Return an execution of the socket: `ws_executions_trade.json`. Raises ValueError where it is none."""
    if row.exec_id is None or row.last_price is None or row.last_qty is None or row.symbol is None:
        raise ValueError("a trade without exec_id, symbol, last_price or last_qty")
    (fee,) = row.fees if row.fees is not None and len(row.fees) == 1 else (None,)
    return Fill(
        pair=Pair(row.symbol),
        trade_id=row.exec_id,
        order_id=OrderId(row.order_id),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        side=SIDES.get(row.side or "", Side.UNKNOWN),
        price=_amount(row.last_price),
        quantity=_amount(row.last_qty),
        fee=None if fee is None else _finite(fee.qty),
        fee_asset=None if fee is None else asset(fee.asset),
        role=_ROLES.get(row.liquidity_ind or "", LiquidityRole.UNKNOWN),
        exchange_ns=nanoseconds(row.timestamp),
    )


def best(price: float, size: float) -> tuple[float, float]:
    """Return one side of a quote, NaN where it is empty."""
    return (price, size) if price else (nan, nan)


def texts(levels: Levels, price_decimals: int | None, size_decimals: int | None) -> list[PrintedLevel] | None:
    """Print levels with every decimal of their instrument, as Kraken sums them up; None where floats do not tell."""
    if price_decimals is None or size_decimals is None:
        return None
    print_price, print_size = f"%.{price_decimals}f", f"%.{size_decimals}f"
    too_high, too_large = (10.0 ** (_DIGITS - decimals) for decimals in (price_decimals, size_decimals))
    printed: list[PrintedLevel] = []
    for price, size in levels:
        text = print_price % price, print_size % size
        if price >= too_high or size >= too_large or float(text[0]) != price or float(text[1]) != size:
            return None
        printed.append(text)
    return printed


def exact_texts(
    rows: list[wire.PrintedLevel], price_decimals: int | None, size_decimals: int | None
) -> list[PrintedLevel]:
    """Return the same from what was printed, of whatever length."""
    return [
        (_padded(bytes(row.price).decode(), price_decimals), _padded(bytes(row.qty).decode(), size_decimals))
        for row in rows
    ]


def _padded(text: str, decimals: int | None) -> str:
    """Print a number with that many decimals, as Kraken sums it up; JSON leaves zeros at the end out, or not."""
    if "e" in text or "E" in text:
        power = text.upper().partition("E")[2].lstrip("+-0")
        if len(power) > _FARTHEST:
            return text  # No number of any market: its digits would fill the memory, and no sum is made of it.
        text = f"{Decimal(text):f}"
    if decimals is None:
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<{decimals}}"


def nanoseconds(stamp: str) -> int:
    """Read a time like "2023-09-25T07:48:36.925533Z" exactly. Raises ValueError for what is no `wire.Stamp`."""
    digits = stamp[20:26]
    if len(stamp) == _MICROSECONDS and stamp[19] + stamp[26] == ".Z" and digits.isdecimal() and digits.isascii():
        return _second(stamp[:19]) + int(digits) * 1000
    return _second(stamp[:19]) + int(f"{_rest(stamp[19:]):0<9}")


def _rest(text: str) -> str:
    """Read what follows on the second, as other digits than those of microseconds."""
    found = _FRACTION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} ends no time")
    return found[1] or ""


@lru_cache(maxsize=8)
def _second(text: str) -> int:
    """Read a whole second; those of one second come together."""
    if _SECONDS.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no time")
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * _SECOND


def _moment(seconds: Decimal) -> int:
    return int(seconds * _SECOND)


def _rows(result: dict[str, list[T] | str] | dict[str, list[T] | int]) -> list[T]:
    """Return the rows of the one pair that was asked for; beside them stands a cursor."""
    (rows,) = [found for found in result.values() if isinstance(found, list)]
    return rows


def _instrument(row: wire.AssetPair, wsname: str) -> Instrument:
    base, _, quote = wsname.partition("/")
    symbol = Symbol(asset(base), asset(quote))
    taker = _percent(row.fees[0][1]) if row.fees else None
    maker = _percent(row.fees_maker[0][1]) if row.fees_maker else taker
    return Instrument(
        symbol=symbol,
        pair=spell(symbol),
        status=_STATUS.get(row.status or "", TradingStatus.UNKNOWN),
        tick=Decimal(row.tick_size) if row.tick_size else Decimal(1).scaleb(-row.pair_decimals),
        lot=Decimal(1).scaleb(-row.lot_decimals),
        min_quantity=Decimal(row.ordermin or 0),
        min_notional=Decimal(row.costmin or 0),
        price_decimals=row.pair_decimals,
        maker_fee=maker,
        taker_fee=taker,
    )


def _kline(row: wire.Kline, symbol: Symbol, interval: str, *, closed: bool) -> Kline:
    return Kline(
        symbol=symbol,
        interval=interval,
        open_ns=row.time * _SECOND,
        open=row.open,
        high=row.high,
        low=row.low,
        close=row.close,
        volume=row.volume,
        closed=closed,
    )


def _balance(name: Asset, row: wire.Balance) -> Balance:
    """Add a credit line, where there is one: available is balance + credit - credit_used - hold_trade."""
    held = Decimal(row.hold_trade)
    credit = Decimal(row.credit or 0) - Decimal(row.credit_used or 0)
    return Balance(asset=name, free=Decimal(row.balance or 0) + credit - held, locked=held)


def _asked_orders(rows: dict[str, wire.Order], resolve: Names) -> list[Order]:
    return [_asked_order(name, row, resolve(row.descr.pair)) for name, row in rows.items()]


def _asked_order(name: str, row: wire.Order, pair: Pair) -> Order:
    flags = row.oflags.split(",")
    kind = _KINDS.get(row.descr.ordertype, OrderType.UNKNOWN)
    volume, filled = Decimal(row.vol), Decimal(row.vol_exec)
    quantity = None if "viqc" in flags else volume
    return Order(
        pair=pair,
        order_id=OrderId(name),
        client_order_id=ClientOrderId(row.cl_ord_id) if row.cl_ord_id else None,
        side=SIDES.get(row.descr.type, Side.UNKNOWN),
        type=kind,
        time_in_force=_force(row.descr.ordertype, row.timeinforce, post="post" in flags) or TimeInForce.UNKNOWN,
        status=_progress(_ORDER_STATUS.get(row.status, OrderStatus.UNKNOWN), filled, quantity),
        price=None if kind is OrderType.MARKET else Decimal(row.descr.price) or None,
        quantity=quantity,
        filled=filled,
        filled_quote=Decimal(row.cost),
        created_ns=_moment(row.opentm),
        updated_ns=None if row.closetm is None else _moment(row.closetm),
        reason=row.reason or None,
    )


def _progress(said: OrderStatus, filled: Decimal, quantity: Decimal | None) -> OrderStatus:
    """Tell an open order with fills from one without, and one that was filled from one that ended before."""
    if said is OrderStatus.OPEN and filled:
        return OrderStatus.PARTIALLY_FILLED
    if said is OrderStatus.CANCELED and quantity is not None and filled >= quantity:
        return OrderStatus.FILLED
    return said


def _asked_fill(name: str, row: wire.Fill, pair: Pair) -> Fill:
    """Return an execution of the history. Which asset its fee is in is not said: quote, as none of ours has `fcib`."""
    return Fill(
        pair=pair,
        trade_id=name,
        order_id=OrderId(row.ordertxid),
        side=SIDES.get(row.type, Side.UNKNOWN),
        price=Decimal(row.price),
        quantity=Decimal(row.vol),
        fee=Decimal(row.fee) if row.fee else None,
        fee_asset=Asset(pair.partition("/")[2]) if row.fee and "/" in pair else None,
        role=_MAKER[row.maker],
        exchange_ns=_moment(row.time),
    )


def _force(kind: str | None, name: str | None, *, post: bool) -> TimeInForce | None:
    """Return how long an order stays, None where nothing says so. A market order never rests."""
    if post:
        return TimeInForce.POST_ONLY
    if kind == "market":
        return TimeInForce.IOC
    return _FORCES.get((name or "").upper())


def _amount(value: Decimal) -> Decimal:
    """Take an amount of a number of JSON, which nothing keeps from being negative."""
    if _finite(value) < 0:
        raise ValueError(f"expected an amount, found {value}")
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite() or value.adjusted() > _LARGEST:
        raise ValueError(f"expected a number, found {value}")
    return value


def _percent(value: Decimal) -> Decimal:
    """Read percent as a fraction."""
    if not value.is_finite() or abs(value) >= 100:
        raise ValueError(f"a fee is a percentage of the notional, not {value}")
    return value.scaleb(-2)
