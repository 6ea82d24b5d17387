"""How frames are spoilt. Each function takes a seeded generator and a frame and returns another frame.

`json_frame` and `protobuf_frame` choose: changes of bytes, which mostly break the syntax; changes of the document, which mostly
keep it and lie in the content; and small honest changes, so that enough spoilt frames are still accepted and their books compared.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from . import protobuf_wire as pb
from .json_text import Members, Number, Raw, pairs, write
from .spelling import Unreadable

__all__ = ["bytes_of", "json_frame", "protobuf_frame"]

Frame = bytes

NUMBERS = (
    "0", "-0", "0.0", "-1", "1", "1.0", "1e2", "10e-1", "1e-7", "1E+5", "0.1000000000000000055511151231257827021181583404541015625",
    "9007199254740993", "9007199254740993.0", "18446744073709551616", "9223372036854775807", "-9223372036854775809", "1e18", "1e19",
    "1e308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "1e400", "1e99999999999999999999", "5e-324", "2e-324", "1e-400",
    "1e-99999999999999999999", "1e-999999999", "0." + "0" * 400 + "1", "9" * 60, "9" * 400, "9" * 5000, "123456789012345678.987654321098765432",
)  # fmt: skip
"""Spelt as JSON spells numbers; most are no price, size, id or time of any market."""

SPELLINGS = (
    "", " ", "1 ", " 1", "+1", "01", "1.", ".5", "1_000", "1,000", "0x10", "1e", "1e+", "nan", "NaN", "inf", "-inf", "Infinity",
    "-Infinity", "null", "true", "none", "\u0661\u0662", "\uff11", "\u00b2", "1\u00a0", "1\u2009000", "1\n", "\t1", "1\x00", "--1", "1e5e5",
    "1.0.0", '1"', "1\\", '1","2', "½", "1 000", "1d", "1f", "1L", "0b1", "1j",
)  # fmt: skip
"""What some reader of numbers takes, and no venue prints."""

TEXTS = (
    "",
    "BTCUSDT",
    "BTC_USDT",
    "null",
    "x" * 300,
    "\u00e9",
    "\U0001f4a5",
    "\ud800",
    "\x00",
    "a\nb",
    '"',
    "\\",
    "@",
    "@0",
    "@-5",
    "@@@@@",
    "{}",
)

NESTINGS = (2, 30, 300, 100_000)
"""The last is deeper than any stack."""


def _deep(rng: Random) -> Raw:
    depth = rng.choices(NESTINGS, (40, 40, 18, 2))[0]
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    core = b"1" if opening != b"[" or rng.random() < 0.5 else b""
    return Raw(opening * depth + core + closing * (depth if rng.random() < 0.8 else depth - 1))


def _odd_value(rng: Random) -> Any:
    return rng.choice(
        (
            lambda: Number(rng.choice(NUMBERS)),
            lambda: rng.choice(NUMBERS),
            lambda: rng.choice(SPELLINGS),
            lambda: rng.choice(TEXTS),
            lambda: rng.choice((None, True, False)),
            lambda: rng.choice(
                (
                    Raw(b"NaN"),
                    Raw(b"Infinity"),
                    Raw(b"-Infinity"),
                    Raw(b"-"),
                    Raw(b"01"),
                    Raw(b"1."),
                    Raw(b"'1'"),
                    Raw(b""),
                )
            ),
            lambda: rng.choice(
                ([], Members(), [[]], [["1"]], [["1", "1", "1"]], [Number("1"), Number("2")], Members([("a", "b")]))
            ),
            lambda: _deep(rng),
        )
    )()


# -- places in a document ---------------------------------------------------------------------------------------------

Place = tuple[Any, int]
"""A container and an index; in `Members` the value of the pair."""


def _places(document: Any) -> Iterator[Place]:
    stack = [document]
    while stack:
        container = stack.pop()
        for index, item in enumerate(container):
            yield container, index
            value = item[1] if isinstance(container, Members) else item
            if isinstance(value, list):
                stack.append(value)


def _get(place: Place) -> Any:
    container, index = place
    return container[index][1] if isinstance(container, Members) else container[index]


def _put(place: Place, value: Any) -> None:
    container, index = place
    container[index] = (container[index][0], value) if isinstance(container, Members) else value


def _number_text(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdigit() and value.isascii()


def _nudge(rng: Random, text: str) -> str:
    """Change one digit, as a market would: the length and the point stay."""
    digits = [index for index, character in enumerate(text) if character.isdigit()]
    at = rng.choice(digits)
    digit = rng.choice("0123456789")
    if at == digits[0] and len(digits) > 1 and digit == "0" and "." not in text[:2]:
        digit = "1"
    return text[:at] + digit + text[at + 1 :]


# -- changes of a document ------------------------------------------------------------------------------------------------


def _nudge_numbers(rng: Random, document: Any) -> None:
    numeric = [place for place in _places(document) if _number_text(_get(place))]
    for place in rng.sample(numeric, min(len(numeric), rng.randint(1, 3))):
        value = _get(place)
        _put(place, type(value)(_nudge(rng, value)))


def _replace_value(rng: Random, document: Any) -> None:
    _put(rng.choice(list(_places(document))), _odd_value(rng))


def _respell_number(rng: Random, document: Any) -> None:
    numeric = [place for place in _places(document) if _number_text(_get(place))]
    if numeric:
        place = rng.choice(numeric)
        pool = NUMBERS if rng.random() < 0.6 else SPELLINGS
        value = rng.choice(pool)
        _put(place, Number(value) if isinstance(_get(place), Number) and pool is NUMBERS else value)


def _requote(rng: Random, document: Any) -> None:
    """Numbers as strings and back."""
    numeric = [place for place in _places(document) if _number_text(_get(place))]
    for place in rng.sample(numeric, min(len(numeric), rng.choice((1, 1, 2, 6)))):
        value = _get(place)
        _put(place, str(value) if isinstance(value, Number) else Number(value))


def _drop(rng: Random, document: Any) -> None:
    container, index = rng.choice(list(_places(document)))
    del container[index]


def _repeat(rng: Random, document: Any) -> None:
    """An item or a key twice, the second time sometimes with another value."""
    container, index = rng.choice(list(_places(document)))
    item: Any = container[index]
    if rng.random() < 0.5:
        other = _odd_value(rng) if rng.random() < 0.5 else rng.choice(("1", Number("1"), []))
        item = (item[0], other) if isinstance(container, Members) else other
    container.insert(rng.randint(0, len(container)), item)


def _unknown_field(rng: Random, document: Any) -> None:
    containers = [document] + [_get(place) for place in _places(document)]
    members = [container for container in containers if isinstance(container, Members)]
    name = rng.choice(("x", "", "lastOrderCreateTime", "\u00e9", "__class__", "E\x00", "a" * 200))
    rng.choice(members).append((name, _odd_value(rng)))


def _rename(rng: Random, document: Any) -> None:
    containers = [document] + [_get(place) for place in _places(document)]
    members = [container for container in containers if isinstance(container, Members) and container]
    chosen = rng.choice(members)
    index = rng.randrange(len(chosen))
    name, value = chosen[index]
    other = rng.choice((name.upper(), name.lower(), name + " ", name[:-1], "x", rng.choice(chosen)[0]))
    chosen[index] = (other, value)


def _swap(rng: Random, document: Any) -> None:
    places = list(_places(document))
    first, second = rng.choice(places), rng.choice(places)
    one, two = _get(first), _get(second)
    if not isinstance(one, list) and not isinstance(two, list):
        _put(first, two)
        _put(second, one)


def _shuffle(rng: Random, document: Any) -> None:
    containers = [document] + [_get(place) for place in _places(document)]
    rng.shuffle(rng.choice([container for container in containers if isinstance(container, list)]))


def _wrap(rng: Random, document: Any) -> None:
    place = rng.choice(list(_places(document)))
    value = _get(place)
    _put(place, rng.choice(([value], Members([("a", value)]), [value, value])))


_OF_DOCUMENTS: tuple[tuple[Callable[[Random, Any], None], int], ...] = (
    (_nudge_numbers, 30),
    (_replace_value, 14),
    (_respell_number, 14),
    (_requote, 8),
    (_drop, 7),
    (_repeat, 8),
    (_unknown_field, 8),
    (_rename, 4),
    (_swap, 4),
    (_shuffle, 6),
    (_wrap, 3),
)


# -- changes of bytes -----------------------------------------------------------------------------------------------------


def _flip(rng: Random, frame: Frame) -> Frame:
    spoilt = bytearray(frame)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        if spoilt:
            spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _overwrite(rng: Random, frame: Frame) -> Frame:
    spoilt = bytearray(frame)
    for _ in range(rng.choice((1, 1, 2))):
        if spoilt:
            spoilt[rng.randrange(len(spoilt))] = rng.choice(
                (0, 0x20, 0x22, 0x2C, 0x30, 0x5C, 0x7F, 0x80, 0xC0, 0xED, 0xFF, rng.randrange(256))
            )
    return bytes(spoilt)


def _truncate(rng: Random, frame: Frame) -> Frame:
    if rng.random() < 0.5:
        return frame[: -rng.randint(1, 3)]
    return frame[: rng.randint(0, len(frame))] if rng.random() < 0.8 else frame[rng.randint(0, len(frame)) :]


def _insert(rng: Random, frame: Frame) -> Frame:
    at = rng.randint(0, len(frame))
    extra = rng.choice(
        (
            b"\x00",
            b" ",
            b"\n",
            b'"',
            b",",
            b"\xef\xbb\xbf",
            b"\xff",
            b"{",
            b"}",
            b"[",
            b"\\",
            rng.randbytes(rng.randint(1, 8)),
        )
    )
    return frame[:at] + extra + frame[at:]


def _cut_out(rng: Random, frame: Frame) -> Frame:
    at = rng.randint(0, len(frame))
    return frame[:at] + frame[at + rng.randint(1, 12) :]


def _double(rng: Random, frame: Frame) -> Frame:
    at, end = sorted((rng.randint(0, len(frame)), rng.randint(0, len(frame))))
    return frame[:end] + frame[at:end] + frame[end:] if rng.random() < 0.9 else frame + frame


def _edges(rng: Random, frame: Frame) -> Frame:
    """Around the frame: blanks are JSON, everything else is not."""
    before, after = rng.choice(
        (
            (b" ", b""),
            (b"", b"\n"),
            (b"\r\n\t ", b" "),
            (b"\xef\xbb\xbf", b""),
            (b"", b"\x00"),
            (b"", b"{}"),
            (b"\x0c", b""),
        )
    )
    return before + frame + after


_OF_BYTES: tuple[tuple[Callable[[Random, Frame], Frame], int], ...] = (
    (_flip, 40),
    (_overwrite, 15),
    (_truncate, 15),
    (_insert, 12),
    (_cut_out, 8),
    (_double, 6),
    (_edges, 4),
)


def _pick(rng: Random, weighted: tuple[tuple[Any, int], ...]) -> Any:
    return rng.choices([entry for entry, _ in weighted], [weight for _, weight in weighted])[0]


def bytes_of(rng: Random, frame: Frame) -> Frame:
    """Spoil any frame, whatever is in it."""
    return _pick(rng, _OF_BYTES)(rng, frame)


def json_frame(rng: Random, frame: Frame) -> Frame:
    """Spoil a JSON frame."""
    if rng.random() < 0.35:
        return bytes_of(rng, frame)
    document = pairs(frame)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if document:
            _pick(rng, _OF_DOCUMENTS)(rng, document)
    spoilt = write(document)
    return bytes_of(rng, spoilt) if rng.random() < 0.05 else spoilt


# -- protobuf -----------------------------------------------------------------------------------------------------------


class _Field:
    """A field that can be written otherwise than it should be."""

    def __init__(self, number: int, wire_type: int, value: Any) -> None:
        self.number = number
        self.wire_type = wire_type
        self.value = value  # int, bytes or list[_Field]
        self.lie = 0
        self.padding = 0

    def write(self) -> Frame:
        head = pb.varint(self.number << 3 | self.wire_type, self.padding)
        match self.value:
            case int() as value:
                return head + pb.varint(value, self.padding)
            case list() as inner:
                content = b"".join(field.write() for field in inner)
            case _:
                content = self.value
        if self.wire_type != pb.LENGTH:
            return head + content
        return head + pb.varint(len(content) + self.lie, self.padding) + content


def _tree(wire: Frame, depth: int = 0) -> list[_Field]:
    """Take a message apart. What looks like a message inside is taken apart too, up to the levels of a book."""
    found = []
    for number, wire_type, value in pb.fields(wire):
        inner: Any = value
        # In the wrapper only the bodies (301 and above) are messages, in them only fields 1 and 2, and in those none.
        if wire_type == pb.LENGTH and (
            (depth == 0 and number > 300) or (depth == 1 and number <= 2 and value[:1] == b"\x0a")
        ):
            try:
                inner = _tree(value, depth + 1)
            except Unreadable:
                inner = value
        found.append(_Field(number, wire_type, inner))
    return found


def _all(fields: list[_Field]) -> Iterator[tuple[list[_Field], int]]:
    for index, field in enumerate(fields):
        yield fields, index
        if isinstance(field.value, list):
            yield from _all(field.value)


def _any_field(rng: Random, fields: list[_Field]) -> _Field:
    siblings, index = rng.choice(list(_all(fields)))
    return siblings[index]


def _nudge_texts(rng: Random, fields: list[_Field]) -> None:
    numeric = [
        siblings[index]
        for siblings, index in _all(fields)
        if isinstance(siblings[index].value, bytes) and _number_text(siblings[index].value.decode("utf-8", "replace"))
    ]
    for field in rng.sample(numeric, min(len(numeric), rng.randint(1, 3))):
        field.value = _nudge(rng, field.value.decode()).encode()


def _respell_text(rng: Random, fields: list[_Field]) -> None:
    texts = [siblings[index] for siblings, index in _all(fields) if isinstance(siblings[index].value, bytes)]
    if texts:
        text = rng.choice(rng.choice((NUMBERS, NUMBERS, SPELLINGS, SPELLINGS, TEXTS)))
        rng.choice(texts).value = text.encode("utf-8", "surrogatepass")


def _break_text(rng: Random, fields: list[_Field]) -> None:
    texts = [siblings[index] for siblings, index in _all(fields) if isinstance(siblings[index].value, bytes)]
    if texts:
        field = rng.choice(texts)
        broken = rng.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"))
        field.value = field.value + broken if rng.random() < 0.5 else broken


def _change_type(rng: Random, fields: list[_Field]) -> None:
    field = _any_field(rng, fields)
    field.wire_type = rng.choice((0, 1, 2, 3, 4, 5, 6, 7))
    if rng.random() < 0.7:
        field.value = {0: rng.choice((0, 1, 1 << 40)), 1: rng.randbytes(8), 5: rng.randbytes(4)}.get(
            field.wire_type, field.value
        )


def _renumber(rng: Random, fields: list[_Field]) -> None:
    field = _any_field(rng, fields)
    field.number = rng.choice(
        (
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            99,
            300,
            303,
            304,
            308,
            313,
            314,
            315,
            316,
            (1 << 29) - 1,
            1 << 29,
            rng.randint(0, 400),
        )
    )


def _lie_about_length(rng: Random, fields: list[_Field]) -> None:
    _any_field(rng, fields).lie = rng.choice((-1, 1, -2, 2, 7, 127, 1 << 20, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 63))


def _unknown_protobuf_field(rng: Random, fields: list[_Field]) -> None:
    inner = [fields] + [s[i].value for s, i in _all(fields) if isinstance(s[i].value, list)]
    number = rng.choice((7, 77, 1000, (1 << 29) - 1))
    wire_type = rng.choice((0, 1, 2, 3, 5))
    depth = rng.choice((1, 2, 50, 98, 99, 100, 101, 150))
    group = pb.tag(number, 3) * (depth - 1) + pb.tag(number, 4) * rng.choice((depth, depth, depth, depth - 1))
    value: Any = {0: rng.choice((0, 1 << 63)), 1: bytes(8), 2: rng.randbytes(rng.randint(0, 9)), 3: group, 5: bytes(4)}[
        wire_type
    ]
    chosen = rng.choice(inner)
    chosen.insert(rng.randint(0, len(chosen)), _Field(number, wire_type, value))


def _repeat_field(rng: Random, fields: list[_Field]) -> None:
    """A scalar, a level or a whole body twice: the last scalar counts, messages are merged."""
    siblings, index = rng.choice(list(_all(fields)))
    siblings.insert(rng.randint(0, len(siblings)), siblings[index])


def _other_body(rng: Random, fields: list[_Field]) -> None:
    """A second body of the oneof: the last one counts."""
    bodies = [field for field in fields if field.number > 300]
    content: Any = rng.choice((b"", b"\x0a\x00", bodies[0].value if bodies else b"", b"\x1a\x01a", b"\xff"))
    fields.insert(rng.randint(0, len(fields)), _Field(rng.randint(301, 316), pb.LENGTH, content))


def _huge_varint(rng: Random, fields: list[_Field]) -> None:
    whole = [siblings[index] for siblings, index in _all(fields) if isinstance(siblings[index].value, int)]
    if whole:
        field = rng.choice(whole)
        field.value = rng.choice(
            (0, 1, (1 << 31) - 1, 1 << 31, 1 << 32, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
        )


def _pad(rng: Random, fields: list[_Field]) -> None:
    _any_field(rng, fields).padding = rng.choice((1, 2, 3, 5, 9))


def _drop_field(rng: Random, fields: list[_Field]) -> None:
    siblings, index = rng.choice(list(_all(fields)))
    del siblings[index]


def _shuffle_fields(rng: Random, fields: list[_Field]) -> None:
    rng.shuffle(rng.choice([fields] + [s[i].value for s, i in _all(fields) if isinstance(s[i].value, list)]))


_OF_MESSAGES: tuple[tuple[Callable[[Random, list[_Field]], None], int], ...] = (
    (_nudge_texts, 30),
    (_respell_text, 14),
    (_break_text, 5),
    (_change_type, 8),
    (_renumber, 7),
    (_lie_about_length, 7),
    (_unknown_protobuf_field, 10),
    (_repeat_field, 8),
    (_other_body, 6),
    (_huge_varint, 6),
    (_pad, 5),
    (_drop_field, 8),
    (_shuffle_fields, 6),
)


def protobuf_frame(rng: Random, frame: Frame) -> Frame:
    """Spoil a protobuf frame."""
    if rng.random() < 0.35:
        return bytes_of(rng, frame)
    fields = _tree(frame)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if fields:
            _pick(rng, _OF_MESSAGES)(rng, fields)
    spoilt = b"".join(field.write() for field in fields)
    return bytes_of(rng, spoilt) if rng.random() < 0.05 else spoilt
