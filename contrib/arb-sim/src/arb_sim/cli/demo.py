"""`arb demo`: the whole system over simulated venues; no key, no network, no settings.

The venues run in a process of their own and speak their real wire over real sockets; this process opens them like any
other, trades with a key on each, and compares its journal with their account statements in the end. Their market makes
dislocations on purpose and reports each: one that is missed is a failure of ours, as is a digit that differs: exit 1.
What a machine was too busy for is no failure, and told.
"""

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import click
import msgspec
from arb_core.cli.accounts import real_accounts
from arb_core.cli.loop import run
from arb_core.cli.monitor import run_monitor
from arb_core.cli.opening import openers_for, policy_of
from arb_core.cli.options import seconds, standard
from arb_core.cli.plain import emit, note
from arb_core.cli.summary import Injected, Summary
from arb_core.cli.terms import Terms
from arb_core.cli.trading import Ended, run_trading
from arb_core.cli.watch import Watch
from arb_core.engine.journal.opening import open_journal, open_reader, require
from arb_core.engine.legs import LegPolicy
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import Limits
from arb_core.engine.turns import way
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.pulse import Beat, Pulse
from arb_core.structs.account import Credentials
from arb_core.structs.market import Asset, Symbol
from arb_core.structs.opportunity import Opportunity, Plan, Verdict

from arb_sim.audit import Audit, audit
from arb_sim.child import Injection, ServedVenue, serving
from arb_sim.inspection import PREFIX, AccountState
from arb_sim.simulation import HOOK

if TYPE_CHECKING:
    from arb_core.engine.trading.session import Trading

__all__ = ["demo"]

_EXCHANGES = "mexc,gateio,binance"

_PRICE_WINDOW = "2s"
"""Not every venue publishes contracts without a key. Where prices have to prove the asset, a demo cannot wait the
minutes that real money should."""

_STRATEGIES = ("spatial", "triangular")
"""Those of ours that the market makes something for; one that is not installed is left out."""

_SECOND = 1_000_000_000

_WORDS = 2
"""Columns of the table of accounts that are words, not numbers."""

_READY_AFTER_NS = 3 * _SECOND
"""From the first LIVE books until every check can pass: the price window and one look more."""

_LOOK_NS = _SECOND // 4
"""How often it is asked whether this machine keeps up."""

_BEHIND_NS = _SECOND // 2
"""Whoever hears of the market so late cannot be asked for what lasted two seconds, and refuses to trade it."""

