"""`arb kill`: no new trades, whatever happens, until somebody lifts that with a reason.

The latch lies in the journal, so an engine that runs sees it when it looks next, and one that starts begins with it.
It is set in both journals where there are two: who kills in a hurry does not think of which one.
"""

import getpass

import click
import msgspec

from arb_core.cli.journals import Use, journal_choice, journals, shown
from arb_core.cli.listing import moment
from arb_core.cli.options import standard
from arb_core.cli.plain import emit, note
from arb_core.engine.journal.opening import open_reader
from arb_core.engine.risk import Kill
from arb_core.errors import ArbError
from arb_core.runtime.clock import SystemClock

__all__ = ["command"]


class _Latch(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="kill"):
    """The latch of one journal after the command has acted."""

    journal: str
    place: str
    killed: bool
    reason: str | None = None
    since_ns: int | None = None
    cleared: int = 0
    """How many kills were lifted."""


@click.command("kill")
@click.argument("what", required=False, type=click.Choice(["status"]))
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal. --clear needs one.")
@click.option("--clear", is_flag=True, help="Lift it: trading may begin again.")
@journal_choice
@standard
def command(
    *,
    what: str | None,
    reason: str | None,
    clear: bool,
    config: str | None,
    journal: str | None,
    use: Use | None,
    as_json: bool,
) -> int:
    """Stop all trading until somebody says otherwise.

    No new trades; those under way finish by the leg policy, own open orders are cancelled, positions stay. Only
    `arb kill --clear --reason TEXT` lifts it; `arb kill status` tells whether it is set.
    """
    if what == "status" and (clear or reason is not None):
        raise click.UsageError("`arb kill status` only looks: leave --clear and --reason out")
    if clear and not (reason or "").strip():
        raise click.UsageError("--clear needs --reason TEXT: what was found, and why trading may begin again")
    now_ns = SystemClock().now_ns()

    def act(place: str) -> int:
        reader = open_reader(place)
        try:
            if clear:
                return reader.clear_kill(str(reason), now_ns)
            if what is None:
                reader.set_kill(reason or f"by hand, {getpass.getuser()}", now_ns)
            return 0
        finally:
            reader.close()

    failed = False
    for name, place in journals(config, journal, use).items():
        try:
            cleared = act(place)
            latch = _look(name, place, cleared)
        except ArbError as error:
            failed = True
            note(f"arb: {name} {shown(place)}: {error}")
            continue
        if as_json:
            emit(latch)
        else:
            click.echo(_words(latch))
    if failed and what is None and not clear:
        note("arb: not everywhere: stop the process itself, by SIGTERM or Ctrl-C")
    return 1 if failed else 0


def _look(name: str, place: str, cleared: int) -> _Latch:
    reader = open_reader(place)
    try:
        kills = reader.kills()
    finally:
        reader.close()
    first: Kill | None = kills[0] if kills else None
    return _Latch(
        journal=name,
        place=shown(place),
        killed=first is not None,
        reason=None if first is None else first.reason,
        since_ns=None if first is None else first.since_ns,
        cleared=cleared,
    )


def _words(latch: _Latch) -> str:
    where = f"{latch.journal} {latch.place}"
    if latch.killed:
        since = f"{moment(latch.since_ns)} UTC"
        return f"{where}: killed since {since} ({latch.reason}); `arb kill --clear --reason TEXT` lifts it"
    return f"{where}: " + (f"{latch.cleared} kills lifted, trading may begin" if latch.cleared else "not killed")
