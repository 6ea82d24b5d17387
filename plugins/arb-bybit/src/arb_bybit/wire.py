"""Bybit's answers as it sends them. Entered by `parse`, `faults` and both streams.

Times are milliseconds unless a note says so: text in answers, numbers on the socket. Unknown fields are ignored, absent
ones are None. Sources: https://bybit-exchange.github.io/docs/v5/intro and
https://bybit-exchange.github.io/docs/v5/ws/connect
"""

from typing import Annotated, Generic, TypeVar

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
from msgspec import Meta, Raw, Struct, field

__all__ = [
    "Accepted",
    "AccountMessage",
    "Answer",
    "Book",
    "Canceled",
    "Candle",
    "Chain",
    "Coin",
    "CoinBalance",
    "Deal",
    "Depth",
    "Envelope",
    "FeeRate",
    "Fill",
    "Instrument",
    "KeyInfo",
    "Kline",
    "LotSize",
    "Milliseconds",
    "OnBook",
    "OnCandles",
    "OnDeals",
    "OnFills",
    "OnOrders",
    "OnSpotFills",
    "OnSpotOrders",
    "OnWallet",
    "Order",
    "Other",
    "Page",
    "Permissions",
    "PriceFilter",
    "Rows",
    "ServerTime",
    "Ticker",
    "Trade",
    "Wallet",
]

T = TypeVar("T")

Milliseconds = Annotated[str, Meta(pattern=r"^[0-9]+\Z", max_length=20)]
"""A time as text."""


class Envelope(Struct):
    """What every answer of Bybit's own is wrapped in; business failures come with HTTP 200."""

    retCode: int
    """0 = success."""
    retMsg: str | None = None


class Answer(Struct, Generic[T]):
    """An answer that is a success."""

    result: T


class Page(Struct, Generic[T]):
    """Rows, newest first where they have a time."""

    rows: list[T] = field(name="list")
    nextPageCursor: str | None = None
    """"" on the last page; absent where there are no pages."""


class Rows(Struct, Generic[T]):
    """The same under another name."""

    rows: list[T]


class ServerTime(Struct):
    """`GET /v5/market/time`."""

    timeNano: Annotated[str, Meta(pattern=r"^[0-9]+\Z", max_length=25)]
    """Nanoseconds."""


class LotSize(Struct):
    """`lotSizeFilter` of spot."""

    basePrecision: MoneyText
    """Step of a quantity."""
    minOrderQty: AmountText | None = None
    """Deprecated, for `minOrderAmt` asks for more; still sent, and refusals of less are still documented."""
    minOrderAmt: AmountText | None = None
    """Quote."""
    maxLimitOrderQty: AmountText | None = None


class PriceFilter(Struct):
    """`priceFilter`."""

    tickSize: MoneyText


class Instrument(Struct):
    """One row of `GET /v5/market/instruments-info`."""

    symbol: str
    baseCoin: str
    quoteCoin: str
    status: str
    """PreLaunch, Trading, Delivering, Closed."""
    lotSizeFilter: LotSize
    priceFilter: PriceFilter


class Depth(Struct):
    """`GET /v5/market/orderbook`; bids from high to low, asks from low to high."""

    b: Levels
    a: Levels
    ts: int
    u: SequenceId
    """That of the topic with 1000 levels, and of no other."""


class Trade(Struct):
    """One row of `GET /v5/market/recent-trade`."""

    execId: str
    price: Price
    size: Size
    side: str
    """The taker's."""
    time: Milliseconds


class Kline(Struct, array_like=True):
    """One row of `GET /v5/market/kline`."""

    start: int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    """Base."""
    turnover: Number
    """Quote."""


class Ticker(Struct):
    """One row of `GET /v5/market/tickers`; "" where a side is empty."""

    symbol: str
    bid1Price: MaybeNumber = None
    bid1Size: MaybeNumber = None
    ask1Price: MaybeNumber = None
    ask1Size: MaybeNumber = None


class Chain(Struct):
    """One network of a coin."""

    chain: str
    chainDeposit: str | None = None
    """1 = open, 0 = suspended."""
    chainWithdraw: str | None = None
    withdrawFee: AmountText | None = None
    """"" = the coin cannot be withdrawn."""
    withdrawMin: AmountText | None = None
    contractAddress: str | None = None
    """Token contract; "" for a native coin."""


class Coin(Struct):
    """One row of `GET /v5/asset/coin/query-info`."""

    coin: str
    chains: list[Chain]


class CoinBalance(Struct):
    """One coin of an account."""

    coin: str
    walletBalance: SignedText
    """All that is held, what orders hold included; below 0 for a debt. "" was seen for a coin never held."""
    locked: AmountText | None = None
    """Held by spot orders."""


