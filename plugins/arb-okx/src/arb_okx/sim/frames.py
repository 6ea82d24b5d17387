"""Frames of the socket: what clients say, and how it is accepted or refused. Entered by every room that hears one."""

import re
from hashlib import md5
from typing import Any

import msgspec
from arb_sim.kernel.connections import Peer

__all__ = ["Ask", "accepted", "logged_in", "mark", "read", "refused"]

ID = re.compile(r"[0-9A-Za-z]{0,32}")
"""What a client may call its request."""

LONGEST = 64 * 1024
"""Bytes of a request: its channels together may not be longer."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A client's text frame. What the arguments hold depends on the operation."""

    op: str
    args: list[msgspec.Raw] = []
    id: str = ""
    exp_time: str = ""
    """Of an order or a change: until when it may arrive, in milliseconds."""


_decoder = msgspec.json.Decoder(Ask)


def read(frame: str | bytes) -> Ask:
    """Decode a frame.

    Raises:
        msgspec.DecodeError: it is none, or too long, or its id is not letters and digits.
    """
    if len(frame) > LONGEST:
        raise msgspec.DecodeError("too long")
    ask = _decoder.decode(frame)
    if not ID.fullmatch(ask.id):
        raise msgspec.DecodeError(f"id {ask.id}")
    return ask


def mark(conn: int) -> str:
    """Name a connection, as the venue does in each of its answers."""
    return md5(b"connection %d" % conn, usedforsecurity=False).hexdigest()[:8]


def accepted(peer: Peer, ask: Ask, arg: dict[str, Any]) -> dict[str, Any]:
    """Accept a subscription, or its end: each argument of a request by itself."""
    return {**_named(ask), "event": ask.op, "arg": arg, "connId": mark(peer.conn)}


def logged_in(peer: Peer, ask: Ask) -> dict[str, Any]:
    """Accept a login."""
    return {**_named(ask), "event": "login", "msg": "", "code": "0", "connId": mark(peer.conn)}


def refused(peer: Peer, ask: Ask, code: str, message: str) -> dict[str, Any]:
    """Refuse a request, or one argument of it; which one, the message alone says."""
    return {**_named(ask), "event": "error", "msg": message, "code": code, "connId": mark(peer.conn)}


def _named(ask: Ask) -> dict[str, str]:
    return {"id": ask.id} if ask.id else {}
