"""What every reference has in common: its verdict on a frame, and a book kept in the plainest way.

A reference is the second opinion on the same bytes. It is written from the exchanges' documentation, by other means than the
plugins, and says one of three things of a frame:

- `Unreadable`: the venue never sends this. The dialect must raise; an accepted frame would be a lie in the book.
- a `Reading` without doubts: the documented form. The dialect must accept it and say the same.
- a `Reading` with `doubts`: not the documented form, but it can be read in one way only (a number without quotes, a key twice,
  broken text in a field that nobody needs). The dialect may refuse it; if it accepts it, it must say the same.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from .json_text import AMBIGUOUS, Number, is_text, read
from .market import Change, Ids, Made, Row
from .spelling import Unreadable, nearest, whole

__all__ = [
    "ANY",
    "Chain",
    "Level",
    "NaiveBook",
    "Printed",
    "Reader",
    "Reading",
    "Rules",
    "Sum",
    "made_chain",
    "nearest_levels",
    "read_json",
    "recorded_chain",
    "sample_frames",
]

Level = tuple[float, float]
Message = tuple[Any, ...]
"""A call of the sink: its name and its arguments by position, as `arb_core.interfaces.stream.Sink` lists them.

Of a feed with checksums a `Printed` follows.
"""

MS = 1_000_000
NO_ID = -1
SECOND = 1_000_000_000


class _Any:
    """Equal to everything: stands for a value on which the documentation says nothing."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANY"


ANY = _Any()


@dataclass
class Reading:
    """What a frame says. Of `control` only the kind counts where a doubt is left."""

    market: list[Message] = field(default_factory=list)
    control: list[Message] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def ambiguous(self) -> bool:
        """It names two kinds, or one that does not fit: it may also be passed over."""
        return AMBIGUOUS in self.doubts


class Printed(NamedTuple):
    """The levels of a message as texts, and the sum of the book after it; None where it bears none."""

    bids: list[Row]
    asks: list[Row]
    checksum: int | None


Sum = Callable[[Sequence[Row], Sequence[Row]], int | None]
"""The sum over the best levels of a book, best first, by the venue's documentation; None = these cannot be summed up."""


@dataclass(frozen=True)
class Rules:
    """How the messages of a venue's book follow one another, by its documentation."""

    ids: Ids
    strict: bool = False
    """A range begins right after the one before it; otherwise it may begin earlier, as long as it reaches further."""
    in_stream: bool = False
    """The whole book comes in the stream, after a subscription, not by REST."""
    resets: bool = True
    """The stream may send a whole book at any time; otherwise one that is not newer says nothing."""
    cut: int | None = None
    """Levels a side that are kept after each message: of those that others push out nothing more is said."""
    sum: Sum | None = None
    summed: int = 0
    """Levels a side that are summed up."""


@dataclass(frozen=True)
class Chain:
    """A recorded or made piece of one book's life: a snapshot, and the deltas that follow on it one by one."""

    pair: str
    last_id: int
    bids: list[Level]
    asks: list[Level]
    deltas: list[bytes]
    printed: Printed | None = None
    """The texts of the snapshot, of a feed with checksums."""


def nearest_levels(rows: Iterable[Row]) -> list[Level]:
    """Read what is printed."""
    return [(nearest(price), nearest(size)) for price, size in rows]


def made_chain(pair: str, market: Made, spell: Callable[[str, Change, Made], bytes]) -> Chain:
    """Let a made market live for a while, in a venue's spelling."""
    start = market.whole()
    bids, asks = nearest_levels(start.bids), nearest_levels(start.asks)
    deltas = [spell(pair, market.step(), market) for _ in range(80)]
    return Chain(pair, start.last_id, bids, asks, deltas, Printed(start.bids, start.asks, None))


def recorded_chain(pair: str, piece: dict[str, Any]) -> Chain:
    """Take a piece of a recording from the samples."""
    start = piece["snapshot"]
    bids, asks = (nearest_levels(start[side]) for side in ("bids", "asks"))
    return Chain(pair, start["id"], bids, asks, [text.encode() for text in piece["deltas"]])


