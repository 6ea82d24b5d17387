"""OKX by its documentation: the reference decoder, and the made frames that the mutators start from.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel . Books are chained by
`prevSeqId`; the checksum that a frame still has room for is dead.
"""

import json
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from . import mutate
from .json_text import is_text
from .market import Change, Made, Row
from .reference import ANY, MS, NO_ID, Chain, Reader, Reading, Rules, made_chain, read_json, sample_frames
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

RULES = Rules("chain", in_stream=True, resets=False)
PAIRS = {"BTC-USDT": "BTC/USDT", "SHIB-USDT": "SHIB/USDT", "LTC-USDT": "LTC/USDT"}
MARKETS: dict[str, Any] = {
    "BTC-USDT": {"lowest": "84760.0", "tick": "0.1", "size_decimals": 8, "last_id": 47_329_112_345},
    "SHIB-USDT": {"lowest": "0.000008400", "tick": "0.000000001", "size_decimals": 0, "last_id": 123_456},
}

_NOTICE_OF_CLOSING = "64008"
_ANSWERS: dict[str, tuple[type, ...]] = dict.fromkeys(("id", "event", "action", "code", "msg", "channel"), (str,))


def read_frame(frame: bytes) -> Reading:
    """`pong` is bare text; an `event` is an answer; everything else goes by the channel in `arg`."""
    if frame == b"pong":
        return Reading(control=[("pong",)])
    return read_json(frame, frozenset(), _read)


