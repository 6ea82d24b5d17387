"""A recording of 2022 through the plugin that speaks as OKX did then: every checksum fits, and the books are right."""

import json
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.capture.format import Capture, CaptureWriter, Frame, Line
from arb_core.capture.replay import ReplayOptions, replay
from arb_core.capture.summary import BookSummary
from arb_core.registry import Registry
from arb_legacy_wire.okx_2022 import Public, PublicStream, checksum

RECORDINGS = Path(__file__).parents[1] / "recordings"
CAPTURE = RECORDINGS / "okx-2022.jsonl.gz"
EXPECTED: dict[str, Any] = json.loads((RECORDINGS / "okx-2022.expected.json").read_text())
WANTED = EXPECTED["symbols"]["BTC/USDT"]


def book_of(path: Path) -> BookSummary | None:
    summary = replay([path], ReplayOptions(plugins={"okx": "okx-2022"}), Registry())
    return summary.books["okx"].get("BTC/USDT")


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


def test_the_recording_gives_the_expected_book_and_every_checksum_fits() -> None:
    book = book_of(CAPTURE)
    assert book is not None
    assert (book.state, book.snapshots, book.deltas, book.gaps) == ("LIVE", 1, WANTED["deltas_applied"], 0)
    assert (book.checksums.ok, book.checksums.bad) == (WANTED["checksums"]["verified"], 0)
    for side, wanted in ((book.bids, WANTED["final"]["bids"]), (book.asks, WANTED["final"]["asks"])):
        assert side == [(float(price), float(size)) for price, size in wanted]


@pytest.mark.parametrize("checkpoint", EXPECTED["checkpoints"], ids=lambda point: f"{point['percent']} %")
def test_it_stands_where_it_should_after_each_tenth(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    lines = lines_of(CAPTURE)[: checkpoint["line"] - 1]
    book = book_of(written(tmp_path / "part.jsonl", lines))
    best = checkpoint["best"]["BTC/USDT"]
    assert book is not None
    assert book.bids[0] == (float(best["bid"]), float(best["bid_size"]))
    assert book.asks[0] == (float(best["ask"]), float(best["ask_size"]))


def test_a_changed_digit_is_found_by_the_checksum(tmp_path: Path) -> None:
    lines = lines_of(CAPTURE)
    updates = [at for at, line in enumerate(lines) if isinstance(line, Frame) and '"action":"update"' in str(line.text)]
    spoilt = lines[updates[3]]
    assert isinstance(spoilt, Frame)
    message = json.loads(str(spoilt.text))
    message["data"][0]["bids"].append(["30243.39", "1.5", "0", "1"])
    lines[updates[3]] = msgspec.structs.replace(spoilt, text=json.dumps(message))
    book = book_of(written(tmp_path / "spoilt.jsonl", lines))
    assert book is not None
    assert (book.state, book.checksums.bad) == ("SYNCING", 1)


def test_the_sum_takes_texts_as_printed_and_leaves_out_a_missing_level() -> None:
    # crc32 of "1.10:2:1.20:3:1.00:4", as a signed number
    assert checksum([("1.10", "2"), ("1.00", "4")], [("1.20", "3")]) == _signed("1.10:2:1.20:3:1.00:4")
    assert checksum([("1.1", "2"), ("1.00", "4")], [("1.20", "3")]) != _signed("1.10:2:1.20:3:1.00:4")


def test_instruments_are_read_and_nothing_is_asked() -> None:
    row = {"instId": "BTC-USDT", "baseCcy": "BTC", "quoteCcy": "USDT", "tickSz": "0.1", "lotSz": "0.00000001"}
    body = json.dumps({"code": "0", "data": [{**row, "minSz": "0.00001", "state": "live"}]}).encode()
    found = Public().decode_rest("/api/v5/public/instruments", {"instType": "SPOT"}, body)
    assert isinstance(found, dict)
    (instrument,) = found.values()
    assert (instrument.pair, instrument.tick) == ("BTC-USDT", Decimal("0.1"))
    assert PublicStream().book_rule.checksum is not None


def _signed(text: str) -> int:
    return int.from_bytes(zlib.crc32(text.encode()).to_bytes(4, "big"), "big", signed=True)
