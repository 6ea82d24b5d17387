"""How often somebody may ask: budgets by address, account and market. Entered by whatever answers.

Source: https://www.gate.com/docs/developers/apiv4/en/#frequency-limit-rule
"""

from collections.abc import Callable

from arb_sim.kernel.limits import Window

from arb_gateio.sim.spelling import Declined

__all__ = ["Budgets"]

MS = 1_000_000
SECOND = 1_000_000_000

LIMITS = {
    "public": (200, 10 * SECOND),  # of an endpoint, by address
    "private": (200, 10 * SECOND),  # of an endpoint, by account
    "orders": (10, SECOND),  # placed and changed, by account and market, in lists as well
    "cancels": (200, SECOND),  # by account
    "socket orders": (10, SECOND),  # placed and changed, by account
}


class Budgets:
    """Every budget of the venue. Answers report the one that was last spent from."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}
        self._last = Window(*LIMITS["public"])
        self._within = True

    def spend(self, limit: str, whose: str) -> None:
        """Count one request, or one order of a list.

        Raises:
            Declined: it is one too many.
        """
        self._last = self._windows.setdefault((limit, whose), Window(*LIMITS[limit]))
        self._within = self._last.spend(1, self._now())
        if not self._within:
            raise Declined(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")

    def report(self, skew_ns: int) -> tuple[int, int, int]:
        """Return what is left, the limit, and when it refills: now, unless it is used up. In milliseconds."""
        refills_ns = self._now() if self._within else self._last.ends_ns
        return self._last.remaining, self._last.limit, (refills_ns + skew_ns) // MS
