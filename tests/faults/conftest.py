"""What the tests of this room share."""

import pytest
from arb_core.registry import Registry
from arb_core.testing.fixtures import no_event_loop_before_the_first


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry()
