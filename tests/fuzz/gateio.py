"""Gate.io by its documentation: the reference decoder, and the recorded frames that the mutators start from.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/
"""

import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from . import mutate
from .json_text import Number, is_text
from .market import Change, Made, json_rows
from .reference import (
    ANY,
    MS,
    NO_ID,
    SECOND,
    Chain,
    Level,
    Reader,
    Reading,
    Rules,
    read_json,
    recorded_chain,
    sample_frames,
)
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
PAIRS = {"OMG_USDT": "OMG/USDT", "FAST_USDT": "FAST/USDT", "QTUM3S_USDT": "QTUM3S/USDT", "HAI_ETH": "HAI/ETH"}
REST_PATH = "/api/v4/spot/order_book"
MARKETS: dict[str, Any] = {
    "OMG_USDT": {"lowest": "5.1000", "tick": "0.0005", "size_decimals": 4, "last_id": 1_209_000_000},
    "HAI_ETH": {"lowest": "0.00009800", "tick": "0.00000001", "size_decimals": 3, "last_id": 2_691_446},
}

_KINDS = frozenset({"channel"})
_SAMPLES = Path(__file__).parent / "samples" / "gateio.json"
_INTERVALS = {"1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d"}
"""Those that mean the same as the contract's: 7d and 30d are no calendar's weeks and months, 10s is not in it."""
_DEPTHS = {"5", "10", "20", "50", "100"}


def read_frame(frame: bytes) -> Reading:
    """`error` refuses, `event` subscribe or unsubscribe accepts, everything else goes by its channel."""
    return read_json(frame, _KINDS, _read)


def _read(document: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    channel = reader.text(reader.need(table, "channel"), "channel")
    event: Any = table.get("event")
    if event is not None and not is_text(event):
        reader.doubt("event is no text")
    _note_odd_control(table, reader)
    if table.get("error") is not None:
        reading.control.append(("refused", _request_id(table, reader), ANY))
    elif event in ("subscribe", "unsubscribe"):
        result = table.get("result")
        failed = isinstance(result, dict) and result.get("status") == "fail"
        reading.control.append(("refused" if failed else "ack", _request_id(table, reader), ANY))
        if not isinstance(result, dict) or result.keys() != {"status"} or result["status"] not in ("success", "fail"):
            reader.doubt("an answer with another result")
    elif channel == "spot.pong":
        reading.control.append(("pong",))
    elif channel in _CHANNELS:
        if event not in (None, "update"):
            reader.doubt("another event")
        _CHANNELS[channel](reader.table(table.get("result"), "result"), reader, reading)


def _request_id(table: dict[str, Any], reader: Reader) -> Any:
    if isinstance(table.get("id"), Number):
        try:
            return reader.integer(table["id"], "id")
        except Unreadable:
            reader.doubt("id is no integer")
            return ANY
    return None if table.get("id") is None or is_text(table["id"]) else ANY


def _note_odd_control(table: dict[str, Any], reader: Reader) -> None:
    """Fields of answers, which may be refused for their type wherever they stand."""
    if "id" in table and table["id"] is not None and not isinstance(table["id"], str):
        reader.doubt("id is neither number nor text")
    payload = table.get("payload")
    if payload is not None and not (isinstance(payload, list) and all(map(is_text, payload))):
        reader.doubt("payload is no list of text")
    error = table.get("error")
    if error is not None and not (
        isinstance(error, dict)
        and isinstance(error.get("code", Number("0")), Number)
        and (error.get("message") is None or is_text(error["message"]))
    ):
        reader.doubt("error is not of its form")
    elif isinstance(error, dict) and not error.get("code", "0").lstrip("-").isdigit():
        reader.doubt("code is no integer")


def _whole(levels: list[Level]) -> list[Level]:
    """A whole book has no removals; the documentation's own sample has one, which then means nothing."""
    return [level for level in levels if level[1]]


def _read_delta(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "s"), "s")
    full = reader.flag(table["full"], "full") if "full" in table else False
    first, last = (reader.sequence_id(reader.need(table, key), key) for key in ("U", "u"))
    bids, asks = (reader.levels(reader.need(table, key), key) for key in ("b", "a"))
    time_ns = reader.time(table, "t")
    if full:
        reading.market.append(("snapshot", pair, _whole(bids), _whole(asks), last, time_ns, 0))
    else:
        reading.market.append(("delta", pair, bids, asks, first, last, time_ns, NO_ID))


def _read_obu(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    stream = reader.text(reader.need(table, "s"), "s").split(".")
    if len(stream) != 3:
        raise Unreadable("no name of a stream")
    if stream[0] != "ob" or stream[2] not in {"50", "400"}:
        reader.doubt("an unknown stream")
    full = reader.flag(table["full"], "full") if "full" in table else False
    last = reader.sequence_id(reader.need(table, "u"), "u")
    bids, asks = (reader.levels(table.get(key, []), key) for key in ("b", "a"))
    time_ns = reader.time(table, "t")
    if full:
        if reader.optional(table, "U") is not None:
            reader.doubt("a full frame with U")
        reading.market.append(("snapshot", stream[1], _whole(bids), _whole(asks), last, time_ns, 0))
    else:
        first = reader.sequence_id(reader.need(table, "U"), "U")
        reading.market.append(("delta", stream[1], bids, asks, first, last, time_ns, NO_ID))


def _read_depth(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "s"), "s")
    last = reader.sequence_id(reader.need(table, "lastUpdateId"), "lastUpdateId")
    depth = Reader([]).integer(reader.need(table, "l"), "l")
    if depth < 1:
        raise Unreadable("a depth of 0 would mean a whole book")
    if str(depth) != table["l"] or isinstance(table["l"], Number) or table["l"] not in _DEPTHS:
        reader.doubt("a depth that nobody can ask for")
    bids, asks = (reader.levels(reader.need(table, key), key) for key in ("bids", "asks"))
    reading.market.append(("snapshot", pair, bids, asks, last, reader.time(table, "t"), depth))


