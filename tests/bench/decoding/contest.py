"""The work and the race: a market as frames of two venues, who takes part, and how their time is taken.

Entered by `test_decode_apply.py` and by every contestant beside it. Each gets the same frames, and must hold the same ten best
levels after the last one before anything is timed. The turns are interleaved and in thread CPU time, so that whatever else the
machine does hits all alike. What is timed is a client in its stride: the first messages of a turn only bring book and code back
into the processor's caches, where the collection of garbage before it has left nothing of them; and a frame has been written
just before it is read, as by a socket.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import msgspec
from arb_core.structs.book import Level
from arb_core.structs.market import Symbol
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper

BTC = Symbol("BTC", "USDT")
PAIR = "BTCUSDT"
DEPTH = 1000
"""Levels a side at first; the changes hold it about there."""
MESSAGES = 2000
WARM_UP = 500
"""Messages at the start of a turn whose time does not count."""
TURNS = 9
AT_ONCE = 100
"""Messages whose frames are written before the time of reading them is taken: what one burst leaves in a socket's buffer."""
START_ID = 1_000_000
NOW_MS = 1_700_000_000_000
CHANNEL = f"spot@public.aggre.depth.v3.api.pb@100ms@{PAIR}"

Text = tuple[str, str]
Take = Callable[[Any], None]
Top = Callable[[], tuple[list[Level], list[Level]]]


class Contestant(msgspec.Struct):
    """`begin` makes a fresh book of the snapshot; it returns what takes one frame, and what shows ten levels a side."""

    name: str
    begin: Callable[[], tuple[Take, Top]]


class Market:
    """A snapshot and messages of changes: 70 % of them near the best levels, half of those at held levels removals."""

    def __init__(self, levels: int) -> None:
        random = Random(1)
        middle = 6_000_000
        held: tuple[dict[int, str], dict[int, str]] = ({}, {})
        for distance in range(1, DEPTH + 1):
            for side, tick in ((0, middle - distance), (1, middle + distance)):
                held[side][tick] = f"{random.random() * 5:.5f}"
        self.levels = levels
        self.snapshot = tuple([(_price(tick), size) for tick, size in side.items()] for side in held)
        self.messages: list[tuple[list[Text], list[Text]]] = []
        for _ in range(MESSAGES):
            message: tuple[dict[int, str], dict[int, str]] = ({}, {})
            for _ in range(levels):
                side = random.randrange(2)
                near = random.random() < 0.7
                distance = 1 + (min(int(random.expovariate(1 / 8)), DEPTH - 1) if near else random.randrange(DEPTH))
                tick = middle + (distance if side else -distance)
                size = (
                    "0.00000" if tick in held[side] and random.random() < 0.5 else f"{random.random() * 5 + 1e-5:.5f}"
                )
                held[side].pop(tick, None) if float(size) == 0 else held[side].update({tick: size})
                message[side][tick] = size
            bids, asks = ([(_price(tick), size) for tick, size in side.items()] for side in message)
            self.messages.append((bids, asks))
        last_bids = sorted(((float(_price(tick)), float(size)) for tick, size in held[0].items()), reverse=True)
        last_asks = sorted((float(_price(tick)), float(size)) for tick, size in held[1].items())
        self.last = last_bids[:10], last_asks[:10]

    def numbered(self) -> Iterator[tuple[int, int, list[Text], list[Text]]]:
        """Messages with first and last id."""
        for index, (bids, asks) in enumerate(self.messages):
            yield START_ID + 1 + index * self.levels, START_ID + (index + 1) * self.levels, bids, asks

    def floats(self) -> tuple[list[Level], list[Level]]:
        """The snapshot, as a plugin gives it."""
        bids, asks = ([(float(price), float(size)) for price, size in side] for side in self.snapshot)
        return bids, asks


def _price(tick: int) -> str:
    return f"{tick // 100}.{tick % 100:02}"


def mexc_frames(market: Market) -> list[bytes]:
    """Protobuf, as MEXC sends it."""
    frames = []
    for first, last, bids, asks in market.numbered():
        push = PushDataV3ApiWrapper(channel=CHANNEL, symbol=PAIR, sendTime=NOW_MS)
        depth = push.publicAggreDepths
        depth.eventType, depth.fromVersion, depth.toVersion = CHANNEL.rpartition("@")[0], str(first), str(last)
        for rows, side in ((bids, depth.bids), (asks, depth.asks)):
            for price, size in rows:
                side.add(price=price, quantity=size)
        frames.append(push.SerializeToString())
    return frames


def binance_frames(market: Market) -> list[bytes]:
    """JSON, as Binance sends it on a combined stream."""
    event = {"e": "depthUpdate", "E": NOW_MS, "s": PAIR}
    return [
        msgspec.json.encode(
            {"stream": "btcusdt@depth@100ms", "data": {**event, "U": first, "u": last, "b": bids, "a": asks}}
        )
        for first, last, bids, asks in market.numbered()
    ]


def measure(contestants: list[Contestant], frames: list[Any], market: Market) -> dict[str, list[float]]:
    """Return microseconds a message, one figure for each turn."""
    for contestant in contestants:
        take, top = contestant.begin()
        for frame in frames:
            take(frame)
        assert top() == market.last, f"{contestant.name} holds another book"

    figures: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    order = Random(2)
    for _ in range(TURNS):
        for contestant in order.sample(contestants, len(contestants)):
            take, _ = contestant.begin()
            gc.collect()
            gc.freeze()
            figures[contestant.name].append(_turn(take, frames) / 1000)
            gc.unfreeze()
    return figures


def _turn(take: Take, frames: list[Any]) -> float:
    """Return nanoseconds a message, after the warm-up."""
    for frame in frames[:WARM_UP]:
        take(frame)
    taken_ns = 0
    for at in range(WARM_UP, len(frames), AT_ONCE):
        written = [bytes(memoryview(frame)) for frame in frames[at : at + AT_ONCE]]
        began_ns = time.thread_time_ns()
        for frame in written:
            take(frame)
        taken_ns += time.thread_time_ns() - began_ns
    return taken_ns / (len(frames) - WARM_UP)


def table(title: str, by_levels: dict[int, dict[str, list[float]]], reference: str) -> str:
    """One row a contestant, two columns a number of levels: the time, and its ratio to the reference in the same turns."""
    columns = " | ".join(f"{levels}: us [least-most] | ratio" for levels in by_levels)
    rows = [f"| {title}, levels a message | {columns} |", "|---|" + "---|" * (2 * len(by_levels))]
    for name in next(iter(by_levels.values())):
        cells = []
        for figures in by_levels.values():
            each = figures[name]
            ratio = statistics.median(mine / other for mine, other in zip(each, figures[reference], strict=True))
            cells += [
                f"{statistics.median(each):.2f} [{min(each):.2f}-{max(each):.2f}]",
                f"{ratio:.{2 if ratio >= 1 else 3}f}",
            ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)
