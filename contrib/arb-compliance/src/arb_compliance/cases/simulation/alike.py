"""Tier simulation: what the simulated venue says has the form of what the real one is recorded to say."""

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_sim.likeness import differences

from arb_compliance.case import Proof, Tier, case
from arb_compliance.dialogue import Dialogue, dialogue
from arb_compliance.expect import NotProved, fail
from arb_compliance.forms import as_document, is_rows, is_table
from arb_compliance.reading import Reader
from arb_compliance.samples import Sample
from arb_compliance.subject import Subject

__all__ = ["errors_and_control_frames_are_as_recorded", "every_sample_can_be_said"]

CONTROL = frozenset({"ack", "refused", "pong", "reply", "closing", "ticket_lost"})
"""Calls of the sink that steer a connection."""

ENOUGH = 300
"""Messages of one kind that are compared with a sample before it counts as never said."""


@case("SIMULATION-002", Tier.SIMULATION, proof=Proof.VENUE)
async def every_sample_can_be_said(subject: Subject) -> None:
    """For every sample of data the simulated venue says something of the same form, key by key.

    Steps: let the plugin and its simulated venue talk about everything; compare each sample with what was said of its
        kind: answers of the same request, frames that the dialect takes for the same.
    Expect: one that has the same keys, nesting and types, numbers in quotes where the sample has quotes, but for what
        the index says of `absent`, `added` and `today`.
    When this fails: the simulated venue has another wire than the real one, and the plugin has learned that one.
    Source: the samples
    """
    said = await dialogue(subject)
    found = [sample for sample in subject.samples if sample.simulated and not _controls(sample)]
    if not found:
        raise NotProved("there are no samples")
    kinds = _Kinds(subject, said)
    for sample in found:
        _compare(sample, kinds.of(sample), subject)


@case("SIMULATION-004", Tier.SIMULATION, proof=Proof.VENUE)
async def errors_and_control_frames_are_as_recorded(subject: Subject) -> None:
    """The simulated venue refuses and acknowledges in the venue's own form, and refuses with the venue's own codes.

    Steps: as SIMULATION-002, with refused orders, unknown symbols, wrong keys, a wrong clock, too many requests,
        refused subscriptions; compare each sample of an error, an acknowledgement, a refusal or a pong.
    Expect: the same form; for errors the sample's HTTP status and its very code, and its text where one code has
        several meanings.
    When this fails: error tables are tested against codes that the venue never sends.
    Source: the samples
    """
    said = await dialogue(subject)
    found = [sample for sample in subject.samples if sample.simulated and _controls(sample)]
    if not found:
        raise NotProved("no sample shows an error or a control frame")
    kinds = _Kinds(subject, said)
    for sample in found:
        _compare(sample, kinds.of(sample), subject)


def _controls(sample: Sample) -> bool:
    calls = {str(call["call"]) for call in sample.says or ()}
    return sample.error is not None or (bool(calls) and calls <= CONTROL)


class _Kinds:
    """What was said, by what a sample would have to be compared with."""

    def __init__(self, subject: Subject, said: Dialogue) -> None:
        self._reader = Reader(subject)
        self._message = subject.samples.message
        self._said = said
        self._frames: dict[str, dict[frozenset[str], list[Any]]] = {}
        errors: dict[str | None, set[str | None]] = {}
        for sample in subject.samples.errors():
            errors.setdefault(sample.code, set()).add(sample.error)
        self._ambiguous = {code for code, kinds in errors.items() if len(kinds) > 1}
        """Codes whose text alone tells what they mean: it must be the very text."""

    def of(self, sample: Sample) -> list[Any]:
        """Return the messages of a sample's kind, as documents."""
        if sample.frame is not None:
            calls = frozenset(str(call["call"]) for call in sample.says or ())
            return self._by_calls(sample.frame).get(calls, [])
        found = [
            as_document(answer.body)
            for request, answer in self._said.answers
            if _answers(sample, request, answer) and answer.body
        ]
        if sample.error is not None and sample.code in self._ambiguous:
            expected = as_document(sample.body)
            return [document for document in found if document == expected]
        return found

    def _by_calls(self, side: str) -> dict[frozenset[str], list[Any]]:
        if side not in self._frames:
            found = self._frames[side] = {}
            for frame in self._said.frames:
                try:
                    calls = frozenset(call["call"] for call in self._reader.hear(side, frame))
                except Exception:  # noqa: BLE001, S112 (it is of the other side, or spoilt on purpose)
                    continue
                kept = found.setdefault(calls, [])
                if len(kept) < ENOUGH:
                    kept.append(as_document(frame, self._message))
        return self._frames[side]


