"""Tier wire: messages that are not quite what the samples are. Nothing wrong may come of them."""

import re
from collections.abc import AsyncIterator, Callable, Collection
from functools import partial
from random import Random
from time import perf_counter
from typing import Any

import msgspec

from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotProved, fail, true
from arb_compliance.forms import NUMERIC, Form, Path, form_of, is_rows, is_table, once_each
from arb_compliance.reading import Reader, is_listed
from arb_compliance.samples import Sample
from arb_compliance.subject import Subject
from arb_compliance.told import Tree, leaves, more_than, tree

__all__ = [
    "a_field_that_is_missing_or_wrong_is_never_a_wrong_value",
    "a_message_that_is_cut_is_refused",
    "fields_of_tomorrow_are_ignored",
    "garbage_is_refused_quickly",
    "unheard_words_mean_unknown",
]

DATA = frozenset({"delta", "snapshot", "quote", "trade", "kline", "order", "fill", "balance"})
"""Calls of the sink that carry facts; the others steer the connection."""

WORD = re.compile(r"[A-Za-z][A-Za-z_]*")
"""A text that may be a word of a list: a side, a status, the name of an event."""
UNHEARD = "ZZ_UNHEARD"
SPOILT = "zz spoilt"
"""A text in place of a number. Where an id may be a text, it is shown as it came."""

CUTS = 48
"""Places at which a message is cut, its last bytes among them."""

PATIENCE_S = 0.5
"""Of wall time, for one piece of garbage."""


async def _readable(subject: Subject, *, data: bool = False) -> AsyncIterator[tuple[Reader, Sample, Tree]]:
    """Yield each sample that is no error with what is made of it; with `data` only frames that carry facts."""
    reader = Reader(subject)
    found = False
    for sample in subject.samples:
        if sample.error is not None or sample.malformed or (sample.frame is None and sample.call is None):
            continue
        told = await _read(reader, sample, sample.body)
        if data and sample.frame is not None and not DATA & {call["call"] for call in told}:
            continue
        found = True
        yield reader, sample, told
    if not found:
        raise NotProved("there are no samples")


async def _read(reader: Reader, sample: Sample, body: bytes) -> Tree:
    return reader.calls(sample, body) if sample.frame is not None else tree(await reader.value(sample, body))


async def _refused_or(
    reader: Reader, sample: Sample, body: bytes, *, what: str, wrong: Callable[[Tree], list[str]]
) -> None:
    """Fail the case unless a changed message is refused as the contract says, or what is made of it is not wrong."""
    try:
        told = await _read(reader, sample, body)
    except Exception as error:
        if is_listed(error):
            return
        raise fail(
            f"{sample.name}: {what}: raises what the contract does not list", frame=body, found=repr(error)
        ) from error
    if differences := wrong(told):
        raise fail(f"{sample.name}: {what}: {differences[0]}", frame=body, found=told)


@case("WIRE-004", Tier.WIRE, proof=Proof.SAMPLES)
async def fields_of_tomorrow_are_ignored(subject: Subject) -> None:
    """A field that nobody knows yet, in any object of a message, changes nothing.

    Steps: put an unknown field into every object of each sample.
    Expect: exactly what the sample gives without it.
    When this fails: the day on which the venue adds a field is the day on which trading stops.
    Source: contract, StreamDialect
    """
    async for reader, sample, told in _readable(subject):
        form = form_of(sample, subject.samples.message)
        if form is None:
            continue
        body = form.with_unknown()
        try:
            now = await _read(reader, sample, body)
        except Exception as error:
            raise fail(f"{sample.name}: refused with an unknown field", frame=body, found=error) from error
        if now != told:
            raise fail(f"{sample.name}: another result with an unknown field", frame=body, expected=told, found=now)


