"""From a frame to a book whose best levels have been read, against other ways to do it: ratios in one run.

Every contestant gets the same frames, and must hold the same ten best levels after the last one before anything is timed.
The turns are interleaved and in thread CPU time, so that whatever else the machine does hits all alike.
"""

import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiohttp import WSMessage, WSMsgType
from arb_binance import stream as binance
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.stream.sink import ConnectionSink
from arb_core.structs.book import BookSnapshot, BookState, Level
from arb_core.structs.market import Symbol, VenueName
from arb_mexc import stream as mexc
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from sortedcontainers import SortedDict

pytestmark = pytest.mark.bench

BTC = Symbol("BTC", "USDT")
PAIR = "BTCUSDT"
DEPTH = 1000
LEVELS = 5
MESSAGES = 2000
TURNS = 9
START_ID = 1_000_000
CHANNEL = f"spot@public.aggre.depth.v3.api.pb@100ms@{PAIR}"

Text = tuple[str, str]
Take = Callable[[Any], None]
Top = Callable[[], tuple[list[Level], list[Level]]]


class Contestant(msgspec.Struct):
    """`begin` makes a fresh book of the snapshot; it returns what takes one frame, and what shows ten levels a side."""

    name: str
    begin: Callable[[], tuple[Take, Top]]


class Market:
    """A snapshot and messages of changes: 70 % of them near the best levels, half of those at held levels removals."""

    def __init__(self, levels: int) -> None:
        random = Random(1)
        middle = 6_000_000
        held: tuple[dict[int, str], dict[int, str]] = ({}, {})
        for distance in range(1, DEPTH + 1):
            for side, tick in ((0, middle - distance), (1, middle + distance)):
                held[side][tick] = f"{random.random() * 5:.5f}"
        self.snapshot = tuple([(_price(tick), size) for tick, size in side.items()] for side in held)
        self.messages: list[tuple[list[Text], list[Text]]] = []
        for _ in range(MESSAGES):
            message: tuple[list[Text], list[Text]] = ([], [])
            for _ in range(levels):
                side = random.randrange(2)
                near = random.random() < 0.7
                distance = 1 + (min(int(random.expovariate(1 / 8)), DEPTH - 1) if near else random.randrange(DEPTH))
                tick = middle + (distance if side else -distance)
                size = (
                    "0.00000" if tick in held[side] and random.random() < 0.5 else f"{random.random() * 5 + 1e-5:.5f}"
                )
                held[side].pop(tick, None) if float(size) == 0 else held[side].update({tick: size})
                message[side].append((_price(tick), size))
            self.messages.append(message)
        bids = sorted(((float(_price(tick)), float(size)) for tick, size in held[0].items()), reverse=True)
        asks = sorted((float(_price(tick)), float(size)) for tick, size in held[1].items())
        self.last = bids[:10], asks[:10]

    def numbered(self) -> Iterator[tuple[int, int, list[Text], list[Text]]]:
        """Messages with first and last id."""
        for index, (bids, asks) in enumerate(self.messages):
            yield START_ID + 1 + index * LEVELS, START_ID + (index + 1) * LEVELS, bids, asks

    def floats(self) -> tuple[list[Level], list[Level]]:
        """The snapshot, as a plugin gives it."""
        bids, asks = ([(float(price), float(size)) for price, size in side] for side in self.snapshot)
        return bids, asks


def _price(tick: int) -> str:
    return f"{tick // 100}.{tick % 100:02}"


def mexc_frames(market: Market) -> list[bytes]:
    frames = []
    for first, last, bids, asks in market.numbered():
        push = PushDataV3ApiWrapper(channel=CHANNEL, symbol=PAIR, sendTime=1_700_000_000_000)
        depth = push.publicAggreDepths
        depth.eventType, depth.fromVersion, depth.toVersion = CHANNEL.rpartition("@")[0], str(first), str(last)
        for rows, side in ((bids, depth.bids), (asks, depth.asks)):
            for price, size in rows:
                side.add(price=price, quantity=size)
        frames.append(push.SerializeToString())
    return frames


