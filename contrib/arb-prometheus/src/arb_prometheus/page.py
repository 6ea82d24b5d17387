"""The page of one scrape: the figures as they are now, and the tallies."""

from collections.abc import Callable, Iterable

from arb_core.errors import FiguresUnavailable
from arb_core.structs.figures import Figures
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from arb_prometheus.process import show_process
from arb_prometheus.samples import Samples
from arb_prometheus.tallies import Tallies
from arb_prometheus.venues import show_venues

__all__ = ["Page"]


class Page(Collector):
    """Collected by prometheus-client at each scrape, on the scrape's thread."""

    def __init__(self, figures: Callable[[], Figures], tallies: Tallies, *, per_symbol: bool) -> None:
        """Ask `figures` at each scrape."""
        self._figures = figures
        self._tallies = tallies
        self._per_symbol = per_symbol

    def collect(self) -> Iterable[Metric]:
        """Return every metric. A process that does not answer is itself what a page has to tell."""
        samples = Samples()
        try:
            figures = self._figures()
        except FiguresUnavailable:
            samples.add("arb_up", 0)
        else:
            samples.add("arb_up", 1)
            show_venues(samples, figures.venues, per_symbol=self._per_symbol)
            show_process(samples, figures)
            venues = [venue.venue for venue in figures.venues]
            self._tallies.expect(venues, trading=figures.trading is not None)
        self._tallies.show(samples)
        return samples.families()

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the registry would collect to learn the names, and nothing runs yet."""
        return ()
