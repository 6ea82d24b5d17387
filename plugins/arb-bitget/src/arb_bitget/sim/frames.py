"""Frames of the socket: what clients say, and how it is accepted or refused. Entered by every room that hears one.

Source: https://www.bitget.com/api-doc/common/websocket-intro
"""

from typing import Any

import msgspec

__all__ = ["PING", "PONG", "Arg", "Ask", "Login", "accepted", "name_of", "pushed", "read", "read_args", "refused"]

PING, PONG = "ping", "pong"
"""Bare text, no JSON."""


class Ask(msgspec.Struct, frozen=True):
    """A client's JSON frame. What stands in `args` depends on `op`."""

    op: str = ""
    args: list[msgspec.Raw] = []


class Arg(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One channel. `coin` stands in place of `instId` for the account."""

    inst_type: str = ""
    channel: str = ""
    inst_id: str = ""
    coin: str = ""


class Login(msgspec.Struct, frozen=True, rename="camel"):
    """What `login` takes."""

    api_key: str = ""
    passphrase: str = ""
    timestamp: str = ""
    sign: str = ""


_ask = msgspec.json.Decoder(Ask)
_arg = msgspec.json.Decoder(Arg)


def read(frame: str | bytes) -> Ask:
    """Decode a frame.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _ask.decode(frame)


def read_args(ask: Ask) -> list[Arg]:
    """Decode the channels of a subscription.

    Raises:
        msgspec.DecodeError: there are others.
    """
    return [_arg.decode(raw) for raw in ask.args]


def name_of(arg: Arg) -> str:
    """Name the stream: its channel, and what it is about."""
    return f"{arg.channel}:{arg.inst_id or arg.coin}"


def accepted(event: str, arg: Arg) -> dict[str, Any]:
    """Accept a subscription, or its end: a message for each channel."""
    return {"event": event, "arg": msgspec.to_builtins(arg)}


def refused(code: int, message: str, arg: Arg | None = None) -> dict[str, Any]:
    """Refuse one, or a frame."""
    about = {} if arg is None else {"arg": msgspec.to_builtins(arg)}
    return {"event": "error", **about, "code": code, "msg": message}


def pushed(action: str, name: str, data: list[Any], now_ms: int) -> dict[str, Any]:
    """Wrap what a channel pushes."""
    channel, _, about = name.partition(":")
    key = "coin" if channel == "account" else "instId"
    return {"action": action, "arg": {"instType": "SPOT", "channel": channel, key: about}, "data": data, "ts": now_ms}
