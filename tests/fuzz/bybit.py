"""Bybit by its documentation: the reference decoder, and the made frames that the mutators start from.

Source: https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook and its neighbours. Messages of a book are
counted by one; the first of a count, whatever it calls itself, is a whole book.
"""

import json
from functools import cache
from random import Random
from typing import Any

from . import mutate
from .json_text import is_text
from .market import Change, Made, json_rows
from .reference import ANY, MS, NO_ID, Chain, Level, Reader, Reading, Rules, made_chain, read_json, sample_frames
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

RULES = Rules("count", in_stream=True, cut=50)
PAIRS = {"BTCUSDT": "BTC/USDT", "SHIBUSDT": "SHIB/USDT"}
MARKETS: dict[str, Any] = {
    "BTCUSDT": {"lowest": "30220.00", "tick": "0.10", "size_decimals": 3, "last_id": 8_473_212, "kept": 50, "near": 70},
    "SHIBUSDT": {
        "lowest": "0.00000840",
        "tick": "0.00000001",
        "size_decimals": 0,
        "last_id": 77,
        "kept": 50,
        "near": 70,
    },
}

_LEVELS = "50"
"""Of the topic that ours are followed by."""
_BEST = "1"
_INTERVALS = {
    "1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h", "240": "4h", "360": "6h", "720": "12h",
    "D": "1d", "W": "1w", "M": "1M",
}  # fmt: skip
_ANSWERS: dict[str, tuple[type, ...]] = {
    "topic": (str,),
    "op": (str,),
    "success": (bool,),
    "ret_msg": (str,),
    "req_id": (str,),
}


def read_frame(frame: bytes) -> Reading:
    """A `topic` is a push, an `op` an answer."""
    return read_json(frame, frozenset(), _read)


def _read(document: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    reader.note_odd(table, _ANSWERS)
    if table.get("topic") is None:
        _read_answer(table, reader, reading)
        return
    kind, _, rest = reader.text(table["topic"], "topic").partition(".")
    about, _, pair = rest.partition(".")
    if kind == "orderbook":
        _read_book(about, pair, table, reader, reading)
    elif kind == "publicTrade":
        for deal in reader.each(reader.need(table, "data"), "data"):
            _read_deal(reader.table(deal, "data"), reader, reading)
    elif kind == "kline":
        _read_candles(about, pair, table, reader, reading)
    elif not pair:
        reader.doubt("a topic of no known form")


def _read_answer(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    op = table.get("op")
    success = table.get("success")
    asked: Any = None if table.get("req_id") in (None, "") else reader.request_id(table["req_id"])
    if op in ("subscribe", "unsubscribe") and is_text(op) and isinstance(success, bool):
        reading.control.append(("ack" if success else "refused", asked, ANY))
        if not success and "already subscribed" in (table.get("ret_msg") or ""):
            reader.doubt("a refusal that is none")
            reading.control[-1] = ("ack", asked)
    elif op in ("ping", "pong") and is_text(op):
        reading.control.append(("pong",))
    else:
        raise Unreadable("neither a push nor an answer")


def _read_book(levels: str, pair: str, table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    kind = reader.text(reader.need(table, "type"), "type")
    time_ns = reader.time(table, "ts")
    book = reader.table(reader.need(table, "data"), "data")
    bids, asks = (reader.levels(reader.need(book, side), side) for side in "ba")
    last = reader.sequence_id(reader.need(book, "u"), "u")
    if not pair:
        reader.doubt("no pair")
    if levels == _BEST:
        if kind == "delta":
            raise Unreadable("the best levels come whole")
        if kind == "snapshot":
            reading.market.append(("quote", pair, *_best(bids), *_best(asks), time_ns, last))
    elif levels != _LEVELS:
        pass
    elif kind == "snapshot" or last == 1:
        reading.market.append(("snapshot", pair, _held(bids), _held(asks), last, time_ns, 0))
    elif kind == "delta":
        reading.market.append(("delta", pair, bids, asks, last, last, time_ns, NO_ID))


def _best(levels: list[Level]) -> Level:
    return levels[0] if levels else (float("nan"), float("nan"))


def _held(levels: list[Level]) -> list[Level]:
    """A whole book has no removals, but one that is sent as changes may."""
    return [level for level in levels if level[1]]


def _read_deal(deal: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(deal, "s"), "s")
    price, size = reader.price(reader.need(deal, "p")), reader.amount(reader.need(deal, "v"))
    taker = {"Buy": 1, "Sell": 2}.get(reader.text(reader.need(deal, "S"), "S"), 0)
    time_ns = reader.integer(reader.need(deal, "T"), "T") * MS
    number = reader.text(reader.need(deal, "i"), "i")
    reading.market.append(("trade", pair, price, size, taker, time_ns, number))


def _read_candles(name: str, pair: str, table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    for row in reader.each(reader.need(table, "data"), "data"):
        bar = reader.table(row, "data")
        prices = tuple(reader.amount(reader.need(bar, key)) for key in ("open", "high", "low", "close"))
        volume, turnover = (reader.amount(reader.need(bar, key)) for key in ("volume", "turnover"))
        start_ns = reader.integer(reader.need(bar, "start"), "start") * MS
        closed = reader.need(bar, "confirm")
        if not isinstance(closed, bool):
            if name in _INTERVALS:
                raise Unreadable("confirm is neither true nor false")
            reader.doubt("confirm is neither true nor false")
        if name in _INTERVALS:
            told = (prices[0], prices[1], prices[2], prices[3])
            reading.market.append(("kline", pair, _INTERVALS[name], start_ns, told, volume, turnover, closed))


# -- frames to start from -------------------------------------------------------------------------------------------------


@cache
def chains() -> list[Chain]:
    """Two made markets: there is no recording of Bybit."""
    return [
        made_chain(pair, Made(Random(f"bybit {pair}"), RULES.ids, plain=True, **about), delta_frame)
        for pair, about in MARKETS.items()
    ]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change."""
    return _frame(pair, "delta", change)


def whole_frame(pair: str, whole: Change) -> bytes:
    """Write what a subscription begins with."""
    return _frame(pair, "snapshot", whole)


def _frame(pair: str, kind: str, change: Change) -> bytes:
    sides = f'"b":{json_rows(change.bids)},"a":{json_rows(change.asks)}'
    data = f'{{"s":"{pair}",{sides},"u":{change.last_id},"seq":{66544703342 + change.last_id}}}'
    head = f'{{"topic":"orderbook.{_LEVELS}.{pair}","ts":{change.ms},"type":"{kind}","data":'
    return f'{head}{data},"cts":{change.ms - 2}}}'.encode()


def others() -> list[bytes]:
    """Frames that change no book of ours."""
    return sample_frames("bybit")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of Bybit's frames."""
    return mutate.json_frame(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame."""
    asked = json.loads(request)
    if asked["op"] == "ping":
        return [pong()]
    answer = {"success": True, "ret_msg": "subscribe", "conn_id": "1", "req_id": asked["req_id"], "op": asked["op"]}
    return [json.dumps(answer).encode()]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b'{"success":true,"ret_msg":"pong","conn_id":"0970e817","op":"ping"}'
