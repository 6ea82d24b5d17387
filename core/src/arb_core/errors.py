"""One tree of errors, ordered by what the caller should do next.

Every class has an `action`: `fix` (change the request or the settings), `wait` (then the same again), `retry` (with
back-off), `ask` (find out what happened before anything else) or `stop`. Fields are keywords, and never hold a secret.
"""

from collections.abc import Collection
from typing import ClassVar, Literal

__all__ = [
    "Action",
    "ArbError",
    "AuthenticationFailed",
    "BookError",
    "BookUnavailable",
    "CaptureError",
    "ChecksumMismatch",
    "ClockSkew",
    "CrossedBook",
    "Disconnected",
    "DuplicateOrder",
    "ExchangeAPIError",
    "ExchangeUnavailable",
    "FiguresUnavailable",
    "InsufficientBalance",
    "InvalidOrder",
    "InvalidSymbol",
    "JournalError",
    "JournalInUse",
    "JournalUnavailable",
    "KeyInUse",
    "NotSupported",
    "OrderNotFound",
    "OutcomeUnknown",
    "PluginBroken",
    "PluginError",
    "PluginMissing",
    "RateLimitError",
    "Refused",
    "Rejected",
    "SequenceGap",
    "SettingsError",
    "Stale",
    "StreamError",
    "TicketLost",
    "TradingDisabled",
    "Unrecordable",
    "WireError",
    "unlisted",
]

Action = Literal["fix", "wait", "retry", "ask", "stop"]

_SHOWN = 200
"""Characters of a wire message that an error shows: enough to recognise it, too few to flood a log."""


class ArbError(Exception):
    """The base of every error this project raises on purpose."""

    action: ClassVar[Action] = "stop"


class SettingsError(ArbError):
    """The settings are wrong. `path` is the file or variable, `key` the place in it."""

    action: ClassVar[Action] = "fix"

    def __init__(self, message: str, *, path: str | None = None, key: str | None = None) -> None:
        """Say where, what was expected and what was found."""
        where = ": ".join(part for part in (path, key) if part)
        super().__init__(f"{where}: {message}" if where else message)
        self.path = path
        self.key = key


class PluginError(ArbError):
    """Something about a plugin."""

    action: ClassVar[Action] = "fix"


class PluginMissing(PluginError):
    """No installed plugin owns this id. The message holds the cure."""

    def __init__(self, message: str, *, name: str) -> None:
        """Name the id that was asked for."""
        super().__init__(message)
        self.name = name


class PluginBroken(PluginError):
    """An installed plugin cannot be used; every other one can."""

    def __init__(self, message: str, *, name: str, distribution: str | None = None, cure: str | None = None) -> None:
        """Name the plugin, who ships it and what to do."""
        owner = f"{name} ({distribution})" if distribution else name
        super().__init__(f"{owner}: {message}" + (f"; {cure}" if cure else ""))
        self.name = name
        self.distribution = distribution
        self.reason = message
        self.cure = cure


class NotSupported(ArbError):
    """The exchange, or its plugin, has no such thing; the card says so beforehand."""

    action: ClassVar[Action] = "fix"


class ExchangeAPIError(ArbError):
    """An exchange answered a request with an error, or did not answer it."""

    action: ClassVar[Action] = "stop"

    def __init__(
        self, message: str, *, exchange: str, api_code: str | int | None = None, http_status: int | None = None
    ) -> None:
        """Keep the venue's own code and text: they are what its support asks for."""
        code = "" if api_code is None else f" [{api_code}]"
        status = "" if http_status is None else f" (HTTP {http_status})"
        super().__init__(f"{exchange}{code}{status}: {message}")
        self.exchange = exchange
        self.api_code = api_code
        self.http_status = http_status
        self.message = message


class Rejected(ExchangeAPIError):
    """The exchange understood the request and refused it: nothing happened."""

    action: ClassVar[Action] = "fix"


class InsufficientBalance(Rejected):
    """The account cannot pay for the order."""


class InvalidOrder(Rejected):
    """Price, quantity, notional, type or time in force is not allowed for this instrument."""


class InvalidSymbol(Rejected):
    """The exchange does not list this symbol."""


class OrderNotFound(Rejected):
    """No such order, or it has ended."""


class DuplicateOrder(Rejected):
    """The client order id was used before."""


class AuthenticationFailed(Rejected):
    """Key, signature, permission or address list: nothing signed will work until it is mended."""

    action: ClassVar[Action] = "stop"


class TradingDisabled(Rejected):
    """The symbol or the account may not trade now."""

    action: ClassVar[Action] = "stop"


class ClockSkew(Rejected):
    """Our time differs from the venue's by more than it allows: measure the difference, then send again."""

    action: ClassVar[Action] = "retry"


class RateLimitError(ExchangeAPIError):
    """A budget is used up. `local` = our own bucket held the request back: it was not sent."""

    action: ClassVar[Action] = "wait"

    def __init__(
        self,
        message: str,
        *,
        exchange: str,
        retry_after_ns: int | None = None,
        banned: bool = False,
        local: bool = False,
        api_code: str | int | None = None,
        http_status: int | None = None,
    ) -> None:
        """Say how long to wait, as far as the venue said."""
        super().__init__(message, exchange=exchange, api_code=api_code, http_status=http_status)
        self.retry_after_ns = retry_after_ns
        self.banned = banned
        self.local = local


