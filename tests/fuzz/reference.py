"""What every reference has in common: its verdict on a frame, and a book kept in the plainest way.

A reference is the second opinion on the same bytes. It is written from the exchanges' documentation, by other means than the
plugins, and says one of three things of a frame:

- `Unreadable`: the venue never sends this. The dialect must raise; an accepted frame would be a lie in the book.
- a `Reading` without doubts: the documented form. The dialect must accept it and say the same.
- a `Reading` with `doubts`: not the documented form, but it can be read in one way only (a number without quotes, a key twice,
  broken text in a field that nobody needs). The dialect may refuse it; if it accepts it, it must say the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any

from .json_text import AMBIGUOUS, Number, is_text
from .spelling import Unreadable, nearest, whole

__all__ = ["ANY", "Chain", "Level", "NaiveBook", "Reader", "Reading", "recorded_chain"]

Level = tuple[float, float]
Message = tuple[Any, ...]
"""A call of the sink: its name and its arguments by position, as `arb_core.interfaces.stream.Sink` lists them."""

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


@dataclass(frozen=True)
class Chain:
    """A recorded or made piece of one book's life: a snapshot, and the deltas that follow on it one by one."""

    pair: str
    last_id: int
    bids: list[Level]
    asks: list[Level]
    deltas: list[bytes]


def recorded_chain(pair: str, piece: dict[str, Any]) -> Chain:
    """Take a piece of a recording from the samples."""
    start = piece["snapshot"]
    bids, asks = ([(nearest(price), nearest(size)) for price, size in start[side]] for side in ("bids", "asks"))
    return Chain(pair, start["id"], bids, asks, [text.encode() for text in piece["deltas"]])


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

    def integer(self, value: Any, what: str) -> int:
        """Ids and times are bare integers in JSON; other spellings of the same integer may be refused."""
        if not isinstance(value, Number) and not is_text(value):
            raise Unreadable(f"{what} is no number")
        number = whole(value)
        if not isinstance(value, Number):
            self.doubt(f"{what} in quotes")
        elif str(number) != value:
            self.doubt(f"{what} as {value[:20]}")
        if abs(number) >= 1 << 63:
            self.doubt(f"{what} beyond 64 bits")
        return number

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

    def levels(self, value: Any, what: str) -> list[Level]:
        if not isinstance(value, list):
            raise Unreadable(f"{what} is no list")
        found = []
        for row in value:
            if not isinstance(row, list) or len(row) != 2:
                raise Unreadable(f"{what} holds no pair")
            found.append((self.price(row[0]), self.amount(row[1])))
        return found

    def aside(self, table: dict[str, Any], key: str, kind: type, what: str = "") -> None:
        """A documented field that means nothing to us: of another type, it may be refused or passed over."""
        if key in table and not isinstance(table[key], kind):
            self.doubt(f"{what or key} is not of its type")


class NaiveBook:
    """A book in two dicts, with the sequence rule that Binance, Gate.io and MEXC share.

    `strict` = a delta must begin right after the one before it (MEXC); otherwise it may begin earlier, as long as it reaches
    further (Binance, Gate.io). The first delta after a snapshot may always begin earlier. Sources, each "how to maintain a
    local order book": MEXC #diff-depth-stream, Binance web-socket-streams, Gate.io ws #local-order-book.
    """

    def __init__(self, strict: bool, kept: int | None = None) -> None:
        self.strict = strict
        self.kept = kept
        self.live = False
        self.last_id = -1
        self.base_id = -1
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.waiting: list[tuple[list[Level], list[Level], int, int]] = []
        self.why = "starting"
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
        self._take(bids, asks, last_id)
        waiting = [delta for delta in self.waiting if delta[3] > last_id]
        self.waiting = []
        for index, delta in enumerate(waiting):
            self.delta(*delta)
            if not self.live:
                self.waiting = waiting[index:]
                return

    def whole(self, bids: Iterable[Level], asks: Iterable[Level], last_id: int) -> None:
        """A whole book in the stream, which begins a new count."""
        self.waiting.clear()
        self.floor, self.ceiling = 0.0, inf
        self._take(bids, asks, last_id)

    def _take(self, bids: Iterable[Level], asks: Iterable[Level], last_id: int) -> None:
        self.bids = {price: size for price, size in bids if size}
        self.asks = {price: size for price, size in asks if size}
        self.last_id = self.base_id = last_id
        self.live = True
        self._judge()

    def delta(self, bids: list[Level], asks: list[Level], first_id: int, last_id: int) -> None:
        if last_id < first_id:
            # No message of any venue: in a live book what it stands for is missing, in a buffer the next one will show that.
            if self.live:
                self.lose("a range that ends before it begins")
            return
        if not self.live:
            self.waiting.append((bids, asks, first_id, last_id))
            return
        if last_id <= self.last_id:
            return
        overlaps = first_id <= self.last_id and self.strict and self.last_id != self.base_id
        if first_id > self.last_id + 1 or overlaps:
            self.lose("gap")
            # The venue sent it: it may be the bridge from the next snapshot.
            self.waiting.append((bids, asks, first_id, last_id))
            return
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            for price, size in changes:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        self.last_id = last_id
        self._judge()

    def _judge(self) -> None:
        if self.bids and self.asks and max(self.bids) >= min(self.asks):
            self.lose("crossed")
        elif self.floor and (not self.bids or max(self.bids) < self.floor):
            self.lose("no bid left that the snapshot covered")
        elif self.ceiling < inf and (not self.asks or min(self.asks) > self.ceiling):
            self.lose("no ask left that the snapshot covered")

    def shown(self) -> tuple[list[Level], list[Level]]:
        """Both sides, best first, as deep as the feed maintains them."""
        bids = sorted(((price, size) for price, size in self.bids.items() if price >= self.floor), reverse=True)
        asks = sorted((price, size) for price, size in self.asks.items() if price <= self.ceiling)
        return bids[: self.kept], asks[: self.kept]
