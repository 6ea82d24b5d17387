"""Bitget's answers as it sends them. Entered by `parse`, `faults` and both streams.

Times are milliseconds, as text unless a note says so. Unknown fields are ignored, absent ones are None.
Sources: https://www.bitget.com/api-doc/spot/intro and https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel
with their neighbours.
"""

from typing import Annotated

from arb_core.structs.wire import (
    AmountText,
    Levels,
    MaybeNumber,
    MoneyText,
    Number,
    Price,
    SequenceId,
    SignedText,
    Size,
)
from msgspec import Meta, Raw, Struct

__all__ = [
    "AccountRow",
    "Answer",
    "Arg",
    "Asset",
    "Book",
    "Candle",
    "Chain",
    "Coin",
    "Control",
    "Depth",
    "Envelope",
    "Fee",
    "Fill",
    "Ids",
    "Instrument",
    "Order",
    "PrintedBook",
    "Push",
    "PushedFee",
    "PushedFill",
    "PushedOrder",
    "ServerTime",
    "Ticker",
    "Trade",
    "TradeRate",
]

Milliseconds = Annotated[int, Meta(ge=0, le=9_000_000_000_000)]
"""A time, in JSON mostly text: for decoders with `strict=False`."""

Id = Annotated[str, Meta(pattern=r"^[0-9]+\Z", max_length=40)]
"""The venue's number of an order or an execution, by which lists are cut into pages."""


class Envelope(Struct):
    """What every answer begins with."""

    code: str | int | None = None
    """00000 = success."""
    msg: str | None = None
    message: str | None = None
    """In the place of `msg` in one of the documentation's examples."""


class Answer(Struct):
    """An answer and what it is about."""

    data: Raw


class ServerTime(Struct):
    """`GET /public/time`."""

    serverTime: Milliseconds


class Instrument(Struct):
    """One row of `GET /spot/public/symbols`."""

    symbol: str
    baseCoin: str
    quoteCoin: str
    pricePrecision: Annotated[int, Meta(ge=0, le=40)]
    """Decimals of a price, as text."""
    quantityPrecision: Annotated[int, Meta(ge=0, le=40)]
    """Decimals of a quantity, as text."""
    status: str
    """offline, gray (tested, not open to all), online, halt."""
    takerFeeRate: AmountText | None = None
    makerFeeRate: AmountText | None = None
    """Fractions."""
    minTradeUSDT: AmountText | None = None
    """Least value of an order, in USDT whatever the quote."""
    offTime: str | None = None
    """When it is taken off; "" = nothing is planned."""


class Chain(Struct):
    """One network of a coin; what is true or false is text."""

    chain: str
    rechargeable: str | None = None
    """Whether one may deposit."""
    withdrawable: str | None = None
    withdrawFee: AmountText | None = None
    """In units of the coin."""
    minWithdrawAmount: AmountText | None = None
    contractAddress: str | None = None
    """"" or null for a native coin."""


class Coin(Struct):
    """One row of `GET /spot/public/coins`."""

    coin: str
    chains: list[Chain]


class Depth(Struct):
    """`GET /spot/market/orderbook`; bids from high to low, asks from low to high. It bears no number."""

    asks: Levels
    bids: Levels
    ts: Milliseconds | None = None


class Trade(Struct):
    """One row of `GET /spot/market/fills`, or of the channel `trade`."""

    price: Price
    size: Size
    side: str
    """The taker's."""
    ts: Milliseconds
    tradeId: str | None = None


class Candle(Struct, array_like=True):
    """One row of `GET /spot/market/candles`, or of a channel `candle...`."""

    open_time: Milliseconds
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    """Base."""
    usdt_volume: Number
    quote_volume: Number


class Ticker(Struct):
    """One row of `GET /spot/market/tickers`; 0 or "" where a side is empty."""

    symbol: str
    bidPr: MaybeNumber = None
    bidSz: MaybeNumber = None
    askPr: MaybeNumber = None
    askSz: MaybeNumber = None
    ts: Milliseconds | None = None


