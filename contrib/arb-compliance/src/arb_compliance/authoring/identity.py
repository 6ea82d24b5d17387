"""Whether an id may be had: its form, and who has it already."""

import re

from arb_core.installed import ID, PLUGINS, discover
from arb_core.known import COMMANDS, DISTRIBUTIONS

__all__ = ["RefusedId", "check_id", "distribution_of", "package_of"]

_OURS = frozenset({"arb-core", "arb-native", *DISTRIBUTIONS.values(), *COMMANDS.values()})


class RefusedId(ValueError):
    """An id cannot be used; the message says why, and what can."""


def distribution_of(exchange: str) -> str:
    """Return the name on the package index: `arb-gateio`."""
    return f"arb-{exchange}"


def package_of(exchange: str) -> str:
    """Return the import name: `arb_gateio`."""
    return f"arb_{exchange.replace('-', '_')}"


def check_id(exchange: str) -> None:
    """Return when an id is well formed and free.

    Raises:
        RefusedId: it is not.
    """
    if ID.fullmatch(exchange) is None or exchange.startswith("arb-"):
        raise RefusedId(f"{exchange!r} is no id: {_flaw(exchange)}{_instead(exchange)}")
    if owners := discover(PLUGINS).get(exchange):
        raise RefusedId(f"{exchange!r} belongs to {' and '.join(owner.owner for owner in owners)}, which is installed")
    if exchange in DISTRIBUTIONS:
        raise RefusedId(f"{exchange!r} belongs to {DISTRIBUTIONS[exchange]}: pip install {DISTRIBUTIONS[exchange]}")
    if distribution_of(exchange) in _OURS:
        raise RefusedId(f"{exchange!r} would be {distribution_of(exchange)}, which is a distribution of the project")


def _flaw(exchange: str) -> str:
    """Say what is wrong, the nearest reason alone."""
    if not exchange:
        return "it is empty"
    if exchange.startswith("arb-"):
        return "it names the distribution, not the exchange"
    if not exchange[0].isascii() or not exchange[0].isalpha():
        return "it must begin with a letter"
    if odd := sorted(set(re.findall(r"[^A-Za-z0-9-]", exchange))):
        return f"it has {' '.join(map(repr, odd))}, where only a-z, 0-9 and single hyphens may stand"
    if exchange != exchange.lower():
        return "it has upper case letters"
    return "a hyphen stands alone between letters or digits"


def _instead(exchange: str) -> str:
    """Propose the nearest id that has the form."""
    near = re.sub(r"[^a-z0-9]+", "-", exchange.lower().removeprefix("arb-")).strip("-").lstrip("0123456789-")
    return f"; try {near!r}" if ID.fullmatch(near) else ""
