"""Ours: from the frame over dialect, sink, dispatch, sequence rule, checks and book to a callback. In Python, and with arb-native."""

import importlib.util
from typing import Any

import msgspec
from arb_core.interfaces.book import BookFactory
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.book import SORTED
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.stream.sink import ConnectionSink
from arb_core.structs.book import BookSnapshot, BookState, Level
from arb_core.structs.market import VenueName
from arb_mexc import stream as mexc
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper

from .contest import BTC, DEPTH, MESSAGES, NOW_MS, PAIR, START_ID, Contestant, Market, Take, Top

NOW_NS = NOW_MS * 1_000_000


def our_book(dialect: StreamDialect, market: Market, factory: BookFactory = SORTED) -> tuple[Dispatch, Top]:
    """A LIVE book and the dispatch before it."""
    bids, asks = market.floats()
    snapshot = BookSnapshot(symbol=BTC, bids=bids, asks=asks, last_id=START_ID, depth=DEPTH + 1)

    def on_book(sync: BookSync) -> None:
        _bid, _bid_size = sync.bid, sync.bid_size
        _ask, _ask_size = sync.ask, sync.ask_size

    def broken(_listener: object, error: Exception) -> None:
        raise error

    sync = BookSync(
        VenueName("bench"),
        BTC,
        dialect.book_rule,
        factory.make(),
        SystemClock(),
        on_book=on_book,
        on_lost=lambda *_: None,
        need_snapshot=lambda sync: sync.rest_snapshot(snapshot),
        need_resubscribe=lambda _: None,
    )
    # Not by `scanner_for`, which refuses a feed without ids or sums: here sums are left out to see what they cost.
    dispatch = Dispatch(broken, factory.make_scanner(dialect.layouts) if dialect.layouts else None)
    dispatch.follow(PAIR, sync)
    sync.begin()
    dispatch.arrived(NOW_NS, NOW_NS)

    def top() -> tuple[list[Level], list[Level]]:
        assert sync.state is BookState.LIVE
        assert sync.stats.applied == MESSAGES
        return sync.bids(10), sync.asks(10)

    return dispatch, top


def ours(dialect: StreamDialect, market: Market) -> Contestant:
    """The dialect in Python."""
    decode = dialect.decode
    control: Any = None  # no control message comes

    def begin() -> tuple[Take, Top]:
        dispatch, top = our_book(dialect, market)
        sink = ConnectionSink(control, dispatch)
        return lambda frame: decode(frame, 0, sink), top

    return Contestant("arb: dialect to callback", begin)


class BooksAlone:
    """Another factory's books, without its scanner."""

    name = "books alone"
    rank = 0

    def __init__(self, factory: BookFactory) -> None:
        self.make = factory.make

    def make_scanner(self, layouts: object) -> None:
        """Leave every frame to the dialect."""


def installed() -> bool:
    """Whether arb-native is."""
    return importlib.util.find_spec("arb_native") is not None


def native_factory() -> BookFactory:
    """Return arb-native's."""
    from arb_native.plugin import arb_book_factory  # pyright: ignore[reportMissingImports] (optional)

    factory: BookFactory = arb_book_factory()
    return factory


def native(dialect: StreamDialect, market: Market) -> list[Contestant]:
    """The same with arb-native, where it is installed: its scanner, and its book behind the dialect in Python."""
    if not installed():
        return []
    factory = native_factory()
    control: Any = None

    def scanned() -> tuple[Take, Top]:
        dispatch, top = our_book(dialect, market, factory)
        scan: Any = dispatch.scan
        # A frame that it left to the dialect would be missed in the end.
        return lambda frame: scan(frame, NOW_NS, NOW_NS), top

    def decoded() -> tuple[Take, Top]:
        dispatch, top = our_book(dialect, market, BooksAlone(factory))
        sink = ConnectionSink(control, dispatch)
        return lambda frame: dialect.decode(frame, 0, sink), top

    return [
        Contestant("arb with arb-native: scanner to callback", scanned),
        Contestant("arb with arb-native's book alone", decoded),
    ]


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
