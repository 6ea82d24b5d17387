"""Real feeds through the real plugins: recordings/README.md says where they come from."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.capture.format import Capture, CaptureWriter, Frame, Line
from arb_core.capture.replay import ReplayOptions, replay
from arb_core.capture.summary import Summary
from arb_core.registry import Registry

RECORDINGS = Path(__file__).parent / "recordings"
CAPTURES = {"binance": "binance-spot", "gateio": "gateio-spot-v4"}


@pytest.fixture(scope="session", autouse=True)
def no_event_loop_before_the_first() -> None:
    """Python 3.11 makes one for whoever asks, which pytest-asyncio does, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry()


def path_of(exchange: str) -> Path:
    return RECORDINGS / f"{CAPTURES[exchange]}.jsonl.gz"


def expected(exchange: str) -> dict[str, Any]:
    return json.loads((RECORDINGS / f"{CAPTURES[exchange]}.expected.json").read_text())


def numbers(levels: list[list[str]]) -> list[tuple[float, float]]:
    return [(float(price), float(size)) for price, size in levels]


def run(registry: Registry, *paths: Path, **options: Any) -> Summary:
    return replay(paths, ReplayOptions(**options), registry)


@pytest.mark.parametrize("exchange", CAPTURES)
def test_a_recording_gives_the_expected_books(registry: Registry, exchange: str) -> None:
    books = run(registry, path_of(exchange)).books[exchange]
    wanted = expected(exchange)["symbols"]
    assert books.keys() == wanted.keys()
    for symbol, book in books.items():
        want = wanted[symbol]
        assert book.state == "LIVE"
        assert book.snapshots == want["snapshots"]
        assert (book.received, book.deltas, book.skipped) == (
            want["deltas"],
            want["deltas_applied"],
            want["deltas_skipped"],
        )
        assert book.gaps == want["gaps"]
        assert book.bids == numbers(want["final"]["bids"])
        assert book.asks == numbers(want["final"]["asks"])


@pytest.mark.parametrize("exchange", CAPTURES)
def test_a_recording_stands_where_it_should_after_each_tenth(registry: Registry, exchange: str, tmp_path: Path) -> None:
    checkpoints = expected(exchange)["checkpoints"]
    assert len(checkpoints) == 10
    for checkpoint in checkpoints:
        part = cut(path_of(exchange), tmp_path / f"{checkpoint['percent']}.jsonl", checkpoint["line"])
        books = run(registry, part).books.get(exchange, {})
        for symbol, best in checkpoint["best"].items():
            book = books.get(symbol)
            if best is None:
                assert book is None or not book.bids
            else:
                assert book is not None
                assert book.bids[0] == (float(best["bid"]), float(best["bid_size"]))
                assert book.asks[0] == (float(best["ask"]), float(best["ask_size"]))


@pytest.mark.parametrize("exchange", CAPTURES)
def test_the_same_recording_twice_gives_the_same_bytes(registry: Registry, exchange: str) -> None:
    first, second = (msgspec.json.encode(run(registry, path_of(exchange), exact=True)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("exchange", CAPTURES)
def test_a_frame_that_is_missing_never_goes_unnoticed(registry: Registry, exchange: str, tmp_path: Path) -> None:
    """Leave out each book frame in turn: the book sees a gap, or had no use for it, or hears no more of that pair."""
    wanted = run(registry, path_of(exchange)).books[exchange]
    lines, header = read(path_of(exchange))
    frames = [n for n, line in enumerate(lines) if isinstance(line, Frame) and b"order_book_update" in line.payload]
    frames += [n for n, line in enumerate(lines) if isinstance(line, Frame) and b"depthUpdate" in line.payload]
    noticed = 0
    for left_out in frames[:: max(1, len(frames) // 25)]:
        path = tmp_path / f"{left_out}.jsonl"
        write(path, header, [line for n, line in enumerate(lines) if n != left_out])
        for symbol, book in run(registry, path).books[exchange].items():
            if book.gaps:
                assert book.state == "SYNCING"
                noticed += 1
            elif book.received == wanted[symbol].received:
                assert (book.bids, book.asks) == (wanted[symbol].bids, wanted[symbol].asks)
            else:
                # Either older than the snapshot, or the last one of its pair.
                assert book.skipped < wanted[symbol].skipped or book.deltas == wanted[symbol].deltas - 1
    assert noticed > 10


def test_two_recordings_are_one_run(registry: Registry) -> None:
    summary = run(registry, *map(path_of, CAPTURES), fee_bps=Decimal(10))
    assert {exchange: len(books) for exchange, books in summary.books.items()} == {"binance": 2, "gateio": 5}
    assert not summary.edges, "they share no symbol"


@pytest.mark.parametrize("exchange", CAPTURES)
def test_another_name_in_the_file_is_decoded_by_the_plugin_that_is_named(
    registry: Registry, exchange: str, tmp_path: Path
) -> None:
    lines, header = read(path_of(exchange))
    renamed = tmp_path / "renamed.jsonl"
    write(renamed, header, [msgspec.structs.replace(line, exchange="elsewhere") for line in lines])
    found = run(registry, renamed, plugins={"elsewhere": exchange}).books["elsewhere"]
    assert found == run(registry, path_of(exchange)).books[exchange]


def read(path: Path) -> tuple[list[Line], Any]:
    with Capture(path) as capture:
        return list(capture), capture.header


def write(path: Path, header: Any, lines: list[Line]) -> None:
    writer = CaptureWriter(path, header)
    for line in lines:
        writer.write(line)
    writer.close()


def cut(source: Path, target: Path, last_line: int) -> Path:
    """Copy the header and every line up to a number; the header is line 1."""
    lines, header = read(source)
    write(target, header, lines[: last_line - 1])
    return target
