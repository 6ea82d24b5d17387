"""MEXC's answers as it sends them; times are milliseconds. Entered by `parse`, `faults` and `stream`.

Binary frames of the socket are protobuf: `_proto/push.proto`. Unknown fields are ignored, absent ones are None.
Source: https://www.mexc.com/api-docs/spot-v3/market-data-endpoints
"""

from typing import Any

from arb_core.structs.wire import AmountText, Levels, MaybeNumber, Number, Price, SequenceId, Size
from msgspec import Struct

__all__ = ["BookTicker", "Control", "Depth", "Envelope", "ExchangeInfo", "Kline", "ServerTime", "SymbolInfo", "Trade"]


class Envelope(Struct):
    """What an error looks like; some successes are wrapped in it too, with code 0 or 200."""

    code: int | str | None = None
    """Usually an integer, now and then its text: "730708"."""
    msg: str | None = None


class ServerTime(Struct):
    """`GET /api/v3/time`."""

    serverTime: int


class SymbolInfo(Struct):
    """One symbol of `GET /api/v3/exchangeInfo`."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    status: str
    """ "1" online, "2" paused, "3" offline; "ENABLED" in old answers."""
    baseAssetPrecision: int
    """Decimals of a quantity."""
    quotePrecision: int
    """Decimals of a price."""
    baseSizePrecision: AmountText | None = None
    """Smallest quantity, whatever its name says."""
    quoteAmountPrecision: AmountText | None = None
    """Smallest notional of a limit order."""
    maxQuoteAmount: AmountText | None = None
    makerCommission: AmountText | None = None
    takerCommission: AmountText | None = None
    """Fractions."""
    isSpotTradingAllowed: bool = True
    """Whether API keys may trade it."""
    tradeSideType: str | int | None = None
    """1 both sides, 2 buy only, 3 sell only, 4 closed."""
    contractAddress: str | None = None
    """Token contract of the base asset, in newer answers."""


class ExchangeInfo(Struct):
    """`GET /api/v3/exchangeInfo`."""

    symbols: list[SymbolInfo]


class Depth(Struct):
    """`GET /api/v3/depth`; bids from high to low, asks from low to high."""

    lastUpdateId: SequenceId
    bids: Levels
    asks: Levels
    timestamp: int | None = None


class Trade(Struct):
    """One row of `GET /api/v3/trades`."""

    price: Price
    qty: Size
    time: int
    isBuyerMaker: bool
    id: str | None = None


class Kline(Struct, array_like=True):
    """One row of `GET /api/v3/klines`."""

    openTime: int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    """Base."""
    closeTime: int
    quoteVolume: Number | None = None


class BookTicker(Struct):
    """One symbol of `GET /api/v3/ticker/bookTicker`; a side that is empty is "", "0" or null."""

    symbol: str
    bidPrice: MaybeNumber = None
    bidQty: MaybeNumber = None
    askPrice: MaybeNumber = None
    askQty: MaybeNumber = None


class Control(Struct):
    """A text frame of the socket. `code` is 0 also for a refusal: only `msg` tells."""

    id: int | None = None
    code: int | None = None
    msg: Any = None