def read_json(frame: bytes, kinds: frozenset[str], read_document: Callable[[Any, "Reader", Reading], None]) -> Reading:
    """Read a frame of JSON. `kinds` = the keys that name the kind of a message, of which the first counts."""
    document, doubts = read(frame, kinds)
    reading = Reading(doubts=doubts)
    try:
        read_document(document, Reader(doubts), reading)
    except Unreadable:
        if not reading.ambiguous:
            raise
        reading.market.clear()
    return reading


@cache
def sample_frames(name: str) -> list[bytes]:
    """Frames of `samples/{name}.json` that change no book of ours."""
    samples = json.loads((Path(__file__).parent / "samples" / f"{name}.json").read_text("utf-8"))
    return [text.encode() for text in samples["others"]]


class Reader:
    """Reads fields of a JSON document and notes what is unusual about them."""

    def __init__(self, doubts: list[str]) -> None:
        self.doubts = doubts

    def doubt(self, reason: str) -> None:
        self.doubts.append(reason)

    def table(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Unreadable(f"{what} is no object")
        return value

    def need(self, table: dict[str, Any], key: str) -> Any:
        if key not in table:
            raise Unreadable(f"{key} is missing")
        return table[key]

    def text(self, value: Any, what: str) -> str:
        if not is_text(value):
            raise Unreadable(f"{what} is no text")
        return str(value)

    def amount(self, value: Any) -> float:
        """Venues print prices and sizes as text; a bare number says the same."""
        if isinstance(value, Number):
            self.doubt("a price or size without quotes")
        elif not is_text(value):
            raise Unreadable("a price or size is neither text nor number")
        number = nearest(value)
        if not 0 <= number < float("inf"):
            raise Unreadable("a price or size below 0 or beyond float64")
        return number

    def price(self, value: Any) -> float:
        number = self.amount(value)
        if number == 0:
            raise Unreadable("a price of 0")
        return number

    def integer(self, value: Any, what: str, *, quoted: bool = False) -> int:
        """Ids and times are bare integers in JSON, or in quotes; other spellings of the same integer may be refused."""
        if not isinstance(value, Number) and not is_text(value):
            raise Unreadable(f"{what} is no number")
        number = whole(value)
        if isinstance(value, Number) is quoted:
            self.doubt(f"{what} with quotes or without")
        elif str(number) != value:
            self.doubt(f"{what} as {value[:20]}")
        if abs(number) >= 1 << 63:
            self.doubt(f"{what} beyond 64 bits")
        return number

    def optional(self, table: dict[str, Any], key: str) -> Any:
        """An absent field and null are the same; so is the text "null" to msgspec's lenient mode, where null is allowed."""
        value: Any = table.get(key)
        if is_text(value) and value.lower() == "null":
            self.doubt(f"{key} is the text null")
            return None
        return value

    def time(self, table: dict[str, Any], key: str, unit: int = MS, *, quoted: bool = False) -> Any:
        """A time matters to nobody's book: where it cannot be read, the frame may be refused or taken."""
        try:
            number = self.integer(table.get(key), key, quoted=quoted)
        except Unreadable:
            self.doubt(f"{key} is no time")
            return ANY
        if number < 0:
            self.doubt(f"{key} before 1970")
        return number * unit

    def sequence_id(self, value: Any, what: str) -> int:
        number = self.integer(value, what)
        if number < 0:
            raise Unreadable(f"{what} below 0")
        return number

    def flag(self, value: Any, what: str) -> bool:
        if isinstance(value, bool):
            return value
        if value is not None and str(value).lower() in {"true", "false", "1", "0"}:
            # msgspec's lenient mode, which the quoted numbers need, takes these spellings, too.
            self.doubt(f"{what} as {value!r}")
            return str(value).lower() in {"true", "1"}
        raise Unreadable(f"{what} is neither true nor false")

    def rows(self, value: Any, what: str, *, longer: bool = False) -> list[list[Any]]:
        """Return the rows of a side, each of two elements, or of more where a venue says more of a level."""
        if not isinstance(value, list):
            raise Unreadable(f"{what} is no list")
        for row in value:
            if not isinstance(row, list) or len(row) < 2 or (len(row) > 2 and not longer):
                raise Unreadable(f"{what} holds no pair")
        return value

    def levels(self, value: Any, what: str, *, longer: bool = False) -> list[Level]:
        return [(self.price(row[0]), self.amount(row[1])) for row in self.rows(value, what, longer=longer)]

    def best(self, levels: list[Level]) -> Level:
        """The first of a side; NaN where it is empty."""
        return levels[0] if levels else (float("nan"), float("nan"))

    def only(self, value: Any, what: str) -> Any:
        """The one element of a list."""
        if not isinstance(value, list) or len(value) != 1:
            raise Unreadable(f"{what} is no list of one")
        return value[0]

    def each(self, value: Any, what: str) -> list[Any]:
        if not isinstance(value, list):
            raise Unreadable(f"{what} is no list")
        return value

    def note_odd(self, table: dict[str, Any], kinds: dict[str, tuple[type, ...]]) -> None:
        """Fields of answers, which may be refused for their type wherever they stand."""
        for key, types in kinds.items():
            value = table.get(key)
            if value is None or (isinstance(value, types) and (Number in types or not isinstance(value, Number))):
                if isinstance(value, Number):
                    try:
                        self.integer(value, key)
                    except Unreadable:
                        self.doubt(f"{key} is no integer")
                elif str in types and isinstance(value, str) and not is_text(value):
                    self.doubt(f"{key} is broken text")
                continue
            self.doubt(f"{key} is not of its type")

    def request_id(self, value: Any) -> Any:
        """Requests are numbered by decimal numbers, printed as text; an answer to somebody else's has another."""
        if isinstance(value, Number):
            try:
                return self.integer(value, "id")
            except Unreadable:
                return ANY
        if not is_text(value) or not value.isascii() or not value.isdecimal():
            return ANY
        if len(value) > 18:
            self.doubt("an id that nobody gives")
            return ANY
        return int(value)

    def aside(self, table: dict[str, Any], key: str, kind: type, what: str = "") -> None:
        """A documented field that means nothing to us: of another type, it may be refused or passed over."""
        if key in table and not isinstance(table[key], kind):
            self.doubt(f"{what or key} is not of its type")


class NaiveBook:
    """A book in two dicts, kept by a venue's `Rules`.

    A first range after a snapshot may always begin earlier. Sources, each "how to maintain a local order book": MEXC
    #diff-depth-stream, Binance web-socket-streams, Gate.io ws #local-order-book; of the others the pages that their
    rooms name.
    """

    def __init__(self, rules: Rules, kept: int | None = None) -> None:
        self.rules = rules
        self.kept = kept
        self.live = False
        self.last_id = -1
        self.base_id = -1
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.texts: tuple[dict[float, Row], dict[float, Row]] = ({}, {})
        """The levels as printed, of a feed with checksums."""
        self.waiting: list[tuple[list[Level], list[Level], int, int]] = []
        self.why = "starting"
        self.made_ns: int | None = None
        """When the venue made the latest message: without ids, one that was made before it comes too late."""
        self.floor, self.ceiling = 0.0, inf

    def lose(self, why: str) -> None:
        self.live = False
        self.waiting.clear()
        self.why = why

    def snapshot(self, bids: list[Level], asks: list[Level], last_id: int, depth: int) -> None:
        """A whole book by REST; what was buffered since follows on it, or the book is not live.

        An answer that is as long as was asked for says nothing of prices beyond its last one.
        """
        bounded = self.kept is None or depth < self.kept
        self.floor = min(bids)[0] if bounded and len(bids) >= depth else 0.0
        self.ceiling = max(asks)[0] if bounded and len(asks) >= depth else inf
        self._take(bids, asks, last_id, None)
        waiting = [delta for delta in self.waiting if delta[3] > last_id]
        self.waiting = []
        for index, delta in enumerate(waiting):
            self.delta(*delta)
            if not self.live:
                self.waiting = waiting[index:]
                return

    def whole(
        self,
        bids: Iterable[Level],
        asks: Iterable[Level],
        last_id: int,
        printed: Printed | None = None,
        *,
        made_ns: int | None = None,
    ) -> None:
        """A whole book in the stream, which begins a new count."""
        if self.live and not self.rules.resets and last_id <= self.last_id:
            return
        self.waiting.clear()
        self.floor, self.ceiling = 0.0, inf
        self.made_ns = made_ns
        self._take(bids, asks, last_id, printed)

    def _take(self, bids: Iterable[Level], asks: Iterable[Level], last_id: int, printed: Printed | None) -> None:
        bids, asks = list(bids), list(asks)
        self.bids = {price: size for price, size in bids if size}
        self.asks = {price: size for price, size in asks if size}
        self.texts = ({}, {})
        self.last_id = self.base_id = last_id
        self.live = True
        self._cut()
        self._judge(bids, asks, printed)

    def delta(  # noqa: C901, PLR0917 (as the sink calls it)
        self,
        bids: list[Level],
        asks: list[Level],
        first_id: int,
        last_id: int,
        previous_id: int = NO_ID,
        printed: Printed | None = None,
        *,
        made_ns: int | None = None,
    ) -> None:
        if last_id < first_id:
            # No message of any venue: in a live book what it stands for is missing, in a buffer the next one will show that.
            if self.live:
                self.lose("a range that ends before it begins")
            return
        if not self.live:
            if not self.rules.in_stream:
                self.waiting.append((bids, asks, first_id, last_id))
            return
        if self._is_old(last_id, previous_id):
            return
        if not self._follows(first_id, last_id, previous_id, made_ns):
            self.lose("gap")
            if not self.rules.in_stream:
                # The venue sent it: it may be the bridge from the next snapshot.
                self.waiting.append((bids, asks, first_id, last_id))
            return
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            for price, size in changes:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        self.last_id, self.made_ns = last_id, made_ns
        self._cut()
        self._judge(bids, asks, printed)

    def _is_old(self, last_id: int, previous_id: int) -> bool:
        """Whether the book says it already."""
        match self.rules.ids:
            case "range":
                return last_id <= self.last_id
            case "chain":
                # Ids may go back; only the latest one again is surely a repetition.
                return previous_id != self.last_id and last_id == self.last_id
            case "count":
                return last_id == self.last_id
            case _:
                return NO_ID < last_id <= self.base_id

    def _follows(self, first_id: int, last_id: int, previous_id: int, made_ns: int | None) -> bool:
        match self.rules.ids:
            case "range":
                overlaps = first_id <= self.last_id and self.rules.strict and self.last_id != self.base_id
                return first_id <= self.last_id + 1 and not overlaps
            case "chain":
                return previous_id == self.last_id
            case "count":
                return last_id == self.last_id + 1
            case _:
                return made_ns is None or self.made_ns is None or made_ns >= self.made_ns

    def _cut(self) -> None:
        if self.rules.cut is not None:
            self.bids = dict(sorted(self.bids.items(), reverse=True)[: self.rules.cut])
            self.asks = dict(sorted(self.asks.items())[: self.rules.cut])

    def _judge(self, bids: list[Level], asks: list[Level], printed: Printed | None) -> None:
        if self.rules.sum is not None:
            self._sum_up(bids, asks, printed)
        if self.bids and self.asks and max(self.bids) >= min(self.asks):
            self.lose("crossed")
        elif self.floor and (not self.bids or max(self.bids) < self.floor):
            self.lose("no bid left that the snapshot covered")
        elif self.ceiling < inf and (not self.asks or min(self.asks) > self.ceiling):
            self.lose("no ask left that the snapshot covered")

    def _sum_up(self, bids: list[Level], asks: list[Level], printed: Printed | None) -> None:
        if printed is None or self.rules.sum is None:
            raise AssertionError("a feed with checksums prints its levels")
        for texts, levels, rows in zip(self.texts, (bids, asks), printed[:2], strict=True):
            texts.update({price: row for (price, size), row in zip(levels, rows, strict=True) if size})
        if printed.checksum is not None:
            held = self.printed()
            if self.rules.sum(held.bids[: self.rules.summed], held.asks[: self.rules.summed]) != printed.checksum:
                self.lose("the sum differs")

    def printed(self) -> Printed:
        """The whole book as printed, best first."""
        bids, asks = self.texts
        return Printed(
            [bids[price] for price in sorted(self.bids, reverse=True)],
            [asks[price] for price in sorted(self.asks)],
            None,
        )

    def held(self) -> tuple[list[Level], list[Level]]:
        """Both sides, best first, whole."""
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())

    def shown(self) -> tuple[list[Level], list[Level]]:
        """Both sides, best first, as deep as the feed maintains them."""
        bids = sorted(((price, size) for price, size in self.bids.items() if price >= self.floor), reverse=True)
        asks = sorted((price, size) for price, size in self.asks.items() if price <= self.ceiling)
        return bids[: self.kept], asks[: self.kept]
