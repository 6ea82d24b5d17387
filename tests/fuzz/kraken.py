"""Kraken by its documentation: the reference decoder, and the made frames that the mutators start from.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and its neighbours. Numbers are JSON numbers and no text; a book
has no ids but the sum of its best ten levels, as they are printed with all decimals of the pair.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any
from zlib import crc32

from . import mutate
from .json_text import Number, is_text
from .market import Change, Made, Row
from .reference import (
    ANY,
    NO_ID,
    SECOND,
    Chain,
    Level,
    Printed,
    Reader,
    Reading,
    Rules,
    made_chain,
    read_json,
    sample_frames,
)
from .spelling import Unreadable, nearest

__all__ = [
    "INSTRUMENTS",
    "MARKETS",
    "PAIRS",
    "RULES",
    "STEPS",
    "acknowledge",
    "chains",
    "delta_frame",
    "others",
    "pong",
    "read_frame",
    "spoil",
    "whole_frame",
]

PAIRS = {"BTC/USD": "BTC/USD", "MATIC/USD": "MATIC/USD"}
_DECIMALS = {"BTC/USD": (1, 8), "MATIC/USD": (4, 8)}
"""Of prices and quantities, by pair."""
STEPS = {
    pair: {"tick": Decimal(1).scaleb(-decimals[0]), "lot": Decimal(1).scaleb(-decimals[1])}
    for pair, decimals in _DECIMALS.items()
}
_DEPTH = 25
MARKETS: dict[str, Any] = {
    "BTC/USD": {"lowest": "45280.0", "tick": "0.1", "size_decimals": 8, "last_id": NO_ID, "kept": _DEPTH, "near": 40},
    "MATIC/USD": {
        "lowest": "0.5400",
        "tick": "0.0001",
        "size_decimals": 8,
        "last_id": NO_ID,
        "kept": _DEPTH,
        "near": 40,
    },
}
INSTRUMENTS = (
    "/0/public/AssetPairs",
    json.dumps(
        {
            "error": [],
            "result": {
                pair.replace("/", ""): {
                    "altname": pair.replace("/", ""),
                    "wsname": pair.replace("BTC", "XBT"),
                    "base": pair.partition("/")[0].replace("BTC", "XXBT"),
                    "quote": "ZUSD",
                    "pair_decimals": decimals[0],
                    "lot_decimals": decimals[1],
                    "status": "online",
                }
                for pair, decimals in _DECIMALS.items()
            },
        }
    ),
)
"""The answer that tells how many decimals there are."""

_FARTHEST = 400
"""The power of ten beyond which a number is no amount of anything; its digits might fill the memory."""
_KINDS = frozenset({"channel"})
_MINUTES = {
    "1": "1m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "240": "4h", "1440": "1d", "10080": "1w",
}  # fmt: skip
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.([0-9]{1,9}))?Z")
_ANSWERS: dict[str, tuple[type, ...]] = {
    "method": (str,),
    "success": (bool,),
    "error": (str,),
    "symbol": (str,),
    "req_id": (Number,),
}


def total(bids: Sequence[Row], asks: Sequence[Row]) -> int | None:
    """The sum: asks from low to high, then bids from high to low; without points, without zeros in front."""
    digits = []
    for price, size in (*asks, *bids):
        if price is None or size is None:
            return None
        digits += [price.lstrip("0"), size.lstrip("0")]
    return crc32("".join(digits).encode())


RULES = Rules("none", in_stream=True, cut=_DEPTH, sum=total, summed=10)


def _digits(text: str, decimals: int) -> Any:
    """The digits of a number that is printed with so many decimals; None = it has more."""
    if abs(_power(text)) > _FARTHEST:
        return None
    whole = Decimal(text).scaleb(decimals)
    return f"{whole:.0f}" if whole == whole.to_integral_value() else None


def _power(text: str) -> int:
    power = re.split("[eE]", text)[1:] or ["0"]
    return int(power[0]) if len(power[0]) < 9 else 10**9


def read_frame(frame: bytes) -> Reading:
    """A `channel` says what the data are; an answer has a `method`."""
    return read_json(frame, _KINDS, _read)


def _read(document: Any, reader: Reader, reading: Reading) -> None:
    table = reader.table(document, "the frame")
    channel = table.get("channel")
    if channel is not None and not is_text(channel):
        reader.doubt("channel is no text")
        channel = None
    if channel in _CHANNELS and not (channel != "book" and "data" not in table and table.get("method") is not None):
        if channel == "book" and table.get("type") not in ("snapshot", "update"):
            raise Unreadable("neither snapshot nor update")
        for item in reader.each(reader.need(table, "data"), "data"):
            _CHANNELS[channel](table, reader.table(item, "data"), reader, reading)
        return
    _read_answer(table, reader, reading)


def _read_answer(table: dict[str, Any], reader: Reader, reading: Reading) -> None:
    reader.note_odd(table, _ANSWERS)
    method = table.get("method")
    result = table.get("result")
    if result is not None:
        reader.note_odd(result, {"channel": (str,), "symbol": (str,), "interval": (Number,)}) if isinstance(
            result, dict
        ) else reader.doubt("result is no object")
    asked: Any = None
    if table.get("req_id") is not None:
        try:
            asked = reader.integer(table["req_id"], "req_id")
        except Unreadable:
            asked = ANY
    if method in ("subscribe", "unsubscribe") and is_text(method):
        reading.control.append(("ack" if table.get("success") is True else "refused", asked, ANY))
        if "already subscribed" in str(table.get("error")).lower():
            reading.control[-1] = ("ack", asked, ANY)
    elif method == "pong":
        reading.control.append(("pong",))
        if asked is not None:
            reading.control.append(("ack", asked, ANY))
    elif table.get("error") is not None:
        reading.control.append(("refused", asked, ANY))


def _stamp(value: Any, reader: Reader) -> int:
    found = _STAMP.fullmatch(reader.text(value, "a time"))
    if found is None:
        raise Unreadable("no time")
    try:
        second = datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Unreadable("no time of any calendar") from error
    return int(second.timestamp()) * SECOND + int((found[1] or "").ljust(9, "0"))


def _bare(value: Any) -> float:
    """A JSON number, and no text."""
    if not isinstance(value, Number):
        raise Unreadable("a price or quantity that is no number")
    number = nearest(value)
    if not 0 <= number < float("inf"):
        raise Unreadable("a price or quantity below 0 or beyond float64")
    return number


def _read_book(table: dict[str, Any], book: dict[str, Any], reader: Reader, reading: Reading) -> None:
    kind = reader.text(reader.need(table, "type"), "type")
    pair = reader.text(reader.need(book, "symbol"), "symbol")
    sides = [_side(reader.need(book, side), pair, reader) for side in ("bids", "asks")]
    checksum = reader.integer(reader.need(book, "checksum"), "checksum")
    if not isinstance(book["checksum"], Number) or not 0 <= checksum < 1 << 32:
        raise Unreadable("no sum of 32 bits")
    time_ns = None if book.get("timestamp") is None else _stamp(book["timestamp"], reader)
    printed = Printed(sides[0][1], sides[1][1], checksum)
    if kind == "snapshot":
        reading.market.append(("snapshot", pair, sides[0][0], sides[1][0], NO_ID, time_ns, 0, printed))
    else:
        reading.market.append(("delta", pair, sides[0][0], sides[1][0], NO_ID, NO_ID, time_ns, NO_ID, printed))


def _side(value: Any, pair: str, reader: Reader) -> tuple[list[Level], list[Any]]:
    decimals = _DECIMALS.get(pair, (8, 8))
    levels, texts = [], []
    for item in reader.each(value, "a side"):
        row = reader.table(item, "a level")
        price, size = (reader.need(row, key) for key in ("price", "qty"))
        levels.append((_bare(price), _bare(size)))
        if not levels[-1][0]:
            raise Unreadable("a price of 0")
        if max(abs(_power(price)), abs(_power(size))) > _FARTHEST:
            reader.doubt("digits that no number of a market has")
        texts.append((_digits(price, decimals[0]), _digits(size, decimals[1])))
    return levels, texts


def _read_quote(table: dict[str, Any], quote: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(quote, "symbol"), "symbol")
    sides: list[float] = []
    for side in ("bid", "ask"):
        price, size = (_bare(reader.need(quote, key)) for key in (side, f"{side}_qty"))
        sides += [price, size] if price else [float("nan")] * 2
    time_ns = None if quote.get("timestamp") is None else _stamp(quote["timestamp"], reader)
    reading.market.append(("quote", pair, *sides, time_ns, NO_ID))


def _read_trade(table: dict[str, Any], deal: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(deal, "symbol"), "symbol")
    price, size = (_bare(reader.need(deal, key)) for key in ("price", "qty"))
    if not price:
        raise Unreadable("a price of 0")
    taker = {"buy": 1, "sell": 2}.get(reader.text(reader.need(deal, "side"), "side"), 0)
    number = reader.integer(reader.need(deal, "trade_id"), "trade_id")
    time_ns = _stamp(reader.need(deal, "timestamp"), reader)
    reading.market.append(("trade", pair, price, size, taker, time_ns, str(number)))


def _read_candle(table: dict[str, Any], bar: dict[str, Any], reader: Reader, reading: Reading) -> None:
    pair = reader.text(reader.need(bar, "symbol"), "symbol")
    prices = tuple(_bare(reader.need(bar, key)) for key in ("open", "high", "low", "close"))
    volume = _bare(reader.need(bar, "volume"))
    start_ns = _stamp(reader.need(bar, "interval_begin"), reader)
    minutes = reader.integer(reader.need(bar, "interval"), "interval")
    if str(minutes) in _MINUTES:
        reading.market.append(("kline", pair, _MINUTES[str(minutes)], start_ns, prices, volume, None, None))


_CHANNELS = {"book": _read_book, "ticker": _read_quote, "trade": _read_trade, "ohlc": _read_candle}


# -- frames to start from -------------------------------------------------------------------------------------------------


@cache
def chains() -> list[Chain]:
    """Two made markets: the recordings are of the first version of the socket."""
    found = []
    for pair, about in MARKETS.items():
        chain = made_chain(pair, Made(Random(f"kraken {pair}"), RULES.ids, plain=True, **about), delta_frame)
        if chain.printed is None:
            raise AssertionError("made chains are printed")
        decimals = _DECIMALS[pair]
        sides = [[(_digits(p, decimals[0]), _digits(s, decimals[1])) for p, s in side] for side in chain.printed[:2]]
        found.append(Chain(pair, NO_ID, chain.bids, chain.asks, chain.deltas, Printed(sides[0], sides[1], None)))
    return found


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a change, with the sum of the market's best levels after it."""
    return _frame(pair, "update", change.bids, change.asks, change.ms, _sum(pair, *market.best(10)))


