"""How a message can be changed without leaving its form: a field taken away, put in, or of another kind.

JSON keeps the spelling of its numbers; protobuf is changed through the class that the index of samples names; lines of
text by their `name=value` words. So nothing here knows any venue's fields. A message in no such form cannot be changed,
only cut.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol, TypeGuard

import msgspec

from arb_compliance.samples import Sample

__all__ = ["NUMERIC", "Form", "Path", "as_document", "form_of", "is_rows", "is_table", "once_each"]

Path = tuple[str | int, ...]
"""Names of fields and numbers of elements, from the outside in."""

NUMERIC = re.compile(r"-?\d+(\.\d+)?")

_UNKNOWN_NAME = "zzFieldOfTomorrow"
_UNKNOWN_BYTES = b"\xf8\x7c\x01\xfa\x7c\x03new"
"""Protobuf fields 1999, an integer, and 1999 again, a text: numbers that no venue has come to yet."""


def is_table(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is an object of JSON, or something else by names."""
    return isinstance(value, dict)


def is_rows(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value is a list."""
    return isinstance(value, list)


class Form(Protocol):
    """A message that can be changed."""

    def fields(self) -> Iterator[tuple[Path, Any]]:
        """Yield each field and element with its value: text, a number, a truth value, None; containers as such."""
        ...

    def without(self, path: Path) -> bytes:
        """Return the message without this field."""
        ...

    def may_lack(self, value: Any) -> bool:
        """Return whether a field with this value might be missing without anybody being able to tell."""
        ...

    def with_value(self, path: Path, value: Any) -> bytes | None:
        """Return the message with another value there; None where the form itself has no room for one of that kind."""
        ...

    def with_unknown(self) -> bytes:
        """Return the message with a field that nobody knows in each of its objects."""
        ...


def form_of(sample: Sample, message: Any = None) -> Form | None:
    """Return the form of a sample's message; None = in no form that is known here."""
    if sample.binary:
        return None if message is None else _Protobuf(message, sample.body)
    try:
        return _Json(sample.body, frozenset(sample.maps))
    except ValueError:
        return _Lines(sample.body.decode()) if _is_lines(sample.body) else None


def as_document(body: bytes, message: Any = None) -> Any:
    """Return a message as a tree of objects, lists and values; binary ones by their protobuf class, else as text."""
    if message is not None and body[:1] not in (b"{", b"["):
        return _tree_of(message.FromString(body))
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return _rows_of(body.decode()) if _is_lines(body) else body.decode("utf-8", "replace")


def _rows_of(text: str) -> dict[str, list[Any]]:
    """Return lines by what they are about: of each its named words, or all of them where none is named."""
    found: dict[str, list[Any]] = {}
    for line in text.split("\n"):
        first, *words = line.split(" ")
        named = dict(word.split("=", 1) for word in words if "=" in word)
        found.setdefault(first, []).append(named or words)
    return found


def _tree_of(value: Any) -> Any:
    if _is_message(value):
        return {field.name: _tree_of(held) for field, held in value.ListFields()}
    return value if _is_leaf(value) else [_tree_of(element) for element in value]


def once_each(fields: Iterator[tuple[Path, Any]]) -> Iterator[tuple[Path, Any]]:
    """Yield the first of fields that differ only by the number of their element: one row of each table."""
    seen: set[Path] = set()
    for path, value in fields:
        # A row of columns is no table: its columns differ in meaning.
        columns = len(path) - 1 if _is_leaf(value) or value is None else len(path)
        kind = tuple("*" if isinstance(part, int) and at < columns else part for at, part in enumerate(path))
        if kind not in seen:
            seen.add(kind)
            yield path, value


class _Json:
    def __init__(self, body: bytes, maps: frozenset[str] = frozenset()) -> None:
        self._maps = maps
        self._document: Any = json.loads(body, parse_float=lambda text: msgspec.Raw(text.encode()))

    def fields(self) -> Iterator[tuple[Path, Any]]:
        yield from _walk(self._document, ())

    def without(self, path: Path) -> bytes:
        return msgspec.json.encode(_changed(self._document, path, _GONE))

    def may_lack(self, value: Any) -> bool:
        return False

    def with_value(self, path: Path, value: Any) -> bytes | None:
        return msgspec.json.encode(_changed(self._document, path, value))

    def with_unknown(self) -> bytes:
        return msgspec.json.encode(_enriched(self._document, self._maps))


_GONE = object()


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    if is_table(value):
        for name, element in value.items():
            yield from _walk(element, (*path, name))
    elif is_rows(value):
        for number, element in enumerate(value):
            yield from _walk(element, (*path, number))


def _changed(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    head, rest = path[0], path[1:]
    if is_table(value):
        made = {name: _changed(old, rest, new) if name == head else old for name, old in value.items()}
        return {name: kept for name, kept in made.items() if kept is not _GONE}
    rows: list[Any] = value
    return [
        kept
        for number, old in enumerate(rows)
        if (kept := _changed(old, rest, new) if number == head else old) is not _GONE
    ]


def _enriched(value: Any, maps: frozenset[str], of: str | None = None) -> Any:
    """Return a value with an unknown field in each object but those that are `maps`: `of` is its own name."""
    if is_table(value):
        unknown = {} if of in maps else {_UNKNOWN_NAME: {"a": [1, None, "b"]}}
        return {**unknown, **{name: _enriched(old, maps, name) for name, old in value.items()}}
    if is_rows(value):
        return [_enriched(old, maps) for old in value]
    return value


_LINES = re.compile(rb"(^|\s)[\w.-]+=\S")


def _is_lines(body: bytes) -> bool:
    """Whether a message is lines of text with named words."""
    return body.isascii() and _LINES.search(body) is not None


class _Lines:
    """Lines of words, some of them `name=value`; the first word of a line says what it is about."""

    def __init__(self, text: str) -> None:
        self._lines = [line.split(" ") for line in text.split("\n")]

    def fields(self) -> Iterator[tuple[Path, Any]]:
        for row, (_, *words) in enumerate(self._lines):
            for column, word in enumerate(words, 1):
                name, equals, value = word.partition("=")
                yield ((row, name), value) if equals else ((row, column), word)

    def without(self, path: Path) -> bytes:
        return self._written(path, None)

    def may_lack(self, value: Any) -> bool:
        return False

    def with_value(self, path: Path, value: Any) -> bytes | None:
        if isinstance(value, dict | list | bool):
            return None
        text = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
        return self._written(path, text) if re.fullmatch(r"[^\s=%]+", text) else None

    def with_unknown(self) -> bytes:
        more = f" {_UNKNOWN_NAME}=new"
        lines = (" ".join(words) for words in self._lines)
        return "\n".join(line + more if "=" in line else line for line in lines).encode()

    def _written(self, path: Path, text: str | None) -> bytes:
        row, place = path
        lines: list[str] = []
        for number, words in enumerate(self._lines):
            kept = words
            if number == row and isinstance(place, int):
                kept = [*words[:place], *([] if text is None else [text]), *words[place + 1 :]]
            elif number == row:
                changed = [] if text is None else [f"{place}={text}"]
                kept = [new for word in words for new in (changed if word.startswith(f"{place}=") else [word])]
            lines.append(" ".join(kept))
        return "\n".join(lines).encode()


class _Protobuf:
    def __init__(self, message: Any, body: bytes) -> None:
        self._message = message.FromString(body)

    def fields(self) -> Iterator[tuple[Path, Any]]:
        yield from self._fields(self._message, ())

    def _fields(self, message: Any, path: Path) -> Iterator[tuple[Path, Any]]:
        for field, value in message.ListFields():
            here = (*path, field.name)
            yield here, value
            if _is_message(value):
                yield from self._fields(value, here)
            elif not _is_leaf(value):
                for number, element in enumerate(value):
                    yield (*here, number), element
                    if _is_message(element):
                        yield from self._fields(element, (*here, number))

    def without(self, path: Path) -> bytes:
        copy = self._copy()
        holder = _at(copy, path[:-1])
        last = path[-1]
        if isinstance(last, int):
            del holder[last]
        else:
            holder.ClearField(last)
        return bytes(copy.SerializeToString())

    def may_lack(self, value: Any) -> bool:
        # An empty list and none are the same, and so are false and absent.
        return value is True or not (_is_leaf(value) or _is_message(value))

    def with_value(self, path: Path, value: Any) -> bytes | None:
        copy = self._copy()
        holder, last = _at(copy, path[:-1]), path[-1]
        try:
            if isinstance(last, int):
                holder[last] = value
            else:
                setattr(holder, last, value)
        except (TypeError, AttributeError, ValueError):
            return None
        return bytes(copy.SerializeToString())

    def with_unknown(self) -> bytes:
        copy = self._copy()
        for message in list(_messages(copy)):
            message.MergeFromString(_UNKNOWN_BYTES)
        return bytes(copy.SerializeToString())

    def _copy(self) -> Any:
        copy = type(self._message)()
        copy.CopyFrom(self._message)
        return copy


def _at(message: Any, path: Path) -> Any:
    for part in path:
        message = message[part] if isinstance(part, int) else getattr(message, part)
    return message


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for _, value in message.ListFields():
        if _is_message(value):
            yield from _messages(value)
        elif not _is_leaf(value):
            for element in value:
                if _is_message(element):
                    yield from _messages(element)


def _is_message(value: Any) -> bool:
    return hasattr(value, "ListFields")


def _is_leaf(value: Any) -> bool:
    return isinstance(value, str | bytes | int | float | bool | msgspec.Raw)
