"""The words of a trade: what was intended, which order carries it, where that order stands.

Plain frozen data, spoken by orders, ledger, risk, legs, execution and journal. Money is `Decimal`, times are UTC
nanoseconds.
"""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from arb_core.engine.ids import IntentId
from arb_core.structs.market import Asset, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from arb_core.structs.order import ClientOrderId, OrderRequest, OrderType, TimeInForce
from arb_core.structs.trade import OrderState, Outcome, Purpose

__all__ = ["Intent", "OrderPlan", "OrderState", "Outcome", "Purpose", "TradeLeg", "TradeResult"]


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


class TradeLeg(NamedTuple):
    """Where one leg of a trade goes, and which way."""

    number: int
    venue: VenueName
    symbol: Symbol
    side: Side


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One decision to trade, as it is committed before anything is sent."""

    id: IntentId
    strategy: str
    symbol: Symbol
    plan: Plan
    money: Asset
    """What profit is counted in: `Proposal.money`."""
    notional: Decimal
    """What the first leg is worth, in `money`."""
    edge_bps: float
    created_ns: int
    detected_ns: int
    legs: tuple[TradeLeg, ...] = ()
    """All of them: in turn, those to which a crash may let no order go lead back to the money all the same."""


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
