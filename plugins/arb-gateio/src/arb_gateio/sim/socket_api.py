"""Orders over the socket: `spot.login`, and then the channels that take requests.

What can be asked for is what the desk does; only the frames are others. A request is carried out as the request of REST
that it stands for, so that the same faults befall it.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/#spot-account-trade
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.rest import Refusal, json
from arb_sim.venue import Request, Response

from arb_gateio.sim.access import Login
from arb_gateio.sim.frames import Ask, mark, trace
from arb_gateio.sim.orders import Amendment, Cancellation, Placement
from arb_gateio.sim.spelling import Declined

if TYPE_CHECKING:
    from arb_gateio.sim.venue import GateioVenue

__all__ = ["SocketApi"]

MS = 1_000_000

T = TypeVar("T")

UNNAMED = "apiv4-ws"
"""What an order is called whose client gives it no text."""

BUDGETED = {"spot.order_place", "spot.order_amend"}
"""Channels whose answers report the budget."""


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """One order, by its id or its text."""

    order_id: str = ""
    currency_pair: str = ""
    account: str = "spot"


class Several(msgspec.Struct, frozen=True, kw_only=True):
    """The open orders of a pair."""

    currency_pair: str = ""
    side: str | None = None
    account: str = "spot"


class Payload(Login, frozen=True, kw_only=True):
    """What every request of the socket API carries."""

    req_header: dict[str, Any] | None = None


class _Route(NamedTuple):
    method: str
    path: str
    permission: Permission
    act: Callable[[Account, msgspec.Raw], Any]


class SocketApi:
    """Requests on the socket."""

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self._desk = venue.desk
        self._keys: dict[int, ApiKey] = {}
        """Who is logged in on which connection."""
        read, trade = Permission.READ, Permission.TRADE
        self._routes = {
            "spot.order_place": _Route("POST", "/api/v4/spot/orders", trade, self._place),
            "spot.order_cancel": _Route("DELETE", "/api/v4/spot/orders/{id}", trade, self._cancel),
            "spot.order_cancel_ids": _Route("POST", "/api/v4/spot/cancel_batch_orders", trade, self._cancel_several),
            "spot.order_cancel_cp": _Route("DELETE", "/api/v4/spot/orders", trade, self._cancel_open),
            "spot.order_amend": _Route("PATCH", "/api/v4/spot/orders/{id}", trade, self._amend),
            "spot.order_status": _Route("GET", "/api/v4/spot/orders/{id}", read, self._status),
            "spot.order_list": _Route("GET", "/api/v4/spot/orders", read, self._list),
        }

    def __contains__(self, channel: str) -> bool:
        """Whether requests may be sent on it."""
        return channel == "spot.login" or channel in self._routes

    def forget(self, conn: int) -> None:
        """A connection is gone."""
        self._keys.pop(conn, None)

    def heard(self, peer: Peer, ask: Ask) -> None:
        """Take a request."""
        try:
            payload = msgspec.json.decode(ask.payload, type=Payload)
        except msgspec.DecodeError as wrong:
            refused = Declined(400, "INVALID_REQUEST_BODY", f"Invalid request body: {wrong}")
            self._answer(peer, ask.channel, "", refused.response)
            return
        if ask.channel == "spot.login":
            self._login(peer, payload)
            return
        route, key = self._routes[ask.channel], self._keys.get(peer.conn)
        if key is None:
            refused = Declined(400, "AUTHENTICATION_FAILED", "Not login")
            self._answer(peer, ask.channel, payload.req_id, refused.response)
            return
        if ask.channel == "spot.order_place":
            self._acknowledge(peer, payload)
        request = Request(
            method=route.method, path=route.path, query=_pair(payload.req_param), body=bytes(payload.req_param)
        )
        response = self._venue.serve(request, lambda: self._carry_out(route, key, payload))
        if response is None:
            return
        if response.late_ns:
            at_ns = self._venue.timeline.now_ns + response.late_ns
            self._venue.timeline.call_at(at_ns, lambda: self._answer(peer, ask.channel, payload.req_id, response))
            return
        self._answer(peer, ask.channel, payload.req_id, response)

    def _carry_out(self, route: _Route, key: ApiKey, payload: Payload) -> Response:
        try:
            if not key.may(route.permission):
                raise Declined(403, "READ_ONLY", "Key has no permission to trade")
            return json(route.act(key.account, payload.req_param))
        except Refusal as refusal:
            return refusal.response

    def _login(self, peer: Peer, payload: Payload) -> None:
        try:
            key = self._venue.access.login("spot.login", payload)
        except Declined as refused:
            self._answer(peer, "spot.login", payload.req_id, refused.response)
            return
        self._keys[peer.conn] = key
        peer.account = key.account
        done = json({"api_key": key.api_key, "uid": key.account.uid})
        self._answer(peer, "spot.login", payload.req_id, done)

    # What may be asked for

    def _place(self, account: Account, param: msgspec.Raw) -> Any:
        if bytes(param).lstrip().startswith(b"["):
            return [self._placed_item(account, wanted) for wanted in _read(param, list[Placement])]
        return self._placed(account, _read(param, Placement))

    def _placed(self, account: Account, wanted: Placement) -> dict[str, Any]:
        order = self._desk.place(account, wanted, unnamed=UNNAMED, budget="socket orders")
        return self._desk.show(order, wanted.action_mode)

    def _placed_item(self, account: Account, wanted: Placement) -> dict[str, Any]:
        return self._desk.item(lambda: self._placed(account, wanted), text=wanted.text)

    def _amend(self, account: Account, param: msgspec.Raw) -> Any:
        wanted = _read(param, Amendment)
        return self._desk.show(self._desk.amend(account, wanted, budget="socket orders"), wanted.action_mode)

    def _cancel(self, account: Account, param: msgspec.Raw) -> Any:
        wanted = _read(param, Single)
        return self._desk.show(self._desk.cancel(account, wanted.order_id, wanted.currency_pair, wanted.account))

    def _cancel_several(self, account: Account, param: msgspec.Raw) -> Any:
        def cancelled(item: Cancellation) -> dict[str, Any]:
            shown = {"currency_pair": item.currency_pair, "id": item.id}
            try:
                self._desk.cancel(account, item.id, item.currency_pair, item.account)
            except Declined as wrong:
                return {**shown, "succeeded": False, "label": wrong.label, "message": wrong.message}
            return {**shown, "succeeded": True}

        return [cancelled(item) for item in _read(param, list[Cancellation])]

    def _cancel_open(self, account: Account, param: msgspec.Raw) -> Any:
        wanted = _read(param, Several)
        ended = self._desk.cancel_open(account, wanted.currency_pair, wanted.side, wanted.account)
        return [self._desk.show(order) for order in ended]

    def _status(self, account: Account, param: msgspec.Raw) -> Any:
        wanted = _read(param, Single)
        self._venue.budgets.spend("private", f"{account.uid} spot.order_status")
        return self._desk.show(self._desk.find(account, wanted.order_id, wanted.currency_pair, wanted.account))

    def _list(self, account: Account, param: msgspec.Raw) -> Any:
        self._venue.budgets.spend("private", f"{account.uid} spot.order_list")
        params = {name: str(value) for name, value in _read(param, dict[str, str | int]).items()}
        return [self._desk.show(order) for order in self._desk.listed(account, params)]

    # Frames

    def _acknowledge(self, peer: Peer, payload: Payload) -> None:
        """Say that an order has been heard, before anything is done with it."""
        echo = {
            "req_id": payload.req_id,
            "req_header": payload.req_header,
            "req_param": msgspec.json.decode(payload.req_param or b"null"),
            "api_key": payload.api_key,
            "timestamp": payload.timestamp,
            "signature": payload.signature,
        }
        self._venue.say(
            peer,
            {
                "request_id": payload.req_id,
                "ack": True,
                "header": self._header(peer, "spot.order_place", 200),
                "data": {"result": echo},
            },
        )

    def _answer(self, peer: Peer, channel: str, request_id: str, response: Response) -> None:
        if response.status < 400:
            told = {"result": msgspec.json.decode(response.body)}
        elif response.headers.get("content-type") == "application/json":
            told = {"errs": msgspec.json.decode(response.body)}
        else:  # the venue has trouble of its own
            told = {"errs": {"label": "INTERNAL", "message": "Internal server error"}}
        header = self._header(peer, channel, response.status)
        self._venue.say(peer, {"request_id": request_id, "header": header, "data": told})

    def _header(self, peer: Peer, channel: str, status: int) -> dict[str, Any]:
        venue = self._venue
        now_ns = venue.now_ns
        shown: dict[str, Any] = {
            "response_time": str(now_ns // MS),
            "status": str(status),
            "channel": channel,
            "event": "api",
            "client_id": f"{peer.client}-{peer.conn:#x}",
            "x_in_time": now_ns // 1000,
            "x_out_time": now_ns // 1000 + 90,
            "conn_id": mark(peer.conn),
            "conn_trace_id": mark(peer.conn) * 2,
            "trace_id": trace(peer.conn, now_ns),
        }
        if channel in BUDGETED:
            remaining, limit, reset_ms = venue.budgets.report(venue.faults.skew_ns)
            shown["x_gate_ratelimit_requests_remain"] = remaining
            shown["x_gate_ratelimit_limit"] = limit
            shown["x_gate_ratelimit_reset_timestamp"] = reset_ms
        return shown


def _read(param: msgspec.Raw, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(param or b"{}", type=shape)
    except msgspec.DecodeError as wrong:
        raise Declined(400, "INVALID_REQUEST_BODY", f"Invalid request body: {wrong}") from wrong


def _pair(param: msgspec.Raw) -> str:
    """What a fault that waits for a pair looks for."""
    try:
        return f"currency_pair={msgspec.json.decode(param or b'{}', type=Several).currency_pair}"
    except msgspec.DecodeError:
        return ""
