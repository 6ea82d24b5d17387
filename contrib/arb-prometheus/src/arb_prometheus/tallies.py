"""What is counted as it is told, because no figure keeps it: books lost, orders, fills, trades, faults.

Told on the observer's thread and read on a scrape's, so both hold a lock for the moment.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from threading import Lock

from arb_core.structs.book import BookFault
from arb_core.structs.market import Side
from arb_core.structs.notice import BookNotice, FaultNotice, FillNotice, OpportunityNotice, OrderNotice, ResultNotice
from arb_core.structs.trade import OrderState, Outcome

from arb_prometheus.samples import Samples

__all__ = ["EDGES_BPS", "Tallies"]

EDGES_BPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
"""Bounds of the histogram of edges, basis points."""


class _Edges:
    """A histogram of edges."""

    def __init__(self) -> None:
        self.counts = [0] * (len(EDGES_BPS) + 1)
        self.total = 0.0

    def add(self, edge_bps: float) -> None:
        self.counts[bisect_left(EDGES_BPS, edge_bps)] += 1
        self.total += edge_bps


class Tallies:
    """Counts since the start, by metric and labels."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = Lock()
        self._counts: defaultdict[tuple[str, *tuple[str, ...]], Decimal] = defaultdict(Decimal)
        self._edges: defaultdict[str, _Edges] = defaultdict(_Edges)

    def expect(self, venues: Iterable[str], *, trading: bool) -> None:
        """Begin with 0 for what may happen: Prometheus sees a counter grow only from a value that it saw before."""
        with self._lock:
            for venue in venues:
                for fault in BookFault:
                    self._counts["arb_book_losses_total", venue, fault.value] += 0
                if trading:
                    for state in OrderState:
                        self._counts["arb_orders_total", venue, state.value] += 0
                    for side in (Side.BUY, Side.SELL):
                        self._counts["arb_fills_total", venue, side.name.lower()] += 0
            if trading:
                for outcome in Outcome:
                    self._counts["arb_trades_total", outcome.value] += 0

    def opportunity(self, notice: OpportunityNotice) -> None:
        """Count an edge under its size."""
        executable = "true" if notice.verdict.executable else "false"
        with self._lock:
            self._edges[executable].add(notice.opportunity.edge_bps)

    def book(self, notice: BookNotice) -> None:
        """Count a book that stopped being LIVE."""
        if notice.fault is not None:
            self._count("arb_book_losses_total", notice.venue, notice.fault.value)

    def order(self, notice: OrderNotice) -> None:
        """Count an order once for each state that it comes into."""
        if notice.state is not notice.former:
            self._count("arb_orders_total", notice.venue, notice.state.value)

    def fill(self, notice: FillNotice) -> None:
        """Count a fill and what it is worth."""
        fill = notice.fill
        self._count("arb_fills_total", notice.venue, fill.side.name.lower())
        self._count("arb_turnover_total", notice.venue, notice.symbol.quote, by=fill.price * fill.quantity)

    def result(self, notice: ResultNotice) -> None:
        """Count a trade and what it came to."""
        self._count("arb_trades_total", notice.outcome.value)
        self._count("arb_realised_pnl", notice.money, by=notice.pnl)

    def fault(self, notice: FaultNotice) -> None:
        """Count a fault by its name; what it says in words stays out."""
        self._count("arb_faults_total", notice.name, notice.venue or "")

    def show(self, samples: Samples) -> None:
        """Add every tally."""
        with self._lock:
            counts = list(self._counts.items())
            edges = [(executable, tuple(found.counts), found.total) for executable, found in self._edges.items()]
        for (name, *labels), value in counts:
            samples.add(name, float(value), *labels)
        for executable, found, total in edges:
            samples.histogram("arb_opportunity_edge_bps", EDGES_BPS, found, total, executable)

    def _count(self, name: str, *labels: str, by: Decimal = Decimal(1)) -> None:
        with self._lock:
            self._counts[name, *labels] += by
