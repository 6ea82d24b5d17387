import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.capture.format import Rest
from arb_core.capture.replay import ReplayOptions, replay
from arb_core.capture.summary import BookSummary, Summary
from arb_core.capture.venue import ReplayClock
from arb_core.errors import CaptureError, NotSupported, PluginMissing, SettingsError
from arb_core.structs.opportunity import Opportunity, Verdict

Maker = Callable[..., Path]
BID, ASK = (99.0, 1.0), (101.0, 1.0)


def update(
    first: int, last: int | None = None, *, conn: str = "c1", pair: str = "ABCUSDT", **sides: Any
) -> dict[str, Any]:
    body = {"pair": pair, "U": first, "u": first if last is None else last, **sides}
    return {"kind": "frame", "conn": conn, "text": json.dumps(body)}


def depth(
    last_id: int, bids: Any = (BID,), asks: Any = (ASK,), *, pair: str = "ABCUSDT", status: int = 200
) -> dict[str, Any]:
    body = json.dumps({"id": last_id, "b": bids, "a": asks})
    return {"kind": "rest", "method": "GET", "url": f"https://toy/depth?pair={pair}", "status": status, "body": body}


def info(names: dict[str, str]) -> dict[str, Any]:
    return {"kind": "rest", "method": "GET", "url": "https://toy/info", "status": 200, "body": json.dumps(names)}


def one_book(summary: Summary) -> BookSummary:
    return summary.books["toy"]["ABC/USDT"]


def counts(book: BookSummary) -> tuple[str, int, int, int, int, int]:
    return book.state, book.snapshots, book.received, book.deltas, book.skipped, book.gaps


def test_deltas_before_the_snapshot_are_kept_and_replayed(make_capture: Maker, plugins: Any) -> None:
    path = make_capture([update(4), update(5), update(6, b=[(99.5, 2.0)]), depth(5), update(7, a=[(100.5, 3.0)])])
    book = one_book(replay([path], ReplayOptions(), plugins))
    assert counts(book) == ("LIVE", 1, 4, 2, 2, 0)
    assert book.bids == [(99.5, 2.0), BID]
    assert book.asks == [(100.5, 3.0), ASK]


def test_a_snapshot_whose_deltas_were_all_older_is_live(make_capture: Maker, plugins: Any) -> None:
    book = one_book(replay([make_capture([update(4), update(5), depth(5)])], ReplayOptions(), plugins))
    assert counts(book) == ("LIVE", 1, 2, 0, 2, 0)


def test_a_gap_ends_the_book_and_its_last_levels_are_shown(make_capture: Maker, plugins: Any) -> None:
    path = make_capture([depth(5), update(6, b=[(99.5, 2.0)]), update(8, b=[(99.9, 9.0)]), update(9)])
    book = one_book(replay([path], ReplayOptions(), plugins))
    assert (book.state, book.snapshots, book.deltas, book.skipped, book.gaps) == ("SYNCING", 1, 1, 0, 1)
    assert book.bids == [(99.5, 2.0), BID]


def test_a_recorded_snapshot_mends_a_gap_however_late_it_comes(make_capture: Maker, plugins: Any) -> None:
    lines = [
        depth(5),
        update(6),
        update(8),
        {**depth(9), "ns": 10**18},
        {**update(10, b=[(99.5, 2.0)]), "ns": 10**18 + 1},
    ]
    book = one_book(replay([make_capture(lines)], ReplayOptions(), plugins))
    assert (book.state, book.snapshots, book.gaps) == ("LIVE", 2, 1)
    assert book.bids[0] == (99.5, 2.0)


def test_an_answer_nobody_waits_for_is_kept_and_too_old_for_a_later_gap(make_capture: Maker, plugins: Any) -> None:
    lines = [depth(5), depth(5, bids=[(50.0, 1.0)]), update(6), update(8)]
    book = one_book(replay([make_capture(lines)], ReplayOptions(), plugins))
    assert (book.state, book.snapshots) == ("SYNCING", 1)
    assert book.bids == [BID]


def test_a_closed_connection_ends_its_books_and_a_new_one_begins_them_again(make_capture: Maker, plugins: Any) -> None:
    begin = [depth(5), update(6), {"kind": "close", "conn": "c1"}]
    ended = one_book(replay([make_capture(begin)], ReplayOptions(), plugins))
    assert ended.state == "SYNCING"
    again = [
        *begin,
        {"kind": "open", "conn": "c2", "url": "wss://toy"},
        update(9, conn="c2"),
        depth(9),
        update(10, conn="c2"),
    ]
    book = one_book(replay([make_capture(again)], ReplayOptions(), plugins))
    assert (book.state, book.snapshots) == ("LIVE", 2)


