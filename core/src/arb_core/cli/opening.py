"""From names on the command line to venues that can be opened."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from arb_core.config import DetectionSettings, Settings, load
from arb_core.engine.opportunity import Mute, Policy
from arb_core.registry import Registry
from arb_core.runtime.transport import Transport
from arb_core.structs.account import Credentials
from arb_core.structs.market import VenueName
from arb_core.venue import Venue, open_exchange

__all__ = ["Keys", "Opener", "no_key", "openers_for", "policy_of"]


Keys = Callable[[VenueName], Credentials | None]
"""Finds the key of a venue, `config.load_credentials` for example; None = the venue is opened without an account."""


def no_key(_name: VenueName) -> None:
    """Open every venue without an account."""


class Opener(Protocol):
    """Makes a venue, to be opened with `async with`; called on the event loop."""

    def __call__(self, *, transport: Transport | None = None) -> Venue:
        """Return a venue that speaks through `transport`; default: sockets of its own."""
        ...


def openers_for(
    names: Iterable[str],
    *,
    registry: Registry,
    file: str | None = None,
    options: Mapping[str, object] | None = None,
    keys: Keys = no_key,
) -> tuple[Settings, dict[VenueName, Opener]]:
    """Return the settings and, by name, what opens each venue, with its key where `keys` has one.

    Raises:
        SettingsError: the settings are wrong.
        PluginMissing: an exchange is not installed.
        PluginBroken: an exchange is installed and cannot be used.
    """
    settings = load(
        file,
        registry.card,
        registry.strategy_card,
        observer_cards=registry.observer_card,
        venues=names,
        options=options,
    )

    def opener(name: VenueName) -> Opener:
        own = settings.venues[name]
        exchange = own.exchange or name
        return partial(open_exchange, exchange, venue=name, settings=own, registry=registry, credentials=keys(name))

    return settings, {name: opener(name) for name in settings.venues}


def policy_of(detection: DetectionSettings) -> Policy:
    """Put the settings of the checks into the engine's words."""
    return Policy(
        max_age_ns=detection.duration_ns("max_age"),
        max_edge_bps=detection.max_edge_bps,
        premium_ns=detection.duration_ns("premium"),
        price_window_ns=detection.duration_ns("price_window"),
        price_tolerance_bps=detection.price_tolerance_bps,
        ignore_transfers=detection.ignore_transfers,
        delisting_margin_ns=detection.duration_ns("delisting_margin"),
        mute=tuple(Mute(venues=mute.venues, symbol=mute.symbol) for mute in detection.mute),
    )
