"""Gate.io's answers as it sends them. Entered by `parse`, `faults` and both streams.

Times are seconds unless the name ends in _ms or a note says so. Unknown fields are ignored, absent ones are None.
Sources: https://www.gate.com/docs/developers/apiv4/en/#spot and https://www.gate.com/docs/developers/apiv4/ws/en/#spot
"""

from typing import Annotated, Literal

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
    "Best",
    "BookUpdate",
    "Canceled",
    "Candle",
    "Chain",
    "Control",
    "Currency",
    "CurrencyPair",
    "Deal",
    "Depth",
    "Envelope",
    "Fill",
    "Kline",
    "Message",
    "Milliseconds",
    "Obu",
    "OnBalances",
    "OnBest",
    "OnBookUpdate",
    "OnCandle",
    "OnDeal",
    "OnFills",
    "OnObu",
    "OnOrders",
    "OnPartial",
    "OpenOrders",
    "Order",
    "Outcome",
    "Partial",
    "Progress",
    "PushedBalance",
    "ServerTime",
    "Ticker",
    "Trade",
    "WalletFee",
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


class Account(Struct):
    """One row of `GET /spot/accounts`."""

    currency: str
    available: MoneyText
    locked: MoneyText


class WalletFee(Struct):
    """`GET /wallet/fee`: fractions."""

    maker_fee: SignedText
    taker_fee: SignedText
    gt_discount: bool = False
    """The `gt_` rates apply."""
    gt_maker_fee: SignedText | None = None
    gt_taker_fee: SignedText | None = None


class Progress(Struct, kw_only=True):
    """What tells how far an order is. The answer to a placed order with action_mode ACK has the id alone."""

    id: str
    status: str | None = None
    """open (also while partly filled), closed (wholly filled), cancelled (ended before, with or without fills)."""
    event: str | None = None
    """In the place of `status` on the socket: put, update, finish."""
    finish_as: str | None = None
    """Why it ended: filled, cancelled, ioc, poc, fok, stp, small, depth_not_enough ...; open before that."""
    type: str | None = None
    side: str | None = None
    amount: AmountText | None = None
    """Base; quote where the market is bought."""
    left: AmountText | None = None
    """What is unfilled of `amount`."""
    filled_amount: AmountText | None = None
    """Base. Nonsense in the documentation's example of the socket."""


class Order(Progress, kw_only=True):
    """`GET /spot/orders/{id}`, a row of a list, or one of `spot.orders`."""

    currency_pair: str
    text: str | None = None
    """The client id, "t-" and ours; anything else without "t-" is the exchange's."""
    price: AmountText | None = None
    time_in_force: str | None = None
    filled_total: AmountText | None = None
    """Quote."""
    create_time: Milliseconds | None = None
    update_time: Milliseconds | None = None
    """Seconds, for answers without the next ones."""
    create_time_ms: Milliseconds | int | None = None
    update_time_ms: Milliseconds | int | None = None


class OpenOrders(Struct):
    """One pair of `GET /spot/open_orders`."""

    orders: list[Order]


class Canceled(Struct):
    """One order of `DELETE /spot/orders`: HTTP 200 whatever became of it."""

    succeeded: bool = True
    label: str | None = None
    message: str | None = None


class Fill(Struct):
    """One row of `GET /spot/my_trades`, or one of `spot.usertrades`. A fee is paid in one of three ways."""

    id: str | int
    create_time_ms: Milliseconds
    order_id: str
    side: str
    role: str
    """maker or taker."""
    amount: MoneyText
    price: MoneyText
    currency_pair: str | None = None
    """Absent in the documentation's example, which was asked for by pair."""
    fee: SignedText | None = None
    fee_currency: str | None = None
    gt_fee: SignedText | None = None
    """GT."""
    point_fee: SignedText | None = None
    """Points."""
    text: str | None = None


class PushedBalance(Struct):
    """One of `spot.balances`, absolute."""

    currency: str
    available: MoneyText
    freeze: MoneyText
    """Locked."""
    timestamp_ms: Milliseconds | None = None


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


class OnOrders(Struct, tag_field="channel", tag="spot.orders"):
    """See `Order`."""

    result: list[Order]


class OnFills(Struct, tag_field="channel", tag="spot.usertrades"):
    """See `Fill`."""

    result: list[Fill]


class OnBalances(Struct, tag_field="channel", tag="spot.balances"):
    """See `PushedBalance`."""

    result: list[PushedBalance]


AccountMessage = OnOrders | OnFills | OnBalances


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
