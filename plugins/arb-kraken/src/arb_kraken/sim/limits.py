"""How often somebody may ask: counters that run down with time. Entered by whatever answers.

Sources: https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits and
https://docs.kraken.com/api/docs/guides/spot-ratelimits . The account is of the tier Pro.
"""

from collections.abc import Callable

from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import Order

from arb_kraken.sim.spelling import Declined

__all__ = ["Budgets"]

SECOND = 1_000_000_000

PUBLIC = 15, 1.0
PRIVATE = 20, 1.0
ENGINE = 180, 3.75
"""(how far a counter may go, by how much it runs down in a second)."""

CANCEL = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
"""What cancelling an order costs that is younger than so many seconds."""


class Counter:
    """One counter. What is one too many does not count."""

    __slots__ = ("_at_ns", "_decay", "_most", "_value")

    def __init__(self, most: int, decay: float) -> None:
        self._most = most
        self._decay = decay
        self._value = 0.0
        self._at_ns = 0

    def spend(self, units: int, now_ns: int) -> bool:
        """Count, and return whether that was within the limit."""
        ran_down = (now_ns - self._at_ns) / SECOND * self._decay
        self._value = max(0.0, self._value - ran_down)
        self._at_ns = now_ns
        if self._value + units > self._most:
            return False
        self._value += units
        return True


class Budgets:
    """Every counter of the venue."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._counters: dict[tuple[str, str], Counter] = {}

    def public(self, client: str, whose: str) -> None:
        """Count a request for market data: by address, for some calls by address and pair.

        Raises:
            Declined: it is one too many.
        """
        if not self._spend("public", f"{client} {whose}", PUBLIC, 1):
            raise Declined("EGeneral:Too many requests")

    def private(self, key: str, units: int) -> None:
        """Count a signed request that is not about one order.

        Raises:
            Declined: it is one too many.
        """
        if not self._spend("private", key, PRIVATE, units):
            raise Declined("EAPI:Rate limit exceeded")

    def engine(self, account: str, market: Market, units: int) -> None:
        """Count what is asked of the trading engine: by account and pair, whatever the way.

        Raises:
            Declined: it is one too many.
        """
        if not self._spend("engine", f"{account} {market.pair}", ENGINE, units):
            raise Declined("EOrder:Rate limit exceeded")

    def cancel(self, order: Order) -> None:
        """Count a cancellation, which costs the more the younger the order is.

        Raises:
            Declined: it is one too many.
        """
        age_s = (self._now() - order.created_ns) / SECOND
        units = next((cost for younger, cost in CANCEL if age_s < younger), 0)
        self.engine(order.account.uid, order.market, units)

    def _spend(self, limit: str, whose: str, rule: tuple[int, float], units: int) -> bool:
        return self._counters.setdefault((limit, whose), Counter(*rule)).spend(units, self._now())
