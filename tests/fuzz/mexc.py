"""MEXC by its documentation: the reference decoder, and the frames that the mutators start from.

Source: https://www.mexc.com/api-docs/spot-v3/websocket-market-streams and the official definitions,
https://github.com/mexcdevelop/websocket-proto . Data are protobuf, control is JSON.
"""

import json
import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from . import mutate
from . import protobuf_wire as pb
from .json_text import Number, is_text, read
from .market import Change, Made
from .reference import ANY, MS, NO_ID, SECOND, Chain, Level, Reader, Reading, Rules, made_chain
from .spelling import Unreadable, nearest, whole

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

RULES = Rules("range", strict=True)
PAIRS = {"BTCUSDT": "BTC/USDT", "MXUSDT": "MX/USDT"}
REST_PATH = "/api/v3/depth"
MARKETS: dict[str, Any] = {
    "BTCUSDT": {"lowest": "92877.58", "tick": "0.01", "size_decimals": 8, "last_id": 10_589_632_358},
    "MXUSDT": {"lowest": "0.00001700", "tick": "0.00000001", "size_decimals": 2, "last_id": 7001},
}

_SAMPLES = Path(__file__).parent / "samples" / "mexc.json"

# -- the official definitions -------------------------------------------------------------------------------------------


def _texts(*names: str) -> pb.Schema:
    return {number: (name, "text") for number, name in enumerate(names, 1)}


_LEVEL = _texts("price", "quantity")
_DEPTH: pb.Schema = {1: ("asks", [_LEVEL]), 2: ("bids", [_LEVEL]), 3: ("eventType", "text")}
_INCREASE: pb.Schema = _DEPTH | {4: ("version", "text")}
_TICKER = _texts("bidPrice", "bidQuantity", "askPrice", "askQuantity")
_MINI = _texts(
    "symbol", "price", "rate", "zonedRate", "high", "low", "volume", "quantity", "lastCloseRate", "lastCloseZonedRate",
    "lastCloseHigh", "lastCloseLow",
)  # fmt: skip
_DEAL: pb.Schema = _LEVEL | {3: ("tradeType", "int32"), 4: ("time", "int64")}
_ORDER: pb.Schema = {
    number: ("", kind)
    for number, kind in enumerate(
        ["text"] * 6
        + ["int32"] * 2
        + ["bool"]
        + ["text"] * 5
        + ["int32", "int64", "text", "int32", "text", "int32"]
        + ["text"] * 6,
        1,
    )
}
_KLINE = _texts("interval", "", "open", "close", "high", "low", "volume", "amount") | {
    2: ("windowStart", "int64"),
    9: ("windowEnd", "int64"),
}
_BODIES: pb.Schema = {
    301: ("publicDeals", {1: ("deals", [_DEAL]), 2: ("eventType", "text")}),
    302: ("publicIncreaseDepths", _INCREASE),
    303: ("publicLimitDepths", _INCREASE | {5: ("lastOrderCreateTime", "int64")}),
    304: ("privateOrders", _ORDER),
    305: ("publicBookTicker", _TICKER),
    306: (
        "privateDeals",
        _texts(
            "price", "quantity", "amount", "", "", "", "tradeId", "clientOrderId", "orderId", "feeAmount", "feeCurrency"
        )
        | {4: ("tradeType", "int32"), 5: ("isMaker", "bool"), 6: ("isSelfTrade", "bool"), 12: ("time", "int64")},
    ),
    307: ("privateAccount", _texts(*"abcdefg") | {8: ("time", "int64")}),
    308: ("publicSpotKline", _KLINE),
    309: ("publicMiniTicker", _MINI),
    310: ("publicMiniTickers", {1: ("items", [_MINI])}),
    311: (
        "publicBookTickerBatch",
        {1: ("items", [_TICKER]), 2: ("version", "text"), 3: ("lastOrderCreateTime", "int64")},
    ),
    312: ("publicIncreaseDepthsBatch", {1: ("items", [_INCREASE]), 2: ("eventType", "text")}),
    313: (
        "publicAggreDepths",
        _DEPTH | {4: ("fromVersion", "text"), 5: ("toVersion", "text"), 6: ("lastOrderCreateTime", "int64")},
    ),
    314: ("publicAggreDeals", {1: ("deals", [_DEAL | {5: ("tradeId", "text")}]), 2: ("eventType", "text")}),
    315: ("publicAggreBookTicker", _TICKER | {5: ("version", "text"), 6: ("lastOrderCreateTime", "int64")}),
}
_WRAPPER: pb.Schema = _BODIES | {
    1: ("channel", "text"),
    3: ("symbol", "text"),
    4: ("symbolId", "text"),
    5: ("createTime", "int64"),
    6: ("sendTime", "int64"),
}
_BODY = pb.OneOf(_BODIES)

