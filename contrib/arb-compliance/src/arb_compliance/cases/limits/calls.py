"""What there is to ask of a venue and to do there, one by one and many at once; and a stranger at the same address.

Entered by the rooms of cases beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from arb_core.errors import ArbError, OrderNotFound, RateLimitError
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.structs.card import Capability
from arb_core.structs.order import OrderId
from arb_sim.venue import Request

from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import fail
from arb_compliance.faults import asks_too_much, fault_reader

__all__ = [
    "Call",
    "actions",
    "all_at_once",
    "answered",
    "as_a_stranger",
    "every_question",
    "noes",
    "questions",
    "refused",
]

Call = Callable[[], Awaitable[object]]


def questions(desk: Desk, order_id: OrderId | None) -> dict[str, Call]:
    """One question of each side that the plugin has."""
    public = desk.venue.public
    found: dict[str, Call] = {
        "ping": public.ping,
        "get_exchange_info": public.get_exchange_info,
        "get_orderbook": partial(public.get_orderbook, LINK, 20),
    }
    if desk.subject.claims(Capability.TRADING):
        found["get_balances"] = desk.private.get_balances
        if order_id is not None:
            found["get_order"] = partial(desk.private.get_order, LINK, order_id=order_id)
            found["get_open_orders"] = partial(desk.private.get_open_orders, LINK)
    return found


def every_question(desk: Desk, order_id: OrderId | None) -> dict[str, Call]:
    """Every question that the card claims, dear and cheap."""
    public, claims = desk.venue.public, desk.subject.claims
    found = questions(desk, order_id) | {"get_server_time": public.get_server_time}
    for depth in (100, 500, 1000, 5000):
        found[f"get_orderbook of {depth}"] = partial(public.get_orderbook, LINK, depth)
    if claims(Capability.RECENT_TRADES):
        found["get_recent_trades"] = partial(public.get_recent_trades, LINK, 50)
    if claims(Capability.REST_KLINES):
        found["get_klines"] = partial(public.get_klines, LINK, desk.subject.card.kline_intervals[0], 50)
    if claims(Capability.BOOK_TICKERS):
        found["get_book_tickers"] = public.get_book_tickers
    if claims(Capability.TRADING):
        private, since_ns = desk.private, desk.begun_ns
        found["get_trading_fees"] = partial(private.get_trading_fees, LINK)
        found["get_open_orders of all"] = private.get_open_orders
        found["get_fills"] = partial(private.get_fills, LINK, since_ns)
        found["get_fills of an order"] = partial(private.get_fills, LINK, since_ns, order_id=order_id)
        if claims(Capability.ORDER_HISTORY):
            found["get_order_history"] = partial(private.get_order_history, LINK, since_ns)
        if desk.subject.card.asset_networks == "signed":
            found["get_asset_networks"] = private.get_asset_networks
    return found


def actions(desk: Desk, order_id: OrderId | None) -> dict[str, Call]:
    """What changes something, where the plugin has such."""
    if order_id is None:
        return {}
    return {
        "place_order": partial(desk.private.place_order, desk.request()),
        "cancel_order": partial(desk.private.cancel_order, LINK, order_id=order_id),
    }


async def all_at_once(desk: Desk, name: str, calls: Sequence[Call]) -> int:
    """Send requests together; return how many got through. The others must have been held back by ourselves."""
    asked = len(desk.seen.answers)
    results = await asyncio.gather(*(call() for call in calls), return_exceptions=True)
    if refusals := noes(desk, asked):
        request, answer = refusals[0]
        raise fail(
            f"{name}: the venue refused {len(refusals)} of {len(desk.seen.answers) - asked} requests",
            expected="none: the card's limits keep below the venue's",
            found=f"{answer.status} {answer.body.decode('utf-8', 'replace')}",
            frame=f"{request.method} {request.path}",
            fix="the limits of the card, and Endpoint(cost=...)",
        )
    passed = 0
    for result in results:
        if isinstance(result, RateLimitError) and result.local:
            continue
        if isinstance(result, BaseException) and not isinstance(result, OrderNotFound):
            raise fail(f"{name} failed among many", found=f"{type(result).__name__}: {result}") from result
        passed += 1
    return passed


def noes(desk: Desk, since: int) -> list[tuple[RestRequest, RestAnswer]]:
    """Return the answers, from that one on, which say that too much was asked."""
    read_fault = fault_reader(desk.subject, private=desk.subject.claims(Capability.TRADING))
    return [(request, answer) for request, answer in desk.seen.answers[since:] if asks_too_much(read_fault, answer)]


async def answered(name: str, call: Call) -> None:
    """Ask, and fail the case unless there is an answer."""
    try:
        await call()
    except ArbError as error:
        raise fail(f"{name} is not answered", found=f"{type(error).__name__}: {error}") from error


async def refused(name: str, call: Call) -> RateLimitError:
    """Ask, and fail the case unless that is refused for asking too much."""
    try:
        found = await call()
    except RateLimitError as error:
        return error
    except ArbError as error:
        raise fail(
            f"{name} is refused for asking too much, and that is told as {type(error).__name__}",
            expected="RateLimitError",
            found=error,
            fix="the plugin catches nothing; faults.py names the codes",
        ) from error
    raise fail(f"{name} is refused for asking too much, and returns", expected="RateLimitError", found=found)


def as_a_stranger(request: RestRequest) -> Request:
    """The same request, sent by somebody who shares our address and not our counts."""
    return Request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )
