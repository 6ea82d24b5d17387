"""Market data that lie, stop, come late or too much: what a user sees instead, over the real plugins on virtual time."""

import asyncio
import gc
import tracemalloc
from collections import Counter

import pytest
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Symbol
from arb_sim.faults import FaultKind
from arb_sim.world import Quirk

SECOND = 1_000_000_000
MINUTE_S = 60
EXCHANGES = ("mexc", "gateio", "binance")

pytestmark = pytest.mark.looptime(noop_cycles=0)


def stats(town, exchange):
    return next(book.stats for book in town.watch.venues[exchange].health().books)


# Desynchronised books


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.REORDER])
async def test_missing_message_makes_the_book_unreadable_until_it_is_true_again(street, exchange, kind):
    other = "gateio" if exchange != "gateio" else "mexc"
    async with street(exchange, other).open() as town:
        await town.until(town.all_live)
        book = town.book(exchange)
        states = []
        town.watch.venues[exchange].on_lost(lambda lost, fault: states.append((fault, lost.quote())))
        town.fault(exchange, kind=kind, count=1)
        await town.until(lambda: bool(states), at_most_s=20)
        assert states[0] == (BookFault.GAP, None)
        took = await town.until(lambda: book.state is BookState.LIVE, at_most_s=20)
        assert stats(town, exchange).gaps == 1
        assert took < 5
        # The market stands still now, so that the venue's book of this moment can be compared with ours.
        for maker in town.world._makers.values():
            maker.walk._step_ns = 10**18
        town.world._step_ns = 0
        await town.pass_(2)
        assert town.is_true_to_the_venue(exchange)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_old_snapshot_is_never_shown(street, exchange):
    town = street(exchange, "gateio" if exchange != "gateio" else "mexc")
    async with town.open():
        await town.until(town.all_live)
        book = town.book(exchange)
        town.fault(exchange, kind=FaultKind.STALE_SNAPSHOT, hold_s=20)
        await town.pass_(1)
        town.fault(exchange, kind=FaultKind.DROP, count=1)
        await town.until(lambda: book.state is not BookState.LIVE, at_most_s=10)
        await town.pass_(10)
        assert book.quote() is None, "the only snapshot to be had is too old"
        await town.until(lambda: book.state is BookState.LIVE, at_most_s=60)


# Lag


async def test_growing_lag_is_told_and_refused(street, ask, direction):
    quirks = (Quirk(exchange="gateio", symbol=Symbol("LINK", "USDT"), price_factor=1.01),)
    async with street(quirks=quirks).open() as town:
        await town.pass_(10)
        found = direction(town.seen, "mexc", "gateio")
        assert found[-1][1].executable
        # The way gets longer and longer; no message is lost, no connection breaks.
        for late_s in (0.5, 1, 2, 3):
            town.delay("gateio", late_s)
            seen = direction(await town.pass_(5), "mexc", "gateio")
        verdict = seen[-1][1]
        assert verdict.refused_by == "healthy"
        assert "gateio: messages arrive 3.0 s late" in ask(verdict, "healthy").detail
        assert any(text.startswith("gateio: messages arrive") for text in town.told)
        assert town.watch.venues["gateio"].health().loop.late > 0
        assert town.book("gateio").state is BookState.LIVE
        town.delay("gateio", 0.005)
        seen = direction(await town.pass_(10), "mexc", "gateio")
        assert seen[-1][1].executable


async def test_work_per_message_does_not_grow_with_the_number_of_symbols(street):
    def calls(town):
        looked = Counter()
        strategy = town.watch.session._strategies["spatial"]
        for symbol, venues in strategy._lanes.items():
            for venue, (_, lanes) in venues.items():
                looked[symbol, venue] = len(lanes)
        return set(looked.values())

    few = street(symbols=("LINK/USDT", "ETH/USDT"))
    async with few.open():
        await few.until(few.all_live)
        assert calls(few) == {1}
    many = street(symbols=tuple(f"C{n}X/USDT" for n in range(60)), steps_per_s=0.5)
    async with many.open():
        await many.until(many.all_live)
        assert calls(many) == {1}, "one comparison for each other venue of that symbol"


# Start


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_hundreds_of_books_start_within_the_venues_limits(street, exchange):
    count = 300
    symbols = tuple(f"C{n}X/USDT" for n in range(count))
    town = street(exchange, symbols=symbols, steps_per_s=0.2, networks=False, latency_ns=20_000_000)
    async with town.open():
        took = await town.until(town.all_live, at_most_s=180, look_s=0.5)
        assert town.watch.live() == (count, count), "no book is left out silently"
        statuses = Counter(status for _, _, status in town.wires[exchange].requests)
        assert set(statuses) == {200}, f"the venue counts as it says, and refused: {statuses}"
        asked = Counter(path for _, path, _ in town.wires[exchange].requests)
        snapshots = max(asked.values())
        assert snapshots < 1.2 * count
        print(f"{exchange}: {count} books LIVE after {took:.1f} s of venue time, {snapshots} snapshots")


