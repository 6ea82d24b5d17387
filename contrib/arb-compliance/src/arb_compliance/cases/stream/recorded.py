"""Recorded frames behind a faulty transport: how a plugin without a simulated venue is tried.

A recording is a capture (`arb record`) in the folder `samples/recordings` of the plugin. Played as it is, it tells
what each book was at each of its ids. Played with a message lost, twice, out of order, garbled or cut short, a LIVE
book must be what it was at the same id, or it cannot be read. That a book comes back needs a venue that answers: of
that a recording proves nothing.
"""

from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from typing import NamedTuple

import msgspec
from arb_core.capture.format import Capture, Close, Frame, Header, Rest
from arb_core.capture.venue import RecordedVenue, ReplayClock
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import NO_ID, BookFault, Level
from arb_core.structs.market import Symbol

from arb_compliance.expect import NotProved, equal, fail, true
from arb_compliance.subject import Subject

__all__ = ["as_it_was", "malformed", "out_of_order", "truncated", "with_losses", "with_repetitions"]

FOLDER = ("samples", "recordings")
FEWEST = 20
"""Messages of books that a recording must hold to prove anything."""
GARBAGE = b"\xff}{" * 4
"""No reader of JSON, protobuf or text takes what begins so for a message."""

RecordedLine = Frame | Close | Rest
Truth = dict[tuple[Symbol, int], "Shown"]
Tamper = Callable[[Sequence[RecordedLine], int], list[RecordedLine]]
"""Does something to the message at a place."""


class Shown(NamedTuple):
    """What a LIVE book shows: levels, and how far they reach."""

    bids: list[Level]
    asks: list[Level]
    floor: float
    ceiling: float


class _Recording(NamedTuple):
    """One capture of the plugin's own exchange."""

    name: str
    header: Header
    lines: list[RecordedLine]


class _Played:
    """What playing a recording brought."""

    def __init__(self) -> None:
        self.shown: Truth = {}
        self.lost: list[BookFault] = []
        self.told_at: list[int] = []
        """Numbers of the lines that changed a LIVE book."""
        self.at = 0
        """The line that is being played."""
        self.malformed = 0
        self.wrong: str | None = None


def as_it_was(subject: Subject) -> None:
    """Play recordings as they are: books become LIVE, and every frame can be read."""
    for recording in _recordings(subject):
        played = _play(subject, recording.header, recording.lines)
        equal(played.malformed, 0, f"frames of {recording.name} that cannot be read")
        true(bool(played.told_at), f"no book of {recording.name} becomes LIVE", found=played.lost)


def with_losses(subject: Subject) -> None:
    """Lose a message: the book is lost as a gap, or by its checksum."""
    for name, played in _tampered(subject, lambda lines, at: [*lines[:at], *lines[at + 1 :]]):
        noticed = {BookFault.GAP, BookFault.CHECKSUM} & set(played.lost)
        true(bool(noticed), f"{name}: a lost message is not noticed", found=played.lost)


def with_repetitions(subject: Subject) -> None:
    """Let a message come twice: nothing is lost."""
    for name, played in _tampered(subject, lambda lines, at: [*lines[: at + 1], lines[at], *lines[at + 1 :]]):
        equal(played.malformed, 0, f"{name}: a repetition is called malformed")
        true(BookFault.GAP not in played.lost, f"{name}: a repetition is called a gap", found=played.lost)


def out_of_order(subject: Subject) -> None:
    """Let the next message of a book overtake one."""

    def overtaken(lines: Sequence[RecordedLine], at: int) -> list[RecordedLine]:
        later = next((n for n in range(at + 1, len(lines)) if isinstance(lines[n], Frame)), at)
        return [*lines[:at], *lines[at + 1 : later + 1], lines[at], *lines[later + 1 :]]

    for name, played in _tampered(subject, overtaken):
        equal(played.malformed, 0, f"{name}: an overtaken message is called malformed")


def malformed(subject: Subject) -> None:
    """Spoil the beginning of a message: the book is lost as malformed."""
    for name, played in _tampered(subject, lambda lines, at: _changed(lines, at, lambda body: GARBAGE + body)):
        equal(played.malformed, 1, f"{name}: frames that cannot be read, of which there is one")
        true(BookFault.MALFORMED in played.lost, f"{name}: the book is not lost", found=played.lost)