@case("WIRE-005", Tier.WIRE, proof=Proof.SAMPLES, limit_s=60.0)
async def a_field_that_is_missing_or_wrong_is_never_a_wrong_value(subject: Subject) -> None:
    """A message without one of its fields, or with one of another kind, is refused, or says less: never anything else.

    Steps: take away each field of each sample; put an object, a truth value and a text in its place.
    Expect: an error that the contract lists, or a result in which only fewer things are said: None or UNKNOWN, not 0.
    When this fails: a default stands in for what the venue did not say, and a strategy acts on it.
    Source: contract, StreamDialect and RestClient
    """
    async for reader, sample, told in _readable(subject, data=True):
        form = form_of(sample, subject.samples.message)
        if form is None:
            continue
        fields = once_each(form.fields()) if subject.short else form.fields()
        for path, value in list(fields):
            if path[-1] in sample.replaceable:
                continue
            for what, body in _spoilt(form, path, value, sample.maps):
                await _refused_or(reader, sample, body, what=what, wrong=partial(_more, told))


def _spoilt(form: Form, path: Path, value: Any, maps: Collection[str]) -> list[tuple[str, bytes]]:
    place = ".".join(map(str, path))
    # Who can tell that a list was longer, or a table of things by their names?
    fixed = isinstance(path[-1], int) or path[-2:-1] in [(name,) for name in maps] or form.may_lack(value)
    found = [] if fixed else [(f"without {place}", form.without(path))]
    others: list[Any] = [{"zz": 1}, SPOILT] if _is_number(value) else [{"zz": 1}]
    if isinstance(value, dict | list):
        others = [7]
    for other in others:
        body = form.with_value(path, other)
        if body is not None:
            found.append((f"{other!r} for {place}", body))
    return found


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return NUMERIC.fullmatch(value) is not None
    return isinstance(value, int | float | msgspec.Raw) and not isinstance(value, bool)


def _other(told: Tree, now: Tree) -> list[str]:
    return [] if now == told else ["taken"]


def _more(told: Tree, now: Tree) -> list[str]:
    """Return what is said now and was not said before; a frame that is passed over says nothing."""
    if is_rows(now) and all(is_table(call) and call.get("call") == "ignored" for call in now) and told:
        return []
    return more_than(now, told, unless=SPOILT)


