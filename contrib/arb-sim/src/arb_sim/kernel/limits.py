"""Budgets as a venue counts them: so many units in a window, per client."""

__all__ = ["Ban", "Window"]

SECOND = 1_000_000_000


class Window:
    """A fixed window. It begins with the first request after the last one ended; an `aligned` one on the wall clock."""

    __slots__ = ("aligned", "ends_ns", "limit", "span_ns", "used")

    def __init__(self, limit: int, span_ns: int, *, aligned: bool = False) -> None:
        self.limit = limit
        self.span_ns = span_ns
        self.aligned = aligned
        self.used = 0
        self.ends_ns = 0

    def spend(self, units: int, now_ns: int) -> bool:
        """Count a request and return whether it is within the limit; one beyond it counts as well."""
        if now_ns >= self.ends_ns:
            self.used = 0
            self.ends_ns = (now_ns - now_ns % self.span_ns if self.aligned else now_ns) + self.span_ns
        self.used += units
        return self.used <= self.limit

    @property
    def remaining(self) -> int:
        """Units left."""
        return max(0, self.limit - self.used)

    def wait_s(self, now_ns: int) -> int:
        """Whole seconds until the budget refills, at least 1: what `Retry-After` says."""
        return max(1, -(-(self.ends_ns - now_ns) // SECOND))


class Ban:
    """A client that goes on after it was told to wait is shut out, longer each time."""

    __slots__ = ("_growth", "_offences", "_patience", "_span_ns", "until_ns")

    def __init__(self, *, patience: int, span_ns: int, growth: int = 2) -> None:
        """`patience` refused requests are borne, the next one bans for `span_ns`, then `growth` times as long."""
        self._patience = patience
        self._span_ns = span_ns
        self._growth = growth
        self._offences = 0
        self.until_ns = 0

    def holds(self, now_ns: int) -> bool:
        """Whether the client is shut out."""
        return now_ns < self.until_ns

    def forgive(self) -> None:
        """A request was within the limits again."""
        self._offences = 0

    def offend(self, now_ns: int) -> bool:
        """Count a refused request; return whether it brought a ban."""
        self._offences += 1
        if self._offences <= self._patience:
            return False
        self._offences = 0
        self.until_ns = now_ns + self._span_ns
        self._span_ns *= self._growth
        return True

    def wait_s(self, now_ns: int) -> int:
        """Whole seconds until the ban ends, at least 1."""
        return max(1, -(-(self.until_ns - now_ns) // SECOND))
