"""A recording of 2021 through the plugin that speaks Kraken's first version: every checksum fits, and books are right."""

import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.capture.format import Capture, CaptureWriter, Frame, Line
from arb_core.capture.replay import ReplayOptions, replay
from arb_core.capture.summary import BookSummary
from arb_core.registry import Registry
from arb_legacy_wire.kraken_v1 import checksum

RECORDINGS = Path(__file__).parents[1] / "recordings"
CAPTURE = RECORDINGS / "kraken-v1.jsonl.gz"
EXPECTED: dict[str, Any] = json.loads((RECORDINGS / "kraken-v1.expected.json").read_text())


def books_of(path: Path) -> dict[str, BookSummary]:
    return dict(replay([path], ReplayOptions(plugins={"kraken": "kraken-v1"}), Registry()).books["kraken"])


def lines_of(path: Path) -> list[Line]:
    with Capture(path) as capture:
        return list(capture)


def written(path: Path, lines: list[Line]) -> Path:
    with Capture(CAPTURE) as capture:
        writer = CaptureWriter(path, capture.header)
    for line in lines:
        writer.write(line)
    writer.close()
    return path


def test_the_recording_gives_the_expected_books_and_every_checksum_fits() -> None:
    books = books_of(CAPTURE)
    assert set(books) == set(EXPECTED["symbols"])
    assert sum(book.checksums.ok for book in books.values()) == 2234
    for symbol, wanted in EXPECTED["symbols"].items():
        book = books[symbol]
        assert (book.state, book.snapshots, book.deltas, book.gaps) == ("LIVE", 1, wanted["deltas_applied"], 0)
        assert (book.checksums.ok, book.checksums.bad) == (wanted["checksums"]["verified"], 0)
        for side, best in ((book.bids, wanted["final"]["bids"]), (book.asks, wanted["final"]["asks"])):
            assert side == [(float(price), float(size)) for price, size in best]


@pytest.mark.parametrize("checkpoint", EXPECTED["checkpoints"], ids=lambda point: f"{point['percent']} %")
def test_they_stand_where_they_should_after_each_tenth(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    lines = lines_of(CAPTURE)[: checkpoint["line"] - 1]
    books = books_of(written(tmp_path / "part.jsonl", lines))
    for symbol, best in checkpoint["best"].items():
        if best is not None and best["bid"] is not None:
            assert books[symbol].bids[0] == (float(best["bid"]), float(best["bid_size"]))
            assert books[symbol].asks[0] == (float(best["ask"]), float(best["ask_size"]))


def test_a_changed_digit_is_found_by_the_checksum(tmp_path: Path) -> None:
    lines = lines_of(CAPTURE)
    updates = [at for at, line in enumerate(lines) if isinstance(line, Frame) and '"c":"' in str(line.text)]
    spoilt = lines[updates[3]]
    assert isinstance(spoilt, Frame)
    message = json.loads(str(spoilt.text))
    message[1].setdefault("b", []).append(["354.16000000", "0.77000000", "1618678133.000000"])
    lines[updates[3]] = msgspec.structs.replace(spoilt, text=json.dumps(message))
    book = books_of(written(tmp_path / "spoilt.jsonl", lines))[_symbol(message[-1])]
    assert (book.state, book.checksums.bad) == ("SYNCING", 1)


def test_the_sum_of_the_documentation() -> None:
    asks = [(f"0.05{price:03d}", "0.00000500") for price in range(5, 55, 5)]
    bids = [
        (price, "0.00000500") for price in ["0.05000", "0.04995", "0.04990", "0.04980", "0.04975", "0.04970", "0.04965"]
    ]
    bids += [(price, "0.00000500") for price in ("0.04960", "0.04955", "0.04950")]
    assert checksum(bids, asks) == 974947235


def test_zeros_in_front_do_not_count_and_those_at_the_end_do() -> None:
    assert checksum([("0.10", "2")], [("1.0", "3")]) == zlib.crc32(b"103102")


def _symbol(pair: str) -> str:
    return pair.replace("XBT", "BTC")
