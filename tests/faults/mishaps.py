"""What can go wrong, when it can strike a book, and which of these pairs cannot be, with the reason.

Entered by the play, which makes each pair happen, and by the report, which shows how often it did.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple

from arb_sim.faults import MESSAGES, SUBSCRIPTIONS, FaultKind

__all__ = ["CASES", "MISHAPS", "Case", "Mishap", "Moment", "why_impossible"]


class Moment(StrEnum):
    """The state of a book, as a fault finds it."""

    CONNECTING = "connecting"
    """Nobody has asked yet, or there is no connection."""
    SUBSCRIBING = "awaits ack"
    """The connection stands, the subscription is not acknowledged."""
    LOADING = "awaits snapshot"
    """Acknowledged, for the first time on this connection."""
    LIVE = "LIVE"
    RESYNCING = "resyncing"
    """It was LIVE on this connection, and a fault ended that."""
    ROTATING = "rotating"
    """Two connections carry it, whatever state it is in."""


class Mishap(NamedTuple):
    """A kind of fault as it is counted; `options` draws the fields of a `Fault`."""

    name: str
    kind: FaultKind
    options: Callable[[Random], dict[str, Any]] = lambda _: {}

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _delay(rng: Random) -> dict[str, Any]:
    return {"hold_s": rng.uniform(0.05, 3)}


def _freeze(rng: Random) -> dict[str, Any]:
    # Now and then longer than any watchdog's patience with a silent connection: this one is not silent, it pings.
    return {"hold_s": rng.uniform(0.5, 6) if rng.random() < 0.95 else 75}


def _hold(rng: Random) -> dict[str, Any]:
    return {"hold_s": rng.uniform(0.3, 4)}


def _skew(rng: Random) -> dict[str, Any]:
    return {"hold_s": rng.uniform(0.3, 4), "skew_s": rng.choice((-3600, -5, -0.3, 0.3, 5, 3600))}


MISHAPS = (
    Mishap("dropped delta", FaultKind.DROP, lambda rng: {"count": rng.choice((1, 1, 1, 3))}),
    Mishap("duplicated delta", FaultKind.DUPLICATE, lambda rng: {"count": rng.choice((1, 1, 4))}),
    Mishap("reordered deltas", FaultKind.REORDER, lambda rng: {"count": rng.choice((1, 1, 2))}),
    Mishap("delayed deltas", FaultKind.DELAY, _delay),
    # Five in a row end the connection.
    Mishap("malformed frame", FaultKind.MALFORMED, lambda rng: {"count": rng.choice((1, 1, 2, 6))}),
    Mishap("truncated frame", FaultKind.TRUNCATED, lambda rng: {"count": rng.choice((1, 1, 2, 6))}),
    Mishap("silent freeze, pings alive", FaultKind.FREEZE, _freeze),
    Mishap("half-open connection", FaultKind.HALF_OPEN),
    Mishap("disconnect", FaultKind.DISCONNECT, lambda rng: {"code": rng.choice((1000, 1001, 1006, 1012))}),
    Mishap("stale snapshot", FaultKind.STALE_SNAPSHOT, _hold),
    Mishap("429 with Retry-After", FaultKind.RATE_LIMITED, lambda rng: {"retry_after_s": rng.randint(1, 6)}),
    Mishap("429 without Retry-After", FaultKind.RATE_LIMITED),
    Mishap("418", FaultKind.BANNED, lambda rng: {"retry_after_s": rng.choice((1, 2, 5, 10, None))}),
    Mishap("5xx", FaultKind.SERVER_ERROR, lambda rng: {"status": rng.choice((500, 502, 503, 504))}),
    Mishap("request without answer", FaultKind.NO_ANSWER),
    Mishap("clock skew", FaultKind.CLOCK_SKEW, _skew),
    Mishap("symbol halted", FaultKind.HALT, _hold),
    Mishap("subscription refused", FaultKind.SUBSCRIPTION_REFUSED),
    Mishap("subscription ignored", FaultKind.SUBSCRIPTION_IGNORED),
    Mishap("bad checksum", FaultKind.BAD_CHECKSUM),
    Mishap("ticket expired", FaultKind.TICKET_EXPIRED),
)


class Case(NamedTuple):
    """One way to keep books of one venue."""

    name: str
    exchange: str
    settings: dict[str, Any]
    by_rest: bool
    """Whether the whole book comes by REST, else with the stream."""
    books_path: str
    """What the path of a request for an order book contains."""
    instruments_path: str
    kept: int | None = None
    """Levels a side that the venue's feed maintains, and proves that it does; None = all of the book."""
    snapshot: int = 1000
    """Levels a side that a whole book holds at most."""
    whole: str = ""
    """What stands in a frame that bears the whole book, where it comes with the stream."""
    counted: re.Pattern[str] | None = None
    """Where ids count messages: finds in a frame its `pair`, its `id`, and the `version` of the book that it tells."""
    nameless: bool = False
    """Whether the feed has no ids: a book is then some version's, never an older one than before."""
    ticketed: bool = False
    """Whether the sockets of market data stand on a token."""
    rest_every_s: float = 0
    """How long after one request the next may leave at once: the state in which a fault is to strike passes by sooner."""


