"""Bybit's signature. Pure; entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://bybit-exchange.github.io/docs/v5/guide : lower-case hex HMAC-SHA256 over time in milliseconds, key,
receive window, and the query or the body exactly as sent. The socket's login signs "GET/realtime" and the moment until
which it is good.
"""

import hmac
from hashlib import sha256

import msgspec
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials

from arb_bybit.card import LOGIN_EXPIRES_MS, RECEIVE_WINDOW_MS

__all__ = ["Signer"]

_MS = 1_000_000


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once."""

    def __init__(self, credentials: Credentials) -> None:
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod=sha256)
        self._key = credentials.api_key
        self._middle = f"{credentials.api_key}{RECEIVE_WINDOW_MS}"
        self._headers = {
            "X-BAPI-API-KEY": credentials.api_key,
            "X-BAPI-RECV-WINDOW": str(RECEIVE_WINDOW_MS),
            "Content-Type": "application/json",
        }

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with its headers; it is good for the receive window."""
        milliseconds = str(now_ns // _MS)
        payload = request.body or request.query.encode()
        headers = {
            **request.headers,
            **self._headers,
            "X-BAPI-TIMESTAMP": milliseconds,
            "X-BAPI-SIGN": self.signature((milliseconds + self._middle).encode() + payload),
        }
        return RestRequest(
            method=request.method, path=request.path, query=request.query, headers=headers, body=request.body
        )

    def login(self, now_ns: int) -> str:
        """Return the frame that shows the socket who we are."""
        expires = now_ns // _MS + LOGIN_EXPIRES_MS
        signature = self.signature(f"GET/realtime{expires}".encode())
        return msgspec.json.encode({"op": "auth", "args": [self._key, expires, signature]}).decode()

    def signature(self, text: bytes) -> str:
        """Return the signature of a text."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return keyed.hexdigest()
