"""Kraken's answers as it sends them. Entered by `parse`, `faults` and both streams.

REST prints amounts as text and times as seconds with a fraction; the socket prints prices and quantities as numbers of
JSON, with and without zeros at their end, and times as RFC 3339 text. Unknown fields are ignored, absent ones are None.
Source: https://docs.kraken.com/api/
"""

from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from arb_core.structs.wire import MoneyText, Number, Price, SignedText, Size
from msgspec import Meta, Raw, Struct

__all__ = [
    "AccountMessage",
    "Answer",
    "ApiKey",
    "AssetPair",
    "Balance",
    "Best",
    "Book",
    "Candle",
    "Closed",
    "Control",
    "Count",
    "Deal",
    "Depth",
    "Description",
    "Envelope",
    "Execution",
    "Fee",
    "FeeItem",
    "Fill",
    "Kline",
    "Level",
    "Message",
    "OnBest",
    "OnBook",
    "OnCandle",
    "OnDeal",
    "OnExecutions",
    "OnPrintedBook",
    "Open",
    "Order",
    "Outcome",
    "Percent",
    "Placed",
    "Seconds",
    "ServerTime",
    "Stamp",
    "Ticker",
    "Token",
    "Trade",
    "TradeVolume",
    "TradesHistory",
]

T = TypeVar("T")

Seconds = Decimal
"""A time as a number of JSON, kept exactly: no float64 holds nanoseconds of this century."""

Stamp = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z\Z")]
"""A time as the socket prints it."""

Percent = Decimal


class Envelope(Struct):
    """What every answer of REST says first. Only texts that begin with E are errors; W is a warning."""

    error: list[str] = []


class Answer(Struct, Generic[T]):
    """A success."""

    result: T


class ServerTime(Struct):
    """`Time`."""

    unixtime: int
    """Seconds."""


class AssetPair(Struct):
    """One entry of `AssetPairs`."""

    altname: str
    base: str
    quote: str
    pair_decimals: int
    """Decimals with which prices are printed; for a few pairs one more than those of a tick."""
    lot_decimals: int
    wsname: str | None = None
    """As the first version of the socket spells it: XBT/USD. Absent for pairs that are not on the socket."""
    status: str | None = None
    """online, cancel_only, post_only, limit_only, reduce_only. Absent in answers of 2021."""
    tick_size: MoneyText | None = None
    """Absent in answers of 2021."""
    ordermin: MoneyText | None = None
    costmin: MoneyText | None = None
    fees: list[tuple[Decimal, Percent]] = []
    """(volume from which it holds, percent), the taker's, also the maker's where `fees_maker` is absent."""
    fees_maker: list[tuple[Decimal, Percent]] | None = None


class Depth(Struct):
    """`Depth`, of one pair; best levels first."""

    asks: list[tuple[Price, Size, int]]
    bids: list[tuple[Price, Size, int]]
    """Price, volume, seconds of the last change."""


class Trade(Struct, array_like=True):
    """One row of `Trades`."""

    price: Price
    volume: Size
    time: Seconds
    side: str
    """The taker's: b or s."""
    order_type: str
    """The taker's: m or l."""
    misc: str
    trade_id: int | None = None
    """Absent in answers before 2023."""


class Kline(Struct, array_like=True):
    """One row of `OHLC`; the last one is not closed."""

    time: int
    open: Number
    high: Number
    low: Number
    close: Number
    vwap: Number
    volume: Number
    count: int


class Ticker(Struct):
    """One entry of `Ticker`."""

    a: tuple[Number, Number, Number]
    b: tuple[Number, Number, Number]
    """Price, whole lots, lots; 0 where a side is empty."""


class Balance(Struct):
    """One entry of `BalanceEx`."""

    balance: SignedText
    """The total."""
    hold_trade: MoneyText
    """What orders hold."""
    credit: MoneyText | None = None
    credit_used: MoneyText | None = None


class Fee(Struct):
    """What an account pays on a pair."""

    fee: SignedText
    """Percent."""


class TradeVolume(Struct):
    """`TradeVolume`."""

    fees: dict[str, Fee]
    fees_maker: dict[str, Fee] | None = None
    """Absent where makers pay the same."""


class ApiKey(Struct):
    """`GetApiKeyInfo`."""

    permissions: list[str]


class Token(Struct):
    """`GetWebSocketsToken`."""

    token: Annotated[str, Meta(min_length=1)]
    expires: int
    """Seconds, for the first use."""


class Placed(Struct):
    """`AddOrder`."""

    txid: Annotated[list[str], Meta(min_length=1)]
    """The order's id. Absent where an order was only validated."""


class Count(Struct):
    """`CancelOrder`."""

    count: int
    """How many were cancelled."""


class Description(Struct):
    """What was asked for."""

    pair: str
    """XBTUSD."""
    type: str
    """buy or sell."""
    ordertype: str
    price: MoneyText


