"""How often somebody may ask: budgets by address, and by account and endpoint. Entered by whatever answers.

Source: https://bybit-exchange.github.io/docs/v5/rate-limit
"""

from collections import deque
from collections.abc import Callable

from arb_sim.kernel.limits import Ban

from arb_bybit.sim.spelling import Declined

__all__ = ["BAN_NS", "TOO_FREQUENT", "Budgets"]

MS = 1_000_000
SECOND = 1_000_000_000

BAN_NS = 600 * SECOND
"""How long an address that asked too often is shut out."""

TOO_FREQUENT = b"access too frequent"
"""What it is told, with HTTP 403 and not in JSON."""

ADDRESS = (600, 5 * SECOND)

ENDPOINTS = {
    "order/create": 20,
    "order/amend": 10,
    "order/cancel": 20,
    "order/cancel-all": 20,
    "order/realtime": 50,
    "order/history": 50,
    "execution/list": 50,
    "account/wallet-balance": 50,
    "account/info": 50,
    "account/fee-rate": 5,
    "user/query-api": 10,
    "asset/coin/query-info": 5,
}
"""Requests a second of an account, for spot, each endpoint by itself."""


class Rolling:
    """So many requests in any span of time. What is refused is not counted."""

    __slots__ = ("_asked", "limit", "span_ns")

    def __init__(self, limit: int, span_ns: int) -> None:
        self.limit = limit
        self.span_ns = span_ns
        self._asked: deque[int] = deque()

    def spend(self, now_ns: int) -> bool:
        """Count a request, and return whether it is within the limit."""
        asked = self._asked
        while asked and asked[0] <= now_ns - self.span_ns:
            asked.popleft()
        if len(asked) >= self.limit:
            return False
        asked.append(now_ns)
        return True

    @property
    def remaining(self) -> int:
        """Requests left, at the last one."""
        return self.limit - len(self._asked)

    @property
    def frees_ns(self) -> int:
        """When the oldest of them counts no more."""
        return self._asked[0] + self.span_ns


class Budgets:
    """Every budget of the venue. `now` is the timeline's; answers report the one that was last spent from."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._addresses: dict[str, Rolling] = {}
        self._bans: dict[str, Ban] = {}
        self._endpoints: dict[tuple[str, str], Rolling] = {}
        self._last = Rolling(1, SECOND)
        self._within = True

    def shuts_out(self, client: str) -> bool:
        """Count a request of an address, and return whether it is shut out, now or still."""
        now_ns = self._now()
        ban = self._bans.setdefault(client, Ban(patience=0, span_ns=BAN_NS, growth=1))
        if ban.holds(now_ns):
            return True
        if self._addresses.setdefault(client, Rolling(*ADDRESS)).spend(now_ns):
            return False
        ban.offend(now_ns)
        return True

    def spend(self, endpoint: str, uid: str) -> None:
        """Count a request of an account.

        Raises:
            Declined: it is one too many.
        """
        window = self._endpoints.setdefault((endpoint, uid), Rolling(ENDPOINTS[endpoint], SECOND))
        self._last, self._within = window, window.spend(self._now())
        if not self._within:
            raise Declined(10006, "Too many visits! Exceeded the API Rate Limit.")

    def report(self, skew_ns: int) -> dict[str, str]:
        """Say what is left, of how much, and when there is more: now, unless there is nothing. In milliseconds."""
        resets_ns = self._now() if self._within else self._last.frees_ns + MS - 1
        return {
            "X-Bapi-Limit": str(self._last.limit),
            "X-Bapi-Limit-Status": str(self._last.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str((resets_ns + skew_ns) // MS),
        }
