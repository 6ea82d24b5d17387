"""The file: capture v1, JSON Lines, plain or gzip. Entered by `record` to write and by `replay` to read.

Line 1 is a `Header`. Every other line has `ns` (when it was received, UTC, nanoseconds since the epoch), `exchange` and
`kind`; lines are in time order, and lines of one time keep the order of the file. A reader ignores kinds that it does
not know, and counts them; anything else that is not as described is a `CaptureError` that names the line.
"""

import re
import zlib
from collections.abc import Iterator
from gzip import GzipFile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from arb_core.errors import CaptureError
from arb_core.structs.market import Symbol

__all__ = [
    "BookLine",
    "Capture",
    "CaptureWriter",
    "Close",
    "Frame",
    "Header",
    "Line",
    "Note",
    "Open",
    "QuoteLine",
    "Rest",
    "Sent",
]

VERSION = 1

_GZIP = b"\x1f\x8b"
_LEVEL = 6
_PRICE = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the file is about. Only `capture` must be there; fields of other names are ignored."""

    capture: int
    source: str | None = None
    note: str | None = None
    symbols: tuple[str, ...] = ()
    """The books that a replay follows, in everybody's spelling."""
    exchanges: tuple[str, ...] = ()
    native: dict[str, str | dict[str, str]] = {}
    """Symbol -> the exchange's own name; in a file of several exchanges, exchange -> symbol -> name."""

    def followed(self, exchange: str) -> dict[str, str | None]:
        """Return the symbols that one exchange is followed by, each with its native name as far as the header gives it.

        Names given by exchange say which symbols each of them has; otherwise every exchange has all.
        """
        own = self.native.get(exchange)
        if isinstance(own, dict):
            return dict(own)
        names = {symbol: pair for symbol, pair in self.native.items() if isinstance(pair, str)}
        return {symbol: names.get(symbol) for symbol in self.symbols}


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    ns: int
    exchange: str


class Open(_Line, frozen=True, tag="open"):
    """A WebSocket was opened; `url` without secrets."""

    conn: str
    url: str


class Sent(_Line, frozen=True, tag="sent"):
    """The client sent a text message."""

    conn: str
    text: str


