"""What a case is: a stable id, its words, what it needs, and the function that runs it.

A case is written as a plain function with a docstring in fixed sections; `@case` reads them, so that the page of cases,
the report and the failure output say the same:

    @case("BOOK-003", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
    async def a_lost_delta_makes_the_book_unusable(subject: Subject) -> None:
        '''A lost delta is noticed, and the book is right again.

        Steps: one push of a LIVE book is lost; the market moves on.
        Expect: the book is not LIVE from the next push on; then LIVE, and level by level the venue's.
        When this fails: `decode` reads the sequence ids wrongly, or `book_rule` is not the venue's.
        Source: contract, "Book: correct or unusable"
        '''

Ids are never reused: a case that goes takes its number along. Entered by the rooms of `cases`; read by everybody else.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from arb_core.structs.card import Capability

if TYPE_CHECKING:
    from arb_compliance.subject import Subject

__all__ = ["Case", "Proof", "Tier", "case", "catalogue"]

SECTIONS = ("Steps", "Expect", "When this fails", "Source")
ID = re.compile(r"[A-Z]{2,12}-\d{3}")


class Tier(StrEnum):
    """A group of cases, in the order in which an author turns them green."""

    CARD = "card"
    WIRE = "wire"
    PUBLIC = "public"
    STREAM = "stream"
    PRIVATE = "private"
    LIMITS = "limits"
    PERFORMANCE = "performance"
    SIMULATION = "simulation"
    SECURITY = "security"


class Proof(StrEnum):
    """What a case is proved with."""

    PLUGIN = "plugin"
    """The plugin alone."""
    SAMPLES = "samples"
    """Recorded or documented messages, `samples/` of the plugin."""
    VENUE = "venue"
    """The plugin's simulated venue, `sim`. Without one the case is not proved."""
    ADVERSARY = "adversary"
    """The simulated venue; for a plugin without one, recorded frames behind a faulty transport."""


Run = Callable[["Subject"], Awaitable[None] | None]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a plugin must do."""

    id: str
    tier: Tier
    purpose: str
    steps: str
    expect: str
    when_fails: str
    source: str
    needs: frozenset[Capability]
    """Every one of these must be on the card; else the case is not asked."""
    proof: Proof
    limit_s: float
    """Wall time after which the case has failed by hanging."""
    run: Run

    @property
    def name(self) -> str:
        """The function's name, as words."""
        return getattr(self.run, "__name__", self.id).replace("_", " ")


_CASES: dict[str, Case] = {}


def case(
    number: str,
    tier: Tier,
    *,
    needs: Iterable[Capability] = (),
    proof: Proof = Proof.PLUGIN,
    limit_s: float = 20.0,
) -> Callable[[Run], Run]:
    """Enter a function into the catalogue.

    Raises:
        ValueError: the id is no id or taken, or a section of the docstring is missing.
    """

    def enter(run: Run) -> Run:
        if ID.fullmatch(number) is None:
            raise ValueError(f"expected an id like BOOK-014, found {number!r}")
        if number in _CASES:
            raise ValueError(f"{number} has two cases: {_CASES[number].name!r} and {run.__name__!r}")
        purpose, sections = _words(number, run.__doc__ or "")
        _CASES[number] = Case(
            id=number,
            tier=tier,
            purpose=purpose,
            steps=sections["Steps"],
            expect=sections["Expect"],
            when_fails=sections["When this fails"],
            source=sections["Source"],
            needs=frozenset(needs),
            proof=proof,
            limit_s=limit_s,
            run=run,
        )
        return run

    return enter


def catalogue() -> dict[str, Case]:
    """Return every case by id: tiers in their order, numbers within."""
    from arb_compliance import cases

    cases.load()
    tiers = list(Tier)
    return dict(sorted(_CASES.items(), key=lambda entry: (tiers.index(entry[1].tier), entry[0])))


def _words(number: str, docstring: str) -> tuple[str, dict[str, str]]:
    """Read the fixed sections of a docstring; each may run over several lines."""
    purpose, _, rest = docstring.strip().partition("\n")
    found: dict[str, str] = {}
    current: str | None = None
    for line in rest.splitlines():
        name, colon, text = line.strip().partition(":")
        if colon and name in SECTIONS:
            current = name
            found[name] = text.strip()
        elif current is not None and line.strip():
            found[current] += f" {line.strip()}"
    missing = [name for name in SECTIONS if not found.get(name)]
    if missing or not purpose.strip():
        raise ValueError(f"{number}: its docstring lacks {', '.join(missing) or 'a first line'}")
    return purpose.strip(), found
