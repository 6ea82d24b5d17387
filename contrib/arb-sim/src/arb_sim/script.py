"""What a fault script says: which fault happens when, how often and to whom.

It is a JSON or TOML file (`arb sim serve --faults FILE`) or a `FaultScript` in Python; tests also `arm` single faults
as they go:

    seed = 7
    [[faults]]
    kind = "drop"          # one of `FaultKind`
    pair = "BTC/USDT"      # or the venue's own spelling; left out: every pair
    at_s = 2.0             # seconds after the start, or after it was armed
    for_s = 5.0            # it lies in wait for so long; left out: until it has happened `count` times
    count = 3
    probability = 0.5      # of each message, request or subscription that it could hit
"""

from enum import StrEnum
from pathlib import Path

import msgspec

from arb_sim.kernel.orders import Why

__all__ = [
    "ANSWERS",
    "CONNECTIONS",
    "MESSAGES",
    "ORDERS",
    "REQUESTS",
    "STATES",
    "SUBSCRIPTIONS",
    "Fault",
    "FaultKind",
    "FaultScript",
    "Fired",
    "Impossible",
    "load_script",
]


class FaultKind(StrEnum):
    """What can go wrong.

    What happens to a push happens to private ones too, when `feed` names theirs: so are orders, fills and balances
    lost, doubled, reordered and late.
    """

    DROP = "drop"
    """A push is lost."""
    DUPLICATE = "duplicate"
    """A push arrives twice."""
    REORDER = "reorder"
    """A push arrives after the next one of its channel."""
    DELAY = "delay"
    """A channel's pushes are held for `hold_s`, then arrive together, in order."""
    MALFORMED = "malformed"
    """A push is not what any client could read."""
    TRUNCATED = "truncated"
    """A push lacks its last one to three bytes."""
    BAD_CHECKSUM = "bad_checksum"
    """A push bears a wrong checksum."""

    FREEZE = "freeze"
    """Channels push nothing for `hold_s`, while the connection, its pings and REST live on."""
    STALE_SNAPSHOT = "stale_snapshot"
    """REST shows for `hold_s` the book as it was in the beginning."""
    HALT = "halt"
    """The symbol does not trade for `hold_s`."""
    CLOCK_SKEW = "clock_skew"
    """The venue's clock is wrong by `skew_s`, for `hold_s`."""

    DISCONNECT = "disconnect"
    """The venue ends the connection, with close code `code` (1006: without a closing handshake)."""
    HALF_OPEN = "half_open"
    """Nothing at all arrives any more, in either direction, and nobody says so."""
    TICKET_EXPIRED = "ticket_expired"
    """The token of the connection ends before its time. Connections without one are spared."""

    RATE_LIMITED = "rate_limited"
    """429; with a `Retry-After` header when `retry_after_s` is set."""
    BANNED = "banned"
    """418, with `Retry-After` when `retry_after_s` is set."""
    SERVER_ERROR = "server_error"
    """5xx: `status`."""
    NO_ANSWER = "no_answer"
    """A request is never answered, nor carried out."""

    ANSWER_LOST = "answer_lost"
    """A request is carried out, and its answer never comes."""
    ANSWER_LATE = "answer_late"
    """A request is carried out, and its answer comes after `hold_s`."""
    ERROR_AFTER = "error_after"
    """A request is carried out, and answered with 5xx: `status`."""

    ORDER_REJECTED = "order_rejected"
    """An order is refused in the venue's own words, for the reason `why`."""
    PARTIAL_FILL = "partial_fill"
    """Others are faster: of what an order was about to take at once only the part `left` is still there."""
    DISCONNECT_AFTER_ACK = "disconnect_after_ack"
    """The account's connections are cut after its order was accepted, and before they hear of it."""

    CLIENT_IDS_FORGOTTEN = "client_ids_forgotten"
    """For `hold_s` a client id finds no order that has ended."""
    HISTORY_LAG = "history_lag"
    """For `hold_s` lists of orders and fills show the account as it was `lag_s` ago."""
    LOOKUP_LAG = "lookup_lag"
    """The same for queries of one order and of the open ones."""

    SUBSCRIPTION_REFUSED = "subscription_refused"
    """In the venue's own words."""
    SUBSCRIPTION_IGNORED = "subscription_ignored"
    """Neither acknowledged nor refused, and nothing is pushed."""


