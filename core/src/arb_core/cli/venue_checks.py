"""Whether a venue answers, how far its clock is from ours, and what is left of its limits. Needs no key."""

from collections.abc import Iterable

from arb_core.cli.findings import Finding, State
from arb_core.interfaces.context import Clock
from arb_core.venue import Venue

__all__ = ["check_venue", "judge_skew"]

_SKEW_WARN_NS = 250_000_000
"""Above this, ages of quotes that the venue stamps are misleading."""
_SKEW_FAIL_NS = 1_000_000_000
"""Above this, venues begin to refuse signed requests: the narrowest windows end one second ahead of their clock."""

_SAMPLES = 3
"""Measurements of each venue; the one with the shortest way there and back is the most exact."""


async def check_venue(venue: Venue, clock: Clock) -> list[Finding]:
    """Look at an open venue; raises `ArbError` where it does not answer."""
    samples: list[tuple[int, int]] = []
    for _ in range(_SAMPLES):
        sent_ns, began_ns = clock.now_ns(), clock.monotonic_ns()
        server_ns = await venue.public.get_server_time()
        trip_ns = clock.monotonic_ns() - began_ns
        samples.append((trip_ns, server_ns - (sent_ns + trip_ns // 2)))
    trip_ns, skew_ns = min(samples)
    trip_ms = trip_ns / 1e6
    return [
        Finding(check="round trip ms", venue=venue.name, state="ok", detail=f"{trip_ms:.1f} ms", value=trip_ms),
        judge_skew(venue.name, skew_ns, trip_ns),
        Finding(check="depth messages", venue=venue.name, state="ok", detail=venue.depth_path),
        *_limits(venue),
    ]


def judge_skew(venue: str, skew_ns: int, trip_ns: int) -> Finding:
    """Judge the venue's clock minus ours, known to within half the way there and back."""
    doubt_ns = trip_ns // 2
    sure_ns = max(0, abs(skew_ns) - doubt_ns)
    state: State = "ok" if sure_ns <= _SKEW_WARN_NS else "warning" if sure_ns <= _SKEW_FAIL_NS else "failed"
    detail = f"{skew_ns / 1e6:+.0f} ms (± {doubt_ns / 1e6:.0f})"
    if state != "ok":
        detail += "; set this machine's clock, e.g. by NTP"
    return Finding(check="clock skew ms", venue=venue, state=state, detail=detail, value=skew_ns / 1e6)


def _limits(venue: Venue) -> Iterable[Finding]:
    """Tell how much of each rate limit was used, as we and the venue count it."""
    for limit, use in venue.health().rest.budgets.items():
        detail = f"{use.spent} of {use.limit} in {use.window_ns / 1e9:g} s"
        if use.closed_ns:
            detail = f"{detail}; the venue refuses for {use.closed_ns / 1e9:.0f} s"
        state: State = "failed" if use.closed_ns else "ok"
        yield Finding(check=f"limit {limit}", venue=venue.name, state=state, detail=detail)
