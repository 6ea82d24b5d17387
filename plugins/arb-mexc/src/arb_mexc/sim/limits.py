"""Who asks how often: budgets by address and by account, and bans of those who do not listen.

Source: https://www.mexc.com/api-docs/spot-v3/general-info#limits
"""

from collections.abc import Callable

from arb_sim.kernel.limits import Ban, Window
from arb_sim.kernel.rest import Refusal, json
from arb_sim.venue import Response

__all__ = ["Limits", "limited"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND

POOL, POOL_NS = 500, 10 * SECOND
"""Units of each endpoint, by address and again by account; endpoints do not share."""

PACES = {"orders": 12, "batch": 2, "account": 2}
"""Requests a second of an account, over all endpoints of that pace."""

PATIENCE = 10
"""Requests beyond a limit until the address is banned."""


class Limits:
    """Every budget of the venue. `now` is the timeline's."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}
        self._bans: dict[str, Ban] = {}

    def address(self, client: str, name: str, weight: int) -> None:
        """Count a request of an address.

        Raises:
            Refusal: 429, or 418 while the address is banned.
        """
        ban = self._bans.setdefault(client, Ban(patience=PATIENCE, span_ns=2 * MINUTE))
        if ban.holds(self._now()):
            raise Refusal(limited(ban.wait_s(self._now()), banned=True))
        self._spend(client, (client, name), weight, _pool())

    def account(self, client: str, uid: str, name: str, weight: int, pace: str | None) -> None:
        """Count a request of an account.

        Raises:
            Refusal: 429, or 418 when that brings a ban.
        """
        if pace is not None:
            self._spend(client, (f"account {uid}", pace), 1, Window(PACES[pace], SECOND))
        self._spend(client, (f"account {uid}", name), weight, _pool())

    def _spend(self, client: str, budget: tuple[str, str], units: int, fresh: Window) -> None:
        """Take from a budget, which is `fresh` if it was never touched."""
        now_ns = self._now()
        window = self._windows.setdefault(budget, fresh)
        if window.spend(units, now_ns):
            return
        ban = self._bans[client]
        if ban.offend(now_ns):
            raise Refusal(limited(ban.wait_s(now_ns), banned=True))
        raise Refusal(limited(window.wait_s(now_ns), banned=False))


def _pool() -> Window:
    return Window(POOL, POOL_NS)


def limited(retry_after_s: int | None, *, banned: bool) -> Response:
    """Tell a client to wait."""
    status = 418 if banned else 429
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return json({"code": status, "msg": "Too Many Requests"}, status=status, headers=headers)
