"""From KuCoin's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Sources: https://www.kucoin.com/docs-new/rest/spot-trading/introduction and
https://www.kucoin.com/docs-new/websocket-api/base-info/introduction

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from decimal import Decimal
from hashlib import sha256

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
from arb_core.structs.stream import StreamTicket
from arb_core.structs.wire import amount, quoted, rate

from arb_kucoin import wire
from arb_kucoin.card import CARD, FEE_CATEGORIES, TOKEN_NS, split

__all__ = [
    "SIDES",
    "asset_networks",
    "balances",
    "book_tickers",
    "fills",
    "instrument",
    "instruments",
    "klines",
    "nothing",
    "open_orders",
    "open_pairs",
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
    "ticket",
    "trading_fees",
]

_MS = 1_000_000
_SECOND = 1_000_000_000

SIDES = {"buy": Side.BUY, "sell": Side.SELL}

_TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
_TIMES_IN_FORCE = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
_ROLES = {"maker": LiquidityRole.MAKER, "taker": LiquidityRole.TAKER}
_GOING = {"received", "open", "match", "update"}
_ENDED = {"filled", "canceled"}
"""What the `type` of an event says."""

_NS_FROM = 10**15
"""A time of an order is milliseconds below this, which they reach in the year 33658."""

_TRADE_ACCOUNT = "trade"

_time = msgspec.json.Decoder(wire.Answer[int])
_info = msgspec.json.Decoder(wire.Answer[list[wire.SymbolInfo]])
_info_of_one = msgspec.json.Decoder(wire.Answer[wire.SymbolInfo])
_depth = msgspec.json.Decoder(wire.Answer[wire.Depth], strict=False)
_trades = msgspec.json.Decoder(wire.Answer[list[wire.Trade]], strict=False)
_klines = msgspec.json.Decoder(wire.Answer[list[wire.Kline]], strict=False)
_tickers = msgspec.json.Decoder(wire.Answer[wire.Tickers], strict=False)
_currencies = msgspec.json.Decoder(wire.Answer[list[wire.Currency]])
_ticket = msgspec.json.Decoder(wire.Answer[wire.Ticket])
_accounts = msgspec.json.Decoder(wire.Answer[list[wire.Account]])
_fees = msgspec.json.Decoder(wire.Answer[list[wire.Fee]])
_placed = msgspec.json.Decoder(wire.Answer[wire.Placed])
_order = msgspec.json.Decoder(wire.Answer[wire.Order])
_open_orders = msgspec.json.Decoder(wire.Answer[list[wire.Order] | None])
_open_symbols = msgspec.json.Decoder(wire.Answer[wire.OpenSymbols])
_orders = msgspec.json.Decoder(wire.Answer[wire.Orders])
_fills = msgspec.json.Decoder(wire.Answer[wire.Fills])


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_cancel_order.json`, `DELETE /api/v1/hf/orders/{id}`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_timestamp.json`, `GET /api/v1/timestamp`."""
    return _time.decode(body).data * _MS


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol: `rest_symbols.json`, `GET /api/v2/symbols`."""
    listed = map(_instrument, _info.decode(body).data)
    return {instrument.symbol: instrument for instrument in listed}


def instrument(body: bytes) -> dict[Symbol, Instrument]:
    """Return the one symbol that was asked for: `rest_symbol.json`, `GET /api/v2/symbols/{symbol}`."""
    found = _instrument(_info_of_one.decode(body).data)
    return {found.symbol: found}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return the best `depth` levels (0 = all): `rest_level2_20.json`, `GET /api/v1/market/orderbook/level2_20`."""
    book = _depth.decode(body).data
    return BookSnapshot(
        symbol=symbol,
        bids=book.bids[: depth or None],
        asks=book.asks[: depth or None],
        last_id=book.sequence,
        exchange_ns=None if book.time is None else book.time * _MS,
        depth=depth,
    )


