"""What the tests of this room share."""

import asyncio
import sys
from pathlib import Path

import pytest
from arb_core.registry import Registry

sys.path.insert(0, str(Path(__file__).parents[2] / "core" / "tests"))
from databases import postgres  # pyright: ignore[reportMissingImports] (that of core/tests)

__all__ = ["postgres"]


@pytest.fixture(scope="session", autouse=True)
def no_event_loop_before_the_first() -> None:
    """Python 3.11 makes one for whoever asks, which pytest-asyncio does, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry()
