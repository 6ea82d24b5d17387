"""The cases, a room for each tier. `load` enters them all into the catalogue, in the order of the tiers."""

from importlib import import_module

from arb_compliance.case import Tier

__all__ = ["load"]


def load() -> None:
    """Import every room of cases; harmless when done before."""
    for tier in Tier:
        import_module(f"arb_compliance.cases.{tier.value}")
