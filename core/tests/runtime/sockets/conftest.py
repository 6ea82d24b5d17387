import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what touches real sockets on both loops: `arb` runs on uvloop, and on plain asyncio where there is none."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
