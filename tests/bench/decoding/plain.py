"""What one writes without a framework: exact decimals sorted anew, or the bare libraries. No sequence, no check, no state."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from arb_core.structs.book import Level
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from sortedcontainers import SortedDict

from .contest import Contestant, Market, Take, Text, Top


def naive(market: Market, rows_of: Callable[[bytes], tuple[list[Text], list[Text]]]) -> Contestant:
    def begin() -> tuple[Take, Top]:
        bids, asks = ({Decimal(price): Decimal(size) for price, size in side} for side in market.snapshot)
        tops: list[Any] = [None, None]

        def take(frame: bytes) -> None:
            for side, rows in zip((bids, asks), rows_of(frame), strict=True):
                for price, size in rows:
                    if amount := Decimal(size):
                        side[Decimal(price)] = amount
                    else:
                        side.pop(Decimal(price), None)
            tops[:] = sorted(bids.items(), reverse=True), sorted(asks.items())

        def top() -> tuple[list[Level], list[Level]]:
            shown = [[(float(price), float(size)) for price, size in side[:10]] for side in tops]
            return shown[0], shown[1]

        return take, top

    return Contestant("naive: Decimal and sorted()", begin)


def naive_mexc(frame: bytes) -> tuple[list[Text], list[Text]]:
    push = PushDataV3ApiWrapper()
    push.ParseFromString(frame)
    depth = push.publicAggreDepths
    return [(row.price, row.quantity) for row in depth.bids], [(row.price, row.quantity) for row in depth.asks]


def naive_binance(frame: bytes) -> tuple[list[Text], list[Text]]:
    event = json.loads(frame)["data"]
    return event["b"], event["a"]


def bare_books(market: Market) -> tuple[Any, Any, Top]:
    bids, asks = (SortedDict(side) for side in market.floats())

    def top() -> tuple[list[Level], list[Level]]:
        return list(reversed(bids.items()))[:10], list(asks.items())[:10]

    return bids, asks, top


def bare_mexc(market: Market) -> Contestant:
    parse = PushDataV3ApiWrapper.FromString

    def begin() -> tuple[Take, Top]:
        bids, asks, top = bare_books(market)

        def take(frame: bytes) -> None:
            depth = parse(frame).publicAggreDepths
            for row in depth.bids:
                if size := float(row.quantity):
                    bids[float(row.price)] = size
                else:
                    bids.pop(float(row.price), None)
            for row in depth.asks:
                if size := float(row.quantity):
                    asks[float(row.price)] = size
                else:
                    asks.pop(float(row.price), None)
            _ = bids.peekitem(-1), asks.peekitem(0)

        return take, top

    return Contestant("bare: protobuf, float, SortedDict", begin)


class BareEvent(msgspec.Struct):
    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class BareFrame(msgspec.Struct):
    data: BareEvent


def bare_binance(market: Market) -> Contestant:
    decode = msgspec.json.Decoder(BareFrame).decode

    def begin() -> tuple[Take, Top]:
        bids, asks, top = bare_books(market)

        def take(frame: bytes) -> None:
            event = decode(frame).data
            for price, size in event.b:
                if amount := float(size):
                    bids[float(price)] = amount
                else:
                    bids.pop(float(price), None)
            for price, size in event.a:
                if amount := float(size):
                    asks[float(price)] = amount
                else:
                    asks.pop(float(price), None)
            _ = bids.peekitem(-1), asks.peekitem(0)

        return take, top

    return Contestant("bare: msgspec, float, SortedDict", begin)
