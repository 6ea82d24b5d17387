"""Trading on paper: from a book's message to a result, with every account to the last digit; and on a slow disk."""

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.engine.paper import PaperTerms
from arb_core.engine.trade import Outcome
from arb_core.engine.trading.settings import TradingSettings
from arb_core.runtime.clock import LoopClock, SystemClock
from arb_core.structs.market import Symbol
from sqlalchemy import event

BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")
MS = 1_000_000


def held(floor: Any) -> dict[str, Fraction]:
    """Return what both accounts hold together."""
    found: dict[str, Fraction] = {}
    for venue in floor.venues:
        for asset, balance in venue.account._paper_venue.balances().items():
            found[asset] = found.get(asset, Fraction(0)) + Fraction(balance.free) + Fraction(balance.locked)
    return found


@pytest.mark.looptime(noop_cycles=2)
async def test_a_spread_is_taken_on_paper_and_the_result_is_what_the_accounts_say(trading_floor: Any) -> None:
    journal = open_journal("sqlite://", threaded=False)
    async with trading_floor(LoopClock(), journal) as floor:
        before = held(floor)
        floor.cross(BTC)
        await floor.trading.finished()
        (result,) = floor.results
        assert (result.outcome, floor.alarms) == (Outcome.DONE, [])
        after = held(floor)
        moved = {asset: after[asset] - before[asset] for asset in after if after[asset] != before[asset]}
        assert moved == {asset: Fraction(amount) for asset, amount in result.moves.items()}
        # 2.5 BTC bought at 101, sold for 257 at 103 and 102; each side pays 0.2 %: 0.005 BTC and 0.514 USDT
        assert moved == {"USDT": Fraction("4.5") - Fraction("0.514"), "BTC": Fraction("-0.005")}
        assert result.pnl > 3
        # What is displayed was taken: the edge that the venues still show is none.
        floor.cross(BTC)
        await floor.trading.finished()
        assert len(floor.results) == 1
        assert sum(fill.quantity for fill in floor.fills) == 2 * Decimal("2.5")
    await journal.close()


@pytest.mark.looptime(noop_cycles=2)
async def test_a_market_that_moves_away_meanwhile_is_met_as_it_is_then(trading_floor: Any) -> None:
    journal = open_journal("sqlite://", threaded=False)
    async with trading_floor(LoopClock(), journal) as floor:
        floor.cross(BTC)
        await floor.clock.sleep(20 * MS)  # the orders are on their way, 50 ms from their venues
        floor.beta.show([(99.0, 4.0)], [(101.0, 4.0)])
        await floor.trading.finished()
        (result,) = floor.results
        assert result.pnl < 0  # bought, not sold: undone at a loss, as it would really have been
        assert {fill.side.name for fill in floor.fills} == {"BUY", "SELL"}
    await journal.close()


async def turn_until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (a thread, or a paper venue's timer, makes it true)
            await asyncio.sleep(0)


async def test_a_commit_that_hangs_delays_only_the_trade_that_waits(trading_floor: Any, tmp_path: Path) -> None:
    """Real time and a real thread: one trade is in flight, another waits for the disk, and the market goes on."""
    place = str(tmp_path / "journal.db")
    journal = open_journal(place)
    terms = PaperTerms(to_venue_ns=20 * MS, from_venue_ns=20 * MS)
    settings = TradingSettings(max_intent_age_ns=60_000 * MS)
    entered, opened = threading.Event(), threading.Event()
    holding = threading.Event()

    def hold(_: object) -> None:
        if holding.is_set():
            entered.set()
            assert opened.wait(30)

    event.listen(journal._engine, "commit", hold)
    async with trading_floor(SystemClock(), journal, terms=terms, settings=settings) as floor:
        await journal.settle()
        floor.cross(BTC)
        await turn_until(lambda: len(floor.trading.status().open) == 1)
        await turn_until(lambda: any(venue.private._waiting for venue in floor.venues))
        holding.set()  # the first trade's orders are on their way; from now on the disk hangs
        floor.cross(ETH)
        assert [admission.reasons for admission in floor.admissions] == [(), ()]
        # The first trade goes on to its end: fills are heard, the result is known, all while the other one waits.
        await turn_until(lambda: floor.results)
        assert entered.is_set() or await asyncio.to_thread(entered.wait, 30)
        assert {fill.pair for fill in floor.fills} == {"BTCUSDT"}
        # Who still waits for a venue asks about the first trade: of the second no order has left.
        assert {order.request.symbol for venue in floor.venues for order in venue.private._paper_venue._orders} == {BTC}
        # Every message of the market is judged within its own call.
        judged = floor.detection.latency.count
        for _ in range(500):
            floor.level(BTC)
        assert floor.detection.latency.count == judged + 1000
        assert len(floor.trading.status().open) == 1
        opened.set()
        await floor.trading.finished()
        assert {fill.pair for fill in floor.fills} == {"BTCUSDT", "ETHUSDT"}
        await journal.settle()
        assert [result.outcome for result in floor.results] == [Outcome.DONE, Outcome.DONE]
    assert await journal.close() == 0
    reader = open_reader(place)
    assert {(trade.symbol, trade.outcome) for trade in reader.trades()} == {
        ("BTC/USDT", Outcome.DONE),
        ("ETH/USDT", Outcome.DONE),
    }
    reader.close()
