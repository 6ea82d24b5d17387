"""What a plugin made of a message, as a plain tree, and how it differs from what the sample says.

`Told` is a sink that writes down its calls with the names of their arguments. `tree` leaves out what is not said
(None, UNKNOWN, NaN, NO_ID, a field's default), so that "says no more than" is a comparison of keys.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from inspect import Parameter, signature
from typing import Any, cast

import msgspec
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import NO_ID, Printed
from arb_core.structs.market import Symbol

from arb_compliance.forms import is_rows, is_table

__all__ = ["Told", "Tree", "against", "leaves", "more_than", "read_frame", "tree"]

Tree = Any
"""Of dicts with names, lists, and leaves: int, float, Decimal, bool, text, or the name of an enumeration's member."""

_FREE_WORDS = {
    "ignored": {"reason"},
    "closing": {"reason"},
    "ticket_lost": {"reason"},
    "refused": {"reason"},
    "reply": {"answer"},
}
"""Words for people, and answers that only the dialect reads: compared where a sample says them."""

_PARAMETERS = {name: list(signature(getattr(Sink, name)).parameters.values())[1:] for name in Sink.__abstractmethods__}


class Told:
    """A sink that writes down each call: its name under `call`, and its arguments by name; a struct's fields flat."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in _PARAMETERS:
            raise AttributeError(name)
        return lambda *told, **named: self.calls.append(_named(name, _PARAMETERS[name], told, named))


def _named(call: str, parameters: list[Parameter], told: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"call": call}
    for parameter, value in zip(parameters, told, strict=False):
        if isinstance(value, msgspec.Struct) and not isinstance(value, Printed):
            found |= {field: getattr(value, field) for field in value.__struct_fields__}
            found |= {"struct": type(value)}
        else:
            found[parameter.name] = value
    return found | named


def read_frame(dialect: StreamDialect, frame: bytes) -> list[dict[str, Any]]:
    """Return the calls that a dialect makes for a frame, whose memory is reused afterwards, as in life."""
    told = Told()
    buffer = bytearray(frame)
    dialect.decode(memoryview(buffer), 0, cast("Sink", told))
    buffer[:] = b"\xaa" * len(buffer)
    return told.calls


def tree(value: Any) -> Tree:
    """Return what is said by a value."""
    if isinstance(value, msgspec.Struct):
        if isinstance(value, Symbol):
            return str(value)
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return _said(fields, _defaults(type(value)))
    kind: Any = value.__class__
    if issubclass(kind, Mapping):
        given = dict[Any, Any](value)
        if "call" not in given:
            return {str(name): tree(found) for name, found in given.items()}
        struct = given.pop("struct", None)
        return _said(given, {} if struct is None else _defaults(struct))
    if issubclass(kind, Sequence) and not issubclass(kind, str | bytes):
        return [tree(element) for element in list[Any](value)]
    return value.name.lower() if isinstance(value, Enum) else value


def _said(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Tree]:
    return {name: tree(value) for name, value in fields.items() if not _unsaid(name, value, defaults)}


def _defaults(kind: type) -> dict[str, Any]:
    return {
        field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(cast("type[msgspec.Struct]", kind))
        if not field.required
    }


def _unsaid(name: str, value: Any, defaults: Mapping[str, Any]) -> bool:
    if value is None or (name in defaults and value == defaults[name] and type(value) is type(defaults[name])):
        return True
    if isinstance(value, Enum):
        return value.name == "UNKNOWN"
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 (NaN)
    if isinstance(value, int):
        return (value == NO_ID and name.endswith("_id")) or (name == "depth" and value == 0)
    return name == "channels" and not value


def against(found: Any, said: Any, place: str = "") -> list[str]:
    """Return where a tree differs from what a sample says, one sentence each.

    Numbers are said as text: a float must be that text's correctly rounded value, a Decimal that very number.
    """
    if is_table(found) and is_table(said):
        return _dicts(found, said, place)
    if is_rows(found) and is_rows(said):
        if len(found) != len(said):
            return [f"{place or 'the message'}: expected {len(said)} of them, found {len(found)}"]
        return [
            text
            for number, (one, other) in enumerate(zip(found, said, strict=True))
            for text in against(one, other, f"{place}[{number}]")
        ]
    return [] if _same(found, said) else [f"{place or 'the message'}: expected {said!r}, found {found!r}"]


def _dicts(found: dict[str, Any], said: dict[str, Any], place: str) -> list[str]:
    free = _FREE_WORDS.get(str(found.get("call")), set[str]())
    differences: list[str] = []
    for name in {*found, *said}:
        at = f"{place}.{name}" if place else name
        if name not in said:
            if name not in free:
                differences.append(f"{at}: found {found[name]!r}, which the sample does not say")
        elif name in found:
            differences += against(found[name], said[name], at)
        elif said[name] not in ("nan", "unknown", "0", 0, False, []) and not _zero(said[name]):
            differences.append(f"{at}: expected {said[name]!r}, found nothing")
    return sorted(differences)


def _zero(said: Any) -> bool:
    """Whether a field's default may stand for it: a default is left out of the tree."""
    if isinstance(said, str):
        try:
            return not Decimal(said)
        except ArithmeticError:
            return said == "spot"
    return False


def _same(found: Any, said: Any) -> bool:
    if isinstance(found, bool) or isinstance(said, bool):
        return found is said
    if isinstance(found, float):
        return isinstance(said, str) and found == float(said)
    if isinstance(found, Decimal):
        return isinstance(said, str) and found == Decimal(said)
    return type(found) is type(said) and found == said


def more_than(one: Tree, other: Tree, place: str = "", *, unless: Any = None) -> list[str]:
    """Return where a tree says something that another does not say, or says otherwise; `unless` may stand anywhere."""
    if is_table(one) and is_table(other):
        return [
            text
            for name, value in one.items()
            for text in (
                more_than(value, other[name], f"{place}.{name}", unless=unless)
                if name in other
                else [f"{place}.{name}: {value!r} from nowhere"]
            )
        ]
    if is_rows(one) and is_rows(other):
        if len(one) != len(other):
            return [f"{place}: {len(one)} in place of {len(other)}"]
        return [
            text
            for number, (row, its) in enumerate(zip(one, other, strict=True))
            for text in more_than(row, its, f"{place}[{number}]", unless=unless)
        ]
    less = (one, other) == ("open", "partially_filled")  # of an order whose fills are not told
    same = type(one) is type(other) and one == other
    return [] if same or less or (unless is not None and one == unless) else [f"{place}: {one!r} in place of {other!r}"]


def leaves(of: Tree, place: str = "") -> dict[str, Any]:
    """Return every leaf of a tree by its place."""
    if is_table(of):
        return {at: leaf for name, value in of.items() for at, leaf in leaves(value, f"{place}.{name}").items()}
    if is_rows(of):
        return {at: leaf for number, value in enumerate(of) for at, leaf in leaves(value, f"{place}[{number}]").items()}
    return {place: of}
