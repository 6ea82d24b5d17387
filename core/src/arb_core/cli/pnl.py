"""`arb pnl`: what each day's trades came to, in each money, fees included."""

from collections.abc import Sequence
from decimal import Decimal

import click
import msgspec

from arb_core.cli.listing import Column, Listing, amounts, listing, number
from arb_core.engine.journal.records import DayResult
from arb_core.engine.money import sums, total
from arb_core.structs.market import Asset

__all__ = ["command"]


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What all the days came to in one money."""

    money: Asset
    days: int
    trades: int
    pnl: Decimal
    fees: dict[Asset, Decimal]
    stopped: int

    def __str__(self) -> str:
        """Say it in a line."""
        left = f", {self.stopped} left something over" if self.stopped else ""
        counts = f"{self.days} days, {self.trades} trades{left}"
        return f"{number(self.pnl)} {self.money} in {counts}, fees {amounts(self.fees)}"


def _totals(days: Sequence[DayResult]) -> list[Total]:
    return [_total(money, [d for d in days if d.money == money]) for money in dict.fromkeys(d.money for d in days)]


def _total(money: Asset, days: Sequence[DayResult]) -> Total:
    return Total(
        money=money,
        days=len(days),
        trades=sum(day.trades for day in days),
        pnl=total(day.pnl for day in days),
        fees=sums(day.fees for day in days),
        stopped=sum(day.stopped for day in days),
    )


_DAYS = Listing(
    word="day",
    kind=DayResult,
    read=lambda reader, since_ns, limit: reader.pnl(since_ns=since_ns)[:limit],
    columns=(
        Column("day (UTC)", lambda day: day.day),
        Column("money", lambda day: day.money),
        Column("trades", lambda day: str(day.trades), number=True),
        Column("P&L", lambda day: number(day.pnl), number=True),
        Column("fees", lambda day: amounts(day.fees)),
        Column("left something over", lambda day: str(day.stopped), number=True),
    ),
    totals=_totals,
)


@click.command("pnl")
@listing(_DAYS)
def command() -> None:
    """List what each day's trades came to."""
