"""A recording of 2022 through the plugin that speaks as Bitget did then: every checksum fits, and the books are right."""

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
from arb_core.runtime.markets import MarketTable
from arb_legacy_wire.bitget_v1 import Public, PublicStream, checksum

RECORDINGS = Path(__file__).parents[1] / "recordings"
CAPTURE = RECORDINGS / "bitget-v1.jsonl.gz"
EXPECTED: dict[str, Any] = json.loads((RECORDINGS / "bitget-v1.expected.json").read_text())
SYMBOLS: dict[str, Any] = EXPECTED["symbols"]


def books_of(path: Path) -> dict[str, BookSummary]:
    summary = replay([path], ReplayOptions(plugins={"bitget": "bitget-v1"}), Registry())
    return dict(summary.books["bitget"])


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
    assert set(books) == set(SYMBOLS)
    for symbol, wanted in SYMBOLS.items():
        book = books[symbol]
        assert (book.state, book.snapshots, book.deltas, book.gaps) == ("LIVE", 1, wanted["deltas_applied"], 0)
        assert (book.checksums.ok, book.checksums.bad) == (wanted["checksums"]["verified"], 0)
        for side, levels in ((book.bids, wanted["final"]["bids"]), (book.asks, wanted["final"]["asks"])):
            assert side == [(float(price), float(size)) for price, size in levels]
    assert sum(book.checksums.ok for book in books.values()) == 224


@pytest.mark.parametrize("checkpoint", EXPECTED["checkpoints"], ids=lambda point: f"{point['percent']} %")
def test_they_stand_where_they_should_after_each_tenth(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    lines = lines_of(CAPTURE)[: checkpoint["line"] - 1]
    books = books_of(written(tmp_path / "part.jsonl", lines))
    for symbol, best in checkpoint["best"].items():
        if best is None:
            assert not books[symbol].bids
            continue
        assert books[symbol].bids[0] == (float(best["bid"]), float(best["bid_size"]))
        assert books[symbol].asks[0] == (float(best["ask"]), float(best["ask_size"]))


def test_a_changed_digit_is_found_by_the_checksum(tmp_path: Path) -> None:
    lines = lines_of(CAPTURE)
    updates = [at for at, line in enumerate(lines) if isinstance(line, Frame) and _is_update(str(line.text), "EOSUSDT")]
    spoilt = lines[updates[3]]
    assert isinstance(spoilt, Frame)
    message = json.loads(str(spoilt.text))
    message["data"][0]["bids"].append(["2.4361", "1.5"])
    lines[updates[3]] = msgspec.structs.replace(spoilt, text=json.dumps(message))
    books = books_of(written(tmp_path / "spoilt.jsonl", lines))
    assert (books["EOS/USDT"].state, books["EOS/USDT"].checksums.bad) == ("SYNCING", 1)
    assert books["SUN/USDT"].state == "LIVE"


def test_the_sum_takes_texts_as_printed_and_leaves_out_a_missing_level() -> None:
    assert checksum([("43231.1", "4"), ("43231", "6")], [("43232.8", "9"), ("43232.9", "8")]) == -1504501796
    assert checksum([("3366.1", "7")], [("3366.8", "9"), ("3368", "8"), ("3372", "8")]) == 831078360
    assert checksum([("1.10", "2"), ("1.00", "4")], [("1.20", "3")]) == _signed("1.10:2:1.20:3:1.00:4")


def test_instruments_are_read_and_nothing_is_asked() -> None:
    row = {
        "symbol": "EOSUSDT_SPBL",
        "symbolName": "EOSUSDT",
        "baseCoin": "EOS",
        "quoteCoin": "USDT",
        "status": "online",
    }
    row |= {"minTradeAmount": "2", "takerFeeRate": "0.001", "makerFeeRate": "0.001"}
    body = json.dumps({"code": "00000", "data": [{**row, "priceScale": "4", "quantityScale": "4"}]}).encode()
    found = Public(MarketTable("bitget-v1")).decode_rest("/api/spot/v1/public/products", {}, body)
    assert isinstance(found, dict)
    (instrument,) = found.values()
    assert (instrument.pair, instrument.tick) == ("EOSUSDT", Decimal("0.0001"))
    assert PublicStream().book_rule.checksum is not None


def _is_update(text: str, pair: str) -> bool:
    return '"action":"update"' in text and '"channel":"books"' in text and pair in text


def _signed(text: str) -> int:
    return int.from_bytes(zlib.crc32(text.encode()).to_bytes(4, "big"), "big", signed=True)
