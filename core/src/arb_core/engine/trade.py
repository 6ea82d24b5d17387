"""The words of a trade: what was intended, which order carries it, where that order stands.

Plain frozen data, spoken by orders, ledger, risk, legs, execution and journal. Money is `Decimal`, times are UTC
nanoseconds.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from arb_core.engine.ids import IntentId
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from arb_core.structs.order import ClientOrderId, OrderRequest, OrderType, TimeInForce

__all__ = ["Intent", "OrderPlan", "OrderState", "Outcome", "Purpose", "TradeResult"]


class OrderState(StrEnum):
    """Where one of our orders stands, as far as we know."""

    INTENDED = "intended"
    """In the journal, and perhaps already sent: after a crash nobody knows, so it is searched for like IN_DOUBT."""
    SENT = "sent"
    IN_DOUBT = "in_doubt"
    """It left and nobody knows whether it stands: its funds stay reserved, its symbol closed; it is never re-sent."""
    ACKED = "acked"
    """The venue has it; nothing says yet whether it still stands."""
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    """Ended before the whole was filled, with or without fills: read `filled`."""
    REJECTED = "rejected"
    ABSENT = "absent"
    """Proved never to have stood: it was not sent, or every look for it came back empty after its time."""

    @property
    def ended(self) -> bool:
        """Whether no venue will do anything more with it."""
        return self in _ENDED


_ENDED = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.ABSENT})


class Purpose(StrEnum):
    """Why an order is sent."""

    ENTRY = "entry"
    HEDGE = "hedge"
    """Completes what another leg did."""
    UNWIND = "unwind"
    """Undoes what is held without a counterpart."""


class OrderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it is about to be sent: always limit IOC, sizes and prices already rounded to the instrument."""

    client_order_id: ClientOrderId
    intent: IntentId
    leg: int
    attempt: int
    purpose: Purpose = Purpose.ENTRY
    venue: VenueName
    symbol: Symbol
    side: Side
    quantity: Decimal
    """In base."""
    price: Decimal
    """In quote per base; the worst that is accepted."""
    intended_ns: int

    def request(self) -> OrderRequest:
        """Return what the venue is asked."""
        return OrderRequest(
            symbol=self.symbol,
            side=self.side,
            client_order_id=self.client_order_id,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.IOC,
            quantity=self.quantity,
            price=self.price,
        )


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One decision to trade, as it is committed before anything is sent."""

    id: IntentId
    strategy: str
    symbol: Symbol
    plan: Plan
    money: Asset
    """What profit is counted in: the quote asset of the first leg."""
    notional: Decimal
    """What the first leg is worth, in `money`."""
    edge_bps: float
    created_ns: int
    detected_ns: int


class Outcome(StrEnum):
    """How a trade ended."""

    DONE = "done"
    """Every leg is paired, but for a residue too small to order."""
    STOPPED = "stopped"
    """Something is left that could not be hedged or unwound inside the loss caps: a person has been told."""
    NOTHING = "nothing"
    """No leg was filled."""


class TradeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a trade came to. `moves` is exact: the sum of every fill and fee, by asset, over all its orders."""

    intent: IntentId
    outcome: Outcome
    money: Asset
    moves: dict[Asset, Decimal]
    """What the account gained (+) or lost (-) of each asset."""
    fees: dict[Asset, Decimal]
    """Contained in `moves`; positive = paid."""
    residue_value: Decimal
    """What the moves in other assets are worth at mid, in `money`."""
    pnl: Decimal
    """`moves[money] + residue_value`."""
    ended_ns: int
    detail: str = ""
