import json

import pytest

SECOND = 10**9


@pytest.fixture
def capture(tmp_path):
    """Two venues' quotes, one crossing of 99.9 bp, ten seconds long."""
    lines = [{"capture": 1, "symbols": ["BTC/USDT"], "exchanges": ["left", "right"]}]

    def quote(second, exchange, bid, ask):
        lines.append(
            {
                "ns": second * SECOND,
                "exchange": exchange,
                "kind": "quote",
                "symbol": "BTC/USDT",
                "bid": bid,
                "bid_size": "1",
                "ask": ask,
                "ask_size": "1",
            }
        )

    quote(1, "left", "99.9", "100")
    quote(2, "right", "99.9", "100")
    quote(3, "right", "101", "101.1")
    quote(12, "right", "101", "101.1")
    path = tmp_path / "capture.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def edge(done, buy):
    summary = json.loads(done.out.splitlines()[-1])
    assert summary["kind"] == "summary"
    (found,) = [edge for edge in summary["edges"] if edge["buy"] == buy]
    return found["evaluated"], found["events"], found["episodes"], found["max_bps"]


def test_summary_is_the_last_line(arb, capture):
    done = arb("replay", capture, "--json")
    assert (done.code, done.err) == (0, "")
    assert edge(done, "left") == (3, 2, 1, 100.0)


def test_twice_the_same_bytes(arb, capture):
    assert arb("replay", capture, "--json", "--exact").out == arb("replay", capture, "--json", "--exact").out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--min-edge-bps", "100"), (3, 0, 0, 100.0)),
        (("--min-edge-bps", "99.999"), (3, 2, 1, 100.0)),
        (("--max-age", "5s"), (2, 1, 1, 100.0)),
    ],
)
def test_options_reach_the_evaluation(arb, capture, options, expected):
    assert edge(arb("replay", capture, "--json", *options), "left") == expected


def test_people_get_tables(arb, capture):
    out = arb("replay", capture).out
    assert "BTC/USDT  left   right" in out
    assert "opportunities: 1 seen, 0 executable" in out


@pytest.mark.parametrize(
    "options", [("--fee-bps", "many"), ("--fee-bps", "nan"), ("--max-age", "5"), ("--as", "x"), ("--fee-bps", "10000")]
)
def test_wrong_option_is_bad_use(arb, capture, options):
    done = arb("replay", capture, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_file_that_is_no_capture_is_a_failure(arb, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("# not a capture\n")
    done = arb("replay", path)
    assert done.code == 1
    assert done.err.startswith(f"arb: {path}:1: ")


def test_exchange_without_a_plugin_answers_with_the_cure(arb, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"capture":1,"symbols":["A/B"]}\n{"ns":1,"exchange":"nowhere","kind":"frame","conn":"1","text":"{}"}\n'
    )
    done = arb("replay", path)
    assert done.code == 2
    assert "no exchange 'nowhere' is known" in done.err
