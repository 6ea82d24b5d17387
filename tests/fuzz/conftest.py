"""What the tests of this room share."""

import pytest
from arb_core.interfaces.book import BookFactory


@pytest.fixture(scope="session")
def native() -> BookFactory:
    """Books and scanners of arb-native; without it the tests that compare are skipped."""
    plugin = pytest.importorskip("arb_native.plugin", reason="arb-native is not installed")
    factory: BookFactory = plugin.arb_book_factory()
    return factory
