"""OKX's signature. Pure; entered by `private` and `private_stream`, and by the core for each try of a request.

Source: https://www.okx.com/docs-v5/en/#overview-rest-authentication : base64 of HMAC-SHA256 over time, method, path
with query as sent, and body. A request bears its time as ISO 8601 with milliseconds, the login of a socket as whole
seconds.
"""

import hmac
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

from arb_core.errors import SettingsError
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials

from arb_okx.card import ID, MODIFY, PLACE, RECEIVE_WINDOW_MS

__all__ = ["Signer"]

_MS = 1_000_000
_SECOND = 1_000_000_000

_ORDERS = {(endpoint.method, endpoint.path) for endpoint in (PLACE, MODIFY)}
"""What must not take effect late: a time stamp alone is good for half a minute."""


class Signer:
    """Signs with one key. The key schedule and every text that stays the same are prepared once.

    Raises:
        SettingsError: the key comes without its passphrase.
    """

    def __init__(self, credentials: Credentials) -> None:
        if not credentials.api_passphrase:
            raise SettingsError(f"{ID} needs the passphrase that its key was made with", key="api_passphrase")
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod=sha256)
        self._key = credentials.api_key
        self._passphrase = credentials.api_passphrase
        self._headers = {
            "OK-ACCESS-KEY": credentials.api_key,
            "OK-ACCESS-PASSPHRASE": credentials.api_passphrase,
            "Content-Type": "application/json",
        }

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        """Return the request with its headers; an order also says until when it is meant."""
        time = _iso(now_ns)
        target = f"{request.path}?{request.query}" if request.query else request.path
        sign = self.signature(f"{time}{request.method}{target}".encode() + request.body)
        headers = {**request.headers, **self._headers, "OK-ACCESS-TIMESTAMP": time, "OK-ACCESS-SIGN": sign}
        if (request.method, request.path) in _ORDERS:
            headers["expTime"] = str(now_ns // _MS + RECEIVE_WINDOW_MS)
        return RestRequest(
            method=request.method, path=request.path, query=request.query, headers=headers, body=request.body
        )

    def login(self, now_ns: int) -> dict[str, str]:
        """Return what opens an account's socket."""
        seconds = str(now_ns // _SECOND)
        return {
            "apiKey": self._key,
            "passphrase": self._passphrase,
            "timestamp": seconds,
            "sign": self.signature(f"{seconds}GET/users/self/verify".encode()),
        }

    def signature(self, text: bytes) -> str:
        """Return the signature of a text."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return b64encode(keyed.digest()).decode()


def _iso(now_ns: int) -> str:
    """Print a moment like 2020-12-08T09:08:57.715Z."""
    seconds, rest = divmod(now_ns, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // _MS:03d}Z"
