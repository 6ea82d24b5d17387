"""What can happen to a push: lost, twice, out of order, late, unreadable, cut short, with a wrong checksum."""

from arb_core.runtime.stream.events import Closed, Malformed
from arb_core.structs.book import BookFault
from arb_core.structs.card import Capability
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.stream import recorded
from arb_compliance.expect import NotAsked, NotProved, equal, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

NOTICED_S = 10.0
"""Venue time within which a book must notice, in a market that moves ten times a second."""

IN_A_ROW = 5
"""So many frames in a row that cannot be read end the connection."""


@case("STREAM-002", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.ADVERSARY)
async def a_lost_message_is_noticed(subject: Subject) -> None:
    """A push that does not arrive makes the book unreadable at the next one, and then it is right again.

    Steps: one push of a LIVE book is lost; later three in a row.
    Expect: the book is lost as a gap (or by its checksum) each time; then LIVE and the venue's.
    When this fails: `decode` reads the ids of a message wrongly, or `book_rule.ids` is not how the venue counts: the
        book goes on with a hole in it.
    Source: contract, SequenceRule
    """
    if not subject.simulated:
        recorded.with_losses(subject)
        return
    for seed in range(subject.times(5)):
        async with Stage(subject, seed=seed) as stage:
            await stage.live()
            # Past what the snapshot held already: to lose that again is no loss.
            await stage.recover()
            for count in (1, 3):
                lost = len(stage.lost)
                await stage.strike(FaultKind.DROP, count=count)
                await _noticed(stage, lost, "a lost push is noticed")
                fault = stage.lost[lost][1]
                true(
                    fault in {BookFault.GAP, BookFault.CHECKSUM}, "a lost push is taken for something else", found=fault
                )
                await stage.recover()


@case("STREAM-003", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.ADVERSARY)
async def a_message_that_comes_twice_does_no_harm(subject: Subject) -> None:
    """A push that arrives twice changes nothing the second time.

    Steps: one push arrives twice; later four in a row do.
    Expect: the book stays LIVE and the venue's throughout; no frame is malformed.
    When this fails: the dialect remembers frames, or `book_rule` takes a repetition for a gap.
    Source: contract, SequenceRule
    """
    if not subject.simulated:
        recorded.with_repetitions(subject)
        return
    for seed in range(subject.times(5)):
        async with Stage(subject, seed=seed) as stage:
            await stage.live()
            for count in (1, 4):
                await stage.strike(FaultKind.DUPLICATE, count=count)
                await stage.recover()
            true(not stage.lost, "a repetition makes the book unreadable", found=stage.lost)
            true(not stage.told(Malformed), "a repetition is called malformed", found=stage.told(Malformed)[:1])


@case("STREAM-004", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.ADVERSARY)
async def messages_out_of_order_make_no_wrong_book(subject: Subject) -> None:
    """A push that is overtaken by the next one never makes a book that the venue did not have.

    Steps: one push arrives after the next one of its channel; later two are overtaken in turn.
    Expect: at no update is a LIVE book another than the venue's; it is LIVE again; no frame is malformed.
    When this fails: an older message is applied over a newer one: `book_rule.ids` is looser than the venue's rule.
    Source: contract, SequenceRule
    """
    if not subject.simulated:
        recorded.out_of_order(subject)
        return
    for seed in range(subject.times(5)):
        async with Stage(subject, seed=seed) as stage:
            await stage.live()
            for count in (1, 2):
                await stage.strike(FaultKind.REORDER, count=count)
                await stage.recover()
            true(not stage.told(Malformed), "an overtaken push is called malformed", found=stage.told(Malformed)[:1])


