"""`arb orders`: every order that was intended, and what became of it."""

from collections import Counter
from collections.abc import Sequence

import click
import msgspec

from arb_core.cli.listing import Column, Listing, listing, moment, number
from arb_core.engine.journal.records import OrderRecord

__all__ = ["command"]


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders ended how."""

    orders: int
    states: dict[str, int]

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.orders} orders: {', '.join(f'{count} {state}' for state, count in self.states.items())}"


def _totals(orders: Sequence[OrderRecord]) -> list[Total]:
    states = Counter(order.state.value for order in orders).most_common()
    return [Total(orders=len(orders), states=dict(states))]


_ORDERS = Listing(
    word="order",
    kind=OrderRecord,
    read=lambda reader, since_ns, limit: reader.orders(since_ns=since_ns, limit=limit),
    columns=(
        Column("intended (UTC)", lambda order: moment(order.intended_ns)),
        Column("order", lambda order: order.client_order_id),
        Column("trade", lambda order: str(order.intent), number=True),
        Column("leg", lambda order: f"{order.leg}.{order.attempt} {order.purpose}"),
        Column("venue", lambda order: order.venue),
        Column("symbol", lambda order: order.symbol),
        Column("side", lambda order: order.side.name.lower()),
        Column("quantity", lambda order: number(order.quantity), number=True),
        Column("price", lambda order: number(order.price), number=True),
        Column("filled", lambda order: number(order.filled), number=True),
        Column("state", lambda order: order.state.value),
        Column("reason", lambda order: order.reason),
    ),
    totals=_totals,
)


@click.command("orders")
@listing(_ORDERS)
def command() -> None:
    """List the orders of a journal."""