def recent_trades(body: bytes, symbol: Symbol, limit: int) -> list[Trade]:
    """Return trades, oldest first: `rest_histories.json`, `GET /api/v1/market/histories`, which has no limit.

    They bear a sequence, of which nobody says that it is the id that the socket tells.
    """
    rows = sorted(_trades.decode(body).data, key=lambda row: (row.time, row.sequence))
    return [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.size,
            taker=SIDES.get(row.side, Side.UNKNOWN),
            exchange_ns=row.time,
        )
        for row in rows[-limit:]
    ]


def klines(body: bytes, symbol: Symbol, interval: str, limit: int) -> list[Kline]:
    """Return candles, oldest first: `rest_candles.json`, `GET /api/v1/market/candles` (newest first)."""
    return [
        Kline(
            symbol=symbol,
            interval=interval,
            open_ns=row.open_time * _SECOND,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            quote_volume=row.turnover,
        )
        for row in reversed(_klines.decode(body).data[:limit])
    ]


def book_tickers(body: bytes) -> dict[Symbol, Quote]:
    """Return best levels of every symbol: `rest_all_tickers.json`, `GET /api/v1/market/allTickers`."""
    return {
        split(Pair(row.symbol)): Quote(
            *quoted(row.buy, row.bestBidSize),
            *quoted(row.sell, row.bestAskSize),
        )
        for row in _tickers.decode(body).data.ticker
    }


def asset_networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the networks of every asset: `rest_currencies.json`, `GET /api/v3/currencies`."""
    return {Asset(row.currency.upper()): _networks(row) for row in _currencies.decode(body).data}


def ticket(body: bytes) -> StreamTicket:
    """Return what opens a socket: `rest_bullet_public.json`, `POST /api/v1/bullet-public` and `bullet-private`.

    A connection has a name of our choice, which greeting and errors repeat: each ticket makes one.
    """
    row = _ticket.decode(body).data
    server = row.instanceServers[0]
    name = f"arb{sha256(row.token.encode()).hexdigest()[:16]}"
    return StreamTicket(
        url=f"{server.endpoint}?token={row.token}&connectId={name}",
        token=row.token,
        ping_every_ns=server.pingInterval * _MS,
        expires_ns=TOKEN_NS,
    )


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the trading account: `rest_accounts.json`, `GET /api/v1/accounts`."""
    held = [
        Balance(asset=Asset(row.currency.upper()), free=Decimal(row.available), locked=Decimal(row.holds))
        for row in _accounts.decode(body).data
        if row.type == _TRADE_ACCOUNT
    ]
    return {balance.asset: balance for balance in held}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do, which is to read: `rest_accounts.json`, `GET /api/v1/accounts`."""
    _accounts.decode(body)
    return KeyPermissions(read=True)


def trading_fees(body: bytes, pair: Pair) -> TradingFees:
    """Return the account's rates for a symbol: `rest_trade_fees.json`, `GET /api/v1/trade-fees`."""
    for row in _fees.decode(body).data:
        if row.symbol == pair:
            return TradingFees(maker=_rate(row.makerFeeRate), taker=_rate(row.takerFeeRate))
    raise ValueError(f"no fees of {pair}")


def order_ack(body: bytes) -> OrderAck:
    """Return how far the order came at once: `rest_place_sync.json`, `POST /api/v1/hf/orders/sync`."""
    row = _placed.decode(body).data
    filled = amount(row.dealSize)
    return OrderAck(order_id=OrderId(row.orderId), status=_status_of_placed(row, filled), filled=filled)


def order(body: bytes) -> Order:
    """Return one order: `rest_get_order.json`, `GET /api/v1/hf/orders/{orderId}`."""
    return _queried(_order.decode(body).data)


def open_orders(body: bytes) -> list[Order]:
    """Return those of a symbol: `rest_active.json`, `GET /api/v1/hf/orders/active`; null where there is none."""
    return [_queried(row) for row in _open_orders.decode(body).data or ()]


