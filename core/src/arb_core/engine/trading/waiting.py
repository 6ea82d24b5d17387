"""Waiting for news, but not for ever, by a clock that tests move."""

import asyncio

from arb_core.interfaces.context import Clock

__all__ = ["pause"]


async def pause(clock: Clock, news: asyncio.Event, duration_ns: int) -> None:
    """Wait until there are news or the time is over, and take the news as heard."""
    timer = clock.call_at(clock.monotonic_ns() + max(duration_ns, 0), news.set)
    try:
        await news.wait()
    finally:
        timer.cancel()
    news.clear()