def binance_frames(market: Market) -> list[bytes]:
    event = {"e": "depthUpdate", "E": 1_700_000_000_000, "s": PAIR}
    return [
        msgspec.json.encode(
            {"stream": "btcusdt@depth@100ms", "data": {**event, "U": first, "u": last, "b": bids, "a": asks}}
        )
        for first, last, bids, asks in market.numbered()
    ]


# (a) naive: exact decimals, both sides sorted for each message


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


# (b) ccxt: its own handler, as its client calls it


@pytest.fixture
async def ccxt_exchange(request):
    """The exchange of ccxt that the test names, with one market and without any request."""
    pro = pytest.importorskip("ccxt.pro", reason="ccxt is not installed: `tox -e bench` brings it")
    exchange = getattr(pro, request.param)()
    market = {"id": PAIR, "symbol": str(BTC), "base": "BTC", "quote": "USDT", "type": "spot", "spot": True}
    exchange.set_markets([exchange.safe_market_structure(market)])
    yield exchange
    await exchange.close()


def ccxt_pro(exchange: Any, market: Market) -> Contestant:
    binary = exchange.id == "mexc"
    url = "wss://wbs-api.mexc.com/ws" if binary else "wss://stream.binance.com:9443/stream"
    client = exchange.client(url)

    def begin() -> tuple[Take, Top]:
        bids, asks = market.floats()
        snapshot = {"symbol": str(BTC), "bids": bids, "asks": asks, "nonce": START_ID, "timestamp": 1_700_000_000_000}
        book = exchange.orderbooks[str(BTC)] = exchange.order_book(snapshot)

        def take(frame: bytes) -> None:
            if binary:
                client.handle_message(WSMessage(WSMsgType.BINARY, frame, ""))
            else:
                client.handle_message(WSMessage(WSMsgType.TEXT, frame.decode(), ""))
            _ = book["bids"][0], book["asks"][0]

        def top() -> tuple[list[Level], list[Level]]:
            shown = [[(price, size) for price, size, *_ in book[side][:10]] for side in ("bids", "asks")]
            return shown[0], shown[1]

        return take, top

    return Contestant("ccxt.pro: its handler", begin)


# (c) the bare libraries: no sequence, no check, no state


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


# (d) ours: dialect, sink, dispatch, sequence, checks, book, callback


def our_book(dialect: StreamDialect, market: Market) -> tuple[Dispatch, Top]:
    bids, asks = market.floats()
    snapshot = BookSnapshot(symbol=BTC, bids=bids, asks=asks, last_id=START_ID, depth=DEPTH + 1)
    seen = [0.0, 0.0]

    def on_book(sync: BookSync) -> None:
        seen[:] = sync.bid, sync.ask

    def broken(listener: object, error: Exception) -> None:
        raise error

    sync = BookSync(
        VenueName("bench"),
        BTC,
        dialect.book_rule,
        SORTED.make(),
        SystemClock(),
        on_book=on_book,
        on_lost=lambda *_: None,
        need_snapshot=lambda sync: sync.rest_snapshot(snapshot),
        need_resubscribe=lambda _: None,
    )
    dispatch = Dispatch(broken)
    dispatch.books[PAIR] = sync
    sync.begin()
    dispatch.arrived(1, 1)

    def top() -> tuple[list[Level], list[Level]]:
        assert sync.state is BookState.LIVE
        assert sync.stats.applied == MESSAGES
        return sync.bids(10), sync.asks(10)

    return dispatch, top


def ours(dialect: StreamDialect, market: Market) -> Contestant:
    decode = dialect.decode
    control: Any = None  # no control message comes

    def begin() -> tuple[Take, Top]:
        dispatch, top = our_book(dialect, market)
        sink = ConnectionSink(control, dispatch)
        return lambda frame: decode(frame, 0, sink), top

    return Contestant("arb: dialect to callback", begin)


class DeltaEvent(msgspec.Struct):
    """The other shape of `decode`: what a frame says, as a returned struct."""

    pair: str
    bids: list[Level]
    asks: list[Level]
    first_id: int
    last_id: int
    exchange_ns: int | None


