"""How long to wait before the next attempt."""

from random import Random

__all__ = ["Backoff"]

_BASE_NS = 500_000_000
_CAP_NS = 30_000_000_000
_DOUBLINGS = 16
"""Beyond this many failures the cap has long been reached; it bounds the power."""


class Backoff:
    """Exponential delays with full jitter: uniform in [0, min(cap, base * 2^n)].

    Full jitter spreads the clients of a venue that comes back over the whole interval; a fixed or slightly shaken delay
    brings all of them at once (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    def __init__(self, random: Random, *, base_ns: int = _BASE_NS, cap_ns: int = _CAP_NS) -> None:
        self._random = random
        self._base_ns = base_ns
        self._cap_ns = cap_ns
        self.failures = 0

    def fail(self) -> int:
        """Count a failure and return how long to wait."""
        ceiling = min(self._cap_ns, self._base_ns << min(self.failures, _DOUBLINGS))
        self.failures += 1
        return self._random.randrange(ceiling + 1)

    def reset(self) -> None:
        """It works again."""
        self.failures = 0
