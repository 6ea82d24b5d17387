"""Binance's answers as it sends them; times are milliseconds. Entered by `parse`, `faults` and `stream`.

Unknown fields are ignored, absent ones are None.
Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints and
https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from typing import Any

from arb_core.structs.wire import AmountText, Levels, MaybeNumber, Number, Price, SequenceId, Size
from msgspec import Raw, Struct, field

__all__ = [
    "AggDeal",
    "Best",
    "BookTicker",
    "Candle",
    "CandleBar",
    "Combined",
    "Deal",
    "Depth",
    "DepthUpdate",
    "Envelope",
    "Event",
    "ExchangeInfo",
    "Filter",
    "Kline",
    "Other",
    "Partial",
    "Refusal",
    "ServerTime",
    "SymbolInfo",
    "Trade",
]


class Envelope(Struct):
    """What an error looks like."""

    code: int | None = None
    msg: str | None = None


class ServerTime(Struct):
    """`GET /api/v3/time`."""

    serverTime: int


class Filter(Struct):
    """Any filter of a symbol; each kind has some of these. A zero switches that rule off."""

    filterType: str
    tickSize: AmountText | None = None
    stepSize: AmountText | None = None
    minQty: AmountText | None = None
    maxQty: AmountText | None = None
    minNotional: AmountText | None = None
    maxNotional: AmountText | None = None


class SymbolInfo(Struct):
    """One symbol of `GET /api/v3/exchangeInfo`."""

    symbol: str
    status: str
    """TRADING, END_OF_DAY, HALT, BREAK, CANCEL_ONLY."""
    baseAsset: str
    quoteAsset: str
    baseAssetPrecision: int
    quotePrecision: int
    filters: list[Filter]
    isSpotTradingAllowed: bool = True


class ExchangeInfo(Struct):
    """`GET /api/v3/exchangeInfo`."""

    symbols: list[SymbolInfo]


class Depth(Struct):
    """`GET /api/v3/depth`; bids from high to low, asks from low to high."""

    lastUpdateId: SequenceId
    bids: Levels
    asks: Levels


class Trade(Struct):
    """One row of `GET /api/v3/trades`."""

    id: int
    price: Price
    qty: Size
    time: int
    isBuyerMaker: bool


class Kline(Struct, array_like=True):
    """One row of `GET /api/v3/klines`; four more columns follow."""

    openTime: int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    """Base."""
    closeTime: int
    quoteVolume: Number


class BookTicker(Struct):
    """One symbol of `GET /api/v3/ticker/bookTicker`; a side that is empty is "0.00000000"."""

    symbol: str
    bidPrice: MaybeNumber = None
    bidQty: MaybeNumber = None
    askPrice: MaybeNumber = None
    askQty: MaybeNumber = None


class DepthUpdate(Struct, tag_field="e", tag="depthUpdate"):
    """`<symbol>@depth`."""

    E: int
    s: str
    U: SequenceId
    u: SequenceId
    b: Levels
    a: Levels


class Deal(Struct, tag_field="e", tag="trade"):
    """`<symbol>@trade`; `m` = the buyer was the maker."""

    s: str
    t: int
    p: Price
    q: Size
    T: int
    m: bool


class AggDeal(Struct, tag_field="e", tag="aggTrade"):
    """`<symbol>@aggTrade`."""

    s: str
    a: int
    p: Price
    q: Size
    T: int
    m: bool


class CandleBar(Struct):
    """The candle of a kline event; `v` base, `q` quote, `x` closed."""

    t: int
    i: str
    o: Number
    h: Number
    l: Number  # noqa: E741 (Binance's name)
    c: Number
    v: Number
    q: Number
    x: bool


class Candle(Struct, tag_field="e", tag="kline"):
    """`<symbol>@kline_<interval>`."""

    s: str
    k: CandleBar


Event = DepthUpdate | Deal | AggDeal | Candle
"""The payloads that name their kind."""


class Combined(Struct):
    """A frame of `/stream`."""

    stream: str
    data: Event


class Best(Struct):
    """`<symbol>@bookTicker`: bears no kind and no time; a side that is empty is "0.00000000"."""

    u: SequenceId
    s: str
    b: Number
    B: Number
    a: Number
    A: Number


class Partial(Struct):
    """`<symbol>@depth5`: bears no kind, no time and no symbol."""

    lastUpdateId: SequenceId
    bids: Levels
    asks: Levels


class Refusal(Struct):
    """Why a request was refused."""

    code: int | None = None
    msg: str | None = None


class Other(Struct):
    """Any other frame: a payload without a kind, wrapped or not, or the answer to a request."""

    stream: str | None = None
    data: Raw = Raw(b"")
    e: str | None = None
    best_size: Any = field(name="B", default=None)
    """Present in a `Best` without a wrapper."""
    id: int | str | None = None
    result: Raw = Raw(b"")
    """null accepts a request; an answer without it (empty) does not."""
    error: Refusal | None = None
    code: int | None = None
    msg: str | None = None
