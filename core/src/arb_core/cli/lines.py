"""What happens, as JSON objects for programs: `monitor`, `run` and `demo` with `--json`, in place of the table.

An edge when it opens and when it closes, events of venues as they come; where something is traded, every judgement of
the account as it changes, and each step of every order.
"""

from collections.abc import Callable

from arb_core.cli.watch import Watch
from arb_core.engine.episodes import Episode, episode_key
from arb_core.interfaces.context import Clock
from arb_core.structs.market import VenueName
from arb_core.structs.opportunity import CheckState, Opportunity, Verdict

__all__ = ["Lines", "write_lines"]

Lines = Callable[[object], None]
"""Takes one JSON object."""


def write_lines(watch: Watch, clock: Clock, lines: Lines) -> None:
    """Write what happens as JSON objects: an edge when it opens and when it closes, events as they come."""
    session = watch.session

    def opened(opportunity: Opportunity, verdict: Verdict) -> None:
        episode = session.episodes.open.get(episode_key(opportunity.strategy, opportunity))
        if episode is not None and episode.sightings == 1:
            lines({"kind": "opportunity", "ns": clock.now_ns(), **_opportunity(opportunity), **_judged(verdict)})

    def closed(episode: Episode) -> None:
        facts = {
            "open_ns": episode.last_ns - episode.opened_ns,
            "sightings": episode.sightings,
            "executable": episode.executable,
            "refused_by": None if episode.executable else episode.refused_by,
        }
        lines({"kind": "episode", "ns": clock.now_ns(), **_opportunity(episode.best), **facts})

    def told(venue: VenueName | None, text: str) -> None:
        lines({"kind": "event", "ns": clock.now_ns(), "venue": venue, "text": text})

    session.listen(opportunity=opened, episode=closed)
    watch.listen(told)


def _opportunity(opportunity: Opportunity) -> dict[str, object]:
    legs = [
        {
            "venue": leg.venue,
            "symbol": str(leg.symbol),
            "side": leg.side.name,
            "price": leg.price,
            "average": leg.average,
            "size": leg.size,
        }
        for leg in opportunity.legs
    ]
    return {
        "strategy": opportunity.strategy,
        "symbol": str(opportunity.symbol),
        "edge_bps": opportunity.edge_bps,
        "size": opportunity.size,
        "profit": opportunity.profit,
        "legs": legs,
    }


def _judged(verdict: Verdict) -> dict[str, object]:
    checks = {check.name: check.detail for check in verdict.checks if check.state is not CheckState.PASS}
    return {"executable": verdict.executable, "refused_by": verdict.refused_by, "not_passed": checks}
