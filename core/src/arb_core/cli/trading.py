"""`run_trading`: watch, trade, and end in order. `arb run` calls it, and `arb demo` over simulated venues."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

import msgspec
from rich.console import Console

from arb_core.cli.lines import Lines, write_lines, write_trading_lines
from arb_core.cli.loop import on_kill_signal, stop_on_signals, unless
from arb_core.cli.observing import Observation
from arb_core.cli.opening import Opener
from arb_core.cli.plain import note
from arb_core.cli.show import show
from arb_core.cli.standing import Tally, standing
from arb_core.cli.summary import Summary
from arb_core.cli.table import Board, Screen
from arb_core.cli.terms import Terms
from arb_core.cli.watch import Accounts, Watch
from arb_core.engine.opportunity import Policy
from arb_core.engine.trading.alarms import TradingAlarm
from arb_core.engine.trading.session import Trading
from arb_core.engine.trading.status import OpenTrade
from arb_core.interfaces.context import Clock
from arb_core.interfaces.strategy import Strategy
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.pulse import Pulse
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.market import Symbol, VenueName

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["Ended", "run_trading"]

_SECOND = 1_000_000_000
_LOOK_NS = _SECOND // 2
"""How often the venues are asked how they are."""

_PROGRESS_NS = 2 * _SECOND


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended."""

    summary: Summary
    left: tuple[OpenTrade, ...]
    """Trades that have not ended: the next start takes them up."""


async def run_trading(
    openers: Mapping[VenueName, Opener],
    symbols: Sequence[Symbol],
    *,
    accounts: Accounts,
    journal: "Journal",
    terms: Terms,
    paper: bool,
    strategies: Mapping[str, Strategy],
    policy: Policy,
    title: str,
    seconds: float | None = None,
    lines: Lines | None = None,
    screen: Screen | None = None,
    clock: Clock | None = None,
    observation: Observation | None = None,
    on_start: Callable[[Watch, Trading], None] | None = None,
) -> Ended:
    """Trade until the time is over or SIGINT or SIGTERM comes, then wait for trades under way and say what is left.

    SIGUSR1 is a kill: nothing new until a person lifts it. A second SIGINT or SIGTERM leaves at once; what was under
    way then is in the journal, and the next start takes it up.

    Args:
        openers: venue -> what opens it, with its key where accounts are real.
        symbols: what to follow.
        accounts: opens the account of each venue.
        journal: open for writing; its owner closes it afterwards.
        terms: limits, leg policy and patience.
        paper: whether the money is only counted; for what is shown.
        strategies: by name.
        policy: the bounds of the checks.
        title: first line of the table.
        seconds: how long; None = until told.
        lines: takes JSON objects in place of a table: those of `run_monitor`, and `admission`, `intent`, `order`,
            `fill`, `result`.
        screen: where the table goes; stdout by default.
        clock: time; the machine's by default.
        observation: is given what there is to observe.
        on_start: told when trading has begun.

    Raises:
        InvalidSymbol: no venue lists one of the symbols; nothing has been shown, and nothing traded.
    """
    clock = clock or SystemClock()
    with stop_on_signals(second=_leave) as stop:
        async with TaskOwner() as tasks:
            watch = Watch(openers, symbols, strategies=strategies, policy=policy, clock=clock, accounts=accounts)
            if observation is not None:
                observation.watch(watch)
            board = Board(watch.session, clock.now_ns)
            watch.listen(board.note)
            if lines is not None:
                write_lines(watch, clock, lines)
            if not await unless(stop, watch.start(tasks)):
                return Ended(summary=msgspec.structs.replace(watch.summary(), trades=0, pnl={}), left=())
            trading = Trading(
                watch.session,
                watch.accounts,
                journal,
                limits=terms.limits,
                policy=terms.legs,
                tasks=tasks,
                settings=terms.patience,
            )
            tally = Tally(trading)
            trading.listen(alarm=lambda alarm: _tell(watch, alarm))
            watch.session.listen(episode=lambda episode: journal.episode(episode, clock.now_ns()))
            if lines is not None:
                write_trading_lines(watch, trading, clock, lines)
            if observation is not None:
                observation.trade(trading, journal, paper=paper)
            await trading.start()
            if on_start is not None:
                on_start(watch, trading)
            pulse = Pulse(clock, _LOOK_NS, lambda _beat: watch.look())
            pulse.start()
            try:
                shown = None if lines is not None else screen or Screen(Console(file=sys.stdout), title)
                with on_kill_signal(trading.kill):
                    await show(
                        watch,
                        board,
                        shown,
                        clock=clock,
                        stop=stop,
                        seconds=seconds,
                        standing=lambda: standing(trading, tally, clock, paper=paper),
                    )
                    left = await _stop(trading, terms.shutdown_ns, clock)
            finally:
                pulse.stop()
            # Before the venues are closed: the books are to be told as they were.
            pnl = {money: f"{amount:f}" for money, amount in tally.pnl.items()}
            return Ended(
                summary=msgspec.structs.replace(watch.summary(), trades=tally.trades, pnl=pnl), left=tuple(left)
            )


def _tell(watch: Watch, alarm: TradingAlarm) -> None:
    watch.note(alarm.venue, f"{alarm.name}: {alarm.detail}")


async def _stop(trading: Trading, timeout_ns: int, clock: Clock) -> list[OpenTrade]:
    """End trading, and say now and then what it waits for."""
    left: list[OpenTrade] = []

    async def stop() -> None:
        left.extend(await trading.stop(timeout_ns))

    async def told() -> None:
        await clock.sleep(_PROGRESS_NS)

    stopping = asyncio.ensure_future(stop())
    try:
        while True:
            pause = asyncio.ensure_future(told())
            await asyncio.wait((stopping, pause), return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            if stopping.done():
                stopping.result()
                return left
            under_way = len(trading.open_trades())
            note(
                f"stopping: {under_way} trades under way, at most {timeout_ns / _SECOND:g} s; once more leaves at once"
            )
    except asyncio.CancelledError:
        stopping.cancel()
        await asyncio.wait((stopping,))
        raise


def _leave(_number: int, _frame: object) -> NoReturn:
    """End the process now. Whatever was to be kept is in the journal; a terminal gets its cursor back."""
    if sys.stdout is not None and sys.stdout.isatty():
        os.write(sys.stdout.fileno(), b"\x1b[?25h")
    os.write(2, b"arb: left at once; what was under way is in the journal, and the next start takes it up\n")
    os._exit(1)
