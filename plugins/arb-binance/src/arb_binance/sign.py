"""Binance's signature. Pure; entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security : hex HMAC-SHA256 over the
query, followed by the body without anything between. All parameters go into the query, percent-encoded once, so that
the signed text is what is sent, byte for byte. On the WebSocket API the parameters are signed in the order of their
names, not encoded, the key among them.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials

from arb_binance.card import RECEIVE_WINDOW_MS

__all__ = ["Signer"]

_MS = 1_000_000


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once."""

    def __init__(self, credentials: Credentials) -> None:
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod=sha256)
        self._key = credentials.api_key
        self._headers = {"X-MBX-APIKEY": credentials.api_key}
        self._stamp = f"recvWindow={RECEIVE_WINDOW_MS}&timestamp="

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with time, window and signature in its query."""
        glue = "&" if request.query else ""
        text = f"{request.query}{glue}{self._stamp}{now_ns // _MS}"
        return RestRequest(
            method=request.method,
            path=request.path,
            query=f"{text}&signature={self.signature(text.encode() + request.body)}",
            headers={**request.headers, **self._headers},
            body=request.body,
        )

    def parameters(self, params: Mapping[str, str | int], now_ns: int) -> dict[str, str | int]:
        """Return the parameters of a request of the WebSocket API with key, time and signature."""
        signed = {**params, "apiKey": self._key, "timestamp": now_ns // _MS}
        text = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
        return {**signed, "signature": self.signature(text.encode())}

    def signature(self, text: bytes) -> str:
        """Return the signature of a text."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return keyed.hexdigest()