def open_pairs(body: bytes) -> list[Pair]:
    """Return where there are open orders: `rest_active_symbols.json`, `GET /api/v1/hf/orders/active/symbols`."""
    return [Pair(symbol) for symbol in _open_symbols.decode(body).data.symbols]


def orders(body: bytes) -> tuple[list[Order], int | None]:
    """Return a page of ended orders, and where the next begins: `rest_done.json`, `GET /api/v1/hf/orders/done`."""
    page = _orders.decode(body).data
    return [_queried(row) for row in page.items], page.lastId


def fills(body: bytes) -> tuple[list[Fill], int | None]:
    """Return a page of our executions, and where the next begins: `rest_fills.json`, `GET /api/v1/hf/fills`."""
    page = _fills.decode(body).data
    return [_executed(row) for row in page.items], page.lastId


def pushed_order(row: wire.PushedOrder) -> Order:
    """Return an order of the socket: `ws_order_open.json`."""
    kind = _TYPES.get(row.orderType or "", OrderType.UNKNOWN)
    quantity, filled = amount(row.originSize) or amount(row.size) or None, amount(row.filledSize)
    return Order(
        pair=Pair(row.symbol),
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.clientOid),
        side=SIDES.get(row.side, Side.UNKNOWN),
        type=kind,
        status=_status_of_event(row.type, quantity, filled),
        price=_price(row.price, kind),
        quantity=quantity,
        filled=filled,
        created_ns=None if row.orderTime is None else _moment(row.orderTime),
        updated_ns=row.ts,
    )


def pushed_fill(row: wire.PushedOrder) -> Fill:
    """Return what a match executed, without its fee, which nobody tells here: `ws_order_match.json`."""
    price, quantity = amount(row.matchPrice), amount(row.matchSize)
    if price is None or quantity is None or not row.tradeId:
        raise ValueError("a match without tradeId, price or size")
    return Fill(
        pair=Pair(row.symbol),
        trade_id=row.tradeId,
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.clientOid),
        side=SIDES.get(row.side, Side.UNKNOWN),
        price=price,
        quantity=quantity,
        role=_ROLES.get(row.liquidity or "", LiquidityRole.UNKNOWN),
        exchange_ns=row.ts,
    )


def pushed_balance(row: wire.PushedBalance) -> Balance | None:
    """Return a balance of the socket, None for one of another account: `ws_balance.json`."""
    if not row.relationEvent.startswith(_TRADE_ACCOUNT):
        return None
    return Balance(
        asset=Asset(row.currency.upper()),
        free=Decimal(row.available),
        locked=Decimal(row.hold),
        exchange_ns=int(row.time) * _MS if row.time else None,
    )


def _instrument(row: wire.SymbolInfo) -> Instrument:
    base_rate = FEE_CATEGORIES.get(row.feeCategory or 0)
    return Instrument(
        symbol=Symbol(row.baseCurrency.upper(), row.quoteCurrency.upper()),
        pair=Pair(row.symbol),
        status=TradingStatus.TRADING if row.enableTrading else TradingStatus.HALTED,
        tick=Decimal(row.priceIncrement),
        lot=Decimal(row.baseIncrement),
        min_quantity=amount(row.baseMinSize) or Decimal(0),
        max_quantity=amount(row.baseMaxSize) or None,
        min_notional=amount(row.minFunds) or Decimal(0),
        maker_fee=_fee(base_rate, row.makerFeeCoefficient),
        taker_fee=_fee(base_rate, row.takerFeeCoefficient),
    )


def _fee(base_rate: Decimal | None, coefficient: str | None) -> Decimal | None:
    """Return a fee before any discount; None where a class or its coefficient is new or missing."""
    return base_rate * Decimal(coefficient) if base_rate is not None and coefficient else None


def _networks(row: wire.Currency) -> list[AssetNetwork]:
    return [
        AssetNetwork(
            asset=Asset(row.currency.upper()),
            network=chain.chainName,
            deposit_open=chain.isDepositEnabled,
            withdraw_open=chain.isWithdrawEnabled,
            withdraw_fee=amount(chain.withdrawalMinFee),
            withdraw_min=amount(chain.withdrawalMinSize),
            contract=chain.contractAddress or None,
        )
        for chain in row.chains or ()
    ]


