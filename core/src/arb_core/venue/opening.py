"""From an exchange's id to a venue: its plugin, its settings, the way to it."""

from random import Random
from typing import Literal

from arb_core.config import load_credentials, variable, venue_settings
from arb_core.errors import SettingsError
from arb_core.interfaces.context import Clock
from arb_core.registry import Registry
from arb_core.runtime.address import check_override
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.limits import Allowances, of_this_process
from arb_core.runtime.transport import Transport
from arb_core.structs.account import Credentials
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import VenueName
from arb_core.venue.venue import Venue

__all__ = ["open_exchange"]


def open_exchange(
    exchange: str,
    *,
    venue: str | None = None,
    rest_url: str | None = None,
    ws_url: str | None = None,
    credentials: Credentials | Literal[True] | None = None,
    settings: ExchangeSettings | None = None,
    registry: Registry | None = None,
    clock: Clock | None = None,
    transport: Transport | None = None,
    random: Random | None = None,
    allowances: Allowances | None = None,
) -> Venue:
    """Return a venue to be opened with `async with`; nothing is sent before something is asked of it.

    Args:
        exchange: the plugin's id: `mexc`.
        venue: the label that books and logs bear, so that two accounts can stand side by side; default: the id.
        rest_url: replaces scheme, host and port of every request; a path goes before the venue's own.
        ws_url: the same for every socket.
        credentials: the key of an account, for `Venue.private` and `Venue.account`. True = the one that
            `config.load_credentials` finds under the label: variables, keyring, credentials file. Default: none, and
            nothing is looked for.
        settings: an instance of the card's settings struct; default: what the `ARB_<VENUE>_...` variables say.
        registry: the installed plugins, where they were found already.
        clock: time; default: the machine's.
        transport: the way to the venue; default: sockets. One that is given stays open when the venue is closed.
        random: where jitter comes from; a seeded one repeats a run.
        allowances: what was used of the venues' limits. Default: all venues of the process share one, which the user's
            state folder keeps over a restart; a venue on a clock of its own counts alone, and forgets.

    Raises:
        PluginMissing: no installed plugin owns the id; the message holds the cure.
        PluginBroken: one does, and cannot be used.
        SettingsError: an override that may not be used, a variable that cannot be read, or no key where one was to be
            found.
        NotSupported: credentials for an exchange whose plugin has no private side.
    """
    registry = registry or Registry()
    card = registry.card(exchange)
    name = VenueName(venue or exchange)
    if settings is None:
        settings = venue_settings(name, registry.card, table={"exchange": exchange})
    rest_url = rest_url or settings.rest_url
    ws_url = ws_url or settings.ws_url
    if rest_url is not None:
        check_override(rest_url, f"venues.{name}.rest_url", "https", "http")
    if ws_url is not None:
        check_override(ws_url, f"venues.{name}.ws_url", "wss", "ws")
    if credentials is True:
        credentials = load_credentials(name)
        if credentials is None:
            cure = f"set {variable(name, 'api_key')} and {variable(name, 'api_secret')}, or ARB_CREDENTIALS_FILE"
            raise SettingsError(f"no API key was found; {cure}", key=f"venues.{name}")
    if allowances is None:
        allowances = of_this_process() if clock is None else Allowances(clock)
    return Venue(
        name=name,
        card=card,
        settings=settings,
        registry=registry,
        clock=clock or SystemClock(),
        transport=transport,
        rest_url=rest_url,
        ws_url=ws_url,
        credentials=credentials,
        allowances=allowances,
        random=random or Random(),  # noqa: S311 (jitter, not a secret)
    )
