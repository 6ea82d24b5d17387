"""KuCoin by its documentation: the reference decoder, and the made frames that the mutators start from.

Source: https://www.kucoin.com/docs-new/3470221w0 (Orderbook - Increment) and its neighbours. A frame is told by its
`subject`; an answer has none.
"""

import json
from functools import cache
from random import Random
from typing import Any

from . import mutate
from .json_text import AMBIGUOUS, Number, is_text
from .market import Change, Made, Row
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
    made_chain,
    read_json,
    sample_frames,
)
from .spelling import Unreadable

__all__ = [
    "GREETING",
    "MARKETS",
    "PAIRS",
    "REST_PATH",
    "RULES",
    "TICKET",
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
PAIRS = {"BTC-USDT": "BTC/USDT", "SHIB-USDT": "SHIB/USDT"}
REST_PATH = "/api/v1/market/orderbook/level2_100"
MARKETS: dict[str, Any] = {
    "BTC-USDT": {"lowest": "67990.0", "tick": "0.1", "size_decimals": 8, "last_id": 14_701_689_782},
    "SHIB-USDT": {"lowest": "0.000008400", "tick": "0.000000001", "size_decimals": 4, "last_id": 99},
}
TICKET = json.dumps(
    {
        "code": "200000",
        "data": {
            "token": "2neAiuYvAU61",
            "instanceServers": [
                {
                    "endpoint": "wss://ws-api-spot.kucoin.com/",
                    "encrypt": True,
                    "protocol": "websocket",
                    "pingInterval": 18000,
                    "pingTimeout": 10000,
                }
            ],
        },
    }
).encode()
GREETING = b'{"id":"NSkIrWGB1s","type":"welcome"}'

_DEPTHS = {"/spotMarket/level2Depth5": 5, "/spotMarket/level2Depth50": 50}
_INTERVALS = {
    "1min": "1m", "3min": "3m", "5min": "5m", "15min": "15m", "30min": "30m", "1hour": "1h", "2hour": "2h", "4hour": "4h",
    "6hour": "6h", "8hour": "8h", "12hour": "12h", "1day": "1d", "1week": "1w", "1month": "1M",
}  # fmt: skip
_KINDS = frozenset({"subject"})
_ANSWERS: dict[str, tuple[type, ...]] = {"id": (str, Number), "code": (Number,), "topic": (str,), "type": (str,)}


def read_frame(frame: bytes) -> Reading:
    """A `subject` says what the data are; without one it is an answer or the greeting."""
    return read_json(frame, _KINDS, _read)


def _read(document: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    subject = table.get("subject")
    if subject is not None and not is_text(subject):
        reader.doubt("subject is no text")
        subject = None
    kind = table.get("type")
    if subject in _SUBJECTS:
        if kind != "message" or not is_text(kind):
            # What it says is said twice, and the dialect may go by either.
            reader.doubt(AMBIGUOUS)
        _SUBJECTS[subject](table, reader.table(reader.need(table, "data"), "data"), reader, reading)
        return
    reader.note_odd(table, _ANSWERS)
    if not is_text(kind):
        raise Unreadable("a frame without type")
    match kind:
        case "welcome":
            reading.control.append(("reply",))
        case "ack":
            reading.control.append(("ack", _request_id(table, reader)))
        case "pong":
            reading.control.append(("pong",))
        case "error":
            _read_error(table, reader, reading)
        case _:
            pass


def _request_id(table: dict[str, Any], reader: Reader) -> Any:
    """Ours have at most ten digits; connections are named by longer ones."""
    asked = None if table.get("id") is None else reader.request_id(table["id"])
    return asked if isinstance(asked, int) and 0 <= asked < 10**10 else ANY


def _read_error(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    """Code 401, or a word of a token: the ticket of this connection is not good any more."""
    code, why = table.get("code"), table.get("data")
    if not is_text(why):
        reader.doubt("an error without a reason")
    lost = (isinstance(code, Number) and code == "401") or "token" in json.dumps(why, ensure_ascii=False)
    reading.control.append(("ticket_lost", ANY) if lost else ("refused", _request_id(table, reader), ANY))


def _topic(table: dict[str, Any], reader: Reader) -> tuple[str, str]:
    """These data do not name the pair."""
    channel, colon, pair = reader.text(reader.need(table, "topic"), "topic").partition(":")
    if not colon or not pair:
        raise Unreadable("a topic without a pair")
    return channel, pair


def _name(table: dict[str, Any], key: str, reader: Reader) -> str:
    name = reader.text(reader.need(table, key), key)
    if not name:
        raise Unreadable(f"{key} is empty")
    return name


def _moment(table: dict[str, Any], key: str, reader: Reader, unit: int, *, quoted: bool = False) -> int:
    number = reader.integer(reader.need(table, key), key, quoted=quoted)
    if number < 0:
        raise Unreadable(f"{key} before 1970")
    return number * unit


def _read_change(table: dict[str, Any], data: dict[str, Any], reader: Reader, reading: Reading) -> None:
    """Rows may have a price of 0: then only the sequence moved.

    By the page rows are left out whose own sequence, the third of a row, the snapshot has passed. A message names each
    price once, with its last change; so these are rows that the snapshot holds, and nothing is lost by taking them.
    """
    pair = _name(data, "symbol", reader)
    changes = reader.table(reader.need(data, "changes"), "changes")
    first, last = (reader.sequence_id(reader.need(data, key), key) for key in ("sequenceStart", "sequenceEnd"))
    sides = [_changed(reader.need(changes, key), key, reader) for key in ("bids", "asks")]
    time_ns = None if reader.optional(data, "time") is None else reader.time(data, "time")
    reading.market.append(("delta", pair, *sides, first, last, time_ns, NO_ID))


def _changed(value: Any, what: str, reader: Reader) -> list[Level]:
    rows = reader.rows(value, what, longer=True)
    levels = [(reader.amount(row[0]), reader.amount(row[1])) for row in rows]
    return [level for level in levels if level[0]]


def _read_depth(table: dict[str, Any], data: dict[str, Any], reader: Reader, reading: Reading) -> None:
    channel, pair = _topic(table, reader)
    bids, asks = (reader.levels(reader.need(data, side), side) for side in ("bids", "asks"))
    time_ns = _moment(data, "timestamp", reader, MS)
    if channel in _DEPTHS:
        reading.market.append(("snapshot", pair, bids, asks, NO_ID, time_ns, _DEPTHS[channel]))


def _read_quote(table: dict[str, Any], data: dict[str, Any], reader: Reader, reading: Reading) -> None:
    _, pair = _topic(table, reader)
    sides: list[float] = []
    for key in ("bids", "asks"):
        found = [reader.amount(text) for text in reader.each(reader.need(data, key), key)]
        if len(found) not in (0, 2):
            raise Unreadable(f"{key} is neither a level nor none")
        sides += found if found and found[0] else [float("nan")] * 2
    time_ns = _moment(data, "timestamp", reader, MS)
    reading.market.append(("quote", pair, *sides, time_ns, NO_ID))


def _read_trade(table: dict[str, Any], data: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = _name(data, "symbol", reader)
    price, size = reader.price(reader.need(data, "price")), reader.amount(reader.need(data, "size"))
    taker = {"buy": 1, "sell": 2}.get(reader.text(reader.need(data, "side"), "side"), 0)
    time_ns = _moment(data, "time", reader, 1, quoted=True)
    number = None if data.get("tradeId") is None else reader.text(data["tradeId"], "tradeId")
    reading.market.append(("trade", pair, price, size, taker, time_ns, number))


def _read_candle(table: dict[str, Any], data: dict[str, Any], reader: Reader, reading: Reading) -> None:
    """Start, open, close, high, low, volume, turnover."""
    _, topic = _topic(table, reader)
    pair = _name(data, "symbol", reader)
    row = reader.each(reader.need(data, "candles"), "candles")
    if len(row) < 7:
        raise Unreadable("a candle without its seven values")
    if len(row) > 7:
        reader.doubt("a candle of more than seven values")
    start_ns = reader.integer(row[0], "start", quoted=True) * SECOND
    if start_ns < 0:
        raise Unreadable("a candle before 1970")
    first, last, high, low, volume, turnover = (reader.amount(text) for text in row[1:7])
    interval = _INTERVALS.get(topic.rpartition("_")[2])
    if interval is not None:
        reading.market.append(("kline", pair, interval, start_ns, (first, high, low, last), volume, turnover, None))


_SUBJECTS = {
    "trade.l2update": _read_change,
    "level2": _read_depth,
    "level1": _read_quote,
    "trade.l3match": _read_trade,
    "trade.candles.update": _read_candle,
    "trade.candles.add": _read_candle,
}


# -- frames to start from -------------------------------------------------------------------------------------------------


@cache
def chains() -> list[Chain]:
    """Two made markets."""
    return [
        made_chain(pair, Made(Random(f"kucoin {pair}"), RULES.ids, plain=True, **about), delta_frame)
        for pair, about in MARKETS.items()
    ]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change; one without levels names the price 0."""
    bids = change.bids or ([] if change.asks else [("0", "0")])
    sides = f'{{"asks":{_rows(change.asks, change.last_id)},"bids":{_rows(bids, change.last_id)}}}'
    ids = f'"sequenceEnd":{change.last_id},"sequenceStart":{change.first_id},"symbol":"{pair}","time":{change.ms}'
    head = f'{{"topic":"/market/level2:{pair}","type":"message","subject":"trade.l2update","data":'
    return f'{head}{{"changes":{sides},{ids}}}}}'.encode()


def _rows(rows: list[Row], last_id: int) -> str:
    return "[" + ",".join([f'["{price}","{size}","{last_id}"]' for price, size in rows]) + "]"


def others() -> list[bytes]:
    """Frames that change no book of ours."""
    return sample_frames("kucoin")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of KuCoin's frames."""
    return mutate.json_frame(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame."""
    asked = json.loads(request)
    return [json.dumps({"id": asked["id"], "type": "pong" if asked["type"] == "ping" else "ack"}).encode()]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b'{"id":"1","type":"pong","timestamp":1764148800000000}'


def rest_params(pair: str, limit: int) -> dict[str, str]:
    """Ask for a book by REST; the number of levels stands in the path."""
    return {"symbol": pair}


def rest_body(last_id: int, bids: list[Level], asks: list[Level]) -> bytes:
    """Answer it."""
    rows = {side: [[repr(p), repr(s)] for p, s in levels] for side, levels in (("bids", bids), ("asks", asks))}
    return json.dumps({"code": "200000", "data": {"time": 1729816425625, "sequence": str(last_id)} | rows}).encode()
