"""Where keys come from: variables, the system's keyring, or a file that nobody else can read or put in its place.

Nothing here ever shows a secret, nor the line of a file that may hold one.
"""

import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from arb_core.config.decoding import did_you_mean
from arb_core.config.names import SECRETS, variable
from arb_core.errors import SettingsError
from arb_core.structs.account import Credentials

__all__ = ["load_credentials"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def load_credentials(
    venue: str, *, environ: Mapping[str, str] | None = None, file: str | Path | None = None
) -> Credentials | None:
    """Return the key of one venue, or None: from variables, else from the keyring, else from a file of mode 0600.

    The variables are `ARB_<VENUE>_API_KEY`, `_API_SECRET`, `_API_PASSPHRASE`. The keyring is asked when the package
    `keyring` is installed: service `arb`, user name `<venue>.api_key` and so on. The file is `file`, else the one that
    `ARB_CREDENTIALS_FILE` names: TOML with one table a venue.

    Raises:
        SettingsError: half a key, or a file that others can read or replace. The message never holds a secret.
    """
    environ = os.environ if environ is None else environ
    from_variables = {field: environ.get(variable(venue, field)) for field in SECRETS}
    if any(from_variables.values()):
        return _credentials(from_variables, "environment", lambda field: variable(venue, field))
    from_keyring = _keyring(venue)
    if any(from_keyring.values()):
        return _credentials(from_keyring, "keyring", lambda field: f"arb {venue}.{field}")
    path = file or environ.get("ARB_CREDENTIALS_FILE")
    if path is None:
        return None
    table = _secret_file(Path(path).expanduser()).get(venue)
    if table is None:
        return None
    if not isinstance(table, dict):
        raise SettingsError("expected a table", path=str(path), key=venue)
    values: dict[str, Any] = table  # pyright: ignore[reportUnknownVariableType]
    for name, value in values.items():
        if name not in SECRETS:
            hint = f"unknown key{did_you_mean(name, SECRETS)}; expected one of {', '.join(SECRETS)}"
            raise SettingsError(hint, path=str(path), key=f"{venue}.{name}")
        if not isinstance(value, str):
            raise SettingsError(f"expected `str`, found {type(value).__name__}", path=str(path), key=f"{venue}.{name}")
    return _credentials({field: values.get(field) for field in SECRETS}, str(path), lambda field: f"{venue}.{field}")


def _credentials(values: Mapping[str, str | None], source: str, place: Callable[[str], str]) -> Credentials:
    key, secret = values["api_key"], values["api_secret"]
    if not key or not secret:
        missing = "api_key" if not key else "api_secret"
        raise SettingsError("is missing: a key needs both parts", path=source, key=place(missing))
    for field, value in values.items():
        # A signature over it would be refused by the venue, which then says that the key is wrong.
        if value is not None and (value != value.strip() or "\n" in value):
            raise SettingsError("has white space around it, as copied text does", path=source, key=place(field))
    return Credentials(api_key=key, api_secret=secret, api_passphrase=values["api_passphrase"] or None)


def _keyring(venue: str) -> dict[str, str | None]:
    """Ask the system's keyring, where there is one: neither the package nor a working back-end is required."""
    try:
        keyring: Any = import_module("keyring")
    except ImportError:
        return dict.fromkeys(SECRETS)
    errors: Any = import_module("keyring.errors")
    try:
        return {field: keyring.get_password("arb", f"{venue}.{field}") for field in SECRETS}
    except errors.NoKeyringError:
        return dict.fromkeys(SECRETS)
    except errors.KeyringError as error:
        raise SettingsError(
            f"cannot be read: {error}; unlock it, or set {variable(venue, 'api_key')}", path="keyring"
        ) from error


def _secret_file(path: Path) -> dict[str, Any]:
    """Read a credentials file, but only one that nobody else can read, nor put another one in its place."""
    try:
        with path.open("rb") as file:
            if os.name == "posix":
                # Of the open file: what a link leads to, and still the same when it is read.
                _check_file(path, os.fstat(file.fileno()))
                _check_folders(path)
            text = file.read()
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror or error}", path=str(path)) from error
    try:
        return tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's message and chain may quote the line, and the line may hold a secret.
        raise SettingsError("is not TOML", path=str(path)) from None


def _check_file(path: Path, found: os.stat_result) -> None:
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise SettingsError(f"holds secrets and has mode {mode:04o}, expected 0600; chmod 600 {path}", path=str(path))
    if found.st_uid not in {os.getuid(), 0}:
        raise SettingsError("holds secrets and belongs to another user", path=str(path))


def _check_folders(path: Path) -> None:
    """Refuse a folder on the way in which others may put a file of theirs in the place of ours.

    A sticky folder such as /tmp lets each user replace only what is their own.
    """
    for folder in dict.fromkeys([*path.absolute().parents, *path.resolve().parents]):
        found = folder.stat()
        if found.st_mode & _OTHERS_WRITE and not found.st_mode & stat.S_ISVTX:
            mode = stat.S_IMODE(found.st_mode)
            message = f"lies in {folder}, which others can write (mode {mode:04o}); chmod go-w {folder}"
            raise SettingsError(message, path=str(path))
        if found.st_uid not in {os.getuid(), 0}:
            raise SettingsError(f"lies in {folder}, which belongs to another user", path=str(path))
