"""What is traded: symbols, instruments, trades, candles and the networks an asset travels on.

Market data are float64; what sizes an order (tick, lot, minimum) is `Decimal`. Times are integer nanoseconds since the
Unix epoch (`*_ns`), fees are fractions (0.001 = 10 bp).
"""

from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import NewType

import msgspec

__all__ = [
    "Asset",
    "AssetNetwork",
    "ExchangeId",
    "Instrument",
    "InstrumentKind",
    "Kline",
    "Pair",
    "Quote",
    "Side",
    "Symbol",
    "Trade",
    "TradingStatus",
    "VenueName",
]

Asset = NewType("Asset", str)
"""An asset's ticker as the venue prints it, upper case: `BTC`."""

ExchangeId = NewType("ExchangeId", str)
"""The id a plugin owns: its entry point's name, `[a-z][a-z0-9]*(-[a-z0-9]+)*`."""

Pair = NewType("Pair", str)
"""A venue's own spelling of a symbol: `BTCUSDT`, `BTC_USDT`."""

VenueName = NewType("VenueName", str)
"""The label of one account or endpoint in the settings; the exchange's id unless the user says otherwise."""


class Side(IntEnum):
    """The side of an order, or of the taker in a trade."""

    UNKNOWN = 0
    BUY = 1
    SELL = 2


class InstrumentKind(StrEnum):
    """What a symbol is on a venue. Two kinds of one asset are never the same thing."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"


class TradingStatus(IntEnum):
    """Whether the venue takes orders for an instrument."""

    UNKNOWN = 0
    TRADING = 1
    HALTED = 2
    BUY_ONLY = 3
    SELL_ONLY = 4


class Symbol(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """An instrument in everybody's spelling: prints `BTC/USDT`, or `BTC/USDT:USDT` for a derivative settled in USDT.

    Raises:
        ValueError: from `parse`, for a text of another form.
    """

    base: str
    quote: str
    settle: str | None = None

    def __str__(self) -> str:
        """Return `BASE/QUOTE` or `BASE/QUOTE:SETTLE`."""
        return f"{self.base}/{self.quote}" if self.settle is None else f"{self.base}/{self.quote}:{self.settle}"

    @classmethod
    def parse(cls, text: str) -> "Symbol":
        """Read what `str` prints; lower case is accepted and raised."""
        pair, colon, settle = text.strip().upper().partition(":")
        base, slash, quote = pair.partition("/")
        if (
            not (base and slash and quote)
            or (colon and not settle)
            or "/" in quote
            or any(c.isspace() for c in text.strip())
        ):
            message = f"expected a symbol like BTC/USDT, found {text!r}"
            raise ValueError(message)
        return cls(base, quote, settle or None)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol as one venue trades it. Quantities count in base units after `contract_size` and `base_multiplier`."""

    symbol: Symbol
    pair: Pair
    kind: InstrumentKind = InstrumentKind.SPOT
    status: TradingStatus = TradingStatus.UNKNOWN
    tick: Decimal
    """Smallest price step, in quote per base."""
    lot: Decimal
    """Smallest quantity step, in base."""
    min_quantity: Decimal = Decimal(0)
    max_quantity: Decimal | None = None
    min_notional: Decimal = Decimal(0)
    """Smallest price * quantity of a limit order, in quote."""
    max_notional: Decimal | None = None
    contract_size: Decimal = Decimal(1)
    base_multiplier: Decimal = Decimal(1)
    """How many real base units one listed unit is: 1000 for a `1000SHIB` listing."""
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    """Fraction of the notional; None where the instrument list does not say."""
    base_contract: str | None = None
    """Address of the base asset's token contract, where the instrument list publishes it."""
    delisting_ns: int | None = None
    price_decimals: int | None = None
    """Decimals with which the venue prints prices, where they may be more than those of `tick` and a checksum is made
    of them."""


class Quote(msgspec.Struct, frozen=True):
    """Best bid and ask of one symbol: prices in quote per base, sizes in base; NaN where a side is empty."""

    bid: float
    bid_size: float
    ask: float
    ask_size: float
    exchange_ns: int | None = None
    received_ns: int = 0


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A public trade. `taker` is the side of the order that took; `trade_id` is None where the venue gives none."""

    symbol: Symbol
    price: float
    size: float
    taker: Side
    exchange_ns: int
    trade_id: str | None = None


class Kline(msgspec.Struct, frozen=True, kw_only=True):
    """A candle. `volume` counts base, `quote_volume` quote; `closed` is None where the feed does not say."""

    symbol: Symbol
    interval: str
    """In the spelling of `KLINE_INTERVALS` of the contract: `1m`, `5m`, `1h`, `1d`."""
    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float | None = None
    closed: bool | None = None


class AssetNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """One network of one asset on one venue. None = the venue does not say."""

    asset: Asset
    network: str
    """The venue's own name of the network; names differ between venues, contracts do not."""
    deposit_open: bool | None = None
    withdraw_open: bool | None = None
    withdraw_fee: Decimal | None = None
    withdraw_min: Decimal | None = None
    contract: str | None = None
