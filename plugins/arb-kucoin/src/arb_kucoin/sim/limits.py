"""How much somebody may ask: weights in pools, by address and by account. Entered by whatever answers.

Source: https://www.kucoin.com/docs-new/rate-limit, for an account without VIP level.
"""

from collections.abc import Callable

from arb_sim.kernel.limits import Window
from arb_sim.venue import Response

from arb_kucoin.sim.spelling import Declined

__all__ = ["Budgets", "Talk", "limited"]

MS = 1_000_000
SECOND = 1_000_000_000

POOLS = {"public": 2000, "spot": 4000, "management": 2000}
SPAN_NS = 30 * SECOND
"""A window begins with the first request in it."""

SAID = 100
SAID_NS = 10 * SECOND
"""What a client may say on one connection."""


def limited(headers: dict[str, str], *, banned: bool = False) -> Response:
    """Say that somebody asks too much."""
    code, status = (429000, 418) if banned else (429000, 429)
    return Declined(code, "Too many requests", status=status, headers=headers).response


class Budgets:
    """Every pool of the venue. Answers report the one that was last spent from."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}
        self._last = Window(POOLS["public"], SPAN_NS)

    def spend(self, pool: str, whose: str, weight: int) -> None:
        """Count one request.

        Raises:
            Declined: it is one too many.
        """
        self._last = self._windows.setdefault((pool, whose), Window(POOLS[pool], SPAN_NS))
        if not self._last.spend(weight, self._now()):
            raise Declined(429000, "Too many requests", status=429)

    def report(self) -> dict[str, str]:
        """Return the headers that tell the limit, what is left, and in how many milliseconds the pool refills."""
        wait_ms = -(-max(0, self._last.ends_ns - self._now()) // MS)
        return {
            "gw-ratelimit-limit": str(self._last.limit),
            "gw-ratelimit-remaining": str(self._last.remaining),
            "gw-ratelimit-reset": str(wait_ms),
        }


class Talk:
    """How much each connection has said."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._windows: dict[int, Window] = {}

    def hear(self, conn: int) -> bool:
        """Count a message; return whether it is within the limit."""
        return self._windows.setdefault(conn, Window(SAID, SAID_NS)).spend(1, self._now())

    def forget(self, conn: int) -> None:
        """A connection is gone."""
        self._windows.pop(conn, None)