def truncated(subject: Subject) -> None:
    """Cut the end of a message off: the book is lost, and never shows a part of it."""
    for name, played in _tampered(subject, lambda lines, at: _changed(lines, at, lambda body: body[:-2])):
        true(bool(played.lost), f"{name}: a frame without its end is taken for a whole one")


def _changed(lines: Sequence[RecordedLine], at: int, change: Callable[[bytes], bytes]) -> list[RecordedLine]:
    line = lines[at]
    if not isinstance(line, Frame):
        return list(lines)
    return [*lines[:at], msgspec.structs.replace(line, text=None, base64=change(line.payload)), *lines[at + 1 :]]


def _tampered(subject: Subject, tamper: Tamper) -> list[tuple[str, _Played]]:
    """Play each recording with one message of a LIVE book tampered with, and judge what its books showed.

    Raises:
        CaseFailed: a LIVE book was another than at the same id of the recording as it is.
        NotProved: there is no recording, or none with enough messages.
    """
    found: list[tuple[str, _Played]] = []
    for recording in _recordings(subject):
        truth = _play(subject, recording.header, recording.lines)
        # The first half: a loss shows at the next message, and one must follow.
        places = truth.told_at[1 : len(truth.told_at) // 2]
        if len(places) < FEWEST // 2:
            continue
        for number in range(subject.times(5)):
            place = places[(number + 1) * len(places) // 7]
            name = f"{recording.name}, message {place + 1}"
            played = _play(subject, recording.header, tamper(recording.lines, place), truth.shown)
            if played.wrong is not None:
                raise fail(f"{name} is tampered with, and a LIVE book is wrong", found=played.wrong)
            found.append((name, played))
    if not found:
        raise NotProved(f"no recording holds {FEWEST} messages of a LIVE book with ids")
    return found


def _play(subject: Subject, header: Header, lines: Sequence[RecordedLine], truth: Truth | None = None) -> _Played:
    played = _Played()

    def changed(book: BookSync) -> None:
        if played.at not in played.told_at[-1:] and isinstance(lines[played.at], Frame):
            played.told_at.append(played.at)
        if book.last_id == NO_ID:
            return
        shown = Shown(book.bids(0), book.asks(0), *book.horizon)
        played.shown[book.symbol, book.last_id] = shown
        known = (truth or {}).get((book.symbol, book.last_id))
        if known is not None and played.wrong is None and not _agree(shown, known):
            played.wrong = f"{book.symbol} at id {book.last_id}: {book.quote()}; {book.stats}"

    clock = ReplayClock()
    venue = RecordedVenue(
        subject.exchange,
        subject.exchange,
        subject.registry,
        clock,
        on_book=changed,
        on_lost=lambda _book, fault: played.lost.append(fault),
    )
    venue.follow(header)
    for played.at, line in enumerate(lines):
        clock.at_ns = line.ns
        match line:
            case Frame():
                venue.frame(0, line)
            case Close():
                venue.close(0, line)
            case Rest():
                venue.rest(line)
    played.malformed = venue.malformed
    return played


def _agree(one: Shown, other: Shown) -> bool:
    """Whether two views of a book are the same as far as both reach."""
    floor, ceiling = max(one.floor, other.floor), min(one.ceiling, other.ceiling)
    bids = [[level for level in view.bids if level[0] >= floor] for view in (one, other)]
    asks = [[level for level in view.asks if level[0] <= ceiling] for view in (one, other)]
    return bids[0] == bids[1] and asks[0] == asks[1]


def _recordings(subject: Subject) -> list[_Recording]:
    """Read the plugin's recordings.

    Raises:
        NotProved: it has none.
        CaptureError: one is no capture.
    """
    folder = files(subject.package).joinpath(*FOLDER)
    found: list[_Recording] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else ():
        if not entry.name.endswith((".jsonl", ".jsonl.gz")):
            continue
        with as_file(entry) as path, Capture(path) as capture:
            lines = [
                line for line in capture if isinstance(line, Frame | Close | Rest) and line.exchange == subject.exchange
            ]
        found.append(_Recording(entry.name, capture.header, lines))
    if not found:
        raise NotProved(f"there is no simulated venue, and no recording in {'/'.join(FOLDER)} (`arb record`)")
    return found
