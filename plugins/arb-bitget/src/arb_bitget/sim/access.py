"""Who asks: keys, signatures and times, of requests and of the socket. Entered before anything of an account is shown.

Sources: https://www.bitget.com/api-doc/common/signature and https://www.bitget.com/api-doc/common/websocket-intro
"""

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import unquote

from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_bitget.sim.frames import Login
from arb_bitget.sim.spelling import Declined

__all__ = ["Access"]

MS = 1_000_000
SECOND = 1_000_000_000

WINDOW_NS = 30 * SECOND
"""How far the client's clock may be from ours, in either direction."""

IN_SECONDS = 100_000_000_000
"""A number below is seconds, above milliseconds: a login takes both."""

HEADERS = {"access-key": 40001, "access-sign": 40002, "access-timestamp": 40003, "access-passphrase": 40011}
"""What a request must bear -> the code without it."""


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
        for name, code in HEADERS.items():
            if not headers.get(name):
                raise Declined(code, f"{name.upper().replace('-', '_')} cannot be empty")
        made = headers["access-timestamp"]
        if not (made.isascii() and made.isdecimal()):
            raise Declined(40005, "Invalid ACCESS_TIMESTAMP")
        if timing(int(made) * MS, self._now(), window_ns=WINDOW_NS, ahead_ns=WINDOW_NS) is not Timing.IN_TIME:
            raise Declined(40008, "Request timestamp expired")
        key = self._find(headers["access-key"])
        if key is None:
            raise Declined(40037, "Apikey does not exist")
        _prove(key, request)
        if key.addresses and request.client not in key.addresses:
            raise Declined(40018, "Invalid IP")
        if not key.may(permission):
            raise Declined(40014, "Incorrect permissions")
        return key

    def login(self, login: Login) -> ApiKey:
        """Say who logs in to the socket.

        Raises:
            Declined: nobody.
        """
        key = self._find(login.api_key)
        if key is None:
            raise Declined(30011, "Invalid ACCESS_KEY")
        if not same(key.passphrase or "", login.passphrase):
            raise Declined(30012, "Invalid ACCESS_PASSPHRASE")
        if not (login.timestamp.isascii() and login.timestamp.isdecimal()):
            raise Declined(30013, "Invalid ACCESS_TIMESTAMP")
        made = int(login.timestamp)
        made_ns = made * (SECOND if made < IN_SECONDS else MS)
        if timing(made_ns, self._now(), window_ns=WINDOW_NS, ahead_ns=WINDOW_NS) is not Timing.IN_TIME:
            raise Declined(30014, "Request timestamp expired")
        if not same(_signed(key, f"{login.timestamp}GET/user/verify"), login.sign):
            raise Declined(30015, "Invalid signature")
        if not key.may(Permission.READ):
            raise Declined(40014, "Incorrect permissions")
        return key

    def _find(self, api_key: str) -> ApiKey | None:
        key = self._keys.find(api_key)
        return None if key is None or (key.expires_ns is not None and self._now() >= key.expires_ns) else key


def _prove(key: ApiKey, request: Request) -> None:
    """Hold signature and passphrase of a request against those of its key."""
    if not same(_signed(key, _text(request)), request.headers["access-sign"]):
        raise Declined(40009, "sign signature error")
    if not same(key.passphrase or "", request.headers["access-passphrase"]):
        raise Declined(40012, "apikey/password is incorrect")


def _signed(key: ApiKey, signed: str) -> str:
    return b64encode(signature(key.api_secret, signed.encode("utf-8", "surrogateescape"))).decode()


def _text(request: Request) -> str:
    """Time, method, path, query without its percent-encoding, body."""
    query = f"?{unquote(request.query)}" if request.query else ""
    body = request.body.decode("utf-8", "surrogateescape")
    return f"{request.headers['access-timestamp']}{request.method}{request.path}{query}{body}"