class Wallet(Struct):
    """One account of `GET /v5/account/wallet-balance`, or of the topic `wallet`, which names the coins that changed."""

    coin: list[CoinBalance]


class FeeRate(Struct):
    """One row of `GET /v5/account/fee-rate`: fractions."""

    takerFeeRate: SignedText
    makerFeeRate: SignedText


class Permissions(Struct):
    """What a key may do, by product."""

    Spot: list[str] | None = None
    """SpotTrade."""
    Wallet: list[str] | None = None
    """AccountTransfer, Withdraw and others."""


class KeyInfo(Struct):
    """`GET /v5/user/query-api`."""

    readOnly: int
    """1 = the key may only read, whatever its permissions."""
    permissions: Permissions


class Accepted(Struct):
    """The ids of an order that was accepted: `POST /v5/order/create` and `amend`. How far it came, nobody says here."""

    orderId: str


class Canceled(Struct):
    """`POST /v5/order/cancel-all`."""

    success: str | None = None
    """1, or 0 for a failure."""


class Order(Struct):
    """One row of `GET /v5/order/realtime` and `history`, or one of the topic `order`."""

    symbol: str
    orderId: str
    orderStatus: str
    orderLinkId: str | None = None
    """The client id, "" where there is none."""
    side: str | None = None
    orderType: str | None = None
    timeInForce: str | None = None
    price: AmountText | None = None
    """0 where the market sets it."""
    qty: AmountText | None = None
    """Base, or quote by `marketUnit`."""
    marketUnit: str | None = None
    """baseCoin or quoteCoin; "" = the default, which is quote where the market is bought."""
    cumExecQty: AmountText | None = None
    """Base."""
    cumExecValue: AmountText | None = None
    """Quote."""
    rejectReason: str | None = None
    """EC_NoError, or why it ended."""
    cancelType: str | None = None
    """UNKNOWN, or who ended it."""
    createdTime: Milliseconds | None = None
    updatedTime: Milliseconds | None = None


class Fill(Struct):
    """One row of `GET /v5/execution/list`, or one of the topic `execution`."""

    symbol: str
    orderId: str
    side: str
    execId: str
    execPrice: MoneyText
    execQty: MoneyText
    execTime: Milliseconds
    orderLinkId: str | None = None
    execFee: SignedText | None = None
    feeCurrency: str | None = None
    """"" outside spot."""
    isMaker: bool | None = None


class Book(Struct):
    """`orderbook.*`; a size of 0 removes."""

    b: Levels
    a: Levels
    u: SequenceId
    """Grows by one with each message of a topic; 1 = the service began anew, and this is a whole book."""


class OnBook(Struct):
    """A frame with a book: `orderbook.{levels}.{symbol}`."""

    topic: str
    type: str
    """snapshot or delta."""
    ts: int
    data: Book


class Deal(Struct):
    """One trade of `publicTrade.{symbol}`."""

    T: int
    s: str
    S: str
    """The taker's side."""
    v: Size
    p: Price
    i: str


class OnDeals(Struct):
    """A frame with trades, oldest first."""

    data: list[Deal]


class Candle(Struct):
    """`kline.{interval}.{symbol}`."""

    start: int
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    """Base."""
    turnover: Number
    """Quote."""
    confirm: Raw
    """Closed."""


class OnCandles(Struct):
    """A frame with candles."""

    topic: str
    data: list[Candle]


class Other(Struct):
    """Any other frame: a topic of another kind, an acknowledgement, a refusal, a pong, the answer to a login."""

    topic: str | None = None
    op: str | None = None
    """subscribe, unsubscribe, auth, pong; the public socket's pong says ping."""
    success: bool | None = None
    ret_msg: str | None = None
    req_id: str | None = None


class OnOrders(Struct, tag_field="topic", tag="order"):
    """A frame of the private socket, told by its topic; by this one when all kinds of orders are asked for."""

    data: list[Order]


class OnSpotOrders(Struct, tag_field="topic", tag="order.spot"):
    """Orders of spot alone."""

    data: list[Order]


class OnFills(Struct, tag_field="topic", tag="execution"):
    """See `Fill`."""

    data: list[Fill]


class OnSpotFills(Struct, tag_field="topic", tag="execution.spot"):
    """Executions of spot alone."""

    data: list[Fill]


class OnWallet(Struct, tag_field="topic", tag="wallet"):
    """See `Wallet`."""

    data: list[Wallet]
    creationTime: int


AccountMessage = OnOrders | OnSpotOrders | OnFills | OnSpotFills | OnWallet
