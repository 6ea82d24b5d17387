"""What the tests of this room share."""

import sys
from pathlib import Path

import pytest
from arb_core.registry import Registry
from arb_core.testing.fixtures import no_event_loop_before_the_first

sys.path.insert(0, str(Path(__file__).parents[2] / "core" / "tests"))
from databases import postgres  # pyright: ignore[reportMissingImports] (that of core/tests)

__all__ = ["postgres"]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry()