@case("WIRE-006", Tier.WIRE, proof=Proof.SAMPLES)
async def a_message_that_is_cut_is_refused(subject: Subject) -> None:
    """A message that ends too early is refused, wherever it was cut.

    Steps: cut each sample at many places, its last three bytes among them.
    Expect: an error that the contract lists; never a part of what the message said.
    When this fails: half a book is taken for a whole one.
    Source: contract, StreamDialect
    """
    async for reader, sample, told in _readable(subject, data=True):
        whole = sample.body
        step = max(1, len(whole) // CUTS)
        for end in sorted({*range(1, len(whole), step), *range(max(1, len(whole) - 3), len(whole))}):
            await _refused_or(
                reader,
                sample,
                whole[:end],
                what=f"cut after {end} of {len(whole)} bytes",
                wrong=partial(_other, told),
            )


@case("WIRE-010", Tier.WIRE, proof=Proof.SAMPLES)
async def unheard_words_mean_unknown(subject: Subject) -> None:
    """A word of a list that has grown is UNKNOWN, or of no consequence: it crashes nothing and means no other word.

    Steps: put an unheard word in the place of each word of each sample (and an unheard number in that of each small
        one) that is not itself shown, such as a pair or an asset.
        Fields that tell the kind of a message are named by the index; an unheard kind may be refused as well.
    Expect: the message is read; no enumeration says another member than UNKNOWN or the one before.
    When this fails: a new order status stops the account, or reads as one that means something else.
    Source: contract, names
    """
    async for reader, sample, told in _readable(subject, data=True):
        form = form_of(sample, subject.samples.message)
        if form is None:
            continue
        shown = leaves(told)
        texts = {str(leaf).lower() for leaf in shown.values()}
        words = {place: leaf for place, leaf in shown.items() if isinstance(leaf, str)}
        for path, value in list(once_each(form.fields())):
            other = _unheard(value, texts)
            body = None if other is None else form.with_value(path, other)
            if body is None:
                continue
            place = ".".join(map(str, path))
            try:
                read = await _read(reader, sample, body)
            except Exception as error:
                if path[-1] in subject.samples.kinds and is_listed(error):
                    continue
                raise fail(f"{sample.name}: {other!r} for {place} is refused", frame=body, found=repr(error)) from error
            # Calls may go, and others then stand in their place.
            same = not is_rows(read) or len(read) == len(told)
            for at, leaf in leaves(read).items() if same else ():
                if at in words and isinstance(leaf, str) and leaf not in (words[at], "ignored") and leaf != other:
                    raise fail(
                        f"{sample.name}: {other!r} for {place} makes {at} {leaf!r}", frame=body, expected=words[at]
                    )


def _unheard(value: Any, shown: set[str]) -> str | int | None:
    """Return another value for what may be a word of a list; None for all else."""
    if isinstance(value, str) and WORD.fullmatch(value) and not any(value.lower() in text for text in shown - WORDS):
        return UNHEARD
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 50 and str(value) not in shown:
        return 97
    return None


WORDS = frozenset(
    {"buy", "sell", "limit", "market", "gtc", "ioc", "fok", "open", "filled", "canceled", "maker", "taker"}
)
"""Names of the contract's enumerations, which venues use as well."""


@case("WIRE-012", Tier.WIRE, proof=Proof.SAMPLES)
async def garbage_is_refused_quickly(subject: Subject) -> None:
    """Whatever bytes arrive, a decoder refuses them by an error that the contract lists, at once, or passes them over.

    Steps: give both dialects and each method of the samples nothing, single bytes, noise, very deep nesting, numbers of
        thousands of digits, NaN and Infinity.
    Expect: a listed error within half a second, or nothing said.
    When this fails: one broken message ends the process, or keeps it busy for everybody.
    Source: contract, StreamDialect
    """
    reader = Reader(subject)
    tried: set[str] = set()
    for sample in subject.samples:
        reads = sample.frame or (sample.call.method if sample.call and sample.error is None else None)
        if reads is None or reads in tried:
            continue
        tried.add(reads)
        for garbage in [*_garbage(), *_poisoned(form_of(sample, subject.samples.message))]:
            began = perf_counter()
            await _refused_or(reader, sample, garbage, what="garbage", wrong=_facts)
            took = perf_counter() - began
            true(took < PATIENCE_S, f"{reads}: {took:.1f} s for garbage", frame=garbage)
    if not tried:
        raise NotProved("there are no samples")


def _garbage() -> list[bytes]:
    noise = Random(5)  # noqa: S311 (repeatable)
    fixed = [b"", b"\x00", b"\xff", b"{", b"[", b"null", b"true", b"7", b'""', b"[]", b"{}", b"[[]]", b'{"a":']
    long = [b"[" * 50_000, b'{"a":' * 50_000, b'{"id":' + b"9" * 5_000 + b"}", b"[1e99999]", b'"' + b"a" * 100_000]
    return [*fixed, *long, *(noise.randbytes(size) for size in (1, 3, 17, 200, 3_000))]


def _poisoned(form: Form | None) -> list[bytes]:
    """Return a sample with numbers that are none."""
    if form is None:
        return []
    numbers = [path for path, value in once_each(form.fields()) if _is_number(value)]
    found = [form.with_value(path, text) for path in numbers for text in ("NaN", "Infinity", "-1e400", "1_000", "٣")]
    return [body for body in found if body is not None]


def _facts(told: Tree) -> list[str]:
    """Return what a decoder says that is a fact; nothing may come of garbage but odd numbers in ids."""
    return [f"says {place} = {leaf!r}" for place, leaf in leaves(told).items() if _odd(leaf)]


def _odd(leaf: Any) -> bool:
    """Whether a number is none that can be reckoned with."""
    if isinstance(leaf, float):
        return leaf != leaf or abs(leaf) == float("inf")  # noqa: PLR0124 (NaN)
    return bool(hasattr(leaf, "is_finite") and not leaf.is_finite())
