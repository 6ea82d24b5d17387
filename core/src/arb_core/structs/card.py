"""What an exchange, a strategy or an observer says of itself: facts, limits and settings, as data.

Everything that differs between venues and can be written as a table stands here, so that the runtime obeys the table
and a plugin holds no logic for it. Durations are nanoseconds.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Literal

import msgspec

from arb_core.structs.market import ExchangeId
from arb_core.structs.stream import Feed

__all__ = [
    "CONTRACT",
    "Capability",
    "ClientIdRule",
    "Endpoint",
    "ExchangeCard",
    "ExchangeSettings",
    "FeeSchedule",
    "Hosts",
    "ObserverCard",
    "RateLimit",
    "RequestConfig",
    "StrategyCard",
    "StreamLimits",
    "UsageHeader",
]

CONTRACT = 1
"""The version of the plugin contract that this core speaks."""

SECOND = 1_000_000_000


class Capability(StrEnum):
    """What a venue can do through its plugin. A capability is on the card's list, on its `unknown` list, or a no."""

    BOOK = "book"
    DEPTH = "depth"
    QUOTE = "quote"
    TRADES = "trades"
    KLINES = "klines"
    RECENT_TRADES = "recent_trades"
    REST_KLINES = "rest_klines"
    BOOK_TICKERS = "book_tickers"
    TRADING = "trading"
    MARKET_ORDERS = "market_orders"
    QUOTE_QUANTITY = "quote_quantity"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"
    MODIFY_ORDER = "modify_order"
    CANCEL_ALL = "cancel_all"
    COUNTDOWN_CANCEL = "countdown_cancel"
    ORDER_HISTORY = "order_history"
    ORDERS_STREAM = "orders_stream"
    FILLS_STREAM = "fills_stream"
    BALANCES_STREAM = "balances_stream"


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """Base URLs by role; a path in one is a prefix of every path under it."""

    rest: str
    ws_public: str
    ws_private: str | None = None
    ws_api: str | None = None
    ws_feeds: dict[Feed, str] = {}
    """Feeds that have a socket of their own, with its URL (OKX: candles). The dialect is the same, and so is its ticket
    but for the address."""


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A budget: `limit` units in each `window_ns`.

    `aligned` windows begin on the wall clock (at :00), others roll. With `per_endpoint` every endpoint that names this
    limit has a budget of its own.
    """

    name: str
    limit: int
    window_ns: int
    scope: Literal["ip", "key"] = "ip"
    aligned: bool = False
    per_endpoint: bool = False


class UsageHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A response header by which the venue reports a budget.

    `meaning`: `used` = units spent in the window, `remaining` = units left, `reset_ms` = epoch ms (or s, told by
    magnitude) when the budget refills. Header names compare without case.
    """

    header: str
    limit: str
    meaning: Literal["used", "remaining", "reset_ms"]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A REST path with its price. `path` may hold `{name}` places, filled by the caller."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str
    cost: dict[str, int] = {}
    """Units taken from each named limit."""
    idempotent: bool = True
    """Whether sending it twice does no more than once: only such a request is retried by the core."""
    signed: bool = False


class RequestConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How one request is made, where the default does not fit."""

    timeout_ns: int = 10 * SECOND
    attempts: int = 4
    """Most tries of an idempotent request, the first included."""
    cost: dict[str, int] | None = None
    """Replaces the endpoint's own cost where it depends on the parameters."""
    max_wait_ns: int = 30 * SECOND
    """Longest wait for a budget before `RateLimitError(local=True)`."""


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue's sockets bear. None = no such limit is documented."""

    topics_per_connection: int | None = None
    topics_per_request: int = 1
    """Topics in one subscribe frame; the answer then speaks for all of them."""
    messages_per_second: int | None = None
    """Frames a client may send on one connection, pings included."""
    connects: RateLimit | None = None
    ping_every_ns: int | None = None
    """How often the client must send the venue's own ping; None = protocol pings only."""
    quiet_ns: int = 60 * SECOND
    """A connection on which nothing at all arrived for this long, though it was pinged, is dead."""
    lifetime_ns: int | None = None
    """The venue closes a connection at this age: the core moves to a new one before."""
    ack_timeout_ns: int = 10 * SECOND
    """A subscription neither acknowledged nor refused within this time is a fault."""
    greets: bool = False
    """The venue speaks first: nothing is asked of it before the dialect has told its greeting to `Sink.reply`."""


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's published base rates, as fractions; an account's own rates and the settings override them."""

    maker: Decimal
    taker: Decimal


class ClientIdRule(msgspec.Struct, frozen=True, kw_only=True):
    """How far an order can be found again by the id we gave it."""

    prefix: str = ""
    max_length: int
    lookup: Literal["always", "while_open", "none"]
    receive_window_ns: int = 5 * SECOND
    """How long after its own time stamp the venue may still accept a request that we sent."""
    history_lag_ns: int = 5 * SECOND
    """After this long, an order that history, open orders and fills all lack does not exist."""


class ExchangeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings every venue has, `[venues.NAME]`; a plugin's own struct extends it."""

    exchange: str | None = None
    """Exchange id; default: the venue's name."""
    rest_url: str | None = None
    ws_url: str | None = None
    taker_bps: float | None = None
    """Taker fee in basis points; default: the instrument's, else the card's."""
    maker_bps: float | None = None
    share: float = 1.0
    """The part of the venue's public rate limits that this process may use, in (0, 1]."""


class ExchangeCard(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one exchange."""

    id: ExchangeId
    name: str
    contract: int
    docs: str
    """The page of the venue's API documentation."""
    hosts: Hosts
    capabilities: frozenset[Capability]
    unknown: frozenset[Capability] = frozenset()
    """Capabilities of which nobody knows yet: "unknown" is not "no"."""
    kline_intervals: tuple[str, ...] = ()
    depths: tuple[int, ...] = ()
    """Depths of the DEPTH feed."""
    limits: tuple[RateLimit, ...] = ()
    usage: tuple[UsageHeader, ...] = ()
    stream: StreamLimits = StreamLimits()
    fees: FeeSchedule
    client_ids: ClientIdRule
    asset_networks: Literal["public", "signed", "none"] = "none"
    quirks: tuple[str, ...] = ()
    """What a user should know, one sentence each; the plugin's README shows them."""
    settings: type[ExchangeSettings] = ExchangeSettings


class StrategyCard(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one strategy."""

    id: str
    name: str
    contract: int
    summary: str
    settings: type[msgspec.Struct] | None = None


class ObserverCard(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one observer."""

    id: str
    name: str
    contract: int
    summary: str
    settings: type[msgspec.Struct] | None = None
    """Of `[observers.ID]`."""
