"""The list of instruments of one venue: fetched anew from time to time, and waited for while the venue is down."""

import asyncio
from collections.abc import Callable
from random import Random

from arb_core.errors import ArbError, WireError
from arb_core.interfaces.context import Clock
from arb_core.interfaces.public import PublicExchange
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.stream.events import EventListener
from arb_core.structs.market import Symbol, TradingStatus, VenueName
from arb_core.venue.events import MarketsFailed, MarketsLoaded

__all__ = ["Instruments"]


class Instruments:
    """Keeps a `MarketTable` filled. `changed` is called after each time."""

    def __init__(
        self,
        venue: VenueName,
        public: PublicExchange,
        table: MarketTable,
        *,
        clock: Clock,
        random: Random,
        report: EventListener,
        changed: Callable[[], None],
    ) -> None:
        self._venue = venue
        self._public = public
        self._table = table
        self._clock = clock
        self._random = random
        self._report = report
        self._changed = changed
        self._first = asyncio.Lock()

    async def fetch(self) -> None:
        """Fetch the list once. Raises what `PublicExchange.get_exchange_info` raises."""
        self._table.fill(await self._public.get_exchange_info())
        self._report(MarketsLoaded(venue=self._venue, instruments=len(self._table)))
        self._changed()

    async def connect(self) -> None:
        """Fetch the list, however long the venue is down. Raises an error that no further try would mend."""
        backoff = Backoff(self._random)
        while True:
            try:
                return await self.fetch()
            except ArbError as error:
                # A page in HTML is what many venues answer during maintenance.
                if error.action not in {"retry", "wait"} and not isinstance(error, WireError):
                    raise
                retry_ns = backoff.fail()
                self._report(MarketsFailed(venue=self._venue, reason=str(error), retry_ns=retry_ns))
                await self._clock.sleep(retry_ns)

    async def known(self) -> None:
        """Return when there is a list; however many callers wait, it is fetched once."""
        async with self._first:
            if not len(self._table):
                await self.connect()

    async def refresh(self, every_ns: int) -> None:
        """Fetch the list anew, for ever; a failure leaves what was known."""
        while True:
            await self._clock.sleep(every_ns)
            if not len(self._table):
                continue  # Nobody has asked for anything yet.
            try:
                await self.fetch()
            except ArbError as error:
                self._report(MarketsFailed(venue=self._venue, reason=str(error), retry_ns=every_ns))

    def closed(self, symbol: Symbol) -> str | None:
        """Return why an instrument does not trade, None where it does, or where the venue does not say."""
        if symbol not in self._table:
            return "no longer listed"
        return "trading is halted" if self._table.instrument(symbol).status is TradingStatus.HALTED else None
