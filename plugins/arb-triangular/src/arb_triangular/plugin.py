"""The hooks: what `arb` asks this distribution at start. Named by the entry point `triangular`."""

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.strategy import Strategy
from arb_core.structs.card import StrategyCard

from arb_triangular.card import CARD
from arb_triangular.settings import Settings
from arb_triangular.strategy import Triangular

__all__ = ["arb_strategy", "arb_strategy_card"]


@hookimpl
def arb_strategy_card() -> StrategyCard:
    """Return the facts of `triangular`."""
    return CARD


@hookimpl
def arb_strategy(settings: Settings) -> Strategy:
    """Return a triangular strategy."""
    return Triangular(settings)
