"""The hooks: what `arb` asks this distribution at start. Named by the entry point `prometheus`."""

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.observer import Observer, ObserverContext
from arb_core.structs.card import ObserverCard

from arb_prometheus.card import CARD
from arb_prometheus.observer import Prometheus
from arb_prometheus.settings import Settings

__all__ = ["arb_observer", "arb_observer_card"]


@hookimpl
def arb_observer_card() -> ObserverCard:
    """Return the facts of `prometheus`."""
    return CARD


@hookimpl
def arb_observer(context: ObserverContext) -> Observer:
    """Return the observer; it serves from its `start` on."""
    settings = context.settings
    return Prometheus(context, settings if isinstance(settings, Settings) else Settings())
