"""From Bybit's messages to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Each function names sample and endpoint. Source: https://bybit-exchange.github.io/docs/v5/intro

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from arb_core.errors import Rejected
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

from arb_bybit import wire
from arb_bybit.card import ID, ORDER_TYPES

__all__ = [
    "SIDES",
    "asset_networks",
    "balances",
    "book_tickers",
    "canceled",
    "fills",
    "instruments",
    "klines",
    "nothing",
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

SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
_STATUS = {
    "Trading": TradingStatus.TRADING,
    "PreLaunch": TradingStatus.HALTED,
    "Delivering": TradingStatus.HALTED,
    "Closed": TradingStatus.HALTED,
}

_ORDER_TYPES = {words: kind for kind, words in ORDER_TYPES.items()}
_UNKNOWN_TYPE = (OrderType.UNKNOWN, TimeInForce.UNKNOWN)
_ORDER_STATUS = {
    "New": OrderStatus.OPEN,
    "Untriggered": OrderStatus.OPEN,
    "Triggered": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELED,
    "PartiallyFilledCanceled": OrderStatus.CANCELED,
    "Deactivated": OrderStatus.CANCELED,
    "Rejected": OrderStatus.REJECTED,
}
_NO_REASON = {None, "", "EC_NoError", "UNKNOWN"}
_ROLES = {True: LiquidityRole.MAKER, False: LiquidityRole.TAKER, None: LiquidityRole.UNKNOWN}

_time = msgspec.json.Decoder(wire.Answer[wire.ServerTime])
_info = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Instrument]])
_depth = msgspec.json.Decoder(wire.Answer[wire.Depth], strict=False)
_trades = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Trade]], strict=False)
_klines = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Kline]], strict=False)
_tickers = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Ticker]], strict=False)
_coins = msgspec.json.Decoder(wire.Answer[wire.Rows[wire.Coin]])
_wallets = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Wallet]])
_fees = msgspec.json.Decoder(wire.Answer[wire.Page[wire.FeeRate]])
_key = msgspec.json.Decoder(wire.Answer[wire.KeyInfo])
_accepted = msgspec.json.Decoder(wire.Answer[wire.Accepted])
_canceled = msgspec.json.Decoder(wire.Answer[wire.Canceled])
_orders = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Order]])
_fills = msgspec.json.Decoder(wire.Answer[wire.Page[wire.Fill]])


def nothing(body: bytes) -> None:
    """Take an answer that says only that there is one: `rest_time.json`, `GET /v5/market/time`."""


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch: `rest_time.json`, `GET /v5/market/time`."""
    return int(_time.decode(body).result.timeNano)


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every symbol: `rest_instruments_info.json`, `GET /v5/market/instruments-info`."""
    listed = map(_instrument, _info.decode(body).result.rows)
    return {instrument.symbol: instrument for instrument in listed}


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels: `rest_orderbook.json`, `GET /v5/market/orderbook`."""
    book = _depth.decode(body).result
    return BookSnapshot(
        symbol=symbol,
        bids=book.b,
        asks=book.a,
        last_id=book.u,
        exchange_ns=book.ts * _MS,
        depth=depth,
    )


def recent_trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first: `rest_recent_trade.json`, `GET /v5/market/recent-trade` (newest first)."""
    trades = [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.size,
            taker=SIDES.get(row.side, Side.UNKNOWN),
            exchange_ns=int(row.time) * _MS,
            trade_id=row.execId,
        )
        for row in reversed(_trades.decode(body).result.rows)
    ]
    return sorted(trades, key=lambda trade: trade.exchange_ns)


def klines(body: bytes, symbol: Symbol, interval: str) -> list[Kline]:
    """Return candles, oldest first: `rest_kline.json`, `GET /v5/market/kline` (newest first)."""
    return [
        Kline(
            symbol=symbol,
            interval=interval,
            open_ns=row.start * _MS,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            quote_volume=row.turnover,
        )
        for row in reversed(_klines.decode(body).result.rows)
    ]


def book_tickers(body: bytes, listed: Iterable[Instrument]) -> dict[Symbol, Quote]:
    """Return best levels of every listed symbol: `rest_tickers.json`, `GET /v5/market/tickers`."""
    symbols = {instrument.pair: instrument.symbol for instrument in listed}
    return {
        symbols[Pair(row.symbol)]: Quote(
            *quoted(row.bid1Price, row.bid1Size),
            *quoted(row.ask1Price, row.ask1Size),
        )
        for row in _tickers.decode(body).result.rows
        if row.symbol in symbols
    }


def asset_networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the networks of every asset: `rest_coin_info.json`, `GET /v5/asset/coin/query-info`."""
    return {
        Asset(row.coin.upper()): [_network(row, chain) for chain in row.chains]
        for row in _coins.decode(body).result.rows
    }


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset of the account: `rest_wallet_balance.json`, `GET /v5/account/wallet-balance`."""
    held = [_balance(row, None) for account in _wallets.decode(body).result.rows for row in account.coin]
    return {balance.asset: balance for balance in held}


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do: `rest_query_api.json`, `GET /v5/user/query-api`."""
    key = _key.decode(body).result
    return KeyPermissions(
        read=True,
        trade=_may(key, key.permissions.Spot, "SpotTrade"),
        withdraw=_may(key, key.permissions.Wallet, "Withdraw"),
    )


def trading_fees(body: bytes) -> TradingFees:
    """Return the account's rates for the one symbol: `rest_fee_rate.json`, `GET /v5/account/fee-rate`."""
    (row,) = _fees.decode(body).result.rows
    return TradingFees(maker=_rate(row.makerFeeRate), taker=_rate(row.takerFeeRate))


