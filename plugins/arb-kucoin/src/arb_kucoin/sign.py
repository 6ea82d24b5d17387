"""KuCoin's signature. Pure; entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://www.kucoin.com/docs-new/authentication : base64 of HMAC-SHA256 over time in milliseconds, method, path
with query, and body, one after the other. The query is signed as it reads, not percent-encoded. The passphrase is
shown as an HMAC of its own, which never changes.
"""

import hmac
from base64 import b64encode
from hashlib import sha256
from urllib.parse import unquote

from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials

from arb_kucoin.card import KEY_VERSION

__all__ = ["Signer"]

_MS = 1_000_000


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once."""

    def __init__(self, credentials: Credentials) -> None:
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod=sha256)
        self._headers = {
            "KC-API-KEY": credentials.api_key,
            "KC-API-PASSPHRASE": self.signature((credentials.api_passphrase or "").encode()),
            "KC-API-KEY-VERSION": KEY_VERSION,
            "Content-Type": "application/json",
        }

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with its headers."""
        milliseconds = str(now_ns // _MS)
        target = f"{request.path}?{unquote(request.query)}" if request.query else request.path
        text = f"{milliseconds}{request.method}{target}".encode() + request.body
        headers = {
            **request.headers,
            **self._headers,
            "KC-API-TIMESTAMP": milliseconds,
            "KC-API-SIGN": self.signature(text),
        }
        return RestRequest(
            method=request.method, path=request.path, query=request.query, headers=headers, body=request.body
        )

    def signature(self, text: bytes) -> str:
        """Return the signature of a text."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return b64encode(keyed.digest()).decode()
