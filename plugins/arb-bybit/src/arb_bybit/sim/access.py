"""Who asks: keys, signatures and times, of requests and of the sockets. Entered before anything of an account is shown.

Source: https://bybit-exchange.github.io/docs/v5/guide#authentication and, for the sockets,
https://bybit-exchange.github.io/docs/v5/ws/connect#authentication
"""

from collections.abc import Callable, Sequence
from typing import Any

from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_bybit.sim.spelling import Declined

__all__ = ["Access"]

MS = 1_000_000

WINDOW_MS = 5000
"""How old a request may be that does not say."""

INVALID_KEY = "API key is invalid. Check whether the key and domain are matched."

AHEAD_MS = 1000
"""How far in the future its time must not lie."""


class Access:
    """The door. `now_ms` is the venue's own clock, in milliseconds."""

    def __init__(self, keys: KeyRing, now_ms: Callable[[], int]) -> None:
        self._keys = keys
        self._now_ms = now_ms

    def request(self, request: Request, permission: Permission) -> ApiKey:
        """Say whose request this is.

        Raises:
            Declined: nobody's, or it may not do this.
        """
        headers = request.headers
        name, made, sign = (headers.get(f"x-bapi-{each}", "") for each in ("api-key", "timestamp", "sign"))
        window = headers.get("x-bapi-recv-window", str(WINDOW_MS))
        if not (name and sign and made.isdecimal() and window.isdecimal()):
            raise Declined(10003, INVALID_KEY, status=401)
        key = self._key(name)
        self.in_time(int(made), int(window))
        payload = request.query.encode() if request.method == "GET" else request.body
        if not _signed(key, f"{made}{name}{window}".encode() + payload, sign):
            raise Declined(10004, "Error sign, please check your signature generation algorithm.")
        return self._allowed(key, request.client, permission)

    def login(self, args: Sequence[Any], client: str) -> ApiKey:
        """Say who logs in to a socket: `[key, moment until which the login is good, signature]`.

        Raises:
            Declined: nobody.
        """
        match args:
            case [str() as name, int() | str() as expires, str() as sign] if str(expires).isdecimal():
                pass
            case _:
                raise Declined(10001, "Params Error")
        key = self._key(name)
        if int(expires) <= self._now_ms():
            raise Declined(10002, "Request expired")
        if not _signed(key, f"GET/realtime{expires}".encode(), sign):
            raise Declined(10004, "Error sign, please check your signature generation algorithm.")
        return self._allowed(key, client, Permission.READ)

    def in_time(self, made_ms: int, window_ms: int) -> None:
        """Judge when a request was made.

        Raises:
            Declined: too long ago, or in the future.
        """
        now_ms = self._now_ms()
        judged = timing(made_ms * MS, now_ms * MS, window_ns=window_ms * MS, ahead_ns=AHEAD_MS * MS)
        if judged is not Timing.IN_TIME:
            found = f"req_timestamp[{made_ms}],server_timestamp[{now_ms}],recv_window[{window_ms}]"
            raise Declined(10002, f"invalid request, please check your server timestamp or recv_window param. {found}")

    def _key(self, name: str) -> ApiKey:
        key = self._keys.find(name)
        if key is None:
            raise Declined(10003, INVALID_KEY)
        if key.expires_ns is not None and self._now_ms() * MS >= key.expires_ns:
            raise Declined(33004, "Your api key has expired.")
        return key

    def _allowed(self, key: ApiKey, client: str, permission: Permission) -> ApiKey:
        if key.addresses and client not in key.addresses:
            raise Declined(10010, "Unmatched IP, please check your API key's bound IP addresses.")
        if not key.may(permission):
            raise Declined(10005, "Permission denied, please check your API key permissions.")
        return key


def _signed(key: ApiKey, signed: bytes, found: str) -> bool:
    # Clients print it in small or in capital letters: Bybit takes both.
    return same(signature(key.api_secret, signed).hex(), found.lower())
