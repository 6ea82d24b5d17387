"""How often Acme may be asked: by address, and by key for questions and for orders."""

from arb_sim.kernel.limits import Ban, Window
from arb_sim.venue import Response

from arb_acme.sim.speech import problem

__all__ = ["Limits"]

SECOND = 1_000_000_000


class Limits:
    """The counts of one venue."""

    def __init__(self) -> None:
        self._addresses: dict[str, tuple[Window, Ban]] = {}
        self._keys: dict[tuple[str, bool], Window] = {}

    def address(self, client: str, now_ns: int) -> tuple[Response | None, int]:
        """Count a request of an address; return a refusal, and what is left."""
        if client not in self._addresses:
            self._addresses[client] = Window(100, 2 * SECOND), Ban(patience=9, span_ns=60 * SECOND)
        window, ban = self._addresses[client]
        if ban.holds(now_ns):
            return problem(418, "shut-out", headers={"retry-after": str(ban.wait_s(now_ns))}), 0
        if window.spend(1, now_ns):
            ban.forgive()
            return None, window.remaining
        if ban.offend(now_ns):
            return problem(418, "shut-out", headers={"retry-after": str(ban.wait_s(now_ns))}), 0
        return problem(429, "too-fast", headers={"retry-after": str(window.wait_s(now_ns))}), 0

    def key(self, key: str, now_ns: int, *, orders: bool) -> Response | None:
        """Count a request of a key; return a refusal."""
        window = self._keys.setdefault((key, orders), Window(30 if orders else 20, SECOND))
        if window.spend(1, now_ns):
            return None
        return problem(429, "too-fast", headers={"retry-after": str(window.wait_s(now_ns))})
