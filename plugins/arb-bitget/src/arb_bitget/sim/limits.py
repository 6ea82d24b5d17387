"""How often somebody may ask: budgets by address and by account. Entered by whatever answers.

Source: https://www.bitget.com/api-doc/common/intro and the page of each endpoint.
"""

from collections.abc import Callable

from arb_sim.kernel.limits import Window

from arb_bitget.sim.spelling import Declined

__all__ = ["Budgets", "too_many"]

SECOND = 1_000_000_000

OVERALL = (6000, 60 * SECOND)
"""Of an address, for everything."""


class Budgets:
    """Every budget of the venue. Answers do not report them."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}

    def address(self, client: str) -> None:
        """Count a request of an address.

        Raises:
            Declined: it is one too many.
        """
        self._spend("overall", client, *OVERALL)

    def endpoint(self, path: str, whose: str, per_second: int) -> None:
        """Count a request of an endpoint, by an address or an account.

        Raises:
            Declined: it is one too many.
        """
        self._spend(path, whose, per_second, SECOND)

    def _spend(self, limit: str, whose: str, most: int, span_ns: int) -> None:
        window = self._windows.setdefault((limit, whose), Window(most, span_ns))
        if not window.spend(1, self._now()):
            raise too_many()


def too_many() -> Declined:
    """Tell a client to wait; for how long is not said."""
    return Declined(429, "Too Many Requests", status=429)
