"""One order's life, as a pure function of what was heard about it.

Venues tell the same thing twice, late and in any order: an acknowledgement after the fill, a query that is older than
the stream, every fill again after a reconnect. So an order is not moved from state to state. It collects *facts*, each
of which can only grow (the most that was ever reported filled, the set of fills, "it has ended"), and `state` is read
from them. The same events in any order, any number of times, give the same order; nothing revives what has ended and
`filled` never goes back.

    order = TrackedOrder.planned(plan)
    order = apply(order, Sent(now_ns))
    order = apply(order, Filled(fill))

Entered by execution and reconciliation for each event, and by the journal, which keeps the facts.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

import msgspec

from arb_core.engine.money import minus, plus, times, total
from arb_core.engine.trade import OrderPlan, OrderState
from arb_core.errors import (
    DuplicateOrder,
    ExchangeUnavailable,
    OrderNotFound,
    RateLimitError,
    Rejected,
    SettingsError,
)
from arb_core.structs.card import Capability, ClientIdRule, ExchangeCard
from arb_core.structs.market import Asset, Side
from arb_core.structs.order import Fill, Order, OrderAck, OrderId, OrderStatus

__all__ = [
    "Acked",
    "Doubted",
    "Filled",
    "Gone",
    "Look",
    "OrderEvent",
    "Refused",
    "Reported",
    "Sent",
    "TrackedOrder",
    "Unsent",
    "absence_proved",
    "apply",
    "event_of",
    "fees",
    "looks_needed",
    "moves",
    "search_from_ns",
]

_NOTHING = Decimal(0)


class Sent(msgspec.Struct, frozen=True, tag=True):
    """The request is about to be handed to the socket."""

    at_ns: int


class Acked(msgspec.Struct, frozen=True, tag=True):
    """The venue answered the request that placed it."""

    ack: OrderAck


class Reported(msgspec.Struct, frozen=True, tag=True):
    """A private stream, a query or a list shows it, now or as it was."""

    order: Order


class Filled(msgspec.Struct, frozen=True, tag=True):
    """An execution, from the stream or from a list."""

    fill: Fill


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The venue answered that it does not take it."""

    reason: str


class Unsent(msgspec.Struct, frozen=True, tag=True):
    """It never left, or was turned away unread."""

    reason: str


class Doubted(msgspec.Struct, frozen=True, tag=True):
    """Nobody knows whether it stands: no answer came, or we were not there to hear it."""

    at_ns: int
    reason: str


class Gone(msgspec.Struct, frozen=True, tag=True):
    """The search is over (`absence_proved`): it stands nowhere, and every fill it had is known."""

    at_ns: int


OrderEvent = Sent | Acked | Reported | Filled | Refused | Unsent | Doubted | Gone


class TrackedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one order. Every field but the plan only ever grows; `apply` is the one who changes them."""

    plan: OrderPlan
    order_id: OrderId | None = None
    sent_ns: int | None = None
    doubt_ns: int | None = None
    """The latest moment at which its outcome was unknown."""
    stands: bool = False
    """The venue is known to have had it."""
    was_open: bool = False
    told_filled: Decimal = _NOTHING
    """The most that any message said was filled, in base."""
    told_quote: Decimal | None = None
    """What a message said `told_filled` came to, in quote."""
    fills: dict[str, Fill] = {}
    """By the venue's trade id."""
    canceled: bool = False
    filled_up: bool = False
    """The venue said FILLED."""
    rejected: bool = False
    refused: bool = False
    unsent: bool = False
    gone: bool = False
    end_filled: Decimal | None = None
    """The most that a message which said that it had ended told as filled; None while none told."""
    reasons: tuple[str, ...] = ()
    """What venues and sockets said, each once, in alphabetical order."""

    @classmethod
    def planned(cls, plan: OrderPlan) -> "TrackedOrder":
        """Return an order of which nothing is known but that it was intended."""
        return cls(plan=plan)

    @property
    def filled(self) -> Decimal:
        """What is filled at least, in base."""
        return max(self.told_filled, self.listed)

    @property
    def listed(self) -> Decimal:
        """What the fills that are known one by one come to, in base."""
        return total(fill.quantity for fill in self.fills.values())

    @property
    def state(self) -> OrderState:  # noqa: PLR0911 (one answer a line, the strongest evidence first)
        """Read the state from the facts."""
        filled = self.filled
        if self.filled_up or filled >= self.plan.quantity:
            return OrderState.FILLED
        if self.canceled or (filled and (self.rejected or self.refused)):
            return OrderState.CANCELED
        if self.rejected or (self.refused and not self.stands):
            return OrderState.REJECTED
        if self.gone:
            return OrderState.CANCELED if self.stands or filled else OrderState.ABSENT
        if filled:
            return OrderState.PARTIALLY_FILLED
        if self.was_open:
            return OrderState.OPEN
        if self.stands:
            return OrderState.ACKED
        if self.unsent:
            return OrderState.ABSENT
        if self.doubt_ns is not None:
            return OrderState.IN_DOUBT
        return OrderState.INTENDED if self.sent_ns is None else OrderState.SENT

    @property
    def amount_known(self) -> bool:
        """Whether it has ended and what it filled is final: what the leg policy waits for."""
        state = self.state
        if state in {OrderState.FILLED, OrderState.REJECTED, OrderState.ABSENT}:
            return True
        return state is OrderState.CANCELED and (
            self.gone or (self.end_filled is not None and self.filled <= self.end_filled)
        )

    @property
    def settled(self) -> bool:
        """Whether the amount is final and every fill with its fee is known: what profit is counted from."""
        return (
            self.amount_known
            and self.listed == self.filled
            and all(
                fill.fee is not None and (fill.fee_asset is not None or not fill.fee) for fill in self.fills.values()
            )
        )

    @property
    def uncertain(self) -> bool:
        """Whether it may stand or have been filled without our knowing how far: its funds stay reserved."""
        return self.state is not OrderState.INTENDED and not self.amount_known

    @property
    def violation(self) -> str | None:
        """What the venue did that it should not have; None as a rule. The facts are kept as told, never clipped."""
        if self.filled > self.plan.quantity:
            return f"filled {self.filled} of {self.plan.quantity}"
        if (self.refused or self.unsent) and (self.stands or self.filled):
            return "it stood, though the request was refused or never sent"
        if self.end_filled is not None and self.filled > self.end_filled:
            return f"filled {self.filled}, though it ended with {self.end_filled}"
        for fill in self.fills.values():
            if fill.side is not self.plan.side:
                return f"fill {fill.trade_id} is on the other side"
        return None


def apply(order: TrackedOrder, event: OrderEvent) -> TrackedOrder:  # noqa: PLR0911 (one answer an event)
    """Return the order with what the event tells. Pure; the order in which events are applied does not matter."""
    match event:
        case Sent(at_ns):
            return msgspec.structs.replace(order, sent_ns=_later(order.sent_ns, at_ns))
        case Acked(ack):
            known = msgspec.structs.replace(order, order_id=_one_of(order.order_id, ack.order_id), stands=True)
            return _told(known, ack.status, ack.filled, None)
        case Reported(report):
            known = msgspec.structs.replace(
                order,
                order_id=_one_of(order.order_id, report.order_id),
                stands=True,
                reasons=_with(order, report.reason),
            )
            return _told(known, report.status, report.filled, report.filled_quote)
        case Filled(fill):
            former = order.fills.get(fill.trade_id)
            return msgspec.structs.replace(
                order,
                stands=True,
                order_id=_one_of(order.order_id, fill.order_id),
                fills={**order.fills, fill.trade_id: fill if former is None else _fuller(former, fill)},
            )
        case Refused(reason):
            return msgspec.structs.replace(order, refused=True, reasons=_with(order, reason))
        case Unsent(reason):
            return msgspec.structs.replace(order, unsent=True, reasons=_with(order, reason))
        case Doubted(at_ns, reason):
            return msgspec.structs.replace(order, doubt_ns=_later(order.doubt_ns, at_ns), reasons=_with(order, reason))
        case Gone():
            return msgspec.structs.replace(order, gone=True)
    assert_never(event)


def event_of(error: Exception, now_ns: int) -> OrderEvent:
    """Return what an error of `place_order` tells about the order. Whatever is not plainly a refusal is a doubt."""
    reason = f"{type(error).__name__}: {error}"
    match error:
        case DuplicateOrder() | OrderNotFound():
            # Somebody, which can only be us, used this id before; or the answer is not one to this request.
            return Doubted(now_ns, reason)
        case Rejected():
            return Refused(reason)
        case RateLimitError() | ExchangeUnavailable() | SettingsError():
            return Unsent(reason)
        case _:
            return Doubted(now_ns, reason)


