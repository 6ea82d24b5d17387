"""Orders and fills: what is owned or committed, in exact `Decimal`."""

from decimal import Decimal
from enum import IntEnum
from typing import NewType

import msgspec

from arb_core.structs.market import Asset, Pair, Side, Symbol

__all__ = [
    "ClientOrderId",
    "Fill",
    "LiquidityRole",
    "Order",
    "OrderAck",
    "OrderId",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "TimeInForce",
    "named",
]

OrderId = NewType("OrderId", str)
"""The id the venue gave an order."""

ClientOrderId = NewType("ClientOrderId", str)
"""The id we gave it: 18 characters `[0-9a-z]`, a letter first; a plugin adds and strips its venue's prefix."""


class OrderType(IntEnum):
    """How an order is priced."""

    UNKNOWN = 0
    LIMIT = 1
    MARKET = 2


class TimeInForce(IntEnum):
    """How long an order stays. POST_ONLY rests or is refused, never takes."""

    UNKNOWN = 0
    GTC = 1
    IOC = 2
    FOK = 3
    POST_ONLY = 4


class OrderStatus(IntEnum):
    """Where an order is in its life. UNKNOWN = the venue's answer does not say."""

    UNKNOWN = 0
    OPEN = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 4
    """Ended before the whole was filled, with or without fills: read `filled`."""
    REJECTED = 5


class LiquidityRole(IntEnum):
    """Whether a fill made or took liquidity."""

    UNKNOWN = 0
    MAKER = 1
    TAKER = 2


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order to place. Exactly one of `quantity` (base) and `quote_quantity` (quote) is set.

    Raises:
        ValueError: when both or neither are set, or a limit order has no price.
    """

    symbol: Symbol
    side: Side
    client_order_id: ClientOrderId
    type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse a request that no venue could read in one way only."""
        if (self.quantity is None) == (self.quote_quantity is None):
            message = "an order has exactly one of quantity and quote_quantity"
            raise ValueError(message)
        if self.type is OrderType.LIMIT and self.price is None:
            message = "a limit order has a price"
            raise ValueError(message)


class OrderAck(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's answer to a placed order. `filled` is None where the answer does not say: zero is not unknown."""

    order_id: OrderId
    status: OrderStatus = OrderStatus.UNKNOWN
    filled: Decimal | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a query or the private stream shows it. Fields that the venue leaves out are None."""

    pair: Pair
    """Empty where a message of the private stream names an order by its ids alone (Kraken's later ones)."""
    order_id: OrderId
    client_order_id: ClientOrderId | None = None
    side: Side = Side.UNKNOWN
    type: OrderType = OrderType.UNKNOWN
    time_in_force: TimeInForce = TimeInForce.UNKNOWN
    status: OrderStatus = OrderStatus.UNKNOWN
    price: Decimal | None = None
    quantity: Decimal | None = None
    filled: Decimal | None = None
    filled_quote: Decimal | None = None
    created_ns: int | None = None
    updated_ns: int | None = None
    reason: str | None = None


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one of our orders. `fee` counts `fee_asset`; negative = a rebate."""

    pair: Pair
    trade_id: str
    """Tells the executions of one order apart. A trade with oneself is two executions, of two orders, under one id."""
    order_id: OrderId
    client_order_id: ClientOrderId | None = None
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal | None = None
    fee_asset: Asset | None = None
    role: LiquidityRole = LiquidityRole.UNKNOWN
    exchange_ns: int


def named(
    order_id: OrderId | None, client_order_id: ClientOrderId | None, *, theirs: str, ours: str, prefix: str = ""
) -> dict[str, str]:
    """Name an order in a request by the one id that is given, under what the venue calls its own or ours.

    Raises:
        ValueError: both are given, or none.
    """
    if order_id is not None and client_order_id is None:
        return {theirs: order_id}
    if client_order_id is not None and order_id is None:
        return {ours: prefix + client_order_id}
    raise ValueError("an order is named by exactly one of its ids")