def _read(document: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    reader.note_odd(table, _ANSWERS)
    arg = table.get("arg")
    if arg is not None:
        # "arg" is what a push is told by, and what an answer is about.
        reader.text(reader.need(reader.table(arg, "arg"), "channel"), "channel")
        reader.note_odd(arg, {"instId": (str,)})
    event = table.get("event")
    if event is not None:
        _read_event(reader.text(event, "event"), table, reader, reading)
        return
    if arg is None:
        raise Unreadable("a push without arg")
    read_push = _CHANNELS.get(arg["channel"])
    if read_push is None:
        return
    pair = reader.text(reader.need(arg, "instId"), "instId")
    if not pair:
        raise Unreadable("no pair")
    for item in reader.each(reader.need(table, "data"), "data"):
        read_push(pair, table, reader.table(item, "data"), reader, reading)


def _read_event(event: str, table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    match event:
        case "subscribe" | "unsubscribe":
            reading.control.append(("ack", _request_id(table, reader), ANY))
        case "error":
            reading.control.append(("refused", _request_id(table, reader), ANY))
        case "login" if table.get("code") == "0" and is_text(table["code"]):
            reading.control.append(("reply",))
        case "login":
            reading.control.append(("refused", None, ANY))
        case "notice" if table.get("code") == _NOTICE_OF_CLOSING:
            reading.control.append(("closing", ANY))
        case _:
            pass


def _request_id(table: dict[str, Any], reader: Reader) -> Any:
    return None if table.get("id") is None else reader.request_id(table["id"])


def _read_book(pair: str, table: dict[str, Any], book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    action = reader.text(reader.need(table, "action"), "action")
    bids, asks = (reader.levels(reader.need(book, side), side, longer=True) for side in ("bids", "asks"))
    last = reader.sequence_id(reader.need(book, "seqId"), "seqId")
    time_ns = reader.time(book, "ts", quoted=True)
    if action == "snapshot":
        _note_previous(book, reader)
        reading.market.append(("snapshot", pair, bids, asks, last, time_ns, 0))
    elif action == "update":
        previous = reader.integer(reader.need(book, "prevSeqId"), "prevSeqId")
        if previous < 0:
            reader.doubt("an update with the prevSeqId of a snapshot")
        reading.market.append(("delta", pair, bids, asks, last, last, time_ns, previous))
    else:
        raise Unreadable("neither snapshot nor update")


def _note_previous(book: dict[str, Any], reader: Reader) -> None:
    """It is -1 with a snapshot, and nobody needs it there; other forms of books do not have it."""
    if reader.optional(book, "prevSeqId") is not None:
        try:
            reader.integer(book["prevSeqId"], "prevSeqId")
        except Unreadable:
            reader.doubt("prevSeqId is no integer")


def _read_depth(pair: str, table: dict[str, Any], book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    bids, asks = (reader.levels(reader.need(book, side), side, longer=True) for side in ("bids", "asks"))
    last = reader.sequence_id(reader.need(book, "seqId"), "seqId")
    _note_previous(book, reader)
    reading.market.append(("snapshot", pair, bids, asks, last, reader.time(book, "ts", quoted=True), 5))


def _read_quote(pair: str, table: dict[str, Any], book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    sides = [reader.best(reader.levels(reader.need(book, side), side, longer=True)) for side in ("bids", "asks")]
    if reader.optional(book, "seqId") is None:
        reader.doubt("no seqId")
        last: Any = ANY
    else:
        last = reader.sequence_id(book["seqId"], "seqId")
    reading.market.append(("quote", pair, *sides[0], *sides[1], reader.time(book, "ts", quoted=True), last))


def _read_trade(pair: str, table: dict[str, Any], deal: dict[str, Any], reader: Reader, reading: Reading) -> None:
    price, size = reader.price(reader.need(deal, "px")), reader.amount(reader.need(deal, "sz"))
    taker = {"buy": 1, "sell": 2}.get(reader.text(reader.need(deal, "side"), "side"), 0)
    time_ns = reader.integer(reader.need(deal, "ts"), "ts", quoted=True) * MS
    if time_ns < 0:
        raise Unreadable("a trade before 1970")
    number = reader.text(reader.need(deal, "tradeId"), "tradeId")
    reading.market.append(("trade", pair, price, size, taker, time_ns, number))


_CHANNELS = {"books": _read_book, "books5": _read_depth, "bbo-tbt": _read_quote, "trades": _read_trade}


# -- frames to start from -------------------------------------------------------------------------------------------------


@cache
def chains() -> list[Chain]:
    """Three made markets: recordings of OKX are of a time before the ids."""
    return [
        *(
            made_chain(pair, Made(Random(f"okx {pair}"), RULES.ids, plain=True, **about), delta_frame)
            for pair, about in MARKETS.items()
        ),
        _odd_chain("LTC-USDT"),
    ]


def _odd_chain(pair: str) -> Chain:
    """Ids that are legal and look wrong: the same again, when nothing changed for a minute; lower ones, after maintenance."""
    start, *deltas = (chain := made_chain(pair, _market(pair), _with_odd_ids)).deltas
    here = json.loads(deltas[0])["data"][0]["prevSeqId"]
    silence = _frame(pair, "update", Change([], [], here, here, here, 1_736_411_567_002), here)
    return replace(chain, deltas=[start, silence, silence, *deltas])


def _market(pair: str) -> Made:
    return Made(Random(f"okx {pair}"), RULES.ids, plain=True, **MARKETS["BTC-USDT"] | {"last_id": 1000})


def _with_odd_ids(pair: str, change: Change, market: Made) -> bytes:
    """Let each third id be lower than the one before it."""
    market.last_id = change.previous_id + (5, 2, -6)[market.ms // 20 % 3]
    return _frame(pair, "update", change._replace(last_id=market.last_id), change.previous_id)


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change."""
    return _frame(pair, "update", change, change.previous_id)


def whole_frame(pair: str, whole: Change) -> bytes:
    """Write what a subscription begins with."""
    return _frame(pair, "snapshot", whole, NO_ID)


def _frame(pair: str, action: str, change: Change, previous_id: int) -> bytes:
    sides = f'"asks":{_rows(change.asks)},"bids":{_rows(change.bids)}'
    ids = f'"ts":"{change.ms}","checksum":0,"prevSeqId":{previous_id},"seqId":{change.last_id}'
    head = f'{{"arg":{{"channel":"books","instId":"{pair}"}},"action":"{action}","data":'
    return f"{head}[{{{sides},{ids}}}]}}".encode()


def _rows(rows: list[Row]) -> str:
    return "[" + ",".join([f'["{price}","{size}","0","1"]' for price, size in rows]) + "]"


def others() -> list[bytes]:
    """Frames that change no book of ours."""
    return sample_frames("okx")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of OKX's frames; `pong` is no JSON."""
    return mutate.json_frame(rng, frame) if frame[:1] == b"{" else mutate.bytes_of(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame: each channel of a request for itself."""
    if request == "ping":
        return [b"pong"]
    asked = json.loads(request)
    answers = [{"id": asked["id"], "event": asked["op"], "arg": arg, "connId": "a4d3ae55"} for arg in asked["args"]]
    return [json.dumps(answer).encode() for answer in answers]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b"pong"
