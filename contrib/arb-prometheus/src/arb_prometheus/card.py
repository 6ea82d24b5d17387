"""What the observer says of itself."""

from arb_core.structs.card import CONTRACT, ObserverCard

from arb_prometheus.settings import Settings

__all__ = ["CARD", "NAME"]

NAME = "prometheus"

CARD = ObserverCard(
    id=NAME,
    name="Prometheus",
    contract=CONTRACT,
    summary="Serve metrics on http://127.0.0.1:PORT/metrics.",
    settings=Settings,
)
