"""A new distribution, made of `template/` by copier. Entered by `arb plugin new`."""

from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

import msgspec
from arb_core.errors import SettingsError

from arb_compliance.authoring.identity import package_of

__all__ = ["LICENCES", "Answers", "scaffold"]

LICENCES = ("Apache-2.0", "BSD-3-Clause", "MIT")


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What the template asks; None = its own default."""

    exchange: str
    name: str | None = None
    docs: str | None = None
    rest: str | None = None
    websocket: str | None = None
    separator: str | None = None
    author: str | None = None
    licence: str | None = None


def scaffold(answers: Answers, folder: Path, *, year: int) -> list[Path]:
    """Write the distribution into a folder that is empty or not there, and return its files, sorted.

    Raises:
        SettingsError: copier is not installed, the folder is in use, or an answer cannot stand in a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} is there already, and not empty: choose another place by --into")
    given = {name: answer for name, answer in msgspec.structs.asdict(answers).items() if answer is not None}
    for name, answer in given.items():
        if not answer.isprintable() or set(answer) & set('"\\{}'):
            raise SettingsError(f"{answer!r} would break the files that it is written into", key=f"--{name}")
    try:
        from copier import run_copy
    except ModuleNotFoundError as error:
        raise SettingsError('copier is not installed: pip install "arb-compliance[author]"') from error
    derived = {"package": package_of(answers.exchange), "core": _core(), "year": year}
    with as_file(files("arb_compliance") / "template") as template:
        run_copy(str(template), str(folder), data=given | derived, defaults=True, quiet=True)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _core() -> str:
    """Return the versions of arb-core that a plugin of today may count on."""
    major, minor = map(int, version("arb-core").split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"
