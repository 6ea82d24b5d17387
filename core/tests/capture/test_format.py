import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from arb_core.capture.format import (
    BookLine,
    Capture,
    CaptureWriter,
    Close,
    Frame,
    Header,
    Line,
    Note,
    Open,
    QuoteLine,
    Rest,
    Sent,
)
from arb_core.errors import CaptureError
from hypothesis import given
from hypothesis import strategies as st

HEADER = b'{"capture":1,"symbols":["BTC/USDT"]}\n'
CLOSED = b'{"ns":1,"exchange":"a","kind":"close","conn":"c"}\n'
LINES: list[Line] = [
    Open(ns=1, exchange="a", conn="c1", url="wss://a/ws"),
    Sent(ns=1, exchange="a", conn="c1", text='{"subscribe":1}'),
    Frame(ns=2, exchange="a", conn="c1", text="grüße \u0000 \n"),
    Frame(ns=2, exchange="a", conn="c1", base64=b"\xff\x00"),
    Rest(ns=3, exchange="a", method="GET", url="https://a/depth?x=1", status=200, body="{}"),
    QuoteLine(ns=4, exchange="a", symbol="BTC/USDT", bid="1.5", bid_size=None, ask="1.6", ask_size="2"),
    BookLine(ns=5, exchange="a", symbol="BTC/USDT", bids=(("1.5", "1"), ("1.4", "2")), asks=()),
    Note(ns=6, exchange="", text="that is all"),
    Close(ns=7, exchange="a", conn="c1"),
]


def read(path: Path) -> list[Line]:
    with Capture(path) as capture:
        return list(capture)


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    header = Header(capture=1, symbols=("BTC/USDT",), exchanges=("a",), native={"BTC/USDT": "BTCUSDT"})
    writer = CaptureWriter(tmp_path / name, header)
    for line in LINES:
        writer.write(line)
    writer.close()
    with Capture(tmp_path / name) as capture:
        assert capture.header == header
        assert list(capture) == LINES
        assert capture.line == len(LINES) + 1
    packed = (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b"
    assert packed is name.endswith(".gz")


def test_equal_lines_are_equal_files(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        writer = CaptureWriter(tmp_path / name, Header(capture=1))
        writer.write(LINES[0])
        writer.close()
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@given(payload=st.binary(max_size=200))
def test_a_frame_keeps_every_byte(payload: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("frame") / "x.jsonl"
    try:
        line = Frame(ns=1, exchange="a", conn="c", text=payload.decode())
    except UnicodeDecodeError:
        line = Frame(ns=1, exchange="a", conn="c", base64=payload)
    writer = CaptureWriter(path, Header(capture=1))
    writer.write(line)
    writer.close()
    (found,) = read(path)
    assert isinstance(found, Frame)
    assert found.payload == payload


def test_compression_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(gzip.compress(HEADER))
    assert read(path) == []


def test_unknown_kinds_and_fields_are_ignored_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [
        b'{"ns":1,"exchange":"a","kind":"weather","sky":"blue"}',
        b'{"ns":2,"exchange":"a","kind":"close","conn":"c1","trimmed":true}',
        b"",
        b'{"ns":3,"exchange":"a","kind":"weather"}',
    ]
    path.write_bytes(HEADER + b"\n".join(rows) + b"\n")
    with Capture(path) as capture:
        assert list(capture) == [Close(ns=2, exchange="a", conn="c1")]
        assert capture.ignored == {"weather": 2}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"not json", "not a line of a capture"),
        (b'{"ns":1,"exchange":"a","kind":"close","conn"', "not a line of a capture"),
        (b'{"ns":1,"exchange":"a"}', "not a line of a capture"),
        (b'{"ns":"1","exchange":"a","kind":"close","conn":"c"}', "not a line of a capture"),
        (b'{"ns":1,"exchange":"a","kind":"close"}', "not a line of kind 'close'"),
        (b'{"ns":1,"exchange":"a","kind":"frame","conn":"c"}', "either text or base64"),
        (b'{"ns":1,"exchange":"a","kind":"frame","conn":"c","base64":"?"}', "not a line of kind 'frame'"),
        (b'{"ns":1,"exchange":"a","kind":"quote","symbol":"BTCUSDT"}', "expected a symbol like BTC/USDT"),
        (b'{"ns":1,"exchange":"a","kind":"quote","symbol":"BTC/USDT","bid":"-1"}', "expected a decimal number"),
        (b'{"ns":1,"exchange":"a","kind":"quote","symbol":"BTC/USDT","bid":"NaN"}', "expected a decimal number"),
        (
            b'{"ns":1,"exchange":"a","kind":"book","symbol":"BTC/USDT","bids":[["1","1"],["2","1"]],"asks":[]}',
            "best first",
        ),
        (b'{"ns":0,"exchange":"a","kind":"close","conn":"c"}', "time order"),
        (b'"\xff"', "not a line of a capture"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, row: bytes, words: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(HEADER + CLOSED + row + b"\n")
    with pytest.raises(CaptureError, match=words) as caught:
        read(path)
    assert caught.value.line == 3
    assert f"{path}:3: " in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"{}\n", "not the header of a capture"),
        (b'{"capture":2}\n', "a capture of version 2, this reader knows version 1"),
        (b'{"capture":1,"symbols":["BTC"]}\n', "not the header of a capture"),
        (gzip.compress(HEADER + CLOSED * 100)[:-12], "damaged or ends too early"),
        (b"\x1f\x8b nothing of the kind", "damaged or ends too early"),
    ],
    ids=["empty", "no version", "later version", "no symbol", "cut", "damaged"],
)
def test_a_file_that_is_no_capture_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=words):
        read(path)


def test_a_missing_file_and_an_existing_one_are_capture_errors(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        Capture(tmp_path / "missing")
    (tmp_path / "there").write_text("precious")
    with pytest.raises(CaptureError, match="File exists"):
        CaptureWriter(tmp_path / "there", Header(capture=1))
    assert (tmp_path / "there").read_text() == "precious"


def test_native_names_stand_alone_or_by_exchange() -> None:
    both = ("BTC/USDT", "ETH/USDT")
    one = Header(capture=1, symbols=both, native={"BTC/USDT": "BTCUSDT"})
    assert one.followed("binance") == {"BTC/USDT": "BTCUSDT", "ETH/USDT": None}
    by_exchange: dict[str, str | dict[str, str]] = {
        "binance": {"BTC/USDT": "BTCUSDT"},
        "gateio": {"ETH/USDT": "ETH_USDT"},
    }
    several = Header(capture=1, symbols=both, native=by_exchange)
    assert several.followed("gateio") == {"ETH/USDT": "ETH_USDT"}
    assert several.followed("mexc") == {"BTC/USDT": None, "ETH/USDT": None}


def test_a_line_of_one_file_may_be_read_once(make_capture: Callable[..., Path]) -> None:
    path = make_capture([{"kind": "close", "conn": "c"}], name="once.jsonl.gz")
    with Capture(path) as capture:
        assert len(list(capture)) == 1
        assert list(capture) == []