def _side(price: Any, size: Any, reader: Reader) -> tuple[Any, Any]:
    """Both are "" where the side is empty."""
    nan: Any = float("nan")
    at = reader.amount(price) if price else 0.0
    much = reader.amount(size) if size else nan
    if not much:
        much = ANY  # the documentation knows no best level without a size
    if not is_text(price) or not is_text(size):
        reader.doubt("a price or size that is no text")
    return (at, much) if at else (nan, nan)


def _read_quote(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "s"), "s")
    for key in "bBaA":
        reader.need(table, key)
    bid, bid_size, ask, ask_size = (reader.optional(table, key) for key in "bBaA")
    last = reader.sequence_id(reader.need(table, "u"), "u")
    reading.market.append(
        ("quote", pair, *_side(bid, bid_size, reader), *_side(ask, ask_size, reader), reader.time(table, "t"), last)
    )


def _read_trade(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(table, "currency_pair"), "currency_pair")
    price, size = reader.price(reader.need(table, "price")), reader.amount(reader.need(table, "amount"))
    side = reader.text(reader.need(table, "side"), "side")
    trade_id = reader.integer(reader.need(table, "id"), "id")
    moment = reader.need(table, "create_time_ms")
    if isinstance(moment, Number):
        reader.doubt("create_time_ms without quotes")
    elif not is_text(moment):
        raise Unreadable("create_time_ms is no text")
    whole_ms, _, part = moment.partition(".")
    if not (
        whole_ms.isdigit() and whole_ms.isascii() and (part or "0").isdigit() and part.isascii() and len(moment) <= 25
    ):
        raise Unreadable("create_time_ms is no time")
    time_ns = int(Fraction(int(whole_ms + part), 10 ** len(part)) * MS)
    taker = {"buy": 1, "sell": 2}.get(side, 0)
    reading.market.append(("trade", pair, price, size, taker, time_ns, str(trade_id)))


def _read_kline(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    name, _, pair = reader.text(reader.need(table, "n"), "n").partition("_")
    prices = tuple(reader.amount(reader.need(table, key)) for key in "ohlc")
    amount = reader.amount(reader.need(table, "v"))
    volume = reader.optional(table, "a")
    volume = float("nan") if volume is None else reader.amount(volume)
    moment = reader.need(table, "t")
    if not is_text(moment) and not isinstance(moment, Number):
        raise Unreadable("t is no time")
    spelt = Reader([])
    start_ns = spelt.integer(moment, "t") * SECOND
    if isinstance(moment, Number) or str(start_ns // SECOND) != moment or abs(start_ns) >= 1 << 63:
        reader.doubt("t is spelt otherwise")
    closed = reader.optional(table, "w")
    closed = None if closed is None else reader.flag(closed, "w")
    if name in _INTERVALS:
        reading.market.append(("kline", pair, name, start_ns, prices, volume, amount, closed))


_CHANNELS = {
    "spot.order_book_update": _read_delta,
    "spot.obu": _read_obu,
    "spot.order_book": _read_depth,
    "spot.book_ticker": _read_quote,
    "spot.trades": _read_trade,
    "spot.candlesticks": _read_kline,
}


@cache
def _samples() -> dict[str, Any]:
    return json.loads(_SAMPLES.read_text("utf-8"))


@cache
def chains() -> list[Chain]:
    """Four recorded markets."""
    return [recorded_chain(pair, piece) for pair, piece in _samples()["books"].items()]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change."""
    rows = f'"b":{json_rows(change.bids)},"a":{json_rows(change.asks)}'
    result = f'"t":{change.ms},"e":"depthUpdate","E":1650000000,"s":"{pair}","U":{change.first_id},"u":{change.last_id}'
    head = '{"time":1650000000,"channel":"spot.order_book_update","event":"update","result":'
    return f"{head}{{{result},{rows}}}}}".encode()


def others() -> list[bytes]:
    """Frames that change no book of ours."""
    return sample_frames("gateio")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of Gate.io's frames."""
    return mutate.json_frame(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame."""
    asked = json.loads(request)
    if asked.get("event") not in {"subscribe", "unsubscribe"}:
        return []
    kept = {key: asked[key] for key in ("time", "id", "channel", "event", "payload")}
    return [json.dumps(kept | {"error": None, "result": {"status": "success"}}).encode()]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b'{"time":1545404023,"channel":"spot.pong","event":"","error":null,"result":null}'


def rest_params(pair: str, limit: int) -> dict[str, str]:
    """Ask for a book by REST."""
    return {"currency_pair": pair, "limit": str(limit), "with_id": "true"}


def rest_body(last_id: int, bids: list[Level], asks: list[Level]) -> bytes:
    """Answer it."""
    rows = {"bids": bids, "asks": asks}
    body = {"id": last_id, "current": 1619093533000, "update": 1619093532978}
    return json.dumps(body | {side: [[repr(p), repr(s)] for p, s in levels] for side, levels in rows.items()}).encode()
