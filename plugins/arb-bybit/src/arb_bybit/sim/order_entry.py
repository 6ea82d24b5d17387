"""Orders over the socket: what can be asked for is what the desk does; only the frames are others.

A request is carried out as the request of REST that it stands for, so that the same faults befall it.

Source: https://bybit-exchange.github.io/docs/v5/websocket/trade/guideline
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer
from arb_sim.venue import Request, Response

from arb_bybit.sim.account import read
from arb_bybit.sim.frames import mark, named
from arb_bybit.sim.orders import Amendment, Cancellation, Placement
from arb_bybit.sim.spelling import Declined

if TYPE_CHECKING:
    from arb_bybit.sim.venue import BybitVenue

__all__ = ["OrderEntry"]

MS = 1_000_000

WINDOW_MS = 5000
LONGEST_ID = 36


class Command(msgspec.Struct, frozen=True, rename="camel"):
    """A client's text frame on the socket that takes orders."""

    op: str = ""
    args: list[msgspec.Raw] = []
    header: dict[str, str] = {}
    req_id: str | None = None


class _Route(NamedTuple):
    path: str
    act: Callable[[Account, bytes], dict[str, Any]]


class OrderEntry:
    """Requests on the socket."""

    def __init__(self, venue: "BybitVenue") -> None:
        self._venue = venue
        self._keys: dict[int, ApiKey] = {}
        """Who is logged in on which connection."""
        self._heard: dict[int, set[str]] = {}
        """What its requests were called."""
        self._desk = venue.desk
        self._routes = {
            "order.create": _Route("order/create", self._create),
            "order.amend": _Route("order/amend", self._amend),
            "order.cancel": _Route("order/cancel", self._cancel),
        }

    def forget(self, conn: int) -> None:
        """A connection is gone."""
        self._keys.pop(conn, None)
        self._heard.pop(conn, None)

    def heard(self, peer: Peer, frame: str | bytes) -> None:
        """Take a frame."""
        try:
            command = msgspec.json.decode(frame, type=Command)
        except msgspec.DecodeError:
            self._say(peer, Command(), {"retCode": 10001, "retMsg": "Params Error"})
            return
        if command.op == "ping":
            pong = {"retCode": 0, "retMsg": "OK", "op": "pong", "data": [str(self._venue.now_ns // MS)]}
            self._venue.say(peer, {**_echo(command), **pong, "connId": mark(peer)})
        elif command.op == "auth":
            self._login(peer, command)
        elif command.op in self._routes:
            self._request(peer, command)
        else:
            self._say(peer, command, {"retCode": 10404, "retMsg": f"unknown op {command.op}", "op": command.op})

    def _login(self, peer: Peer, command: Command) -> None:
        code, message = 0, "OK"
        if peer.conn in self._keys:
            code, message = 20001, "Repeat auth"
        else:
            try:
                args = [msgspec.json.decode(arg) for arg in command.args]
                self._keys[peer.conn] = key = self._venue.access.login(args, peer.client)
                peer.account = key.account
            except Declined as wrong:
                code, message = wrong.code, wrong.message
        self._say(peer, command, {"retCode": code, "retMsg": message, "op": "auth"})
        if code not in {0, 20001}:
            self._venue.show_out(peer)

    def _request(self, peer: Peer, command: Command) -> None:
        route = self._routes[command.op]
        body = bytes(command.args[0]) if command.args else b"{}"
        request = Request(method="POST", path=f"/v5/{route.path}", query=_symbol(body), body=body, client=peer.client)
        response = self._venue.serve(request, lambda: self._carry_out(peer, command, route, body))
        if response is None:
            return
        if response.late_ns:
            at_ns = self._venue.timeline.now_ns + response.late_ns
            self._venue.timeline.call_at(at_ns, lambda: self._answer(peer, command, response))
            return
        self._answer(peer, command, response)

    def _carry_out(self, peer: Peer, command: Command, route: _Route, body: bytes) -> Response:
        try:
            key = self._admit(peer, command)
            self._venue.budgets.spend(route.path, key.account.uid)
            return self._venue.enveloped(0, "OK", route.act(key.account, body))
        except Declined as wrong:
            return self._venue.enveloped(wrong.code, wrong.message, {})

    def _create(self, account: Account, body: bytes) -> dict[str, Any]:
        return self._desk.place(account, read(body, Placement))

    def _amend(self, account: Account, body: bytes) -> dict[str, Any]:
        return self._desk.amend(account, read(body, Amendment))

    def _cancel(self, account: Account, body: bytes) -> dict[str, Any]:
        return self._desk.cancel(account, read(body, Cancellation))

    def _admit(self, peer: Peer, command: Command) -> ApiKey:
        key = self._keys.get(peer.conn)
        if key is None:
            raise Declined(10003, "Not logged in")
        header = {name.lower(): value for name, value in command.header.items()}
        made, window = header.get("x-bapi-timestamp", ""), header.get("x-bapi-recv-window", str(WINDOW_MS))
        if not (made.isdecimal() and window.isdecimal()):
            raise Declined(10001, "Params Error")
        self._venue.access.in_time(int(made), int(window))
        if command.req_id is not None:
            heard = self._heard.setdefault(peer.conn, set())
            if len(command.req_id) > LONGEST_ID:
                raise Declined(10001, "Params Error")
            if command.req_id in heard:
                raise Declined(20006, "Duplicate reqId")
            heard.add(command.req_id)
        if not key.may(Permission.TRADE):
            raise Declined(10005, "Permission denied, please check your API key permissions.")
        return key

    def _answer(self, peer: Peer, command: Command, response: Response) -> None:
        now_ms = self._venue.now_ns // MS
        told: dict[str, Any] = {"retCode": 10016, "retMsg": "Internal server error", "op": command.op, "data": {}}
        if response.headers.get("content-type") == "application/json":
            said = msgspec.json.decode(response.body)
            told |= {"retCode": said["retCode"], "retMsg": said["retMsg"], "data": said["result"]}
        self._say(
            peer,
            command,
            {
                **told,
                "retExtInfo": {},
                "header": {
                    **self._venue.report(),
                    "Traceid": named(f"request {peer.conn} {now_ms}").replace("-", ""),
                    "Timenow": str(now_ms),
                },
            },
        )

    def _say(self, peer: Peer, command: Command, said: dict[str, Any]) -> None:
        self._venue.say(peer, {**_echo(command), **said, "connId": mark(peer)})


def _echo(command: Command) -> dict[str, Any]:
    return {} if command.req_id is None else {"reqId": command.req_id}


def _symbol(body: bytes) -> str:
    """What a fault that waits for a pair looks for."""
    try:
        return f"symbol={msgspec.json.decode(body, type=Cancellation).symbol}"
    except msgspec.DecodeError:
        return ""
