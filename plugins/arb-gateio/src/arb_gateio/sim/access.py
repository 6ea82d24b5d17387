"""Who asks: keys, signatures and times, of requests and of the socket. Entered before anything of an account is shown.

Source: https://www.gate.com/docs/developers/apiv4/en/#authentication and, for the socket,
https://www.gate.com/docs/developers/apiv4/ws/en/#authentication
"""

from collections.abc import Callable
from hashlib import sha512
from typing import NamedTuple
from urllib.parse import unquote

import msgspec
from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_gateio.sim.frames import Ask
from arb_gateio.sim.spelling import Declined

__all__ = ["Access", "Login"]

MS = 1_000_000
SECOND = 1_000_000_000

WINDOW_NS = 60 * SECOND
"""How far the client's clock may be from ours, in either direction."""

HEADERS = {"key": "KEY", "timestamp": "Timestamp", "sign": "SIGN"}


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What `spot.login` takes. Clients that sign every message of the socket API send `req_param` here as well."""

    api_key: str = ""
    signature: str = ""
    timestamp: str = ""
    req_id: str = ""
    req_param: msgspec.Raw = msgspec.Raw(b"")


class _Claim(NamedTuple):
    """Who somebody says to be, when, and the proof."""

    api_key: str
    made_s: str
    signature: str
    signed: Callable[[], str | None]
    """The text that must have been signed; None = there is none."""


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
        for name, spelt in HEADERS.items():
            if not headers.get(name):
                raise Declined(400, "MISSING_REQUIRED_HEADER", f"Missing required header: {spelt}")
        exptime = headers.get("x-gate-exptime")
        if exptime is not None and not (exptime.isdecimal() and self._now() <= int(exptime) * MS):
            raise Declined(400, "REQUEST_EXPIRED", f"request reached the server after x-gate-exptime {exptime}")
        claim = _Claim(headers["key"], headers["timestamp"], headers["sign"], lambda: _signed(request))
        key = self._judge(claim)
        if key.addresses and request.client not in key.addresses:
            raise Declined(403, "IP_FORBIDDEN", f"Request IP not in whitelist: {request.client}")
        if not key.may(permission):
            label = "READ_ONLY" if permission is Permission.TRADE and key.may(Permission.READ) else "FORBIDDEN"
            raise Declined(403, label, f"Key has no permission to {permission}")
        return key

    def subscription(self, ask: Ask) -> ApiKey:
        """Say whose account a subscription is about.

        Raises:
            Declined: nobody's.
        """
        auth = ask.auth
        if auth is None or auth.method != "api_key":
            raise Declined(401, "INVALID_CREDENTIALS", "Missing or unknown authentication method")
        text = f"channel={ask.channel}&event={ask.event}&time={ask.time}"
        return self._readable(self._judge(_Claim(auth.KEY, str(ask.time), auth.SIGN, lambda: text)))

    def login(self, channel: str, login: Login) -> ApiKey:
        """Say who logs in to the socket API.

        Raises:
            Declined: nobody.
        """
        param = bytes(login.req_param).decode()
        text = f"api\n{channel}\n{param}\n{login.timestamp}"
        return self._readable(self._judge(_Claim(login.api_key, login.timestamp, login.signature, lambda: text)))

    def _readable(self, key: ApiKey) -> ApiKey:
        if not key.may(Permission.READ):
            raise Declined(403, "FORBIDDEN", "Key has no permission to read")
        return key

    def _judge(self, claim: _Claim) -> ApiKey:
        key = self._keys.find(claim.api_key)
        if key is None or (key.expires_ns is not None and self._now() >= key.expires_ns):
            raise Declined(401, "INVALID_KEY", "Invalid key provided")
        try:
            made_ns = int(float(claim.made_s) * SECOND)
        except (ValueError, OverflowError) as wrong:
            raise Declined(400, "INVALID_PARAM_VALUE", f"Invalid timestamp {claim.made_s}") from wrong
        if timing(made_ns, self._now(), window_ns=WINDOW_NS, ahead_ns=WINDOW_NS) is not Timing.IN_TIME:
            raise Declined(401, "REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60")
        text = claim.signed()
        if text is None or not same(_hmac(key, text), claim.signature):
            raise Declined(401, "INVALID_SIGNATURE", "Signature mismatch")
        return key


def _hmac(key: ApiKey, text: str) -> str:
    # what a URL holds that is no text is signed as the bytes it is
    return signature(key.api_secret, text.encode("utf-8", "surrogateescape"), "sha512").hex()


def _signed(request: Request) -> str | None:
    """Method, path, query without its percent-encoding, hash of the body, time.

    None = nothing matches: so it is with lists whose commas are percent-encoded (gateapi-python, issue 83).
    """
    if "%2c" in request.query.lower():
        return None
    query, body = unquote(request.query), sha512(request.body).hexdigest()
    return "\n".join((request.method, request.path, query, body, request.headers["timestamp"]))
