"""What every test of the repository needs."""

import asyncio
import os

import pytest


def pytest_configure() -> None:
    """Let no event loop come into being unasked.

    looptime asks for the thread's loop around plain functions too. The first such question would have asyncio make one
    that nobody closes, and a later test that collects garbage would fail for it. Once a loop was set, be it none,
    nothing is made.
    """
    asyncio.set_event_loop(None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Half as many workers again as there are processors: a journey waits for the processes that it starts."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    processors = os.cpu_count() or 1
    return processors + (processors + 1) // 2