def _answers(sample: Sample, request: RestRequest, answer: RestAnswer) -> bool:
    """Whether an answer is one to the sample's request; ids within a path may be others."""
    rest = sample.rest
    if rest is None:
        return False
    if sample.error is not None:
        # The same error may answer many requests.
        return answer.status == rest.status and _bears(as_document(answer.body), sample.code)
    ours, its = rest.path.split("/"), request.path.split("/")
    same = len(ours) == len(its) and all(
        one == other or (re.search(r"\d", one) and re.search(r"\d", other))
        for one, other in zip(ours, its, strict=True)
    )
    return same and request.method == rest.method and (answer.status < 400) == (rest.status < 400)


def _bears(document: Any, code: str | None) -> bool:
    """Whether a code stands anywhere in a message."""
    if is_table(document):
        return any(_bears(value, code) for value in document.values())
    if is_rows(document):
        return any(_bears(value, code) for value in document)
    return not isinstance(document, bool) and str(document) == code


def _unnamed(value: Any, maps: Collection[str], of: str | None = None) -> Any:
    """Return a document whose tables by the names of things are lists of those things: the names are others."""
    if is_table(value):
        held = {name: _unnamed(one, maps, name) for name, one in value.items()}
        return list(held.values()) if of in maps else held
    return [_unnamed(one, maps) for one in value] if is_rows(value) else value


def _compare(sample: Sample, said: list[Any], subject: Subject) -> None:
    expected = _today(as_document(sample.body, subject.samples.message if sample.binary else None), sample.today)
    best: list[str] | None = None
    shown: Any = None
    expected = _unnamed(expected, sample.maps)
    for one in said:
        for variant in _variants(expected, _unnamed(one, sample.maps)):
            found = differences(expected, variant, absent=sample.absent, added=sample.added)
            found = [text for text in found if ": expected null like" not in text]  # of what kind, nobody knows
            if not found:
                return
            if best is None or len(found) < len(best):
                best, shown = found, variant
    if best is None:
        raise fail(
            f"{sample.name}: the simulated venue never said anything of its kind",
            expected=expected,
            found=_what(sample),
            fix="teach it, or write simulated = false and why beside the sample",
        )
    raise fail(
        f"{sample.name}: {best[0]}",
        expected=expected,
        found="; ".join(best),
        frame=msgspec.json.encode(shown, enc_hook=repr),
        fix="the venue's side (sim), or absent, added, today of the sample where the venue has changed",
    )


def _variants(expected: Any, shown: Any) -> Iterable[Any]:
    """Yield a message, and each row of a list as if it were the first: rows of one list may lack different things."""
    yield shown
    if is_rows(expected) and is_rows(shown):
        for row in shown[1:]:
            yield [row]


def _today(document: Any, today: dict[str, Any]) -> Any:
    if is_table(document):
        new = {name: None if value == "null" else value for name, value in today.items()}
        return {name: new[name] if name in new else _today(value, today) for name, value in document.items()}
    return [_today(value, today) for value in document] if is_rows(document) else document


def _what(sample: Sample) -> str:
    if sample.rest is not None:
        return f"no answer to {sample.rest.method} {sample.rest.path} with HTTP {sample.rest.status}"
    return f"no frame that says {[str(call['call']) for call in sample.says or ()]}"
