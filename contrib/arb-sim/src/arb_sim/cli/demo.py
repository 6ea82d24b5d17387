"""`arb demo`: the whole system over simulated venues; no key, no network, no settings.

The venues run in a process of their own and speak their real wire over real sockets; this process opens them like any
other. Their market makes dislocations on purpose and reports each: one that is missed is a failure of ours, exit 1.
"""

import click
import msgspec
from arb_core.cli.loop import run
from arb_core.cli.monitor import run_monitor
from arb_core.cli.opening import openers_for, policy_of
from arb_core.cli.options import seconds, standard
from arb_core.cli.plain import emit, note
from arb_core.cli.summary import Injected, Summary
from arb_core.cli.watch import Watch
from arb_core.engine.turns import way
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.structs.market import Symbol
from arb_core.structs.opportunity import Opportunity, Plan, Verdict

from arb_sim.child import Injection, serving
from arb_sim.simulation import HOOK

__all__ = ["demo"]

_EXCHANGES = "mexc,gateio,binance"

_PRICE_WINDOW = "2s"
"""Not every venue publishes contracts without a key. Where prices have to prove the asset, a demo cannot wait the
minutes that real money should."""

_STRATEGIES = ("spatial", "triangular")
"""Those of ours that the market makes something for; one that is not installed is left out."""

_SECOND = 1_000_000_000

_READY_AFTER_NS = 3 * _SECOND
"""From the first LIVE books until every check can pass: the price window and one look more."""


@click.command()
@seconds(default=60)
@click.option(
    "--exchanges", default=_EXCHANGES, show_default=True, metavar="ID,...", help="`all` = every one installed."
)
@click.option("--seed", type=int, default=0, show_default=True, help="One integer makes the whole market.")
@standard
def demo(*, seconds: float, exchanges: str, seed: int, as_json: bool) -> int:
    """Watch simulated venues find the dislocations that their market makes."""
    registry = Registry()
    chosen = _chosen(exchanges, registry)
    if not as_json:
        note(f"starting simulated venues: {', '.join(chosen)}")
    finder, summary = run(_demo(chosen, registry, seconds=seconds, seed=seed, as_json=as_json))
    missed = finder.missed()
    for injection in missed:
        note(f"missed: {_told(injection)}; run again with --seed {seed}")
    emit(summary)
    return 1 if missed else 0


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
    exchanges: list[str], registry: Registry, *, seconds: float, seed: int, as_json: bool
) -> "tuple[Finder, Summary]":
    usable = {entry.id for entry in registry.plugins() if entry.state == "ok"}
    strategies = [name for name in _STRATEGIES if name in usable]
    finder = Finder(cycles="triangular" in strategies)
    async with serving(exchanges, seed=seed, on_injection=finder.injected) as venues:
        options: dict[str, object] = {"detection.price_window": _PRICE_WINDOW}
        options |= {f"strategies.{name}.min_edge_bps": 0.0 for name in strategies}
        for venue in venues:
            options[f"venues.{venue.exchange}.rest_url"] = venue.rest_url
            options[f"venues.{venue.exchange}.ws_url"] = venue.ws_url
        settings, openers = openers_for(exchanges, registry=registry, options=options)
        summary = await run_monitor(
            openers,
            [Symbol.parse(text) for text in venues[0].symbols],
            strategies={name: registry.strategy(name, own) for name, own in settings.strategies.items()},
            policy=policy_of(settings.detection),
            title=f"arb demo  {' '.join(exchanges)}  (simulated)",
            seconds=seconds,
            lines=emit if as_json else None,
            on_start=finder.watch,
        )
        finder.ended()
    return finder, msgspec.structs.replace(summary, injected=finder.counts())


_Place = tuple[str, str, str, tuple[str, ...]]
"""Symbol, where it begins and ends, and the path of a cycle."""


class Finder:
    """Compares what the market made with what we found.

    A dislocation counts when it was open, from beginning to end, while every book was watched: what began before or was
    cut off by the end of the run was not ours to find. Cycles count where a strategy looks for them.
    """

    def __init__(self, *, cycles: bool) -> None:
        self._clock = SystemClock()
        self._cycles = cycles
        self._made: list[Injection] = []
        self._executable: list[tuple[_Place, int]] = []
        self._ready_ns: int | None = None
        self._ended_ns: int | None = None

    def injected(self, injection: Injection) -> None:
        """The market has just made one."""
        if self._cycles or not injection.path:
            self._made.append(injection)

    def watch(self, watch: Watch) -> None:
        """Every venue has answered."""
        self._ready_ns = self._clock.now_ns() + _READY_AFTER_NS
        watch.session.listen(opportunity=self._saw)

    def ended(self) -> None:
        """Nothing more is watched."""
        self._ended_ns = self._clock.now_ns()

    def _saw(self, opportunity: Opportunity, verdict: Verdict) -> None:
        if verdict.executable:
            legs = opportunity.legs
            path = way(legs)[:-1] if opportunity.plan is Plan.IN_TURN else ()
            place = (str(opportunity.symbol), legs[0].venue, legs[-1].venue, path)
            self._executable.append((place, opportunity.detected_ns))

    def _counted(self) -> list[Injection]:
        if self._ready_ns is None or self._ended_ns is None:
            return []
        return [made for made in self._made if made.start_ns >= self._ready_ns and made.end_ns <= self._ended_ns]

    def missed(self) -> list[Injection]:
        """Return those that were to be found and were not."""
        return [made for made in self._counted() if not self._was_found(made)]

    def _was_found(self, made: Injection) -> bool:
        place = (made.symbol, made.buy, made.sell, made.path)
        return any(seen == place and made.start_ns <= seen_ns <= made.end_ns for seen, seen_ns in self._executable)

    def counts(self) -> Injected:
        """Return how many were to be found, and how many of them were."""
        counted = self._counted()
        return Injected(made=len(counted), found=len(counted) - len(self.missed()))
