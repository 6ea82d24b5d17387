"""The three books of a cycle."""

from collections.abc import Callable

import pytest
from arb_core.testing import HandBook
from arb_core.testing.fixtures import no_event_loop_before_the_first


@pytest.fixture
def three() -> Callable[..., tuple[HandBook, HandBook, HandBook]]:
    """BTC/USDT, ETH/BTC and ETH/USDT with one level a side; unless told otherwise ETH/USDT is 1 % too dear."""

    def make(
        btc: tuple[float, float] = (99.99, 100.0),
        cross: tuple[float, float] = (0.04999, 0.05),
        eth: tuple[float, float] = (5.05, 5.06),
        size: float = 10.0,
        venue: str = "mexc",
    ) -> tuple[HandBook, HandBook, HandBook]:
        one, two, three = (
            HandBook(symbol, venue).put([(bid, size)], [(ask, size)])
            for symbol, (bid, ask) in (("BTC/USDT", btc), ("ETH/BTC", cross), ("ETH/USDT", eth))
        )
        return one, two, three

    return make
