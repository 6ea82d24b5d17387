"""The private stream of a paper account: what the paper venue tells, on its way to the listeners."""

from collections.abc import Callable
from functools import partial
from random import Random

from arb_core.engine.paper.line import Line
from arb_core.engine.paper.terms import PaperTerms
from arb_core.interfaces.account import AccountListener
from arb_core.interfaces.context import Clock
from arb_core.structs.account import Balance
from arb_core.structs.card import Capability, ExchangeCard
from arb_core.structs.market import VenueName
from arb_core.structs.order import Fill, Order

__all__ = ["PaperStream"]


class PaperStream:
    """Tells what the card claims that the venue tells, in the order in which it happened."""

    def __init__(
        self, venue: VenueName, card: ExchangeCard, line: Line, *, clock: Clock, terms: PaperTerms, random: Random
    ) -> None:
        self._venue = venue
        self._claims = card.capabilities
        self._line = line
        self._clock = clock
        self._terms = terms
        self._random = random
        self._listeners: tuple[AccountListener, ...] = ()
        self._last_ns = 0
        """When the last event that is on its way arrives: none overtakes another."""

    def listen(self, listener: AccountListener) -> Callable[[], None]:
        """Tell `listener` from now on; return what ends that. Raises `ValueError` if it listens already."""
        if listener in self._listeners:
            message = f"{listener!r} listens already"
            raise ValueError(message)
        self._listeners = (*self._listeners, listener)

        def end() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end

    def order(self, order: Order) -> None:
        """An order is as shown."""
        if Capability.ORDERS_STREAM in self._claims:
            self._post(lambda listener: listener.on_order(self._venue, order))

    def fill(self, fill: Fill) -> None:
        """An order was filled."""
        if Capability.FILLS_STREAM in self._claims:
            self._post(lambda listener: listener.on_fill(self._venue, fill))

    def balance(self, balance: Balance) -> None:
        """So much is held of one asset."""
        if Capability.BALANCES_STREAM in self._claims:
            self._post(lambda listener: listener.on_balance(self._venue, balance))

    def _post(self, tell: Callable[[AccountListener], None]) -> None:
        due_ns = self._clock.monotonic_ns() + self._terms.from_venue_ns + self._terms.jitter(self._random)
        self._last_ns = max(self._last_ns, due_ns)
        self._line.post(self._last_ns, partial(self._tell, tell))

    def _tell(self, tell: Callable[[AccountListener], None]) -> None:
        for listener in self._listeners:
            tell(listener)
