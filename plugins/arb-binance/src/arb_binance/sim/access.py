"""Who asks: keys, signatures and times, of requests and of the WebSocket API. Entered before anything of an account.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security and
https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/request-security
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

import msgspec
from arb_sim.kernel.access import ApiKey, KeyRing, Permission, Timing, same, signature, timing
from arb_sim.venue import Request

from arb_binance.sim.spelling import Declined, illegal, missing

__all__ = ["Access", "plain"]

US = 1000
MS = 1_000_000

WINDOW_MS = 5000.0
"""How old a request may be when it does not say so itself."""
MOST_WINDOW_MS = 60_000
AHEAD_NS = 1000 * MS

MICROSECONDS = 10**14
"""A time of so many units is one of microseconds."""

KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
WINDOW = re.compile(r"\d{1,5}(\.\d{1,3})?")


class Access:
    """The door. `now` is the venue's own clock."""

    def __init__(self, keys: KeyRing, now: Callable[[], int]) -> None:
        self._keys = keys
        self._now = now

    def request(self, request: Request, permission: Permission) -> tuple[ApiKey, dict[str, str]]:
        """Say whose request this is, and what it asks.

        Query and body are signed as they are sent, one behind the other; of a name in both the query counts.

        Raises:
            Declined: it is nobody's, or its key may not do this.
        """
        body = "" if request.method == "GET" else request.body.decode("utf-8", "replace")
        query_pairs, body_pairs = request.query.split("&"), body.split("&")
        params = _decoded(body_pairs) | _decoded(query_pairs)
        signed = "&".join(_unsigned(query_pairs)) + "&".join(_unsigned(body_pairs))
        key = self._find(request.headers.get("x-mbx-apikey", ""), request.client, permission)
        self._judge(key, params, signed)
        return key, params

    def socket(
        self, sent: Mapping[str, msgspec.Raw], client: str, permission: Permission
    ) -> tuple[ApiKey, dict[str, str]]:
        """Say whose message of the WebSocket API this is, and what it asks.

        What is signed are the parameters in the order of their names, as they are written, and not percent-encoded.

        Raises:
            Declined: it is nobody's, or its key may not do this.
        """
        params = {name: plain(value) for name, value in sent.items()}
        if not params.get("apiKey"):
            raise missing("apiKey")
        key = self._find(params["apiKey"], client, permission)
        signed = "&".join(f"{name}={value}" for name, value in sorted(params.items()) if name != "signature")
        self._judge(key, params, signed)
        return key, params

    def _find(self, api_key: str, client: str, permission: Permission) -> ApiKey:
        if not KEY.fullmatch(api_key):
            raise Declined(-2014, "API-key format invalid.", status=401)
        key = self._keys.find(api_key)
        outdated = key is not None and key.expires_ns is not None and self._now() >= key.expires_ns
        stranger = key is not None and bool(key.addresses) and client not in key.addresses
        if key is None or outdated or stranger or not key.may(permission):
            raise Declined(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
        return key

    def _judge(self, key: ApiKey, params: Mapping[str, str], signed: str) -> None:
        for name in ("timestamp", "signature"):
            if not params.get(name):
                raise missing(name)
        if not params["timestamp"].isdecimal() or len(params["timestamp"]) > 20:
            raise illegal("timestamp")
        made = int(params["timestamp"])
        made_ns = made * (US if made >= MICROSECONDS else MS)
        match timing(made_ns, self._now(), window_ns=_window_ns(params.get("recvWindow")), ahead_ns=AHEAD_NS):
            case Timing.LATE:
                raise Declined(-1021, "Timestamp for this request is outside of the recvWindow.")
            case Timing.EARLY:
                raise Declined(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
            case Timing.IN_TIME:
                pass
        # What a URL holds that is no text is signed as the bytes it is.
        expected = signature(key.api_secret, signed.encode("utf-8", "surrogateescape")).hex()
        if not same(expected, params["signature"].lower()):
            raise Declined(-1022, "Signature for this request is not valid.")


def _window_ns(text: str | None) -> int:
    if not text:
        return round(WINDOW_MS * MS)
    if not WINDOW.fullmatch(text):
        raise illegal("recvWindow", "^[0-9]{1,5}(\\.[0-9]{1,3})?$")
    if float(text) > MOST_WINDOW_MS:
        raise Declined(-1131, "recvWindow must be less than 60000.")
    return round(float(text) * MS)


def _decoded(pairs: list[str]) -> dict[str, str]:
    found = (pair.partition("=") for pair in pairs if pair)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in found}


def _unsigned(pairs: list[str]) -> list[str]:
    """What is signed of a query or a body: all of it but the signature, wherever that stands."""
    return [pair for pair in pairs if not pair.startswith("signature=")]


def plain(value: msgspec.Raw) -> str:
    """A parameter as text: what a string says, and of everything else how it is written."""
    written = bytes(value)
    return msgspec.json.decode(written, type=str) if written.startswith(b'"') else written.decode()
