"""The WebSocket API: requests on a socket, and the way to the user data stream.

A request is carried out as the request of REST that it stands for, so that the same faults befall it. Listen keys are
gone, here as there.

Source: https://developers.binance.com/docs/binance-spot-api-docs/websocket-api
"""

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
from arb_sim.faults import FaultKind
from arb_sim.kernel.access import Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.rest import Refusal, json, parameters
from arb_sim.venue import Request, Response

from arb_binance.sim.access import plain
from arb_binance.sim.limits import RATE_LIMITS
from arb_binance.sim.spelling import Declined, text
from arb_binance.sim.user_data import NAME

if TYPE_CHECKING:
    from arb_binance.sim.venue import BinanceVenue

__all__ = ["PATH", "SocketApi"]

PATH = "/ws-api/v3"

MS = 1_000_000
OPENING_WEIGHT = 2
SUBSCRIBING_WEIGHT = 2
SESSION_WEIGHT = 2

METHODS = {
    "order.place": ("POST", "order"),
    "order.test": ("POST", "order/test"),
    "order.cancel": ("DELETE", "order"),
    "order.status": ("GET", "order"),
    "openOrders.status": ("GET", "openOrders"),
    "openOrders.cancelAll": ("DELETE", "openOrders"),
    "allOrders": ("GET", "allOrders"),
    "myTrades": ("GET", "myTrades"),
    "account.status": ("GET", "account"),
    "account.commission": ("GET", "account/commission"),
    "account.rateLimits.orders": ("GET", "rateLimit/order"),
}
"""Method -> the request of REST that it stands for."""

PUBLIC = {"ping", "time", "exchangeInfo", "depth", "trades.recent", "klines"}
ELSEWHERE = {"trades.recent": "trades"}
"""Public methods that REST calls otherwise."""


class Ask(msgspec.Struct, frozen=True):
    """A client's text frame."""

    method: str
    params: dict[str, msgspec.Raw] = {}
    id: int | str | None = None


class _Unheard(Exception):
    """A request that a fault lets nobody hear."""


