"""`arb`: finds a command, runs it, and turns what went wrong into one line and an exit code.

Nothing is imported that the called command does not need: commands are listed here by name and loaded when called, also
those that other distributions add through the entry-point group `arb.commands`.

Exit codes: 0 done, 1 failed, 2 called in a wrong way (options, settings, a plugin or symbol that does not exist).
"""

import difflib
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

import click

from arb_core.cli.options import DEBUG, REDACTOR
from arb_core.errors import ArbError, InvalidSymbol, NotSupported, PluginBroken, PluginMissing, SettingsError
from arb_core.installed import COMMANDS, Found, discover
from arb_core.known import COMMANDS as FIRST_PARTY
from arb_core.registry import load

__all__ = ["BUILT_IN", "group", "main"]

BUILT_IN = {
    "book": "Show one live order book.",
    "config": "Check a settings file, or print its schema.",
    "doctor": "Check this machine, the plugins and the way to each venue.",
    "export": "Copy a whole journal into files, one for each table.",
    "kill": "Stop all trading until somebody says otherwise.",
    "monitor": "Watch spreads between venues, live.",
    "orders": "List the orders of a journal.",
    "plugins": "List what is installed, broken plugins with the cure.",
    "pnl": "List what each day's trades came to.",
    "reconcile": "Compare the journal of real trading with the venues.",
    "record": "Record what venues send, to replay it later.",
    "replay": "Replay recordings and count what was there.",
    "run": "Trade what a settings file says, on paper unless --live is said.",
    "symbols": "List what venues trade.",
    "trades": "List the trades of a journal.",
}
"""Command -> the first line of its help. Each is `command` in the room of that name."""

BAD_USE = (SettingsError, PluginMissing, InvalidSymbol, NotSupported)


class _Arb(click.Group):
    """A group whose commands are loaded when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*BUILT_IN, *discover(COMMANDS)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in BUILT_IN:
            command: click.Command = import_module(f"arb_core.cli.{cmd_name}").command
            return command
        owners = discover(COMMANDS).get(cmd_name)
        return None if owners is None else _load_added(cmd_name, owners)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown name is answered with its cure."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            name = args[0]
            if name in FIRST_PARTY:
                ctx.fail(f"`arb {name}` comes with {FIRST_PARTY[name]}: pip install {FIRST_PARTY[name]}")
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            ctx.fail(f"no command {name!r}" + (f"; did you mean {near[0]!r}?" if near else "; see arb --help"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        added = {
            name: f"(from {' and '.join(found.owner for found in owners)})"
            for name, owners in discover(COMMANDS).items()
            if name not in BUILT_IN
        }
        with formatter.section("Commands"):
            formatter.write_dl(sorted({**BUILT_IN, **added}.items()))


def _load_added(name: str, owners: list[Found]) -> click.Command:
    """Load a command of another distribution; a broken one is broken alone."""
    if len(owners) > 1:
        both = " and ".join(found.owner for found in owners)
        raise PluginBroken(f"the command has two owners: {both}", name=name, cure="uninstall one of them")
    (found,) = owners
    command = load(found)
    if not isinstance(command, click.Command):
        reason = f"its entry point is a {type(command).__name__}, expected a click command"
        raise PluginBroken(reason, name=name, distribution=found.owner, cure=f"uninstall {found.distribution}")
    return command


@click.group(cls=_Arb, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="arb-core", prog_name="arb")
def group() -> None:
    """Real-time arbitrage between centralised exchanges."""


def main(args: Sequence[str] | None = None) -> None:
    """Run `arb` and end the process with its exit code."""
    sys.exit(_run(sys.argv[1:] if args is None else list(args)))


def _run(args: list[str]) -> int:
    debug = "--debug" in args
    clean: Callable[[str], str] = str
    try:
        with group.make_context("arb", args) as context:
            try:
                result = group.invoke(context)
            finally:
                debug = bool(context.meta.get(DEBUG, debug))
                clean = context.meta[REDACTOR].redact if REDACTOR in context.meta else str
            return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return 1
    except BrokenPipeError:
        # `arb symbols | head`: the reader has what it wanted. Python would complain once more when it flushes at exit.
        sys.stdout = None
        return 1
    except Exception as error:  # noqa: BLE001 (the border of the process)
        return _report(error, clean, debug=debug)


def _report(error: BaseException, clean: Callable[[str], str], *, debug: bool) -> int:
    """Say what went wrong in one line; what we did not foresee is named as such. No secret passes `clean`."""
    if debug:
        click.echo(clean("".join(traceback.format_exception(error)).rstrip()), err=True)
    error = _first(error)
    if isinstance(error, ArbError):
        _say(clean(str(error)))
        return 2 if isinstance(error, BAD_USE) else 1
    _say(clean(f"unexpected {type(error).__name__}: {error}") + ("" if debug else " (--debug shows where)"))
    return 1


def _first(error: BaseException) -> BaseException:
    """Return what ended a task group: the first of its errors."""
    if isinstance(error, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    return error


def _say(text: str) -> None:
    click.echo(f"arb: {text}", err=True)
