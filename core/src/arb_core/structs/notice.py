"""What observers are told, one struct a notice: a field that is added later breaks nobody who was told without it.

Frozen and whole, because a notice is read on another thread, later than what it tells of. Money is `Decimal`, times are
UTC nanoseconds. No field holds a secret.
"""

from decimal import Decimal

import msgspec

from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Opportunity, Verdict
from arb_core.structs.order import ClientOrderId, Fill, OrderId
from arb_core.structs.trade import OrderState, Outcome, Purpose

__all__ = [
    "AdmissionNotice",
    "BookNotice",
    "FaultNotice",
    "FillNotice",
    "OpportunityNotice",
    "OrderNotice",
    "ResultNotice",
]


class OpportunityNotice(msgspec.Struct, frozen=True, kw_only=True):
    """An edge as it was when it opened, or when what refuses it changed: not each of its sightings."""

    opportunity: Opportunity
    verdict: Verdict


class AdmissionNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the account and the moment allow a trade on an executable opportunity.

    Told of each trade that is let through, and of an edge when what refuses it changes: not of each sighting.
    """

    opportunity: Opportunity
    admitted: bool
    reasons: tuple[tuple[str, str], ...] = ()
    """Everything that speaks against it: (one of the names in docs/reference/risk.md, what was found)."""
    intent: int | None = None
    """The number in the journal of the trade that was begun; not on record yet."""
    at_ns: int


class OrderNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One of our orders: told when its state or what is filled of it changed."""

    client_order_id: ClientOrderId
    order_id: OrderId | None
    intent: int
    """The number of its trade in the journal."""
    leg: int
    attempt: int
    purpose: Purpose
    venue: VenueName
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    filled: Decimal
    state: OrderState
    former: OrderState | None
    """The state that was told before; None the first time."""
    reasons: tuple[str, ...] = ()
    at_ns: int


class FillNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one of our orders, each told once."""

    venue: VenueName
    symbol: Symbol
    fill: Fill


class ResultNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What a trade came to."""

    intent: int
    strategy: str
    symbol: Symbol
    outcome: Outcome
    money: Asset
    """What `notional`, `pnl` and `residue_value` count."""
    notional: Decimal
    pnl: Decimal
    """With fees, and with what is left in other assets at mid."""
    fees: dict[Asset, Decimal]
    """By the asset they were paid in; contained in `pnl`."""
    residue_value: Decimal
    created_ns: int
    ended_ns: int
    detail: str = ""


class FaultNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person may have to know. `name` is one of a fixed set of words, `detail` free text."""

    name: str
    detail: str
    venue: VenueName | None = None
    symbol: Symbol | None = None
    at_ns: int


class BookNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A book became LIVE, or stopped being so; `fault` says why it is not."""

    venue: VenueName
    symbol: Symbol
    state: BookState
    fault: BookFault | None
    at_ns: int
