"""The lines that Acme sends, each a struct: its own names, its own units. Unknown names are ignored.

Times are microseconds. `text` takes the words apart, msgspec checks them. Words that stand for something (`buy`, `open`,
`yes`) stay words here: Acme may add to them.
"""

from arb_core.structs.wire import Levels, MoneyText, Number, Price, SequenceId, SignedText
from msgspec import Struct

__all__ = [
    "Balance",
    "Book",
    "Candle",
    "Clock",
    "Depth",
    "Fees",
    "Fill",
    "Key",
    "Levels",
    "Market",
    "Network",
    "Order",
    "Problem",
    "Reply",
    "Shown",
    "Top",
    "Trade",
]


class Problem(Struct):
    """`error`."""

    code: str
    why: str = ""


class Clock(Struct):
    """`clock`."""

    at: int


class Market(Struct, rename="kebab"):
    """`market`; `state` may have values that are not documented yet. Fees are fractions."""

    name: str
    state: str
    price_step: MoneyText
    size_step: MoneyText
    size_min: MoneyText
    value_min: MoneyText
    maker: SignedText
    taker: SignedText


class Network(Struct):
    """`network`."""

    asset: str
    chain: str
    deposits: str | None = None
    withdrawals: str | None = None
    contract: str | None = None


class Shown(Struct):
    """`whole` in an answer, which levels follow."""

    market: str
    at: int


class Book(Struct):
    """`whole` and `change` of a stream, which levels follow."""

    market: str
    count: SequenceId
    at: int
    sum: int | None = None


class Depth(Struct):
    """`depth`, which levels follow."""

    market: str
    levels: int
    count: SequenceId
    at: int


class Trade(Struct):
    """`trade`; `taker` may have values that are not documented yet."""

    market: str
    id: str
    price: Price
    size: Number
    taker: str
    at: int


class Candle(Struct, rename={"opens": "from"}):
    """`candle`; `step` is seconds."""

    market: str
    step: int
    opens: int
    open: Price
    high: Price
    low: Price
    close: Price
    size: Number
    value: Number


class Top(Struct, rename="kebab"):
    """`top`; a side that is empty says nothing."""

    market: str
    at: int | None = None
    bid: Price | None = None
    bid_size: Number | None = None
    ask: Price | None = None
    ask_size: Number | None = None


class Key(Struct):
    """`key`."""

    read: str
    trade: str
    withdraw: str


class Balance(Struct):
    """`balance`."""

    asset: str
    free: MoneyText
    held: MoneyText
    at: int | None = None


class Fees(Struct):
    """`fees`, fractions."""

    maker: SignedText
    taker: SignedText


class Order(Struct):
    """`order`; `kind`, `life` and `state` may have values that are not documented yet."""

    id: str
    market: str
    side: str
    kind: str
    state: str
    done: MoneyText
    paid: MoneyText
    made: int
    at: int
    tag: str | None = None
    life: str | None = None
    price: MoneyText | None = None
    size: MoneyText | None = None
    value: MoneyText | None = None


class Fill(Struct, rename="kebab"):
    """`fill`; `role` may have values that are not documented yet."""

    id: str
    order: str
    market: str
    side: str
    price: MoneyText
    size: MoneyText
    fee: SignedText
    fee_asset: str
    role: str
    at: int
    tag: str | None = None


class Reply(Struct):
    """`joined`, `refused` and `left`; the channels are words without a name."""

    id: int
    why: str = ""
