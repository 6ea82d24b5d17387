"""Where a venue is reached: its card's hosts, or the user's override of them, and what may be sent there."""

import ipaddress
from urllib.parse import SplitResult, urlsplit, urlunsplit

from arb_core.errors import SettingsError

__all__ = ["check_override", "is_loopback", "rebase", "require_safe_url"]


def require_safe_url(url: str, *schemes: str) -> str:
    """Return the host of a URL that may carry keys: TLS, or plain text to this machine.

    `schemes` = the allowed ones, the secure one first: ("https", "http") or ("wss", "ws").

    Raises:
        SettingsError: another scheme, no host, or a plain scheme to another machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _port = parts.port
    except ValueError as error:
        raise SettingsError(f"not a URL: {error}") from None
    if parts.scheme not in schemes or not host:
        raise SettingsError(f"expected a URL like {schemes[0]}://host, found {parts.scheme}://{host or ''}")
    if parts.username is not None or parts.password is not None:
        raise SettingsError(f"a URL holds no user name or password: {parts.scheme}://...@{host}")
    if parts.scheme != schemes[0] and not is_loopback(host):
        raise SettingsError(f"{parts.scheme}://{host}: plain text is allowed to this machine only; use {schemes[0]}")
    return host


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_override(url: str, key: str, *schemes: str) -> None:
    """Refuse an override that would send keys in the clear, or that cannot be meant. `schemes`: the secure one first.

    Raises:
        SettingsError: not a URL that may carry keys (`require_safe_url`), or more than scheme, host, port
            and path.
    """
    try:
        require_safe_url(url, *schemes)
    except SettingsError as error:
        raise SettingsError(str(error), key=key) from None
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise SettingsError("expected scheme, host, port and path only: the venue's own query is kept", key=key)


def rebase(url: str, override: str | None) -> str:
    """Replace scheme, host and port of `url` and keep its path and query; a path in the override goes before it."""
    if override is None:
        return url
    there, base = urlsplit(url), urlsplit(override)
    path = base.path.rstrip("/") + there.path
    return urlunsplit(SplitResult(base.scheme, base.netloc, path, there.query, ""))
