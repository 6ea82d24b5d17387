"""Frames of a plugin's market data to be read again and again, and a sink that keeps nothing.

Entered by the cases that measure. The frames are those that the venue sends while its market moves; of a plugin without
a simulated venue, its samples.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from random import Random
from typing import Any, cast

import msgspec
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.card import Capability

from arb_compliance.expect import NotProved
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

__all__ = ["Deaf", "frames", "grown", "longest", "read", "varied"]

_SECONDS = 3.0
_MOST = 400
_DIGITS = b"123456789"
_DATES = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


class Deaf(Sink):
    """A sink that hears and forgets."""

    def delta(self, *_: Any, **__: Any) -> None: ...
    def snapshot(self, *_: Any, **__: Any) -> None: ...
    def quote(self, *_: Any, **__: Any) -> None: ...
    def trade(self, *_: Any, **__: Any) -> None: ...
    def kline(self, *_: Any, **__: Any) -> None: ...
    def order(self, *_: Any, **__: Any) -> None: ...
    def fill(self, *_: Any, **__: Any) -> None: ...
    def balance(self, *_: Any, **__: Any) -> None: ...
    def ack(self, *_: Any, **__: Any) -> None: ...
    def refused(self, *_: Any, **__: Any) -> None: ...
    def reply(self, *_: Any, **__: Any) -> None: ...
    def pong(self, *_: Any, **__: Any) -> None: ...
    def closing(self, *_: Any, **__: Any) -> None: ...
    def ticket_lost(self, *_: Any, **__: Any) -> None: ...
    def ignored(self, *_: Any, **__: Any) -> None: ...


async def frames(subject: Subject) -> list[bytes]:
    """Return frames of market data, each another one; the same in each process that asks twice.

    Raises:
        NotProved: there is neither a simulated venue nor a sample.
    """
    kept = cast("list[bytes] | None", subject.kept.get("frames"))
    if kept is None:
        found = await _pushed(subject) if subject.simulated else [one.body for one in subject.samples.frames("public")]
        kept = subject.kept["frames"] = list(dict.fromkeys(found))[-_MOST:]
    if not kept:
        raise NotProved("no frame of market data is known")
    return kept


async def _pushed(subject: Subject) -> list[bytes]:
    """Follow every feed that the card claims while the market moves."""
    card = subject.card
    async with Stage(subject, seed=11, symbols=("BTC/USDT", "ETH/USDT"), steps_per_s=20) as stage:
        await stage.live()
        for symbol in stage.symbols:
            if Capability.QUOTE in card.capabilities:
                await stage.venue.watch_quotes(symbol, _nothing)
            if Capability.TRADES in card.capabilities:
                await stage.venue.watch_trades(symbol, _nothing)
            if Capability.DEPTH in card.capabilities:
                await stage.venue.watch_depth(symbol, card.depths[-1], _nothing)
            if Capability.KLINES in card.capabilities:
                await stage.venue.watch_klines(symbol, card.kline_intervals[0], _nothing)
        await stage.pass_(_SECONDS)
        return list(stage.seen.frames)


class _Naming(Deaf):
    """A sink that remembers what a frame told that may be long."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def delta(self, *_: Any, **__: Any) -> None:
        self.kinds.add("delta")

    def snapshot(self, *_: Any, **__: Any) -> None:
        self.kinds.add("snapshot")

    def trade(self, *_: Any, **__: Any) -> None:
        self.kinds.add("trade")


def longest(dialect: StreamDialect, them: Iterable[bytes]) -> list[bytes]:
    """Return the longest frame of each kind that brings many levels or trades."""
    found: dict[str, bytes] = {}
    for frame in them:
        naming = _Naming()
        dialect.decode(memoryview(frame), 0, naming)
        for kind in naming.kinds:
            found[kind] = max(found.get(kind, b""), frame, key=len)
    return list(dict.fromkeys(found.values()))


def read(dialect: StreamDialect, them: Iterable[bytes]) -> int:
    """Let a dialect read frames and return how many it could."""
    deaf, count = Deaf(), 0
    for frame in them:
        # Parsers raise classes of their own; what may be raised, tier wire judges.
        with suppress(Exception):
            dialect.decode(memoryview(frame), 0, deaf)
            count += 1
    return count


def varied(frame: bytes, rng: Random) -> bytes:
    """Return a frame in which each digit from 1 to 9 stands for another: texts that have not been there before.

    Dates in words of their own (2023-11-14T22:13:20) stay: most others are none.
    """
    table = bytes.maketrans(_DIGITS, bytes(rng.sample(_DIGITS, len(_DIGITS))))
    kept = _DATES.findall(frame)
    parts = [part.translate(table) for part in _DATES.split(frame)]
    return b"".join(part + date for part, date in zip(parts, [*kept, b""], strict=True))


def grown(frame: bytes, times: int) -> bytes:
    """Return a frame whose lists are so many times as long, each copy with other digits.

    JSON: its lists of rows, which are lists or flat objects. Anything else: the frame so many times over, which to
    protobuf is one message with longer lists.
    """
    try:
        document: Any = msgspec.json.decode(frame)
    except msgspec.DecodeError:
        return frame * times
    return msgspec.json.encode(_longer(document, times, Random(times)))  # noqa: S311 (repeatable)


def _longer(value: Any, times: int, rng: Random) -> Any:
    if isinstance(value, dict):
        return {name: _longer(one, times, rng) for name, one in cast("dict[str, Any]", value).items()}
    if not isinstance(value, list):
        return value
    rows: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    if not rows or not _is_row(rows[0]):
        return [_longer(one, times, rng) for one in rows]
    text = msgspec.json.encode(rows)
    return [row for _ in range(times) for row in msgspec.json.decode(varied(text, rng))]


def _is_row(value: Any) -> bool:
    """Whether a value is a row of a table: a list, or an object without lists and objects in it."""
    if isinstance(value, dict):
        return not any(isinstance(one, dict | list) for one in cast("dict[str, Any]", value).values())
    return isinstance(value, list)


def _nothing(_update: object) -> None:
    """Hear of an update."""
