"""OKX's answers as it sends them. Entered by `parse`, `faults` and both streams.

Times are milliseconds, as text. Numbers are text, too, "" where one does not apply; only the ids of books are JSON
numbers. Unknown fields are ignored, absent ones are None. Source: https://www.okx.com/docs-v5/en/
"""

from typing import Annotated, Generic, Literal, TypeVar

from arb_core.structs.wire import AmountText, MaybeNumber, MoneyText, Number, Price, SignedText, Size
from msgspec import Meta, Raw, Struct

__all__ = [
    "Account",
    "Answer",
    "Arg",
    "Best",
    "Book",
    "Canceled",
    "Candle",
    "Config",
    "Depth",
    "Envelope",
    "Fill",
    "Holding",
    "Instrument",
    "Level",
    "Message",
    "Milliseconds",
    "Order",
    "Outcome",
    "Placed",
    "ServerTime",
    "Ticker",
    "Trade",
    "TradeFee",
]

T = TypeVar("T")

Milliseconds = Annotated[int, Meta(ge=0)]
"""A time; text on the wire, so a decoder needs `strict=False`."""

Name = Annotated[str, Meta(min_length=1)]
"""A text without which the message says nothing."""

BookId = Annotated[int, Meta(ge=0)]
"""The id of a state of a book: any later one differs, and may be lower after a reset."""


class Answer(Struct, Generic[T]):
    """What REST answers in. `faults` has looked at the code before."""

    data: list[T]


class Outcome(Struct):
    """What became of one order of a request."""

    sCode: str | None = None
    """0 = taken."""
    sMsg: str | None = None


class Envelope(Struct):
    """What tells a success from an error."""

    code: str | int
    """0 = success; 1 = all orders of the request failed, 2 = some of them: each says why in `Outcome.sCode`. A number
    where no endpoint answers."""
    msg: str | None = None
    data: Raw = Raw(b"null")


class ServerTime(Struct):
    """`GET /public/time`."""

    ts: Milliseconds


class Instrument(Struct):
    """One row of `GET /public/instruments`."""

    instId: Name
    baseCcy: Name
    quoteCcy: Name
    tickSz: AmountText
    lotSz: AmountText
    minSz: AmountText
    """Base, as `lotSz` and `maxLmtSz`."""
    state: str
    """live, suspend, preopen, test."""
    maxLmtSz: AmountText | None = None
    expTime: Milliseconds | Literal[""] | None = None
    """When it will be taken off the list."""


class Level(Struct, array_like=True, gc=False):
    """`[price, size, "0", orders]`; what follows the size is ignored."""

    price: Price
    size: Size


class Depth(Struct):
    """`GET /market/books`."""

    bids: list[Level]
    asks: list[Level]
    ts: Milliseconds
    seqId: BookId | None = None
    """Absent in answers of years ago."""


class Trade(Struct):
    """One row of `GET /market/trades`, and of `trades`."""

    tradeId: str
    px: Price
    sz: Size
    side: str
    """The taker's."""
    ts: Milliseconds


class Candle(Struct, array_like=True):
    """One row of `GET /market/candles`, and of the socket."""

    ts: Milliseconds
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    """Base."""
    quote_volume: Number
    volume_in_quote: Number
    """The same for spot."""
    confirm: str | None = None
    """1 = closed."""


class Ticker(Struct):
    """One row of `GET /market/tickers`."""

    instId: Name
    askPx: MaybeNumber = None
    askSz: MaybeNumber = None
    bidPx: MaybeNumber = None
    bidSz: MaybeNumber = None


class Holding(Struct):
    """One asset of an account."""

    ccy: Name
    availBal: MoneyText
    frozenBal: MoneyText
    uTime: Milliseconds | Literal[""] | None = None


class Account(Struct):
    """`GET /account/balance`, and one of the channel `account`."""

    details: list[Holding]


class Config(Struct):
    """`GET /account/config`."""

    perm: str
    """What the key may do: read_only, trade, withdraw, with commas between."""


class TradeFee(Struct):
    """`GET /account/trade-fee`: fractions, below 0 where something is paid."""

    maker: SignedText
    taker: SignedText


class Placed(Outcome, kw_only=True):
    """The answer to a new order or to a change of one."""

    ordId: str


class Canceled(Outcome, kw_only=True):
    """The answer to a cancellation: `sCode` must be there."""

    sCode: str


class Order(Struct):
    """`GET /trade/order`, a row of a list, or one of the channel `orders`."""

    instId: Name
    ordId: Name
    ordType: str
    side: str
    state: str
    """live, partially_filled, filled, canceled, mmp_canceled."""
    accFillSz: AmountText
    """Base, whatever `sz` counts."""
    clOrdId: str | None = None
    px: AmountText | None = None
    sz: AmountText | None = None
    """Base; of a market order what `tgtCcy` says."""
    tgtCcy: str | None = None
    """base_ccy or quote_ccy, of market orders."""
    cTime: Milliseconds | Literal[""] | None = None
    uTime: Milliseconds | Literal[""] | None = None
    cancelSource: str | None = None
    """Why it was cancelled, a number: 1 by the user, 14 what an IOC order left, 31 post-only that would have taken."""
    cancelSourceReason: str | None = None
    """The same in words; not on the socket."""
    tradeId: str | None = None
    """Of the last fill; on the socket "" where this event is none."""
    fillPx: AmountText | None = None
    fillSz: AmountText | None = None
    fillTime: Milliseconds | Literal[""] | None = None
    fillFee: SignedText | None = None
    """Below 0 where something was paid; socket only, as the next two."""
    fillFeeCcy: str | None = None
    execType: str | None = None
    """T = taker, M = maker."""


class Fill(Struct):
    """One row of `GET /trade/fills` and of `GET /trade/fills-history`."""

    instId: Name
    tradeId: Name
    ordId: Name
    billId: Name
    """By which one asks for older ones."""
    side: str
    fillPx: MoneyText
    fillSz: MoneyText
    ts: Milliseconds
    """When the row was made, a little after the trade."""
    clOrdId: str | None = None
    execType: str | None = None
    fee: SignedText | None = None
    """Below 0 where something was paid."""
    feeCcy: str | None = None
    fillTime: Milliseconds | Literal[""] | None = None
    """When the trade was; absent in answers of years ago."""


class Book(Struct):
    """`books` and `books5`. The `checksum` of the first is 0 since June 2026 and says nothing."""

    bids: list[Level]
    asks: list[Level]
    ts: Milliseconds
    seqId: BookId
    prevSeqId: int | None = None
    """The `seqId` of the message before, -1 with a whole book; absent in `books5`."""


class Best(Struct):
    """`bbo-tbt`: at most one level a side."""

    bids: list[Level]
    asks: list[Level]
    ts: Milliseconds
    seqId: BookId


class Arg(Struct):
    """What a push, an acknowledgement or a refusal is about."""

    channel: str
    instId: str | None = None


class Message(Struct):
    """Any frame of either socket."""

    arg: Arg | None = None
    action: str | None = None
    """Of `books`: snapshot or update."""
    data: Raw = Raw(b"")
    event: str | None = None
    """Set where it is no push: subscribe, unsubscribe, login, error, notice, channel-conn-count."""
    id: str | None = None
    """Ours, of the request that this answers."""
    code: str | None = None
    msg: str | None = None
    channel: str | None = None
    """Of channel-conn-count and channel-conn-count-error."""
