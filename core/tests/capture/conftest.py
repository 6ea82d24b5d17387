"""A toy exchange, so that raw captures can be replayed without any plugin installed, and a maker of capture files."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.errors import PluginMissing, WireError
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange, RestContent
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.runtime.book import SORTED, SortedBookFactory
from arb_core.structs.book import BookRule, BookSnapshot, SequenceRule
from arb_core.structs.card import CONTRACT, ClientIdRule, ExchangeCard, FeeSchedule, Hosts
from arb_core.structs.market import (
    ExchangeId,
    Instrument,
    Kline,
    Pair,
    Quote,
    Symbol,
    Trade,
    TradingStatus,
)
from arb_core.structs.stream import StreamTicket, Topic

Levels = list[tuple[float, float]]


class Depth(msgspec.Struct):
    id: int
    b: Levels
    a: Levels


class Update(msgspec.Struct):
    pair: str
    U: int
    u: int
    b: Levels = []
    a: Levels = []


class ToyPublic(PublicExchange):
    def __init__(self, context: ExchangeContext) -> None:
        self._markets = context.markets

    async def ping(self) -> None:
        raise NotImplementedError

    async def get_server_time(self) -> int:
        raise NotImplementedError

    async def get_exchange_info(self) -> dict[Symbol, Instrument]:
        raise NotImplementedError

    async def get_orderbook(self, symbol: Symbol, limit: int = 100) -> BookSnapshot:
        raise NotImplementedError

    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> Sequence[Trade]:
        raise NotImplementedError

    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> Sequence[Kline]:
        raise NotImplementedError

    async def get_book_tickers(self) -> Mapping[Symbol, Quote]:
        raise NotImplementedError

    def symbol_to_pair(self, symbol: Symbol) -> Pair:
        return Pair(f"{symbol.base}{symbol.quote}")

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        return self._markets.symbol(pair)

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        if path == "/info":
            names = msgspec.json.decode(body, type=dict[str, str])
            return {
                Symbol.parse(text): Instrument(
                    symbol=Symbol.parse(text),
                    pair=Pair(pair),
                    status=TradingStatus.TRADING,
                    tick=Decimal("0.01"),
                    lot=Decimal("0.01"),
                    base_contract="0xaa",
                )
                for text, pair in names.items()
            }
        if path == "/depth":
            try:
                depth = msgspec.json.decode(body, type=Depth)
            except msgspec.MsgspecError as error:
                raise WireError(str(error), exchange="toy", where=path, wire=body) from error
            return BookSnapshot(
                symbol=self.pair_to_symbol(Pair(params["pair"])), bids=depth.b, asks=depth.a, last_id=depth.id
            )
        return None


class ToyStream(StreamDialect):
    @property
    def book_rule(self) -> BookRule:
        return BookRule(ids=SequenceRule.RANGE)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url="wss://toy")

    def channel(self, topic: Topic) -> str:
        return str(topic)

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return ""

    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        return ""

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        update = msgspec.json.decode(frame, type=Update)
        out.delta(update.pair, update.b, update.a, update.U, update.u, None)


class ToyPlugins:
    """Knows one plugin, `toy`."""

    def card(self, name: str) -> ExchangeCard:
        if name != "toy":
            raise PluginMissing(f"no plugin owns {name!r}", name=name)
        return ExchangeCard(
            id=ExchangeId(name),
            name=name,
            contract=CONTRACT,
            docs="",
            hosts=Hosts(rest="https://toy", ws_public="wss://toy"),
            capabilities=frozenset(),
            fees=FeeSchedule(maker=Decimal(0), taker=Decimal(0)),
            client_ids=ClientIdRule(max_length=32, lookup="always"),
        )

    def public(self, name: str, context: ExchangeContext) -> PublicExchange:
        return ToyPublic(context)

    def public_stream(self, name: str, context: ExchangeContext) -> StreamDialect:
        return ToyStream()

    def book_factory(self) -> SortedBookFactory:
        return SORTED


@pytest.fixture
def plugins() -> ToyPlugins:
    return ToyPlugins()


Maker = Callable[..., Path]


@pytest.fixture(scope="session")
def make_capture(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Write a capture from dicts: `make_capture([line, ...], symbols=[...])`; `ns` counts up where it is not given."""
    folder = tmp_path_factory.mktemp("captures")
    made = 0

    def make(lines: Sequence[Mapping[str, Any]], *, name: str | None = None, **header: Any) -> Path:
        nonlocal made
        made += 1
        path = folder / (name or f"{made}.jsonl")
        rows = [{"capture": 1, "symbols": ["ABC/USDT"], **header}]
        rows += [{"ns": number, "exchange": "toy", **line} for number, line in enumerate(lines, start=1)]
        content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    return make
