"""`arb reconcile`: compares the journal with the venues and says what it found, without trading.

Orders of ours that stand open though their trade has ended are cancelled; those of others are never touched. Orders of
which nobody knew whether they stand are looked for until their fate is proved. Trades are not hedged or unwound: the
next `arb run --live` does that.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click
import msgspec

from arb_core.cli.journals import place_of, shown
from arb_core.cli.listing import number
from arb_core.cli.live import NotReady, going_live, refuse
from arb_core.cli.loop import run
from arb_core.cli.opening import Opener
from arb_core.cli.options import seconds, standard
from arb_core.cli.plain import emit, note, spelled
from arb_core.cli.terms import patience_of
from arb_core.engine.journal.opening import open_journal
from arb_core.engine.legs import LegPolicy
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Limits
from arb_core.engine.session import DetectionSession
from arb_core.engine.trade import Intent, OrderState, TradeResult
from arb_core.engine.trading.reconcile import VenueReport
from arb_core.engine.trading.session import Trading
from arb_core.engine.trading.settings import TradingSettings as Patience
from arb_core.engine.trading.status import OpenTrade
from arb_core.engine.view import EngineView
from arb_core.errors import ArbError
from arb_core.interfaces.account import Account
from arb_core.interfaces.context import Clock
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.structs.market import VenueName

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Reconciled", "command", "reconcile"]

_SECOND = 1_000_000_000
_LOOK_NS = _SECOND // 4
_PROGRESS_NS = 2 * _SECOND
_LAST_NS = _SECOND
"""From the end of the last order to the results of trades."""


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing journal and venues brought."""

    venues: tuple[VenueReport, ...]
    orders: tuple[TrackedOrder, ...]
    """Those whose end was not known before, as they are now."""
    results: tuple[TradeResult, ...]
    """Trades that were found unfinished and have ended."""
    left: tuple[OpenTrade, ...]
    """Trades that are unfinished still."""

    @property
    def unresolved(self) -> int:
        """How much is not known or not done."""
        return len(self.left) + sum(report.trouble is not None for report in self.venues)


