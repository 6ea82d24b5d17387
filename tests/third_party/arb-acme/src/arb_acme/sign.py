"""Acme's proof. Pure; entered by the core for each try of a request, and by the private stream for its login."""

import hmac
from base64 import b64encode

import msgspec
from arb_core.interfaces.context import RestRequest
from arb_core.structs.account import Credentials


class Signer:
    """Signs with one key, whose schedule is prepared once."""

    def __init__(self, credentials: Credentials) -> None:
        self.key = credentials.api_key
        self._keyed = hmac.new(credentials.api_secret.encode(), digestmod="sha512")

    def __repr__(self) -> str:
        """Show nothing of the secret."""
        return "Signer()"

    def prove(self, *lines: bytes) -> str:
        """Return the proof of a text of these lines."""
        keyed = self._keyed.copy()
        keyed.update(b"\n".join(lines))
        return b64encode(keyed.digest()).decode()

    def __call__(self, request: RestRequest, now_ns: int) -> RestRequest:
        time = str(now_ns // 1_000)
        target = f"{request.path}?{request.query}" if request.query else request.path
        proof = self.prove(time.encode(), request.method.encode(), target.encode(), request.body)
        headers = {**request.headers, "acme-key": self.key, "acme-time": time, "acme-proof": proof}
        return msgspec.structs.replace(request, headers=headers)
