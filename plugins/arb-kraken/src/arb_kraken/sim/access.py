"""Who asks: keys, signatures, nonces, and tokens of the private socket. Entered before anything of an account is shown.

Sources: https://docs.kraken.com/api/docs/guides/spot-rest-auth and
https://docs.kraken.com/api/docs/guides/spot-ws-auth
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import unquote_plus

import msgspec
from arb_sim.kernel.access import ApiKey, KeyRing, Permission, same
from arb_sim.kernel.accounts import Account
from arb_sim.venue import Request

from arb_kraken.sim.spelling import Declined

__all__ = ["TOKEN_S", "Access", "arguments"]

SECOND = 1_000_000_000

TOKEN_S = 900
"""How long a token is good for a first use. One that was used is good as long as its connection stands."""

MOST_NONCE = 2**64

MOST_REMEMBERED = 1000
"""Nonces of a key that are kept before those below its window are forgotten."""


def arguments(request: Request) -> dict[str, str]:
    """Read the body of a signed request, form-encoded or JSON.

    Raises:
        Declined: it is neither.
    """
    try:
        body = request.body.decode()
        if body.startswith("{"):
            read = msgspec.json.decode(body, type=dict[str, str | int | float | bool])
            return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in read.items()}
    except (UnicodeDecodeError, msgspec.DecodeError) as wrong:
        raise Declined("EGeneral:Invalid arguments") from wrong
    parts = (part.partition("=") for part in body.split("&") if part)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in parts}


class Access:
    """The door. `now` is the venue's own clock."""

    def __init__(self, keys: KeyRing, now: Callable[[], int], *, seed: str) -> None:
        self._keys = keys
        self._now = now
        self._seed = seed
        self.nonce_window = 10_000
        """How far a nonce may be below the highest one, if it was not used yet; 0 = each must be above the last."""
        self._nonces: dict[str, set[int]] = {}
        self._tokens: dict[str, tuple[Account, int]] = {}
        self._made = 0

    def request(self, request: Request, found: dict[str, str], permission: Permission) -> ApiKey:
        """Say whose request this is.

        Raises:
            Declined: nobody's, or it may not do this, or its nonce is not above the one before.
        """
        key = self._keys.find(request.headers.get("api-key"))
        if key is None or (key.expires_ns is not None and self._now() >= key.expires_ns):
            raise Declined("EAPI:Invalid key")
        nonce = found.get("nonce", "")
        signed = _signature(key, request.path, nonce, request.body)
        if signed is None or not same(signed, request.headers.get("api-sign", "")):
            raise Declined("EAPI:Invalid signature")
        if not (nonce.isascii() and nonce.isdecimal() and int(nonce) < MOST_NONCE and self._fresh(key, int(nonce))):
            raise Declined("EAPI:Invalid nonce")
        if not key.may(permission) or (key.addresses and request.client not in key.addresses):
            raise Declined("EGeneral:Permission denied")
        return key

    def _fresh(self, key: ApiKey, nonce: int) -> bool:
        """Count a nonce, and return whether it may be used: above the highest, or within the window and not yet."""
        used = self._nonces.setdefault(key.api_key, set())
        highest = max(used, default=-1)
        if nonce in used or nonce <= highest - self.nonce_window:
            return False
        used.add(nonce)
        if len(used) > MOST_REMEMBERED:
            highest = max(used)
            used.intersection_update([each for each in used if each > highest - self.nonce_window] or [highest])
        return True

    def nonce(self, key: ApiKey) -> int:
        """Return the highest nonce that a key has used."""
        return max(self._nonces.get(key.api_key, ()), default=0)

    def issue(self, account: Account) -> str:
        """Make a token for the private socket."""
        self._made += 1
        token = b64encode(sha256(f"token {self._seed} {account.uid} {self._made}".encode()).digest()).decode()
        token = token.replace("+", "A").replace("/", "B").rstrip("=")
        self._tokens[token] = account, self._now() + TOKEN_S * SECOND
        return token

    def holder(self, token: str, *, used: bool) -> Account:
        """Say whose account a token opens; `used` = this connection has shown it before.

        Raises:
            Declined: nobody's, or it came too late.
        """
        known = self._tokens.get(token)
        if known is None or not (used or self._now() < known[1]):
            raise Declined("ESession:Invalid session")
        return known[0]

    def expire(self, token: str) -> None:
        """Let a token be good no more."""
        self._tokens.pop(token, None)


def _signature(key: ApiKey, path: str, nonce: str, body: bytes) -> str | None:
    """The path, then the hash of nonce and body; None = the secret is none."""
    try:
        secret = b64decode(key.api_secret, validate=True)
    except NotBase64:
        return None
    text = path.encode() + sha256(nonce.encode() + body).digest()
    return b64encode(hmac.digest(secret, text, "sha512")).decode()
