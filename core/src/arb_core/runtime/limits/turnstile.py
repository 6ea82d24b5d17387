"""Who goes next. Pure."""

from arb_core.runtime.limits.budgets import Budgets, Claim

__all__ = ["Turnstile"]


class Turnstile:
    """Who goes next: first come, first served, at most `places` under way.

    A request held back by a budget holds back later ones that want the same budget (else small requests would starve a
    dear one for ever), and nobody else.
    """

    def __init__(self, budgets: Budgets, places: int) -> None:
        """Let at most `places` requests be under way."""
        self._budgets = budgets
        self._places = places
        self._waiting: dict[Claim, None] = {}
        self._soonest_ns: int | None = None
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def pass_by(self, claim: Claim, now_ns: int, monotonic_ns: int) -> bool:
        """Let a request through at once where nobody waits and nothing holds it; the usual case, and the quick way."""
        if self._waiting or self.under_way >= self._places or self._budgets.blocked_by(claim, now_ns, monotonic_ns):
            return False
        self._budgets.take(claim, now_ns, monotonic_ns)
        self.under_way += 1
        return True

    def join(self, claim: Claim) -> None:
        """Stand at the end of the line. A claim object stands there once."""
        self._waiting[claim] = None

    def give_up(self, claim: Claim) -> None:
        """Leave the line; harmless for one that has gone through."""
        self._waiting.pop(claim, None)

    def done(self) -> None:
        """One that was under way has its answer."""
        self.under_way -= 1

    def admit(self, now_ns: int, monotonic_ns: int) -> list[Claim]:
        """Let through all that may leave now, spend what they take, and return them in the order of the line."""
        admitted: list[Claim] = []
        held: set[str] = set()
        self._soonest_ns = None
        for claim in tuple(self._waiting):
            if self.under_way >= self._places:
                self._soonest_ns = None  # whoever is done calls again
                break
            blocked = self._budgets.blocked_by(claim, now_ns, monotonic_ns)
            if blocked:
                held.update(blocked)
                soon_ns = max(blocked.values())
                self._soonest_ns = soon_ns if self._soonest_ns is None else min(self._soonest_ns, soon_ns)
            elif held.isdisjoint(charge.bucket for charge in claim.charges):
                del self._waiting[claim]
                self._budgets.take(claim, now_ns, monotonic_ns)
                self.under_way += 1
                admitted.append(claim)
        return admitted

    @property
    def again_ns(self) -> int | None:
        """How long after the last `admit` the next one is worth while; None = not before somebody is done or joins."""
        return self._soonest_ns
