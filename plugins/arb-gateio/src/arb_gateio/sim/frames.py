"""Frames of the socket: what clients say, and how it is accepted or refused. Entered by every room that hears one."""

from hashlib import md5
from typing import Any

import msgspec
from arb_sim.kernel.connections import Peer

__all__ = ["Ask", "Auth", "accepted", "mark", "pong", "read", "refused", "trace", "words"]

SECOND = 1_000_000_000
MS = 1_000_000


class Auth(msgspec.Struct, frozen=True):
    """The signature of a subscription to an account."""

    method: str = ""
    KEY: str = ""
    SIGN: str = ""


class Ask(msgspec.Struct, frozen=True):
    """A client's text frame. What `payload` holds depends on the channel."""

    channel: str
    time: int | float = 0
    event: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")
    id: int | str | None = None
    auth: Auth | None = None


_decoder = msgspec.json.Decoder(Ask)
_words = msgspec.json.Decoder(list[str] | None)


def read(frame: str | bytes) -> Ask:
    """Decode a frame.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(frame)


def words(ask: Ask) -> list[str]:
    """Decode the payload of a subscription.

    Raises:
        msgspec.DecodeError: it is no list of texts.
    """
    return _words.decode(ask.payload) or []


def mark(conn: int) -> str:
    """Name a connection, as the venue does in each of its answers."""
    return md5(b"connection %d" % conn, usedforsecurity=False).hexdigest()[:16]


def trace(conn: int, at_ns: int) -> str:
    """Name one request."""
    return f"{at_ns:016x}{mark(conn)}"


def pong(now_ns: int) -> dict[str, Any]:
    """Answer the ping of the application."""
    return {"time": now_ns // SECOND, "channel": "spot.pong", "event": "", "error": None, "result": None}


def accepted(peer: Peer, ask: Ask, now_ns: int) -> dict[str, Any]:
    """Accept a subscription, or its end."""
    return _head(peer, ask, now_ns) | {"error": None, "result": {"status": "success"}}


def refused(peer: Peer, ask: Ask, now_ns: int, code: int, message: str) -> dict[str, Any]:
    """Refuse it: code 1 for a bad body, 2 for a bad argument, 4 for a signature."""
    return _head(peer, ask, now_ns) | {"error": {"code": code, "message": message}, "result": {"status": "fail"}}


def _head(peer: Peer, ask: Ask, now_ns: int) -> dict[str, Any]:
    return {
        "time": now_ns // SECOND,
        "time_ms": now_ns // MS,
        **({} if ask.id is None else {"id": ask.id}),
        "conn_id": mark(peer.conn),
        "trace_id": trace(peer.conn, now_ns),
        "channel": ask.channel,
        "event": ask.event,
        "payload": msgspec.json.decode(ask.payload),
    }
