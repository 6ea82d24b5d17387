"""A settings file, `ARB_...` variables over it, options over both. Nothing starts with a mistake in any of them."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import msgspec

from arb_core.config.decoding import convert, did_you_mean, fields_of, from_text
from arb_core.config.durations import duration_ns
from arb_core.config.names import SECRETS, variable
from arb_core.config.tables import Amounts, File, Settings, Tables, Timed
from arb_core.errors import SettingsError
from arb_core.structs.card import ExchangeCard, ExchangeSettings, ObserverCard, StrategyCard
from arb_core.structs.market import Symbol, VenueName

__all__ = ["CardLookup", "ObserverLookup", "StrategyLookup", "load", "load_file", "venue_settings"]

CardLookup = Callable[[str], ExchangeCard]
"""`Registry.card`: exchange id -> card, raising `PluginMissing` with the cure."""

StrategyLookup = Callable[[str], StrategyCard]
"""`Registry.strategy_card`, likewise."""

ObserverLookup = Callable[[str], ObserverCard]
"""`Registry.observer_card`, likewise."""

_DEFAULT_STRATEGY = "spatial"

_VENUE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")
"""A password in the address of a database."""


def load(
    path: str | Path | None,
    cards: CardLookup,
    strategy_cards: StrategyLookup,
    *,
    observer_cards: ObserverLookup | None = None,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
    venues: Iterable[str] = (),
) -> Settings:
    """Read a settings file, variables over it, options over both.

    Args:
        path: a TOML file; None = no file, only variables and options.
        cards: exchange id -> card.
        strategy_cards: strategy id -> card.
        observer_cards: observer id -> card; None = nothing is observed, whatever the file says.
        environ: the variables; the process environment by default.
        options: values by their place, e.g. `{"detection.max_age": "2s"}`; None values are left out.
        venues: names given on the command line; when there are any, only these venues are used, in this order.

    Raises:
        SettingsError: with file, place, what was expected, what was found and the nearest right name.
        PluginMissing: a venue's exchange, a strategy or an observer is not installed.
    """
    environ = os.environ if environ is None else environ
    source = None if path is None else str(path)
    file = load_file(path, options=options)
    chosen = list(dict.fromkeys(venues)) or list(file.venues)
    _check_venues(file, chosen, source)
    plain = {name: getattr(file, name) for name in fields_of(Tables)}
    return Settings(
        **plain,
        venues={
            VenueName(name): venue_settings(name, cards, table=file.venues.get(name), environ=environ, source=source)
            for name in chosen
        },
        strategies={
            name: _plugin_settings(f"strategies.{name}", table, strategy_cards(name).settings, source)
            for name, table in (file.strategies or {_DEFAULT_STRATEGY: {}}).items()
        },
        observers={}
        if observer_cards is None
        else {
            name: _plugin_settings(f"observers.{name}", table, observer_cards(name).settings, source)
            for name, table in file.observers.items()
        },
    )


def load_file(path: str | Path | None, *, options: Mapping[str, object] | None = None) -> File:
    """Read a settings file as far as that needs no plugin, options over it. Raises as `load`."""
    source = None if path is None else str(path)
    raw = {} if path is None else _read(Path(path))
    for place, value in (options or {}).items():
        if value is not None:
            _put(raw, place.split("."), value)
    file = convert(raw, File, source, ())
    for key, value, parse in _texts(file):
        try:
            parse(value)
        except ValueError as error:
            raise SettingsError(str(error), path=source, key=key) from error
    return file


def venue_settings(
    name: str,
    cards: CardLookup,
    *,
    table: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    source: str | None = None,
) -> ExchangeSettings:
    """Return the settings of one venue: its table, `ARB_<VENUE>_...` over it, decoded by its exchange's own struct.

    Raises:
        SettingsError: as `load`.
        PluginMissing: the exchange is not installed.
    """
    environ = os.environ if environ is None else environ
    if not _VENUE_NAME.fullmatch(name):
        raise SettingsError(f"expected a venue name of the form {_VENUE_NAME.pattern}, found {name!r}", path=source)
    merged: dict[str, object] = dict(table or {})
    exchange = environ.get(variable(name, "exchange")) or merged.get("exchange") or name
    if not isinstance(exchange, str):
        raise SettingsError(f"expected `str`, found {exchange!r}", path=source, key=f"venues.{name}.exchange")
    kind = cards(exchange).settings
    if source is not None:
        for secret in SECRETS:
            if secret in merged and secret not in fields_of(kind):
                cure = f"set {variable(name, secret)}, or use the keyring or a credentials file of mode 0600"
                raise SettingsError(
                    f"a secret does not belong here; {cure}", path=source, key=f"venues.{name}.{secret}"
                )
    checked = convert(merged, kind, source, ("venues", name))
    values: dict[str, object] = {}
    for field in fields_of(kind):
        text = environ.get(variable(name, field))
        if text is not None:
            values[field] = from_text(kind, field, text, variable(name, field))
    checked = msgspec.structs.replace(checked, **values)
    if not 0 < checked.share <= 1:
        where = variable(name, "share") if "share" in values else source
        key = None if "share" in values else f"venues.{name}.share"
        raise SettingsError(f"expected a part in (0, 1], found {checked.share!r}", path=where, key=key)
    return checked


# Inside.


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is not TOML: {error}", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"is not UTF-8: {error}", path=str(path)) from error
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror or error}", path=str(path)) from error


def _put(raw: dict[str, Any], place: list[str], value: object) -> None:
    """Set a value in nested tables; a place below something that is no table is left for `convert` to refuse."""
    *tables, last = place
    for table in tables:
        inner: object = raw.setdefault(table, {})
        if not isinstance(inner, dict):
            return
        raw = cast("dict[str, Any]", inner)
    raw[last] = value


def _plugin_settings(
    key: str, table: Mapping[str, object], kind: type[msgspec.Struct] | None, source: str | None
) -> msgspec.Struct | None:
    if kind is not None:
        return convert(table, kind, source, tuple(key.split(".")))
    if table:
        raise SettingsError(f"{key.partition('.')[2]} has no settings", path=source, key=key)
    return None


_Text = tuple[str, Any, Callable[[Any], object]]
"""A place, what stands there, and what reads it: raises `ValueError` for a mistake."""


def _texts(file: File) -> Iterable[_Text]:
    """Yield what is kept as a text or as a bare number, to be read once so that a mistake is told with its place."""
    for number, text in enumerate(file.symbols):
        yield f"symbols[{number}]", text, Symbol.parse
    for number, mute in enumerate(file.detection.mute):
        if mute.symbol is not None:
            yield f"detection.mute[{number}].symbol", mute.symbol, Symbol.parse
    for name in fields_of(Tables):
        table = getattr(file, name)
        if isinstance(table, Timed):
            yield from _some(name, table, table.durations(), duration_ns)
    yield from _some("journal", file.journal, ("place", "paper"), _place)
    for field in ("max_notional", "max_daily_loss", "max_asset"):
        yield from _amounts(f"risk.{field}", getattr(file.risk, field))
    for field in ("hedge_loss", "unwind_loss"):
        yield from _amounts(f"legs.{field}", getattr(file.legs, field))
    for key, by_venue in _by_venue(file):
        for venue, amounts in by_venue.items():
            yield from _amounts(f"{key}.{venue}", amounts)


def _some(name: str, table: object, fields: Iterable[str], parse: Callable[[Any], object]) -> Iterable[_Text]:
    for field in fields:
        if (value := getattr(table, field)) is not None:
            yield f"{name}.{field}", value, parse


def _amounts(key: str, amounts: Amounts) -> Iterable[_Text]:
    for asset, amount in amounts.items():
        yield f"{key}.{asset}", asset, _asset
        yield f"{key}.{asset}", amount, _amount


def _asset(name: str) -> None:
    if name != name.upper():
        raise ValueError(f"expected an asset as its venues write it, found {name!r}, did you mean {name.upper()!r}?")


def _amount(amount: Decimal) -> None:
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"expected an amount, 0 or more, found {amount}")


def _place(address: str) -> None:
    if _PASSWORD.search(address):
        raise ValueError("a password does not belong here; set PGPASSWORD, or use ~/.pgpass")


def _by_venue(file: File) -> Iterable[tuple[str, Mapping[VenueName, Amounts]]]:
    return ("risk.max_on_venue", file.risk.max_on_venue), ("paper.balances", file.paper.balances)


def _check_venues(file: File, chosen: Iterable[str], source: str | None) -> None:
    """Refuse a misspelled venue: its limit would guard nothing, its balance would be nobody's."""
    names = {*file.venues, *chosen}
    for key, by_venue in _by_venue(file):
        for venue in by_venue:
            if venue not in names:
                message = f"no venue of this name{did_you_mean(venue, names)}; there are {', '.join(sorted(names))}"
                raise SettingsError(message, path=source, key=f"{key}.{venue}")
