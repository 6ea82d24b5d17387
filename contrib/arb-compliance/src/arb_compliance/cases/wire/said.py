"""Tier wire: samples are decoded to what they say."""

import re
from importlib.resources import files

from arb_core.errors import ArbError, WireError
from arb_core.structs.book import BookSnapshot

from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotProved, fail, true
from arb_compliance.forms import form_of
from arb_compliance.reading import Reader, asked_for
from arb_compliance.samples import NOT_SAMPLES, Sample
from arb_compliance.subject import Subject
from arb_compliance.told import against, tree

__all__ = [
    "answers_are_read_as_they_say",
    "frames_are_decoded_to_what_they_say",
    "recorded_answers_are_found_by_their_path",
    "the_index_tells_every_sample",
]

_WITH_VALUE = re.compile(r"get_|place_|modify_|ticket|renew")
"""Methods that return something, so that a sample must say what."""


@case("WIRE-001", Tier.WIRE, proof=Proof.SAMPLES)
def the_index_tells_every_sample(subject: Subject) -> None:
    """Every sample has an origin, a source and a licence, and no message of the folder is left out.

    Steps: read `samples/index.toml` beside the files of its folder.
    Expect: the index reads; it names every file, and every part of a file that it names in parts; a licence that is a
        file is there; each sample is a frame that says something, or an answer with the method that reads it; what the
        simulation never says has a reason.
    When this fails: nobody can tell what the evidence is worth, or a message that would fail is not asked.
    Source: contract, samples
    """
    try:
        samples = subject.samples
    except ValueError as error:
        raise fail("samples/index.toml cannot be read", found=error) from error
    folder = files(subject.package) / "samples"
    there = {entry.name for entry in folder.iterdir() if entry.is_file()}
    messages = {name for name in there if name not in NOT_SAMPLES and not name.startswith("LICENSE")}
    left_out = messages - {sample.file for sample in samples}
    true(not left_out, "files that the index does not name", found=sorted(left_out), fix="a [[sample]] for each")
    for file in sorted({sample.file for sample in samples if sample.at is not None}):
        parts = samples.parts(file) - {sample.at for sample in samples if sample.file == file}
        true(not parts, f"parts of {file} that the index does not name", found=sorted(parts))
    for sample in samples:
        named = [word.rstrip(",") for word in sample.licence.split() if word.startswith("LICENSE")]
        missing = [name for name in named if name not in there]
        true(not missing, f"{sample.name}: its licence is not in the folder", found=missing)
        true(bool(sample.source.strip() and sample.licence.strip()), f"{sample.name}: an empty source or licence")
        _is_whole(sample)
        if sample.like is not None:
            _is_like(sample, samples.named(sample.like))


def _is_whole(sample: Sample) -> None:
    """Fail the case for a sample of which nothing is asked."""
    name = sample.name
    if sample.frame is not None:
        true(
            sample.malformed or bool(sample.says),
            f"{name}: a frame that says nothing",
            fix="[[sample.says]] with call = ..., or malformed = true",
        )
    else:
        read = sample.rest is not None and sample.call is not None
        true(
            read or bool(sample.why),
            f"{name}: no dialect and no method of the contract reads it, and nobody says why",
            fix="frame = ..., or rest = {...} and call = {...}, or why = ...",
        )
        true((sample.error is None) == (sample.code is None), f"{name}: error and code belong together")
    true(sample.simulated or bool(sample.why), f"{name}: not simulated, and nobody says why", fix="why = ...")


def _is_like(sample: Sample, other: Sample) -> None:
    """Fail the case unless two messages have the same fields."""
    fields = [
        {tuple("*" if isinstance(part, int) else part for part in path) for path, _ in form.fields()}
        for form in (form_of(sample), form_of(other))
        if form is not None
    ]
    true(
        len(fields) == 2 and fields[0] == fields[1],
        f"{sample.name} is not like {other.name}",
        found=sorted(map(str, fields[0] ^ fields[1])) if len(fields) == 2 else "no form that is known here",
    )


