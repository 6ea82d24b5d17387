"""Bitget's documented form of books, with a checksum over the best 25 levels as printed; the rest as in `bitget`."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any
from zlib import crc32

from . import bitget
from .bitget import PAIRS, acknowledge, others, pong, spoil
from .market import Change, Made, Row
from .reference import NO_ID, Chain, Level, Printed, Reader, Reading, Rules, made_chain
from .spelling import Unreadable

__all__ = [
    "MARKETS",
    "PAIRS",
    "RULES",
    "acknowledge",
    "chains",
    "delta_frame",
    "others",
    "pong",
    "read_frame",
    "spoil",
    "whole_frame",
]

MARKETS: dict[str, Any] = {
    "BTCUSDT": bitget.MARKETS["BTCUSDT"] | {"last_id": 5_000_000},
    "SHIBUSDT": bitget.MARKETS["SHIBUSDT"] | {"last_id": 17},
}


def total(bids: Sequence[Row], asks: Sequence[Row]) -> int:
    """Bid and ask in turn, price and size, colons between; the sum read as signed."""
    texts = []
    for rank in range(max(len(bids), len(asks))):
        for side in (bids, asks):
            texts += [":".join(row) for row in side[rank : rank + 1]]
    found = crc32(":".join(texts).encode())
    return int.from_bytes(found.to_bytes(4, "big"), "big", signed=True)


RULES = Rules("none", in_stream=True, sum=total, summed=25)


def read_frame(frame: bytes) -> Reading:
    """As `bitget`, but for the books."""
    return bitget.read_by(_read_book, frame)


def _read_book(pair: str, action: str, book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    sides = [_side(reader.need(book, side), side, reader) for side in ("bids", "asks")]
    time_ns = bitget.moment(reader.need(book, "ts"), reader)
    last = bitget.number(book, reader)
    bitget.note_unused(book, reader)
    if action == "snapshot":
        printed = Printed(sides[0][1], sides[1][1], None)
        reading.market.append(("snapshot", pair, sides[0][0], sides[1][0], last, time_ns, 0, printed))
    elif action == "update":
        checksum = reader.integer(reader.need(book, "checksum"), "checksum")
        if not checksum:
            raise Unreadable("an update without a sum")
        printed = Printed(sides[0][1], sides[1][1], checksum)
        reading.market.append(("delta", pair, sides[0][0], sides[1][0], last, last, time_ns, NO_ID, printed))


def _side(value: Any, what: str, reader: Reader) -> tuple[list[Level], list[Row]]:
    """A number without quotes counts as it is spelled."""
    levels = reader.levels(value, what)
    return levels, [(str(price), str(size)) for price, size in reader.rows(value, what)]


@cache
def chains() -> list[Chain]:
    """Two made markets."""
    return [
        made_chain(pair, Made(Random(f"bitget summed {pair}"), "chain", plain=True, **about), delta_frame)
        for pair, about in MARKETS.items()
    ]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change, with the sum of the market's best levels after it."""
    return bitget.frame_of(
        pair, "update", change, f'"checksum":{total(*market.best_as_printed(25))},"seq":{change.last_id}'
    )


def whole_frame(pair: str, whole: Change) -> bytes:
    """Write what a subscription begins with."""
    return bitget.frame_of(pair, "snapshot", whole, f'"checksum":0,"seq":{whole.last_id}')
