"""What the strategy says of itself."""

from arb_core.structs.card import CONTRACT, StrategyCard

from arb_triangular.settings import Settings

__all__ = ["CARD", "NAME"]

NAME = "triangular"

CARD = StrategyCard(
    id=NAME,
    name="Triangular",
    contract=CONTRACT,
    summary="Convert through three symbols of one venue, in turn, where they bring back more than they cost.",
    settings=Settings,
)
