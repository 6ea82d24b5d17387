"""Where a venue is reached: its card's hosts, or the user's override of them."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

from arb_core.errors import SettingsError
from arb_core.runtime.sockets import require_safe_url

__all__ = ["check_override", "rebase"]


def check_override(url: str, key: str, *schemes: str) -> None:
    """Refuse an override that would send keys in the clear, or that cannot be meant. `schemes`: the secure one first.

    Raises:
        SettingsError: not a URL that may carry keys (`sockets.require_safe_url`), or more than scheme, host, port
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
