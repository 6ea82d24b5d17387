"""What every test of the repository needs."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent / "tests" / "house"
ALONE = pytest.StashKey[set[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option by which nothing is tested twice."""
    parser.addoption("--not-alone", action="store_true", help="leave out the tests that `tox -e alone` runs")


def pytest_configure(config: pytest.Config) -> None:
    """Let no event loop come into being unasked.

    looptime asks for the thread's loop around plain functions too. The first such question would have asyncio make one
    that nobody closes, and a later test that collects garbage would fail for it. Once a loop was set, be it none,
    nothing is made.
    """
    asyncio.set_event_loop(None)
    if config.getoption("--not-alone"):
        sys.path.append(str(HOUSE))
        from alone import run_alone

        config.stash[ALONE] = run_alone()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what runs alone."""
    return True if collection_path in config.stash.get(ALONE, ()) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Half as many workers again as there are processors: a journey waits for the processes that it starts."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    processors = os.cpu_count() or 1
    return processors + (processors + 1) // 2