def order_ack(body: bytes) -> OrderAck:
    """Return the id of an accepted order: `rest_create_order.json`, `POST /v5/order/create` and `amend`."""
    return OrderAck(order_id=OrderId(_accepted.decode(body).result.orderId))


def canceled(body: bytes) -> None:
    """Take an answer that speaks of all orders of a symbol: `rest_cancel_all.json`, `POST /v5/order/cancel-all`.

    Raises:
        Rejected: it says that it failed.
    """
    if _canceled.decode(body).result.success == "0":
        raise Rejected("the orders were not canceled", exchange=ID)


def orders(body: bytes) -> tuple[list[Order], str]:
    """Return a page and the cursor of the next: `rest_open_orders.json`, `GET /v5/order/realtime` and `history`."""
    page = _orders.decode(body).result
    return [pushed_order(row) for row in page.rows], page.nextPageCursor or ""


def fills(body: bytes) -> tuple[list[Fill], str]:
    """Return a page of our executions and the cursor of the next: `rest_executions.json`, `GET /v5/execution/list`."""
    page = _fills.decode(body).result
    return [pushed_fill(row) for row in page.rows], page.nextPageCursor or ""


def pushed_order(row: wire.Order) -> Order:
    """Return an order, also of the socket: `ws_order.json`."""
    kind, time_in_force = _ORDER_TYPES.get((row.orderType or "", row.timeInForce or ""), _UNKNOWN_TYPE)
    return Order(
        pair=Pair(row.symbol),
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.orderLinkId),
        side=SIDES.get(row.side or "", Side.UNKNOWN),
        type=kind,
        time_in_force=time_in_force,
        status=_ORDER_STATUS.get(row.orderStatus, OrderStatus.UNKNOWN),
        price=amount(row.price) if kind is OrderType.LIMIT else None,
        quantity=amount(row.qty) if _counts_base(row) else None,
        filled=amount(row.cumExecQty),
        filled_quote=amount(row.cumExecValue),
        created_ns=_moment(row.createdTime),
        updated_ns=_moment(row.updatedTime),
        reason=_reason(row),
    )


def pushed_fill(row: wire.Fill) -> Fill:
    """Return an execution, also of the socket: `ws_execution.json`."""
    fee = amount(row.execFee)
    return Fill(
        pair=Pair(row.symbol),
        trade_id=row.execId,
        order_id=OrderId(row.orderId),
        client_order_id=_client_id(row.orderLinkId),
        side=SIDES.get(row.side, Side.UNKNOWN),
        price=Decimal(row.execPrice),
        quantity=Decimal(row.execQty),
        fee=fee,
        fee_asset=Asset(row.feeCurrency.upper()) if row.feeCurrency and fee is not None else None,
        role=_ROLES[row.isMaker],
        exchange_ns=int(row.execTime) * _MS,
    )


def pushed_balances(message: wire.OnWallet) -> list[Balance]:
    """Return the balances that changed: `ws_wallet.json`."""
    return [_balance(row, message.creationTime * _MS) for account in message.data for row in account.coin]


def _instrument(row: wire.Instrument) -> Instrument:
    lots = row.lotSizeFilter
    return Instrument(
        symbol=Symbol(row.baseCoin.upper(), row.quoteCoin.upper()),
        pair=Pair(row.symbol),
        status=_STATUS.get(row.status, TradingStatus.UNKNOWN),
        tick=Decimal(row.priceFilter.tickSize),
        lot=Decimal(lots.basePrecision),
        min_quantity=Decimal(lots.minOrderQty or 0),
        max_quantity=Decimal(lots.maxLimitOrderQty) if lots.maxLimitOrderQty else None,
        min_notional=Decimal(lots.minOrderAmt or 0),
    )


def _network(coin: wire.Coin, chain: wire.Chain) -> AssetNetwork:
    return AssetNetwork(
        asset=Asset(coin.coin.upper()),
        network=chain.chain,
        deposit_open=_open(chain.chainDeposit),
        # A coin without a fee cannot be withdrawn at all.
        withdraw_open=False if chain.withdrawFee == "" else _open(chain.chainWithdraw),
        withdraw_fee=amount(chain.withdrawFee),
        withdraw_min=amount(chain.withdrawMin),
        contract=chain.contractAddress or None,
    )


def _may(key: wire.KeyInfo, granted: list[str] | None, right: str) -> bool | None:
    if key.readOnly:
        return False
    return None if granted is None else right in granted


def _open(flag: str | None) -> bool | None:
    return {"0": False, "1": True}.get(flag or "")


def _balance(row: wire.CoinBalance, exchange_ns: int | None) -> Balance:
    """Tell what is free: all of it less what spot orders hold. A debt leaves nothing."""
    locked = Decimal(row.locked or 0)
    free = Decimal(row.walletBalance or 0) - locked
    return Balance(asset=Asset(row.coin.upper()), free=max(free, Decimal(0)), locked=locked, exchange_ns=exchange_ns)


def _counts_base(row: wire.Order) -> bool:
    if row.orderType == "Market":
        return row.marketUnit == "baseCoin" or (not row.marketUnit and row.side == "Sell")
    return row.orderType == "Limit"


def _reason(row: wire.Order) -> str | None:
    """Return why it ended, else who ended it."""
    if row.rejectReason not in _NO_REASON:
        return row.rejectReason
    return None if row.cancelType in _NO_REASON else row.cancelType


def _moment(milliseconds: str | None) -> int | None:
    return None if milliseconds is None else int(milliseconds) * _MS


def _rate(text: str) -> Decimal:
    return rate(Decimal(text or "NaN"))


def _client_id(text: str | None) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None
