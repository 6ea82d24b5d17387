"""From OKX's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Source: https://www.okx.com/docs-v5/en/

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import nan
from typing import Literal, TypeVar

import msgspec
from arb_core.errors import OrderNotFound
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.book import NO_ID, BookSnapshot, Level
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
from arb_core.structs.wire import MaybeNumber, amount, rate

from arb_okx import faults, wire
from arb_okx.card import ORDER_TYPES, split

__all__ = [
    "CONFIRMED",
    "SIDES",
    "balances",
    "book_tickers",
    "canceled",
    "canceled_each",
    "fills",
    "instruments",
    "klines",
    "levels",
    "nothing",
    "order",
    "order_ack",
    "orderbook",
    "orders",
    "permissions",
    "pushed_balances",
    "pushed_fill",
    "pushed_order",
    "recent_trades",
    "server_time",
    "trading_fees",
]

T = TypeVar("T")

_MS = 1_000_000

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
CONFIRMED = {"0": False, "1": True}
"""The last column of a candle -> whether it is closed."""
_STATUS = {
    "live": TradingStatus.TRADING,
    "suspend": TradingStatus.HALTED,
    "preopen": TradingStatus.HALTED,
    "test": TradingStatus.HALTED,
}

_ORDER_TYPES = {
    **{word: kind for kind, word in ORDER_TYPES.items() if kind[0] is OrderType.LIMIT},
    "market": (OrderType.MARKET, TimeInForce.IOC),
}
_UNKNOWN_TYPE = (OrderType.UNKNOWN, TimeInForce.UNKNOWN)
_ROLES = {"M": LiquidityRole.MAKER, "T": LiquidityRole.TAKER}
_ORDER_STATUS = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}

_time = msgspec.json.Decoder(wire.Answer[wire.ServerTime], strict=False)
_info = msgspec.json.Decoder(wire.Answer[wire.Instrument], strict=False)
_depth = msgspec.json.Decoder(wire.Answer[wire.Depth], strict=False)
_trades = msgspec.json.Decoder(wire.Answer[wire.Trade], strict=False)
_candles = msgspec.json.Decoder(wire.Answer[wire.Candle], strict=False)
_tickers = msgspec.json.Decoder(wire.Answer[wire.Ticker], strict=False)
_accounts = msgspec.json.Decoder(wire.Answer[wire.Account], strict=False)
_config = msgspec.json.Decoder(wire.Answer[wire.Config])
_fee = msgspec.json.Decoder(wire.Answer[wire.TradeFee])
_placed = msgspec.json.Decoder(wire.Answer[wire.Placed])
_canceled = msgspec.json.Decoder(wire.Answer[wire.Canceled])
_orders = msgspec.json.Decoder(wire.Answer[wire.Order], strict=False)
_fills = msgspec.json.Decoder(wire.Answer[wire.Fill], strict=False)


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_time.json`, `GET /public/time`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_time.json`, `GET /public/time`."""
    return _only(_time.decode(body)).ts * _MS


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol: `rest_instruments.json`, `GET /public/instruments`. One without steps cannot be traded."""
    listed = [_instrument(row) for row in _info.decode(body).data if row.tickSz and row.lotSz]
    return {instrument.symbol: instrument for instrument in listed}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels: `rest_books.json`, `GET /market/books`."""
    book = _only(_depth.decode(body))
    return BookSnapshot(
        symbol=symbol,
        bids=levels(book.bids),
        asks=levels(book.asks),
        last_id=NO_ID if book.seqId is None else book.seqId,
        exchange_ns=book.ts * _MS,
        depth=depth,
    )


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_trades.json`, `GET /market/trades` (newest first)."""
    return [
        Trade(
            symbol=symbol,
            price=row.px,
            size=row.sz,
            taker=SIDES.get(row.side, Side.UNKNOWN),
            exchange_ns=row.ts * _MS,
            trade_id=row.tradeId,
        )
        for row in reversed(_trades.decode(body).data)
    ]


def klines(body: bytes, symbol: Symbol, interval: str) -> list[Kline]:
    """Return candles, oldest first: `rest_candles.json`, `GET /market/candles` (newest first)."""
    return [
        Kline(
            symbol=symbol,
            interval=interval,
            open_ns=row.ts * _MS,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            quote_volume=row.quote_volume,
            closed=CONFIRMED.get(row.confirm or ""),
        )
        for row in reversed(_candles.decode(body).data)
    ]


def book_tickers(body: bytes) -> dict[Symbol, Quote]:
    """Return best levels of every symbol: `rest_tickers.json`, `GET /market/tickers`."""
    return {
        split(Pair(row.instId)): Quote(*_side(row.bidPx, row.bidSz), *_side(row.askPx, row.askSz))
        for row in _tickers.decode(body).data
    }


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the account: `rest_balance.json`, `GET /account/balance`."""
    held = pushed_balances(_only(_accounts.decode(body)))
    return {balance.asset: balance for balance in held}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do: `rest_config.json`, `GET /account/config`."""
    words = _only(_config.decode(body)).perm.split(",")
    return KeyPermissions(read="read_only" in words, trade="trade" in words, withdraw="withdraw" in words)


def trading_fees(body: bytes) -> TradingFees:
    """Return the account's rates for a symbol: `rest_trade_fee.json`, `GET /account/trade-fee`."""
    fee = _only(_fee.decode(body))
    return TradingFees(maker=_rate(fee.maker), taker=_rate(fee.taker))


def order_ack(body: bytes) -> OrderAck:
    """Return the order's id, all that the answer says: `rest_place.json`, `POST /trade/order` and `/trade/amend-order`.

    Raises:
        ExchangeAPIError: it was not taken.
    """
    row = _only(_placed.decode(body))
    if row.sCode != "0" or not row.ordId:
        raise faults.outcome(row) or ValueError("an order without ordId")
    return OrderAck(order_id=OrderId(row.ordId))


def canceled(body: bytes) -> None:
    """Take the answer to a cancellation: `rest_cancel.json`, `POST /trade/cancel-order`.

    Raises:
        ExchangeAPIError: it was not taken.
    """
    if (error := faults.outcome(_only(_canceled.decode(body)))) is not None:
        raise error


def canceled_each(body: bytes) -> None:
    """Take an answer that speaks of each order by itself: `rest_cancel_batch.json`, `POST /trade/cancel-batch-orders`.

    Raises:
        ExchangeAPIError: one of them was not cancelled, and had not ended.
    """
    for row in _canceled.decode(body).data:
        error = faults.outcome(row)
        if error is not None and not isinstance(error, OrderNotFound):
            raise error


def order(body: bytes) -> Order:
    """Return one order: `rest_order.json`, `GET /trade/order`."""
    return pushed_order(_only(_orders.decode(body)))


def orders(body: bytes) -> list[Order]:
    """Return several, newest first: `rest_orders_history.json`, `GET /trade/orders-history`."""
    return [pushed_order(row) for row in _orders.decode(body).data]


def fills(body: bytes) -> list[tuple[str, Fill]]:
    """Return our executions, newest first, each with the id of its bill: `rest_fills.json`, `GET /trade/fills`."""
    return [(row.billId, _fill(row)) for row in _fills.decode(body).data]


def pushed_order(row: wire.Order) -> Order:
    """Return an order, also of the socket: `ws_orders.json`."""
    kind, time_in_force = _ORDER_TYPES.get(row.ordType, _UNKNOWN_TYPE)
    # A limit order counts base, whatever it says; what a market order counts, it says itself.
    counts_base = kind is OrderType.LIMIT or row.tgtCcy == "base_ccy"
    return Order(
        pair=Pair(row.instId),
        order_id=OrderId(row.ordId),
        client_order_id=ClientOrderId(row.clOrdId) if row.clOrdId else None,
        side=SIDES.get(row.side, Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_ORDER_STATUS.get(row.state, OrderStatus.UNKNOWN),
        price=None if kind is OrderType.MARKET else amount(row.px),
        quantity=amount(row.sz) if counts_base else None,
        filled=amount(row.accFillSz),
        created_ns=_moment(row.cTime),
        updated_ns=_moment(row.uTime),
        reason=row.cancelSourceReason or (f"cancelSource {row.cancelSource}" if row.cancelSource else None),
    )


def pushed_fill(row: wire.Order) -> Fill | None:
    """Return the execution that an event of the socket is about, None where it is about another thing."""
    if not row.tradeId:
        return None
    moment = _moment(row.fillTime)
    if not row.fillPx or not row.fillSz or moment is None:
        raise ValueError("a fill without price, size or time")
    fee = amount(row.fillFee)
    return Fill(
        pair=Pair(row.instId),
        trade_id=row.tradeId,
        order_id=OrderId(row.ordId),
        client_order_id=ClientOrderId(row.clOrdId) if row.clOrdId else None,
        side=SIDES.get(row.side, Side.UNKNOWN),
        price=Decimal(row.fillPx),
        quantity=Decimal(row.fillSz),
        fee=None if fee is None else -fee,
        fee_asset=Asset(row.fillFeeCcy) if row.fillFeeCcy else None,
        role=_ROLES.get(row.execType or "", LiquidityRole.UNKNOWN),
        exchange_ns=moment,
    )


def pushed_balances(account: wire.Account) -> list[Balance]:
    """Return the balances of an account, also of the socket: `ws_account.json`."""
    return [
        Balance(
            asset=Asset(row.ccy),
            free=Decimal(row.availBal),
            locked=Decimal(row.frozenBal),
            exchange_ns=_moment(row.uTime),
        )
        for row in account.details
    ]


def levels(rows: Sequence[wire.Level]) -> list[Level]:
    """Return price and size of each level."""
    return [(row.price, row.size) for row in rows]


def _instrument(row: wire.Instrument) -> Instrument:
    return Instrument(
        symbol=Symbol(row.baseCcy, row.quoteCcy),
        pair=Pair(row.instId),
        status=_STATUS.get(row.state, TradingStatus.UNKNOWN),
        tick=Decimal(row.tickSz),
        lot=Decimal(row.lotSz),
        min_quantity=Decimal(row.minSz or 0),
        max_quantity=amount(row.maxLmtSz),
        delisting_ns=_moment(row.expTime),
    )


def _fill(row: wire.Fill) -> Fill:
    fee = amount(row.fee)
    return Fill(
        pair=Pair(row.instId),
        trade_id=row.tradeId,
        order_id=OrderId(row.ordId),
        client_order_id=ClientOrderId(row.clOrdId) if row.clOrdId else None,
        side=SIDES.get(row.side, Side.UNKNOWN),
        price=Decimal(row.fillPx),
        quantity=Decimal(row.fillSz),
        fee=None if fee is None else -fee,
        fee_asset=Asset(row.feeCcy) if row.feeCcy else None,
        role=_ROLES.get(row.execType or "", LiquidityRole.UNKNOWN),
        exchange_ns=_moment(row.fillTime) or row.ts * _MS,
    )


def _side(price: MaybeNumber, size: MaybeNumber) -> tuple[float, float]:
    """Return one side of a quote, NaN where it is empty."""
    if not price:
        return nan, nan
    return price, nan if size is None or size == "" else size


def _only(answer: wire.Answer[T]) -> T:
    """Return the one row that a question about one thing is answered with."""
    (row,) = answer.data
    return row


def _moment(milliseconds: int | Literal[""] | None) -> int | None:
    return milliseconds * _MS if milliseconds else None


def _rate(text: str) -> Decimal:
    return rate(-Decimal(text or "NaN"))