def moves(order: TrackedOrder) -> dict[Asset, Decimal]:
    """Return what the fills known one by one moved, fees included: + gained, - paid, exactly."""
    base, quote = Asset(order.plan.symbol.base), Asset(order.plan.symbol.quote)
    moved = {base: _NOTHING, quote: _NOTHING}
    for fill in order.fills.values():
        gained, paid = (base, quote) if fill.side is Side.BUY else (quote, base)
        amounts = {base: fill.quantity, quote: times(fill.quantity, fill.price)}
        moved[gained] = plus(moved[gained], amounts[gained])
        moved[paid] = minus(moved[paid], amounts[paid])
    for asset, fee in fees(order).items():
        moved[asset] = minus(moved.get(asset, _NOTHING), fee)
    return moved


def fees(order: TrackedOrder) -> dict[Asset, Decimal]:
    """Return the fees paid (+) and rebates got (-), by asset."""
    paid: dict[Asset, Decimal] = {}
    for fill in order.fills.values():
        if fill.fee and fill.fee_asset is not None:
            paid[fill.fee_asset] = plus(paid.get(fill.fee_asset, _NOTHING), fill.fee)
    return paid


class Look(StrEnum):
    """Where an order is searched for."""

    LOOKUP = "lookup"
    """By the client order id."""
    OPEN = "open"
    HISTORY = "history"
    FILLS = "fills"


def looks_needed(card: ExchangeCard) -> frozenset[Look]:
    """Return every look that this venue allows: all of them must come back empty."""
    needed = {Look.OPEN, Look.FILLS}
    if card.client_ids.lookup != "none":
        needed.add(Look.LOOKUP)
    if Capability.ORDER_HISTORY in card.capabilities:
        needed.add(Look.HISTORY)
    return frozenset(needed)


def search_from_ns(unknown_ns: int, rule: ClientIdRule) -> int:
    """Return the earliest moment at which an empty look means something.

    The venue may still accept a request until its receive window has passed since it left, and may show what it
    accepted as late as `history_lag_ns` after that.

    Args:
        unknown_ns: when the request cannot have left any more. Moments here are of the monotonic clock: one that was
            set must neither shorten the wait nor prolong it.
        rule: the venue's.
    """
    return unknown_ns + rule.receive_window_ns + rule.history_lag_ns


def absence_proved(missed: Mapping[Look, int], needed: Iterable[Look], from_ns: int) -> bool:
    """Whether an order counts as gone: every look needed was *begun* at or after `from_ns` and lacked it.

    Args:
        missed: when the latest look that lacked the order was begun, by place.
        needed: from `looks_needed`.
        from_ns: from `search_from_ns`.
    """
    return all(missed.get(look, -1) >= from_ns for look in needed)


def _told(order: TrackedOrder, status: OrderStatus, filled: Decimal | None, quote: Decimal | None) -> TrackedOrder:
    """Take a message's status and cumulative amounts."""
    ended = status in {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED}
    if status is OrderStatus.FILLED and filled is None:
        filled = order.plan.quantity
    told_filled, told_quote = order.told_filled, order.told_quote
    if filled is not None:
        told_filled, told_quote = max((told_filled, _or_less(told_quote)), (filled, _or_less(quote)))
        told_quote = None if told_quote < 0 else told_quote
    end_filled = order.end_filled
    if ended and filled is not None:
        end_filled = filled if end_filled is None else max(end_filled, filled)
    return msgspec.structs.replace(
        order,
        was_open=order.was_open or status in {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED},
        told_filled=told_filled,
        told_quote=told_quote,
        canceled=order.canceled or status is OrderStatus.CANCELED,
        filled_up=order.filled_up or status is OrderStatus.FILLED,
        rejected=order.rejected or status is OrderStatus.REJECTED,
        end_filled=end_filled,
    )


def _or_less(amount: Decimal | None) -> Decimal:
    """Let an amount that was not told be smaller than every one that was."""
    return Decimal(-1) if amount is None else amount


def _later(former: int | None, at_ns: int) -> int:
    return at_ns if former is None else max(former, at_ns)


def _one_of(former: OrderId | None, told: OrderId) -> OrderId:
    """Keep one id whichever came first; a venue that gives two for one order is not expected."""
    return told if former is None else max(former, told)


def _with(order: TrackedOrder, reason: str | None) -> tuple[str, ...]:
    return order.reasons if not reason else tuple(sorted({*order.reasons, reason}))


def _fuller(one: Fill, other: Fill) -> Fill:
    """Join two tellings of one execution: a stream often leaves out the fee that the list has."""
    return min(one, other, key=_rank)


def _rank(fill: Fill) -> tuple[Decimal, bool, bytes]:
    return minus(_NOTHING, fill.quantity), fill.fee is None, msgspec.json.encode(fill)
