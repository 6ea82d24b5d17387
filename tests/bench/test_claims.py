"""What the first design of this engine promised, each against the naive way it was compared with, as it turns out."""

import asyncio
import importlib.util
import json
import os
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp
import arb_core as arb
import pytest
import uvloop
from arb_mexc import stream as mexc
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_sim.child import serving
from google.protobuf.json_format import MessageToDict

from .claims import pools, sizes
from .claims.counting import allocations, can_count
from .decoding.arb import native
from .decoding.contest import Contestant, Market, mexc_frames
from .plots import Series, plot
from .scale.crowd import factories
from .test_loopback import START_ID, bare, port
from .test_loopback import ours as ours_from_socket

pytestmark = pytest.mark.bench

__all__ = ["port"]

FULL = os.environ.get("ARB_FULL") == "1"
HAS_NATIVE = importlib.util.find_spec("arb_native") is not None

LEVELS = 10
SIZES = (10, 100, 1_000, 10_000, 100_000) if FULL else (10, 100, 1_000, 10_000)
SOCKET_TURNS = 3 if FULL else 1
NAIVE_MESSAGES = 3_000
"""What is told of a naive client's rate after so many is true of the rest."""
REQUESTS = 200 if FULL else 60
ALLOCATING = Path(__file__).parent / "claims" / "allocating.py"


class Row(NamedTuple):
    """A line of the table."""

    claim: str
    measured: str
    verdict: str


def verdict(met: bool, *, pure: bool) -> str:
    if not met:
        return "**not met**"
    return "met" if pure else "met with arb-native; **not met** without"


# WebSocket


