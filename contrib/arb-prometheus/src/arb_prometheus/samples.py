"""The values of one scrape, put together metric by metric and checked against the table."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from arb_core.structs.figures import Durations
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from arb_prometheus.metrics import METRICS, Kind

__all__ = ["SECOND", "Samples"]

SECOND = 1e9
"""Nanoseconds."""

_Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class Samples:
    """One page under way.

    Raises:
        KeyError: a name that is not in `METRICS`.
        ValueError: more or fewer labels than the metric has.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._families: dict[str, _Family] = {}

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add one line of a counter or gauge."""
        family = self._family(name, labels)
        if isinstance(family, HistogramMetricFamily):
            raise TypeError(f"{name} is a histogram")
        family.add_metric(labels, float(value))

    def histogram(self, name: str, bounds: Iterable[float], counts: Iterable[int], total: float, *labels: str) -> None:
        """Add one histogram: how many fell under each bound, and one count more for those above all."""
        family = self._family(name, labels)
        if not isinstance(family, HistogramMetricFamily):
            raise TypeError(f"{name} is no histogram")
        edges = [*(f"{bound:.10g}" for bound in bounds), "+Inf"]
        family.add_metric(labels, list(zip(edges, accumulate(counts), strict=True)), total)

    def durations(self, name: str, durations: Durations, *labels: str) -> None:
        """Add one histogram of durations, in seconds."""
        bounds = (bound_ns / SECOND for bound_ns in durations.bounds_ns)
        self.histogram(name, bounds, durations.counts, durations.total_ns / SECOND, *labels)

    def each(self, name: str, values: Mapping[str, float], *labels: str) -> None:
        """Add one line for each entry, whose key is the last label."""
        for key, value in values.items():
            self.add(name, value, *labels, key)

    def families(self) -> list[Metric]:
        """Return what was added, in the order of the table."""
        return [self._families[name] for name in METRICS if name in self._families]

    def _family(self, name: str, labels: tuple[str, ...]) -> _Family:
        metric = METRICS[name]
        if len(labels) != len(metric.labels):
            raise ValueError(f"{name} has the labels {metric.labels}, found {labels}")
        family = self._families.get(name)
        if family is None:
            kind = _KINDS[metric.kind]
            family = self._families[name] = kind(name, metric.help, labels=metric.labels)
        return family


_KINDS: dict[Kind, type[_Family]] = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
}