_TERMS = Terms(
    limits=Limits(
        max_notional={Asset("USDT"): Decimal(1000), Asset("BTC"): Decimal("0.02")},
        max_daily_loss={Asset("USDT"): Decimal(100), Asset("BTC"): Decimal("0.002")},
    ),
    legs=LegPolicy(
        hedge_loss={Asset("USDT"): Decimal(5), Asset("BTC"): Decimal("0.0001")},
        unwind_loss={Asset("USDT"): Decimal(5), Asset("BTC"): Decimal("0.0001")},
    ),
)
"""Far less than the accounts of the market begin with: no trade waits for money, and a mistake soon ends the day."""


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a demo came to."""

    finder: "Finder"
    summary: Summary
    books: Audit | None = None
    """None = nothing was traded."""
    left: tuple[str, ...] = ()
    """Trades that did not end, in words."""


@click.command()
@seconds(default=60)
@click.option(
    "--exchanges", default=_EXCHANGES, show_default=True, metavar="ID,...", help="`all` = every one installed."
)
@click.option("--seed", type=int, default=0, show_default=True, help="One integer makes the whole market.")
@click.option("--watch-only", is_flag=True, help="Find dislocations without trading them.")
@standard
def demo(*, seconds: float, exchanges: str, seed: int, watch_only: bool, as_json: bool) -> int:
    """Trade on simulated venues the dislocations that their market makes, and check the books in the end."""
    if not watch_only:
        require("journal")
    registry = Registry()
    chosen = _chosen(exchanges, registry)
    if not as_json:
        note(f"starting simulated venues: {', '.join(chosen)}")
    outcome = run(_demo(chosen, registry, seconds=seconds, seed=seed, watch_only=watch_only, as_json=as_json))
    missed = outcome.finder.missed()
    for injection in missed:
        note(f"missed: {_told(injection)}; run again with --seed {seed}")
    for injection, behind_ns in outcome.finder.excused():
        note(f"not counted: {_told(injection)}: this machine was {behind_ns / _SECOND:.1f} s behind")
    for words in outcome.left:
        note(f"arb: still open: {words}")
    differences = () if outcome.books is None else outcome.books.differences
    if outcome.books is not None:
        _show(outcome.books, outcome.summary, as_json=as_json)
        for words in differences:
            note(f"arb: the books differ: {words}; run again with --seed {seed}")
    emit(outcome.summary)
    return 1 if missed or differences or outcome.left else 0


def _show(books: Audit, summary: Summary, *, as_json: bool) -> None:
    """Give our books beside the venues': as lines of JSON, or as a table of what moved."""
    if as_json:
        for line in (*books.entries, *books.sums):
            emit(line)
        return
    moved = [entry for entry in books.entries if entry.journal or entry.difference]
    rows = [("venue", "asset", "opening", "our journal", "venue's statement", "difference")]
    rows += [
        (
            entry.venue,
            entry.asset,
            f"{entry.opening:f}",
            f"{entry.journal:+f}",
            f"{entry.venue_holds:f}",
            f"{entry.difference:f}",
        )
        for entry in moved
    ]
    rows += [
        ("together", each.asset, "", f"{each.results:+f}", f"{each.venues:+f}", f"{each.difference:f}")
        for each in books.sums
        if each.results or each.difference
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if at < _WORDS else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
    pnl = ", ".join(f"{amount} {money}" for money, amount in (summary.pnl or {}).items()) or "nothing"
    click.echo(f"P&L of {summary.trades} trades, what is held beyond the opening at mid prices: {pnl}")
    if not books.differences:
        click.echo("our journal and the statements of the venues agree to the last digit")


def _told(injection: Injection) -> str:
    where = f"{injection.symbol} buy {injection.buy} sell {injection.sell}"
    if injection.path:
        where = f"{'>'.join(injection.path)} on {injection.buy}"
    return f"{where}, {injection.edge_bps:.1f} bps for {(injection.end_ns - injection.start_ns) / _SECOND:.1f} s"


def _chosen(exchanges: str, registry: Registry) -> list[str]:
    if exchanges.strip() == "all":
        return [entry.id for entry in registry.exchanges() if registry.implements(entry.id, HOOK)]
    return [name.strip() for name in exchanges.split(",") if name.strip()]


async def _demo(
    exchanges: list[str], registry: Registry, *, seconds: float, seed: int, watch_only: bool, as_json: bool
) -> _Outcome:
    usable = {entry.id for entry in registry.plugins() if entry.state == "ok"}
    names = [name for name in _STRATEGIES if name in usable]
    finder = Finder(cycles="triangular" in names)
    async with serving(exchanges, seed=seed, on_injection=finder.injected) as venues:
        options: dict[str, object] = {"detection.price_window": _PRICE_WINDOW}
        options |= {f"strategies.{name}.min_edge_bps": 0.0 for name in names}
        for venue in venues:
            options[f"venues.{venue.exchange}.rest_url"] = venue.rest_url
            options[f"venues.{venue.exchange}.ws_url"] = venue.ws_url
        keys = {} if watch_only else {venue.exchange: _key(venue) for venue in venues}
        settings, openers = openers_for(exchanges, registry=registry, options=options, keys=keys.get)
        symbols = [Symbol.parse(text) for text in venues[0].symbols]
        strategies = {name: registry.strategy(name, own) for name, own in settings.strategies.items()}
        policy = policy_of(settings.detection)
        title = f"arb demo  {' '.join(exchanges)}  (simulated)"
        lines = emit if as_json else None
        if watch_only:
            summary = await run_monitor(
                openers,
                symbols,
                strategies=strategies,
                policy=policy,
                title=title,
                seconds=seconds,
                lines=lines,
                on_start=finder.watch,
            )
            finder.ended()
            return _Outcome(finder=finder, summary=_with(summary, finder))

        def begin(watch: Watch, _trading: "Trading") -> None:
            finder.watch(watch)

        with tempfile.TemporaryDirectory(prefix="arb-demo-") as folder:
            place = str(Path(folder) / "demo.db")
            journal = open_journal(place)
            try:
                ended = await run_trading(
                    openers,
                    symbols,
                    accounts=real_accounts,
                    journal=journal,
                    terms=_TERMS,
                    paper=False,
                    strategies=strategies,
                    policy=policy,
                    title=title,
                    seconds=seconds,
                    lines=lines,
                    on_start=begin,
                )
                finder.ended()
            finally:
                await journal.close()
            books = _compared(place, await _statements(venues))
    return _Outcome(finder=finder, summary=_with(ended.summary, finder), books=books, left=_left(ended))


def _key(venue: ServedVenue) -> Credentials:
    return Credentials(api_key=venue.api_key, api_secret=venue.api_secret, api_passphrase=venue.passphrase)


def _with(summary: Summary, finder: "Finder") -> Summary:
    return msgspec.structs.replace(summary, injected=finder.counts())


def _left(ended: Ended) -> tuple[str, ...]:
    return tuple(f"trade {trade.intent.id} in {trade.intent.symbol}: {trade.why}" for trade in ended.left)


async def _statements(venues: list[ServedVenue]) -> list[AccountState]:
    """Ask each venue for its own books, on a path that no exchange has."""

    async def ask(session: aiohttp.ClientSession, venue: ServedVenue) -> AccountState:
        async with session.get(f"{venue.rest_url}{PREFIX}account") as answer:
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read(), type=AccountState)

    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(ask(session, venue) for venue in venues))


