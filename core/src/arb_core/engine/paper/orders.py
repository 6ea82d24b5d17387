"""Orders at the paper venue: what each asked for, got and still locks; and the table in which they are found again."""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

from arb_core.engine.money import minus, plus, times
from arb_core.errors import OrderNotFound
from arb_core.structs.card import ExchangeCard
from arb_core.structs.market import Asset, Instrument, Side, Symbol
from arb_core.structs.order import ClientOrderId, Order, OrderId, OrderRequest, OrderStatus

__all__ = ["KEPT", "OrderTable", "PaperOrder"]

KEPT = 10_000
"""Ended orders that can still be asked for, and as many fills: more than a reconciliation looks back."""

_NOTHING = Decimal(0)
_ONE = Decimal(1)


class PaperOrder:
    """Changed by the paper venue alone; everybody else sees `shown`."""

    __slots__ = (
        "created_ns",
        "extra",
        "filled",
        "filled_quote",
        "fills",
        "instrument",
        "locked",
        "number",
        "order_id",
        "price",
        "quantity",
        "reason",
        "request",
        "status",
        "updated_ns",
    )

    def __init__(
        self,
        request: OrderRequest,
        instrument: Instrument,
        *,
        number: int,
        order_id: OrderId,
        extra: Decimal,
        now_ns: int,
    ) -> None:
        """Begin open and empty; `extra` is what a purchase locks beyond its price, as a fraction: a fee in quote."""
        self.request = request
        self.instrument = instrument
        self.number = number
        """In the order of arrival."""
        self.order_id = order_id
        self.extra = extra
        self.price = request.price
        self.quantity = request.quantity
        self.status = OrderStatus.OPEN
        self.filled = _NOTHING
        self.filled_quote = _NOTHING
        self.fills = 0
        """How many."""
        self.locked = _NOTHING
        self.reason: str | None = None
        self.created_ns = self.updated_ns = now_ns

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled."""
        return self.status in {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}

    @property
    def left(self) -> Decimal | None:
        """What is not filled of an order that counts base."""
        return None if self.quantity is None else minus(self.quantity, self.filled)

    @property
    def pays(self) -> Asset:
        """What it gives."""
        symbol = self.request.symbol
        return Asset(symbol.quote if self.request.side is Side.BUY else symbol.base)

    @property
    def gets(self) -> Asset:
        """What it brings."""
        symbol = self.request.symbol
        return Asset(symbol.base if self.request.side is Side.BUY else symbol.quote)

    def takes(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return what so much of it locks, of what it pays with; `price` where it has no limit of its own."""
        if self.request.side is Side.SELL:
            return quantity
        return times(times(quantity, price if self.price is None else self.price), plus(_ONE, self.extra))

    def take(self, quantity: Decimal, price: Decimal, now_ns: int) -> None:
        """Add a fill."""
        self.filled = plus(self.filled, quantity)
        self.filled_quote = plus(self.filled_quote, times(quantity, price))
        self.fills += 1
        self.status = OrderStatus.FILLED if self.filled == self.quantity else OrderStatus.PARTIALLY_FILLED
        self.updated_ns = now_ns

    def end(self, status: OrderStatus, reason: str | None, now_ns: int) -> None:
        """Stand no longer."""
        self.status = status
        self.reason = reason
        self.updated_ns = now_ns

    def shown(self) -> Order:
        """Return the order as it stands."""
        request = self.request
        return Order(
            pair=self.instrument.pair,
            order_id=self.order_id,
            client_order_id=request.client_order_id,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            status=self.status,
            price=self.price,
            quantity=self.quantity,
            filled=self.filled,
            filled_quote=self.filled_quote,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
            reason=self.reason,
        )


class OrderTable:
    """Every order that can still be asked for: all that are open, and the last of those that have ended."""

    def __init__(self, card: ExchangeCard) -> None:
        self._card = card
        self._by_id: dict[OrderId, PaperOrder] = {}
        self._by_client: dict[ClientOrderId, PaperOrder] = {}
        self._ended: deque[PaperOrder] = deque()

    def __iter__(self) -> Iterator[PaperOrder]:
        """Every order, oldest first."""
        return iter(self._by_id.values())

    def add(self, order: PaperOrder) -> None:
        """Keep a new order."""
        self._by_id[order.order_id] = self._by_client[order.request.client_order_id] = order

    def used(self, client_order_id: ClientOrderId) -> bool:
        """Whether an order bears this id, or bore it lately."""
        return client_order_id in self._by_client

    def ended(self, order: PaperOrder) -> None:
        """Forget the oldest of those that have ended before this one."""
        self._ended.append(order)
        if len(self._ended) > KEPT:
            oldest = self._ended.popleft()
            del self._by_id[oldest.order_id], self._by_client[oldest.request.client_order_id]

    def find(self, symbol: Symbol, order_id: OrderId | None, client_order_id: ClientOrderId | None) -> PaperOrder:
        """Return an order by the one id that is given, as far as the venue's card says that client ids resolve.

        Raises:
            OrderNotFound: there is none.
        """
        if (order_id is None) == (client_order_id is None):
            message = "an order is named by exactly one of its ids"
            raise ValueError(message)
        if order_id is not None:
            order = self._by_id.get(order_id)
        else:
            order = None if client_order_id is None else self._by_client.get(client_order_id)
            lookup = self._card.client_ids.lookup
            if order is not None and (lookup == "none" or (lookup == "while_open" and not order.is_open)):
                order = None
        if order is None or order.request.symbol != symbol:
            raise self._not_found(order_id or client_order_id, "there is no such order")
        return order

    def find_open(self, symbol: Symbol, order_id: OrderId | None, client_order_id: ClientOrderId | None) -> PaperOrder:
        """Return an order that may still be filled. Raises `OrderNotFound`."""
        order = self.find(symbol, order_id, client_order_id)
        if not order.is_open:
            raise self._not_found(order_id or client_order_id, "it has ended")
        return order

    def _not_found(self, name: str | None, why: str) -> OrderNotFound:
        return OrderNotFound(f"{name}: {why}", exchange=self._card.id)
