"""Frames of the socket: what clients say, and how it is accepted or refused. Entered by every room that hears one.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and its neighbours.
"""

from typing import Any

import msgspec

from arb_kraken.sim.spelling import rfc3339

__all__ = ["Ask", "accepted", "pong", "pushed", "read", "refused", "status"]


class Params(msgspec.Struct, frozen=True):
    """What a subscription is about. Which fields count depends on the channel."""

    channel: str = ""
    symbol: list[str] = []
    depth: int = 10
    interval: int = 1
    snapshot: bool | None = None
    event_trigger: str = "trades"
    snap_orders: bool = True
    snap_trades: bool = False
    order_status: bool = True
    token: str = ""


class Ask(msgspec.Struct, frozen=True):
    """A client's text frame."""

    method: str
    params: Params = Params()
    req_id: int | None = None


_decoder = msgspec.json.Decoder(Ask)


def read(frame: str | bytes) -> Ask:
    """Decode a frame.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(frame)


def accepted(ask: Ask, result: dict[str, Any], now_ns: int) -> dict[str, Any]:
    """Accept a subscription, or its end."""
    return {"method": ask.method, "result": result, "success": True, **_times(ask, now_ns)}


def refused(ask: Ask, error: str, now_ns: int, *, symbol: str | None = None) -> dict[str, Any]:
    """Refuse it."""
    about = {} if symbol is None else {"symbol": symbol}
    return {"error": error, "method": ask.method, "success": False, **about, **_times(ask, now_ns)}


def pong(ask: Ask, now_ns: int) -> dict[str, Any]:
    """Answer the ping of the application."""
    return {"method": "pong", **_times(ask, now_ns)}


def pushed(channel: str, kind: str, data: list[dict[str, Any]]) -> dict[str, Any]:
    """Wrap what a channel has to say: a `snapshot` or an `update`."""
    return {"channel": channel, "type": kind, "data": data}


def status(conn: int) -> dict[str, Any]:
    """What every connection is told first."""
    told = {"api_version": "v2", "connection_id": 13_834_774_380_200_032_777 + conn, "system": "online"}
    return pushed("status", "update", [{**told, "version": "2.0.10"}])


def _times(ask: Ask, now_ns: int) -> dict[str, Any]:
    """When a request came and was answered, and the number that the client gave it, where it gave one."""
    times = {"time_in": rfc3339(now_ns), "time_out": rfc3339(now_ns + 48_000)}
    return times if ask.req_id is None else {**times, "req_id": ask.req_id}