_INTERVALS = {
    "Min1": "1m", "Min5": "5m", "Min15": "15m", "Min30": "30m", "Min60": "1h", "Hour4": "4h", "Day1": "1d", "Week1": "1w", "Month1": "1M",
}  # fmt: skip

# -- reading ------------------------------------------------------------------------------------------------------------


def read_frame(frame: bytes) -> Reading:
    """Text frames are control JSON and begin with a brace; everything else is one protobuf message."""
    if not frame:
        raise Unreadable("an empty frame")
    if frame[:1] == b"{":
        return _read_control(frame)
    push = pb.parse(frame, _WRAPPER, _BODY)
    reading = Reading()
    body = next((name for name, _ in _BODIES.values() if name in push), None)
    if body in _READ:
        _READ[body](push, push[body], reading)
    elif body is None or any(name in push.get("channel", "") for name in _OURS):
        reading.doubts.append("no body, or not the one of its channel")
    elif not push.get("channel", "").startswith("spot@"):
        reading.doubts.append("no channel")
    return reading


def _amount(text: str) -> float:
    number = nearest(text)
    if not 0 <= number < float("inf"):
        raise Unreadable("a price or size below 0 or beyond float64")
    return number


def _price(text: str) -> float:
    number = _amount(text)
    if number == 0:
        raise Unreadable("a price of 0")
    return number


def _levels(rows: list[dict[str, str]]) -> list[Level]:
    return [(_price(row.get("price", "")), _amount(row.get("quantity", ""))) for row in rows]


def _version(text: str, reading: Reading) -> int:
    version = whole(text)
    if version < 0:
        raise Unreadable("a version below 0")
    if str(version) != text or version >= 1 << 63:
        reading.doubts.append(f"version spelt {text[:20]}")
    return version


def _pair(push: dict[str, Any], place: int) -> str:
    """The wrapper's symbol, which may be absent, else the channel's."""
    if push.get("symbol"):
        return str(push["symbol"])
    parts = push.get("channel", "").split("@")
    if len(parts) <= place:
        raise Unreadable("neither a symbol nor a channel that names one")
    return str(parts[place])


def _sent(push: dict[str, Any]) -> int | None:
    return push["sendTime"] * MS if push.get("sendTime") else None


def _read_delta(push: dict[str, Any], body: dict[str, Any], reading: Reading) -> None:
    bids, asks = _levels(body.get("bids", [])), _levels(body.get("asks", []))
    first, last = (_version(body.get(name, ""), reading) for name in ("fromVersion", "toVersion"))
    reading.market.append(("delta", _pair(push, 3), bids, asks, first, last, _sent(push), NO_ID))


def _read_depth(push: dict[str, Any], body: dict[str, Any], reading: Reading) -> None:
    bids, asks = _levels(body.get("bids", [])), _levels(body.get("asks", []))
    version = _version(body.get("version", ""), reading)
    tail = push.get("channel", "").rpartition("@")[2]
    if tail not in {"5", "10", "20"}:
        # Nobody has subscribed to another depth; 0 would even mean a whole book.
        raise Unreadable(f"no depth of MEXC: {tail[:20]!r}")
    reading.market.append(("snapshot", _pair(push, 2), bids, asks, version, _sent(push), int(tail)))