class SocketApi:
    """Every connection to `PATH`."""

    def __init__(self, venue: "BinanceVenue") -> None:
        self._venue = venue
        self._numbers: dict[int, count[int]] = {}
        """Connection -> the numbers of its subscriptions, which are never used twice."""
        self._followed: dict[int, tuple[int, Account]] = {}
        """Connection -> number and account of its subscription: there is one account to a connection."""

    def welcome(self, peer: Peer) -> Response | None:
        """Take a handshake, which weighs something."""
        try:
            self._venue.limits.spend(peer.client, OPENING_WEIGHT)
        except Refusal as refusal:
            return refusal.response
        query = parameters(Request(method="GET", path=peer.path, query=peer.query))
        peer.properties["limits"] = query.get("returnRateLimits") != "false"
        self._numbers[peer.conn] = count()
        return None

    def forget(self, conn: int) -> None:
        """A connection is gone."""
        self._numbers.pop(conn, None)
        self._followed.pop(conn, None)

    def dress(self, peer: Peer, frame: str | bytes) -> str:
        """Wrap an event: its subscription has a number on each connection."""
        number = self._followed[peer.conn][0]
        return f'{{"subscriptionId":{number},"event":{frame if isinstance(frame, str) else frame.decode()}}}'

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        """Take a request."""
        try:
            ask = msgspec.json.decode(frame, type=Ask)
        except msgspec.DecodeError:
            self._answer(peer, Ask(method=""), Declined(-1135, "Invalid JSON Request").response)
            return
        request = self._as_request(ask)
        try:
            response = self._venue.serve(request, lambda: self._carry_out(peer, ask, request))
        except _Unheard:
            return
        if response is None:
            return
        if response.late_ns:
            at_ns = self._venue.timeline.now_ns + response.late_ns
            self._venue.timeline.call_at(at_ns, lambda: self._answer(peer, ask, response))
        else:
            self._answer(peer, ask, response)

    def _as_request(self, ask: Ask) -> Request:
        """Say a message in the words of REST."""
        method, path = METHODS.get(ask.method, ("GET", ELSEWHERE.get(ask.method, ask.method)))
        symbol = ask.params.get("symbol")
        query = "" if symbol is None else f"symbol={plain(symbol)}"
        return Request(method=method, path=f"/api/v3/{path}", query=query)

    def _carry_out(self, peer: Peer, ask: Ask, request: Request) -> Response:
        try:
            return self._route(peer, ask, request)
        except Refusal as refusal:
            return refusal.response

    def _route(self, peer: Peer, ask: Ask, request: Request) -> Response:
        venue = self._venue
        if ask.method in METHODS:
            _, path = METHODS[ask.method]
            weight = venue.account_rest.weight(request.method, path, _texts(ask.params))
            venue.limits.spend(peer.client, weight)
            permission = venue.account_rest.permission(request.method, path) or Permission.READ
            key, params = venue.access.socket(ask.params, peer.client, permission)
            return venue.account_rest.answer(request.method, path, key.account, params)
        if ask.method in PUBLIC:
            return venue.public(request.path.removeprefix("/api/v3/"), peer.client, _texts(ask.params))
        match ask.method:
            case "userDataStream.subscribe.signature":
                return self._subscribe(peer, ask)
            case "userDataStream.unsubscribe":
                return self._unsubscribe(peer, ask)
            case "session.subscriptions":
                followed = self._followed.get(peer.conn)
                return json([] if followed is None else [{"subscriptionId": followed[0]}])
            case "session.status" | "session.logout":
                return json(self._session(peer))
            case "session.logon":
                venue.limits.spend(peer.client, SESSION_WEIGHT)
                raise Declined(-4056, "HMAC-SHA-256 API key is not supported.")
            case "userDataStream.subscribe":
                raise Declined(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
            case _:
                raise Declined(-1020, "This operation is not supported.")

    def _session(self, peer: Peer) -> dict[str, Any]:
        """Nobody is logged on: that takes a kind of key that is not simulated."""
        return {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": self._venue.stamp(peer.opened_ns),
            "returnRateLimits": peer.properties["limits"],
            "serverTime": self._venue.now_ms,
            "userDataStream": peer.conn in self._followed,
        }

    def _subscribe(self, peer: Peer, ask: Ask) -> Response:
        venue = self._venue
        venue.limits.spend(peer.client, SUBSCRIBING_WEIGHT)
        key, _ = venue.access.socket(ask.params, peer.client, Permission.READ)
        if peer.conn in self._followed:
            raise Declined(-2035, "User Data Stream subscription already active.")
        match venue.faults.subscription(peer.conn, None):
            case FaultKind.SUBSCRIPTION_REFUSED:
                raise Declined(
                    -1008, "Server is currently overloaded with other requests. Please try again in a few minutes."
                )
            case FaultKind.SUBSCRIPTION_IGNORED:
                raise _Unheard
            case _:
                pass
        number = next(self._numbers[peer.conn])
        self._followed[peer.conn] = (number, key.account)
        venue.subscribe_private(peer, NAME, key.account)
        return json({"subscriptionId": number})

    def _unsubscribe(self, peer: Peer, ask: Ask) -> Response:
        followed = self._followed.get(peer.conn)
        wanted = _texts(ask.params).get("subscriptionId")
        if followed is None or wanted not in {None, str(followed[0])}:
            raise Declined(-2036, "User Data Stream subscription not active.")
        self._venue.unsubscribe(peer, NAME)
        del self._followed[peer.conn]
        return json({})

    # Frames

    def _answer(self, peer: Peer, ask: Ask, response: Response) -> None:
        told: dict[str, Any] = {"id": ask.id, "status": response.status}
        if response.status < 400:
            told["result"] = msgspec.json.decode(response.body)
        elif response.headers.get("content-type") == "application/json":
            told["error"] = msgspec.json.decode(response.body) | self._wait(response)
        else:  # the venue has trouble of its own
            told["error"] = {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}
        if peer.properties["limits"] and _texts(ask.params).get("returnRateLimits") != "false":
            told["rateLimits"] = self._limits(peer, response.headers)
        self._venue.send(peer.conn, text(told))

    def _wait(self, response: Response) -> dict[str, Any]:
        """Say until when a client has to wait: a moment, where REST names seconds."""
        seconds = response.headers.get("retry-after")
        if seconds is None:
            return {}
        now_ms = self._venue.now_ms
        return {"data": {"serverTime": now_ms, "retryAfter": now_ms + int(seconds) * 1000}}

    def _limits(self, peer: Peer, headers: Mapping[str, str]) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = []
        for row in RATE_LIMITS:
            if row["rateLimitType"] == "REQUEST_WEIGHT":
                shown.append({**row, "count": self._venue.limits.used(peer.client)})
            elif row["rateLimitType"] == "ORDERS":
                count_header = f"x-mbx-order-count-{row['intervalNum']}{str(row['interval'])[0].lower()}"
                if count_header in headers:
                    shown.append({**row, "count": int(headers[count_header])})
        return sorted(shown, key=lambda row: row["rateLimitType"])


def _texts(params: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    """Parameters as REST would have them."""
    return {name: plain(value) for name, value in params.items()}
