"""An account on paper, as the engine meets it: requests through `private`, events to whoever listens."""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from types import TracebackType
from typing import Self

from arb_core.engine.paper.exchange import PaperExchange
from arb_core.engine.paper.line import Line
from arb_core.engine.paper.stream import PaperStream
from arb_core.engine.paper.terms import PaperTerms
from arb_core.engine.paper.venue import PaperVenue
from arb_core.interfaces.account import Account, AccountListener
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock, Markets
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.card import ExchangeCard
from arb_core.structs.market import Asset, VenueName

__all__ = ["PaperAccount"]


class PaperAccount(Account):
    """One account of one venue, used within `async with`.

        async with PaperAccount(...) as account:
            venue.on_book(account.on_book)
            market.add(account.seen(venue.follow(symbol)), ...)
            await account.private.place_order(request)

    Its streams always stand: `listening` is true, and neither `on_listening` nor `on_deaf` is ever told. The same calls
    at the same moments on the same books, with the same `random`, give the same account. What a listener raises ends
    the context and comes out of it.

    Args:
        venue: whose account it is.
        card: what the venue claims to do; no other order is taken, no other stream tells.
        markets: its instruments.
        clock: time.
        balances: what the account holds at first.
        terms: distance, memory and fees.
        random: draws the jitter.
    """

    def __init__(
        self,
        *,
        venue: VenueName,
        card: ExchangeCard,
        markets: Markets,
        clock: Clock,
        balances: Mapping[Asset, Decimal],
        terms: PaperTerms,
        random: Random,
    ) -> None:
        """Begin with these balances, and without orders. Raises `ValueError` for a balance below 0."""
        self.venue = venue
        self.card = card
        self.markets = markets
        self._line = Line(clock, self._fail)
        self._stream = PaperStream(venue, card, self._line, clock=clock, terms=terms, random=random)
        self._paper_venue = PaperVenue(
            venue=venue,
            card=card,
            markets=markets,
            clock=clock,
            balances=balances,
            terms=terms,
            teller=self._stream,
        )
        self._exchange = PaperExchange(card, self._paper_venue, self._line, clock=clock, terms=terms, random=random)
        self.private = self._exchange
        self._tasks = TaskOwner()
        self._broken: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        """Take requests from now on."""
        await self._tasks.__aenter__()
        self._broken = asyncio.get_running_loop().create_future()
        self._tasks.spawn(_until(self._broken), f"{self.venue} paper account")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what is on the way: who still waits is told that no answer came. Raises what a listener raised."""
        self._line.close()
        self._exchange.close()
        await self._tasks.__aexit__(kind, error, trace)
        if error is None and self._broken is not None and self._broken.done() and not self._broken.cancelled():
            self._broken.result()

    @property
    def listening(self) -> bool:
        return True

    def listen(self, listener: AccountListener) -> Callable[[], None]:
        return self._stream.listen(listener)

    def seen(self, book: LiveBook) -> LiveBook:
        """Fill orders of its symbol from this book; return it without what they take, as a venue would show it."""
        return self._paper_venue.follow(book)

    def on_book(self, book: LiveBook) -> None:
        """Fill what rests; to be called after each change of a LIVE book of this venue."""
        self._paper_venue.on_book(book)

    def _fail(self, error: Exception) -> None:
        """Take a defect of a listener to the owner of this account."""
        if self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)


async def _until(broken: "asyncio.Future[None]") -> None:
    """Fail when something is broken."""
    await broken
