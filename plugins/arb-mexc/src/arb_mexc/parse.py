"""From MEXC's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Sources: https://www.mexc.com/api-docs/spot-v3/market-data-endpoints and
https://www.mexc.com/api-docs/spot-v3/spot-account-trade

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

from arb_mexc import wire
from arb_mexc.card import ORDER_TYPES

__all__ = [
    "asset_networks",
    "balances",
    "book_tickers",
    "fills",
    "instruments",
    "klines",
    "listen_key",
    "nothing",
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

_STATUS = {
    "1": TradingStatus.TRADING,
    "ENABLED": TradingStatus.TRADING,
    "2": TradingStatus.HALTED,
    "3": TradingStatus.HALTED,
}
_SIDES = {
    "1": TradingStatus.TRADING,
    "2": TradingStatus.BUY_ONLY,
    "3": TradingStatus.SELL_ONLY,
    "4": TradingStatus.HALTED,
}

_ORDER_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_ORDER_TYPES = {name: kind for kind, name in ORDER_TYPES.items()}
_ORDER_STATUS = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "PARTIALLY_CANCELED": OrderStatus.CANCELED,
}
_UNKNOWN_TYPE = (OrderType.UNKNOWN, TimeInForce.UNKNOWN)

# What the socket says in numbers.
_PUSHED_SIDES = {1: Side.BUY, 2: Side.SELL}
_PUSHED_TYPES = {1: "LIMIT", 2: "LIMIT_MAKER", 3: "IMMEDIATE_OR_CANCEL", 4: "FILL_OR_KILL", 5: "MARKET"}
_PUSHED_STATUS = {
    1: OrderStatus.OPEN,
    2: OrderStatus.FILLED,
    3: OrderStatus.PARTIALLY_FILLED,
    4: OrderStatus.CANCELED,
    5: OrderStatus.CANCELED,
}

_time = msgspec.json.Decoder(wire.ServerTime)
_info = msgspec.json.Decoder(wire.ExchangeInfo, strict=False)
_depth = msgspec.json.Decoder(wire.Depth, strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_klines = msgspec.json.Decoder(list[wire.Kline], strict=False)
_tickers = msgspec.json.Decoder(list[wire.BookTicker], strict=False)
_account = msgspec.json.Decoder(wire.Account)
_fee = msgspec.json.Decoder(wire.TradeFee)
_placed = msgspec.json.Decoder(wire.Placed)
_order = msgspec.json.Decoder(wire.Order)
_orders = msgspec.json.Decoder(list[wire.Order])
_fills = msgspec.json.Decoder(list[wire.Fill])
_coins = msgspec.json.Decoder(list[wire.Coin])
_listen_key = msgspec.json.Decoder(wire.ListenKey)


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
    return BookSnapshot(
        symbol=symbol,
        bids=book.bids,
        asks=book.asks,
        last_id=book.lastUpdateId,
        exchange_ns=None if book.timestamp is None else book.timestamp * _MS,
        depth=depth,
    )


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_trades.json`, `GET /api/v3/trades` (newest first)."""
    trades = [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.qty,
            taker=Side.SELL if row.isBuyerMaker else Side.BUY,
            exchange_ns=row.time * _MS,
            trade_id=row.id,
        )
        for row in reversed(_trades.decode(body))
    ]
    return sorted(trades, key=lambda trade: trade.exchange_ns)


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
    """Return the account's rates for a symbol: `rest_trade_fee.json`, `GET /api/v3/tradeFee`."""
    rates = _fee.decode(body).data
    return TradingFees(maker=rate(rates.makerCommission), taker=rate(rates.takerCommission))


def order_ack(body: bytes) -> OrderAck:
    """Return the id, which is all that is said: `rest_new_order.json`, `POST /api/v3/order`."""
    return OrderAck(order_id=OrderId(_placed.decode(body).orderId))


def order(body: bytes) -> Order:
    """Return one order: `rest_query_order.json`, `GET /api/v3/order`."""
    return _queried(_order.decode(body))


def orders(body: bytes) -> list[Order]:
    """Return several: `rest_open_orders.json`, `rest_all_orders.json`, `GET /api/v3/openOrders` and `allOrders`."""
    return [_queried(row) for row in _orders.decode(body)]