class Order(Struct, kw_only=True):
    """One entry of `OpenOrders`, `ClosedOrders` or `QueryOrders`."""

    status: str
    """pending, open, closed (wholly filled), canceled, expired."""
    descr: Description
    vol: MoneyText
    """Base; quote where `oflags` has viqc."""
    vol_exec: MoneyText
    """Base."""
    cost: MoneyText
    """Quote."""
    opentm: Seconds
    closetm: Seconds | None = None
    reason: str | None = None
    cl_ord_id: str | None = None
    timeinforce: str | None = None
    """Absent in examples of 2023."""
    oflags: str = ""
    """Comma list."""


class Open(Struct):
    """`OpenOrders`."""

    open: dict[str, Order]


class Closed(Struct):
    """`ClosedOrders`."""

    closed: dict[str, Order]


class Fill(Struct, kw_only=True):
    """One entry of `TradesHistory`. Its fee is quote, unless the order had fcib, which ours never have."""

    ordertxid: str
    pair: str
    """XXBTZUSD, or XBTUSD."""
    time: Seconds
    type: str
    price: MoneyText
    vol: MoneyText
    fee: SignedText
    maker: bool | None = None


class TradesHistory(Struct):
    """`TradesHistory`."""

    trades: dict[str, Fill]


class Level(Struct, gc=False):
    """A level of a book."""

    price: Price
    qty: Size
    """0 removes it."""


class PrintedLevel(Struct, gc=False):
    """The same, as it was printed."""

    price: Raw
    qty: Raw


class PrintedBook(Struct):
    """Levels of `book` as they were printed, for a checksum of more digits than a float holds."""

    bids: list[PrintedLevel]
    asks: list[PrintedLevel]


class OnPrintedBook(Struct):
    """A frame of `book`, read once more."""

    data: list[PrintedBook]


class Book(Struct):
    """`book`."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: Annotated[int, Meta(ge=0, lt=2**32)]
    """Of the best ten levels a side, after this message."""
    timestamp: str | None = None
    """A `Stamp`, as `nanoseconds` sees: a pattern costs more than all else of a level. Absent in snapshots of 2023."""


class Best(Struct):
    """`ticker`."""

    symbol: str
    bid: Number
    bid_qty: Number
    ask: Number
    ask_qty: Number
    """0 where a side is empty."""
    timestamp: Stamp | None = None
    """Absent before 2025."""


class Deal(Struct):
    """`trade`."""

    symbol: str
    side: str
    """The taker's."""
    price: Price
    qty: Size
    trade_id: int
    timestamp: Stamp


class Candle(Struct):
    """`ohlc`."""

    symbol: str
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    interval_begin: Stamp
    interval: int
    """Minutes."""


class FeeItem(Struct):
    """A part of a fee."""

    asset: str
    qty: Decimal


class Execution(Struct, kw_only=True):
    """One event of `executions`. Only the first of an order has everything, later ones little more than the ids."""

    order_id: str
    exec_type: str
    """pending_new, new, trade, filled, canceled, expired, amended, restated, status, iceberg_refill."""
    order_status: str | None = None
    """pending_new, new, partially_filled, filled, canceled, expired, triggered."""
    timestamp: Stamp
    cl_ord_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    order_type: str | None = None
    time_in_force: str | None = None
    post_only: bool | None = None
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    cum_qty: Decimal | None = None
    cum_cost: Decimal | None = None
    reason: str | None = None
    exec_id: str | None = None
    """This and the next ones: of a trade alone."""
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    liquidity_ind: str | None = None
    """m or t."""
    fees: list[FeeItem] | None = None


class OnBook(Struct, tag_field="channel", tag="book"):
    """A frame of the socket, told by its channel."""

    type: Literal["snapshot", "update"]
    data: list[Book]


class OnBest(Struct, tag_field="channel", tag="ticker"):
    """See `Best`."""

    data: list[Best]


class OnDeal(Struct, tag_field="channel", tag="trade"):
    """See `Deal`."""

    data: list[Deal]


class OnCandle(Struct, tag_field="channel", tag="ohlc"):
    """See `Candle`."""

    data: list[Candle]


Message = OnBook | OnBest | OnDeal | OnCandle


class OnExecutions(Struct, tag_field="channel", tag="executions"):
    """See `Execution`."""

    data: list[Execution]


AccountMessage = OnExecutions


class Outcome(Struct):
    """What a subscription is about."""

    channel: str = ""
    symbol: str | None = None
    interval: int | None = None


class Control(Struct, kw_only=True):
    """Any other frame: acknowledgement, refusal, pong, heartbeat, status."""

    channel: str | None = None
    method: str | None = None
    """subscribe, unsubscribe, pong ..."""
    success: bool | None = None
    error: str | None = None
    symbol: str | None = None
    """Of a refusal."""
    req_id: int | None = None
    result: Outcome | None = None
