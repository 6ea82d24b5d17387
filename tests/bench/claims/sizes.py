"""One change of a book by how many levels it holds, for each way to keep one. Entered by `test_claims.py`."""

import gc
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from arb_core.interfaces.book import BookFactory, OrderBook
from arb_core.structs.book import Level
from sortedcontainers import SortedDict

__all__ = ["NAIVE", "SORTED_DICT", "Apply", "growth", "measure", "of_factory"]

NAIVE = "naive: Decimal and sorted()"
SORTED_DICT = "sortedcontainers.SortedDict"
CHANGES = 2_000

Apply = Callable[[list[Level]], object]


def of_factory(factory: BookFactory) -> Callable[[list[Level]], Apply]:
    """Return what makes a book of bids, and what changes it and reads its best bid."""

    def begin(levels: list[Level]) -> Apply:
        book: OrderBook = factory.make()
        book.replace(levels, [])
        change = book.apply
        nothing: list[Level] = []

        def apply(bids: list[Level]) -> float:
            change(bids, nothing)
            return book.bid

        return apply

    return begin


def sorted_dict(levels: list[Level]) -> Apply:
    """As one keeps a book with the usual library."""
    side: Any = SortedDict(levels)

    def apply(bids: list[Level]) -> object:
        for price, size in bids:
            if size:
                side[price] = size
            else:
                side.pop(price, None)
        return side.peekitem(-1)

    return apply


def naive(levels: list[Level]) -> Apply:
    """As one writes it first."""
    side = {Decimal(repr(price)): Decimal(repr(size)) for price, size in levels}

    def apply(bids: list[Level]) -> object:
        for price, size in bids:
            if size:
                side[Decimal(repr(price))] = Decimal(repr(size))
            else:
                side.pop(Decimal(repr(price)), None)
        return sorted(side.items(), reverse=True)[:10]

    return apply


def changes(size: int) -> tuple[list[Level], list[list[Level]]]:
    """A side of `size` levels, and changes of one level each: 70 % near the best, half of those at a held level removals."""
    rng = Random(1)
    held = set(range(size))
    levels = [(1_000_000.0 - place, 1.0) for place in held]
    made: list[list[Level]] = []
    for _ in range(CHANGES):
        near = rng.random() < 0.7
        place = min(int(rng.expovariate(1 / 8)), size - 1) if near else rng.randrange(size)
        goes = place in held and rng.random() < 0.5 and len(held) > 1
        held.discard(place) if goes else held.add(place)
        made.append([(1_000_000.0 - place, 0.0 if goes else round(rng.random() + 0.001, 5))])
    return levels, made


def measure(
    sizes: tuple[int, ...], makers: dict[str, Callable[[list[Level]], Apply]], turns: int
) -> dict[str, dict[int, list[float]]]:
    """Return microseconds a change, one figure for each turn."""
    makers = {NAIVE: naive, SORTED_DICT: sorted_dict, **makers}
    figures: dict[str, dict[int, list[float]]] = {name: {size: [] for size in sizes} for name in makers}
    order = Random(2)
    for size in sizes:
        levels, made = changes(size)
        for _ in range(turns):
            tops = set()
            for name in order.sample(sorted(makers), len(makers)):
                apply = makers[name](levels)
                few = made[: max(5, 1_000_000 // size)] if name is NAIVE else made
                gc.collect()
                began_ns = time.thread_time_ns()
                for change in few:
                    apply(change)
                figures[name][size].append((time.thread_time_ns() - began_ns) / len(few) / 1000)
                if few is made:
                    best: Any = apply([])
                    tops.add(float(best[0] if isinstance(best, tuple) else best))
            assert len(tops) == 1, f"different best bids of {size} levels: {tops}"
    return figures


def growth(by_size: dict[int, list[float]], less: int, more: int) -> float:
    """How many times dearer a change is in the larger book."""
    return statistics.median(by_size[more]) / statistics.median(by_size[less])
