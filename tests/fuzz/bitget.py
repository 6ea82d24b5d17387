"""Bitget by its documentation: the reference decoder, and the made frames that the mutators start from.

Source: https://www.bitget.com/api-doc/spot/websocket/public/Depth-Channel and its neighbours; `pseq`, which names the
message before, was seen live and stands on no page. The other form of books, with a checksum, is `bitget_summed`.
"""

import json
from functools import cache
from random import Random
from typing import Any

from . import mutate
from .json_text import AMBIGUOUS, Number, is_text
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
    "frame_of",
    "held",
    "moment",
    "note_unused",
    "number",
    "others",
    "pong",
    "read_by",
    "read_frame",
    "spoil",
    "whole_frame",
]

RULES = Rules("chain", in_stream=True)
PAIRS = {"BTCUSDT": "BTC/USDT", "SHIBUSDT": "SHIB/USDT"}
MARKETS: dict[str, Any] = {
    "BTCUSDT": {"lowest": "43230.0", "tick": "0.1", "size_decimals": 4, "last_id": 1_343_064_377_779_269_000},
    "SHIBUSDT": {"lowest": "0.000008400", "tick": "0.000000001", "size_decimals": 0, "last_id": 1001},
}

_CANDLES = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1H": "1h", "4H": "4h", "6Hutc": "6h", "12Hutc": "12h", "1Dutc": "1d",
    "3Dutc": "3d", "1Wutc": "1w", "1Mutc": "1M",
}  # fmt: skip
_LAST_MS = 9_000_000_000_000
"""In the year 2255: no time of this venue is later."""
_DEPTHS = {"books5": 5, "books15": 15}


def read_frame(frame: bytes) -> Reading:
    """`pong` is bare text; a push has `action`, `arg` and `data`, an answer an `event`."""
    return read_by(_read_book, frame)


def read_by(read_book: Any, frame: bytes) -> Reading:
    """Read a frame where `books` are of one of the two forms."""
    if frame == b"pong":
        return Reading(control=[("pong",)])

    def read_document(document: Any, reader: Reader, reading: Reading) -> None:
        _read(document, read_book, reader, reading)

    return read_json(frame, frozenset(), read_document)