@case("STREAM-005", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def late_messages_are_taken_in_order(subject: Subject) -> None:
    """Pushes that are held up and then arrive together leave the book as right as before.

    Steps: a channel is held up for three seconds; then all its pushes arrive at once, in order.
    Expect: the book stays LIVE (a quiet market looks the same) and is the venue's at each update.
    When this fails: messages are dropped for their age, or times of the venue are compared with the machine's.
    Source: contract, StreamDialect
    """
    idle_ns = subject.dialect().book_rule.idle_ns
    hold_s = 3.0 if idle_ns is None else min(3.0, idle_ns / 2e9)
    for seed in range(subject.times(5)):
        async with Stage(subject, seed=seed) as stage:
            await stage.live()
            await stage.strike(FaultKind.DELAY, hold_s=hold_s)
            await stage.pass_(hold_s + 1)
            await stage.recover()
            true(not stage.lost, "late pushes make the book unreadable", found=stage.lost)


@case("STREAM-006", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.ADVERSARY)
async def a_malformed_frame_is_told(subject: Subject) -> None:
    """A frame that is nothing of the venue's makes what its connection carries unreadable, and then it is right again.

    Steps: the beginning of one push is garbage; later that of five in a row.
    Expect: `Malformed` for each, the book lost as MALFORMED; after five with nothing between them a new connection;
        then LIVE and the venue's.
    When this fails: `decode` swallows what it cannot read, and a message is missing of which nobody knows.
    Source: contract, StreamDialect.decode
    """
    if not subject.simulated:
        recorded.malformed(subject)
        return
    async with Stage(subject) as stage:
        await stage.live()
        await _garbled(stage, 1)
        await _garbled(stage, IN_A_ROW)
        # Where a book begins anew by a new subscription, its answer comes in between: then no five stand in a row.
        if max(event.in_a_row for event in stage.told(Malformed)) >= IN_A_ROW:
            true(bool(stage.told(Closed)), f"{IN_A_ROW} unreadable frames in a row do not end the connection")


@case("STREAM-007", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.ADVERSARY)
async def a_truncated_frame_does_not_count(subject: Subject) -> None:
    """A frame that lacks its end counts not at all.

    Steps: three pushes lack their last one to three bytes, one after the other.
    Expect: each time the book is lost, and never shows a part of the message; then LIVE and the venue's.
    When this fails: `decode` makes do with what is there.
    Source: contract, StreamDialect.decode
    """
    if not subject.simulated:
        recorded.truncated(subject)
        return
    for seed in range(subject.times(5)):
        async with Stage(subject, seed=seed) as stage:
            await stage.live()
            for _ in range(3):
                lost = len(stage.lost)
                await stage.strike(FaultKind.TRUNCATED)
                await _noticed(stage, lost, "a truncated push makes the book unreadable")
                await stage.recover()


@case("STREAM-008", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_wrong_checksum_is_noticed(subject: Subject) -> None:
    """Where the venue sends checksums, a book that does not match one is unreadable.

    Steps: a push bears a wrong checksum.
    Expect: the book is lost by its checksum; then LIVE and the venue's.
    When this fails: the venue sends checksums, and `book_rule.checksum` does not name their rule.
    Source: contract, BookRule
    """
    rule = subject.dialect().book_rule.checksum
    async with Stage(subject) as stage:
        if FaultKind.BAD_CHECKSUM in stage.kernel.impossible:
            if rule is None:
                raise NotAsked("the venue sends no checksums")
            raise NotProved("`book_rule` names a checksum, and the simulated venue cannot send a wrong one")
        await stage.live()
        lost = len(stage.lost)
        await stage.strike(FaultKind.BAD_CHECKSUM)
        await _noticed(stage, lost, "a wrong checksum is noticed")
        equal(stage.lost[lost][1], BookFault.CHECKSUM, "why the book was lost")
        await stage.recover()


async def _garbled(stage: Stage, count: int) -> None:
    told, lost = len(stage.told(Malformed)), len(stage.lost)
    await stage.strike(FaultKind.MALFORMED, count=count)
    await stage.until(
        lambda: len(stage.told(Malformed)) >= told + count,
        f"{count} unreadable frames are told",
        at_most_s=NOTICED_S,
    )
    equal([fault for _, fault in stage.lost[lost:][:1]], [BookFault.MALFORMED], "why the book was lost")
    await stage.recover()


async def _noticed(stage: Stage, lost: int, what: str) -> None:
    await stage.until(lambda: len(stage.lost) > lost, what, at_most_s=NOTICED_S)
