"""Tier simulation: the venue's side shares nothing with the client's, and does the same each time."""

from arb_compliance import imports
from arb_compliance.case import Proof, Tier, case
from arb_compliance.dialogue import Dialogue
from arb_compliance.expect import equal, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

__all__ = ["one_integer_makes_everything", "the_simulation_shares_nothing_with_the_client"]

ROOMS = ("sim", "card", "_proto")
"""What the venue's side may enter of its own package: itself, facts, and generated code."""


@case("SIMULATION-001", Tier.SIMULATION, proof=Proof.VENUE)
def the_simulation_shares_nothing_with_the_client(subject: Subject) -> None:
    """The simulated venue is written from the venue's documentation: it imports none of the client's rooms.

    Steps: read what every module under `sim` imports.
    Expect: of its own package only `sim` itself, `card` and a generated `_proto`; of other exchanges nothing.
    When this fails: a mistake in a shared room shows on neither side, and every test passes.
    Source: design, layers
    """
    package = subject.package
    for name, entry in imports.modules(package):
        if name.split(".")[1:2] != ["sim"]:
            continue
        found = imports.of_module(name, entry.read_text("utf-8"), is_package=entry.name == "__init__.py")
        own = {module for module in found if module.split(".")[0] == package}
        strange = {module for module in own if module.split(".")[1] not in ROOMS}
        true(
            not strange,
            f"{name} enters the client's rooms",
            found=sorted(strange),
            fix="write it anew from the documentation: what is the same on both sides is tested on neither",
        )


@case("SIMULATION-006", Tier.SIMULATION, proof=Proof.VENUE)
async def one_integer_makes_everything(subject: Subject) -> None:
    """The same seed and the same talk give the same answers and frames, byte for byte.

    Steps: follow a lively market twice with one seed, and once with another.
    Expect: the two talks are equal, the third is another.
    When this fails: the venue reads a clock, draws random numbers of its own, or keeps something between two lives; no
        failure can be repeated.
    Source: design, simulated venues
    """
    first, second, other = [await _lively(subject, seed) for seed in (11, 11, 12)]
    equal(
        [(request.path, answer.body) for request, answer in second.answers],
        [(request.path, answer.body) for request, answer in first.answers],
        "the answers of one seed differ",
    )
    equal(second.frames, first.frames, "the frames of one seed differ")
    true(other.frames != first.frames, "two seeds give the same market", fix="draw from the world that is handed in")


async def _lively(subject: Subject, seed: int) -> Dialogue:
    async with Stage(subject, seed=seed, steps_per_s=20) as stage:
        await stage.live()
        await stage.pass_(5)
    return Dialogue(stage.seen.answers, stage.seen.frames)
