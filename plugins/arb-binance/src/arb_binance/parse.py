"""From Binance's answers to `arb_core.structs`. Pure; entered by `public`. Each function names sample and endpoint.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from collections.abc import Iterable
from decimal import Decimal
from math import nan

import msgspec
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Instrument, Kline, Pair, Quote, Side, Symbol, Trade, TradingStatus
from arb_core.structs.wire import MaybeNumber

from arb_binance import wire

__all__ = ["book_tickers", "instruments", "klines", "nothing", "orderbook", "recent_trades", "server_time", "side"]

_MS = 1_000_000

_STATUS = {
    "TRADING": TradingStatus.TRADING,
    "END_OF_DAY": TradingStatus.HALTED,
    "HALT": TradingStatus.HALTED,
    "BREAK": TradingStatus.HALTED,
    "CANCEL_ONLY": TradingStatus.HALTED,
}

_time = msgspec.json.Decoder(wire.ServerTime)
_info = msgspec.json.Decoder(wire.ExchangeInfo)
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
    filters = {rule.filterType: rule for rule in row.filters}
    off = wire.Filter(filterType="")
    price, lot = filters.get("PRICE_FILTER", off), filters.get("LOT_SIZE", off)
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or off
    return Instrument(
        symbol=Symbol(row.baseAsset.upper(), row.quoteAsset.upper()),
        pair=Pair(row.symbol),
        status=_status(row),
        tick=_amount(price.tickSize) or Decimal(1).scaleb(-row.quotePrecision),
        lot=_amount(lot.stepSize) or Decimal(1).scaleb(-row.baseAssetPrecision),
        min_quantity=_amount(lot.minQty),
        max_quantity=_amount(lot.maxQty) or None,
        min_notional=_amount(notional.minNotional),
        max_notional=_amount(notional.maxNotional) or None,
    )


def _status(row: wire.SymbolInfo) -> TradingStatus:
    return _STATUS.get(row.status, TradingStatus.UNKNOWN) if row.isSpotTradingAllowed else TradingStatus.HALTED


def _amount(text: str | None) -> Decimal:
    """Return a filter's number, 0 where the rule is off or absent."""
    return Decimal(text or 0)
