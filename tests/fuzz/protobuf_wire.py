"""The protobuf wire format, by hand: a reader that shares no code with any protobuf library, and a writer.

Source: https://protobuf.dev/programming-guides/encoding/ , and for what that page leaves open (each noted below) the C decoder
upb that every current Python protobuf is built on: a reference has to say what the bytes mean to it.

A schema is a dict: field number -> (name, type). A type is "text", "int64", "int32", "bool", another schema (one message) or
a list with one schema (a repeated message). Fields that exclude each other stand in a `OneOf`.
"""

from collections.abc import Iterator
from typing import Any

from .spelling import Unreadable

__all__ = ["OneOf", "Schema", "fields", "length_delimited", "parse", "tag", "varint"]

Schema = dict[int, tuple[str, Any]]

VARINT, FIXED64, LENGTH, GROUP, END_GROUP, FIXED32 = range(6)
_FIXED = {FIXED64: 8, FIXED32: 4}

_DEEPEST = 100
"""upb's limit for messages and groups inside each other."""
_LONGEST = (1 << 31) - 1


class OneOf(frozenset[int]):
    """Field numbers of which a message holds one at most."""


_NONE = OneOf()
_SCALARS = ("int64", "int32", "bool")


def parse(wire: bytes, schema: Schema, one_of: OneOf) -> dict[str, Any]:
    """Return the fields that are there; a repeated one is a list. A field with another wire type than its own is unknown.

    `one_of` belongs to the outermost message: MEXC's inner ones have none.

    Raises:
        Unreadable: the bytes are no message.
    """
    message: dict[str, Any] = {}
    _merge(wire, schema, one_of, message, 1)
    return message


def _merge(wire: bytes, schema: Schema, one_of: OneOf, message: dict[str, Any], depth: int) -> None:
    if depth > _DEEPEST + 1:
        raise Unreadable("messages too deep in each other")
    for number, wire_type, value in fields(wire, depth):
        name, kind = schema.get(number, ("", None))
        if wire_type != (VARINT if kind in _SCALARS else LENGTH) or kind is None:
            continue
        if kind in _SCALARS:
            message[name] = _scalar(value, kind)
        elif kind == "text":
            message[name] = _text(value)
        elif isinstance(kind, list):
            item: dict[str, Any] = {}
            _merge(value, kind[0], _NONE, item, depth + 1)
            message.setdefault(name, []).append(item)
        else:
            if number in one_of:
                for other in one_of - {number}:
                    message.pop(schema[other][0], None)
            # A message that comes twice is merged, says the encoding page: "Last One Wins" is for scalars.
            _merge(value, kind, _NONE, message.setdefault(name, {}), depth + 1)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("text that is not UTF-8") from error


def _scalar(value: int, kind: str) -> int | bool:
    if kind == "bool":
        return bool(value)
    bits = 64 if kind == "int64" else 32
    value &= (1 << bits) - 1  # "parsed as if cast in C++"
    return value - (1 << bits) if value >> (bits - 1) else value


def fields(wire: bytes, depth: int = 1) -> Iterator[tuple[int, int, Any]]:
    """Yield (number, wire type, value) of one message; groups are checked and left out, for proto3 has none."""
    at = 0
    groups: list[int] = []
    while at < len(wire):
        key, at = _varint(wire, at, longest=5)
        if key >> 32:
            raise Unreadable("a tag above 32 bits")
        number, wire_type = key >> 3, key & 7
        if not number:
            raise Unreadable("field 0")
        if wire_type == GROUP:
            groups.append(number)
            if depth + len(groups) > _DEEPEST + 1:
                raise Unreadable("groups too deep in each other")
        elif wire_type == END_GROUP:
            if not groups or groups.pop() != number:
                raise Unreadable("the end of a group that did not begin")
        else:
            value, at = _value(wire, at, wire_type)
            if not groups:
                yield number, wire_type, value
    if groups:
        raise Unreadable("a group without end")


def _value(wire: bytes, at: int, wire_type: int) -> tuple[Any, int]:
    if wire_type == VARINT:
        return _varint(wire, at, longest=10)
    if wire_type in _FIXED:
        return _take(wire, at, _FIXED[wire_type])
    if wire_type != LENGTH:
        raise Unreadable(f"wire type {wire_type}")
    length, at = _varint(wire, at, longest=5)
    if length > _LONGEST:
        raise Unreadable("a length above 2 GiB")
    return _take(wire, at, length)


def _take(wire: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(wire):
        raise Unreadable("cut off")
    return wire[at : at + length], at + length


def _varint(wire: bytes, at: int, longest: int) -> tuple[int, int]:
    """upb: tags and lengths have 5 bytes at most, values 10, of which 64 bits count."""
    value = 0
    for place in range(longest):
        if at + place >= len(wire):
            raise Unreadable("cut off")
        byte = wire[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & ((1 << 64) - 1), at + place + 1
    raise Unreadable("a varint without end")


def varint(value: int, padding: int = 0) -> bytes:
    """Write a varint, made longer than needed by `padding` bytes."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(padding):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    """Write a tag."""
    return varint(number << 3 | wire_type)


def length_delimited(number: int, content: bytes) -> bytes:
    """Write a string, bytes or message field."""
    return tag(number, LENGTH) + varint(len(content)) + content
