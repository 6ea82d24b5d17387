"""The same changes of a book as each of the eight venues sends them, and the dialect that reads them.

Entered by `test_eight_venues.py`. Every venue calls the pair alike here: a dialect takes what a frame says.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
from arb_binance import stream as binance
from arb_bitget import stream as bitget
from arb_bitget.card import Settings as BitgetSettings
from arb_bybit import stream as bybit
from arb_core.interfaces.stream import StreamDialect
from arb_gateio import stream as gateio
from arb_kraken import stream as kraken
from arb_kraken.card import Settings as KrakenSettings
from arb_kucoin import stream as kucoin
from arb_mexc import stream as mexc
from arb_okx import stream as okx
from sortedcontainers import SortedDict

from .contest import DEPTH, NOW_MS, PAIR, START_ID, Market, Text, binance_frames, mexc_frames

__all__ = ["FIRST", "SUMMED", "WIRES", "Summed", "Wire"]

FIRST = ("mexc", "gateio", "binance")
"""What the others are measured by."""

STAMP = "2023-11-14T22:13:20.000000Z"
TICK, LOT = Decimal("0.01"), Decimal("0.00001")


class Wire(NamedTuple):
    """A venue's way to say changes."""

    name: str
    dialect: Callable[[], StreamDialect]
    frames: Callable[[Market], list[bytes]]


class Summed(NamedTuple):
    """One that sums up the book with every message: `whole` is the frame that it begins with."""

    name: str
    dialect: Callable[[], StreamDialect]
    whole: Callable[[Market], bytes]
    frames: Callable[[Market], list[bytes]]


def _context(settings: object = None) -> Any:
    listed = SimpleNamespace(tick=TICK, lot=LOT, price_decimals=None)
    markets = SimpleNamespace(symbol=lambda pair: pair, instrument=lambda _symbol: listed)
    return SimpleNamespace(settings=settings, markets=markets, rest=SimpleNamespace(bind=lambda *_: None))


def _frames(market: Market, say: Callable[[int, int, list[Text], list[Text]], object]) -> list[bytes]:
    return [msgspec.json.encode(say(*message)) for message in market.numbered()]


