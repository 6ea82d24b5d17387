"""From Gate.io's answers to `arb_core.structs`. Pure; entered by `public`. Each function names sample and endpoint.

Source: https://www.gate.com/docs/developers/apiv4/en/#spot

Raises, all of them: a msgspec error for an answer of another shape, ValueError for one that makes no sense.
"""

from decimal import Decimal
from math import nan

import msgspec
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
from arb_core.structs.wire import MaybeNumber

from arb_gateio import wire
from arb_gateio.card import split

__all__ = [
    "SIDES",
    "asset_networks",
    "book_tickers",
    "instrument",
    "instruments",
    "klines",
    "nanoseconds",
    "nothing",
    "orderbook",
    "recent_trades",
    "server_time",
    "side",
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

_time = msgspec.json.Decoder(wire.ServerTime)
_info = msgspec.json.Decoder(list[wire.CurrencyPair], strict=False)
_info_of_one = msgspec.json.Decoder(wire.CurrencyPair, strict=False)
_depth = msgspec.json.Decoder(wire.Depth, strict=False)
_trades = msgspec.json.Decoder(list[wire.Trade], strict=False)
_klines = msgspec.json.Decoder(list[wire.Kline], strict=False)
_tickers = msgspec.json.Decoder(list[wire.Ticker], strict=False)
_currencies = msgspec.json.Decoder(list[wire.Currency])


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
            *side(row.highest_bid, row.highest_size),
            *side(row.lowest_ask, row.lowest_size),
        )
        for row in _tickers.decode(body)
    }


def asset_networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the networks of every asset: `rest_currencies.json`, `GET /spot/currencies`."""
    return {Asset(row.currency.upper()): _networks(row) for row in _currencies.decode(body)}


def side(price: MaybeNumber, size: MaybeNumber) -> tuple[float, float]:
    """Return one side of a quote, NaN where it is empty."""
    if not price:
        return nan, nan
    return price, nan if size is None or size == "" else size


def nanoseconds(milliseconds: str) -> int:
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