def _side(price: str, size: str) -> tuple[float, float]:
    at, much = _amount(price or "0"), _amount(size or "0")
    if not at:
        return float("nan"), float("nan")
    return at, much if size else float("nan")


def _read_quote(push: dict[str, Any], body: dict[str, Any], reading: Reading) -> None:
    bid = _side(body.get("bidPrice", ""), body.get("bidQuantity", ""))
    ask = _side(body.get("askPrice", ""), body.get("askQuantity", ""))
    text = body.get("version", "")
    version: Any = whole(text) if text else -1  # absent before June 2026
    if text and (str(version) != text or not 0 <= version < 1 << 63):
        reading.doubts.append(f"version spelt {text[:20]}")
    reading.market.append(("quote", _pair(push, 3), *bid, *ask, _sent(push), version))


def _read_trades(push: dict[str, Any], body: dict[str, Any], reading: Reading) -> None:
    for deal, (price, size) in zip(body.get("deals", []), _levels(body.get("deals", [])), strict=True):
        taker = deal.get("tradeType", 0)
        taker = taker if taker in {1, 2} else 0
        time_ns = deal.get("time", 0) * MS
        if not time_ns:
            raise Unreadable("a trade without time")
        reading.market.append(("trade", _pair(push, 3), price, size, taker, time_ns, deal.get("tradeId") or None))
    if not reading.market:
        reading.doubts.append("no trade in it")


def _read_kline(push: dict[str, Any], body: dict[str, Any], reading: Reading) -> None:
    interval = _INTERVALS.get(body.get("interval", ""))
    if interval is None:
        reading.doubts.append("candles of an interval that nobody can ask for")
        return
    prices = tuple(_amount(body.get(name, "")) for name in ("open", "high", "low", "close"))
    volume, amount = (_amount(body.get(name) or "0") for name in ("volume", "amount"))
    volume = volume if body.get("volume") else float("nan")
    amount = amount if body.get("amount") else None
    start_ns = body.get("windowStart", 0) * SECOND
    if not start_ns:
        raise Unreadable("a candle without time")
    reading.market.append(("kline", _pair(push, 2), interval, start_ns, prices, volume, amount, None))


_READ = {
    "publicAggreDepths": _read_delta,
    "publicLimitDepths": _read_depth,
    "publicAggreBookTicker": _read_quote,
    "publicAggreDeals": _read_trades,
    "publicSpotKline": _read_kline,
}

_OURS = (".aggre.depth.", ".limit.depth.", ".aggre.bookTicker.", ".aggre.deals.", ".kline.")

_REFUSED = "Not Subscribed successfully!"


def _request_id(table: dict[str, Any], reader: Reader) -> Any:
    """0 stands for a request without id."""
    request_id = table.get("id")
    if isinstance(request_id, Number):
        return reader.integer(request_id, "id") or None
    if request_id is not None:
        reader.doubt("id is no number")
        return ANY
    return None


def _failed(code: Any, reader: Reader) -> bool:
    """0 says nothing: a refusal bears it, too."""
    if code is None:
        return False
    if not isinstance(code, Number):
        reader.doubt("code is no number")
        return True
    failed = reader.integer(code, "code") != 0
    if failed:
        reader.doubt("code is not 0")
    return failed


