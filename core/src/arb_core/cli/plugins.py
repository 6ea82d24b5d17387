"""`arb plugins`: what is installed, and what keeps a broken plugin from working."""

import click

from arb_core.cli.main import BUILT_IN
from arb_core.cli.options import standard
from arb_core.cli.plain import columns, emit
from arb_core.installed import COMMANDS, discover
from arb_core.registry import PluginEntry, Registry

__all__ = ["command"]


@click.command("plugins")
@standard
def command(*, as_json: bool) -> None:
    """List what is installed, broken plugins with the cure."""
    entries = [*Registry().plugins(), *_commands()]
    if as_json:
        for entry in entries:
            emit(_line(entry))
        return
    if not entries:
        click.echo("no plugin is installed; pip install arb-mexc arb-gateio")
        return
    rows = [
        (entry.id, entry.distribution, entry.version or "?", entry.state, ", ".join(entry.families))
        for entry in entries
    ]
    click.echo(columns(("id", "distribution", "version", "state", "provides"), rows))
    for entry in entries:
        if entry.state == "broken":
            click.echo(f"\n{entry.id} ({entry.distribution}): {entry.reason}\n  cure: {entry.cure}")


def _commands() -> list[PluginEntry]:
    """The commands that others add, without loading them; a name that cannot be called is told."""
    entries: list[PluginEntry] = []
    for name, owners in discover(COMMANDS).items():
        reason = None
        if name in BUILT_IN:
            reason = f"`arb {name}` is a command of arb-core"
        elif len(owners) > 1:
            reason = f"the command has two owners: {' and '.join(found.owner for found in owners)}"
        elif owners[0].fault:
            reason = owners[0].fault
        entries += [
            PluginEntry(
                id=name,
                distribution=found.distribution,
                version=found.version,
                state="ok" if reason is None else "broken",
                families=("command",),
                reason=reason,
                cure=None if reason is None else f"uninstall {found.distribution}, or ask its author for another name",
            )
            for found in owners
        ]
    return entries


def _line(entry: PluginEntry) -> dict[str, object]:
    line: dict[str, object] = {
        "kind": "plugin",
        "id": entry.id,
        "distribution": entry.distribution,
        "version": entry.version,
        "state": entry.state,
        "families": entry.families,
        "reason": entry.reason,
        "cure": entry.cure,
    }
    if entry.card is not None:
        line["name"] = entry.card.name
        line["capabilities"] = sorted(getattr(entry.card, "capabilities", ()))
    return line
