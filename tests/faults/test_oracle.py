"""The judge of this room is judged first: it accepts a true book and notices every way in which one can be wrong."""

import asyncio
from collections.abc import Callable
from math import nextafter

import looptime
import pytest
from arb_core.registry import Registry
from arb_core.runtime.booksync import BookSync
from arb_core.structs.book import BookState

from .mishaps import CASES, Case
from .oracle import Wrong
from .stage import Stage


def best_size_a_hair_off(book: BookSync) -> None:
    book.book.apply([(book.bid, nextafter(book.bid_size, 0))], [])


def deep_level_lost(book: BookSync) -> None:
    book.book.apply([], [(book.asks(0)[-1][0], 0.0)])


def level_too_many(book: BookSync) -> None:
    book.book.apply([(book.bids(0)[3][0] - 0.015, 1.0)], [])


def one_message_behind(book: BookSync) -> None:
    book.book.apply([(book.bid, book.bid_size * 2)], [])
    book._mark.last_id -= 1


def version_of_nobody(book: BookSync) -> None:
    book._mark.last_id += 1


def horizon_too_near(book: BookSync) -> None:
    book._ceiling = book.asks(5)[-1][0]


def quote_of_another_moment(book: BookSync) -> None:
    book.bid_size *= 2


def unreadable_only_in_name(book: BookSync) -> None:
    book.__class__ = Talkative
    book.state = BookState.SYNCING


class Talkative(BookSync):
    __slots__ = ()

    def asks(self, limit: int = 10) -> list[tuple[float, float]]:
        return self.book.asks(limit)


TAMPERINGS = [
    best_size_a_hair_off,
    deep_level_lost,
    level_too_many,
    one_message_behind,
    version_of_nobody,
    horizon_too_near,
    quote_of_another_moment,
    unreadable_only_in_name,
]


@pytest.mark.parametrize(
    ("case", "tamper"),
    # A book without ids claims no version.
    [(case, tamper) for case in CASES for tamper in TAMPERINGS if not (case.nameless and tamper is version_of_nobody)],
    ids=lambda each: each.name if isinstance(each, Case) else each.__name__,
)
def test_a_book_that_is_not_the_venues_is_noticed(
    case: Case, tamper: Callable[[BookSync], None], registry: Registry
) -> None:
    async def judge() -> None:
        stage = Stage(case, registry, seed=3, levels=40, steps_per_s=2, latency_ms=5)
        async with stage:
            await stage.begin()
            await stage.recover()
            (symbol,) = stage.symbols
            book, oracle = stage.client.books[symbol], stage.oracles[symbol]
            oracle.look(book)
            tamper(book)
            with pytest.raises(Wrong):
                oracle.look(book)

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        runner.run(judge())
