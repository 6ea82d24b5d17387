"""From Binance's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Sources:
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints, its neighbours on trading and
accounts, and https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
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

from arb_binance import wire
from arb_binance.card import ORDER_TYPES

__all__ = [
    "asset_networks",
    "balances",
    "book_tickers",
    "fills",
    "instruments",
    "klines",
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

_MS = 1_000_000

_STATUS = {
    "TRADING": TradingStatus.TRADING,
    "END_OF_DAY": TradingStatus.HALTED,
    "HALT": TradingStatus.HALTED,
    "BREAK": TradingStatus.HALTED,
    "CANCEL_ONLY": TradingStatus.HALTED,
}

_ORDER_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_ORDER_TYPES = {words: kind for kind, words in ORDER_TYPES.items()}
_UNKNOWN_TYPE = (OrderType.UNKNOWN, TimeInForce.UNKNOWN)
_ORDER_STATUS = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.CANCELED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}

_time = msgspec.json.Decoder(wire.ServerTime)
_info = msgspec.json.Decoder(wire.ExchangeInfo)
_depth = msgspec.json.Decoder(wire.Depth, strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_klines = msgspec.json.Decoder(list[wire.Kline], strict=False)
_tickers = msgspec.json.Decoder(list[wire.BookTicker], strict=False)
_account = msgspec.json.Decoder(wire.Account)
_commission = msgspec.json.Decoder(wire.Commission)
_placed = msgspec.json.Decoder(wire.Placed)
_order = msgspec.json.Decoder(wire.Order)
_orders = msgspec.json.Decoder(list[wire.Order])
_fills = msgspec.json.Decoder(list[wire.Fill])
_coins = msgspec.json.Decoder(list[wire.Coin])


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_ping.json`, `GET /api/v3/ping`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_time.json`, `GET /api/v3/time`."""
    return _time.decode(body).serverTime * _MS


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol: `rest_exchange_info.json`, `GET /api/v3/exchangeInfo`."""
    listed = map(_instrument, _info.decode(body).symbols)
    return {instrument.symbol: instrument for instrument in listed}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels: `rest_depth.json`, `GET /api/v3/depth`."""
    book = _depth.decode(body)
    return BookSnapshot(symbol=symbol, bids=book.bids, asks=book.asks, last_id=book.lastUpdateId, depth=depth)


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_trades.json`, `GET /api/v3/trades`."""
    return [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.qty,
            taker=Side.SELL if row.isBuyerMaker else Side.BUY,
            exchange_ns=row.time * _MS,
            trade_id=str(row.id),
        )
        for row in _trades.decode(body)
    ]


def klines(body: bytes, symbol: Symbol, interval: str) -> list[Kline]:
    """Return candles, oldest first: `rest_klines.json`, `GET /api/v3/klines`."""
    return [
        Kline(
            symbol=symbol,
            interval=interval,
            open_ns=row.openTime * _MS,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            quote_volume=row.quoteVolume,
        )
        for row in _klines.decode(body)
    ]


def book_tickers(body: bytes, listed: Iterable[Instrument]) -> dict[Symbol, Quote]:
    """Return best levels of every listed symbol: `rest_book_tickers.json`, `GET /api/v3/ticker/bookTicker`."""
    symbols = {instrument.pair: instrument.symbol for instrument in listed}
    return {
        symbols[Pair(row.symbol)]: Quote(
            *quoted(row.bidPrice, row.bidQty),
            *quoted(row.askPrice, row.askQty),
        )
        for row in _tickers.decode(body)
        if row.symbol in symbols
    }


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the account: `rest_account.json`, `GET /api/v3/account`."""
    held = [
        Balance(asset=Asset(row.asset.upper()), free=Decimal(row.free), locked=Decimal(row.locked))
        for row in _account.decode(body).balances
    ]
    return {balance.asset: balance for balance in held}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do: `rest_account.json`, `GET /api/v3/account`.

    An account that may not trade or withdraw has no key that may; one that may has keys of either kind.
    """
    account = _account.decode(body)
    return KeyPermissions(
        read=True,
        trade=False if account.canTrade is False else None,
        withdraw=False if account.canWithdraw is False else None,
    )


def trading_fees(body: bytes) -> TradingFees:
    """Return the account's rates for a symbol: `rest_commission.json`, `GET /api/v3/account/commission`.

    Without the discount for paying in BNB; where buyers and sellers pay differently, as who pays more.
    """
    commission = _commission.decode(body)
    parts = (commission.standardCommission, commission.specialCommission, commission.taxCommission)
    maker = taker = Decimal(0)
    for part in parts:
        if part is not None:
            of_side = max(_rate(part.buyer), _rate(part.seller))
            maker += _rate(part.maker) + of_side
            taker += _rate(part.taker) + of_side
    return TradingFees(maker=maker, taker=taker)


def order_ack(body: bytes) -> OrderAck:
    """Return how far the order came at once: `rest_new_order.json`, `POST /api/v3/order`.

    `rest_new_order_ack.json` says no more than its id.
    """
    row = _placed.decode(body)
    return OrderAck(
        order_id=OrderId(str(row.orderId)),
        status=_ORDER_STATUS.get(row.status or "", OrderStatus.UNKNOWN),
        filled=amount(row.executedQty),
    )


def order(body: bytes) -> Order:
    """Return one order: `rest_query_order.json`, `GET /api/v3/order`."""
    return _queried(_order.decode(body))


def orders(body: bytes) -> list[Order]:
    """Return several: `rest_open_orders.json`, `GET /api/v3/openOrders` and `allOrders`."""
    return [_queried(row) for row in _orders.decode(body)]


def fills(body: bytes) -> list[Fill]:
    """Return our executions: `rest_my_trades.json`, `GET /api/v3/myTrades`."""
    return [
        Fill(
            pair=Pair(row.symbol),
            trade_id=str(row.id),
            order_id=OrderId(str(row.orderId)),
            side=Side.BUY if row.isBuyer else Side.SELL,
            price=Decimal(row.price),
            quantity=Decimal(row.qty),
            fee=amount(row.commission),
            fee_asset=_asset(row.commissionAsset),
            role=LiquidityRole.MAKER if row.isMaker else LiquidityRole.TAKER,
            exchange_ns=row.time * _MS,
        )
        for row in _fills.decode(body)
    ]


def asset_networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the networks of every asset: `rest_capital_config.json`, `GET /sapi/v1/capital/config/getall`."""
    return {Asset(row.coin.upper()): _networks(row) for row in _coins.decode(body)}


def pushed_order(row: wire.ExecutionReport) -> Order:
    """Return an order of the socket: `ws_execution_report_new.json`."""
    kind, time_in_force = _type(row.o, row.f)
    return Order(
        pair=Pair(row.s),
        order_id=OrderId(str(row.i)),
        client_order_id=_client_id(row.C or row.c),
        side=_ORDER_SIDES.get(row.S, Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_ORDER_STATUS.get(row.X, OrderStatus.UNKNOWN),
        price=_price(row.p, kind),
        quantity=amount(row.q) or None,
        filled=amount(row.z),
        filled_quote=amount(row.Z),
        created_ns=None if row.O is None else row.O * _MS,
        updated_ns=row.T * _MS,
        reason=row.eR or (None if row.r == "NONE" else row.r),
    )


def pushed_fill(row: wire.ExecutionReport) -> Fill:
    """Return what a report of a TRADE executed: `ws_execution_report_trade.json`."""
    price, quantity = amount(row.L), amount(row.l)
    if price is None or quantity is None or row.t < 0:
        raise ValueError("a trade without id, price or quantity")
    return Fill(
        pair=Pair(row.s),
        trade_id=str(row.t),
        order_id=OrderId(str(row.i)),
        client_order_id=_client_id(row.C or row.c),
        side=_ORDER_SIDES.get(row.S, Side.UNKNOWN),
        price=price,
        quantity=quantity,
        fee=amount(row.n),
        fee_asset=_asset(row.N),
        role=LiquidityRole.MAKER if row.m else LiquidityRole.TAKER,
        exchange_ns=row.T * _MS,
    )


def pushed_balances(row: wire.AccountPosition) -> list[Balance]:
    """Return balances of the socket: `ws_account_position.json`."""
    return [
        Balance(asset=Asset(held.a.upper()), free=Decimal(held.f), locked=Decimal(held.l), exchange_ns=row.u * _MS)
        for held in row.B
    ]


def _instrument(row: wire.SymbolInfo) -> Instrument:
    filters = {rule.filterType: rule for rule in row.filters}
    off = wire.Filter(filterType="")
    price, lot = filters.get("PRICE_FILTER", off), filters.get("LOT_SIZE", off)
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or off
    return Instrument(
        symbol=Symbol(row.baseAsset.upper(), row.quoteAsset.upper()),
        pair=Pair(row.symbol),
        status=_status(row),
        tick=_filter(price.tickSize) or Decimal(1).scaleb(-row.quotePrecision),
        lot=_filter(lot.stepSize) or Decimal(1).scaleb(-row.baseAssetPrecision),
        min_quantity=_filter(lot.minQty),
        max_quantity=_filter(lot.maxQty) or None,
        min_notional=_filter(notional.minNotional),
        max_notional=_filter(notional.maxNotional) or None,
    )


def _status(row: wire.SymbolInfo) -> TradingStatus:
    return _STATUS.get(row.status, TradingStatus.UNKNOWN) if row.isSpotTradingAllowed else TradingStatus.HALTED


def _filter(text: str | None) -> Decimal:
    """Return a filter's number, 0 where the rule is off or absent."""
    return Decimal(text or 0)


def _queried(row: wire.Order) -> Order:
    kind, time_in_force = _type(row.type, row.timeInForce)
    quote = row.cummulativeQuoteQty
    return Order(
        pair=Pair(row.symbol),
        order_id=OrderId(str(row.orderId)),
        client_order_id=_client_id(row.clientOrderId),
        side=_ORDER_SIDES.get(row.side, Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_ORDER_STATUS.get(row.status or "", OrderStatus.UNKNOWN),
        price=_price(row.price, kind),
        # 0 of a market order that was sent by quote_quantity, while nothing is filled.
        quantity=amount(row.origQty) or None,
        filled=amount(row.executedQty),
        filled_quote=None if quote is None or quote.startswith("-") else amount(quote),
        created_ns=None if row.time is None else row.time * _MS,
        updated_ns=None if row.updateTime is None else row.updateTime * _MS,
        reason=row.expiryReason or None,
    )


def _type(kind: str, time_in_force: str | None) -> tuple[OrderType, TimeInForce]:
    """Return type and time in force; only a LIMIT has one of several."""
    return _ORDER_TYPES.get((kind, time_in_force if kind == "LIMIT" else None), _UNKNOWN_TYPE)


def _networks(row: wire.Coin) -> list[AssetNetwork]:
    return [
        AssetNetwork(
            asset=Asset(row.coin.upper()),
            network=network.network,
            deposit_open=network.depositEnable,
            withdraw_open=network.withdrawEnable,
            withdraw_fee=amount(network.withdrawFee),
            withdraw_min=amount(network.withdrawMin),
            contract=network.contractAddress or None,
        )
        for network in row.networkList
    ]


def _price(text: str | None, kind: OrderType) -> Decimal | None:
    """Return a limit; a market order has none, whatever stands there (0)."""
    return None if kind is OrderType.MARKET else amount(text) or None


def _rate(text: str) -> Decimal:
    return rate(Decimal(text or 0))


def _client_id(text: str | None) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None


def _asset(text: str | None) -> Asset | None:
    return Asset(text.upper()) if text else None