def ours_returning_events(dialect: StreamDialect, market: Market) -> Contestant:
    """MEXC's dialect in the other shape: the same parsing, a list of structs, and a loop that gives each to its kind."""

    def tell_delta(push: PushDataV3ApiWrapper) -> list[DeltaEvent]:
        depth = push.publicAggreDepths
        rows = mexc._rows(depth.bids), mexc._rows(depth.asks)
        text = f'[[{",".join(rows[0])}],[{",".join(rows[1])}],"{depth.fromVersion}","{depth.toVersion}"]'
        said = mexc._numbers(mexc._delta, text, 2 * (len(rows[0]) + len(rows[1])) + 2)
        return [DeltaEvent(push.symbol, *said, push.sendTime * 1_000_000 or None)]

    parsers = {"publicAggreDepths": tell_delta}

    def decode(frame: memoryview) -> list[DeltaEvent]:
        push = mexc._push(frame)
        return parsers[push.WhichOneof("body") or ""](push) if frame[0] != ord("{") else []

    def begin() -> tuple[Take, Top]:
        dispatch, top = our_book(dialect, market)
        tell = dispatch.delta

        def on_delta(event: DeltaEvent) -> None:
            tell(event.pair, event.bids, event.asks, event.first_id, event.last_id, event.exchange_ns)

        kinds = {DeltaEvent: on_delta}

        def take(frame: memoryview) -> None:
            for event in decode(frame):
                kinds[type(event)](event)

        return take, top

    return Contestant("arb, if decode returned events", begin)


def measure(contestants: list[Contestant], frames: list[Any], market: Market) -> dict[str, list[float]]:
    """Return microseconds a message, one figure for each turn."""
    for contestant in contestants:
        take, top = contestant.begin()
        for frame in frames:
            take(frame)
        assert top() == market.last, f"{contestant.name} holds another book"

    figures: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    order = Random(2)
    for _ in range(TURNS):
        for contestant in order.sample(contestants, len(contestants)):
            take, _ = contestant.begin()
            gc.collect()
            gc.freeze()
            began_ns = time.thread_time_ns()
            for frame in frames:
                take(frame)
            figures[contestant.name].append((time.thread_time_ns() - began_ns) / len(frames) / 1000)
            gc.unfreeze()
    return figures


def table(title: str, figures: dict[str, list[float]], reference: str) -> str:
    """Ratios are of the same turn, so that a disturbance of one turn does not tilt them."""
    rows = [f"| {title} | us a message: median [least-most] | ratio to the bare libraries |", "|---|---|---|"]
    for name, each in figures.items():
        ratio = statistics.median(mine / bare for mine, bare in zip(each, figures[reference], strict=True))
        rows.append(f"| {name} | {statistics.median(each):.2f} [{min(each):.2f}-{max(each):.2f}] | {ratio:.2f} |")
    return "\n".join(rows)


# Asynchronous because ccxt's client wants a running loop; nothing here waits.


@pytest.mark.parametrize("ccxt_exchange", ["mexc"], indirect=True)
async def test_mexc_protobuf(ccxt_exchange, publish):
    market = Market(LEVELS)
    dialect = mexc.PublicStream(SimpleNamespace(settings=None))  # pyright: ignore[reportArgumentType]
    bare = bare_mexc(market)
    contestants = [
        naive(market, naive_mexc),
        ccxt_pro(ccxt_exchange, market),
        bare,
        ours(dialect, market),
        ours_returning_events(dialect, market),
    ]
    figures = measure(contestants, mexc_frames(market), market)
    publish("decode-mexc", table(f"MEXC protobuf, {LEVELS} levels", figures, bare.name))


@pytest.mark.parametrize("ccxt_exchange", ["binance"], indirect=True)
async def test_binance_json(ccxt_exchange, publish):
    market = Market(LEVELS)
    dialect = binance.PublicStream(SimpleNamespace(settings=None))  # pyright: ignore[reportArgumentType]
    bare = bare_binance(market)
    contestants = [naive(market, naive_binance), ccxt_pro(ccxt_exchange, market), bare, ours(dialect, market)]
    figures = measure(contestants, binance_frames(market), market)
    publish("decode-binance", table(f"Binance JSON, {LEVELS} levels", figures, bare.name))