def _queried(row: wire.Order) -> Order:
    kind = _TYPES.get(row.type or "", OrderType.UNKNOWN)
    quantity, filled = amount(row.size) or None, amount(row.dealSize)
    return Order(
        pair=Pair(row.symbol),
        order_id=OrderId(row.id),
        client_order_id=_client_id(row.clientOid),
        side=SIDES.get(row.side or "", Side.UNKNOWN),
        type=kind,
        time_in_force=_time_in_force(row, kind),
        status=_status(row, quantity, filled),
        price=_price(row.price, kind),
        quantity=quantity,
        filled=filled,
        filled_quote=amount(row.dealFunds),
        created_ns=None if row.createdAt is None else _moment(row.createdAt),
        updated_ns=None if row.lastUpdatedAt is None else _moment(row.lastUpdatedAt),
    )


def _executed(row: wire.Fill) -> Fill:
    fee = amount(row.fee)
    return Fill(
        pair=Pair(row.symbol),
        trade_id=str(row.tradeId),
        order_id=OrderId(row.orderId),
        side=SIDES.get(row.side, Side.UNKNOWN),
        price=Decimal(row.price),
        quantity=Decimal(row.size),
        fee=fee,
        fee_asset=None if fee is None or not row.feeCurrency else Asset(row.feeCurrency.upper()),
        role=_ROLES.get(row.liquidity or "", LiquidityRole.UNKNOWN),
        exchange_ns=_moment(row.createdAt),
    )


def _status(row: wire.Order, quantity: Decimal | None, filled: Decimal | None) -> OrderStatus:
    """Say where an order is. A whole one is filled, though something of it was to be cancelled."""
    if row.active:
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    if row.cancelExist and not (quantity is not None and quantity == filled):
        return OrderStatus.CANCELED
    return OrderStatus.FILLED


def _status_of_placed(row: wire.Placed, filled: Decimal | None) -> OrderStatus:
    """Say the same of an answer that has sizes of base only: of an order that counts quote it tells no end."""
    if row.status == "open":
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    if row.status != "done":
        return OrderStatus.UNKNOWN
    quantity = amount(row.originSize) or None
    if quantity is not None and quantity == filled:
        return OrderStatus.FILLED
    return OrderStatus.CANCELED if amount(row.canceledSize) else OrderStatus.UNKNOWN


def _status_of_event(event: str, quantity: Decimal | None, filled: Decimal | None) -> OrderStatus:
    if event not in _GOING | _ENDED:
        return OrderStatus.UNKNOWN
    if event == "filled" or (quantity is not None and quantity == filled):
        return OrderStatus.FILLED
    if event == "canceled":
        return OrderStatus.CANCELED
    return OrderStatus.PARTIALLY_FILLED if filled or event == "match" else OrderStatus.OPEN


def _time_in_force(row: wire.Order, kind: OrderType) -> TimeInForce:
    if kind is OrderType.MARKET:
        return TimeInForce.IOC  # whatever is said of it: it never rests
    if row.postOnly:
        return TimeInForce.POST_ONLY
    return _TIMES_IN_FORCE.get(row.timeInForce or "", TimeInForce.UNKNOWN)


def _price(text: str | None, kind: OrderType) -> Decimal | None:
    return None if kind is OrderType.MARKET else amount(text) or None


def _moment(time: int) -> int:
    """Read a time of an order, by its magnitude: milliseconds, or nanoseconds in older messages."""
    return time if time >= _NS_FROM else time * _MS


def _rate(text: str) -> Decimal:
    return rate(Decimal(text or "NaN"))


def _client_id(text: str | None) -> ClientOrderId | None:
    """Return the id we gave; "" where an order has none."""
    ours = (text or "").removeprefix(CARD.client_ids.prefix)
    return ClientOrderId(ours) if ours else None
