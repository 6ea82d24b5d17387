"""Acme's messages as text: lines of words, the last line a dot. Entered by `parse` and by both streams.

    whole market=btc.usdt count=4711 at=1700000000000000 sum=2439117997
    bid 100.10 2.5000
    .

What a line means is not known here.
"""

import re
from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import quote, unquote

import msgspec
from arb_core.structs.book import PrintedLevel

__all__ = ["Line", "Named", "levels", "named", "read", "rows", "write"]

T = TypeVar("T", bound=msgspec.Struct)

Line = tuple[str, list[str]]
"""The first word, and the others."""

Named = dict[str, str]

_END = "\n."
_FIRST = re.compile(r"[a-z-]+")


def read(message: bytes | memoryview) -> list[Line]:
    """Return the lines of a whole message.

    Raises:
        ValueError: it is cut off, goes on behind its end, or is not written in lines of words.
    """
    text = str(message, "utf-8")
    if text == ".":
        return []
    if not text.endswith(_END):
        raise ValueError("the message has no end")
    lines: list[Line] = []
    for line in text[: -len(_END)].split("\n"):
        first, *words = line.split(" ")
        if _FIRST.fullmatch(first) is None or "" in words:
            raise ValueError(f"expected a kind of line and words with one space between, found {line[:80]!r}")
        lines.append((first, words))
    return lines


def named(words: Iterable[str]) -> Named:
    """Return the `name=value` words of a line; `-` is no value. Words without a name are left out.

    Raises:
        ValueError: a name comes twice.
    """
    found: Named = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            continue
        if name in found:
            raise ValueError(f"{name} comes twice")
        found[name] = unquote(value, errors="strict") if "%" in value else value
    return {name: value for name, value in found.items() if value != "-"}


def rows(message: bytes | memoryview, kind: str, shape: type[T]) -> list[T]:
    """Return every line of a kind; other kinds are not ours to know.

    Raises:
        ValueError, msgspec.ValidationError: a line is not of its shape.
    """
    return [msgspec.convert(named(words), shape, strict=False) for first, words in read(message) if first == kind]


def levels(lines: Iterable[Line], side: str) -> list[PrintedLevel]:
    """Return the levels of a side as they are printed.

    Raises:
        ValueError: a level has no price or no size.
    """
    found: list[PrintedLevel] = []
    for first, words in lines:
        if first == side:
            if len(words) < 2:
                raise ValueError(f"expected price and size, found {words}")
            found.append((words[0], words[1]))
    return found


def write(first: str, *words: str, **fields: str | int | None) -> str:
    """Write a message of one line; what is None is left out."""
    given = [f"{name}={quote(str(value), safe=':/.,+')}" for name, value in fields.items() if value is not None]
    return " ".join((first, *given, *words)) + _END
