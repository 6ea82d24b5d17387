"""Who asks: keys, signatures, passphrases and times. Entered before anything of an account is shown.

Source: https://www.kucoin.com/docs-new/authentication. A query is signed as it reads, for with its escapes it is
refused, as users report (github.com/JKorf/Kucoin.Net issue 72, github.com/Kucoin/kucoin-go-sdk pull request 119). The
HTTP statuses, which the page leaves out, are as users report, too: 400 for headers and times
(github.com/Kucoin/kucoin-universal-sdk issue 14 and kucoin-python-sdk issue 82), 401 for a passphrase
(github.com/emmtte/Cryptocurrency-Portfolio issue 56), 403 for an address (github.com/ccxt/ccxt issue 4969).
"""

from base64 import b64encode
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import unquote

from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_kucoin.sim.spelling import Declined

__all__ = ["Access"]

MS = 1_000_000
SECOND = 1_000_000_000

WINDOW_NS = 5 * SECOND
"""How far the client's clock may be from ours, in either direction."""

HEADERS = ("KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE")

PLAIN, SIGNED = "1", frozenset({"2", "3"})
"""Versions of keys: whose passphrase is sent as it is, and whose is sent as a signature."""


class Access:
    """The door. `now` is the venue's own clock."""

    def __init__(self, keys: KeyRing, now: Callable[[], int]) -> None:
        self._keys = keys
        self._now = now

    def request(self, request: Request, permission: Permission) -> ApiKey:
        """Say whose request this is.

        Raises:
            Declined: nobody's, or it may not do this.
        """
        headers = request.headers
        if not all(headers.get(name.lower()) for name in HEADERS):
            raise Declined(400001, f"Please check the header of your request for {', '.join(HEADERS)}", status=400)
        key = self._keys.find(headers["kc-api-key"])
        if key is None or (key.expires_ns is not None and self._now() >= key.expires_ns):
            _refuse(400003, "KC-API-KEY not exists")
        self._in_time(headers["kc-api-timestamp"])
        self._know(key, headers.get("kc-api-key-version", PLAIN), headers["kc-api-passphrase"])
        if not same(_signed(key, _text(request)), headers["kc-api-sign"]):
            _refuse(400005, "Invalid KC-API-SIGN")
        if key.addresses and request.client not in key.addresses:
            _refuse(400006, "The requested ip address is not in the api whitelist", status=403)
        if not key.may(permission):
            _refuse(400007, "Access denied, require more permission.", status=403)
        return key

    def _in_time(self, stamp: str) -> None:
        made_ns = int(stamp) * MS if stamp.isdecimal() else 0
        if timing(made_ns, self._now(), window_ns=WINDOW_NS, ahead_ns=WINDOW_NS) is not Timing.IN_TIME:
            raise Declined(400002, "Invalid KC-API-TIMESTAMP", status=400)

    def _know(self, key: ApiKey, version: str, passphrase: str) -> None:
        own = key.passphrase or ""
        if version in SIGNED:
            right = same(_signed(key, own.encode()), passphrase)
        else:
            right = version == PLAIN and same(own, passphrase)
        if not right:
            _refuse(400004, "Invalid KC-API-PASSPHRASE")


def _refuse(code: int, message: str, *, status: int = 401) -> NoReturn:
    raise Declined(code, message, status=status)


def _signed(key: ApiKey, text: bytes) -> str:
    return b64encode(signature(key.api_secret, text)).decode()


def _text(request: Request) -> bytes:
    """Return what is signed: time, method, path with the query as it reads, body."""
    endpoint = f"{request.path}?{unquote(request.query)}" if request.query else request.path
    stamp = request.headers["kc-api-timestamp"]
    return f"{stamp}{request.method}{endpoint}".encode("utf-8", "surrogateescape") + request.body
