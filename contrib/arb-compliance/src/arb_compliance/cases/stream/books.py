"""A book in step with its venue; snapshots that are old, markets that halt."""

from collections.abc import Sequence

from arb_core.runtime.stream.events import Malformed
from arb_core.structs.book import BookFault, BookRule, BookState, SnapshotSource
from arb_core.structs.card import Capability, ExchangeSettings
from arb_core.venue.events import Halted, Resumed
from arb_sim.faults import FaultKind
from arb_sim.kernel.book import Units

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.stream import recorded
from arb_compliance.expect import NotAsked, equal, true
from arb_compliance.stage import Stage, around_ten
from arb_compliance.subject import Subject

UPDATES = 15
"""Of each book, in the short form."""

WILD = 1e-3
"""Of prices: so wild that levels enter and leave what a feed maintains."""

USUAL_LEVELS = 200
"""A side: more than the books of simulated venues have, unless a case wants it so."""


@case("STREAM-001", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.ADVERSARY, limit_s=60.0)
async def a_book_is_the_venues_at_every_update(subject: Subject) -> None:
    """Books become LIVE while the market moves, and are the venue's, level by level, at each update.

    Steps: two books in a fast market, far from the venue; with each of the plugin's settings; then a book with more
        levels than a snapshot holds.
    Expect: LIVE; every level equal at the id that the book claims; no book is lost again, no frame is malformed.
    When this fails: `decode` swaps sides, loses levels or reads ids wrongly; or `book_rule` is not the venue's: how
        deltas follow on, how many levels the feed maintains.
    Source: contract, "Book: correct or unusable, never a third state"
    """
    if not subject.simulated:
        recorded.as_it_was(subject)
        return
    wanted = UPDATES * (1 if subject.short else 10)
    rule = subject.dialect().book_rule
    # So wild a market outruns a snapshot that does not hold the whole book.
    levels = rule.snapshot_limit * 3 // 4 if _has_a_horizon(rule) and rule.snapshot_limit < USUAL_LEVELS else None
    for number, settings in enumerate(subject.variants()):
        await _in_step(subject, settings, number, wanted, levels=levels)
    if _has_a_horizon(rule):
        deeper = rule.snapshot_limit + 150
        await _in_step(subject, subject.card.settings(), 0, 3, levels=deeper, symbols=1, volatility=1e-4)


