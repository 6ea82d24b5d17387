"""Tier wire: frames as memory. A frame is valid during the call only, and no call knows of another."""

from contextlib import suppress

from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotProved, equal, fail
from arb_compliance.reading import Reader
from arb_compliance.subject import Subject

__all__ = ["decoding_keeps_nothing"]


@case("WIRE-011", Tier.WIRE, proof=Proof.SAMPLES)
async def decoding_keeps_nothing(subject: Subject) -> None:
    """A frame means the same whatever came before it, and nothing of its memory is kept.

    Steps: decode all sample frames in order, backwards, each twice, and after malformed ones; the memory of each is
        overwritten as soon as the dialect returns, as the socket's is.
    Expect: the same calls every time, unchanged when they are looked at later.
    When this fails: the dialect keeps state between frames, or slices of a buffer that now holds another frame.
    Source: contract, StreamDialect
    """
    reader = Reader(subject)
    frames = [sample for sample in subject.samples.frames() if not sample.malformed]
    if not frames:
        raise NotProved("there are no sample frames")
    # A dialect of its own for each: it has seen nothing else.
    alone = {(sample.name, sample.frame): Reader(subject).calls(sample) for sample in frames}
    kept = [(sample, reader.calls(sample)) for sample in [*frames, *reversed(frames)] for _ in range(2)]
    for sample in frames:
        with suppress(Exception):  # what it is, WIRE-006 asks
            reader.calls(sample, sample.body[:-1])
    kept += [(sample, reader.calls(sample)) for sample in frames]
    for sample, told in kept:
        expected = alone[sample.name, sample.frame]
        equal(told, expected, f"{sample.name}: another meaning the next time", frame=sample.body)
    for sample in frames:
        frozen = memoryview(bytes(sample.body))
        try:
            reader.dialect(sample.frame or "public").decode(frozen, 0, reader.sink())
            frozen.release()
        except BufferError as error:
            raise fail(f"{sample.name}: the frame's memory is still in use", fix="copy what is kept") from error
