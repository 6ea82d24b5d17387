"""JSON for the fuzz tests: a reader that keeps what msgspec's lenient decoders hide, and a writer that can also lie.

The reader is the standard library's, so that a reference shares no code with the plugins. It keeps every number as its text
(`Number`) and reports what parsers may treat differently as `doubts`: a dialect may refuse such a frame, and if it reads
it, then in this way.
"""

import json
from math import inf
from typing import Any

from .spelling import Unreadable, nearest

__all__ = ["AMBIGUOUS", "Number", "Raw", "read", "write"]


AMBIGUOUS = "of two kinds"
"""A doubt: the frame names its kind twice, or in two ways that differ."""


class Number(str):
    """The text of a JSON number that stood without quotes."""

    __slots__ = ()


class Raw(bytes):
    """Bytes that are written as they are, be they JSON or not."""

    __slots__ = ()


def read(frame: bytes, kinds: frozenset[str] = frozenset()) -> tuple[Any, list[str]]:
    """Return the document and the doubts. `kinds` = the keys that name the kind of a message.

    Raises:
        Unreadable: no JSON, or deeper than the interpreter's stack.
    """
    doubts: list[str] = []
    text = frame.decode("utf-8", "surrogateescape")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            # RFC 8259 leaves open which one counts. msgspec: the last one, and for the name of a message's kind the first.
            named = [key for key, _ in pairs if key in kinds]
            doubts.append("a key twice" if len(named) == len(set(named)) else AMBIGUOUS)
            table |= {key: value for key, value in reversed(pairs) if key in kinds}
        return table

    def constant(name: str) -> Any:
        raise Unreadable(f"{name} is no JSON")

    def number(digits: str) -> Number:
        if (len(digits) > 300 or "e" in digits.lower()) and abs(nearest(digits)) == inf:
            doubts.append("a number beyond float64")
        return Number(digits)

    try:
        document = json.loads(
            text, parse_int=number, parse_float=number, parse_constant=constant, object_pairs_hook=members
        )
    except RecursionError as error:
        raise Unreadable("deeper than the stack") from error
    except json.JSONDecodeError as error:
        raise Unreadable(str(error)) from error
    if not text.isascii() or "\\u" in text:
        _look_for_halves(document, doubts)
    return document, doubts


def is_text(value: object) -> bool:
    """Whether this is a string of whole characters: broken UTF-8 and half surrogates are none."""
    if not isinstance(value, str) or isinstance(value, Number):
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _look_for_halves(value: Any, doubts: list[str]) -> None:
    """Broken text in a field that nobody needs: msgspec skips broken UTF-8 there, but refuses half of a surrogate pair."""
    stack = [value]
    while stack:
        match stack.pop():
            case dict() as table:
                stack.extend(table.keys())
                stack.extend(table.values())
            case list() as items:
                stack.extend(items)
            case str() as text if not isinstance(text, Number) and not is_text(text):
                doubts.append("broken text")
            case _:
                pass


def write(value: Any) -> bytes:
    """Return JSON, compact like the venues'. An object may be a list of pairs in `Members`, to hold a key twice."""
    out: list[bytes] = []
    _write(value, out)
    return b"".join(out)


class Members(list[tuple[Any, Any]]):
    """An object as its pairs, in order."""


def pairs(frame: bytes) -> Any:
    """Read a sample for changing: objects as `Members`, numbers as `Number`."""
    return json.loads(frame, parse_int=Number, parse_float=Number, object_pairs_hook=Members)


def _write(value: Any, out: list[bytes]) -> None:
    match value:
        case Raw():
            out.append(value)
        case Number():
            out.append(value.encode())
        case str():
            out.append(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        case None | True | False:
            out.append(json.dumps(value).encode())
        case Members():
            _write_all(value, out, b"{}")
        case list():
            _write_all(value, out, b"[]")
        case _:
            raise TypeError(type(value))


def _write_all(items: Any, out: list[bytes], brackets: bytes) -> None:
    out.append(brackets[:1])
    for index, item in enumerate(items):
        if index:
            out.append(b",")
        if brackets == b"{}":
            name, value = item
            _write(name, out)
            out.append(b":")
            _write(value, out)
        else:
            _write(item, out)
    out.append(brackets[1:])