# Memory


OURS = [tracemalloc.Filter(True, f"*/{package}/*") for package in ("arb_core", "arb_gateio", "arb_binance")]
SIMULATED = [tracemalloc.Filter(False, "*/sim.py")]


async def test_memory_is_flat_over_a_thousand_reconnects(street):
    """The book resynchronises after each. What the simulator remembers is not counted."""
    town = street("gateio", "binance", steps_per_s=0.2)
    marks = []
    async with town.open():
        await town.until(town.all_live)
        for exchange in town.exchanges:
            town.fault(exchange, kind=FaultKind.DISCONNECT, every_s=8, count=500, at_s=1)
        tracemalloc.start()
        try:
            for _ in range(4):
                await town.pass_(125 * 8)
                town.forget()
                gc.collect()
                held = tracemalloc.take_snapshot().filter_traces(OURS).filter_traces(SIMULATED)
                size = sum(trace.size for trace in held.traces)
                marks.append((size, len(gc.get_objects()), len(asyncio.all_tasks())))
        finally:
            tracemalloc.stop()
        cut = sum(town.simulated[exchange].faults.counts[FaultKind.DISCONNECT] for exchange in town.exchanges)
        assert cut >= 950
        await town.until(town.all_live)
    first, last = marks[1], marks[-1]
    print(f"{cut} disconnects; bytes of ours, objects, tasks at each quarter: {marks}")
    assert last[0] - first[0] < 20_000, marks
    assert last[1] - first[1] < 500, marks
    assert last[2] <= first[2] + 1, marks


# Limits


@pytest.mark.parametrize(("kind", "status"), [(FaultKind.RATE_LIMITED, 429), (FaultKind.BANNED, 418)])
@pytest.mark.parametrize("retry_after_s", [30, None])
async def test_refused_venue_is_left_alone_for_as_long_as_it_says(street, kind, status, retry_after_s):
    async with street("binance", "gateio").open() as town:
        await town.until(town.all_live)
        wire = town.wires["binance"]
        connects = len(wire.connects)
        town.fault("binance", kind=kind, count=1, retry_after_s=retry_after_s)
        town.fault("binance", kind=FaultKind.DROP, count=1)
        await town.until(lambda: any(answer == status for _, _, answer in wire.requests), at_most_s=30)
        refused_s = next(at for at, _, answer in wire.requests if answer == status)
        await town.until(lambda: town.book("binance").state is BookState.LIVE, at_most_s=400)
        after = [at - refused_s for at, _, _ in wire.requests if at > refused_s]
        assert min(after) >= (retry_after_s or (120 if kind is FaultKind.BANNED else 1))
        assert len(wire.connects) == connects, "a refused request is no reason to reconnect"
        assert [answer for _, _, answer in wire.requests].count(status) == 1


async def test_storm_of_disconnects_does_not_become_a_storm_of_requests(street):
    async with street("binance", "gateio").open() as town:
        await town.until(town.all_live)
        wire = town.wires["binance"]
        before = len(wire.requests)
        # For two minutes every connection is cut within a second.
        town.fault("binance", kind=FaultKind.DISCONNECT, every_s=1, count=120)
        await town.pass_(120)
        minute = Counter(int(at) // MINUTE_S for at in wire.connects)
        assert max(minute.values()) <= 40, minute
        assert {answer for _, _, answer in wire.requests} == {200}
        assert len(wire.requests) - before < 100
        await town.until(town.all_live, at_most_s=120)


# Clocks


async def test_wrong_clock_of_a_venue_harms_no_book(street):
    async with street().open() as town:
        await town.until(town.all_live)
        town.fault("gateio", kind=FaultKind.CLOCK_SKEW, skew_s=-90, hold_s=60)
        town.fault("mexc", kind=FaultKind.CLOCK_SKEW, skew_s=45, hold_s=60)
        await town.pass_(30)
        assert town.all_live()
        assert stats(town, "gateio").resyncs == stats(town, "mexc").resyncs == 0
        # A book ages by our own clock that never goes back, not by the venue's stamps.
        age_ns = town.clock.monotonic_ns() - town.book("gateio").monotonic_ns
        assert 0 <= age_ns < 5 * SECOND


@pytest.mark.parametrize("by_s", [3600, -3600, 2])
async def test_wall_clock_that_is_set_is_told_and_books_come_back(street, by_s):
    async with street().open() as town:
        await town.until(town.all_live)
        await town.pass_(5)
        town.clock.jump(by_s * SECOND)
        await town.pass_(2)
        assert any(f"the clock was set by {by_s:+.1f} s" in text for text in town.told)
        await town.until(town.all_live)
        assert town.watch.venues["gateio"].health().loop.clock_jumps == 1
