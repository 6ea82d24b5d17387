"""A capture as the market."""

import json

import pytest
from arb_core.errors import CaptureError, SettingsError
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.recording import RecordedWorld

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def write(path, *lines):
    header = {"capture": 1, "symbols": ["BTC/USDT"], "exchanges": ["toy"]}
    path.write_text("\n".join(json.dumps(line) for line in (header, *lines)) + "\n")
    return path


def book(ns, bids, asks, exchange="toy", symbol="BTC/USDT"):
    return {"ns": ns, "exchange": exchange, "kind": "book", "symbol": symbol, "bids": bids, "asks": asks}


@pytest.fixture
def recorded(tmp_path):
    return write(
        tmp_path / "capture.jsonl",
        book(5 * SECOND, [["100.5", "1"], ["100.25", "2"]], [["100.75", "3"]]),
        book(6 * SECOND, [["100.5", "1.5"]], [["100.625", "0.125"], ["100.75", "3"]]),
        {
            "ns": 8 * SECOND,
            "exchange": "toy",
            "kind": "quote",
            "symbol": "BTC/USDT",
            "bid": "99",
            "bid_size": None,
            "ask": "99.5",
            "ask_size": "2",
        },
    )


def shown(venue):
    market = venue.by_pair["BTC-USDT"]
    spelling = market.spelling
    return spelling.levels(market.book.bids), spelling.levels(market.book.asks)


def test_books_move_as_they_were_recorded_and_begin_again(toy, recorded):
    world = RecordedWorld(recorded, start_ns=START)
    venue = toy(world=world)
    listing = venue.by_pair["BTC-USDT"].listing
    assert (listing.price_decimals, listing.size_decimals) == (3, 3)
    first = ([("100.500", "1.000"), ("100.250", "2.000")], [("100.750", "3.000")])
    second = ([("100.500", "1.500")], [("100.625", "0.125"), ("100.750", "3.000")])
    third = ([("99.000", "1.000")], [("99.500", "2.000")])
    seen = []
    for seconds in (0, 0.9, 1, 2.9, 3, 3.9, 4, 5.1):
        venue.due(START + round(seconds * SECOND))
        seen.append(shown(venue))
    assert seen == [first, first, second, second, third, third, first, second]


def test_follower_gets_the_changes_under_versions_of_our_own(toy, connect, recorded):
    venue = toy(world=RecordedWorld(recorded, start_ns=START))
    client = connect(venue)
    client.say("join book BTC-USDT")
    version = venue.by_pair["BTC-USDT"].book.version
    client.wait(1.5)
    (message,) = client.messages
    assert (message["first"], message["last"]) == (version + 1, version + 1)
    assert sorted(map(tuple, message["bids"])) == [(100_250, 0), (100_500, 1_500)]
    assert message["asks"] == [[100_625, 125]]


def test_other_exchange_is_refused_with_what_there_is(toy, tmp_path):
    world = RecordedWorld(
        write(tmp_path / "c.jsonl", book(1, [["1", "1"]], [["2", "1"]], exchange="elsewhere")), start_ns=START
    )
    with pytest.raises(SettingsError, match="holds nothing of toy; it holds elsewhere"):
        toy(world=world)


def test_recording_without_a_whole_book_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no book with two sides"):
        RecordedWorld(write(tmp_path / "c.jsonl", book(1, [["1", "1"]], [])), start_ns=START)


def test_damaged_recording_is_refused(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text("nonsense\n")
    with pytest.raises(CaptureError):
        RecordedWorld(path, start_ns=START)


def test_serving_begins_when_every_book_has_two_sides(toy, tmp_path):
    path = write(
        tmp_path / "c.jsonl",
        book(1 * SECOND, [["100", "1"]], [["101", "1"]]),
        book(2 * SECOND, [["100", "5"]], [["101", "1"]]),
        book(3 * SECOND, [["10", "1"]], [["11", "1"]], symbol="LINK/USDT"),
        book(4 * SECOND, [["10", "2"]], [["11", "1"]], symbol="LINK/USDT"),
    )
    venue = toy(world=RecordedWorld(path, start_ns=START))
    assert {pair: list(market.book.bids) for pair, market in venue.by_pair.items()} == {
        "BTC-USDT": [(100, 5)],
        "LINK-USDT": [(10, 1)],
    }


def test_context_holds_the_recorded_world(recorded):
    context = SimulationContext(world=RecordedWorld(recorded, start_ns=START), faults=Faults())
    assert [str(symbol) for symbol in context.world.symbols] == ["BTC/USDT"]
