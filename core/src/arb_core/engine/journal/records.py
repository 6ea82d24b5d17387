"""The plain structs in which the journal answers."""

from decimal import Decimal

import msgspec

from arb_core.engine.orders import TrackedOrder
from arb_core.engine.trade import Intent, OrderState, Outcome, Purpose, TradeResult
from arb_core.structs.market import Asset, Side

__all__ = ["Counted", "DayResult", "OrderRecord", "TradeRecord", "Unfinished", "WriterStats"]


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A trade without a result: what reconciliation begins with."""

    intent: Intent
    orders: tuple[TrackedOrder, ...]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that has ended, with what it came to."""

    intent: Intent
    orders: tuple[TrackedOrder, ...]
    result: TradeResult


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One order as `arb orders` shows it."""

    client_order_id: str
    order_id: str | None
    intent: int
    leg: int
    attempt: int
    purpose: Purpose
    venue: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    state: OrderState
    filled: Decimal
    intended_ns: int
    updated_ns: int
    reason: str


class TradeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One trade as `arb trades` shows it; the last six are None while it is under way."""

    intent: int
    strategy: str
    symbol: str
    money: Asset
    notional: Decimal
    edge_bps: float
    created_ns: int
    outcome: Outcome | None
    pnl: Decimal | None
    fees: dict[Asset, Decimal] | None
    residue_value: Decimal | None
    ended_ns: int | None
    detail: str | None


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one day's trades came to in one money, as `arb pnl` shows it."""

    day: str
    """`YYYY-MM-DD`, UTC."""
    money: Asset
    trades: int
    pnl: Decimal
    fees: dict[Asset, Decimal]
    """By the asset they were paid in; contained in `pnl`."""
    stopped: int
    """Trades that ended with something left over."""


class WriterStats(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer does."""

    commits: int
    rows: int
    failures: int
    waiting: int
    """Entries that are not committed yet."""
    dropped: int
    """Episodes that found the queue full."""
    lost: int
    """Entries that no database takes: told, and left out."""