@click.command("reconcile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False), metavar="[CONFIG.TOML]", envvar="ARB_CONFIG")
@seconds(60)
@standard
def command(*, file: str, seconds: float, as_json: bool) -> int:
    """Compare the journal of real trading with the venues.

    Looks for every order whose end is not known, for at most --seconds. While `arb run --live` runs it does this by
    itself, and this command is refused.
    """
    try:
        with going_live(file) as ready:
            place = place_of(ready.settings.journal, "live")
            note(f"live journal: {shown(place)}")

            async def compared() -> Reconciled:
                journal = open_journal(place)
                try:
                    journal.claim("live")
                    patience = patience_of(ready.settings.trading)
                    wait_ns = round(seconds * _SECOND)
                    return await reconcile(ready.openers, journal, patience, SystemClock(), wait_ns=wait_ns)
                finally:
                    await journal.close()

            found = run(compared())
    except NotReady as refusal:
        return refuse(refusal, as_json=as_json)
    _emit(found) if as_json else _say(found)
    return 1 if found.unresolved else 0


async def reconcile(
    openers: Mapping[VenueName, Opener], journal: "Journal", patience: Patience, clock: Clock, *, wait_ns: int
) -> Reconciled:
    """Open every venue with its account, compare, and look for orders for at most `wait_ns`."""
    unfinished = journal.unfinished()
    orders = {order.plan.client_order_id: order for found in unfinished for order in found.orders if not order.settled}
    sought = set(orders)
    results: list[TradeResult] = []

    def heard(order: TrackedOrder) -> None:
        orders[order.plan.client_order_id] = order

    def ended(_intent: Intent, result: TradeResult) -> None:
        results.append(result)

    async with AsyncExitStack() as stack:
        accounts, troubles = await _open(openers, stack)
        tasks = await stack.enter_async_context(TaskOwner())
        trading = Trading(
            DetectionSession(EngineView(clock), {}),
            accounts,
            journal,
            limits=Limits(),
            policy=LegPolicy(),
            tasks=tasks,
            settings=msgspec.structs.replace(patience, finish_trades=False, countdown_ns=None),
        )
        trading.listen(order=heard, result=ended)
        await trading.start()

        async def look() -> None:
            told_ns = clock.monotonic_ns()
            while True:
                agreed = {report.venue for report in trading.reports() if report.trouble is None}
                behind = [name for name in accounts if name not in agreed]
                waiting = [id_ for id_ in sought if not orders[id_].settled]
                if not behind and not waiting:
                    return
                if clock.monotonic_ns() - told_ns >= _PROGRESS_NS:
                    told_ns = clock.monotonic_ns()
                    note(f"{len(waiting)} orders whose end is not known, {len(behind)} venues to be compared ...")
                await clock.sleep(_LOOK_NS)

        if await within(clock, wait_ns, look()):
            await within(clock, _LAST_NS, trading.finished())
        reports = trading.reports()
        left = await trading.stop(0)
    compared = {report.venue for report in reports}
    troubles += [VenueReport(venue=name, trouble="no answer in time") for name in accounts if name not in compared]
    return Reconciled(
        venues=(*reports, *troubles),
        orders=tuple(orders[id_] for id_ in sorted(sought)),
        results=tuple(results),
        left=tuple(left),
    )


async def _open(
    openers: Mapping[VenueName, Opener], stack: AsyncExitStack
) -> tuple[dict[VenueName, Account], list[VenueReport]]:
    """Open every venue until the end of the stack; return the accounts, and what kept one from answering."""
    accounts: dict[VenueName, Account] = {}
    troubles: list[VenueReport] = []
    for name, opener in openers.items():
        venue = await stack.enter_async_context(opener())
        try:
            await venue.load_markets()
        except ArbError as error:
            troubles.append(VenueReport(venue=name, trouble=str(error)))
        else:
            accounts[name] = venue.account
    return accounts, troubles


def _emit(found: Reconciled) -> None:
    for report in found.venues:
        drifts = [{**spelled(drift), "difference": drift.difference} for drift in report.drifts]
        emit({"kind": "venue", **spelled(report), "drifts": drifts})
    for order in found.orders:
        emit({"kind": "order", **spelled(order.plan), "state": order.state, "filled": order.filled})
    for result in found.results:
        emit({"kind": "result", **spelled(result)})
    for trade in found.left:
        emit({"kind": "open", "intent": trade.intent.id, "orders": trade.orders, "why": trade.why})
    emit({"kind": "reconciled", "unresolved": found.unresolved})


def _say(found: Reconciled) -> None:
    for report in found.venues:
        click.echo(f"{report.venue}: {_words(report)}")
    for order in found.orders:
        fate = "never stood" if order.state is OrderState.ABSENT else order.state.value
        click.echo(f"order {order.plan.client_order_id} on {order.plan.venue}: {fate}, filled {number(order.filled)}")
    for result in found.results:
        click.echo(f"trade {result.intent}: {result.outcome}, P&L {number(result.pnl)} {result.money}")
    for trade in found.left:
        click.echo(f"trade {trade.intent.id} is unfinished: {trade.why}; the next `arb run --live` goes on with it")
    click.echo("everything is accounted for" if not found.unresolved else f"{found.unresolved} unresolved")


def _words(report: VenueReport) -> str:
    if report.trouble is not None:
        return f"could not be compared: {report.trouble}"
    parts = [f"cancelled {id_}, which nobody cared for" for id_ in report.canceled]
    parts += [
        f"holds {number(drift.reported)} {drift.asset} where {number(drift.expected)} were expected "
        f"({drift.difference:+f})"
        for drift in report.drifts
    ]
    return "; ".join(parts) or "agrees with the journal"