class ExchangeUnavailable(ExchangeAPIError):
    """Down, overloaded or out of reach, and the request could not have changed anything."""

    action: ClassVar[Action] = "retry"


class OutcomeUnknown(ExchangeAPIError):
    """A request that is not idempotent left and its answer did not arrive: it may have happened."""

    action: ClassVar[Action] = "ask"

    def __init__(
        self,
        message: str,
        *,
        exchange: str,
        client_order_id: str | None = None,
        api_code: str | int | None = None,
        http_status: int | None = None,
    ) -> None:
        """Name the order to ask for."""
        super().__init__(message, exchange=exchange, api_code=api_code, http_status=http_status)
        self.client_order_id = client_order_id


class StreamError(ArbError):
    """Something about a streaming connection. `venue` is its label in the settings."""

    action: ClassVar[Action] = "retry"

    def __init__(self, message: str, *, venue: str) -> None:
        """Name the venue."""
        super().__init__(f"{venue}: {message}")
        self.venue = venue


class Disconnected(StreamError):
    """The connection ended."""


class Refused(StreamError):
    """The venue refused a subscription, or did not answer it in time."""

    action: ClassVar[Action] = "fix"


class TicketLost(StreamError):
    """The token of a private connection ended before its time."""


class Stale(StreamError):
    """Nothing arrived for longer than the venue is ever silent."""


class BookError(ArbError):
    """A book is not what the venue's book is. The core resynchronises it by itself; callers see `BookUnavailable`."""

    action: ClassVar[Action] = "wait"

    def __init__(self, message: str, *, venue: str, symbol: str) -> None:
        """Name the book."""
        super().__init__(f"{venue} {symbol}: {message}")
        self.venue = venue
        self.symbol = symbol


class SequenceGap(BookError):
    """A message is missing."""


class ChecksumMismatch(BookError):
    """The book differs from the venue's own."""


class CrossedBook(BookError):
    """Best bid at or above best ask after a whole message."""


class BookUnavailable(BookError):
    """The book is not LIVE, so it cannot be read."""


class WireError(ArbError):
    """A frame or an answer is not what the venue documents. `where` is the endpoint or channel."""

    action: ClassVar[Action] = "stop"

    def __init__(self, message: str, *, exchange: str, where: str, wire: bytes | str = b"") -> None:
        """Show the beginning of what arrived."""
        shown = wire[:_SHOWN]
        text = f"{exchange} {where}: {message}"
        super().__init__(f"{text}; it begins {shown!r}" if shown else text)
        self.exchange = exchange
        self.where = where


class CaptureError(ArbError):
    """A capture file cannot be read. `line` counts from 1."""

    action: ClassVar[Action] = "fix"

    def __init__(self, message: str, *, path: str, line: int | None = None) -> None:
        """Say where in the file."""
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {message}")
        self.path = path
        self.line = line


class JournalError(ArbError):
    """The journal cannot be used: another process writes it, a newer arb wrote it, it is damaged, or none of ours."""

    action: ClassVar[Action] = "fix"


class JournalInUse(JournalError):
    """Another process, which runs, writes the journal."""

    action: ClassVar[Action] = "fix"

    def __init__(self, message: str, *, pid: int | None) -> None:
        """Name the process; None where it does not say."""
        super().__init__(message)
        self.pid = pid


class JournalUnavailable(JournalError):
    """The journal cannot be written now, so nothing new may be intended. It goes on trying by itself."""

    action: ClassVar[Action] = "wait"


class Unrecordable(JournalUnavailable):
    """A record holds what no database takes, as a number beyond 64 bits: it is left out, and holds up no other."""

    action: ClassVar[Action] = "fix"

    def __init__(self, message: str, *, table: str) -> None:
        """Name the table in which it would have been."""
        super().__init__(f"a record of {table} is not written as it was told: {message}")
        self.table = table


class KeyInUse(ArbError):
    """Another process trades with the same API key: nonces, balances and orders of the two would mix."""

    action: ClassVar[Action] = "fix"

    def __init__(self, message: str, *, exchange: str, fingerprint: str, where: str, pid: int | None = None) -> None:
        """Name the exchange, the key by its fingerprint, never by itself, the lock, and the process if it says."""
        super().__init__(f"{exchange}: {message}")
        self.exchange = exchange
        self.fingerprint = fingerprint
        self.where = where
        self.pid = pid


class FiguresUnavailable(ArbError):
    """An observer asked how everything is while nothing runs, or while the event loop stands still."""

    action: ClassVar[Action] = "retry"


def unlisted(*, worded: bool, status: int | None, limited: Collection[int] = (418, 429)) -> type[ExchangeAPIError]:
    """Return the class of an error that no table of the venue's codes holds, by the HTTP status (None = a socket).

    `worded` = the venue itself names a code: one that nobody documents is a refusal. A page of somebody else (proxy,
    firewall) proves nothing of what became of an order. `limited` are the statuses of having asked too much.
    """
    if status in limited:
        return RateLimitError
    if status is not None and status >= 500:
        return ExchangeUnavailable
    if status == 401:
        return AuthenticationFailed
    return Rejected if worded else ExchangeAPIError
