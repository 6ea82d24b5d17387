"""Who takes part, by name: how each is made, whose packages it needs, and on which event loop it is best.

Entered by the contest for the list, and by each contestant's process, which imports its own room only.
"""

import asyncio
import importlib.util
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

__all__ = ["ENTRIES", "Contestant", "Entry", "Note", "Tops", "ended"]

Note = Callable[[int, int], None]
"""Told of each decision: the number of the venue whose book changed, and the book's last id."""
Tops = Callable[[], tuple[tuple[float, float], ...]]
"""Best bid and ask, by venue."""
Contestant = Callable[[tuple[int, ...], Note], AbstractAsyncContextManager[Tops]]
"""Follows the books on these ports, one for each venue, while the block runs."""

FEE = 0.001
"""What each venue takes of a trade."""


class Entry(msgspec.Struct, frozen=True):
    """A contestant before it is there."""

    title: str
    make: Callable[[], Contestant]
    needs: tuple[str, ...] = ()
    """Modules without which it does not take part."""
    loop: Callable[[], Any] = lambda: _uvloop()  # noqa: PLW0108 (imported late)

    @property
    def is_here(self) -> bool:
        return all(importlib.util.find_spec(name) for name in self.needs)


async def ended(tasks: Sequence["asyncio.Future[None]"]) -> None:
    """End what follows books; raise what one of them has failed with."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


def _uvloop() -> Any:
    import uvloop

    return uvloop.new_event_loop


def _arb(book: str, **options: bool) -> Callable[[], Contestant]:
    def make() -> Contestant:
        from .ours import arb_contestant

        return arb_contestant(book, **options)

    return make


def _bare() -> Contestant:
    from .plain import bare

    return bare


def _peer(name: str) -> Callable[[], Contestant]:
    def make() -> Contestant:
        from . import peers

        return getattr(peers, name)()

    return make


ENTRIES = {
    "arb": Entry("arb, pure Python", _arb("python")),
    "native": Entry("arb with arb-native", _arb("native"), ("arb_native",)),
    "native-busy": Entry("arb with arb-native, busy polling", _arb("native", busy=True), ("arb_native",)),
    "bare": Entry("bare: aiohttp, msgspec, SortedDict", _bare),
    "ccxt": Entry("ccxt.pro", _peer("ccxt"), ("ccxt",), lambda: None),
    "ccxt-uvloop": Entry("ccxt.pro on uvloop", _peer("ccxt"), ("ccxt",)),
    "cryptofeed": Entry("cryptofeed", _peer("cryptofeed"), ("cryptofeed",)),
    "nautilus": Entry("nautilus_trader", _peer("nautilus"), ("nautilus_trader",)),
}

CARE = {
    "native-thawed": Entry("sleeps, garbage not frozen", _arb("native", frozen=False), ("arb_native",)),
    "native-frozen": Entry("sleeps, garbage frozen", _arb("native"), ("arb_native",)),
    "busy-thawed": Entry("busy polling, garbage not frozen", _arb("native", busy=True, frozen=False), ("arb_native",)),
    "busy-frozen": Entry("busy polling, garbage frozen", _arb("native", busy=True), ("arb_native",)),
}
"""Ours with and without what costs something else: they run against each other alone."""
