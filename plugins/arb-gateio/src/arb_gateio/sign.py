"""Gate.io's signature. Pure; entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://www.gate.com/docs/developers/apiv4/en/#authentication : lower-case hex HMAC-SHA512 over method, path,
query, SHA-512 of the body and time in seconds, a line each. The query is signed as it reads, not percent-encoded; the
comma is sent so too, for the venue refuses a signature over one that was encoded (gateio-api issue 83).
"""

import hmac
from hashlib import sha512
from urllib.parse import unquote

from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials

from arb_gateio.card import RECEIVE_WINDOW_MS

__all__ = ["Signer"]

_MS = 1_000_000
_SECOND = 1_000_000_000

_NO_BODY = sha512(b"").hexdigest()
_ORDERS = {"POST", "PATCH"}
"""What must not take effect late: a `Timestamp` alone is good for a minute."""


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once."""

    def __init__(self, credentials: Credentials) -> None:
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod=sha512)
        self._key = credentials.api_key
        self._headers = {"KEY": credentials.api_key, "Content-Type": "application/json", "Accept": "application/json"}

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with its headers; an order also says until when it is meant."""
        query = request.query.replace("%2C", ",")
        body = sha512(request.body).hexdigest() if request.body else _NO_BODY
        seconds = str(now_ns // _SECOND)
        text = f"{request.method}\n{request.path}\n{unquote(query)}\n{body}\n{seconds}"
        headers = {**request.headers, **self._headers, "Timestamp": seconds, "SIGN": self.signature(text.encode())}
        if request.method in _ORDERS:
            headers["x-gate-exptime"] = str(now_ns // _MS + RECEIVE_WINDOW_MS)
        return RestRequest(method=request.method, path=request.path, query=query, headers=headers, body=request.body)

    def auth(self, channel: str, event: str, seconds: int) -> dict[str, str]:
        """Return what a request of the socket shows in `auth`."""
        text = f"channel={channel}&event={event}&time={seconds}"
        return {"method": "api_key", "KEY": self._key, "SIGN": self.signature(text.encode())}

    def signature(self, text: bytes) -> str:
        """Return the signature of a text."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return keyed.hexdigest()
