"""The core's own strategies as plugins: found, checked and made like everybody else's."""

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.strategy import Strategy
from arb_core.strategies.spatial import CARD, Settings, Spatial
from arb_core.structs.card import StrategyCard

__all__ = ["arb_strategy", "arb_strategy_card"]


@hookimpl
def arb_strategy_card() -> StrategyCard:
    """Return the facts of `spatial`."""
    return CARD


@hookimpl
def arb_strategy(settings: Settings) -> Strategy:
    """Return a spatial strategy."""
    return Spatial(settings)