MESSAGES = frozenset(
    {
        FaultKind.DROP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.DELAY,
        FaultKind.MALFORMED,
        FaultKind.TRUNCATED,
        FaultKind.BAD_CHECKSUM,
    }
)
LAGS = frozenset({FaultKind.HISTORY_LAG, FaultKind.LOOKUP_LAG})
STATES = LAGS | {
    FaultKind.FREEZE,
    FaultKind.STALE_SNAPSHOT,
    FaultKind.HALT,
    FaultKind.CLOCK_SKEW,
    FaultKind.CLIENT_IDS_FORGOTTEN,
}
CONNECTIONS = frozenset({FaultKind.DISCONNECT, FaultKind.HALF_OPEN, FaultKind.TICKET_EXPIRED})
REQUESTS = frozenset({FaultKind.RATE_LIMITED, FaultKind.BANNED, FaultKind.SERVER_ERROR, FaultKind.NO_ANSWER})
ANSWERS = frozenset({FaultKind.ANSWER_LOST, FaultKind.ANSWER_LATE, FaultKind.ERROR_AFTER})
"""What befalls a request that was carried out. Without `path` or `method` they wait for one that changes something."""
ORDERS = frozenset({FaultKind.ORDER_REJECTED, FaultKind.PARTIAL_FILL, FaultKind.DISCONNECT_AFTER_ACK})
SUBSCRIPTIONS = frozenset({FaultKind.SUBSCRIPTION_REFUSED, FaultKind.SUBSCRIPTION_IGNORED})


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a script. Durations are seconds of venue time.

    Raises:
        ValueError: a field that this kind has no use for, or a number out of range.
    """

    kind: FaultKind
    pair: str | None = None
    feed: str | None = None
    """Only this feed of a message fault: `book`, `depth`, `quote`, `trades`, `klines`, `ticker`; None = books alone.

    Of an account `orders`, `fills`, `balances`, and `private` for any of them. A connection fault of `private` strikes
    only connections that follow an account.
    """
    path: str | None = None
    """Only requests whose path contains this."""
    method: str | None = None
    """Only requests of this method."""
    at_s: float = 0.0
    for_s: float | None = None
    every_s: float | None = None
    """A fault that does not wait for a message happens again after so long, `count` times in all."""
    count: int | None = 1
    probability: float = 1.0
    hold_s: float = 1.0
    skew_s: float = 5.0
    lag_s: float = 2.0
    left: float = 0.5
    """Of what an order was about to take: in [0, 1)."""
    why: Why = Why.HALTED
    retry_after_s: int | None = None
    status: int = 503
    code: int = 1006

    def __post_init__(self) -> None:
        """Refuse what would silently do nothing."""
        if self.every_s is not None and self.kind not in STATES | CONNECTIONS:
            raise ValueError(f"{self.kind} waits for messages: it takes for_s and count, not every_s")
        if self.for_s is not None and self.kind in STATES | CONNECTIONS:
            raise ValueError(f"{self.kind} happens at a moment: it takes at_s, every_s and hold_s, not for_s")
        if not 0 <= self.left < 1:
            raise ValueError(f"left is in [0, 1), found {self.left}")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability is in (0, 1], found {self.probability}")
        for name in ("at_s", "for_s", "every_s", "hold_s", "lag_s"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} is not negative, found {value}")
        if self.every_s == 0 and self.count is None:
            raise ValueError("every_s = 0 without a count would never end")


class FaultScript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Faults to come, and the seed of their chances."""

    seed: int = 0
    faults: tuple[Fault, ...] = ()


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """One fault that happened. `conn` is None for what concerns no connection."""

    kind: FaultKind
    at_ns: int
    conn: int | None = None
    pair: str | None = None


class Impossible(ValueError):
    """This venue cannot have this fault; the message says why."""


def load_script(path: Path) -> FaultScript:
    """Read a script, TOML by its suffix, else JSON.

    Raises:
        ValueError: the file is not a fault script; the message says where. (msgspec's errors are ValueErrors.)
    """
    text = path.read_bytes()
    if path.suffix == ".toml":
        return msgspec.toml.decode(text, type=FaultScript)
    return msgspec.json.decode(text, type=FaultScript)
