"""Price-time priority in one market: the orders of accounts stand in one book with everybody else's.

Everybody else is the street: the makers of the world, who say how much they offer at each price and not in how many
orders. An order that rests remembers how much of the street was there before it; who takes from a level is served by
what stood there first. What the street withdraws it withdraws from behind, so an order never gains a place by it.

Entered by the market, whose book it publishes, and by trading, which asks for matches and settles them. No money here.
While no order rests, the street's ladders *are* the public ones and everything costs what it did without accounts.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from sortedcontainers import SortedDict

from arb_sim.kernel.book import Book, Ladder, Units

__all__ = ["Matching", "Meeting", "Resting", "Taken"]


class Resting:
    """An order in the book."""

    __slots__ = ("ahead", "buys", "key", "left", "price")

    def __init__(self, key: int, *, buys: bool, price: int, left: int, ahead: int) -> None:
        self.key = key
        """The number of the order: a later one is served later."""
        self.buys = buys
        self.price = price
        self.left = left
        self.ahead = ahead
        """What of the street at this price is served before it."""


class Taken(NamedTuple):
    """What was taken at a price: from the street, or from an order."""

    price: int
    size: int
    resting: Resting | None


class Meeting(Enum):
    """What becomes of an incoming order that meets a resting one."""

    TRADE = 0
    PASS = 1
    """The resting one gives way: it is out of the book already."""
    STOP = 2
    """The incoming one gives way."""


class _Side:
    """One side: the street, the orders, and both together as the public sees them."""

    def __init__(self, public: Ladder, *, bids: bool) -> None:
        self.sign = -1 if bids else 1
        self.public = public
        self.street = public
        self.orders: SortedDict[int, list[Resting]] = SortedDict()
        """Price * sign -> orders, first come first."""
        self.touched: set[int] = set()

    def fork(self) -> None:
        """Part the street from the public: an order is about to rest."""
        if self.street is self.public:
            self.street = Ladder(bids=self.sign < 0)
            for price, size in self.public:
                self.street.set(price, size)

    def join(self) -> None:
        """No order rests any more."""
        self.street = self.public

    def queue(self, price: int) -> list[Resting]:
        """The orders at a price."""
        return self.orders.get(price * self.sign, [])

    def size_at(self, price: int) -> int:
        """What the public shows at a price."""
        return self.street.sizes.get(price, 0) + sum(resting.left for resting in self.queue(price))

    def best(self) -> int | None:
        """The best price of street and orders."""
        street, own = self.street.best, self.best_order
        if street is None or own is None:
            return own if street is None else street
        return own if own * self.sign < street * self.sign else street

    @property
    def best_order(self) -> int | None:
        """The best price at which an order rests."""
        return self.orders.peekitem(0)[0] * self.sign if self.orders else None

    def changes(self) -> list[Units]:
        """What the public has not seen yet."""
        changes = [(price, self.size_at(price)) for price in sorted(self.touched)]
        self.touched.clear()
        return changes

    def levels(self) -> Iterator[int]:
        """Every price, best first."""
        return iter(
            sorted({*self.street.sizes, *(key * self.sign for key in self.orders)}, key=lambda price: price * self.sign)
        )

    def set_street(self, price: int, size: int) -> None:
        """Let the street offer so much at a price."""
        if self.street.set(price, size):
            self.touched.add(price)
            for resting in self.queue(price):
                resting.ahead = min(resting.ahead, size)

    def add(self, resting: Resting) -> None:
        """Let an order rest."""
        queue = self.orders.setdefault(resting.price * self.sign, [])
        insort(queue, resting, key=lambda other: other.key)
        self.touched.add(resting.price)

    def remove(self, resting: Resting) -> None:
        """Take an order away."""
        key = resting.price * self.sign
        queue = self.orders[key]
        queue.remove(resting)
        if not queue:
            del self.orders[key]
        self.touched.add(resting.price)

    def take(self, price: int, wanted: int, meet: Callable[[Resting], Meeting]) -> tuple[list[Taken], bool]:
        """Serve a taker at a price, first come first; return what it got, and whether it may go on."""
        taken: list[Taken] = []
        from_street, left = 0, wanted
        goes_on = True
        for resting in list(self.queue(price)):
            before = min(left, resting.ahead - from_street)
            if before > 0:
                from_street += before
                left -= before
                taken.append(Taken(price, before, None))
            if left == 0:
                break
            meeting = meet(resting)
            if meeting is Meeting.STOP:
                goes_on = False
                break
            if meeting is Meeting.TRADE:
                size = min(left, resting.left)
                left -= size
                taken.append(Taken(price, size, resting))
                self.fill(resting, size)
        behind = min(left, self.street.sizes.get(price, 0) - from_street) if goes_on else 0
        if behind > 0:
            from_street += behind
            taken.append(Taken(price, behind, None))
        self.use_street(price, from_street)
        return taken, goes_on

    def fill(self, resting: Resting, size: int) -> None:
        """Take from an order; one that is filled leaves the book."""
        resting.left -= size
        self.touched.add(resting.price)
        if resting.left == 0:
            self.remove(resting)

    def use_street(self, price: int, size: int) -> None:
        """Take from the street, from in front."""
        if size:
            self.street.set(price, self.street.sizes[price] - size)
            self.touched.add(price)
            for resting in self.queue(price):
                resting.ahead = max(0, resting.ahead - size)


def _always(_resting: Resting) -> Meeting:
    return Meeting.TRADE


class Matching:
    """The orders of one market."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._bids = _Side(book.bids, bids=True)
        self._asks = _Side(book.asks, bids=False)

    @property
    def bids(self) -> Ladder:
        """What the street bids."""
        return self._bids.street

    @property
    def asks(self) -> Ladder:
        """What the street asks."""
        return self._asks.street

    @property
    def resting(self) -> bool:
        """Whether an order rests."""
        return bool(self._bids.orders or self._asks.orders)

    def _side(self, *, buys: bool) -> _Side:
        return self._bids if buys else self._asks

    def _part(self) -> None:
        """From now on until `publish` the street may differ from what the public sees."""
        self._bids.fork()
        self._asks.fork()

    # What an order does

    def reachable(self, *, buys: bool, limit: int | None) -> Iterator[Units]:
        """The levels that an incoming order could take, best first."""
        side = self._side(buys=not buys)
        for price in side.levels():
            if limit is not None and price * side.sign > limit * side.sign:
                return
            yield price, side.size_at(price)

    def take(
        self,
        *,
        buys: bool,
        limit: int | None,
        wanted: Callable[[int], int],
        meet: Callable[[Resting], Meeting],
        settle: Callable[[Taken], None],
    ) -> bool:
        """Let an incoming order take, best price first; return whether it may rest with what is left.

        `wanted` says how many lots it still wants at a price, `settle` is told of each match at once.
        """
        self._part()
        side = self._side(buys=not buys)
        while (price := side.best()) is not None:
            size = wanted(price)
            if size <= 0 or (limit is not None and price * side.sign > limit * side.sign):
                break
            taken, goes_on = side.take(price, size, meet)
            for match in taken:
                settle(match)
            if not goes_on:
                return False
        return True

    def rest(self, key: int, *, buys: bool, price: int, size: int) -> Resting:
        """Let an order stand at a price, behind everything that stands there."""
        self._part()
        side = self._side(buys=buys)
        resting = Resting(key, buys=buys, price=price, left=size, ahead=side.street.sizes.get(price, 0))
        side.add(resting)
        return resting

    def withdraw(self, resting: Resting) -> None:
        """Take an order out of the book."""
        self._side(buys=resting.buys).remove(resting)

    def shrink(self, resting: Resting, left: int) -> None:
        """Make an order smaller; it keeps its place."""
        resting.left = left
        self._side(buys=resting.buys).touched.add(resting.price)

    # What the street does

    def move(self, bids: Sequence[Units], asks: Sequence[Units]) -> list[Taken]:
        """Give levels of the street their sizes; return how it met resting orders, at their prices."""
        for levels, side in ((bids, self._bids), (asks, self._asks)):
            for price, size in levels:
                side.set_street(price, size)
        return [*self._meet(self._bids, self._asks), *self._meet(self._asks, self._bids)]

    def _meet(self, side: _Side, street: _Side) -> Iterator[Taken]:
        """Let the street on the other side take the orders that it has reached."""
        while (price := side.best_order) is not None:
            offered = street.street.best
            if offered is None or offered * side.sign < price * side.sign:
                return
            resting = side.queue(price)[0]
            size = min(resting.left, street.street.sizes[offered])
            street.use_street(offered, size)
            side.fill(resting, size)
            yield Taken(price, size, resting)

    def hit(self, price: int, size: int, *, taker_buys: bool) -> list[Taken]:
        """Let somebody of the street take so much down to a price; return what, orders at better prices first."""
        side = self._side(buys=not taker_buys)
        taken: list[Taken] = []
        while size and (best := side.best_order) is not None and best * side.sign < price * side.sign:
            resting = side.queue(best)[0]
            part = min(size, resting.left)
            side.fill(resting, part)
            taken.append(Taken(best, part, resting))
            size -= part
        if size and side.queue(price):
            at_price, _ = side.take(price, size, _always)
            taken += at_price
            size -= sum(match.size for match in at_price)
        if size:
            taken.append(Taken(price, size, None))
        return taken

    def recede(self, price: int, size: int, *, bids: bool) -> None:
        """Let the street offer no more than so much at a price."""
        self._part()
        side = self._side(buys=bids)
        side.set_street(price, min(size, side.street.sizes.get(price, 0)))

    # What the public sees

    def publish(self, now_ns: int) -> None:
        """Bring the public book up to date, as one event."""
        bids, asks = self._bids.changes(), self._asks.changes()
        self._book.change(bids, asks, now_ns)
        if not self.resting:
            self._bids.join()
            self._asks.join()
