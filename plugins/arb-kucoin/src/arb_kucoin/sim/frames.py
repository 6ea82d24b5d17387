"""Frames of the socket: what clients say, and how it is answered. Entered by every room that hears one.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/introduction
"""

from typing import Any

import msgspec

__all__ = ["PING_EVERY_MS", "PING_WITHIN_MS", "Ask", "ack", "error", "message", "pong", "read", "welcome"]

PING_EVERY_MS = 18_000
PING_WITHIN_MS = 10_000
"""A client that is silent for both together is cut off."""


class Ask(msgspec.Struct, frozen=True):
    """A client's text frame. Its id may be a number; it is given back as text."""

    type: str
    id: str | int = ""
    topic: str = ""
    private: bool = msgspec.field(name="privateChannel", default=False)
    response: bool = False


_decoder = msgspec.json.Decoder(Ask)


def read(frame: str | bytes) -> Ask:
    """Decode a frame.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(frame)


def welcome(connect_id: str) -> dict[str, Any]:
    """Greet a connection: before that it need not say anything."""
    return {"id": connect_id, "type": "welcome", "pingInterval": PING_EVERY_MS, "pingTimeout": PING_WITHIN_MS}


def ack(ask: Ask) -> dict[str, Any]:
    """Accept a subscription, or its end."""
    return {"id": str(ask.id), "type": "ack"}


def pong(ask: Ask, now_ns: int) -> dict[str, Any]:
    """Answer a ping; the time counts microseconds."""
    return {"id": str(ask.id), "type": "pong", "timestamp": now_ns // 1000}


def error(request_id: str | int, code: int, reason: str) -> dict[str, Any]:
    """Refuse: code 400 for a frame, 401 and 403 for a token, 404 and 406 for a topic, 415 for a type, 509 for more."""
    return {"id": str(request_id), "type": "error", "code": code, "data": reason}


def message(topic: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """Wrap what a public topic pushes."""
    return {"topic": topic, "type": "message", "subject": subject, "data": data}
