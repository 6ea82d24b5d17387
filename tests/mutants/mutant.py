"""What a mutant is: an installed plugin with one mistake, as an author might make it.

They stand in the `.toml` files beside this one, a file for each tier of the kit:

    [[mutant]]
    name = "seconds for milliseconds"
    exchange = "mexc"
    killer = "WIRE-008"
    edits = [{ file = "parse.py", old = "a line as it stands", new = "the same, wrong" }]

A mutated plugin is a copy of its package with the edits, put first on the path of the process that tries it; what is
installed stays as it is. Edits may reach into `sim` and into `samples` too, for mistakes that both sides share.
"""

import shutil
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import msgspec
from arb_compliance.case import Tier
from arb_core.installed import PLUGINS, discover

__all__ = ["Edit", "Elsewhere", "Mutant", "elsewhere", "mistaken", "mutants", "place"]

HERE = Path(__file__).parent


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text for another."""

    file: str
    """From the package's folder."""
    old: str
    """Stands there exactly once."""
    new: str


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plugin with a mistake."""

    name: str
    exchange: str
    killer: str
    """The id of the case that must fail."""
    edits: tuple[Edit, ...]


class Elsewhere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case that no mutant of our own plugins can meet, and the test in which a made-up plugin does."""

    case: str
    test: str
    """`path::name`, from the root of the repository."""
    why: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mutant: tuple[Mutant, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()


def mutants() -> list[Mutant]:
    """Return all mutants, by tier."""
    return [mutant for file in _read() for mutant in file.mutant]


def elsewhere() -> list[Elsewhere]:
    """Return the cases that are met by a test of the kit."""
    return [entry for file in _read() for entry in file.elsewhere]


def mistaken(mutant: Mutant) -> dict[str, str]:
    """Return the files of the package that the mistake changes, and their texts with it.

    Raises:
        ValueError: a text to be replaced does not stand in its file exactly once.
        SyntaxError: what comes of it is not Python.
    """
    texts: dict[str, str] = {}
    for edit in mutant.edits:
        text = texts.get(edit.file) or files(_package(mutant.exchange)).joinpath(edit.file).read_text("utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(
                f"{mutant.name}: {edit.old!r} stands {text.count(edit.old)} times in {edit.file}, not once"
            )
        texts[edit.file] = text.replace(edit.old, edit.new)
    for file, text in texts.items():
        if file.endswith(".py"):
            compile(text, file, "exec")
    return texts


def place(mutant: Mutant, folder: Path) -> Path:
    """Copy the package into a folder, make its mistake, and return the folder. Raises as `mistaken`."""
    package = _package(mutant.exchange)
    with as_file(files(package)) as installed:
        shutil.copytree(installed, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, text in mistaken(mutant).items():
        (folder / package / file).write_text(text, "utf-8")
    return folder


@cache
def _package(exchange: str) -> str:
    (owner,) = discover(PLUGINS)[exchange]
    return owner.value.partition(".")[0].partition(":")[0]


def _read() -> list[_File]:
    names = [HERE / f"{tier}.toml" for tier in Tier]
    return [msgspec.toml.decode(name.read_bytes(), type=_File) for name in names if name.is_file()]
