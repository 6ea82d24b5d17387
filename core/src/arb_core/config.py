"""Settings: TOML, overridden by `ARB_...` variables, overridden by options; and where secrets come from.

Entered by the command line and by `venue`. Each `[venues.NAME]` table is decoded by the settings struct of its
exchange's card, which the caller looks up: this room knows no plugin. Secrets are never read from a settings file.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_type_hints

import msgspec

from arb_core.errors import SettingsError
from arb_core.structs.account import Credentials
from arb_core.structs.card import ExchangeCard, ExchangeSettings, StrategyCard
from arb_core.structs.market import Symbol, VenueName

__all__ = [
    "DURATIONS",
    "CardLookup",
    "DetectionSettings",
    "MuteSettings",
    "Settings",
    "StrategyLookup",
    "duration_ns",
    "load",
    "load_credentials",
    "schema",
    "variable",
    "venue_settings",
]

T = TypeVar("T")

CardLookup = Callable[[str], ExchangeCard]
"""`Registry.card`: exchange id -> card, raising `PluginMissing` with the cure."""

StrategyLookup = Callable[[str], StrategyCard]
"""`Registry.strategy_card`, likewise."""

_DEFAULT_STRATEGY = "spatial"

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

_SECRETS = ("api_key", "api_secret", "api_passphrase")
_VENUE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


_Duration = Annotated[str, msgspec.Meta(examples=["5s", "250ms", "2m"])]


class MuteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[detection.mute]]`: two venues whose difference is known and not wanted."""

    venues: tuple[VenueName, VenueName]
    symbol: str | None = None
    """Such as `LEO/USDT`; default: every symbol."""


class DetectionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[detection]`: the bounds of the checks that judge an opportunity."""

    max_age: _Duration = "5s"
    """A book that took no message for longer is stale."""
    max_edge_bps: float = 1000.0
    """A larger edge is absurd: a fact that we do not know, not a gift."""
    premium: _Duration = "15m"
    """An edge that stays open for longer is a premium that nobody can earn."""
    price_window: _Duration = "5m"
    """Where no contract address proves that two venues list the same asset, prices must agree for so long..."""
    price_tolerance_bps: float = 500.0
    """... to within this much."""
    delisting_margin: _Duration = "24h"
    """A delisting closer than this refuses."""
    ignore_transfers: bool = False
    """Closed deposits or withdrawals do not refuse."""
    mute: tuple[MuteSettings, ...] = ()

    def duration_ns(self, field: str) -> int:
        """Return one of the durations in nanoseconds."""
        return duration_ns(getattr(self, field))


DURATIONS = ("max_age", "premium", "price_window", "delisting_margin")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole settings file."""

    symbols: tuple[str, ...] = ()
    """What to watch: `["BTC/USDT"]`."""
    venues: dict[VenueName, ExchangeSettings] = {}
    """`[venues.NAME]`: the exchange's own settings; NAME is the exchange's id unless `exchange` says otherwise."""
    strategies: dict[str, msgspec.Struct | None] = {}
    """`[strategies.ID]`: the strategies that run, each with its own settings; default: `spatial`."""
    detection: DetectionSettings = DetectionSettings()


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A settings file before anybody knows what the tables of venues and strategies mean."""

    symbols: tuple[str, ...] = ()
    venues: dict[str, dict[str, Any]] = {}
    strategies: dict[str, dict[str, Any]] = {}
    detection: DetectionSettings = DetectionSettings()


def duration_ns(text: str) -> int:
    """Return the nanoseconds of `5s`, `250ms`, `2m`. Raises `ValueError` for a text of another form."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a duration like 5s, 250ms or 2m, found {text!r}")
    return round(float(match[1]) * _UNITS[match[2]])


def variable(venue: str, field: str) -> str:
    """Return the name of the variable that sets one field of a venue: `ARB_MEXC_REST_URL`."""
    return f"ARB_{venue.upper().replace('-', '_')}_{field.upper()}"


def load(
    path: str | Path | None,
    cards: CardLookup,
    strategy_cards: StrategyLookup,
    *,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
    venues: Iterable[str] = (),
) -> Settings:
    """Read a settings file, variables over it, options over both.

    Args:
        path: a TOML file; None = no file, only variables and options.
        cards: exchange id -> card.
        strategy_cards: strategy id -> card.
        environ: the variables; the process environment by default.
        options: values by their place, e.g. `{"detection.max_age": "2s"}`; None values are left out.
        venues: names given on the command line; when there are any, only these venues are used, in this order.

    Raises:
        SettingsError: with file, place, what was expected, what was found and the nearest right name.
        PluginMissing: a venue's exchange or a strategy is not installed.
    """
    environ = os.environ if environ is None else environ
    source = None if path is None else str(path)
    raw = {} if path is None else _read(Path(path))
    for place, value in (options or {}).items():
        if value is not None:
            _put(raw, place.split("."), value)
    file = _convert(raw, _File, source, ())
    chosen = list(dict.fromkeys(venues)) or list(file.venues)
    settings = Settings(
        symbols=file.symbols,
        venues={
            VenueName(name): venue_settings(name, cards, table=file.venues.get(name), environ=environ, source=source)
            for name in chosen
        },
        strategies={
            name: _strategy_settings(name, table, strategy_cards, source)
            for name, table in (file.strategies or {_DEFAULT_STRATEGY: {}}).items()
        },
        detection=file.detection,
    )
    _check_texts(settings, source)
    return settings


def _check_texts(settings: Settings, source: str | None) -> None:
    """Read once what is kept as text, so that a mistake is told with its place."""
    detection = settings.detection
    checks: list[tuple[str, str, Callable[[str], object]]] = [
        *((f"detection.{name}", getattr(detection, name), duration_ns) for name in DURATIONS),
        *((f"symbols[{number}]", text, Symbol.parse) for number, text in enumerate(settings.symbols)),
        *(
            (f"detection.mute[{n}].symbol", mute.symbol, Symbol.parse)
            for n, mute in enumerate(detection.mute)
            if mute.symbol
        ),
    ]
    for key, text, parse in checks:
        try:
            parse(text)
        except ValueError as error:
            raise SettingsError(str(error), path=source, key=key) from error


def _strategy_settings(
    name: str, table: Mapping[str, object], cards: StrategyLookup, source: str | None
) -> msgspec.Struct | None:
    kind = cards(name).settings
    if kind is None:
        if table:
            raise SettingsError("this strategy has no settings", path=source, key=f"strategies.{name}")
        return None
    return _convert(table, kind, source, ("strategies", name))


def _put(raw: dict[str, Any], place: list[str], value: object) -> None:
    """Set a value in nested tables; a place below something that is no table is left for `_convert` to refuse."""
    *tables, last = place
    for table in tables:
        inner: object = raw.setdefault(table, {})
        if not isinstance(inner, dict):
            return
        raw = cast("dict[str, Any]", inner)
    raw[last] = value


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
        for secret in _SECRETS:
            if secret in merged and secret not in _fields(kind):
                cure = f"set {variable(name, secret)}, or use the keyring or a credentials file of mode 0600"
                raise SettingsError(
                    f"a secret does not belong here; {cure}", path=source, key=f"venues.{name}.{secret}"
                )
    checked = _convert(merged, kind, source, ("venues", name))
    values: dict[str, object] = {}
    for field in _fields(kind):
        text = environ.get(variable(name, field))
        if text is not None:
            values[field] = _from_text(kind, field, text, variable(name, field))
    checked = msgspec.structs.replace(checked, **values)
    if not 0 < checked.share <= 1:
        where = variable(name, "share") if "share" in values else source
        key = None if "share" in values else f"venues.{name}.share"
        raise SettingsError(f"expected a part in (0, 1], found {checked.share!r}", path=where, key=key)
    return checked


def schema(cards: Iterable[ExchangeCard], strategies: Iterable[StrategyCard] = ()) -> dict[str, Any]:
    """Return the JSON schema of a settings file, with the tables of the exchanges and strategies that are installed."""
    cards, strategies = list(cards), [card for card in strategies if card.settings is not None]
    kinds = [_File, ExchangeSettings, *(card.settings for card in cards), *(card.settings for card in strategies)]
    components, definitions = msgspec.json.schema_components(kinds)
    root, general, *tables = components
    schema: dict[str, Any] = definitions.pop(str(root["$ref"]).rpartition("/")[2])
    schema["title"], schema["description"] = "Settings", "The settings of arb."
    schema["properties"]["venues"] = {
        "type": "object",
        "description": "One table a venue, named by the exchange's id or by a name of your own.",
        "properties": {card.id: table for card, table in zip(cards, tables, strict=False)},
        "additionalProperties": {"anyOf": _distinct([general, *tables[: len(cards)]])},
    }
    schema["properties"]["strategies"] = {
        "type": "object",
        "description": "One table a strategy, named by its id. Only these run; without any, `spatial`.",
        "properties": {card.id: table for card, table in zip(strategies, tables[len(cards) :], strict=True)},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": definitions}


def _distinct(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({str(table): table for table in tables}.values())


# Reading.


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"is not TOML: {error}", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"is not UTF-8: {error}", path=str(path)) from error
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror or error}", path=str(path)) from error


def _convert(raw: Mapping[str, object], kind: type[T], source: str | None, place: tuple[str, ...]) -> T:
    """Decode plain values, and turn msgspec's answer into one that names the place, the value and the nearest name."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        path = [part for part in re.split(r"[.\[\]]+", where.rstrip("`")) if part]
        key = ".".join([*place, where.strip(".`")]).strip(".")
        unknown = re.search(r"unknown field `(.*)`", text)
        if unknown is not None:
            names = _fields(_kind_at(kind, path))
            message = f"unknown key{_did_you_mean(unknown[1], names)}; expected one of {', '.join(names)}"
            raise SettingsError(message, path=source, key=f"{key}.{unknown[1]}".lstrip(".")) from error
        expected = text.partition(", got ")[0].replace("Expected", "expected")
        message = f"{expected}, found {_value_at(raw, path)!r}" if expected != text else text
        raise SettingsError(message, path=source, key=key) from error


