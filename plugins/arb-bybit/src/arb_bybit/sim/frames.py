"""Frames of the sockets: what clients say, and how it is accepted or refused. Entered by every room that hears one.

Source: https://bybit-exchange.github.io/docs/v5/ws/connect
"""

from hashlib import md5
from typing import Any

import msgspec
from arb_sim.kernel.connections import Peer

__all__ = ["PRIVATE", "PUBLIC", "TRADE", "Ask", "accepted", "mark", "named", "pong", "read", "refused", "words"]

MS = 1_000_000

PUBLIC, PRIVATE, TRADE = "/v5/public/spot", "/v5/private", "/v5/trade"
"""The sockets. Each answers in a dialect of its own."""


class Ask(msgspec.Struct, frozen=True):
    """A client's text frame on the public or private socket. What `args` hold depends on the operation."""

    op: str = ""
    args: list[Any] = []
    req_id: str | int | None = None


_decoder = msgspec.json.Decoder(Ask)


def read(frame: str | bytes) -> Ask:
    """Decode a frame.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(frame)


def words(ask: Ask) -> list[str]:
    """Return the topics of a subscription; what is no text is none."""
    return [str(arg) for arg in ask.args]


def named(seed: str) -> str:
    """Make a name of the form that Bybit gives to whatever it counts by no number."""
    found = md5(seed.encode(), usedforsecurity=False).hexdigest()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"


def mark(peer: Peer) -> str:
    """Name a connection, as the venue does in each of its answers."""
    if peer.path == PUBLIC:
        return named(f"connection {peer.conn}")
    return f"{md5(b'connection %d' % peer.conn, usedforsecurity=False).hexdigest()[:20]}-{peer.conn:x}"


def pong(peer: Peer, ask: Ask, now_ns: int) -> dict[str, Any]:
    """Answer a ping: the public socket calls its answer a ping as well."""
    if peer.path == PUBLIC:
        return {"success": True, "ret_msg": "pong", "conn_id": mark(peer), "op": "ping"}
    return {**_echo(ask), "op": "pong", "args": [str(now_ns // MS)], "conn_id": mark(peer)}


def accepted(peer: Peer, ask: Ask) -> dict[str, Any]:
    """Accept what a connection asked for."""
    if peer.path == PUBLIC:
        said = {"success": True, "ret_msg": ask.op, "conn_id": mark(peer)}
        return {**said, "req_id": "" if ask.req_id is None else ask.req_id, "op": ask.op}
    return {"success": True, "ret_msg": "", "op": ask.op, "conn_id": mark(peer), **_echo(ask)}


def refused(peer: Peer, ask: Ask, message: str) -> dict[str, Any]:
    """Refuse it: the same shape, with a text."""
    return {**accepted(peer, ask), "success": False, "ret_msg": message}


def _echo(ask: Ask) -> dict[str, Any]:
    return {} if ask.req_id is None else {"req_id": ask.req_id}
