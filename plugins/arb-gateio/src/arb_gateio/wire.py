"""Gate.io's answers as it sends them. Entered by `parse`, `faults` and `stream`.

Times are seconds unless the name ends in _ms or a note says so. Unknown fields are ignored, absent ones are None.
Sources: https://www.gate.com/docs/developers/apiv4/en/#spot and https://www.gate.com/docs/developers/apiv4/ws/en/#spot
"""

from typing import Annotated, Literal

from arb_core.structs.wire import AmountText, Levels, MaybeNumber, Number, Price, SequenceId, Size
from msgspec import Meta, Raw, Struct

__all__ = [
    "Best",
    "BookUpdate",
    "Candle",
    "Chain",
    "Control",
    "Currency",
    "CurrencyPair",
    "Deal",
    "Depth",
    "Envelope",
    "Kline",
    "Message",
    "Milliseconds",
    "Obu",
    "OnBest",
    "OnBookUpdate",
    "OnCandle",
    "OnDeal",
    "OnObu",
    "OnPartial",
    "Outcome",
    "Partial",
    "ServerTime",
    "Ticker",
    "Trade",
]


Milliseconds = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]*)?\Z", max_length=25)]
"""A time with a fraction of a millisecond, as text."""


class Envelope(Struct):
    """What an error looks like."""

    label: str | None = None
    message: str | None = None
    detail: str | None = None


class ServerTime(Struct):
    """`GET /spot/time`."""

    server_time: int
    """Milliseconds, against the rule."""


class CurrencyPair(Struct):
    """One row of `GET /spot/currency_pairs`."""

    id: str
    base: str
    quote: str
    precision: int
    """Decimals of a price."""
    amount_precision: int
    """Decimals of a quantity."""
    trade_status: str
    """tradable, untradable, buyable, sellable."""
    fee: AmountText | None = None
    """Percent."""
    min_base_amount: AmountText | None = None
    min_quote_amount: AmountText | None = None
    max_base_amount: AmountText | None = None
    max_quote_amount: AmountText | None = None
    delisting_time: int | None = None
    """0 = none is planned."""
    type: str | None = None
    """normal or premarket."""


class Chain(Struct):
    """One network of a currency."""

    name: str
    addr: str | None = None
    """Token contract; "" for a native coin."""
    withdraw_disabled: bool | None = None
    deposit_disabled: bool | None = None


class Currency(Struct):
    """One row of `GET /spot/currencies`."""

    currency: str
    delisted: bool | None = None
    withdraw_disabled: bool | None = None
    deposit_disabled: bool | None = None
    chain: str | None = None
    chains: list[Chain] | None = None
    """Absent in older answers, which know one chain."""


class Depth(Struct):
    """`GET /spot/order_book`; bids from high to low, asks from low to high."""

    bids: Levels
    asks: Levels
    id: SequenceId | None = None
    """Only with `with_id=true`."""
    update: int | None = None
    """When the book last changed, ms."""


class Trade(Struct):
    """One row of `GET /spot/trades`."""

    id: str
    create_time_ms: Milliseconds
    side: str
    """The taker's."""
    amount: Size
    price: Price


class Kline(Struct, array_like=True):
    """One row of `GET /spot/candlesticks`, in this odd order."""

    open_time: int
    quote_volume: Number
    close: Number
    high: Number
    low: Number
    open: Number
    base_volume: str | None = None
    """Absent in the documentation's row of seven, which has `closed` here."""
    closed: str | None = None


class Ticker(Struct):
    """One row of `GET /spot/tickers`; prices are "" for a dead pair."""

    currency_pair: str
    highest_bid: MaybeNumber = None
    highest_size: MaybeNumber = None
    lowest_ask: MaybeNumber = None
    lowest_size: MaybeNumber = None
    """Sizes come only when a single pair is asked for."""


class BookUpdate(Struct):
    """`spot.order_book_update`."""

    t: int
    """ms"""
    s: str
    U: SequenceId
    u: SequenceId
    b: Levels
    a: Levels
    full: bool = False
    """The frame replaces the book."""


class Obu(Struct):
    """`spot.obu`; an absent side is unchanged."""

    t: int
    """ms"""
    s: str
    """The stream's name, ob.BTC_USDT.50."""
    u: SequenceId
    U: SequenceId | None = None
    """Absent in a full frame."""
    b: Levels = []
    a: Levels = []
    full: bool = False


class Partial(Struct):
    """`spot.order_book`."""

    t: int
    """ms"""
    lastUpdateId: SequenceId
    s: str
    l: Annotated[int, Meta(ge=1)]  # noqa: E741 (Gate.io's name)
    """Levels a side, as text. 0 would mean a whole book to the core."""
    bids: Levels
    asks: Levels


class Best(Struct):
    """`spot.book_ticker`; "" where a side is empty."""

    t: int
    """ms"""
    u: SequenceId
    s: str
    b: Number | Literal[""]
    B: Number | Literal[""]
    a: Number | Literal[""]
    A: Number | Literal[""]


class Deal(Struct):
    """`spot.trades`."""

    id: int
    create_time_ms: Milliseconds
    side: str
    currency_pair: str
    amount: Size
    price: Price


class Candle(Struct):
    """`spot.candlesticks`."""

    t: int
    n: str
    """Interval and pair, 1m_BTC_USDT."""
    o: Number
    h: Number
    l: Number  # noqa: E741
    c: Number
    v: Number
    """Quote volume."""
    a: Number | None = None
    """Base volume; absent in 2021."""
    w: Raw = Raw(b"null")
    """Closed; absent in 2021."""


class OnBookUpdate(Struct, tag_field="channel", tag="spot.order_book_update"):
    """A frame of the socket, told by its channel."""

    result: BookUpdate


class OnObu(Struct, tag_field="channel", tag="spot.obu"):
    """Its frames lack `event` in the documentation and have it in practice."""

    result: Obu


class OnPartial(Struct, tag_field="channel", tag="spot.order_book"):
    """See `Partial`."""

    result: Partial


class OnBest(Struct, tag_field="channel", tag="spot.book_ticker"):
    """See `Best`."""

    result: Best


class OnDeal(Struct, tag_field="channel", tag="spot.trades"):
    """One trade a frame."""

    result: Deal


class OnCandle(Struct, tag_field="channel", tag="spot.candlesticks"):
    """See `Candle`."""

    result: Candle


Message = OnBookUpdate | OnObu | OnPartial | OnBest | OnDeal | OnCandle


class Refusal(Struct):
    """Why a request was refused."""

    code: int | None = None
    message: str | None = None


class Outcome(Struct):
    """What became of a request; older refusals have null in its place."""

    status: str | None = None
    """success or fail."""


class Control(Struct):
    """Any other frame: acknowledgement, refusal, pong, the data of a channel that is not ours."""

    channel: str
    event: str | None = None
    id: int | str | None = None
    payload: list[str] | None = None
    error: Refusal | None = None
    result: Raw = Raw(b"null")
    """An `Outcome`, or null, where the event is subscribe or unsubscribe."""
