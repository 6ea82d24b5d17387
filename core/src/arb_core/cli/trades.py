"""`arb trades`: every decision to trade, and what it came to."""

from collections.abc import Sequence
from decimal import Decimal

import click
import msgspec

from arb_core.cli.listing import Column, Listing, amounts, listing, moment, number
from arb_core.engine.journal.records import TradeRecord
from arb_core.engine.money import sums, total
from arb_core.structs.market import Asset

__all__ = ["command"]


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What the trades in one money came to."""

    money: Asset
    trades: int
    under_way: int
    pnl: Decimal
    fees: dict[Asset, Decimal]

    def __str__(self) -> str:
        """Say it in a line."""
        open_ones = f", {self.under_way} under way" if self.under_way else ""
        return (
            f"{self.trades} trades in {self.money}{open_ones}: P&L {number(self.pnl)} {self.money}, "
            f"fees {amounts(self.fees)}"
        )


def _totals(trades: Sequence[TradeRecord]) -> list[Total]:
    return [_total(money, [t for t in trades if t.money == money]) for money in dict.fromkeys(t.money for t in trades)]


def _total(money: Asset, trades: Sequence[TradeRecord]) -> Total:
    return Total(
        money=money,
        trades=len(trades),
        under_way=sum(trade.outcome is None for trade in trades),
        pnl=total(trade.pnl for trade in trades if trade.pnl is not None),
        fees=sums(trade.fees for trade in trades if trade.fees is not None),
    )


def _lasted(trade: TradeRecord) -> str:
    return "-" if trade.ended_ns is None else f"{(trade.ended_ns - trade.created_ns) / 1e6:,.0f}"


_TRADES = Listing(
    word="trade",
    kind=TradeRecord,
    read=lambda reader, since_ns, limit: reader.trades(since_ns=since_ns, limit=limit),
    columns=(
        Column("began (UTC)", lambda trade: moment(trade.created_ns)),
        Column("trade", lambda trade: str(trade.intent), number=True),
        Column("strategy", lambda trade: trade.strategy),
        Column("symbol", lambda trade: trade.symbol),
        Column("edge bps", lambda trade: f"{trade.edge_bps:.2f}", number=True),
        Column("notional", lambda trade: f"{number(trade.notional)} {trade.money}", number=True),
        Column("outcome", lambda trade: "under way" if trade.outcome is None else trade.outcome.value),
        Column("P&L", lambda trade: number(trade.pnl), number=True),
        Column("fees", lambda trade: amounts(trade.fees)),
        Column("ms", _lasted, number=True),
        Column("detail", lambda trade: trade.detail or ""),
    ),
    totals=_totals,
)


@click.command("trades")
@listing(_TRADES)
def command() -> None:
    """List the trades of a journal."""