def test_a_book_that_moved_to_another_connection_outlives_the_old_one(make_capture: Maker, plugins: Any) -> None:
    lines = [depth(5), update(6), update(7, conn="c2"), {"kind": "close", "conn": "c1"}, update(8, conn="c2")]
    assert one_book(replay([make_capture(lines)], ReplayOptions(), plugins)).state == "LIVE"


def test_a_frame_that_cannot_be_read_costs_only_its_own_connection(make_capture: Maker, plugins: Any) -> None:
    symbols = ["ABC/USDT", "DEF/USDT"]
    lines = [
        depth(5),
        depth(5, pair="DEFUSDT"),
        update(6),
        update(6, pair="DEFUSDT", conn="c2"),
        {"kind": "frame", "conn": "c1", "text": "{"},
    ]
    books = replay([make_capture(lines, symbols=symbols)], ReplayOptions(), plugins).books["toy"]
    assert {symbol: book.state for symbol, book in books.items()} == {"ABC/USDT": "SYNCING", "DEF/USDT": "LIVE"}
    mended = replay([make_capture([*lines, depth(6)], symbols=symbols)], ReplayOptions(), plugins).books["toy"]
    assert mended["ABC/USDT"].state == "LIVE"


@pytest.mark.parametrize(
    "line",
    [
        depth(5, status=429),
        {**depth(5), "body": '{"code":1}'},
        {**depth(5), "url": "https://toy/ticker?pair=ABCUSDT"},
        depth(5, pair="XYZUSDT"),
    ],
)
def test_other_answers_are_not_taken_for_a_snapshot(make_capture: Maker, plugins: Any, line: dict[str, Any]) -> None:
    lines = [info({"XYZ/USDT": "XYZUSDT", "ABC/USDT": "ABCUSDT"}), line]
    assert one_book(replay([make_capture(lines)], ReplayOptions(), plugins)).snapshots == 0


def test_the_header_names_books_the_recorded_list_does_not(make_capture: Maker, plugins: Any) -> None:
    lines = [depth(5, pair="abc-usdt-01"), update(6, pair="abc-usdt-01", b=[(99.5, 2.0)])]
    book = one_book(replay([make_capture(lines, native={"ABC/USDT": "abc-usdt-01"})], ReplayOptions(), plugins))
    assert counts(book) == ("LIVE", 1, 1, 1, 0, 0)


def test_the_header_s_spelling_of_a_symbol_wins(make_capture: Maker, plugins: Any) -> None:
    lines = [info({"XABC/USDT": "XABCUSDT"}), depth(5, pair="XABCUSDT"), update(6, pair="XABCUSDT")]
    summary = replay([make_capture(lines, native={"ABC/USDT": "XABCUSDT"})], ReplayOptions(), plugins)
    assert one_book(summary).state == "LIVE"


def test_pairs_that_are_not_followed_are_dropped(make_capture: Maker, plugins: Any) -> None:
    summary = replay([make_capture([depth(5), update(6, pair="XYZUSDT")])], ReplayOptions(), plugins)
    assert list(summary.books["toy"]) == ["ABC/USDT"]


@pytest.fixture
def two_venues(make_capture: Maker) -> list[Path]:
    """The same asset on two exchanges, whose prices part at the third instant and meet again at the fifth."""
    names = {"ABC/USDT": "ABCUSDT"}
    paths: list[Path] = []
    for exchange, jump in (("cheap", 100.0), ("dear", 103.0)):
        lines = [
            info(names),
            depth(1, [[99.0, 5.0]], [[100.0, 5.0]]),
            update(2, b=[(jump - 1, 5.0)], a=[(100.0, 0.0), (jump, 5.0)]) if exchange == "dear" else update(2),
            update(3),
            update(4, b=[(jump - 1, 0.0)], a=[(100.0, 5.0)]) if exchange == "dear" else update(4),
        ]
        paths.append(make_capture([{**line, "exchange": exchange} for line in lines]))
    return paths


AS_TOY = {"cheap": "toy", "dear": "toy"}