CASES = (
    Case("mexc", "mexc", {}, True, "/depth", "/exchangeInfo"),
    Case("gateio", "gateio", {}, True, "/order_book", "/currency_pairs", kept=100, snapshot=100),
    Case(
        "gateio-obu",
        "gateio",
        {"book": "obu"},
        False,
        "/order_book",
        "/currency_pairs",
        kept=400,
        snapshot=400,
        whole='"full":true',
    ),
    Case("binance", "binance", {}, True, "/depth", "/exchangeInfo"),
    Case("okx", "okx", {}, False, "/market/books", "/public/instruments", kept=400, whole='"action":"snapshot"'),
    Case(
        "bybit",
        "bybit",
        {},
        False,
        "/market/orderbook",
        "/instruments-info",
        kept=50,
        whole='"type":"snapshot"',
        counted=re.compile(r'"topic":"orderbook\.50\.(?P<pair>\w+)".*"u":(?P<id>\d+),"seq":(?P<version>\d+)'),
    ),
    Case("kucoin", "kucoin", {}, True, "/orderbook/level2", "/symbols", snapshot=100, ticketed=True),
    # Of the 100 levels that are followed, the checksum proves ten.
    Case(
        "kraken",
        "kraken",
        {},
        False,
        "/public/Depth",
        "/AssetPairs",
        kept=10,
        whole='"channel":"book","type":"snapshot"',
        nameless=True,
        # One request a second, which counts a margin and a slot of its window longer.
        rest_every_s=1.1,
    ),
    Case("bitget", "bitget", {}, False, "/market/orderbook", "/public/symbols", whole='"action":"snapshot"'),
    Case(
        "bitget-checksum",
        "bitget",
        {"book": "checksum"},
        False,
        "/market/orderbook",
        "/public/symbols",
        kept=25,
        whole='"action":"snapshot"',
    ),
)


def why_impossible(case: Case, kind: FaultKind, moment: Moment, never: Mapping[FaultKind, str]) -> str | None:
    """Return why a fault cannot find a book in this state; None = it can. `never` is what the venue itself lacks."""
    if kind in never:
        return never[kind]
    if kind is FaultKind.TICKET_EXPIRED and not case.ticketed:
        return "the sockets of market data need no ticket"
    if kind in MESSAGES and moment is Moment.CONNECTING:
        return "without a connection nothing is pushed"
    if kind is FaultKind.STALE_SNAPSHOT:
        return _no_snapshot(case, moment)
    if kind in SUBSCRIPTIONS:
        return _no_subscription(case, moment)
    return None


def _no_snapshot(case: Case, moment: Moment) -> str | None:
    if not case.by_rest:
        return "no REST snapshot: the stream begins with the whole book"
    if moment in {Moment.CONNECTING, Moment.SUBSCRIBING, Moment.LIVE}:
        return "a snapshot is fetched only for a book that is acknowledged and not LIVE"
    return None


def _no_subscription(case: Case, moment: Moment) -> str | None:
    if moment is Moment.CONNECTING:
        return "subscriptions are asked for on a connection that stands"
    if moment in {Moment.LOADING, Moment.LIVE} or (moment is Moment.RESYNCING and case.by_rest):
        return "the subscription stands already and is kept"
    return None
