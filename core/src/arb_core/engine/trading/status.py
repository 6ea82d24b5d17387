"""How trading stands, in plain structs: what a table, a summary or a person who stops it is shown."""

import msgspec

from arb_core.engine.risk import Reason, RiskState
from arb_core.engine.trade import Intent
from arb_core.engine.trading.execution import Trade
from arb_core.structs.market import VenueName

__all__ = ["OpenTrade", "TradingStatus", "open_trade"]


class OpenTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that has not ended."""

    intent: Intent
    orders: tuple[str, ...]
    """Each order in words: its id, where it stands, what it filled."""
    why: str
    """What it waits for."""


class TradingStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How trading stands."""

    closed: Reason | None
    """Why nothing new may begin anywhere; None while it may."""
    risk: RiskState
    open: tuple[OpenTrade, ...]
    admitted: int
    refused: dict[str, int]
    """Executable sightings by the first reason that spoke against them."""
    venues: dict[VenueName, str | None]
    """Why nothing new may go to a venue; None while it may."""
    in_doubt: int
    """Orders of which nobody knows whether they stand."""


def open_trade(trade: Trade) -> OpenTrade:
    """Return a trade in words."""
    waiting = [order for order in trade.orders if not order.settled]
    if waiting:
        why = "; ".join(f"{order.plan.client_order_id} is {order.state}" for order in waiting)
    else:
        why = "its legs did not fill alike" if trade.tickets else "its intent is being written down"
    return OpenTrade(
        intent=trade.intent,
        orders=tuple(
            f"{o.plan.client_order_id} {o.plan.side.name.lower()} {o.plan.quantity:f} {o.plan.symbol} "
            f"on {o.plan.venue}: {o.state}, filled {o.filled:f}"
            for o in trade.orders
        ),
        why=why,
    )