class Frame(_Line, frozen=True, tag="frame"):
    """The exchange sent a message: `text`, or `base64` for one that is not UTF-8."""

    conn: str
    text: str | None = None
    base64: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse a frame without content, or with two."""
        if (self.text is None) is (self.base64 is None):
            raise ValueError("a frame has either text or base64")

    @property
    def payload(self) -> bytes:
        """The message, byte for byte."""
        return (self.base64 or b"") if self.text is None else self.text.encode()


class Close(_Line, frozen=True, tag="close"):
    """A WebSocket ended."""

    conn: str


class Rest(_Line, frozen=True, tag="rest"):
    """An answer to a public request."""

    method: str
    url: str
    status: int
    body: str


class QuoteLine(_Line, frozen=True, tag="quote"):
    """Best bid and ask as decimal texts; None = the side is empty, or the size not known."""

    symbol: str
    bid: str | None = None
    bid_size: str | None = None
    ask: str | None = None
    ask_size: str | None = None
    market: str | None = None
    """`perpetual` or another kind of instrument, where it is not the spot market."""

    def __post_init__(self) -> None:
        """Refuse what is no symbol or no number."""
        Symbol.parse(self.symbol)
        for text in (self.bid, self.bid_size, self.ask, self.ask_size):
            _check_number(text)


class BookLine(_Line, frozen=True, tag="book"):
    """Levels as decimal texts `[price, size]`, best first."""

    symbol: str
    bids: tuple[tuple[str, str | None], ...]
    asks: tuple[tuple[str, str | None], ...]

    def __post_init__(self) -> None:
        """Refuse what is no symbol, no number, or out of order."""
        Symbol.parse(self.symbol)
        for price, size in (*self.bids, *self.asks):
            _check_number(price)
            _check_number(size)
        bids, asks = ([float(price) for price, _ in side] for side in (self.bids, self.asks))
        if bids != sorted(bids, reverse=True) or asks != sorted(asks):
            raise ValueError("levels are not in order, best first")


class Note(_Line, frozen=True, tag="note"):
    """What the recorder has to say of the file; readers need not know it."""

    text: str


Line = Open | Sent | Frame | Close | Rest | QuoteLine | BookLine | Note


def _check_number(text: str | None) -> None:
    if text is not None and not _PRICE.fullmatch(text):
        raise ValueError(f"expected a decimal number, found {text!r}")


class _Kind(msgspec.Struct):
    """As much of a line as tells whether it is of a kind of a later version."""

    ns: int
    kind: str


_KINDS = {"open", "sent", "frame", "close", "rest", "quote", "book", "note"}

_header = msgspec.json.Decoder(Header)
_line = msgspec.json.Decoder(Line)
_kind = msgspec.json.Decoder(_Kind)


class Capture:
    """An open capture. Iterate over it once; `line` is the number of the line read last, the header's is 1.

    Raises:
        CaptureError: the file cannot be opened, or its first line is not the header of a capture v1.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and read its header."""
        self.path = path
        self.line = 0
        self.ignored: dict[str, int] = {}
        """Lines of unknown kinds, by kind."""
        try:
            raw = path.open("rb")
        except OSError as error:
            raise self.error(error.strerror or str(error)) from error
        self._raw = raw
        self._file: IO[bytes] | GzipFile = raw
        if raw.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
            self._file = GzipFile(fileobj=raw, mode="rb")
        try:
            self.header = self._read_header()
        except CaptureError:
            self.close()
            raise

    def error(self, message: str) -> CaptureError:
        """Return an error that names the line read last."""
        return CaptureError(message, path=str(self.path), line=self.line or None)

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Line]:
        """Read line by line."""
        last_ns = 0
        while row := self._next_row():
            try:
                line = _line.decode(row)
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                last_ns = self._ignore(row, error, last_ns)
                continue
            if line.ns < last_ns:
                raise self.error(f"lines are in time order, but {line.ns} follows {last_ns}")
            last_ns = line.ns
            yield line

    def _ignore(self, row: bytes, error: msgspec.MsgspecError, last_ns: int) -> int:
        """Count a line of an unknown kind, and refuse any other that does not decode."""
        try:
            other = _kind.decode(row)
        except msgspec.MsgspecError:
            raise self.error(f"not a line of a capture: {error}") from error
        if other.kind in _KINDS:
            raise self.error(f"not a line of kind {other.kind!r}: {error}") from error
        self.ignored[other.kind] = self.ignored.get(other.kind, 0) + 1
        return max(last_ns, other.ns)

    def _read_header(self) -> Header:
        row = self._next_row()
        if row is None:
            raise self.error("the file is empty")
        try:
            header = _header.decode(row)
            for symbol in (
                *header.symbols,
                *(s for own in header.native.values() if isinstance(own, dict) for s in own),
            ):
                Symbol.parse(symbol)
        except (msgspec.MsgspecError, ValueError) as error:
            raise self.error(f"not the header of a capture: {error}") from error
        if header.capture != VERSION:
            raise self.error(f"a capture of version {header.capture}, this reader knows version {VERSION}")
        return header

    def _next_row(self) -> bytes | None:
        """Return the next line that is not blank, None at the end."""
        while True:
            self.line += 1
            try:
                row = self._file.readline()
            except (OSError, EOFError, zlib.error) as error:
                raise self.error(f"the file is damaged or ends too early: {error}") from error
            if not row:
                self.line -= 1
                return None
            if row.strip():
                return row


class CaptureWriter:
    """Writes a capture; gzip where the name ends in `.gz`. The caller keeps lines in time order.

    Raises:
        CaptureError: the file cannot be made, or exists already.
    """

    def __init__(self, path: Path, header: Header) -> None:
        """Make the file and write its header."""
        self.path = path
        try:
            raw = path.open("xb")
        except OSError as error:
            raise CaptureError(error.strerror or str(error), path=str(path)) from error
        self._raw = raw
        self._file: IO[bytes] | GzipFile = raw
        if path.name.endswith(".gz"):
            # No name and no time in the gzip header: equal lines are an equal file.
            self._file = GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0)
        self._encoder = msgspec.json.Encoder()
        self._put(header)

    def write(self, line: Line) -> None:
        """Append one line. Raises OSError when the disk does not take it."""
        self._put(line)

    def close(self) -> None:
        """Finish the file."""
        try:
            self._file.close()
        finally:
            self._raw.close()

    def _put(self, row: Header | Line) -> None:
        self._file.write(self._encoder.encode(row) + b"\n")