def _read(document: Any, read_book: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    if _is_answer(table, reader):
        _read_event(table, reader, reading)
        return
    action = reader.text(reader.need(table, "action"), "action")
    arg = reader.table(reader.need(table, "arg"), "arg")
    channel = reader.text(reader.need(arg, "channel"), "channel")
    reader.note_odd(arg, {"instId": (str,), "coin": (str,)})
    data = reader.need(table, "data")
    pair = reader.text(reader.need(arg, "instId"), "instId")
    if channel == "books":
        read_book(pair, action, reader.table(reader.only(data, "data"), "data"), reader, reading)
    elif channel == "books1" or channel in _DEPTHS:
        _read_whole(channel, pair, reader.table(reader.only(data, "data"), "data"), reader, reading)
    elif channel == "trade":
        if action != "snapshot":
            # Newest first.
            for deal in reversed(reader.each(data, "data")):
                _read_trade(pair, reader.table(deal, "data"), reader, reading)
    elif channel.startswith("candle") and channel[6:] in _CANDLES:
        for row in reader.each(data, "data"):
            _read_candle(pair, _CANDLES[channel[6:]], row, reader, reading)


def _is_answer(table: dict[str, Any], reader: Reader) -> bool:
    """What has both an event and all of a push is of two kinds."""
    if table.get("event") is None:
        return False
    if {"action", "data"} & table.keys():
        reader.doubt(AMBIGUOUS)
    return not ("data" in table and is_text(table.get("action")))


def _read_event(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    reader.note_odd(table, {"event": (str,), "code": (str, Number), "msg": (str,)})
    event = reader.text(table["event"], "event")
    arg = table.get("arg")
    if arg is not None:
        reader.text(reader.need(reader.table(arg, "arg"), "channel"), "channel")
        reader.note_odd(arg, {"instId": (str,), "coin": (str,)})
    if event == "error":
        reading.control.append(("refused", None, ANY))
    elif event in ("subscribe", "unsubscribe"):
        reading.control.append(("ack", None, ANY))


def moment(value: Any, reader: Reader) -> int:
    ms = reader.integer(value, "ts", quoted=True)
    if not 0 <= ms <= _LAST_MS:
        raise Unreadable("no time of this venue")
    return ms * MS


def number(book: dict[str, Any], reader: Reader) -> int:
    """The id of a book, where it has one."""
    found = reader.optional(book, "seq")
    return NO_ID if found is None else reader.sequence_id(found, "seq")


def note_unused(book: dict[str, Any], reader: Reader) -> None:
    """What one form needs and the other has no use for may be refused for its type."""
    for key in ("pseq", "seq", "checksum"):
        if reader.optional(book, key) is not None:
            try:
                number = reader.integer(book[key], key)
            except Unreadable:
                reader.doubt(f"{key} is no integer")
            else:
                if number < 0 and key != "checksum":
                    reader.doubt(f"{key} below 0")


def held(levels: list[Level]) -> list[Level]:
    """A whole book has no removals to speak of."""
    return [level for level in levels if level[1]]


def _read_book(pair: str, action: str, book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    bids, asks = (reader.levels(reader.need(book, side), side) for side in ("bids", "asks"))
    time_ns = moment(reader.need(book, "ts"), reader)
    last = reader.sequence_id(reader.need(book, "seq"), "seq")
    note_unused(book, reader)
    if action == "snapshot":
        reading.market.append(("snapshot", pair, held(bids), held(asks), last, time_ns, 0))
    elif action == "update":
        previous = reader.sequence_id(reader.need(book, "pseq"), "pseq")
        reading.market.append(("delta", pair, bids, asks, last, last, time_ns, previous))


def _read_whole(channel: str, pair: str, book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    bids, asks = (reader.levels(reader.need(book, side), side) for side in ("bids", "asks"))
    time_ns = moment(reader.need(book, "ts"), reader)
    last = number(book, reader)
    note_unused(book, reader)
    if channel == "books1":
        reading.market.append(("quote", pair, *reader.best(bids), *reader.best(asks), time_ns, last))
    else:
        reading.market.append(("snapshot", pair, bids, asks, last, time_ns, _DEPTHS[channel]))


def _read_trade(pair: str, deal: dict[str, Any], reader: Reader, reading: Reading) -> None:
    price, size = reader.price(reader.need(deal, "price")), reader.amount(reader.need(deal, "size"))
    taker = {"buy": 1, "sell": 2}.get(reader.text(reader.need(deal, "side"), "side"), 0)
    time_ns = moment(reader.need(deal, "ts"), reader)
    number = None if deal.get("tradeId") is None else reader.text(deal["tradeId"], "tradeId")
    reading.market.append(("trade", pair, price, size, taker, time_ns, number))


def _read_candle(pair: str, interval: str, row: Any, reader: Reader, reading: Reading) -> None:
    """Start, open, high, low, close, volume, volume in USDT, volume in quote."""
    values = reader.each(row, "a candle")
    if len(values) < 8:
        raise Unreadable("a candle without its eight values")
    if len(values) > 8:
        reader.doubt("a candle of more than eight values")
    start_ns = moment(values[0], reader)
    first, high, low, last, volume, _, in_quote = (reader.amount(text) for text in values[1:8])
    reading.market.append(("kline", pair, interval, start_ns, (first, high, low, last), volume, in_quote, None))


# -- frames to start from -------------------------------------------------------------------------------------------------


@cache
def chains() -> list[Chain]:
    """Two made markets: the recordings are of the first version of the socket."""
    return [
        made_chain(pair, Made(Random(f"bitget {pair}"), RULES.ids, plain=True, **about), delta_frame)
        for pair, about in MARKETS.items()
    ]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change."""
    return frame_of(pair, "update", change, f'"seq":{change.last_id},"pseq":{change.previous_id}')


def whole_frame(pair: str, whole: Change) -> bytes:
    """Write what a subscription begins with."""
    return frame_of(pair, "snapshot", whole, f'"seq":{whole.last_id},"pseq":0')


def frame_of(pair: str, action: str, change: Change, ids: str) -> bytes:
    """Write a book message with what its form knows it by."""
    sides = f'"asks":{json_rows(change.asks)},"bids":{json_rows(change.bids)}'
    head = f'{{"action":"{action}","arg":{{"instType":"SPOT","channel":"books","instId":"{pair}"}},"data":'
    return f'{head}[{{{sides},{ids},"ts":"{change.ms}"}}],"ts":{change.ms + 67}}}'.encode()


def others() -> list[bytes]:
    """Frames that change no book of ours."""
    return sample_frames("bitget")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of Bitget's frames; `pong` is no JSON."""
    return mutate.json_frame(rng, frame) if frame[:1] == b"{" else mutate.bytes_of(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame: each channel of a request for itself."""
    if request == "ping":
        return [b"pong"]
    asked = json.loads(request)
    return [json.dumps({"event": asked["op"], "arg": arg}).encode() for arg in asked["args"]]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b"pong"