def gateio_frames(market: Market) -> list[bytes]:
    """`spot.order_book_update`."""
    head = {"time": NOW_MS // 1000, "time_ms": NOW_MS, "channel": "spot.order_book_update", "event": "update"}

    def say(first: int, last: int, bids: list[Text], asks: list[Text]) -> object:
        about = {"t": NOW_MS, "e": "depthUpdate", "E": NOW_MS // 1000, "s": PAIR}
        return head | {"result": about | {"U": first, "u": last, "b": bids, "a": asks}}

    return _frames(market, say)


def okx_frames(market: Market) -> list[bytes]:
    """`books`: each level with a 0 and a count behind it."""
    arg = {"channel": "books", "instId": PAIR}

    def say(first: int, last: int, bids: list[Text], asks: list[Text]) -> object:
        sides = {name: [[*level, "0", "1"] for level in side] for name, side in (("asks", asks), ("bids", bids))}
        link = {"checksum": 0, "prevSeqId": first - 1, "seqId": last}
        return {"arg": arg, "action": "update", "data": [{**sides, "ts": str(NOW_MS), **link}]}

    return _frames(market, say)


def bybit_frames(market: Market) -> list[bytes]:
    """`orderbook.50`: messages are counted, not changes."""
    head = {"topic": f"orderbook.50.{PAIR}", "type": "delta", "ts": NOW_MS}
    return [
        msgspec.json.encode(
            {
                **head,
                "data": {"s": PAIR, "b": bids, "a": asks, "u": START_ID + number, "seq": last},
                "cts": NOW_MS - 10,
            }
        )
        for number, (_, last, bids, asks) in enumerate(market.numbered(), 1)
    ]


def kucoin_frames(market: Market) -> list[bytes]:
    """`/market/level2`: each level with the sequence of its change behind it."""
    head = {"topic": f"/market/level2:{PAIR}", "type": "message", "subject": "trade.l2update"}

    def say(first: int, last: int, bids: list[Text], asks: list[Text]) -> object:
        changes = {name: [[*level, str(last)] for level in side] for name, side in (("asks", asks), ("bids", bids))}
        about = {"sequenceEnd": last, "sequenceStart": first, "symbol": PAIR, "time": NOW_MS}
        return head | {"data": {"changes": changes, **about}}

    return _frames(market, say)


def bitget_frames(market: Market) -> list[bytes]:
    """`books`, each message with the number of the one before."""
    return _frames(market, lambda first, last, bids, asks: _bitget("update", bids, asks, seq=last, pseq=first - 1))


def _bitget(action: str, bids: Sequence[Text], asks: Sequence[Text], **proof: int) -> object:
    arg = {"instType": "SPOT", "channel": "books", "instId": PAIR}
    book = {"asks": asks, "bids": bids, "ts": str(NOW_MS), **proof}
    return {"action": action, "arg": arg, "data": [book], "ts": NOW_MS}


def _kraken(kind: str, bids: Sequence[Text], asks: Sequence[Text], checksum: int) -> object:
    """`book`: JSON numbers, without the zeros at their end."""
    sides = {
        name: [{"price": _number(price), "qty": _number(size)} for price, size in side]
        for name, side in (("bids", bids), ("asks", asks))
    }
    book = {"symbol": PAIR, **sides, "checksum": checksum, "timestamp": STAMP}
    return {"channel": "book", "type": kind, "data": [book]}


def _number(text: str) -> msgspec.Raw:
    whole, _, fraction = text.partition(".")
    return msgspec.Raw(f"{whole}.{fraction.rstrip('0') or '0'}".encode())


# Sums


class _Best:
    """The best levels as printed, after each message."""

    def __init__(self, market: Market, depth: int) -> None:
        self._sides = tuple(SortedDict({float(price): (price, size) for price, size in s}) for s in market.snapshot)
        self._depth = depth

    def now(self) -> tuple[list[Text], list[Text]]:
        bids, asks = self._sides
        return [*reversed(bids.values()[-self._depth :])], [*asks.values()[: self._depth]]

    def after(self, bids: Sequence[Text], asks: Sequence[Text]) -> tuple[list[Text], list[Text]]:
        for side, levels in zip(self._sides, (bids, asks), strict=True):
            for price, size in levels:
                if float(size):
                    side[float(price)] = price, size
                else:
                    side.pop(float(price), None)
        return self.now()


def _kraken_sum(bids: Sequence[Text], asks: Sequence[Text]) -> int:
    digits = [text.replace(".", "").lstrip("0") for level in (*asks, *bids) for text in level]
    return crc32("".join(digits).encode())


def _bitget_sum(bids: Sequence[Text], asks: Sequence[Text]) -> int:
    parts = [text for bid, ask in zip(bids, asks, strict=True) for text in (*bid, *ask)]
    found = crc32(":".join(parts).encode())
    return found - (1 << 32) if found >= 1 << 31 else found


def _after_each(market: Market, depth: int) -> Iterator[tuple[int, list[Text], list[Text], list[Text], list[Text]]]:
    """Yield each message, and the best levels after it."""
    best = _Best(market, depth)
    for _, last, bids, asks in market.numbered():
        yield last, bids, asks, *best.after(bids, asks)


def kraken_frames(market: Market) -> list[bytes]:
    """Changes with the sum over ten levels."""
    return [
        msgspec.json.encode(_kraken("update", bids, asks, _kraken_sum(best_bids, best_asks)))
        for _, bids, asks, best_bids, best_asks in _after_each(market, 10)
    ]


def kraken_whole(market: Market) -> bytes:
    """The snapshot."""
    bids, asks = market.snapshot
    return msgspec.json.encode(_kraken("snapshot", bids, asks, _kraken_sum(*_Best(market, 10).now())))


def bitget_summed_frames(market: Market) -> list[bytes]:
    """Changes with the sum over 25 levels."""
    return [
        msgspec.json.encode(_bitget("update", bids, asks, seq=last, checksum=_bitget_sum(best_bids, best_asks)))
        for last, bids, asks, best_bids, best_asks in _after_each(market, 25)
    ]


def bitget_whole(market: Market) -> bytes:
    """The snapshot."""
    bids, asks = market.snapshot
    return msgspec.json.encode(_bitget("snapshot", bids, asks, seq=START_ID))


def _kraken_dialect() -> StreamDialect:
    return kraken.PublicStream(_context(KrakenSettings(depth=DEPTH)))


def _summed_bitget() -> StreamDialect:
    return bitget.PublicStream(_context(BitgetSettings(book="checksum")))


WIRES = (
    Wire("mexc", lambda: mexc.PublicStream(_context()), mexc_frames),
    Wire("gateio", lambda: gateio.PublicStream(_context()), gateio_frames),
    Wire("binance", lambda: binance.PublicStream(_context()), binance_frames),
    Wire("okx", lambda: okx.PublicStream(_context()), okx_frames),
    Wire("bybit", lambda: bybit.PublicStream(_context()), bybit_frames),
    Wire("kucoin", lambda: kucoin.PublicStream(_context()), kucoin_frames),
    Wire("kraken", _kraken_dialect, kraken_frames),
    Wire("bitget", lambda: bitget.PublicStream(_context()), bitget_frames),
    Wire("bitget, book = checksum", _summed_bitget, bitget_summed_frames),
)
SUMMED = (
    Summed("kraken", _kraken_dialect, kraken_whole, kraken_frames),
    Summed("bitget, book = checksum", _summed_bitget, bitget_whole, bitget_summed_frames),
)
