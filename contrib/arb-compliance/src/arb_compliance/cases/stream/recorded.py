"""Recorded frames behind a faulty transport: what a plugin without a simulated venue is tried on."""

from arb_compliance.expect import NotProved
from arb_compliance.subject import Subject


def as_it_was(subject: Subject) -> None:
    raise NotProved("x")


with_losses = with_repetitions = out_of_order = malformed = truncated = as_it_was
