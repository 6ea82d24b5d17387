"""Orders and their life, as every venue has them; how one spells them is its `sim.py`'s business.

Entered by trading, which makes and ends them, and by a `sim.py`, which reads requests into a `NewOrder` and shows an
`Order`. Prices count ticks of their market and sizes lots; quote amounts count tick * lot.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market

__all__ = [
    "ClientIds",
    "End",
    "Fill",
    "Force",
    "Kind",
    "NewOrder",
    "Order",
    "OrderRecord",
    "Refused",
    "SelfTrade",
    "Status",
    "Unique",
    "Why",
]


class Kind(StrEnum):
    """How an order is priced."""

    LIMIT = "limit"
    MARKET = "market"


class Force(StrEnum):
    """How long it stays. A market order is always IOC or FOK."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class SelfTrade(StrEnum):
    """Who gives way when an account would trade with itself."""

    ALLOWED = "allowed"
    CANCEL_TAKER = "cancel_taker"
    CANCEL_MAKER = "cancel_maker"
    CANCEL_BOTH = "cancel_both"


class Status(StrEnum):
    """Where an order stands. Whether an ended one had fills, `filled` says."""

    OPEN = "open"
    FILLED = "filled"
    ENDED = "ended"


class End(StrEnum):
    """Why an order is no longer open."""

    FILLED = "filled"
    CLIENT = "client"
    """Its client cancelled it."""
    COUNTDOWN = "countdown"
    """Its client's countdown was not renewed."""
    CHANGED = "changed"
    """It was changed to no more than what was filled already."""
    IOC = "ioc"
    """What could not be filled at once."""
    FOK = "fok"
    """Not all of it could be filled at once."""
    POST_ONLY = "post_only"
    """It would have taken."""
    NO_LIQUIDITY = "no_liquidity"
    """A market order found nothing, or not enough."""
    SELF_TRADE = "self_trade"
    VENUE = "venue"
    """The venue itself ended it."""


class Why(StrEnum):
    """Why a request about orders is refused. A `sim.py` has a table: why -> its venue's own error."""

    HALTED = "halted"
    PRICE_STEP = "price_step"
    """The price is not positive, or no multiple of the tick."""
    SIZE_STEP = "size_step"
    """The size is not positive, or no multiple of the lot."""
    SIZE_TOO_SMALL = "size_too_small"
    SIZE_TOO_LARGE = "size_too_large"
    NOTIONAL_TOO_SMALL = "notional_too_small"
    NOTIONAL_TOO_LARGE = "notional_too_large"
    PRICE_BAND = "price_band"
    """Too far from the market."""
    FUNDS = "funds"
    CLIENT_ID = "client_id"
    """It is taken."""
    WOULD_TAKE = "would_take"
    NOT_FILLABLE = "not_fillable"
    """A fill-or-kill order, where the venue refuses instead of ending it."""
    NO_LIQUIDITY = "no_liquidity"
    TOO_MANY_ORDERS = "too_many_orders"
    NOT_FOUND = "not_found"
    ENDED = "ended"
    """The order is known, and no longer open."""
    NO_CHANGE = "no_change"


class Refused(Exception):
    """A request about orders is refused, and nothing has happened."""

    def __init__(self, why: Why, market: Market | None = None, order: "Order | None" = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.market = market
        self.order = order
        """The order that has ended, or that has the client id."""


class Unique(StrEnum):
    """Among which orders of an account a client id must be unique."""

    NEVER = "never"
    OPEN = "open"
    EVER = "ever"


class ClientIds(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's rules about the ids that clients give."""

    unique: Unique = Unique.OPEN
    forgotten_after_ns: int | None = None
    """How long after the end of an order its client id still finds it; 0 = only while it is open, None = for ever."""


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. Exactly one of `size` (base) and `budget` (quote; market orders alone) is set."""

    market: Market
    buys: bool
    kind: Kind = Kind.LIMIT
    force: Force = Force.GTC
    price: Decimal | None = None
    size: Decimal | None = None
    budget: Decimal | None = None
    client_id: str | None = None
    self_trade: SelfTrade = SelfTrade.ALLOWED
    note: str = ""
    """Whatever the `sim.py` wants to find again in `Order.note`, such as the type as the client wrote it."""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one order."""

    number: int
    """The number of the public trade; both orders of a trade have it."""
    serial: int
    """Counts the fills of all accounts of the venue."""
    order_id: str
    client_id: str | None
    market: Market
    buys: bool
    price: int
    size: int
    fee: int
    """In units of `money`; negative = a rebate."""
    fee_asset: str
    maker: bool
    self_trade: bool
    at_ns: int

    @property
    def quote(self) -> int:
        """What was paid, in tick * lot."""
        return self.price * self.size


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stood at `updated_ns`."""

    number: int
    """Counts the orders of the venue: their order in time."""
    id: str
    account: Account
    market: Market
    client_id: str | None
    buys: bool
    kind: Kind
    force: Force
    self_trade: SelfTrade
    price: int | None
    size: int | None
    budget: int | None
    """Of a market order in quote, in tick * lot."""
    note: str
    created_ns: int
    updated_ns: int
    filled: int = 0
    """Lots."""
    spent: int = 0
    """What its fills cost or earned, fees left out, in tick * lot."""
    fees: tuple[tuple[str, int], ...] = ()
    """(asset, what was charged so far in units of `money`)."""
    locked: int = 0
    """What it holds of `locked_asset`, in units of `money`."""
    status: Status = Status.OPEN
    end: End | None = None
    last_fill: Fill | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled."""
        return self.status is Status.OPEN

    @property
    def left(self) -> int:
        """Lots that are not filled; 0 for an order in quote."""
        return 0 if self.size is None else self.size - self.filled

    @property
    def locked_asset(self) -> str:
        """What it pays with."""
        symbol = self.market.listing.symbol
        return str(symbol.quote if self.buys else symbol.base)


class OrderRecord:
    """An order through time: a lagging reader sees it as it was."""

    __slots__ = ("now", "past")

    def __init__(self, order: Order) -> None:
        self.now = order
        self.past = [order]

    def become(self, order: Order) -> None:
        """Let it change. Of one moment only the last state counts."""
        self.now = order
        if self.past[-1].updated_ns == order.updated_ns:
            self.past[-1] = order
        else:
            self.past.append(order)

    def at(self, at_ns: int) -> Order | None:
        """Return the order as it stood at a moment, None when there was none."""
        return next((order for order in reversed(self.past) if order.updated_ns <= at_ns), None)
