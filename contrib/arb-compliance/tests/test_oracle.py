"""The judge is judged first: it accepts a true book and notices every way in which one can be wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from math import nextafter

import looptime
import msgspec
import pytest
from arb_compliance.expect import CaseFailed
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject
from arb_compliance.watch import Watch
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import SequenceRule

pytest.importorskip("arb_gateio")
pytest.importorskip("arb_mexc")


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


def best_size_a_hair_off(book: BookSync) -> None:
    book.book.apply([(book.bid, nextafter(book.bid_size, 0))], [])


def deep_level_lost(book: BookSync) -> None:
    book.book.apply([], [(book.asks(0)[-1][0], 0.0)])


def level_too_many(book: BookSync) -> None:
    book.book.apply([(book.bids(0)[3][0] - 0.0015, 1.0)], [])


def an_event_behind(book: BookSync) -> None:
    book.book.apply([(book.bid, book.bid_size * 2)], [])


def version_of_nobody(book: BookSync) -> None:
    book._mark.last_id += 1


TAMPERINGS = [best_size_a_hair_off, deep_level_lost, level_too_many, an_event_behind, version_of_nobody]


def on_virtual_time(work: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await work()

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        runner.run(run())


@pytest.mark.parametrize("exchange", ["gateio", "mexc"])
@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_a_book_that_is_not_the_venues_is_noticed(
    tamper: Callable[[BookSync], None], exchange: str, watch: Watch
) -> None:
    async def judge() -> None:
        async with Stage(Subject(exchange, watch=watch), steps_per_s=4) as stage:
            await stage.live()
            await stage.recover()
            book, oracle = stage.book(), stage.oracles[stage.symbols[0]]
            oracle.look(book)
            tamper(book)
            with pytest.raises(CaseFailed):
                oracle.look(book)

    on_virtual_time(judge)


def test_without_ids_of_the_venue_a_book_is_one_that_it_went_through(watch: Watch) -> None:
    async def judge() -> None:
        async with Stage(Subject("mexc", watch=watch), steps_per_s=4) as stage:
            await stage.live()
            await stage.recover()
            book, oracle = stage.book(), stage.oracles[stage.symbols[0]]
            book.rule = msgspec.structs.replace(book.rule, ids=SequenceRule.CONSECUTIVE)
            oracle.seen = -1
            oracle.look(book)
            assert oracle.seen == book.last_id
            best_size_a_hair_off(book)
            with pytest.raises(CaseFailed):
                oracle.look(book)

    on_virtual_time(judge)


def test_a_book_that_falls_behind_is_waited_for(watch: Watch) -> None:
    async def judge() -> None:
        async with Stage(Subject("mexc", watch=watch), steps_per_s=0) as stage:
            await stage.live()
            oracle = stage.oracles[stage.symbols[0]]
            stage.move()
            assert oracle.seen < oracle.version
            await stage.recover()
            assert oracle.seen == oracle.version

    on_virtual_time(judge)


def test_what_nothing_brings_back_is_told(watch: Watch) -> None:
    async def judge() -> None:
        async with Stage(Subject("mexc", watch=watch), steps_per_s=0) as stage:
            await stage.live()
            for conn in list(stage.kernel.followers(None)):
                stage.kernel.silence(conn)
            with pytest.raises(CaseFailed, match="as new as the venue's: not within 20 s"):
                await stage.recover(at_most_s=20)

    on_virtual_time(judge)
