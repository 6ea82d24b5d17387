"""Bitget's signature. Pure; entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://www.bitget.com/api-doc/common/signature : base64 HMAC-SHA256 over time in milliseconds, method, path,
query and body, nothing between but the question mark. The query is signed as it reads, not percent-encoded.
"""

import hmac
from base64 import b64encode
from hashlib import sha256
from urllib.parse import unquote

from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials

__all__ = ["Signer"]

_MS = 1_000_000
_SECOND = 1_000_000_000


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once."""

    def __init__(self, credentials: Credentials) -> None:
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod=sha256)
        self._key = credentials.api_key
        self._passphrase = credentials.api_passphrase or ""
        self._headers = {
            "ACCESS-KEY": self._key,
            "ACCESS-PASSPHRASE": self._passphrase,
            "Content-Type": "application/json",
            "locale": "en-US",
        }

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with its headers."""
        made = str(now_ns // _MS)
        query = f"?{unquote(request.query)}" if request.query else ""
        text = f"{made}{request.method}{request.path}{query}".encode() + request.body
        headers = {
            **request.headers,
            **self._headers,
            "ACCESS-TIMESTAMP": made,
            "ACCESS-SIGN": self.signature(text),
        }
        return RestRequest(
            method=request.method, path=request.path, query=request.query, headers=headers, body=request.body
        )

    def login(self, now_ns: int) -> dict[str, str]:
        """Return what a login of the socket shows. Its time is in seconds, whatever the page says elsewhere."""
        made = str(now_ns // _SECOND)
        sign = self.signature(f"{made}GET/user/verify".encode())
        return {"apiKey": self._key, "passphrase": self._passphrase, "timestamp": made, "sign": sign}

    def signature(self, text: bytes) -> str:
        """Return the signature of a text."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return b64encode(keyed.digest()).decode()
