"""Opens a journal, or says what is missing for it. Loads SQLAlchemy only when called."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from arb_core.errors import SettingsError

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal
    from arb_core.engine.journal.reader import JournalReader

__all__ = ["KEEP_EPISODES_NS", "open_journal", "open_reader", "require"]

_NEEDS = {"journal": ("sqlalchemy", "alembic", "filelock"), "postgres": ("psycopg",), "export": ("pyarrow",)}
"""Extra of arb-core -> the packages that it brings."""


def require(extra: str) -> None:
    """Check that an extra of arb-core is installed.

    Raises:
        SettingsError: it is not; the message holds the pip line.
    """
    missing = [name for name in _NEEDS[extra] if find_spec(name) is None]
    if missing:
        raise SettingsError(f"{', '.join(missing)} is not installed: pip install 'arb-core[{extra}]'")


KEEP_EPISODES_NS = 30 * 86_400_000_000_000
"""A chance seen is not money: a busy market closes some hundred thousand a day, 150 bytes each."""


def open_journal(place: str, *, threaded: bool = True, keep_episodes_ns: int | None = KEEP_EPISODES_NS) -> "Journal":
    """Open a journal for writing, make it if there is none, bring its tables up to date.

    Args:
        place: a file, or an address like `postgresql://user@host/name`.
        threaded: False commits inside each call: for virtual time, where a thread has no place.
        keep_episodes_ns: how old episodes become; None = they are kept for ever, as everything else is.

    Raises:
        SettingsError: an extra is not installed.
        JournalError: another process writes it, or it cannot be opened.
    """
    require("journal")
    if place.startswith("postgres"):
        require("postgres")
    from arb_core.engine.journal.journal import Journal

    return Journal(place, threaded=threaded, keep_episodes_ns=keep_episodes_ns)


def open_reader(place: str) -> "JournalReader":
    """Open a journal for reading, also while an engine writes it.

    Raises:
        SettingsError: an extra is not installed.
        JournalError: there is no journal.
    """
    require("journal")
    if place.startswith("postgres"):
        require("postgres")
    from arb_core.engine.journal.reader import JournalReader

    return JournalReader(place)
