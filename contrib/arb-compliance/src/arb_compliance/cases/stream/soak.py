"""All of it together: whatever a venue does, and whenever."""

from random import Random
from typing import Any

import msgspec
from arb_core.structs.card import Capability
from arb_sim.faults import MESSAGES, FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import CaseFailed, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

BLOWS = 8
"""Faults in one example, while others may not be over yet."""

MIXED: dict[FaultKind, dict[str, Any]] = {
    FaultKind.DROP: {"count": 2},
    FaultKind.DUPLICATE: {"count": 3},
    FaultKind.REORDER: {"count": 2},
    FaultKind.DELAY: {"hold_s": 1.5},
    FaultKind.MALFORMED: {"count": 2},
    FaultKind.TRUNCATED: {"count": 2},
    FaultKind.BAD_CHECKSUM: {},
    FaultKind.FREEZE: {"hold_s": 3},
    FaultKind.STALE_SNAPSHOT: {"hold_s": 3},
    FaultKind.HALT: {"hold_s": 2},
    FaultKind.DISCONNECT: {},
    FaultKind.HALF_OPEN: {},
    FaultKind.RATE_LIMITED: {"retry_after_s": 2},
    FaultKind.SERVER_ERROR: {},
    FaultKind.NO_ANSWER: {},
    FaultKind.SUBSCRIPTION_REFUSED: {},
    FaultKind.SUBSCRIPTION_IGNORED: {},
    FaultKind.CLOCK_SKEW: {"skew_s": 20, "hold_s": 5},
}


@case("STREAM-024", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE, limit_s=60)
async def whatever_happens_a_book_is_right_or_unreadable(subject: Subject) -> None:
    """Faults of every kind, mixed, one upon the other: at each update a LIVE book is the venue's.

    Steps: two books, a drawn market and drawn delays; eight faults of drawn kinds at drawn moments, some while a book
        is still recovering from another. Twenty such runs, three in the short form, each made by its number.
    Expect: no LIVE book ever differs from the venue's; in the end all are LIVE, and hear what changes.
    When this fails: the failure names the run; its number repeats it. Look first at cases STREAM-001 to 007.
    Source: contract, "Book: correct or unusable, never a third state"
    """
    for number in range(3 if subject.short else 20):
        try:
            await _run(subject, number)
        except CaseFailed as error:
            message = f"run {number}: {error.failure.message}"
            raise CaseFailed(msgspec.structs.replace(error.failure, message=message)) from error


async def _run(subject: Subject, number: int) -> None:
    rng = Random(f"soak:{number}")  # noqa: S311 (repeatable, not secret)
    stage = Stage(
        subject,
        seed=number,
        symbols=("BTC/USDT", "ETH/USDT"),
        steps_per_s=rng.choice((1.0, 2.0, 4.0)),
        latency_ms=rng.randint(1, 80),
    )
    async with stage:
        await stage.live()
        possible = [kind for kind in MIXED if kind not in stage.kernel.impossible]
        # Half of them strike pushes: a run of requests alone would be a quiet one.
        pushes = [kind for kind in possible if kind in MESSAGES]
        kinds = rng.sample(pushes, BLOWS // 2) + rng.choices(possible, k=BLOWS - BLOWS // 2)
        rng.shuffle(kinds)
        for kind in kinds:
            pair = {"pair": rng.choice(("BTC/USDT", "ETH/USDT", None))} if kind in MESSAGES else {}
            stage.arm(kind, **MIXED[kind], **pair)
            if kind is FaultKind.HALT:
                await stage.pass_(0.5)
            await stage.pass_(rng.choice((0.2, 1, 3)))
        await stage.pass_(5)
        stage.kernel.faults.disarm()
        await stage.recover()
        struck = sum(stage.kernel.faults.counts.values())
        true(struck > 0, f"run {number}: no fault happened", found=kinds)