@case("STREAM-020", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def an_old_snapshot_is_not_believed(subject: Subject) -> None:
    """A snapshot from before the messages at hand does not make a book.

    Steps: a book is lost while REST goes on showing an old one for two seconds.
    Expect: the book stays unreadable until a snapshot reaches its messages; then it is LIVE and the venue's.
    When this fails: `get_orderbook` gives another id than that of its levels, so that an old book joins new messages.
    Source: contract, BookRule
    """
    if subject.dialect().book_rule.snapshot is not SnapshotSource.REST:
        raise NotAsked("the stream itself begins with the whole book")
    for seed in range(subject.times(5)):
        async with Stage(subject, seed=seed) as stage:
            await stage.live()
            await stage.recover()
            stage.arm(FaultKind.STALE_SNAPSHOT, hold_s=2)
            await stage.pass_(0.5)
            await stage.strike(FaultKind.DROP)
            await stage.recover()
            shown = stage.kernel.faults.counts[FaultKind.STALE_SNAPSHOT]
            true(shown > 0, "a book that was lost asked for no snapshot", found=stage.how_it_stands())
            refused = stage.book().stats.old_snapshots
            true(
                refused > 0,
                "an old snapshot was believed",
                found=stage.book().stats,
                fix="the snapshot's `last_id` is that of its levels",
            )


@case("STREAM-021", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def the_book_of_a_halted_market_cannot_be_read(subject: Subject) -> None:
    """A halted market is silent on a connection that lives: its book is unreadable until it trades again.

    Steps: the venue halts one of two symbols; the list of instruments is fetched; the symbol trades again.
    Expect: `Halted`, that book lost as HALTED and no other; then `Resumed`, LIVE and the venue's.
    When this fails: `get_exchange_info` does not tell the venue's own word for a market that does not trade.
    Source: contract, BookFault
    """
    async with Stage(subject, symbols=("BTC/USDT", "ETH/USDT")) as stage:
        await stage.live()
        halted, other = stage.symbols
        stage.arm(FaultKind.HALT, hold_s=5)
        await stage.venue.load_markets()
        equal([event.symbol for event in stage.told(Halted)], [halted], "the symbols that are halted")
        equal(stage.lost, [(halted, BookFault.HALTED)], "the books that were lost")
        await stage.pass_(3)
        equal(stage.book(halted).state, BookState.SYNCING, f"the book of {halted}, which does not trade")
        equal(stage.book(other).state, BookState.LIVE, f"the book of {other}, which trades")
        await stage.pass_(3)
        await stage.venue.load_markets()
        equal([event.symbol for event in stage.told(Resumed)], [halted], "the symbols that trade again")
        await stage.recover()


@case("STREAM-026", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE, limit_s=60.0)
async def levels_that_were_pushed_out_are_forgotten(subject: Subject) -> None:
    """A level that others push out of what the feed maintains is not known any more, until it is told again.

    Steps: in a market that stands still: the best levels go, so that as many deeper ones are told; they come again, and
        push those out; of the deeper ones, which nobody is told of, every other one goes and the rest change; the best
        go once more. On both sides, with each of the plugin's settings.
    Expect: LIVE and the venue's, level by level, throughout; nothing is lost.
    When this fails: levels come back that have gone: `book_rule.kept_depth` or `book_rule.cut_each_update` is not how
        the venue keeps its feed.
    Source: contract, `BookRule.cut_each_update`
    """
    for settings in subject.variants():
        rule = subject.dialect(settings).book_rule
        kept = rule.kept_depth or min(rule.snapshot_limit, USUAL_LEVELS) // 3
        async with Stage(subject, steps_per_s=0, settings=settings, levels=3 * kept + 20) as stage:
            await stage.live()
            await stage.recover()
            market = stage.market()
            bids, asks = (side.top(2 * kept) for side in (market.book.bids, market.book.asks))
            for change in (
                (_gone(bids[:kept]), _gone(asks[:kept])),
                (bids[:kept], asks[:kept]),
                (_thinned(bids[kept:]), _thinned(asks[kept:])),
                (_gone(bids[:kept]), _gone(asks[:kept])),
            ):
                stage.change(*change)
                await stage.recover()
                true(not stage.lost, f"a book was lost although nothing went wrong, with {settings}", found=stage.lost)


def _gone(levels: Sequence[Units]) -> list[Units]:
    return [(price, 0) for price, _ in levels]


def _thinned(levels: Sequence[Units]) -> list[Units]:
    """Take away every other level, and change the rest."""
    return [(price, (size + 1) * (rank % 2)) for rank, (price, size) in enumerate(levels)]


async def _in_step(
    subject: Subject,
    settings: ExchangeSettings,
    seed: int,
    updates: int,
    *,
    levels: int | None = None,
    symbols: int = 2,
    volatility: float = WILD,
) -> None:
    stage = Stage(
        subject,
        seed=seed,
        symbols=("BTC/USDT", "UNI/USDT")[:symbols],
        quirks=[around_ten(subject.exchange)],
        steps_per_s=25,
        latency_ms=70,
        volatility=volatility,
        settings=settings,
        levels=levels,
    )
    async with stage:
        await stage.live()
        await stage.until(
            lambda: bool(stage.lost) or all(oracle.compared >= updates for oracle in stage.oracles.values()),
            f"{updates} updates of each book, with {settings}",
        )
        true(not stage.lost, "a book was lost although nothing went wrong", found=stage.lost)
        true(not stage.told(Malformed), "a frame is called malformed", found=stage.told(Malformed)[:1])
        await stage.recover()


def _has_a_horizon(rule: BookRule) -> bool:
    """Whether a snapshot may end before the book does."""
    return rule.snapshot is SnapshotSource.REST and rule.kept_depth is None and rule.snapshot_limit <= 2000
