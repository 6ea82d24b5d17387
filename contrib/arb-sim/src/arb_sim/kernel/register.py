"""All orders and fills of one account, and who finds which of them when.

Entered by trading. A venue forgets client ids and its reading side may lag: both are questions of time, answered here.
"""

from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import ClientIds, Fill, Order, OrderRecord, Unique

__all__ = ["Register"]


class Register:
    """The orders of one account, in the order of their coming."""

    def __init__(self) -> None:
        self.records: list[OrderRecord] = []
        self.fills: list[Fill] = []
        self._open: dict[int, OrderRecord] = {}
        self._by_id: dict[str, OrderRecord] = {}
        self._by_client_id: dict[str, list[OrderRecord]] = {}

    def add(self, record: OrderRecord) -> None:
        """Take an order in."""
        order = record.now
        self.records.append(record)
        self._open[order.number] = record
        self._by_id[order.id] = record
        if order.client_id is not None:
            self._by_client_id.setdefault(order.client_id, []).append(record)

    def namesake(self, client_id: str | None, rules: ClientIds) -> Order | None:
        """Return the order that keeps a new one from having this client id."""
        if client_id is None or rules.unique is Unique.NEVER:
            return None
        return next(
            (
                record.now
                for record in self._by_client_id.get(client_id, ())
                if rules.unique is Unique.EVER or record.now.is_open
            ),
            None,
        )

    def by_id(self, order_id: str) -> OrderRecord | None:
        """Return an order by the venue's id."""
        return self._by_id.get(order_id)

    def by_client_id(self, client_id: str, *, kept_ns: int | None, now_ns: int) -> OrderRecord | None:
        """Return the open order of that client id, else the newest that ended less than `kept_ns` ago."""
        found = self._by_client_id.get(client_id, ())
        for record in found:
            if record.now.is_open:
                return record
        for record in reversed(found):
            if kept_ns is None or now_ns < record.now.updated_ns + kept_ns:
                return record
        return None

    def open(self, market: Market | None = None) -> list[Order]:
        """Return the open orders as they stand now, oldest first."""
        for number in [number for number, record in self._open.items() if not record.now.is_open]:
            del self._open[number]
        return [record.now for record in self._open.values() if market is None or record.now.market is market]

    def orders(self, market: Market | None, at_ns: int | None) -> list[Order]:
        """Return every order as it stood at a moment, None = now; oldest first."""
        states = (record.now if at_ns is None else record.at(at_ns) for record in self.records)
        return [order for order in states if order is not None and (market is None or order.market is market)]

    def fills_of(self, market: Market | None, at_ns: int | None, order_id: str | None = None) -> list[Fill]:
        """Return the fills up to a moment, None = now; oldest first."""
        return [
            fill
            for fill in self.fills
            if (market is None or fill.market is market)
            and (at_ns is None or fill.at_ns <= at_ns)
            and (order_id is None or fill.order_id == order_id)
        ]
