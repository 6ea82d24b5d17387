"""Requests to a paper account: each takes its way to the paper venue, and its answer the way back."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from arb_core.engine.paper.line import Line
from arb_core.engine.paper.terms import PaperTerms
from arb_core.engine.paper.venue import PaperVenue
from arb_core.errors import ExchangeAPIError, ExchangeUnavailable, NotSupported, OutcomeUnknown
from arb_core.interfaces.context import Clock
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.card import Capability, ExchangeCard
from arb_core.structs.market import Asset, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest

__all__ = ["PaperExchange"]

T = TypeVar("T")


class PaperExchange(PrivateExchange):
    """One paper account, by request. A caller that is cancelled while it waits takes nothing back: it has left."""

    def __init__(
        self, card: ExchangeCard, venue: PaperVenue, line: Line, *, clock: Clock, terms: PaperTerms, random: Random
    ) -> None:
        self._card = card
        self._paper_venue = venue
        self._line = line
        self._clock = clock
        self._terms = terms
        self._random = random
        self._waiting: dict[asyncio.Future[Any], ExchangeAPIError] = {}
        self._countdown = 0
        """How often it was armed or disarmed: only the latest counts."""

    async def get_balances(self) -> dict[Asset, Balance]:
        return await self._ask(self._paper_venue.balances)

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        return await self._ask(lambda: self._paper_venue.fees(symbol))

    async def get_permissions(self) -> KeyPermissions:
        return await self._ask(lambda: KeyPermissions(read=True, trade=True, withdraw=False))

    async def place_order(self, request: OrderRequest) -> OrderAck:
        return await self._change(lambda: _ack(self._paper_venue.place(request)), request.client_order_id)

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        await self._change(lambda: self._paper_venue.cancel(symbol, order_id, client_order_id), client_order_id)

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        await self._change(lambda: self._paper_venue.cancel_all(symbol, "canceled with all others"), None)

    async def modify_order(
        self, symbol: Symbol, order_id: OrderId, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> OrderAck:
        if Capability.MODIFY_ORDER not in self._card.capabilities:
            raise NotSupported(f"{self._card.name} has no call that changes an order")
        return await self._change(lambda: _ack(self._paper_venue.modify(symbol, order_id, price, quantity)), None)

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        return await self._ask(lambda: self._paper_venue.order(symbol, order_id, client_order_id))

    async def get_open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        return await self._ask(lambda: self._paper_venue.open_orders(symbol))

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        return await self._ask(lambda: self._paper_venue.history(symbol, since_ns))

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> list[Fill]:
        return await self._ask(lambda: self._paper_venue.fills(symbol, since_ns, order_id))

    async def arm_countdown(self, timeout_ns: int) -> None:
        if Capability.COUNTDOWN_CANCEL not in self._card.capabilities:
            raise NotSupported(f"{self._card.name} has no countdown")
        await self._ask(lambda: self._arm(timeout_ns))

    def close(self) -> None:
        """Leave who still waits without an answer, as a connection does that breaks."""
        waiting, self._waiting = self._waiting, {}
        for answer, error in waiting.items():
            if not answer.done():
                answer.set_exception(error)

    def _arm(self, timeout_ns: int) -> None:
        self._countdown += 1
        if timeout_ns > 0:
            armed = self._countdown
            self._line.post(self._clock.monotonic_ns() + timeout_ns, lambda: self._expire(armed))

    def _expire(self, armed: int) -> None:
        if armed == self._countdown:
            self._paper_venue.cancel_all(None, "the countdown ran out")

    async def _ask(self, work: Callable[[], T]) -> T:
        return await self._send(work, ExchangeUnavailable("the account was closed", exchange=self._card.id))

    async def _change(self, work: Callable[[], T], client_order_id: ClientOrderId | None) -> T:
        unknown = OutcomeUnknown(
            "the account was closed before the answer", exchange=self._card.id, client_order_id=client_order_id
        )
        return await self._send(work, unknown)

    async def _send(self, work: Callable[[], T], lost: ExchangeAPIError) -> T:
        """Do some work at the venue and bring back what it returns or raises; `lost` where no answer comes."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 (whatever it is, it is the caller's)
                failed = error
                self._post(self._terms.from_venue_ns, lambda: None if answer.done() else answer.set_exception(failed))
            else:
                self._post(self._terms.from_venue_ns, lambda: None if answer.done() else answer.set_result(result))

        self._waiting[answer] = lost
        try:
            self._post(self._terms.to_venue_ns, arrive)
            return await answer
        finally:
            self._waiting.pop(answer, None)

    def _post(self, after_ns: int, call: Callable[[], None]) -> None:
        self._line.post(self._clock.monotonic_ns() + after_ns + self._terms.jitter(self._random), call)


def _ack(order: Order) -> OrderAck:
    return OrderAck(order_id=order.order_id, status=order.status, filled=order.filled)
