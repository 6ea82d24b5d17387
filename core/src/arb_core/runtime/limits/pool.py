"""The budgets that an exchange counts together: those of one address, or those of one key. Pure."""

from typing import Literal

import msgspec

from arb_core.runtime.limits.headers import LONGEST_NS
from arb_core.runtime.limits.window import Window
from arb_core.structs.card import RateLimit
from arb_core.structs.health import BudgetUse

__all__ = ["Pool", "PoolState", "Scope"]

Scope = Literal["ip", "key"]

_Rows = list[tuple[int, int, bool]]
"""Wall time until which units count, how many, whether they were ours."""


class PoolState(msgspec.Struct, frozen=True, kw_only=True):
    """What another process should know of a pool. Times are nanoseconds since the epoch."""

    closed: dict[str, int] = {}
    spent: dict[str, _Rows] = {}


class Pool:
    """Windows by bucket, and what the venue has closed: a bucket, or the whole scope."""

    def __init__(self) -> None:
        self.windows: dict[str, Window] = {}
        self.closings = 0
        """How often something was closed."""
        self._share = 1.0
        self._closed: dict[str, int] = {}
        """Bucket or scope -> monotonic time until which it is closed."""
        self._restored: list[tuple[PoolState, int, int]] = []
        """What was said of buckets that nobody has taken from yet, with the two times at which it was said."""

    def narrow(self, share: float) -> None:
        """Let this process use no more than this part of each limit. The least of all that share the pool counts."""
        self._share = min(self._share, share)
        for window in self.windows.values():
            window.narrow(share)

    def window(self, bucket: str, limit: RateLimit) -> Window:
        """Return the window of a bucket; the first to ask for it says what its limit is."""
        window = self.windows.get(bucket)
        if window is None:
            window = self.windows[bucket] = Window(limit, self._share)
            for state, now_ns, monotonic_ns in self._restored:
                window.restore(state.spent.get(bucket, []), now_ns, monotonic_ns)
        return window

    def close(self, key: str, wait_ns: int, monotonic_ns: int) -> int:
        """Close a bucket or a scope and return how long it is closed in all: never shorter than before."""
        until_ns = monotonic_ns + min(wait_ns, LONGEST_NS)
        self._closed[key] = max(self._closed.get(key, until_ns), until_ns)
        self.closings += 1
        return self._closed[key] - monotonic_ns

    def closed_ns(self, key: str, monotonic_ns: int) -> int:
        """Return for how long a bucket or a scope is still closed, 0 = it is open."""
        until_ns = self._closed.get(key)
        return 0 if until_ns is None else max(0, until_ns - monotonic_ns)

    def use(self, now_ns: int, monotonic_ns: int) -> dict[str, BudgetUse]:
        """Return every budget that was ever used, and every scope that is closed."""
        uses = {
            bucket: BudgetUse(
                spent=window.spent(now_ns, monotonic_ns),
                limit=window.own_limit,
                window_ns=window.window_ns,
                closed_ns=self.closed_ns(bucket, monotonic_ns),
            )
            for bucket, window in self.windows.items()
        }
        for key in self._closed:
            if key not in uses and (left_ns := self.closed_ns(key, monotonic_ns)) > 0:
                uses[key] = BudgetUse(spent=0, limit=0, window_ns=0, closed_ns=left_ns)
        return uses

    def save(self, now_ns: int, monotonic_ns: int) -> PoolState:
        """Return what another process should know."""
        return PoolState(
            closed={
                key: now_ns + left_ns for key in self._closed if (left_ns := self.closed_ns(key, monotonic_ns)) > 0
            },
            spent={
                bucket: saved for bucket, window in self.windows.items() if (saved := window.save(now_ns, monotonic_ns))
            },
        )

    def restore(self, state: PoolState, now_ns: int, monotonic_ns: int) -> None:
        """Take up what another process, or an earlier one, has saved."""
        for key, until_ns in state.closed.items():
            if until_ns > now_ns:
                self.close(key, until_ns - now_ns, monotonic_ns)
        for bucket, window in self.windows.items():
            window.restore(state.spent.get(bucket, []), now_ns, monotonic_ns)
        self._restored.append((state, now_ns, monotonic_ns))