def fills(body: bytes) -> list[Fill]:
    """Return our executions: `rest_my_trades.json`, `GET /api/v3/myTrades`."""
    return [
        Fill(
            pair=Pair(row.symbol),
            trade_id=row.id,
            order_id=OrderId(row.orderId),
            client_order_id=_client_id(row.clientOrderId),
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
    """Return the networks of every asset: `rest_capital_config.json`, `GET /api/v3/capital/config/getall`."""
    return {Asset(row.coin.upper()): _networks(row) for row in _coins.decode(body)}


def listen_key(body: bytes) -> str:
    """Return the key of a private connection: `rest_listen_key_create.json`, `POST /api/v3/userDataStream`."""
    return _listen_key.decode(body).listenKey


def pushed_order(row: wire.PushedOrder, pair: Pair, pushed_ns: int | None) -> Order:
    """Return an order of the socket: `private_orders_limit_new` of `pb_vectors.json`."""
    # A newer example of the documentation shows the exchange's id in the place of ours.
    misplaced = not row.id and row.clientId.startswith("C0")
    if not row.id and not misplaced:
        raise ValueError("an order without id")
    kind, time_in_force = _ORDER_TYPES.get(_PUSHED_TYPES.get(row.orderType, ""), _UNKNOWN_TYPE)
    return Order(
        pair=pair,
        order_id=OrderId(row.clientId if misplaced else row.id),
        client_order_id=None if misplaced else _client_id(row.clientId),
        side=_PUSHED_SIDES.get(row.tradeType, Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_PUSHED_STATUS.get(row.status, OrderStatus.UNKNOWN),
        price=_price(row.price, kind),
        quantity=amount(row.quantity) or None,
        filled=amount(row.cumulativeQuantity),
        filled_quote=amount(row.cumulativeAmount),
        created_ns=row.createTime * _MS or None,
        updated_ns=pushed_ns,
    )


def pushed_fill(row: wire.PushedFill, pair: Pair) -> Fill:
    """Return an execution of the socket: `private_deals` of `pb_vectors.json`."""
    return Fill(
        pair=pair,
        trade_id=row.tradeId,
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.clientOrderId),
        side=_PUSHED_SIDES.get(row.tradeType, Side.UNKNOWN),
        price=Decimal(row.price),
        quantity=Decimal(row.quantity),
        fee=amount(row.feeAmount),
        fee_asset=_asset(row.feeCurrency),
        # proto3 leaves out what is false.
        role=LiquidityRole.MAKER if row.isMaker else LiquidityRole.TAKER,
        exchange_ns=row.time * _MS,
    )


def pushed_balance(row: wire.PushedBalance) -> Balance:
    """Return a balance of the socket: `private_account` of `pb_vectors.json`."""
    return Balance(
        asset=Asset(row.vcoinName.upper()),
        free=Decimal(row.balanceAmount),
        locked=Decimal(row.frozenAmount or 0),
        exchange_ns=row.time * _MS or None,
    )


def _instrument(row: wire.SymbolInfo) -> Instrument:
    return Instrument(
        symbol=Symbol(row.baseAsset.upper(), row.quoteAsset.upper()),
        pair=Pair(row.symbol),
        status=_status(row),
        tick=Decimal(1).scaleb(-row.quotePrecision),
        lot=Decimal(1).scaleb(-row.baseAssetPrecision),
        min_quantity=Decimal(row.baseSizePrecision or 0),
        min_notional=Decimal(row.quoteAmountPrecision or 0),
        max_notional=Decimal(row.maxQuoteAmount) if row.maxQuoteAmount else None,
        maker_fee=Decimal(row.makerCommission) if row.makerCommission else None,
        taker_fee=Decimal(row.takerCommission) if row.takerCommission else None,
        base_contract=row.contractAddress or None,
    )


def _status(row: wire.SymbolInfo) -> TradingStatus:
    """Say whether MEXC takes our orders; for a pair that is online but not for API keys in general, nobody knows."""
    status = _STATUS.get(row.status, TradingStatus.UNKNOWN)
    if status is not TradingStatus.TRADING:
        return status
    if not row.isSpotTradingAllowed:
        return TradingStatus.UNKNOWN
    return _SIDES.get(str(row.tradeSideType or 1), TradingStatus.UNKNOWN)


def _queried(row: wire.Order) -> Order:
    kind, time_in_force = _ORDER_TYPES.get(row.type, _UNKNOWN_TYPE)
    return Order(
        pair=Pair(row.symbol),
        order_id=OrderId(str(row.orderId)),
        client_order_id=_client_id(row.clientOrderId),
        side=_ORDER_SIDES.get(row.side, Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_ORDER_STATUS.get(row.status or "", OrderStatus.UNKNOWN),
        price=_price(row.price, kind),
        # 0 of a market order that was sent by quote_quantity.
        quantity=amount(row.origQty or row.Qty) or None,
        filled=amount(row.executedQty),
        filled_quote=amount(row.cummulativeQuoteQty),
        created_ns=None if row.time is None else row.time * _MS,
        updated_ns=None if row.updateTime is None else row.updateTime * _MS,
        reason=row.cancelReason or None,
    )


def _networks(row: wire.Coin) -> list[AssetNetwork]:
    return [
        AssetNetwork(
            asset=Asset(row.coin.upper()),
            network=_network(network),
            deposit_open=network.depositEnable,
            withdraw_open=network.withdrawEnable,
            withdraw_fee=amount(network.withdrawFee),
            withdraw_min=amount(network.withdrawMin),
            contract=network.contract or None,
        )
        for network in row.networkList
    ]


def _network(row: wire.Network) -> str:
    name = row.netWork or row.network
    if name is None:
        raise ValueError("a network without a name")
    return name


def _price(text: str | None, kind: OrderType) -> Decimal | None:
    """Return a limit; an order of another type has none, whatever stands there (a protection price, 0)."""
    return amount(text) or None if kind is OrderType.LIMIT else None


def _client_id(text: str | None) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None


def _asset(text: str | None) -> Asset | None:
    return Asset(text.upper()) if text else None
