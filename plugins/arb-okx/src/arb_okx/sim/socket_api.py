"""Orders over the private socket, once it is logged in.

What can be asked for is what the desk does; only the frames are others. A request is carried out as the request of REST
that it stands for, so that the same faults befall it.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-place-order and what follows it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.rest import Refusal, json
from arb_sim.venue import Request, Response

from arb_okx.sim.desk import outcome
from arb_okx.sim.frames import Ask
from arb_okx.sim.orders import Amendment, Cancellation, Placement
from arb_okx.sim.spelling import Declined

if TYPE_CHECKING:
    from arb_okx.sim.venue import OkxVenue

__all__ = ["SocketApi"]


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What REST would have answered."""

    code: str
    msg: str
    data: list[dict[str, Any]] = []


class _Route(NamedTuple):
    path: str
    """Of REST."""
    shape: type[Placement | Cancellation | Amendment]
    act: Callable[..., list[dict[str, Any]]]
    several: bool


class SocketApi:
    """Requests on the socket."""

    def __init__(self, venue: "OkxVenue") -> None:
        self._venue = venue
        desk = venue.desk
        self._routes = {
            "order": _Route("order", Placement, desk.place, several=False),
            "batch-orders": _Route("batch-orders", Placement, desk.place, several=True),
            "cancel-order": _Route("cancel-order", Cancellation, desk.cancel, several=False),
            "batch-cancel-orders": _Route("cancel-batch-orders", Cancellation, desk.cancel, several=True),
            "amend-order": _Route("amend-order", Amendment, desk.amend, several=False),
            "batch-amend-orders": _Route("amend-batch-orders", Amendment, desk.amend, several=True),
        }

    def __contains__(self, operation: str) -> bool:
        """Whether there is such a request."""
        return operation in self._routes

    def heard(self, peer: Peer, ask: Ask, key: ApiKey) -> None:
        """Take a request."""
        route = self._routes[ask.op]
        body = b"".join(bytes(arg) for arg in ask.args)
        request = Request(method="POST", path=f"/api/v5/trade/{route.path}", query=_pair(body), body=body)
        response = self._venue.serve(request, lambda: self._carry_out(route, ask, key))
        if response is None:
            return
        if response.late_ns:
            at_ns = self._venue.timeline.now_ns + response.late_ns
            self._venue.timeline.call_at(at_ns, lambda: self._answer(peer, ask, response))
            return
        self._answer(peer, ask, response)

    def _carry_out(self, route: _Route, ask: Ask, key: ApiKey) -> Response:
        try:
            if not key.may(Permission.TRADE):
                raise Declined(401, "50120", "This API key doesn't have permission to use this function")
            if len(ask.args) != 1 and not route.several:
                raise Declined(400, "60013", "Invalid args")
            if route.shape is not Cancellation:
                self._venue.desk.in_time(ask.exp_time)
            wanted = [_read(arg, route.shape) for arg in ask.args]
            made = route.act(key.account, wanted, several=route.several)
        except Refusal as refusal:
            return refusal.response
        code, message = outcome(made)
        return json({"data": made, "code": code, "msg": message})

    def _answer(self, peer: Peer, ask: Ask, response: Response) -> None:
        if response.headers.get("content-type") == "application/json":
            told = msgspec.json.decode(response.body, type=_Told)
        else:  # the venue has trouble of its own
            told = _Told(code="50001", msg="Service temporarily unavailable")
        now_us = self._venue.now_ns // 1000
        shown = {"id": ask.id, "op": ask.op, "data": told.data, "code": told.code, "msg": told.msg}
        self._venue.say(peer, shown | {"inTime": str(now_us), "outTime": str(now_us + 1901)})


def _read(arg: msgspec.Raw, shape: type[Placement | Cancellation | Amendment]) -> Any:
    try:
        return msgspec.json.decode(arg, type=shape)
    except msgspec.DecodeError as wrong:
        raise Declined(400, "60013", f"Invalid args: {wrong}") from wrong


def _pair(body: bytes) -> str:
    """What a fault that waits for a pair looks for."""
    return body.decode("utf-8", "replace")
