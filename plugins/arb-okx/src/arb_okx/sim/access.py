"""Who asks: keys, signatures and times, of requests and of the socket. Entered before anything of an account is shown.

Source: https://www.okx.com/docs-v5/en/#overview-rest-authentication and #overview-websocket-login there.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_okx.sim.spelling import Declined

__all__ = ["Access", "Login"]

MS = 1_000_000
SECOND = 1_000_000_000

WINDOW_NS = 30 * SECOND
"""How far the client's clock may be from ours, in either direction."""

HEADERS = {
    "ok-access-key": ("50103", "OK-ACCESS-KEY"),
    "ok-access-passphrase": ("50104", "OK-ACCESS-PASSPHRASE"),
    "ok-access-sign": ("50106", "OK-ACCESS-SIGN"),
    "ok-access-timestamp": ("50107", "OK-ACCESS-TIMESTAMP"),
}
"""Header -> the code of its absence, and how it is spelt."""

MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")

KEY = re.compile(r"[0-9A-Za-z_-]{8,64}")
"""What a key looks like, whether there is such a one or not."""

LOGIN_PATH = "/users/self/verify"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Login(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What `login` takes. The timestamp counts seconds."""

    api_key: str = ""
    passphrase: str = ""
    timestamp: str = ""
    sign: str = ""


class _Words(NamedTuple):
    """How one of the two doors says no: code and message for each reason."""

    malformed_key: tuple[str, str]
    key: tuple[str, str]
    late: tuple[str, str]
    passphrase: tuple[str, str]
    sign: tuple[str, str]
    address: tuple[str, str]
    permission: tuple[str, str]


REQUESTS = _Words(
    malformed_key=("50111", "Invalid OK-ACCESS-KEY"),
    key=("50119", "API key doesn't exist"),
    late=("50102", "Timestamp request expired"),
    passphrase=("50105", "OK-ACCESS-PASSPHRASE incorrect"),
    sign=("50113", "Invalid Sign"),
    address=("50110", "Your IP {client} is not included in your API key's IP whitelist."),
    permission=("50120", "This API key doesn't have permission to use this function"),
)
SOCKETS = _Words(
    malformed_key=("60005", "Invalid apiKey"),
    key=("60032", "API key doesn't exist"),
    late=("60006", "Timestamp request expired"),
    passphrase=("60024", "Wrong passphrase"),
    sign=("60007", "Invalid sign"),
    address=("60009", "Login failed. {client}"),
    permission=("60009", "Login failed."),
)


class _Claim(NamedTuple):
    """Who somebody says to be, when, and the proof."""

    api_key: str
    passphrase: str
    made_ns: int
    signature: str
    signed: bytes
    """The text that must have been signed."""
    client: str


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
        for name, (code, spelt) in HEADERS.items():
            if not headers.get(name):
                raise Declined(401, code, f"Request header {spelt} cannot be empty.")
        if headers.get("x-simulated-trading") == "1":  # the key is one of production
            raise Declined(401, "50101", "APIKey does not match current environment.")
        stamp = headers["ok-access-timestamp"]
        target = f"{request.path}?{request.query}" if request.query else request.path
        claim = _Claim(
            headers["ok-access-key"],
            headers["ok-access-passphrase"],
            _moment_ns(stamp),
            headers["ok-access-sign"],
            f"{stamp}{request.method}{target}".encode("utf-8", "surrogateescape") + request.body,
            request.client,
        )
        return self._judge(claim, permission, REQUESTS)

    def login(self, login: Login, client: str) -> ApiKey:
        """Say who logs in to a socket.

        Raises:
            Declined: nobody.
        """
        if not login.timestamp.isdecimal():
            raise Declined(401, "60004", "Invalid timestamp")
        claim = _Claim(
            login.api_key,
            login.passphrase,
            int(login.timestamp) * SECOND,
            login.sign,
            f"{login.timestamp}GET{LOGIN_PATH}".encode(),
            client,
        )
        return self._judge(claim, Permission.READ, SOCKETS)

    def _judge(self, claim: _Claim, permission: Permission, words: _Words) -> ApiKey:
        if not KEY.fullmatch(claim.api_key):
            raise Declined(401, *words.malformed_key)
        key = self._keys.find(claim.api_key)
        if key is None or (key.expires_ns is not None and self._now() >= key.expires_ns):
            raise Declined(401, *words.key)
        if timing(claim.made_ns, self._now(), window_ns=WINDOW_NS, ahead_ns=WINDOW_NS) is not Timing.IN_TIME:
            raise Declined(401, *words.late)
        if not same(key.passphrase or "", claim.passphrase):
            raise Declined(401, *words.passphrase)
        if not same(b64encode(signature(key.api_secret, claim.signed)).decode(), claim.signature):
            raise Declined(401, *words.sign)
        if key.addresses and claim.client not in key.addresses:
            code, message = words.address
            raise Declined(401, code, message.format(client=claim.client))
        if not key.may(permission):
            raise Declined(401, *words.permission)
        return key


def _moment_ns(stamp: str) -> int:
    try:
        moment = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError as wrong:
        raise Declined(401, "50112", "Invalid OK-ACCESS-TIMESTAMP") from wrong
    if not MOMENT.fullmatch(stamp):
        raise Declined(401, "50112", "Invalid OK-ACCESS-TIMESTAMP")
    return (moment - EPOCH) // timedelta(milliseconds=1) * MS