async def naive(port: int) -> tuple[float, int]:
    """aiohttp, json, exact decimals in a dict, both sides sorted for their best. Return seconds and how many messages."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/ws") as socket:
        await socket.send_str('{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}')
        await socket.receive()
        async with session.get(f"http://127.0.0.1:{port}/api/v3/depth") as answer:
            snapshot = json.loads(await answer.read())
        bids, asks = ({Decimal(p): Decimal(s) for p, s in snapshot[side]} for side in ("bids", "asks"))
        began = 0.0
        async for frame in socket:
            began = began or time.perf_counter()
            event = json.loads(frame.data)["data"]
            for side, rows in ((bids, event["b"]), (asks, event["a"])):
                for price, size in rows:
                    if amount := Decimal(size):
                        side[Decimal(price)] = amount
                    else:
                        side.pop(Decimal(price), None)
            assert sorted(bids, reverse=True)[:10] < sorted(asks)[:10]
            if event["u"] == START_ID + NAIVE_MESSAGES:
                break
        return time.perf_counter() - began, NAIVE_MESSAGES


def rates(port: int, monkeypatch) -> dict[str, list[float]]:
    """Messages a second of each client, turn by turn."""
    from .test_loopback import MESSAGES

    async def counted(client: Callable[..., Any]) -> tuple[float, int]:
        return (await client(port))[0], MESSAGES

    clients: dict[str, tuple[str, Callable[[], Any]]] = {
        "naive": ("", lambda: naive(port)),
        "bare": ("", lambda: counted(bare)),
        "arb": ("python", lambda: counted(ours_from_socket)),
    }
    if HAS_NATIVE:
        clients["arb-native"] = ("", lambda: counted(ours_from_socket))
    figures: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(SOCKET_TURNS):
        for name, (book, client) in clients.items():
            monkeypatch.setenv("ARB_BOOK", book) if book else monkeypatch.delenv("ARB_BOOK", raising=False)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                seconds, messages = runner.run(client())
            figures[name].append(messages / seconds)
    return figures


def throughput(port: int, monkeypatch) -> Row:
    median = {name: statistics.median(each) for name, each in rates(port, monkeypatch).items()}
    said = ", ".join(
        f"{name} {rate:,.0f}/s: {rate / median['naive']:.1f} times naive, {rate / median['bare']:.2f} times bare libraries"
        for name, rate in median.items()
        if name.startswith("arb")
    )
    met = median["arb"] >= 3 * median["naive"]
    said += f" (naive {median['naive']:,.0f}/s, aiohttp with msgspec and SortedDict {median['bare']:,.0f}/s)"
    against = "; against good libraries alone **not met**" if median["arb"] < 3 * median["bare"] else ""
    return Row("3-5 times the WebSocket throughput", said, verdict(met, pure=True) + " against naive code" + against)


# Protobuf


class Deaf:
    """A sink that hears nothing: what is left is the parsing."""

    def delta(self, *said: object, **more: object) -> None:
        """Hear nothing."""


def naive_parse(frame: bytes) -> None:
    """As one writes it first: the message, a dictionary of it, exact decimals."""
    push = PushDataV3ApiWrapper()
    push.ParseFromString(frame)
    depth = MessageToDict(push)["publicAggreDepths"]
    for side in ("bids", "asks"):
        _ = [(Decimal(row["price"]), Decimal(row["quantity"])) for row in depth.get(side, ())]


def parsing() -> Row:
    market = Market(LEVELS)
    frames = mexc_frames(market)
    context: Any = SimpleNamespace(settings=None)
    dialect, deaf = mexc.PublicStream(context), Deaf()
    sink: Any = deaf
    ways: dict[str, Callable[[], Callable[[bytes], object]]] = {
        "naive": lambda: naive_parse,
        "arb": lambda: lambda frame: dialect.decode(memoryview(frame), 0, sink),
    }
    scanner: list[Contestant] = native(dialect, market)
    if scanner:
        ways["arb-native, the book included"] = lambda: scanner[0].begin()[0]
    figures: dict[str, list[float]] = {name: [] for name in ways}
    order = Random(1)
    for _ in range(7):
        for name in order.sample(sorted(ways), len(ways)):
            take = ways[name]()
            began_ns = time.thread_time_ns()
            for frame in frames:
                take(frame)
            figures[name].append((time.thread_time_ns() - began_ns) / len(frames) / 1000)
    less = {
        name: statistics.median(1 - mine / theirs for mine, theirs in zip(each, figures["naive"], strict=True))
        for name, each in figures.items()
    }
    said = ", ".join(
        f"{name} {statistics.median(each):.1f} us"
        + (f": {less[name]:.0%} less" if name != "naive" else f" for a MEXC frame of {LEVELS} levels")
        for name, each in figures.items()
    )
    pure = less["arb"] >= 0.7
    return Row("70-90 % less protobuf parsing time", said, verdict(max(less.values()) >= 0.7, pure=pure))


# Allocations


def allocating(folder: Path) -> Row:
    claim = "50-70 % fewer allocations"
    if not can_count():
        return Row(claim, "not measured: counting them needs cc and glibc", "unknown")
    contestants = ["naive", "bare", "arb", *(["arb-native"] if HAS_NATIVE else [])]
    said, pure, best = [], True, 0.0
    for wire, name in (("mexc", "MEXC protobuf"), ("binance", "Binance JSON")):
        counts = {each: allocations(folder, ALLOCATING, wire, each) for each in contestants}
        less = {each: 1 - count / counts["naive"] for each, count in counts.items()}
        pure = pure and less["arb"] >= 0.5
        best = max(best, *less.values())
        told = ", ".join(
            f"{each} {count:.0f}" + (f" ({less[each]:.0%} fewer)" if each != "naive" else "")
            for each, count in counts.items()
        )
        said.append(f"{name}, a message of {LEVELS} levels: {told}")
    return Row(claim, "; ".join(said), verdict(best >= 0.5, pure=pure))


# Books


def books() -> tuple[Row, str]:
    makers = {name: sizes.of_factory(factory) for name, factory in factories().items()}
    figures = sizes.measure(SIZES, makers, turns=5 if FULL else 3)
    head = " | ".join(f"{size:,}" for size in SIZES)
    rows = [f"| us a change of one level, in a book of | {head} | times |", "|---|" + "---|" * (len(SIZES) + 1)]
    less, more = SIZES[0], SIZES[-1]
    for name, by_size in figures.items():
        cells = " | ".join(f"{statistics.median(each):.2f}" for each in by_size.values())
        rows.append(f"| {name} | {cells} | {sizes.growth(by_size, less, more):.1f} |")
    plot(
        "cost-by-book-size",
        title="One change of a book and its best level, by how much it holds",
        x="levels a side",
        y="us a change, thread CPU time",
        series=[
            Series(
                name,
                [(size, statistics.median(each)) for size, each in by_size.items()],
                [(min(each), max(each)) for each in by_size.values()],
            )
            for name, by_size in figures.items()
        ],
        log_x=True,
        log_y=True,
    )
    grown = {name: sizes.growth(figures[name], less, more) for name in figures}
    said = ", ".join(f"{name}: {grown[name]:.1f} times" for name in (*makers, sizes.NAIVE))
    said = f"from {less:,} to {more:,} levels a change becomes dearer: {said}"
    # log n grows 4 times from 10 to 10,000 levels, 5 times to 100,000; twice that is borne for what caches do.
    bound = 2 * len(SIZES)
    pure = grown["pure Python"] <= bound
    judged = verdict(min(grown[name] for name in makers) <= bound, pure=pure)
    strictly = "; strictly an insertion moves pointers, O(n), in C and from the best level on"
    return Row("O(log n) book updates", said, judged + strictly), "\n".join(rows)


# Connections


async def reuse() -> Row:
    async with serving(["mexc"], seed=1, symbols=["BTC/USDT"], steps_per_s=0) as (served,):
        async with arb.open_exchange("mexc", rest_url=served.rest_url, ws_url=served.ws_url) as venue:
            began = time.perf_counter()
            for _ in range(REQUESTS):
                await venue.public.get_server_time()
            kept_ms = (time.perf_counter() - began) / REQUESTS * 1000
            rate = venue.health().rest.reuse_rate or 0.0
        began = time.perf_counter()
        for _ in range(REQUESTS):
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{served.rest_url}/api/v3/time") as answer,
            ):
                await answer.read()
        fresh_ms = (time.perf_counter() - began) / REQUESTS * 1000
    said = f"{rate:.1%} of {REQUESTS} requests in turn; {kept_ms:.2f} ms each, with a session for each {fresh_ms:.2f} ms, no TLS"
    return Row("above 95 % connection reuse", said, verdict(rate > 0.95, pure=True))


def test_claims_of_the_design(publish, port, tmp_path, monkeypatch):
    book_row, book_table = books()
    trials = [
        pools.object_pool(),
        pools.protobuf_reuse(mexc_frames(Market(LEVELS))),
        pools.symbol_cache(),
        pools.signature_cache(),
    ]
    symbols = trials[2]
    rows = [
        throughput(port, monkeypatch),
        parsing(),
        allocating(tmp_path),
        Row(
            "above 99 % symbol-cache hits",
            f"100 %: a dict filled at start, {symbols.plain_ns:.0f} ns; {symbols.remark}",
            "met, without a cache",
        ),
        book_row,
        asyncio.run(reuse()),
    ]
    publish(
        "claims",
        "\n".join(["| claim | measured | verdict |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]),
    )
    publish("book size", book_table)
    table = ["| thought of | plain, ns | with it, ns | | verdict |", "|---|---|---|---|---|"]
    table += [
        f"| {each.what} | {each.plain_ns:,.0f} | {each.thought_ns:,.0f} | {each.remark} | "
        f"{'pays' if each.pays else 'left out'} |"
        for each in trials
    ]
    publish("pools", "\n".join(table))