@case("WIRE-002", Tier.WIRE, proof=Proof.SAMPLES)
async def frames_are_decoded_to_what_they_say(subject: Subject) -> None:
    """Each frame of the samples makes the calls that the sample says, with those values and no others.

    Steps: give each sample frame to the dialect of its side.
    Expect: the calls of the sink, in order, each argument; what the sample does not say is None, UNKNOWN or a default.
    When this fails: `decode` reads a field wrongly, or says what nobody said. If the simulated venue agrees with it,
        both are wrong.
    Source: the samples
    """
    reader = Reader(subject)
    frames = subject.samples.frames()
    if not frames:
        raise NotProved("there are no sample frames")
    for sample in frames:
        try:
            told = reader.calls(sample)
        except Exception as error:
            if sample.malformed:
                continue
            raise fail(f"{sample.name}: refused", frame=sample.body, found=error) from error
        true(not sample.malformed, f"{sample.name}: a malformed frame is taken", frame=sample.body, found=told)
        if differences := against(told, list(sample.says or ())):
            raise fail(f"{sample.name}: {differences[0]}", frame=sample.body, expected=sample.says, found=told)


@case("WIRE-003", Tier.WIRE, proof=Proof.SAMPLES)
async def answers_are_read_as_they_say(subject: Subject) -> None:
    """Each answer of the samples, read by its method of the contract, gives what the sample says.

    Steps: call the method with the sample's arguments, answered by the sample through the core's REST client.
    Expect: the request is the one that the sample answers, with its parameters; the result is what the sample says, and
        nothing that it does not say: zero is not unknown.
    When this fails: a parser reads a field wrongly, or a request asks for something else.
    Source: the samples
    """
    reader = Reader(subject)
    answers = subject.samples.answers()
    if not answers:
        raise NotProved("there are no sample answers")
    for sample in answers:
        call, transport = reader.ask(sample)
        try:
            value = tree(await call)
        except Exception as error:
            raise fail(f"{sample.name}: refused", frame=sample.body, found=error) from error
        method = sample.call.method if sample.call else ""
        if sample.gives is None and value is not None and _WITH_VALUE.match(method):
            raise fail(f"{sample.name}: the sample does not say what {method} gives", found=value, fix="gives = ...")
        if sample.gives is not None and (differences := against(value, sample.gives)):
            raise fail(f"{sample.name}: {differences[0]}", frame=sample.body, expected=sample.gives, found=value)
        if sample.rest is not None:
            asked = asked_for(transport, sample)
            if asked is None:
                raise fail(f"{method} never asks {sample.rest.method} {sample.rest.path}", found=transport.asked)
            wanted = sample.rest.params
            true(
                wanted.items() <= asked.items(),
                f"{method} does not ask as the venue documents: expected {wanted}",
                found=asked,
            )


@case("WIRE-015", Tier.WIRE, proof=Proof.SAMPLES)
async def recorded_answers_are_found_by_their_path(subject: Subject) -> None:
    """`decode_rest` reads recorded books and instrument lists as the methods do, and leaves other answers alone.

    Steps: give it every sample answer with its path and parameters; then a book and a list that are cut.
    Expect: what `get_orderbook` and `get_exchange_info` give; None for every other path; `WireError` for what is cut.
    When this fails: `arb replay` builds books from the wrong answers, or from none.
    Source: contract, PublicExchange
    """
    reader = Reader(subject)
    public = reader.public()
    tried = 0
    for sample in subject.samples:
        rest, method = sample.rest, sample.call.method if sample.call else None
        if rest is None or method is None or sample.error is not None or rest.method != "GET":
            continue
        found = public.decode_rest(rest.path, rest.params, sample.body)
        if method not in ("get_orderbook", "get_exchange_info"):
            true(found is None, f"{sample.name}: an answer of {rest.path} is taken for another", found=found)
            continue
        expected = await reader.value(sample)
        if isinstance(found, BookSnapshot) and isinstance(expected, BookSnapshot) and "limit" not in rest.params:
            expected = None if found.bids != expected.bids else found  # how deep it was asked for, nobody said
        if found != expected:
            raise fail(f"{sample.name}: not what {method} gives", frame=sample.body, expected=expected, found=found)
        tried += 1
        try:
            cut = public.decode_rest(rest.path, rest.params, sample.body[:-2])
        except WireError:
            continue
        except ArbError as error:
            raise fail(f"{sample.name}: cut, and not a WireError", found=error) from error
        raise fail(f"{sample.name}: taken although it is cut", found=cut)
    if not tried:
        raise NotProved("no sample shows a book or a list of instruments")
