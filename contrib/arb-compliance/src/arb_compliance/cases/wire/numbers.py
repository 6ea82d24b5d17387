"""Tier wire: numbers keep their value, times their unit, sides their meaning."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from time import time_ns
from typing import Any

import msgspec

from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotProved, fail, true
from arb_compliance.forms import NUMERIC, Form, form_of, is_rows, is_table, once_each
from arb_compliance.reading import Reader, is_listed
from arb_compliance.result import Grade
from arb_compliance.samples import Sample
from arb_compliance.subject import Subject
from arb_compliance.told import Tree, leaves, tree

__all__ = ["numbers_are_exact", "sides_are_the_venues", "times_are_nanoseconds"]

NUMBERS = (
    "0.00000001",
    "123456789012.12345678",
    "0.1234567890123456789",
    "0.30000000000000004",
    "1000",
)
"""Small and large ones as venues print them, one with more digits than a float holds, one on the edge of rounding."""

SIDES = ("buy", "sell")

FIRST_NS = 1_483_228_800 * 1_000_000_000
"""2017-01-01: no venue's message here is older, its documentation's examples included."""
DAY_NS = 86_400 * 1_000_000_000


async def _read(reader: Reader, sample: Sample, body: bytes) -> Tree:
    return reader.calls(sample, body) if sample.frame is not None else tree(await reader.value(sample, body))


def _readable(subject: Subject) -> list[Sample]:
    found = [
        sample
        for sample in subject.samples
        if sample.error is None and not sample.malformed and (sample.frame is not None or sample.call is not None)
    ]
    if not found:
        raise NotProved("there are no samples")
    return found


@case("WIRE-007", Tier.WIRE, proof=Proof.SAMPLES)
async def numbers_are_exact(subject: Subject) -> None:
    """A price or size is the float nearest to its text, an amount that very number, whatever its size.

    Steps: put very small, very large and very long numbers in the place of each number of each sample.
    Expect: wherever the result changes, it is `float(text)` or `Decimal(text)`, or an exact sum, difference or product
        with another number of the message, or a hundredth or thousandth; or the message is refused.
    When this fails: a price is rounded twice, so that equal text is not an equal key; or money is reckoned in floats.
    Source: contract, names, numbers, time
    """
    reader = Reader(subject)
    for sample in _readable(subject):
        form = form_of(sample, subject.samples.message)
        if form is None:
            continue
        known = {Decimal(text) for _, value in once_each(form.fields()) if (text := _text(value)) is not None}
        told = leaves(await _read(reader, sample, sample.body))
        for number, body in _with_numbers(form):
            try:
                now = leaves(await _read(reader, sample, body))
            except Exception as error:
                if is_listed(error):
                    continue
                raise
            for place, leaf in now.items():
                before = told.get(place)
                if leaf != before and not _is(leaf, number, before, known):
                    raise fail(f"{sample.name}: {number} becomes {leaf!r} at {place}", frame=body, expected=number)


def _with_numbers(form: Form) -> Iterator[tuple[str, bytes]]:
    """Yield the message with each number in the place of each of its own, written alike; integers stay as they are."""
    for path, value in list(once_each(form.fields())):
        if isinstance(value, int) or _text(value) is None:
            continue
        for number in NUMBERS:
            body = form.with_value(path, number if isinstance(value, str) else msgspec.Raw(number.encode()))
            if body is not None:
                yield number, body


def _is(leaf: Any, number: str, before: Any, known: set[Decimal]) -> bool:
    """Whether a leaf is that number, or an exact outcome of it and of another; other kinds of leaves are not asked."""
    if isinstance(leaf, float):
        return leaf == float(number)
    if not isinstance(leaf, Decimal):
        return True
    if leaf in _exact(Decimal(number), known):
        return True
    # One of several numbers that were added up: it went, or another one in its place.
    terms = {*known, Decimal(number)}
    return isinstance(before, Decimal) and any(before - old + new == leaf for old in terms for new in terms)


def _exact(number: Decimal, known: set[Decimal]) -> Iterator[Decimal]:
    yield number
    yield number.scaleb(-2)  # per cent
    yield number.scaleb(-3)  # of a fee of a tenth per cent, the part that a coefficient makes
    for other in known:
        yield from (other - number, number - other, other + number, other * number)


def _text(value: Any) -> str | None:
    """Return how a number is written, None for what is none."""
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, str):
        return value if NUMERIC.fullmatch(value) else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


@case("WIRE-008", Tier.WIRE, proof=Proof.SAMPLES)
async def times_are_nanoseconds(subject: Subject) -> None:
    """Every time that is decoded lies between 2017 and tomorrow, counted in nanoseconds.

    Steps: decode every sample and look at each field whose name ends in `_ns`.
    Expect: a moment of the venue's life.
    When this fails: seconds, milliseconds or microseconds are taken for one another, or a missing time for 1970.
    Source: contract, names, numbers, time
    """
    reader = Reader(subject)
    latest = time_ns() + DAY_NS
    found = 0
    for sample in _readable(subject):
        if sample.call is not None and sample.call.method in ("ticket", "renew"):
            continue  # its times are durations
        for place, leaf in leaves(await _read(reader, sample, sample.body)).items():
            moment = place.endswith("_ns") or (sample.call is not None and sample.call.method == "get_server_time")
            if moment and isinstance(leaf, int):
                found += 1
                true(
                    FIRST_NS <= leaf <= latest,
                    f"{sample.name}: {place or 'the time'} is no moment between 2017 and tomorrow",
                    found=leaf,
                    frame=sample.body,
                    fix="multiply by 1_000_000 for ms, 1_000_000_000 for s, 1_000 for us",
                )
    if not found:
        raise NotProved("no sample bears a time")


@case("WIRE-009", Tier.WIRE, proof=Proof.SAMPLES)
async def sides_are_the_venues(subject: Subject) -> None:
    """Bids are what one gets for selling, best first; buyers are buyers.

    Steps: decode every book, trade, order and fill of the samples.
    Expect: bids fall and asks rise; in what was recorded the best bid is below the best ask; of trades both sides are
        seen among the samples, each as the sample says, and so they are of orders and fills together.
    When this fails: every edge has the wrong sign. With samples of one side only, a plugin that always says that side
        would pass.
    Source: the samples
    """
    reader = Reader(subject)
    seen: dict[str, set[str]] = {"taker": set(), "side": set()}
    for sample in _readable(subject):
        told = await _read(reader, sample, sample.body)
        rows = told if is_rows(told) else [told]
        for row in filter(is_table, rows):
            _book(sample, row)
        for name, sides in seen.items():
            expected = _sides(sample.gives if sample.says is None else list(sample.says), name)
            found = _sides(rows, name)
            if found != expected:
                raise fail(f"{sample.name}: {name} is another", frame=sample.body, expected=expected, found=found)
            sides.update(found)
    for name, sides in seen.items():
        if sides and not {"buy", "sell"} <= sides:
            missing = ({"buy", "sell"} - sides).pop()
            raise NotProved(f"no sample has {name} {missing}: add one to samples/index.toml")
    if not any(seen.values()):
        raise NotProved("no sample bears a side")


def _sides(told: Any, name: str) -> list[str]:
    """Return the sides that stand under a name, in order; a rate of takers is none."""
    rows = told if is_rows(told) else [told]
    return [row[name] for row in rows if is_table(row) and row.get(name) in SIDES]


def _book(sample: Sample, fields: dict[str, Any]) -> None:
    bids: list[Any] = fields.get("bids", [])
    asks: list[Any] = fields.get("asks", [])
    if fields.get("call") != "delta":
        for levels, falling in ((bids, True), (asks, False)):
            for (better, _), (worse, _) in pairwise(levels):
                true(
                    (better > worse) is falling and better != worse,
                    f"{sample.name}: {'bids' if falling else 'asks'} are not best first",
                    found=(better, worse),
                )
    if sample.grade is not Grade.RECORDED or fields.get("call") == "delta":
        return
    best: tuple[Any, Any] = (bids[0][0], asks[0][0]) if bids and asks else (fields.get("bid"), fields.get("ask"))
    if None not in best:
        true(best[0] < best[1], f"{sample.name}: a recorded book is crossed: are the sides swapped?", found=best)
