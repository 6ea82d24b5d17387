"""KuCoin's answers as it sends them. Entered by `parse`, `faults` and both streams.

Times are milliseconds unless a note says so: KuCoin mixes seconds, milliseconds and nanoseconds. Unknown fields are
ignored, absent ones are None. Sources: https://www.kucoin.com/docs-new/rest/spot-trading/introduction and
https://www.kucoin.com/docs-new/websocket-api/base-info/introduction
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
from msgspec import Meta, Raw, Struct

__all__ = [
    "Account",
    "AccountMessage",
    "Answer",
    "Candle",
    "Chain",
    "Change",
    "Changes",
    "Control",
    "Currency",
    "Deal",
    "Depth",
    "Envelope",
    "Fee",
    "Fill",
    "Fills",
    "Kline",
    "Level1",
    "Message",
    "OnBalance",
    "OnCandle",
    "OnChange",
    "OnDeal",
    "OnLevel1",
    "OnLevel2",
    "OnNewCandle",
    "OnOrder",
    "OpenSymbols",
    "Order",
    "Orders",
    "Partial",
    "Placed",
    "PushedBalance",
    "PushedOrder",
    "Server",
    "SymbolInfo",
    "Ticker",
    "Tickers",
    "Ticket",
    "Trade",
]

T = TypeVar("T")

Moment = Annotated[int, Meta(ge=0)]
"""A time; its unit is said where it stands."""

Pairing = Annotated[str, Meta(min_length=1)]
"""A pair, a topic: text that must say something."""


class Envelope(Struct):
    """What every answer is wrapped in, an error too."""

    code: str | None = None
    """200000 is a success, 200 in some of the documentation's examples."""
    msg: str | None = None


class Answer(Struct, Generic[T]):
    """An answer that is a success."""

    data: T


class SymbolInfo(Struct):
    """One row of `GET /api/v2/symbols`. `name` may change, `symbol` does not."""

    symbol: Pairing
    baseCurrency: str
    quoteCurrency: str
    priceIncrement: MoneyText
    baseIncrement: MoneyText
    enableTrading: bool
    baseMinSize: AmountText | None = None
    baseMaxSize: AmountText | None = None
    quoteMaxSize: AmountText | None = None
    minFunds: AmountText | None = None
    """Least notional; absent in 2021."""
    feeCategory: int | None = None
    """1, 2, 3: class A, B, C."""
    makerFeeCoefficient: SignedText | None = None
    takerFeeCoefficient: SignedText | None = None


class Chain(Struct):
    """One network of a currency."""

    chainName: str
    isDepositEnabled: bool | None = None
    isWithdrawEnabled: bool | None = None
    withdrawalMinFee: AmountText | None = None
    withdrawalMinSize: AmountText | None = None
    contractAddress: str | None = None
    """Token contract; "" for a native coin."""


class Currency(Struct):
    """One row of `GET /api/v3/currencies`."""

    currency: Pairing
    chains: list[Chain] | None = None


class Depth(Struct):
    """`GET /api/v1/market/orderbook/level2_100`, and the whole book; best first."""

    bids: Levels
    asks: Levels
    sequence: SequenceId
    """As text."""
    time: Moment | None = None


class Trade(Struct):
    """One row of `GET /api/v1/market/histories`."""

    sequence: SequenceId
    price: Price
    size: Size
    side: str
    """The taker's."""
    time: Moment
    """ns"""


class Kline(Struct, array_like=True):
    """One row of `GET /api/v1/market/candles`, and of the socket: the close stands before the high."""

    open_time: Moment
    """s"""
    open: Number
    close: Number
    high: Number
    low: Number
    volume: Number
    turnover: Number


class Ticker(Struct):
    """One row of `GET /api/v1/market/allTickers`; null for a dead pair."""

    symbol: Pairing
    buy: MaybeNumber = None
    bestBidSize: MaybeNumber = None
    sell: MaybeNumber = None
    bestAskSize: MaybeNumber = None


class Tickers(Struct):
    """`GET /api/v1/market/allTickers`."""

    ticker: list[Ticker]


class Server(Struct):
    """Where a socket opens."""

    endpoint: Pairing
    pingInterval: Annotated[int, Meta(gt=0)]


class Ticket(Struct):
    """`POST /api/v1/bullet-public` and `/api/v1/bullet-private`."""

    token: Pairing
    instanceServers: Annotated[list[Server], Meta(min_length=1)]


class Account(Struct):
    """One row of `GET /api/v1/accounts`."""

    currency: Pairing
    type: str
    """trade is the one that spot orders use."""
    available: MoneyText
    holds: MoneyText


class Fee(Struct):
    """One row of `GET /api/v1/trade-fees`: fractions."""

    symbol: str
    takerFeeRate: SignedText
    makerFeeRate: SignedText


class Placed(Struct):
    """`POST /api/v1/hf/orders/sync`; that of `/api/v1/hf/orders` has the id alone."""

    orderId: Pairing
    status: str | None = None
    """open or done."""
    originSize: AmountText | None = None
    """0 where an order counts quote."""
    dealSize: AmountText | None = None
    canceledSize: AmountText | None = None