def whole_frame(pair: str, whole: Change) -> bytes:
    """Write what a subscription begins with; its rows are as printed, or their digits."""
    decimals = _DECIMALS[pair]
    bids, asks = (
        [(_number(p, decimals[0]), _number(s, decimals[1])) for p, s in side] for side in (whole.bids, whole.asks)
    )
    return _frame(pair, "snapshot", bids, asks, whole.ms, _sum(pair, bids[:10], asks[:10]))


def _number(text: str, decimals: int) -> str:
    if "." in text or not decimals:
        return text
    return f"{Decimal(text).scaleb(-decimals):f}"


def _sum(pair: str, bids: Sequence[Row], asks: Sequence[Row]) -> int:
    decimals = _DECIMALS.get(pair, (8, 8))
    texts = [
        _padded(text, wanted).replace(".", "").lstrip("0")
        for row in (*asks, *bids)
        for text, wanted in zip(row, decimals, strict=True)
    ]
    return crc32("".join(texts).encode())


def _padded(text: str, decimals: int) -> str:
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<{decimals}}"


def _frame(  # noqa: PLR0917 (the parts of a frame)
    pair: str, kind: str, bids: Sequence[Row], asks: Sequence[Row], ms: int, checksum: int
) -> bytes:
    sides = f'"bids":{_rows(bids)},"asks":{_rows(asks)}'
    second, part = divmod(ms, 1000)
    stamp = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{part:03}000Z"
    data = f'{{"symbol":"{pair}",{sides},"checksum":{checksum},"timestamp":"{stamp}"}}'
    return f'{{"channel":"book","type":"{kind}","data":[{data}]}}'.encode()


def _rows(rows: Sequence[Row]) -> str:
    """Write levels as Kraken does: zeros at the end are there in one frame and not in the other."""
    return "[" + ",".join([f'{{"price":{price},"qty":{_short(size)}}}' for price, size in rows]) + "]"


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text.lower() else text


def others() -> list[bytes]:
    """Frames that change no book of ours."""
    return sample_frames("kraken")


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of Kraken's frames."""
    return mutate.json_frame(rng, frame)


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame."""
    asked = json.loads(request)
    if asked["method"] == "ping":
        return [pong()]
    about = {key: asked["params"][key] for key in ("channel", "depth", "interval") if key in asked["params"]}
    answer = {"method": asked["method"], "success": True, "req_id": asked["req_id"]}
    return [json.dumps(answer | {"result": about | {"symbol": pair}}).encode() for pair in asked["params"]["symbol"]]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b'{"channel":"heartbeat"}'
