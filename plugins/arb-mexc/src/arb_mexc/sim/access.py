"""Who asks: the key, the time and the signature of a request. Entered before anything of an account is shown.

Source: https://www.mexc.com/api-docs/spot-v3/general-info#signed
"""

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_mexc.sim.spelling import Declined, missing

__all__ = ["Access", "parameters"]

MS = 1_000_000

WINDOW_MS = 5_000
MOST_WINDOW_MS = 60_000
AHEAD_NS = 1_000 * MS
"""A request may come so much before its time."""

CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded")

_KEY = re.compile(r"[0-9A-Za-z]{10,64}")


class Access:
    """The door. `now` is the venue's own clock."""

    def __init__(self, keys: KeyRing, now: Callable[[], int]) -> None:
        self._keys = keys
        self._now = now

    def judge(self, request: Request, params: dict[str, str], permission: Permission) -> ApiKey:
        """Say whose request this is.

        Raises:
            Declined: nobody's, or it may not do this.
        """
        key = self._key(request.headers.get("x-mexc-apikey", ""))
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method != "GET" and kind not in CONTENT_TYPES:
            raise Declined(700013, "Invalid content Type.")
        text = _signed_text(request)
        if text is None:
            raise missing("signature")
        self._judge_time(params)
        signed, given = text
        if not same(signature(key.api_secret, signed.encode()).hex(), given):
            raise Declined(700002, "Signature for this request is not valid.")
        if key.addresses and request.client not in key.addresses:
            raise Declined(700006, f"IP [{request.client}] not in the ip white list")
        if not key.may(permission):
            raise Declined(700007, "No permission to access the endpoint.")
        return key

    def _key(self, named: str) -> ApiKey:
        if not named:
            raise Declined(400, "api key required")
        if not _KEY.fullmatch(named):
            raise Declined(700001, "API-key format invalid.")
        key = self._keys.find(named)
        if key is None:
            raise Declined(10072, "Api key info invalid")
        if key.expires_ns is not None and self._now() >= key.expires_ns:
            raise Declined(402, "API key expired", status=401)
        return key

    def _judge_time(self, params: dict[str, str]) -> None:
        made, window = params.get("timestamp", ""), params.get("recvWindow") or str(WINDOW_MS)
        if not made.isdigit():
            raise missing("timestamp")
        if not window.isdigit() or int(window) > MOST_WINDOW_MS:
            raise Declined(700005, f"recvWindow must be less than {MOST_WINDOW_MS}")
        judged = timing(int(made) * MS, self._now() // MS * MS, window_ns=int(window) * MS, ahead_ns=AHEAD_NS)
        if judged is not Timing.IN_TIME:
            raise Declined(700003, "Timestamp for this request is outside of the recvWindow.")


def parameters(request: Request) -> dict[str, str]:
    """Read query and body, where that is a form; what is in both counts as the query has it."""
    found: dict[str, str] = {}
    for text in (_body(request), request.query):
        for part in text.split("&"):
            name, equals, value = part.partition("=")
            if equals:
                found[unquote_plus(name)] = unquote_plus(value)
    return found


def _body(request: Request) -> str:
    return request.body.decode("utf-8", "replace")


def _signed_text(request: Request) -> tuple[str, str] | None:
    """Return what must have been signed, and the signature: the last parameter; None = there is none.

    The text is the query followed directly by the body, byte for byte.
    """
    query, body = request.query, _body(request)
    for text in (body, query):
        head, mark, given = f"&{text}".rpartition("&signature=")
        if not mark:
            continue
        if not given or "&" in given:
            return None
        return (f"{query}{head[1:]}" if text is body else f"{head[1:]}{body}"), given
    return None
