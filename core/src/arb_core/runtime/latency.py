"""How long things take: a histogram cheap enough for every message and every request.

Buckets grow by powers of two, eight to an octave, so that a percentile is off by 12.5 % at most, from a nanosecond to
centuries, in a fixed 4 kB.
"""

from operator import mul

from arb_core.structs.figures import Durations
from arb_core.structs.health import Latency

__all__ = ["LatencyHistogram"]

_STEPS_LOG2 = 3
_STEPS = 1 << _STEPS_LOG2
_BUCKETS = (64 - _STEPS_LOG2) * _STEPS
_FIRST_OCTAVE = _STEPS_LOG2 + 1
_LAST_OCTAVE = 63 - _FIRST_OCTAVE


class LatencyHistogram:
    """Counts durations. Adding one allocates nothing."""

    __slots__ = ("counts", "max_ns")

    def __init__(self) -> None:
        """Begin empty."""
        self.counts = [0] * _BUCKETS
        self.max_ns = 0

    def add(self, duration_ns: int) -> None:
        """Count one duration; one below 0 (two clocks that disagree) counts as 0."""
        if duration_ns > self.max_ns:  # noqa: PLR1730 (max() would be a call for each message)
            self.max_ns = duration_ns
        octave = duration_ns.bit_length() - _FIRST_OCTAVE
        if octave <= 0 or duration_ns < 0:
            self.counts[max(duration_ns, 0)] += 1
        elif octave <= _LAST_OCTAVE:
            # The leading bit names the octave, the three after it the step inside.
            self.counts[(octave << _STEPS_LOG2) + (duration_ns >> octave)] += 1
        else:
            self.counts[-1] += 1

    @property
    def count(self) -> int:
        """How many durations; counted when somebody asks, not at each one."""
        return sum(self.counts)

    def quantile_ns(self, fraction: float) -> int:
        """Return a duration that `fraction` of all do not exceed, never above the longest; 0 while empty."""
        wanted = fraction * self.count
        seen = 0
        for index, count in enumerate(self.counts):
            seen += count
            if count and seen >= wanted:
                return min(_upper_edge_ns(index), self.max_ns)
        return self.max_ns

    def summary(self) -> Latency:
        """Return the usual percentiles."""
        return Latency(
            count=self.count,
            p50=self.quantile_ns(0.5),
            p90=self.quantile_ns(0.9),
            p99=self.quantile_ns(0.99),
            max=self.max_ns,
        )

    def durations(self) -> Durations:
        """Return the whole histogram, two buckets to an octave, from a microsecond to 8.6 s."""
        counts = self.counts
        return Durations(
            bounds_ns=_BOUNDS_NS,
            counts=(
                sum(counts[:_SHOWN_FROM]),
                *(sum(counts[index : index + _COARSE]) for index in range(_SHOWN_FROM, _SHOWN_TO, _COARSE)),
                sum(counts[_SHOWN_TO:]),
            ),
            total_ns=sum(map(mul, counts, _MIDDLES_NS)),
        )

    def merge(self, other: "LatencyHistogram") -> None:
        """Take what another counted."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.max_ns = max(self.max_ns, other.max_ns)


def _upper_edge_ns(index: int) -> int:
    """Return the longest duration that falls into a bucket."""
    if index < 2 * _STEPS:
        return index
    octave = (index >> _STEPS_LOG2) - 1
    return (((index & (_STEPS - 1)) + _STEPS + 1) << octave) - 1


_COARSE = _STEPS // 2
"""Buckets that are shown as one, so that a dashboard has few dozen series for each histogram."""
_SHOWN_FROM = next(index + 1 for index in range(_BUCKETS) if _upper_edge_ns(index) == (1 << 10) - 1)
_SHOWN_TO = next(index + 1 for index in range(_BUCKETS) if _upper_edge_ns(index) == (1 << 33) - 1)
_BOUNDS_NS = tuple(_upper_edge_ns(index - 1) for index in range(_SHOWN_FROM, _SHOWN_TO + 1, _COARSE))
_MIDDLES_NS = tuple(
    ((_upper_edge_ns(index - 1) + 1 if index else 0) + _upper_edge_ns(index)) // 2 for index in range(_BUCKETS)
)