def _read_control(frame: bytes) -> Reading:
    document, doubts = read(frame)
    reading = Reading(doubts=doubts)
    reader = Reader(doubts)
    table = reader.table(document, "control")
    request_id = _request_id(table, reader)
    failed = _failed(table.get("code"), reader)
    text: Any = table.get("msg")
    if not is_text(text):
        reader.doubt("msg is no text")
        return reading
    if _REFUSED in text:
        named = re.search(r"\[([^]]*)]", text)
        if named is None:
            reader.doubt("a refusal that names no channel")
        reading.control.append(("refused", request_id, named[1].split(",") if named else ANY))
    elif failed:
        reading.control.append(("refused", request_id, ANY))
    elif text == "PONG":
        reading.control.append(("pong",))
    elif text.startswith("spot@"):
        reading.control.append(("ack", request_id, text.split(",")))
    else:
        reader.doubt("another message")
    return reading


# -- frames to start from -------------------------------------------------------------------------------------------------


@cache
def _samples() -> dict[str, Any]:
    return json.loads(_SAMPLES.read_text("utf-8"))


@cache
def chains() -> list[Chain]:
    """Two made markets: no recording of MEXC's protobuf depth may be published, so the documentation's frame is continued."""
    return [
        made_chain(pair, Made(Random(f"mexc {pair}"), RULES.ids, plain=True, **about), delta_frame)
        for pair, about in MARKETS.items()
    ]


def delta_frame(pair: str, change: Change, market: Made) -> bytes:
    """Write a frame in the order of fields in which MEXC's are."""
    head, tail = _around(pair)
    body = b"".join(
        [
            *[_row(b"\x0a", *row) for row in change.asks],
            *[_row(b"\x12", *row) for row in change.bids],
            tail,
            pb.length_delimited(4, str(change.first_id).encode()),
            pb.length_delimited(5, str(change.last_id).encode()),
        ]
    )
    return b"".join((head, pb.varint(change.ms), pb.length_delimited(313, body)))


@cache
def _around(pair: str) -> tuple[bytes, bytes]:
    """What stands before the time of a frame, and before the ids of its body."""
    channel = f"spot@public.aggre.depth.v3.api.pb@100ms@{pair}".encode()
    head = pb.length_delimited(1, channel) + pb.length_delimited(3, pair.encode()) + pb.tag(6, pb.VARINT)
    return head, pb.length_delimited(3, channel.rpartition(b"@")[0])


def _row(tag: bytes, price: str, size: str) -> bytes:
    """Both texts are shorter than 60 bytes: each length is one."""
    one, other = price.encode(), size.encode()
    return b"%b%c\x0a%c%b\x12%c%b" % (tag, len(one) + len(other) + 4, len(one), one, len(other), other)


@cache
def others() -> list[bytes]:
    """Frames that change no book."""
    documented = [bytes.fromhex(sample["hex"]) for sample in _samples()["frames"]]
    return documented + [text.encode() for text in _samples()["control"]]


def spoil(rng: Random, frame: bytes) -> bytes:
    """Spoil one of MEXC's frames, whichever kind it is."""
    return mutate.json_frame(rng, frame) if frame[:1] == b"{" else mutate.protobuf_frame(rng, frame)


# -- the venue's side -------------------------------------------------------------------------------------------------------


def acknowledge(request: str | bytes) -> list[bytes]:
    """Answer a client's frame."""
    asked = json.loads(request)
    if asked.get("method") != "SUBSCRIPTION":
        return []
    return [json.dumps({"id": asked["id"], "code": 0, "msg": ",".join(asked["params"])}).encode()]


def pong() -> bytes:
    """A harmless frame, well-formed beyond doubt."""
    return b'{"id":0,"code":0,"msg":"PONG"}'


def rest_params(pair: str, limit: int) -> dict[str, str]:
    """Ask for a book by REST."""
    return {"symbol": pair, "limit": str(limit)}


def rest_body(last_id: int, bids: list[Level], asks: list[Level]) -> bytes:
    """Answer it."""
    rows = {"bids": bids, "asks": asks}
    body = {"lastUpdateId": last_id} | {side: [[repr(p), repr(s)] for p, s in levels] for side, levels in rows.items()}
    return json.dumps(body).encode()