def _compared(place: str, accounts: list[AccountState]) -> Audit:
    """Compare what the journal's file says, and nothing that we remember, with the statements."""
    from arb_core.engine.journal.tables import ORDERS, RESULTS

    reader = open_reader(place)
    try:
        orders = [msgspec.json.decode(row["document"], type=TrackedOrder) for row in reader.rows(ORDERS)]
        results = [msgspec.json.decode(row["moves"], type=dict[Asset, Decimal]) for row in reader.rows(RESULTS)]
    finally:
        reader.close()
    return audit(accounts, orders, results)


_Place = tuple[str, str, str, tuple[str, ...]]
"""Symbol, where it begins and ends, and the path of a cycle."""


class Finder:
    """Compares what the market made with what we found.

    A dislocation counts when it was open, from beginning to end, while every book was watched, and while this machine
    kept up: what began before, was cut off by the end of the run or came late was not ours to find. Cycles count where
    a strategy looks for them.
    """

    def __init__(self, *, cycles: bool) -> None:
        self._clock = SystemClock()
        self._cycles = cycles
        self._made: list[Injection] = []
        self._executable: list[tuple[_Place, int]] = []
        self._ready_ns: int | None = None
        self._ended_ns: int | None = None
        self._watch: Watch | None = None
        self._pulse: Pulse | None = None
        self._behind: list[tuple[int, int]] = []
        """When, and by how much."""

    def injected(self, injection: Injection) -> None:
        """The market has just made one."""
        if self._cycles or not injection.path:
            self._made.append(injection)

    def watch(self, watch: Watch) -> None:
        """Every venue has answered."""
        self._ready_ns = self._clock.now_ns() + _READY_AFTER_NS
        watch.session.listen(opportunity=self._saw)
        self._watch = watch
        self._pulse = Pulse(self._clock, _LOOK_NS, self._keeps_up)
        self._pulse.start()

    def ended(self) -> None:
        """Nothing more is watched."""
        self._ended_ns = self._clock.now_ns()
        if self._pulse is not None:
            self._pulse.stop()

    def _keeps_up(self, beat: Beat) -> None:
        """Note when this process, that of the venues, or both stood still."""
        venues = () if self._watch is None else self._watch.venues.values()
        behind_ns = max(beat.lag_ns, *(venue.loop_health().late_ns for venue in venues), 0)
        if behind_ns > _BEHIND_NS:
            self._behind.append((self._clock.now_ns(), behind_ns))

    def _saw(self, opportunity: Opportunity, verdict: Verdict) -> None:
        if verdict.executable:
            legs = opportunity.legs
            path = way(legs)[:-1] if opportunity.plan is Plan.IN_TURN else ()
            place = (str(opportunity.symbol), legs[0].venue, legs[-1].venue, path)
            self._executable.append((place, opportunity.detected_ns))

    def _whole(self) -> list[Injection]:
        if self._ready_ns is None or self._ended_ns is None:
            return []
        return [made for made in self._made if made.start_ns >= self._ready_ns and made.end_ns <= self._ended_ns]

    def _behind_ns(self, made: Injection) -> int:
        """Return by how much this machine was behind at most, while a dislocation was open; 0 = it kept up."""
        late = [
            behind_ns
            for noted_ns, behind_ns in self._behind
            if made.start_ns <= noted_ns and noted_ns - behind_ns - _LOOK_NS <= made.end_ns
        ]
        return max(late, default=0)

    def excused(self) -> list[tuple[Injection, int]]:
        """Return those that this machine was too busy for, and by how much it was behind."""
        late = [(made, self._behind_ns(made)) for made in self._whole() if not self._was_found(made)]
        return [(made, behind_ns) for made, behind_ns in late if behind_ns]

    def missed(self) -> list[Injection]:
        """Return those that were to be found and were not."""
        return [made for made in self._whole() if not self._was_found(made) and not self._behind_ns(made)]

    def _was_found(self, made: Injection) -> bool:
        place = (made.symbol, made.buy, made.sell, made.path)
        return any(seen == place and made.start_ns <= seen_ns <= made.end_ns for seen, seen_ns in self._executable)

    def counts(self) -> Injected:
        """Return how many were to be found, and how many of them were."""
        found = sum(map(self._was_found, self._whole()))
        return Injected(made=found + len(self.missed()), found=found)