def test_two_raw_captures_make_opportunities_judged_like_live_ones(two_venues: list[Path], plugins: Any) -> None:
    heard: list[tuple[Opportunity, Verdict]] = []
    summary = replay(
        two_venues,
        ReplayOptions(fee_bps=Decimal(10), plugins=AS_TOY, exact=True),
        plugins,
        on_opportunity=lambda found, verdict: heard.append((found, verdict)),
    )
    assert [(edge.buy, edge.sell, edge.events, edge.episodes) for edge in summary.edges] == [
        ("cheap", "dear", 4, 1),
        ("dear", "cheap", 0, 0),
    ]
    assert (summary.opportunities.seen, summary.opportunities.executable) == (1, 1)
    found, verdict = heard[0]
    assert verdict.executable
    assert [(leg.venue, leg.price, leg.size) for leg in found.legs] == [("cheap", 100.0, 5.0), ("dear", 102.0, 5.0)]
    assert [(walk.buy, walk.sell, walk.size) for walk in summary.walks] == [
        ("cheap", "dear", "0"),
        ("dear", "cheap", "0"),
    ]


def test_the_same_capture_twice_gives_the_same_bytes(two_venues: list[Path], plugins: Any) -> None:
    options = ReplayOptions(plugins=AS_TOY, exact=True)
    first, second = (msgspec.json.encode(replay(two_venues, options, plugins)) for _ in range(2))
    assert first == second
    assert json.loads(first)["kind"] == "summary"


def test_a_lost_book_ends_a_running_episode(make_capture: Maker, plugins: Any, two_venues: list[Path]) -> None:
    lines = [json.loads(row) for row in two_venues[1].read_text().splitlines()[1:]]
    lines[4] = {**lines[4], **update(9)}
    lines.append({"ns": 6, "exchange": "dear", **depth(9, [[102.0, 5.0]], [[103.0, 5.0]])})
    broken = make_capture(lines)
    summary = replay([two_venues[0], broken], ReplayOptions(plugins=AS_TOY), plugins)
    assert [(edge.events, edge.episodes) for edge in summary.edges if edge.buy == "cheap"] == [(5, 2)]
    assert summary.opportunities.seen == 2


def test_what_a_listener_raises_stops_the_replay(two_venues: list[Path], plugins: Any) -> None:
    def fail(found: Opportunity, verdict: Verdict) -> None:
        raise RuntimeError("the listener's own mistake")

    with pytest.raises(RuntimeError, match="own mistake"):
        replay(two_venues, ReplayOptions(plugins=AS_TOY), plugins, on_opportunity=fail)


def test_an_exchange_without_a_plugin_is_named(make_capture: Maker, plugins: Any) -> None:
    path = make_capture([{**update(1), "exchange": "kraken"}])
    with pytest.raises(PluginMissing, match="kraken"):
        replay([path], ReplayOptions(), plugins)
    assert replay([path], ReplayOptions(plugins={"kraken": "toy"}), plugins).books["kraken"]


def test_raw_and_normalised_lines_of_one_book_exclude_each_other(make_capture: Maker, plugins: Any) -> None:
    path = make_capture([update(1), {"kind": "quote", "symbol": "ABC/USDT", "bid": "1", "ask": "2"}])
    with pytest.raises(CaptureError, match="toy ABC/USDT has both raw and normalised lines") as caught:
        replay([path], ReplayOptions(), plugins)
    assert caught.value.line == 3


def test_a_fee_that_leaves_nothing_is_a_settings_error(make_capture: Maker, plugins: Any) -> None:
    with pytest.raises(SettingsError, match="--fee-bps"):
        replay([make_capture([])], ReplayOptions(fee_bps=Decimal(10_000)), plugins)


def test_progress_is_told(make_capture: Maker, plugins: Any) -> None:
    told: list[tuple[int, int]] = []
    path = make_capture([depth(5)] * 20_001)
    replay([path], ReplayOptions(), plugins, on_progress=lambda lines, ns: told.append((lines, ns)))
    assert told == [(10_000, 10_000), (20_000, 20_000)]


def test_nothing_waits_in_a_replay() -> None:
    clock = ReplayClock()
    with pytest.raises(NotSupported):
        clock.sleep(1)
    with pytest.raises(NotSupported):
        clock.call_at(1, lambda: None)


def test_a_rest_line_is_as_recorded() -> None:
    line = msgspec.convert({"ns": 1, "exchange": "toy", **depth(5)}, Rest)
    assert line.status == 200
