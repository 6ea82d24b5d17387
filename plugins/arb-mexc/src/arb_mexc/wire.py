"""MEXC's answers as it sends them; times are milliseconds. Entered by `parse`, `faults`, the streams.

Binary frames of the socket are protobuf: `_proto/push.proto`. Unknown fields are ignored, absent ones are None.
Sources: https://www.mexc.com/api-docs/spot-v3/market-data-endpoints and
https://www.mexc.com/api-docs/spot-v3/spot-account-trade
"""

from decimal import Decimal
from typing import Annotated, Any

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
from msgspec import Meta, Struct

__all__ = [
    "Account",
    "Balance",
    "BookTicker",
    "Coin",
    "Control",
    "Depth",
    "Envelope",
    "ExchangeInfo",
    "Fill",
    "Kline",
    "ListenKey",
    "Network",
    "Order",
    "Placed",
    "PushedBalance",
    "PushedFill",
    "PushedOrder",
    "Rates",
    "ServerTime",
    "SymbolInfo",
    "Trade",
    "TradeFee",
]


Shown = Annotated[str, Meta(min_length=1)]
ShownTime = Annotated[int, Meta(gt=0)]
"""What must be there: proto3 shows an absent text as "", an absent number as 0."""


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
    isSpotTradingAllowed: bool | None = None
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


class Rates(Struct):
    """Fractions, as numbers."""

    makerCommission: Decimal
    takerCommission: Decimal


class TradeFee(Struct):
    """`GET /api/v3/tradeFee`."""

    data: Rates


class Placed(Struct):
    """`POST /api/v3/order`: neither status nor fills."""

    orderId: str


class Order(Struct):
    """`GET /api/v3/order`, a row of openOrders or of allOrders."""

    symbol: str
    orderId: str | int
    """Text; an integer in the documentation's examples."""
    side: str
    type: str
    """Type and time in force in one: `card.ORDER_TYPES`."""
    status: str | None = None
    """NEW, PARTIALLY_FILLED, FILLED, CANCELED, PARTIALLY_CANCELED (ended, with fills)."""
    clientOrderId: str | None = None
    price: AmountText | None = None
    """Of a market order: the protection price."""
    origQty: AmountText | None = None
    Qty: AmountText | None = None
    """`origQty` in the documentation's example of one order."""
    executedQty: AmountText | None = None
    cummulativeQuoteQty: AmountText | None = None
    time: int | None = None
    updateTime: int | None = None
    cancelReason: str | None = None


class Fill(Struct):
    """One row of `GET /api/v3/myTrades`."""

    symbol: str
    id: str
    orderId: str
    price: MoneyText
    qty: MoneyText
    time: int
    isBuyer: bool
    isMaker: bool
    commission: SignedText | None = None
    commissionAsset: str | None = None
    clientOrderId: str | None = None


class Network(Struct):
    """One network of a coin."""

    network: str | None = None
    """Being retired."""
    netWork: str | None = None
    """The newer name of the network."""
    depositEnable: bool | None = None
    withdrawEnable: bool | None = None
    withdrawFee: AmountText | None = None
    withdrawMin: AmountText | None = None
    contract: str | None = None
    """Token contract; null or "" for a native coin."""


class Coin(Struct):
    """One row of `GET /api/v3/capital/config/getall`."""

    coin: str
    networkList: list[Network]


class ListenKey(Struct):
    """`POST /api/v3/userDataStream`."""

    listenKey: str


class PushedOrder(Struct):
    """`PrivateOrdersV3Api`; proto3 shows what is absent as "" or 0."""

    id: str
    clientId: str
    """Ours; the exchange's where a newer example leaves `id` out."""
    price: AmountText
    """Of a market order: the protection price."""
    quantity: AmountText
    orderType: int
    """1 limit, 2 post-only, 3 IOC, 4 FOK, 5 market, 100 and above stops."""
    tradeType: int
    """1 buy, 2 sell."""
    cumulativeQuantity: AmountText
    cumulativeAmount: AmountText
    status: int
    """1 new, 2 filled, 3 partially filled, 4 canceled, 5 partially canceled (ended, with fills)."""
    createTime: int


class PushedFill(Struct):
    """`PrivateDealsV3Api`."""

    price: MoneyText
    quantity: MoneyText
    tradeType: int
    isMaker: bool
    tradeId: Shown
    clientOrderId: str
    orderId: Shown
    feeAmount: SignedText
    feeCurrency: str
    time: ShownTime


class PushedBalance(Struct):
    """`PrivateAccountV3Api`."""

    vcoinName: Shown
    balanceAmount: MoneyText
    """Free."""
    frozenAmount: AmountText
    """Locked."""
    time: int


class Control(Struct):
    """A text frame of the socket. `code` is 0 also for a refusal: only `msg` tells."""

    id: int | None = None
    code: int | None = None
    msg: Any = None
