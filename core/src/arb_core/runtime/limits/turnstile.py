"""Who goes next. Pure."""

from arb_core.runtime.limits.budgets import Budgets, Claim

__all__ = ["Turnstile"]


_SPARE = 4
"""Places beyond the others that only urgent requests take: a hedge does not wait until many questions are answered."""


class Turnstile:
    """Who goes next: the urgent before the others, else first come, first served, at most `places` under way.

    A request held back by a budget holds back later ones that want the same budget (else small requests would starve a
    dear one for ever), and nobody else. An urgent one is held back by none that is not.
    """

    def __init__(self, budgets: Budgets, places: int) -> None:
        """Let at most `places` requests be under way."""
        self._budgets = budgets
        self._places = places
        self._waiting: dict[Claim, None] = {}
        self._urgent: dict[Claim, None] = {}
        self._soonest_ns: int | None = None
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting) + len(self._urgent)

    def pass_by(self, claim: Claim, now_ns: int, monotonic_ns: int) -> bool:
        """Let a request through at once where nobody goes before it and nothing holds it: the usual case, and quick."""
        if self._urgent or (self._waiting and not claim.urgent) or self.under_way >= self._room(claim):
            return False
        if self._budgets.blocked_by(claim, now_ns, monotonic_ns):
            return False
        self._budgets.take(claim, now_ns, monotonic_ns)
        self.under_way += 1
        return True

    def join(self, claim: Claim) -> None:
        """Stand at the end of the line, or of that of the urgent. A claim object stands there once."""
        (self._urgent if claim.urgent else self._waiting)[claim] = None

    def give_up(self, claim: Claim) -> None:
        """Leave the line; harmless for one that has gone through."""
        (self._urgent if claim.urgent else self._waiting).pop(claim, None)

    def done(self) -> None:
        """One that was under way has its answer."""
        self.under_way -= 1

    def admit(self, now_ns: int, monotonic_ns: int) -> list[Claim]:
        """Let through all that may leave now, spend what they take, and return them in the order of the line."""
        admitted: list[Claim] = []
        held: set[str] = set()
        self._soonest_ns = None
        for claim in (*self._urgent, *self._waiting):
            if self.under_way >= self._room(claim):
                self._soonest_ns = None  # whoever is done calls again
                break
            blocked = self._budgets.blocked_by(claim, now_ns, monotonic_ns)
            if blocked:
                held.update(blocked)
                soon_ns = max(blocked.values())
                self._soonest_ns = soon_ns if self._soonest_ns is None else min(self._soonest_ns, soon_ns)
            elif held.isdisjoint(charge.bucket for charge in claim.charges):
                self.give_up(claim)
                self._budgets.take(claim, now_ns, monotonic_ns)
                self.under_way += 1
                admitted.append(claim)
        return admitted

    def _room(self, claim: Claim) -> int:
        return self._places + _SPARE if claim.urgent else self._places

    @property
    def again_ns(self) -> int | None:
        """How long after the last `admit` the next one is worth while; None = not before somebody is done or joins."""
        return self._soonest_ns
