"""Kraken's signature. Entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://docs.kraken.com/api/docs/guides/spot-rest-auth : base64 HMAC-SHA512, keyed with the secret that base64
stands for, over the path and the SHA-256 of nonce and body. The nonce stands in the body as well, and must be above
every other that the key has used: milliseconds, as other clients of the key count, or one more than the last.
"""

import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256
from weakref import WeakKeyDictionary

from arb_core.errors import SettingsError
from arb_core.interfaces.context import RestClient, RestRequest
from arb_core.structs.account import Credentials

from arb_kraken import card

__all__ = ["Nonces", "Signer"]

_MS = 1_000_000
_SECOND = 1_000_000_000


class Nonces:
    """The numbers that one key has used in this process."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ns: int) -> int:
        """Return a number above all before."""
        self._last = max(self._last + 1, now_ns // _MS)
        return self._last


_nonces: WeakKeyDictionary[RestClient, Nonces] = WeakKeyDictionary()
"""Both halves of a venue sign for one key, through one client."""


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once."""

    def __init__(self, credentials: Credentials, rest: RestClient) -> None:
        try:
            secret = b64decode(credentials.api_secret, validate=True)
        except ValueError:  # its own words would show the secret
            raise SettingsError(f"the API secret of {card.ID} is not base64") from None
        self._keyed = hmac.new(secret, digestmod="sha512")
        self._headers = {"API-Key": credentials.api_key, "Content-Type": "application/x-www-form-urlencoded"}
        self._nonces = _nonces.setdefault(rest, Nonces())

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with nonce and signature; an order also says until when it is meant."""
        nonce = f"{self._nonces.next(now_ns)}".encode()
        parts = [b"nonce=" + nonce, request.body]
        if request.path == card.PLACE.path:
            parts.append(b"deadline=" + _deadline(now_ns))
        body = b"&".join(part for part in parts if part)
        return RestRequest(
            method=request.method,
            path=request.path,
            query=request.query,
            headers={**request.headers, **self._headers, "API-Sign": self.signature(request.path, nonce, body)},
            body=body,
        )

    def signature(self, path: str, nonce: bytes, body: bytes) -> str:
        """Return the signature of a body that holds the nonce."""
        keyed = self._keyed.copy()
        keyed.update(path.encode() + sha256(nonce + body).digest())
        return b64encode(keyed.digest()).decode()


def _deadline(now_ns: int) -> bytes:
    """Print when the receive window ends: RFC 3339, percent-encoded."""
    ends_ms = now_ns // _MS + card.RECEIVE_WINDOW_MS
    moment = datetime.fromtimestamp(ends_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H%%3A%M%%3A%S}.{ends_ms % 1000:03d}Z".encode()
