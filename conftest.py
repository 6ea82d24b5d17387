"""What every test of the repository needs."""

import asyncio


def pytest_configure() -> None:
    """Let no event loop come into being unasked.

    looptime asks for the thread's loop around plain functions too. The first such question would have asyncio make a loop
    that nobody closes, and a later test that collects garbage would fail for it. Once a loop was set, be it none, nothing
    is made.
    """
    asyncio.set_event_loop(None)