class Asset(Struct):
    """One row of `GET /spot/account/assets`, or of the channel `account`, absolute."""

    coin: str
    available: MoneyText
    frozen: MoneyText
    """Held by orders."""
    locked: MoneyText
    """Held otherwise."""
    uTime: Milliseconds | None = None


class TradeRate(Struct):
    """`GET /common/trade-rate`: fractions."""

    makerFeeRate: SignedText
    takerFeeRate: SignedText


class Ids(Struct):
    """The answer to a new order, or to a cancellation."""

    orderId: Id
    clientOid: str | None = None


class Order(Struct):
    """One row of `GET /spot/trade/orderInfo`, of `history-orders`, or of `unfilled-orders`."""

    symbol: str
    orderId: Id
    orderType: str
    """limit or market."""
    side: str
    status: str
    """live (also init, new), partially_filled, filled, cancelled (ended before, with or without fills)."""
    size: AmountText
    """Base; quote where the market is bought."""
    baseVolume: AmountText | None = None
    """What is filled."""
    quoteVolume: AmountText | None = None
    price: AmountText | None = None
    """0 for a market order. Absent in `unfilled-orders`."""
    priceAvg: AmountText | None = None
    """The average of what is filled; in `unfilled-orders` the order's own price."""
    clientOid: str | None = None
    cancelReason: str | None = None
    """normal_cancel or stp_cancel."""
    cTime: Milliseconds | None = None
    uTime: Milliseconds | None = None


class Fee(Struct):
    """What was charged for a fill."""

    feeCoin: str | None = None
    totalFee: SignedText | None = None
    """Below 0 where it was charged; on the socket the documentation has it above."""


class Fill(Struct):
    """One row of `GET /spot/trade/fills`."""

    symbol: str
    orderId: Id
    tradeId: Id
    side: str
    priceAvg: MoneyText
    size: MoneyText
    tradeScope: str
    """taker or maker."""
    cTime: Milliseconds
    feeDetail: Fee | None = None


class PushedFee(Struct):
    """What was charged for an order in all, by asset."""

    feeCoin: str | None = None
    fee: SignedText | None = None


class PushedOrder(Struct):
    """One of the channel `orders`."""

    instId: str
    orderId: Id
    orderType: str
    side: str
    status: str
    newSize: AmountText | None = None
    """Base, but quote where the market is bought; `size` counts quote for every buy."""
    accBaseVolume: AmountText | None = None
    """What is filled."""
    force: str | None = None
    price: AmountText | None = None
    """Absent for a market order."""
    clientOid: str | None = None
    cTime: Milliseconds | None = None
    uTime: Milliseconds | None = None


class PushedFill(Struct):
    """One of the channel `fill`."""

    symbol: str
    orderId: Id
    tradeId: Id
    side: str
    priceAvg: MoneyText
    size: MoneyText
    tradeScope: str
    cTime: Milliseconds
    feeDetail: list[Fee] = []


class Arg(Struct):
    """The channel that a frame is about."""

    channel: str
    instId: str | None = None
    coin: str | None = None
    """In the place of `instId` for the channel `account`."""


class Push(Struct):
    """A frame that a channel pushes."""

    action: str
    """snapshot or update."""
    arg: Arg
    data: Raw
    """A list, whose elements depend on the channel."""


class Book(Struct):
    """One of the channels `books`, `books1`, `books5`, `books15`; sizes are absolute, 0 removes."""

    asks: Levels
    bids: Levels
    ts: Milliseconds
    seq: SequenceId | None = None
    """Grows, but not by one."""
    pseq: SequenceId | None = None
    """The `seq` of the message before; not in the documented form."""
    checksum: int | None = None
    """0 = none."""


class PrintedBook(Struct):
    """The levels of the same as they are printed: what checksums are made of. No `Book` is refused."""

    asks: list[tuple[Raw, Raw]]
    bids: list[tuple[Raw, Raw]]


class Control(Struct):
    """Any other frame: acknowledgement, refusal, login."""

    event: str
    arg: Arg | None = None
    code: int | str | None = None
    msg: str | None = None


AccountRow = PushedOrder | PushedFill | Asset
"""What the private channels push."""
