"""From Gate.io's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Sources: https://www.gate.com/docs/developers/apiv4/en/#spot and
https://www.gate.com/docs/developers/apiv4/ws/en/#spot

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from decimal import Decimal
from math import nan

import msgspec
from arb_core.errors import OrderNotFound
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.book import NO_ID, BookSnapshot
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

from arb_gateio import faults, wire
from arb_gateio.card import CARD, ORDER_TYPES, split

__all__ = [
    "SIDES",
    "asset_networks",
    "balances",
    "book_tickers",
    "canceled",
    "fills",
    "instrument",
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
    "pushed_balance",
    "pushed_fill",
    "pushed_order",
    "recent_trades",
    "server_time",
    "trading_fees",
]

_MS = 1_000_000
_SECOND = 1_000_000_000

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_STATUS = {
    "tradable": TradingStatus.TRADING,
    "untradable": TradingStatus.HALTED,
    "buyable": TradingStatus.BUY_ONLY,
    "sellable": TradingStatus.SELL_ONLY,
}

_ORDER_TYPES = {words: kind for kind, words in ORDER_TYPES.items()}
_UNKNOWN_TYPE = (OrderType.UNKNOWN, TimeInForce.UNKNOWN)
_ROLES = {"maker": LiquidityRole.MAKER, "taker": LiquidityRole.TAKER}
_GOING = {"open", "put", "update"}
_ENDED = {"closed", "cancelled", "finish"}
"""What `status` says by REST and `event` on the socket."""
_NO_REASON = {None, "open", "filled", "unknown", "-"}

_time = msgspec.json.Decoder(wire.ServerTime)
_info = msgspec.json.Decoder(list[wire.CurrencyPair], strict=False)
_info_of_one = msgspec.json.Decoder(wire.CurrencyPair, strict=False)
_depth = msgspec.json.Decoder(wire.Depth, strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_klines = msgspec.json.Decoder(list[wire.Kline], strict=False)
_tickers = msgspec.json.Decoder(list[wire.Ticker], strict=False)
_currencies = msgspec.json.Decoder(list[wire.Currency])
_accounts = msgspec.json.Decoder(list[wire.Account])
_fee = msgspec.json.Decoder(wire.WalletFee)
_placed = msgspec.json.Decoder(wire.Progress)
_order = msgspec.json.Decoder(wire.Order)
_orders = msgspec.json.Decoder(list[wire.Order])
_open_orders = msgspec.json.Decoder(list[wire.OpenOrders])
_canceled = msgspec.json.Decoder(list[wire.Canceled])
_fills = msgspec.json.Decoder(list[wire.Fill])


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_time.json`, `GET /spot/time`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_time.json`, `GET /spot/time`."""
    return _time.decode(body).server_time * _MS


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol: `rest_currency_pairs.json`, `GET /spot/currency_pairs`."""
    listed = map(_instrument, _info.decode(body))
    return {instrument.symbol: instrument for instrument in listed}


def instrument(body: bytes) -> dict[Symbol, Instrument]:
    """Return the one symbol that was asked for: `rest_currency_pair.json`, `GET /spot/currency_pairs/{pair}`."""
    found = _instrument(_info_of_one.decode(body))
    return {found.symbol: found}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels: `rest_order_book.json`, `GET /spot/order_book`."""
    book = _depth.decode(body)
    return BookSnapshot(
        symbol=symbol,
        bids=book.bids,
        asks=book.asks,
        last_id=NO_ID if book.id is None else book.id,
        exchange_ns=None if book.update is None else book.update * _MS,
        depth=depth,
    )


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_trades.json`, `GET /spot/trades` (newest first)."""
    trades = [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.amount,
            taker=SIDES.get(row.side, Side.UNKNOWN),
            exchange_ns=nanoseconds(row.create_time_ms),
            trade_id=row.id,
        )
        for row in reversed(_trades.decode(body))
    ]
    return sorted(trades, key=lambda trade: trade.exchange_ns)


def klines(body: bytes, symbol: Symbol, interval: str) -> list[Kline]:
    """Return candles, oldest first: `rest_candlesticks.json`, `GET /spot/candlesticks`."""
    return [_kline(row, symbol, interval) for row in _klines.decode(body)]


def book_tickers(body: bytes) -> dict[Symbol, Quote]:
    """Return best levels of every symbol, without sizes: `rest_tickers.json`, `GET /spot/tickers`."""
    return {
        split(Pair(row.currency_pair)): Quote(
            *quoted(row.highest_bid, row.highest_size),
            *quoted(row.lowest_ask, row.lowest_size),
        )
        for row in _tickers.decode(body)
    }


def asset_networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the networks of every asset: `rest_currencies.json`, `GET /spot/currencies`."""
    return {Asset(row.currency.upper()): _networks(row) for row in _currencies.decode(body)}


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the account: `rest_accounts.json`, `GET /spot/accounts`."""
    held = [
        Balance(asset=Asset(row.currency.upper()), free=Decimal(row.available), locked=Decimal(row.locked))
        for row in _accounts.decode(body)
    ]
    return {balance.asset: balance for balance in held}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do, which is to read: `rest_accounts.json`, `GET /spot/accounts`."""
    _accounts.decode(body)
    return KeyPermissions(read=True)


def trading_fees(body: bytes) -> TradingFees:
    """Return the account's rates for a symbol: `rest_wallet_fee.json`, `GET /wallet/fee`."""
    fee = _fee.decode(body)
    if fee.gt_discount and fee.gt_maker_fee and fee.gt_taker_fee:
        return TradingFees(maker=_rate(fee.gt_maker_fee), taker=_rate(fee.gt_taker_fee))
    return TradingFees(maker=_rate(fee.maker_fee), taker=_rate(fee.taker_fee))


def order_ack(body: bytes) -> OrderAck:
    """Return how far the order came at once: `rest_create_order_full.json`, `POST /spot/orders` and `PATCH`.

    `rest_create_order_ack.json` says no more than its id.
    """
    row = _placed.decode(body)
    return OrderAck(order_id=OrderId(row.id), status=_status(row), filled=_filled(row))


def canceled(body: bytes) -> None:
    """Take an answer that speaks of each order by itself: `rest_cancel_all_orders.json`, `DELETE /spot/orders`.

    Raises:
        ExchangeAPIError: one of them was not cancelled, and had not ended.
    """
    for row in _canceled.decode(body):
        if not row.succeeded:
            error = faults.error(row.label, row.message or "not cancelled")
            if not isinstance(error, OrderNotFound):
                raise error


def order(body: bytes) -> Order:
    """Return one order: `rest_get_order.json`, `GET /spot/orders/{id}`."""
    return pushed_order(_order.decode(body))


def orders(body: bytes) -> list[Order]:
    """Return several: `rest_list_orders.json`, `GET /spot/orders`."""
    return [pushed_order(row) for row in _orders.decode(body)]


def open_orders(body: bytes) -> list[Order]:
    """Return those of every pair: `rest_open_orders.json`, `GET /spot/open_orders`."""
    return [pushed_order(row) for pair in _open_orders.decode(body) for row in pair.orders]


def fills(body: bytes, pair: Pair) -> list[Fill]:
    """Return our executions: `rest_my_trades.json`, `GET /spot/my_trades`."""
    return [pushed_fill(row, pair) for row in _fills.decode(body)]


def pushed_order(row: wire.Order) -> Order:
    """Return an order, also of the socket: `ws_spot_orders_update.json`."""
    kind, time_in_force = _ORDER_TYPES.get((row.type or "", row.time_in_force or ""), _UNKNOWN_TYPE)
    return Order(
        pair=Pair(row.currency_pair),
        order_id=OrderId(row.id),
        client_order_id=_client_id(row.text),
        side=SIDES.get(row.side or "", Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_status(row),
        price=None if kind is OrderType.MARKET else amount(row.price) or None,
        quantity=None if _counts_quote(row) else amount(row.amount),
        filled=_filled(row),
        filled_quote=amount(row.filled_total),
        created_ns=_moment(row.create_time_ms, row.create_time),
        updated_ns=_moment(row.update_time_ms, row.update_time),
        reason=None if row.finish_as in _NO_REASON else row.finish_as,
    )


def pushed_fill(row: wire.Fill, pair: Pair | None = None) -> Fill:
    """Return an execution, also of the socket: `ws_spot_usertrades_update.json`."""
    if not (row.currency_pair or pair):
        raise ValueError("a fill without currency_pair")
    at = Pair(row.currency_pair or pair or "")
    side = SIDES.get(row.side, Side.UNKNOWN)
    fee, fee_asset = _fee_paid(row, at, side)
    return Fill(
        pair=at,
        trade_id=str(row.id),
        order_id=OrderId(row.order_id),
        client_order_id=_client_id(row.text),
        side=side,
        price=Decimal(row.price),
        quantity=Decimal(row.amount),
        fee=fee,
        fee_asset=fee_asset,
        role=_ROLES.get(row.role, LiquidityRole.UNKNOWN),
        exchange_ns=nanoseconds(row.create_time_ms),
    )


def pushed_balance(row: wire.PushedBalance) -> Balance:
    """Return a balance of the socket: `ws_spot_balances_update.json`."""
    return Balance(
        asset=Asset(row.currency.upper()),
        free=Decimal(row.available),
        locked=Decimal(row.freeze),
        exchange_ns=_moment(row.timestamp_ms, None),
    )


def nanoseconds(milliseconds: str | int) -> int:
    """Read a time like "1548000000123.456" exactly."""
    return int(Decimal(milliseconds) * _MS)


def _instrument(row: wire.CurrencyPair) -> Instrument:
    fee = Decimal(row.fee) / 100 if row.fee else None
    return Instrument(
        symbol=Symbol(row.base.upper(), row.quote.upper()),
        pair=Pair(row.id),
        status=TradingStatus.UNKNOWN
        if row.type == "premarket"
        else _STATUS.get(row.trade_status, TradingStatus.UNKNOWN),
        tick=Decimal(1).scaleb(-row.precision),
        lot=Decimal(1).scaleb(-row.amount_precision),
        min_quantity=Decimal(row.min_base_amount or 0),
        max_quantity=Decimal(row.max_base_amount) if row.max_base_amount else None,
        min_notional=Decimal(row.min_quote_amount or 0),
        max_notional=Decimal(row.max_quote_amount) if row.max_quote_amount else None,
        maker_fee=fee,
        taker_fee=fee,
        delisting_ns=row.delisting_time * _SECOND if row.delisting_time else None,
    )


def _kline(row: wire.Kline, symbol: Symbol, interval: str) -> Kline:
    # The last two columns are base volume and "closed"; a row of seven has only the latter.
    base_volume, closed = (row.base_volume, row.closed) if row.closed is not None else (None, row.base_volume)
    return Kline(
        symbol=symbol,
        interval=interval,
        open_ns=row.open_time * _SECOND,
        open=row.open,
        high=row.high,
        low=row.low,
        close=row.close,
        volume=nan if base_volume is None else float(base_volume),
        quote_volume=row.quote_volume,
        closed=None if closed is None else closed == "true",
    )


def _networks(row: wire.Currency) -> list[AssetNetwork]:
    chains = row.chains or ([wire.Chain(name=row.chain)] if row.chain else [])
    return [
        AssetNetwork(
            asset=Asset(row.currency.upper()),
            network=chain.name,
            deposit_open=_open(row.delisted, row.deposit_disabled, chain.deposit_disabled),
            withdraw_open=_open(row.delisted, row.withdraw_disabled, chain.withdraw_disabled),
            contract=chain.addr or None,
        )
        for chain in chains
    ]


def _open(*closed: bool | None) -> bool | None:
    """Return whether nothing is closed; None where nothing is said."""
    said = [flag for flag in closed if flag is not None]
    return not any(said) if said else None


def _status(row: wire.Progress) -> OrderStatus:
    """Say where an order is. What is left decides, for an order may be closed with a remainder, or ended when full."""
    said = row.status or row.event
    if said in _GOING:
        return OrderStatus.PARTIALLY_FILLED if _filled(row) else OrderStatus.OPEN
    if said not in _ENDED:
        return OrderStatus.UNKNOWN
    left = amount(row.left)
    if left is None or (left and _counts_quote(row)):
        # Some quote too small to buy anything with may be left of a market order that is done.
        whole = row.status == "closed" or row.finish_as == "filled"
    else:
        whole = not left
    return OrderStatus.FILLED if whole else OrderStatus.CANCELED


def _filled(row: wire.Progress) -> Decimal | None:
    """Return what is filled, in base; by the remainder where that counts base (`wire.Progress.filled_amount`)."""
    whole, left = amount(row.amount), amount(row.left)
    if _counts_quote(row) or whole is None or left is None:
        return amount(row.filled_amount)
    return whole - left


def _counts_quote(row: wire.Progress) -> bool:
    return row.type == "market" and row.side == "buy"


def _fee_paid(row: wire.Fill, pair: Pair, side: Side) -> tuple[Decimal | None, Asset | None]:
    """Return fee and asset: GT or points where those paid, else what was received."""
    for text, token in ((row.gt_fee, "GT"), (row.point_fee, "POINT")):
        if paid := amount(text):
            return paid, Asset(token)
    fee = amount(row.fee)
    if fee is None:
        return None, None
    base, _, quote = pair.rpartition("_")
    received = {Side.BUY: base, Side.SELL: quote}.get(side, "")
    asset = row.fee_currency or received
    return fee, Asset(asset.upper()) if asset else None


def _moment(milliseconds: str | int | None, seconds: str | None) -> int | None:
    """Return a moment by milliseconds, or by whole seconds where an answer has no better."""
    if milliseconds is not None:
        return nanoseconds(milliseconds)
    return int(Decimal(seconds) * _SECOND) if seconds else None


def _rate(text: str) -> Decimal:
    return rate(Decimal(text or "NaN"))


def _client_id(text: str | None) -> ClientOrderId | None:
    """Return the id we gave; a text without prefix names where the order came from (apiv4, 101 = the web)."""
    prefix = CARD.client_ids.prefix
    ours = text.removeprefix(prefix) if text and text.startswith(prefix) else ""
    return ClientOrderId(ours) if ours else None
