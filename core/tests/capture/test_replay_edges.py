import json
import os
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby, permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from arb_core.capture.replay import ReplayOptions, replay
from arb_core.capture.summary import Summary, exact_walk, walk_summary
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Maker = Callable[..., Path]
Row = dict[str, Any]

# Few prices and few moments: ties in price, in time and between files are the rule.
prices = st.one_of(st.none(), st.integers(9_990, 10_010).map(lambda tick: str(Decimal(tick) / 1000)))
rows = st.fixed_dictionaries(
    {
        "kind": st.just("quote"),
        "exchange": st.sampled_from(["a", "b", "c"]),
        "symbol": st.sampled_from(["ABC/USDT", "DEF/USDT"]),
        "bid": prices,
        "ask": prices,
        "bid_size": st.sampled_from([None, "3"]),
        "ask_size": st.sampled_from([None, "2"]),
    }
)
files = st.lists(st.lists(st.tuples(st.integers(0, 3), rows), max_size=25), min_size=1, max_size=2)


def timed(steps: list[tuple[int, Row]]) -> list[Row]:
    """Add times: each row comes `step` after the one before."""
    ns = 100
    out: list[Row] = []
    for step, row in steps:
        ns += step
        out.append({**row, "ns": ns})
    return out


def by_definition(lines: list[Row], options: ReplayOptions) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Count edges the slow way, from the definition alone."""
    fee, minimum = Fraction(options.fee_bps) / 10_000, Fraction(options.min_edge_bps)
    groups = (
        [list(rows) for _, rows in groupby(lines, key=lambda row: row["ns"])]
        if options.per_instant
        else [[r] for r in lines]
    )
    quotes: dict[tuple[str, str], Row] = {}
    streams: dict[tuple[str, str, str], list[tuple[int, Fraction | None]]] = defaultdict(list)
    for group in groups:
        now = group[-1]["ns"]
        for row in group:
            quotes[row["exchange"], row["symbol"]] = row
        for symbol in sorted({row["symbol"] for row in group}):
            touched = {row["exchange"] for row in group if row["symbol"] == symbol}
            for buy, sell in permutations("abc", 2):
                if not touched & {buy, sell}:
                    continue
                bought, sold = quotes.get((buy, symbol)), quotes.get((sell, symbol))
                if bought is None or sold is None:
                    continue
                edge = None
                fresh = options.max_age_ns is None or all(now - q["ns"] <= options.max_age_ns for q in (bought, sold))
                if fresh and bought["ask"] is not None and sold["bid"] is not None:
                    edge = 10_000 * (Fraction(sold["bid"]) * (1 - fee) / (Fraction(bought["ask"]) * (1 + fee)) - 1)
                streams[symbol, buy, sell].append((now, edge))
    counted: dict[tuple[str, str, str], dict[str, Any]] = {}
    for way, stream in streams.items():
        known = [(edge, -n) for n, (_, edge) in enumerate(stream) if edge is not None]
        if not known:
            continue
        above = [edge is not None and edge > minimum for _, edge in stream]
        best, place = max(known)
        counted[way] = {
            "evaluated": len(known),
            "events": sum(above),
            "episodes": sum(over for over, _ in groupby(above)),
            "max_bps": float(best),
            "max_ns": stream[-place][0],
        }
    return counted


@given(
    steps=files,
    fee=st.sampled_from(["0", "1", "2.5"]),
    minimum=st.sampled_from(["0", "5", "10", "-3", "0.5"]),
    max_age_ns=st.sampled_from([None, 0, 2]),
    per_instant=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
@example(steps=[[]], fee="0", minimum="0", max_age_ns=None, per_instant=True)
def test_edges_and_episodes_are_those_of_the_definition(  # noqa: PLR0917 (hypothesis fills in what is not a fixture)
    make_capture: Maker,
    steps: list[list[tuple[int, Row]]],
    fee: str,
    minimum: str,
    max_age_ns: int | None,
    per_instant: bool,
) -> None:
    options = ReplayOptions(
        fee_bps=Decimal(fee), min_edge_bps=Decimal(minimum), max_age_ns=max_age_ns, per_instant=per_instant
    )
    parts = [timed(part) for part in steps]
    paths = [make_capture(part) for part in parts]
    summary = replay(paths, options, _no_plugins())
    for path in paths:
        path.unlink()
    # Stable: equal times keep the order of the command line, then that of the file.
    merged = sorted((row for part in parts for row in part), key=lambda row: row["ns"])
    wanted = by_definition(merged, options)
    assert [(e.symbol, e.buy, e.sell) for e in summary.edges] == sorted(wanted)
    for edge in summary.edges:
        assert msgspec.structs.asdict(edge).items() >= wanted[edge.symbol, edge.buy, edge.sell].items()
    counts = summary.opportunities
    assert counts.seen == sum(edge.episodes for edge in summary.edges)
    assert counts.seen == counts.executable + sum(counts.refused.values())
    assert not summary.books
    assert not summary.walks


def _no_plugins() -> Any:
    """Normalised lines need no plugin, so none is asked for."""
    return None


def quote(exchange: str, bid: str, ask: str, ns: int, **more: Any) -> Row:
    return {"kind": "quote", "exchange": exchange, "symbol": "ABC/USDT", "bid": bid, "ask": ask, "ns": ns, **more}


def test_what_is_not_known_of_a_recorded_quote_refuses_it(make_capture: Maker) -> None:
    path = make_capture([quote("a", "99", "100", 1), quote("b", "102", "103", 1)])
    summary = replay([path], ReplayOptions(), _no_plugins())
    assert summary.opportunities.refused == {"different_instrument": 1}


def test_a_perpetual_is_a_different_instrument(make_capture: Maker) -> None:
    path = make_capture([quote("a", "99", "100", 1), quote("b", "102", "103", 1, market="perpetual")])
    details: list[str] = []
    replay(
        [path],
        ReplayOptions(),
        _no_plugins(),
        on_opportunity=lambda _, verdict: details.extend(
            c.detail for c in verdict.checks if c.name == verdict.refused_by
        ),
    )
    assert details == ["ABC/USDT is a perpetual on b: only spot is traded"]


def test_an_age_of_exactly_the_limit_is_usable(make_capture: Maker) -> None:
    path = make_capture([quote("a", "99", "100", 0), quote("b", "102", "103", 5), quote("b", "102", "103", 6)])
    (edge, _) = replay([path], ReplayOptions(max_age_ns=5), _no_plugins()).edges
    assert (edge.evaluated, edge.events, edge.episodes) == (1, 1, 1)


def test_prices_beyond_float64_are_compared_as_printed(make_capture: Maker) -> None:
    above = "100.000000000000000000000001"
    path = make_capture([quote("a", "99", "100", 1), quote("b", "100", "103", 2), quote("b", above, "103", 3)])
    edge = replay([path], ReplayOptions(), _no_plugins()).edges[0]
    assert (edge.evaluated, edge.events, edge.max_ns) == (2, 1, 3)


def book(exchange: str, bids: list[list[str]], asks: list[list[str]], ns: int = 1) -> Row:
    return {"kind": "book", "exchange": exchange, "symbol": "ABC/USDT", "bids": bids, "asks": asks, "ns": ns}


def test_exact_walks_are_made_for_books_with_both_sides(make_capture: Maker) -> None:
    a = book("a", [["99", "1"]], [["100", "2"], ["101", "5"]])
    b = book("b", [["103", "1.5"], ["102", "1"]], [["104", "1"]])
    one_sided = book("c", [["200", "1"]], [])
    summary = replay([make_capture([a, b, one_sided])], ReplayOptions(fee_bps=Decimal(10), exact=True), _no_plugins())
    assert [(walk.buy, walk.sell) for walk in summary.walks] == [("a", "b"), ("b", "a")]
    walk = summary.walks[0]
    assert (walk.size, walk.buy_cost, walk.sell_revenue, walk.profit) == ("2.5", "250.7505", "256.2435", "5.493")
    assert walk.fee_bps == 10
    assert {getattr(summary.walks[1], name) for name in ("size", "buy_cost", "sell_revenue", "profit")} == {"0"}
    assert ("a", "c") in {(edge.buy, edge.sell) for edge in summary.edges}, "one side is enough for its own direction"
    assert not replay([make_capture([a, b])], ReplayOptions(), _no_plugins()).walks


sides = st.dictionaries(st.integers(90, 110), st.integers(1, 20), max_size=8)


@given(asks=sides, bids=sides, fee_bps=st.integers(0, 200))
def test_exact_walk_equals_matching_unit_by_unit(asks: dict[int, int], bids: dict[int, int], fee_bps: int) -> None:
    fee = Fraction(fee_bps, 10_000)
    to_buy = [price for price, size in sorted(asks.items()) for _ in range(size)]
    to_sell = [price for price, size in sorted(bids.items(), reverse=True) for _ in range(size)]
    matched = [(a, b) for a, b in zip(to_buy, to_sell, strict=False) if b * (1 - fee) > a * (1 + fee)]
    size, cost, revenue = exact_walk(
        [(Fraction(p), Fraction(s)) for p, s in sorted(asks.items())],
        [(Fraction(p), Fraction(s)) for p, s in sorted(bids.items(), reverse=True)],
        fee,
    )
    assert size == len(matched)
    assert cost == sum((a * (1 + fee) for a, _ in matched), Fraction(0))
    assert revenue == sum((b * (1 - fee) for _, b in matched), Fraction(0))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ("1.0000000000000000005", "1"),
        ("1.0000000000000000015", "1.000000000000000002"),
        ("123456789012345678901234.5", "123456789012345678901234.5"),
        ("0.000000000000000001", "0.000000000000000001"),
    ],
)
def test_walks_print_half_even_at_eighteen_places(size: str, text: str) -> None:
    level = Fraction(size)
    walk = walk_summary("ABC/USDT", "a", "b", fee=Fraction(0), asks=[(Fraction(1), level)], bids=[(Fraction(2), level)])
    assert walk.size == text


SHARED = os.environ.get("ARB_SHARED_DATA")
shared = pytest.mark.skipif(SHARED is None, reason="recordings that may not be published: set ARB_SHARED_DATA")


@cache
def _replay_shared(path: str, **options: Any) -> Summary:
    return replay([Path(SHARED or "") / path], ReplayOptions(**options), _no_plugins())


@shared
@pytest.mark.parametrize("name", ["lunc-mexc-gateperp", "btcusdt-binance-kraken"])
def test_recorded_quotes_give_the_expected_events_and_episodes(name: str) -> None:
    expected = json.loads((Path(SHARED or "") / f"quotes/{name}.expected.json").read_text())["results"]
    checked = 0
    for mode, by_staleness in expected.items():
        for staleness, by_direction in by_staleness.items():
            for way, by_fee in by_direction.items():
                _, buy, _, sell = way.split("_")
                for fee, wanted in by_fee.items():
                    for threshold, over in wanted["over"].items():
                        summary = _replay_shared(
                            f"quotes/{name}.jsonl.gz",
                            fee_bps=Decimal(fee.removeprefix("fee_").removesuffix("bp_per_leg")),
                            min_edge_bps=Decimal(threshold),
                            max_age_ns=5_000_000_000 if staleness == "stale_after_5s" else None,
                            per_instant=mode == "per_instant",
                        )
                        (edge,) = [edge for edge in summary.edges if (edge.buy, edge.sell) == (buy, sell)]
                        assert edge.evaluated == wanted["evaluated"]
                        assert (edge.events, edge.episodes) == (over["events"], over["episodes"])
                        assert f"{edge.max_bps:.6f}" == wanted["largest_edge_bp"]
                        assert edge.max_ns == wanted["largest_at_ns"]
                        checked += 1
    assert checked == 64


@shared
@pytest.mark.parametrize("fee", ["0", "10"])
def test_recorded_books_give_the_expected_walks(fee: str) -> None:
    expected = json.loads((Path(SHARED or "") / "books/binance-okx-books.expected.json").read_text())["symbols"]
    summary = _replay_shared("books/binance-okx-books.jsonl.gz", fee_bps=Decimal(fee), exact=True)
    found = {(walk.symbol, f"buy_{walk.buy}_sell_{walk.sell}"): walk for walk in summary.walks}
    wanted = {
        (symbol, way): walk[f"fee_{fee}bp_per_leg"]
        for symbol, ways in expected.items()
        for way, walk in ways.items()
        if walk is not None
    }
    assert found.keys() == wanted.keys()
    for way, walk in found.items():
        figures = msgspec.structs.asdict(walk)
        assert {name: figures[name] for name in ("size", "buy_cost", "sell_revenue", "profit")} == {
            name: text for name, text in wanted[way].items() if name != "edge_bp"
        }
