"""From MEXC's answers to `arb_core.structs`. Pure; entered by `public`. Each function names sample and endpoint.

Source: https://www.mexc.com/api-docs/spot-v3/market-data-endpoints

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from collections.abc import Iterable
from decimal import Decimal
from math import nan

import msgspec
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Instrument, Kline, Pair, Quote, Side, Symbol, Trade, TradingStatus
from arb_core.structs.wire import MaybeNumber

from arb_mexc import wire

__all__ = ["book_tickers", "instruments", "klines", "nothing", "orderbook", "recent_trades", "server_time", "side"]

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

_time = msgspec.json.Decoder(wire.ServerTime)
_info = msgspec.json.Decoder(wire.ExchangeInfo, strict=False)
_depth = msgspec.json.Decoder(wire.Depth, strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_klines = msgspec.json.Decoder(list[wire.Kline], strict=False)
_tickers = msgspec.json.Decoder(list[wire.BookTicker], strict=False)


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
            *side(row.bidPrice, row.bidQty),
            *side(row.askPrice, row.askQty),
        )
        for row in _tickers.decode(body)
        if row.symbol in symbols
    }


def side(price: MaybeNumber, size: MaybeNumber) -> tuple[float, float]:
    """Return one side of a quote, NaN where it is empty."""
    if not price:
        return nan, nan
    return price, nan if size is None or size == "" else size


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
