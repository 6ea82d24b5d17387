"""From Bitget's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Source: https://www.bitget.com/api-doc/spot/intro

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from arb_core.errors import OrderNotFound
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import (
    Asset,
    AssetNetwork,
    Instrument,
    Kline,
    Pair,
    Quote,
    Side,
    Symbol,
    Trade,
    TradingStatus,
)
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
from arb_core.structs.wire import amount, quoted, rate

from arb_bitget import wire
from arb_bitget.card import ID

__all__ = [
    "SIDES",
    "asset_networks",
    "balances",
    "book_tickers",
    "fills",
    "instruments",
    "klines",
    "nothing",
    "open_orders",
    "order",
    "order_ack",
    "orderbook",
    "orders",
    "permissions",
    "pushed_balance",
    "pushed_fill",
    "pushed_order",
    "recent_trades",
    "server_time",
    "trading_fees",
]

_MS = 1_000_000

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_STATUS = {
    "online": TradingStatus.TRADING,
    "halt": TradingStatus.HALTED,
    "offline": TradingStatus.HALTED,
}
"""A symbol that is `gray` trades for some accounts only: unknown."""

_TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
_FORCES = {
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "post_only": TimeInForce.POST_ONLY,
}
_ORDER_STATUS = {
    "live": OrderStatus.OPEN,
    "init": OrderStatus.OPEN,
    "new": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "cancelled": OrderStatus.CANCELED,
}
_ROLES = {"maker": LiquidityRole.MAKER, "taker": LiquidityRole.TAKER}
_OPEN = {"true": True, "false": False}

_answer = msgspec.json.Decoder(wire.Answer)
_time = msgspec.json.Decoder(wire.ServerTime, strict=False)
_info = msgspec.json.Decoder(list[wire.Instrument], strict=False)
_depth = msgspec.json.Decoder(wire.Depth, strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_klines = msgspec.json.Decoder(list[wire.Candle], strict=False)
_tickers = msgspec.json.Decoder(list[wire.Ticker], strict=False)
_coins = msgspec.json.Decoder(list[wire.Coin])
_assets = msgspec.json.Decoder(list[wire.Asset], strict=False)
_rate_of = msgspec.json.Decoder(wire.TradeRate)
_ids = msgspec.json.Decoder(wire.Ids)
_orders = msgspec.json.Decoder(list[wire.Order] | None, strict=False)
_fills = msgspec.json.Decoder(list[wire.Fill] | None, strict=False)


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_time.json`, `GET /public/time`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_time.json`, `GET /public/time`."""
    return _time.decode(_data(body)).serverTime * _MS


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol: `rest_symbols.json`, `GET /spot/public/symbols`."""
    listed = map(_instrument, _info.decode(_data(body)))
    return {instrument.symbol: instrument for instrument in listed}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels: `rest_orderbook.json`, `GET /spot/market/orderbook`."""
    book = _depth.decode(_data(body))
    return BookSnapshot(symbol=symbol, bids=book.bids, asks=book.asks, exchange_ns=_moment(book.ts), depth=depth)


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_fills.json`, `GET /spot/market/fills` (newest first)."""
    return [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.size,
            taker=SIDES.get(row.side, Side.UNKNOWN),
            exchange_ns=row.ts * _MS,
            trade_id=row.tradeId,
        )
        for row in reversed(_trades.decode(_data(body)))
    ]


def klines(body: bytes, symbol: Symbol, interval: str) -> list[Kline]:
    """Return candles, oldest first: `rest_candles.json`, `GET /spot/market/candles`."""
    return [
        Kline(
            symbol=symbol,
            interval=interval,
            open_ns=row.open_time * _MS,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            quote_volume=row.quote_volume,
            closed=None,
        )
        for row in _klines.decode(_data(body))
    ]


def book_tickers(body: bytes, listed: Iterable[Instrument]) -> dict[Symbol, Quote]:
    """Return best levels of every listed symbol: `rest_tickers.json`, `GET /spot/market/tickers`."""
    symbols = {instrument.pair: instrument.symbol for instrument in listed}
    return {
        symbols[Pair(row.symbol)]: Quote(
            *quoted(row.bidPr, row.bidSz),
            *quoted(row.askPr, row.askSz),
            _moment(row.ts),
        )
        for row in _tickers.decode(_data(body))
        if row.symbol in symbols
    }


def asset_networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the networks of every asset: `rest_coins.json`, `GET /spot/public/coins`."""
    return {Asset(row.coin.upper()): _networks(row) for row in _coins.decode(_data(body))}


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the account: `rest_assets.json`, `GET /spot/account/assets`."""
    held = map(pushed_balance, _assets.decode(_data(body)))
    return {balance.asset: balance for balance in held}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do, which is to read: `rest_assets.json`, `GET /spot/account/assets`."""
    _assets.decode(_data(body))
    return KeyPermissions(read=True)


def trading_fees(body: bytes) -> TradingFees:
    """Return the account's rates for a symbol: `rest_trade_rate.json`, `GET /common/trade-rate`."""
    fee = _rate_of.decode(_data(body))
    return TradingFees(maker=_rate(fee.makerFeeRate), taker=_rate(fee.takerFeeRate))


def order_ack(body: bytes) -> OrderAck:
    """Return the id of a new order, and no more is said: `rest_place_order.json`, `POST /spot/trade/place-order`."""
    return OrderAck(order_id=OrderId(_ids.decode(_data(body)).orderId))


def order(body: bytes) -> Order:
    """Return one order: `rest_order_info.json`, `GET /spot/trade/orderInfo`.

    Raises:
        OrderNotFound: the list is empty.
    """
    rows = _orders.decode(_data(body))
    if not rows:
        raise OrderNotFound("no such order", exchange=ID)
    (row,) = rows
    return _order(row, row.price)


def orders(body: bytes) -> list[Order]:
    """Return ended orders: `rest_history_orders.json`, `GET /spot/trade/history-orders`."""
    return [_order(row, row.price) for row in _orders.decode(_data(body)) or ()]


def open_orders(body: bytes) -> list[Order]:
    """Return open orders: `rest_unfilled_orders.json`, `GET /spot/trade/unfilled-orders`.

    There `priceAvg` is an order's own price.
    """
    return [_order(row, row.priceAvg) for row in _orders.decode(_data(body)) or ()]


def fills(body: bytes) -> list[Fill]:
    """Return our executions: `rest_trade_fills.json`, `GET /spot/trade/fills`."""
    return [_fill(row, _fee_paid(row.feeDetail)) for row in _fills.decode(_data(body)) or ()]


def pushed_order(row: wire.PushedOrder) -> Order:
    """Return an order of the socket: `ws_orders.json`."""
    kind = _TYPES.get(row.orderType, OrderType.UNKNOWN)
    side_of = SIDES.get(row.side, Side.UNKNOWN)
    filled = amount(row.accBaseVolume)
    return Order(
        pair=Pair(row.instId),
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.clientOid),
        side=side_of,
        type=kind,
        time_in_force=_force(kind, row.force),
        status=_status(row.status, filled),
        price=None if kind is OrderType.MARKET else amount(row.price) or None,
        quantity=None if _counts_quote(kind, side_of) else amount(row.newSize),
        filled=filled,
        created_ns=_moment(row.cTime),
        updated_ns=_moment(row.uTime),
    )


def pushed_fill(row: wire.PushedFill) -> Fill:
    """Return an execution of the socket, whose fee is above 0 in the documentation: `ws_fill.json`."""
    fee, asset = _fee_paid(row.feeDetail[0] if row.feeDetail else None)
    return _fill(row, (None if fee is None else abs(fee), asset))


def pushed_balance(row: wire.Asset) -> Balance:
    """Return a balance, also of the socket: `ws_account.json`."""
    return Balance(
        asset=Asset(row.coin.upper()),
        free=Decimal(row.available),
        locked=Decimal(row.frozen) + Decimal(row.locked),
        exchange_ns=_moment(row.uTime),
    )


def _data(body: bytes) -> msgspec.Raw:
    """Take what an answer is about out of its envelope."""
    return _answer.decode(body).data


def _instrument(row: wire.Instrument) -> Instrument:
    quote, lot = row.quoteCoin.upper(), Decimal(1).scaleb(-row.quantityPrecision)
    return Instrument(
        symbol=Symbol(row.baseCoin.upper(), quote),
        pair=Pair(row.symbol),
        status=_STATUS.get(row.status, TradingStatus.UNKNOWN),
        tick=Decimal(1).scaleb(-row.pricePrecision),
        lot=lot,
        min_quantity=lot,
        # A value in USDT says nothing exact of another quote.
        min_notional=Decimal(row.minTradeUSDT or 0) if quote == "USDT" else Decimal(0),
        maker_fee=amount(row.makerFeeRate),
        taker_fee=amount(row.takerFeeRate),
        delisting_ns=int(row.offTime) * _MS if row.offTime and row.offTime.isdecimal() else None,
    )


def _networks(row: wire.Coin) -> list[AssetNetwork]:
    return [
        AssetNetwork(
            asset=Asset(row.coin.upper()),
            network=chain.chain,
            deposit_open=_OPEN.get(chain.rechargeable or ""),
            withdraw_open=_OPEN.get(chain.withdrawable or ""),
            withdraw_fee=amount(chain.withdrawFee),
            contract=chain.contractAddress or None,
        )
        for chain in row.chains
    ]


def _order(row: wire.Order, price: str | None) -> Order:
    kind = _TYPES.get(row.orderType, OrderType.UNKNOWN)
    side_of = SIDES.get(row.side, Side.UNKNOWN)
    filled = amount(row.baseVolume)
    return Order(
        pair=Pair(row.symbol),
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.clientOid),
        side=side_of,
        type=kind,
        time_in_force=_force(kind, None),
        status=_status(row.status, filled),
        price=None if kind is OrderType.MARKET else amount(price) or None,
        quantity=None if _counts_quote(kind, side_of) else amount(row.size),
        filled=filled,
        filled_quote=amount(row.quoteVolume),
        created_ns=_moment(row.cTime),
        updated_ns=_moment(row.uTime),
        reason=row.cancelReason or None,
    )


def _fill(row: wire.Fill | wire.PushedFill, paid: tuple[Decimal | None, Asset | None]) -> Fill:
    fee, fee_asset = paid
    return Fill(
        pair=Pair(row.symbol),
        trade_id=row.tradeId,
        order_id=OrderId(row.orderId),
        side=SIDES.get(row.side, Side.UNKNOWN),
        price=Decimal(row.priceAvg),
        quantity=Decimal(row.size),
        fee=fee,
        fee_asset=fee_asset,
        role=_ROLES.get(row.tradeScope, LiquidityRole.UNKNOWN),
        exchange_ns=row.cTime * _MS,
    )


def _fee_paid(paid: wire.Fee | None) -> tuple[Decimal | None, Asset | None]:
    """Return fee and asset. Bitget shows a charge below 0."""
    if paid is None or not paid.totalFee or not paid.feeCoin:
        return None, None
    return -Decimal(paid.totalFee), Asset(paid.feeCoin.upper())


def _status(said: str, filled: Decimal | None) -> OrderStatus:
    status = _ORDER_STATUS.get(said, OrderStatus.UNKNOWN)
    return OrderStatus.PARTIALLY_FILLED if status is OrderStatus.OPEN and filled else status


def _force(kind: OrderType, said: str | None) -> TimeInForce:
    """Say how long an order stays. No answer by REST tells it of a limit order; a market order never rests."""
    if kind is OrderType.MARKET:
        return TimeInForce.IOC
    return _FORCES.get(said or "", TimeInForce.UNKNOWN) if kind is OrderType.LIMIT else TimeInForce.UNKNOWN


def _counts_quote(kind: OrderType, side_of: Side) -> bool:
    return kind is OrderType.MARKET and side_of is Side.BUY


def _moment(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds * _MS


def _rate(text: str) -> Decimal:
    return rate(Decimal(text or "NaN"))


def _client_id(text: str | None) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None
