"""Binance by its documentation: the reference decoder, and the recorded frames that the mutators start from.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams . Frames are those of combined streams,
`{"stream": ..., "data": ...}`; events without that wrapper say the same.
"""

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from . import mutate
from .json_text import AMBIGUOUS, Number, is_text
from .market import Change, Made, json_rows
from .reference import ANY, MS, NO_ID, Chain, Level, Reader, Reading, Rules, read_json, recorded_chain, sample_frames
from .spelling import Unreadable

__all__ = [
    "MARKETS",
    "PAIRS",
    "REST_PATH",
    "RULES",
    "acknowledge",
    "chains",
    "delta_frame",
    "others",
    "pong",
    "read_frame",
    "rest_body",
    "rest_params",
    "spoil",
]

RULES = Rules("range")
PAIRS = {"NKNUSDT": "NKN/USDT", "BLZETH": "BLZ/ETH"}
REST_PATH = "/api/v3/depth"
MARKETS: dict[str, Any] = {
    "NKNUSDT": {"lowest": "0.4200", "tick": "0.0001", "size_decimals": 0, "last_id": 261_580_000},
    "BLZETH": {"lowest": "0.00008000", "tick": "0.00000001", "size_decimals": 2, "last_id": 98_000_000},
}

_KINDS = frozenset({"e"})
_SAMPLES = Path(__file__).parent / "samples" / "binance.json"
_INTERVALS = {"1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"}
_DEPTHS = {"depth5": 5, "depth10": 10, "depth20": 20}


def read_frame(frame: bytes) -> Reading:
    """An event names its kind in `e`; best prices and partial books do not, and are known by their stream."""
    return read_json(frame, _KINDS, _read)