class Order(Struct):
    """`GET /api/v1/hf/orders/{orderId}`, or a row of a list. There is no word for its status."""

    id: Pairing
    symbol: Pairing
    active: bool
    """Open."""
    cancelExist: bool
    """Something of it was cancelled."""
    clientOid: str | None = None
    type: str | None = None
    side: str | None = None
    price: AmountText | None = None
    size: AmountText | None = None
    """0 where an order counts quote."""
    dealSize: AmountText | None = None
    dealFunds: AmountText | None = None
    timeInForce: str | None = None
    postOnly: bool = False
    createdAt: Moment | None = None
    lastUpdatedAt: Moment | None = None


class Orders(Struct):
    """`GET /api/v1/hf/orders/done`."""

    items: list[Order]
    lastId: int | None = None


class OpenSymbols(Struct):
    """`GET /api/v1/hf/orders/active/symbols`."""

    symbols: list[str]


class Fill(Struct):
    """One row of `GET /api/v1/hf/fills`."""

    tradeId: int | str
    orderId: Pairing
    symbol: Pairing
    side: str
    price: MoneyText
    size: MoneyText
    createdAt: Moment
    fee: SignedText | None = None
    feeCurrency: str | None = None
    liquidity: str | None = None
    """maker or taker."""


class Fills(Struct):
    """`GET /api/v1/hf/fills`."""

    items: list[Fill]
    lastId: int | None = None


class Change(Struct, array_like=True, gc=False):
    """A level of `/market/level2`, and the sequence at which it changed last, which nobody here needs."""

    price: Number
    """0 = the sequence moved, no level did."""
    size: Size


class Changes(Struct):
    """Both sides of a change."""

    asks: list[Change]
    bids: list[Change]


class Increment(Struct):
    """`/market/level2`."""

    symbol: Pairing
    changes: Changes
    sequenceStart: SequenceId
    sequenceEnd: SequenceId
    time: Moment | None = None
    """Absent in 2021."""


class Level1(Struct):
    """`/spotMarket/level1`: price and size of the best level of either side, [] where it is empty."""

    asks: list[Number]
    bids: list[Number]
    timestamp: Moment


class Partial(Struct):
    """`/spotMarket/level2Depth5` and `level2Depth50`."""

    asks: Levels
    bids: Levels
    timestamp: Moment


class Deal(Struct):
    """`/market/match`."""

    symbol: Pairing
    side: str
    """The taker's."""
    price: Price
    size: Size
    time: Moment
    """ns, as text"""
    tradeId: str | None = None


class Candle(Struct):
    """`/market/candles`."""

    symbol: Pairing
    candles: Kline


class OnChange(Struct, tag_field="subject", tag="trade.l2update"):
    """A frame of the socket, told by its subject."""

    data: Increment


class OnLevel1(Struct, tag_field="subject", tag="level1"):
    """Its data do not name the pair."""

    topic: Pairing
    data: Level1


class OnLevel2(Struct, tag_field="subject", tag="level2"):
    """Neither do these."""

    topic: Pairing
    data: Partial


class OnDeal(Struct, tag_field="subject", tag="trade.l3match"):
    """One trade a frame."""

    data: Deal


class OnCandle(Struct, tag_field="subject", tag="trade.candles.update"):
    """Its data do not name the interval."""

    topic: Pairing
    data: Candle


class OnNewCandle(Struct, tag_field="subject", tag="trade.candles.add"):
    """The first state of a candle."""

    topic: Pairing
    data: Candle


Message = OnChange | OnLevel1 | OnLevel2 | OnDeal | OnCandle | OnNewCandle


class PushedOrder(Struct):
    """`/spotMarket/tradeOrdersV2`. What a first event (received) does not say yet is absent."""

    symbol: Pairing
    orderId: Pairing
    type: str
    """What happened: received, open, match, update, filled, canceled."""
    side: str
    ts: Moment
    """ns"""
    orderType: str | None = None
    clientOid: str | None = None
    price: AmountText | None = None
    originSize: AmountText | None = None
    """As it was placed; 0 where an order counts quote."""
    size: AmountText | None = None
    """The same, after changes."""
    filledSize: AmountText | None = None
    orderTime: Moment | None = None
    """ms, and ns in older messages"""
    matchPrice: AmountText | None = None
    matchSize: AmountText | None = None
    tradeId: str | None = None
    liquidity: str | None = None
    """maker or taker."""


class PushedBalance(Struct):
    """`/account/balance`, absolute."""

    currency: Pairing
    available: MoneyText
    hold: MoneyText
    relationEvent: str
    """Account and what happened there: trade.hold, main.deposit."""
    time: str | int | None = None


class OnOrder(Struct, tag_field="subject", tag="orderChange"):
    """See `PushedOrder`."""

    data: PushedOrder


class OnBalance(Struct, tag_field="subject", tag="account.balance"):
    """See `PushedBalance`."""

    data: PushedBalance


AccountMessage = OnOrder | OnBalance


class Control(Struct):
    """Any other frame: greeting, acknowledgement, refusal, pong, the data of a topic that is not ours."""

    type: str
    id: str | int | None = None
    code: int | None = None
    topic: str | None = None
    subject: str | None = None
    data: Raw = Raw(b"null")
    """Why, in an error."""