def _from_text(kind: type[msgspec.Struct], field: str, text: str, name: str) -> object:
    try:
        return msgspec.convert(text, get_type_hints(kind)[field], strict=False)
    except msgspec.ValidationError as error:
        expected = str(error).partition(", got ")[0].replace("Expected", "expected")
        raise SettingsError(f"{expected}, found {text!r}", path=name) from error


def _fields(kind: object) -> tuple[str, ...]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return tuple(field.encode_name for field in msgspec.structs.fields(kind))
    return ()


def _kind_at(kind: object, path: list[str]) -> object:
    """Follow field names into nested structs."""
    for part in path:
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return None
        kind = get_type_hints(kind).get(part)
    return kind


def _value_at(raw: object, path: list[str]) -> object:
    """Return what the file says at a place, for the message; secrets never get that far."""
    for part in path:
        if isinstance(raw, Mapping):
            raw = raw.get(part)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        elif isinstance(raw, list) and part.isdigit():
            raw = raw[int(part)]  # pyright: ignore[reportUnknownVariableType]
    return raw  # pyright: ignore[reportUnknownVariableType]


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else ""


# Secrets.


def load_credentials(
    venue: str, *, environ: Mapping[str, str] | None = None, file: str | Path | None = None
) -> Credentials | None:
    """Return the key of one venue, or None: from variables, else from the keyring, else from a file of mode 0600.

    The variables are `ARB_<VENUE>_API_KEY`, `_API_SECRET`, `_API_PASSPHRASE`. The keyring is asked when the package
    `keyring` is installed: service `arb`, user name `<venue>.api_key` and so on. The file is `file`, else the one that
    `ARB_CREDENTIALS_FILE` names: TOML with one table a venue.

    Raises:
        SettingsError: half a key, or a file that others can read. The message never holds a secret.
    """
    environ = os.environ if environ is None else environ
    from_variables = {field: environ.get(variable(venue, field)) for field in _SECRETS}
    if any(from_variables.values()):
        return _credentials(from_variables, "environment", lambda field: variable(venue, field))
    from_keyring = _keyring(venue)
    if any(from_keyring.values()):
        return _credentials(from_keyring, "keyring", lambda field: f"arb {venue}.{field}")
    path = file or environ.get("ARB_CREDENTIALS_FILE")
    if path is None:
        return None
    table = _secret_file(Path(path)).get(venue)
    if table is None:
        return None
    if not isinstance(table, dict):
        raise SettingsError("expected a table", path=str(path), key=venue)
    values: dict[str, Any] = table  # pyright: ignore[reportUnknownVariableType]
    for name, value in values.items():
        if name not in _SECRETS:
            hint = f"unknown key{_did_you_mean(name, _SECRETS)}; expected one of {', '.join(_SECRETS)}"
            raise SettingsError(hint, path=str(path), key=f"{venue}.{name}")
        if not isinstance(value, str):
            raise SettingsError(f"expected `str`, found {type(value).__name__}", path=str(path), key=f"{venue}.{name}")
    return _credentials({field: values.get(field) for field in _SECRETS}, str(path), lambda field: f"{venue}.{field}")


def _credentials(values: Mapping[str, str | None], source: str, place: Callable[[str], str]) -> Credentials:
    key, secret = values["api_key"], values["api_secret"]
    if not key or not secret:
        missing = "api_key" if not key else "api_secret"
        raise SettingsError("is missing: a key needs both parts", path=source, key=place(missing))
    return Credentials(api_key=key, api_secret=secret, api_passphrase=values["api_passphrase"])


def _keyring(venue: str) -> dict[str, str | None]:
    """Ask the system's keyring, where there is one: neither the package nor a working back-end is required."""
    try:
        keyring: Any = import_module("keyring")
    except ImportError:
        return dict.fromkeys(_SECRETS)
    errors: Any = import_module("keyring.errors")
    try:
        return {field: keyring.get_password("arb", f"{venue}.{field}") for field in _SECRETS}
    except errors.NoKeyringError:
        return dict.fromkeys(_SECRETS)
    except errors.KeyringError as error:
        raise SettingsError(
            f"cannot be read: {error}; unlock it, or set {variable(venue, 'api_key')}", path="keyring"
        ) from error


def _secret_file(path: Path) -> dict[str, Any]:
    """Read a credentials file, but only one that nobody else can read."""
    try:
        found = path.stat()
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror or error}", path=str(path)) from error
    if os.name == "posix":
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(found.st_mode)
            raise SettingsError(
                f"holds secrets and has mode {mode:04o}, expected 0600; chmod 600 {path}", path=str(path)
            )
        if found.st_uid not in {os.getuid(), 0}:
            raise SettingsError("holds secrets and belongs to another user", path=str(path))
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's message and chain may quote the line, and the line may hold a secret.
        raise SettingsError("is not TOML", path=str(path)) from None