def _read(document: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    if table.get("stream") is None:
        _read_unwrapped(table, reader, reading)
        return
    stream = reader.text(table["stream"], "stream")
    payload = table.get("data")
    kind = stream.partition("@")[2].partition("@")[0]
    event = payload.get("e") if isinstance(payload, dict) else None
    if is_text(event) and event in _EVENTS:
        if kind != _EVENTS[event][0] and not (event == "kline" and kind.startswith("kline_")):
            reader.doubt("the stream's name and the event disagree")
            if not _is_ours(kind):
                # Nobody has subscribed to such a stream: whatever is in it may be passed over.
                reader.doubt(AMBIGUOUS)
        _EVENTS[event][1](payload, reader, reading)
    elif kind == "bookTicker":
        _read_quote(reader.table(payload, "data"), reader, reading)
    elif kind in _DEPTHS:
        _read_depth(stream, _DEPTHS[kind], reader.table(payload, "data"), reader, reading)
    elif stream == "!serverShutdown":
        reading.control.append(("closing", ANY))
    elif _is_ours(kind):
        raise Unreadable("not the event of its stream")
    else:
        reader.aside(table, "data", dict)
        _note_odd_control(table, reader)


def _is_ours(kind: str) -> bool:
    return kind in {"depth", "trade", "aggTrade"} or kind.startswith("kline_")


def _read_unwrapped(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    event = table.get("e")
    if is_text(event) and event in _EVENTS:
        _EVENTS[event][1](table, reader, reading)
    elif event == "serverShutdown":
        reading.control.append(("closing", ANY))
    elif event is not None:
        reader.aside(table, "e", str)
        if not is_text(event):
            reader.doubt("e is no text")
    elif {"u", "s", "b", "B", "a", "A"} <= table.keys():
        _read_quote(table, reader, reading)
    else:
        _read_control(table, reader, reading)
    _note_odd_control(table, reader)


def _note_odd_control(table: dict[str, Any], reader: Reader) -> None:
    """Fields of answers, which may be refused for their type wherever they stand."""
    for key, kind in (
        ("id", (Number, str)),
        ("error", dict),
        ("code", Number),
        ("msg", str),
        ("stream", str),
        ("e", str),
    ):
        if table.get(key) is not None and not (
            isinstance(table[key], kind) and (key in {"id", "code"} or not isinstance(table[key], Number))
        ):
            reader.doubt(f"{key} is not of its type")
    for key in ("id", "code"):
        if isinstance(table.get(key), Number):
            try:
                reader.integer(table[key], key)
            except Unreadable:
                reader.doubt(f"{key} is no integer")
    error = table.get("error")
    if isinstance(error, dict):
        _note_odd_control({key: error.get(key) for key in ("code", "msg")}, reader)


def _read_control(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    """`{"result":null,"id":1}` accepts a request; `error`, or `code` in older answers, refuses it."""
    request_id: Any = table.get("id")
    if isinstance(request_id, Number):
        try:
            request_id = reader.integer(request_id, "id")
        except Unreadable:
            reader.doubt("id is no integer")
            request_id = ANY
    elif request_id is not None:
        request_id = None if is_text(request_id) else ANY
    if table.get("error") is not None or table.get("code") is not None:
        reading.control.append(("refused", request_id, ANY))
    elif "result" in table and table["result"] is None and table.get("id") is not None:
        reading.control.append(("ack", request_id, ()))
    elif table.get("result") is None or table.get("id") is None:
        reader.doubt("a frame of no documented kind")


def _read_delta(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "s"), "s")
    first, last = (reader.sequence_id(reader.need(table, key), key) for key in ("U", "u"))
    bids, asks = (reader.levels(reader.need(table, key), key) for key in ("b", "a"))
    reading.market.append(("delta", pair, bids, asks, first, last, reader.time(table, "E"), NO_ID))


def _read_quote(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "s"), "s")
    bid, bid_size, ask, ask_size = (reader.amount(reader.need(table, key)) for key in "bBaA")
    if not bid:
        bid = bid_size = float("nan")
    if not ask:
        ask = ask_size = float("nan")
    last = reader.sequence_id(reader.need(table, "u"), "u")
    reading.market.append(("quote", pair, bid, bid_size, ask, ask_size, None, last))


def _read_depth(stream: str, depth: int, table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = stream.partition("@")[0].upper()
    bids, asks = (reader.levels(reader.need(table, key), key) for key in ("bids", "asks"))
    last = reader.sequence_id(reader.need(table, "lastUpdateId"), "lastUpdateId")
    reading.market.append(("snapshot", pair, bids, asks, last, None, depth))


def _trade(number: str) -> Any:
    def read_trade(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
        pair = reader.text(reader.need(table, "s"), "s")
        price, size = reader.price(reader.need(table, "p")), reader.amount(reader.need(table, "q"))
        buyer_was_maker = reader.flag(reader.need(table, "m"), "m")
        trade_id = reader.integer(reader.need(table, number), number)
        time_ns = reader.integer(reader.need(table, "T"), "T") * MS
        reading.market.append(("trade", pair, price, size, 2 if buyer_was_maker else 1, time_ns, str(trade_id)))

    return read_trade


def _read_kline(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "s"), "s")
    bar = reader.table(reader.need(table, "k"), "k")
    interval = reader.text(reader.need(bar, "i"), "i")
    prices = tuple(reader.amount(reader.need(bar, key)) for key in "ohlc")
    volume, amount = (reader.amount(reader.need(bar, key)) for key in "vq")
    start_ns = reader.integer(reader.need(bar, "t"), "t") * MS
    closed = reader.flag(reader.need(bar, "x"), "x")
    if interval in _INTERVALS:
        reading.market.append(("kline", pair, interval, start_ns, prices, volume, amount, closed))


_EVENTS: dict[str, tuple[str, Any]] = {
    "depthUpdate": ("depth", _read_delta),
    "trade": ("trade", _trade("t")),
    "aggTrade": ("aggTrade", _trade("a")),
    "kline": ("kline", _read_kline),
}


@cache
def _samples() -> dict[str, Any]:
    return json.loads(_SAMPLES.read_text("utf-8"))


@cache
def chains() -> list[Chain]:
    """Two recorded markets."""
    return [recorded_chain(pair, piece) for pair, piece in _samples()["books"].items()]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change."""
    rows = f'"b":{json_rows(change.bids)},"a":{json_rows(change.asks)}'
    event = f'"e":"depthUpdate","E":{change.ms},"s":"{pair}","U":{change.first_id},"u":{change.last_id}'
    return f'{{"stream":"{pair.lower()}@depth@100ms","data":{{{event},{rows}}}}}'.encode()


def others() -> list[bytes]:
    """Frames that change no book."""
    return sample_frames("binance")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of Binance's frames."""
    return mutate.json_frame(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame."""
    return [json.dumps({"result": None, "id": json.loads(request)["id"]}).encode()]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b'{"stream":"!miniTicker@arr","data":[]}'


def rest_params(pair: str, limit: int) -> dict[str, str]:
    """Ask for a book by REST."""
    return {"symbol": pair, "limit": str(limit)}


def rest_body(last_id: int, bids: list[Level], asks: list[Level]) -> bytes:
    """Answer it."""
    rows = {"bids": bids, "asks": asks}
    body = {"lastUpdateId": last_id} | {side: [[repr(p), repr(s)] for p, s in levels] for side, levels in rows.items()}
    return json.dumps(body).encode()
