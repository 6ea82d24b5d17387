"""Which journal a command means: shared by all that read one, and by `kill`.

Two journals may stand side by side, of real and of paper trading. Where nothing is said, the real one is read if there
is one: money comes first. Which one it was is told on stderr.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

import click

from arb_core.cli.options import config_file
from arb_core.cli.plain import note
from arb_core.config import JournalSettings, load_file
from arb_core.engine.journal.opening import open_reader, require
from arb_core.errors import JournalError
from arb_core.runtime.folders import state_folder

if TYPE_CHECKING:
    from arb_core.engine.journal.reader import JournalReader

__all__ = ["Use", "journal_choice", "journals", "place_of", "reading", "shown"]

P = ParamSpec("P")
R = TypeVar("R")

Use = Literal["live", "paper"]

_USES: tuple[Use, ...] = ("live", "paper")


def place_of(settings: JournalSettings, use: Use) -> str:
    """Return where the journal of one use is."""
    place = settings.place if use == "live" else settings.paper
    if place is None:
        return str(state_folder() / f"{use}.db")
    return place if "://" in place else str(Path(place).expanduser())


def shown(place: str) -> str:
    """Return a place without what may be a password."""
    scheme, _, rest = place.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else place


def journal_choice(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--config`, `--journal`, `--live` and `--paper`, the last two as `use`."""
    function = click.option("--paper", "use", flag_value="paper", help="The journal of paper trading.")(function)
    function = click.option("--live", "use", flag_value="live", help="The journal of real trading.")(function)
    text = "A journal: a file, or an address of a database."
    function = click.option("--journal", metavar="PLACE", help=text)(function)
    return config_file(function)


def journals(config: str | None, journal: str | None, use: Use | None) -> dict[str, str]:
    """Return the journals that there are and that the options mean: what to call each -> its place.

    Raises:
        SettingsError: the extra is not installed, or the settings file is wrong.
        JournalError: there is none.
    """
    require("journal")
    if journal is not None:
        meant = {"journal": journal}
    else:
        settings = load_file(config).journal
        meant = {f"{each} journal": place_of(settings, each) for each in _USES if use in {None, each}}
    # Whether a server has one is found out by asking it.
    there = {name: place for name, place in meant.items() if "://" in place or Path(place).exists()}
    if not there:
        where = " nor at ".join(shown(place) for place in meant.values())
        cure = "`arb run` makes one when it first starts; --config FILE or --journal PLACE names another"
        raise JournalError(f"there is no journal at {where}: {cure}")
    return there


@contextmanager
def reading(config: str | None, journal: str | None, use: Use | None) -> "Generator[JournalReader]":
    """Open the first journal that the options mean, and say which. Raises as `journals`."""
    name, place = next(iter(journals(config, journal, use).items()))
    reader = open_reader(place)
    try:
        note(f"{name}: {shown(place)}")
        yield reader
    finally:
        reader.close()
