"""Binance's answers as it sends them; times are milliseconds. Entered by `parse`, `faults`, the streams.

Unknown fields are ignored, absent ones are None.
Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints, its neighbours on
trading and accounts, https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and
https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream
"""

from typing import Any

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
from msgspec import Raw, Struct, field

__all__ = [
    "Account",
    "AccountAnswer",
    "AccountMessage",
    "AccountPosition",
    "AggDeal",
    "Balance",
    "Best",
    "BookTicker",
    "Candle",
    "CandleBar",
    "Coin",
    "Combined",
    "Commission",
    "CommissionRates",
    "Deal",
    "Depth",
    "DepthUpdate",
    "Envelope",
    "Event",
    "ExchangeInfo",
    "ExecutionReport",
    "Fill",
    "Filter",
    "Kind",
    "Kline",
    "Network",
    "Order",
    "Other",
    "Partial",
    "Placed",
    "PushedBalance",
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


class Balance(Struct):
    """One asset of an account."""

    asset: str
    free: MoneyText
    locked: MoneyText


class Account(Struct):
    """`GET /api/v3/account`. What it says of rights holds for the account, not for the key."""

    balances: list[Balance]
    canTrade: bool | None = None
    canWithdraw: bool | None = None


class CommissionRates(Struct):
    """Fractions. Who makes or takes pays that, and what his side pays besides."""

    maker: SignedText
    taker: SignedText
    buyer: SignedText
    seller: SignedText


class Commission(Struct):
    """`GET /api/v3/account/commission`: three parts, which add up."""

    standardCommission: CommissionRates
    specialCommission: CommissionRates | None = None
    taxCommission: CommissionRates | None = None


class Placed(Struct):
    """`POST /api/v3/order`; the answer of kind ACK has the id alone."""

    orderId: int
    status: str | None = None
    executedQty: AmountText | None = None


class Order(Struct):
    """`GET /api/v3/order`, a row of openOrders or of allOrders."""

    symbol: str
    orderId: int
    side: str
    type: str
    timeInForce: str | None = None
    status: str | None = None
    """NEW, PENDING_NEW, PARTIALLY_FILLED, FILLED, CANCELED, PENDING_CANCEL, REJECTED, EXPIRED (the rest of an IOC, FOK
    or market order, or an action of the exchange), EXPIRED_IN_MATCH (self-trade prevention)."""
    clientOrderId: str | None = None
    price: AmountText | None = None
    """0 of a market order."""
    origQty: AmountText | None = None
    executedQty: AmountText | None = None
    cummulativeQuoteQty: SignedText | None = None
    """Spelt so. Below 0 = not known, for a very old order."""
    time: int | None = None
    updateTime: int | None = None
    expiryReason: str | None = None


class Fill(Struct):
    """One row of `GET /api/v3/myTrades`."""

    symbol: str
    id: int
    orderId: int
    price: MoneyText
    qty: MoneyText
    time: int
    isBuyer: bool
    isMaker: bool
    commission: SignedText | None = None
    commissionAsset: str | None = None


class Network(Struct):
    """One network of a coin."""

    network: str
    depositEnable: bool | None = None
    withdrawEnable: bool | None = None
    withdrawFee: AmountText | None = None
    withdrawMin: AmountText | None = None
    contractAddress: str | None = None
    """Token contract, in newer answers; often absent or ""."""


class Coin(Struct):
    """One row of `GET /sapi/v1/capital/config/getall`."""

    coin: str
    networkList: list[Network]


class ExecutionReport(Struct, tag_field="e", tag="executionReport"):
    """A change of one of our orders."""

    s: str
    i: int
    """Id of the order."""
    S: str
    o: str
    """Type."""
    x: str
    """What happened: NEW, CANCELED, REPLACED, REJECTED, TRADE, EXPIRED, TRADE_PREVENTION."""
    X: str
    """Status."""
    T: int
    """When, at the matching engine."""
    c: str
    """Client id; of a cancelled order the id of the cancel."""
    C: str
    """Client id of a cancelled order."""
    f: str = ""
    """Time in force."""
    q: AmountText = ""
    p: AmountText = ""
    z: AmountText = ""
    """Filled in all."""
    Z: AmountText = ""
    """The same in quote."""
    l: AmountText = ""  # noqa: E741 (Binance's name)
    """Filled now."""
    L: AmountText = ""
    """At this price."""
    n: SignedText | None = None
    N: str | None = None
    """Fee and its asset."""
    t: int = -1
    """Id of the trade; -1 = none."""
    m: bool = False
    """Whether it made."""
    O: int | None = None  # noqa: E741
    """When it was placed."""
    r: str = "NONE"
    """Why it was rejected."""
    eR: str | None = None
    """Why it expired."""


class PushedBalance(Struct):
    """One asset of an account position: free and locked, absolute."""

    a: str
    f: MoneyText
    l: MoneyText  # noqa: E741


class AccountPosition(Struct, tag_field="e", tag="outboundAccountPosition"):
    """Balances of the assets that may have changed."""

    u: int
    B: list[PushedBalance]


class AccountMessage(Struct):
    """A frame of the private socket with an event that we read."""

    event: ExecutionReport | AccountPosition


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


class Kind(Struct):
    """The beginning of any event."""

    e: str


class AccountAnswer(Struct):
    """Any other frame of the private socket: another event, or the answer to a request."""

    event: Kind | None = None
    e: str | None = None
    """An event without a wrapper."""
    id: int | str | None = None
    status: int | None = None
    """As of HTTP."""
    error: Refusal | None = None


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
