"""Events of a venue in words, for the foot of the table and for logs. Pure."""

from arb_core.runtime.stream.events import (
    Closed,
    LoginRefused,
    Malformed,
    Opened,
    OpenFailed,
    Rotated,
    TicketEnded,
    TopicRefused,
    Unanswered,
    VenueEvent,
)
from arb_core.venue.events import (
    AccountDeaf,
    AccountListening,
    ClockJumped,
    ClockNotMeasured,
    Halted,
    Lagging,
    Late,
    LimitsNotKept,
    ListenerBroken,
    MarketsFailed,
    MarketsLoaded,
    Resumed,
    SnapshotFailed,
)

__all__ = ["describe"]

_SECOND = 1_000_000_000


def describe(event: VenueEvent) -> str | None:  # noqa: C901, PLR0911, PLR0912 (a table of words)
    """Return what happened in one line; None where people need not hear of it."""
    match event:
        case Opened(host=host):
            return f"connected to {host}"
        case OpenFailed(reason=reason, retry_ns=retry_ns):
            return f"cannot connect: {reason}; next try in {retry_ns / _SECOND:.1f} s"
        case Closed(planned=False, reason=reason):
            return f"disconnected: {reason}"
        case TopicRefused(topic=topic, reason=reason, retry_ns=retry_ns):
            again = "" if retry_ns is None else f"; next try in {retry_ns / _SECOND:.1f} s"
            of = "" if topic.pair is None else f" of {topic.pair}"
            return f"refused {topic.feed}{of}: {reason}{again}"
        case Unanswered(topics=topics, attempt=attempt):
            first = topics[0].pair or topics[0].feed
            return f"no answer to {len(topics)} subscriptions ({first} ...), attempt {attempt}"
        case LoginRefused(reason=reason):
            return f"login refused: {reason}"
        case TicketEnded(reason=reason):
            return f"ticket ended: {reason}"
        case Rotated(resynced=resynced):
            return f"moved to a new connection, {resynced} books start anew"
        case Malformed(error=error, in_a_row=1):
            return f"malformed message: {error}"
        case MarketsLoaded(instruments=instruments):
            return f"lists {instruments} instruments"
        case MarketsFailed(reason=reason, retry_ns=retry_ns):
            return f"instruments not to be had: {reason}; next try in {retry_ns / _SECOND:.1f} s"
        case Halted(symbol=symbol, reason=reason):
            return f"{symbol}: {reason}"
        case Resumed(symbol=symbol):
            return f"{symbol} trades again"
        case SnapshotFailed(symbol=symbol, reason=reason):
            return f"no snapshot of {symbol}: {reason}"
        case Lagging(lag_ns=lag_ns):
            return f"this process stood still for {lag_ns / _SECOND:.1f} s"
        case Late(late_ns=late_ns):
            return f"messages arrive {late_ns / _SECOND:.1f} s late"
        case ClockJumped(jump_ns=jump_ns, reconnected=reconnected):
            return f"the clock was set by {jump_ns / _SECOND:+.1f} s" + ("; reconnecting" if reconnected else "")
        case AccountListening():
            return "hears all that happens to the account"
        case AccountDeaf(reason=reason):
            return f"does not hear what happens to the account: {reason}"
        case ClockNotMeasured(reason=reason, retry_ns=retry_ns):
            return f"did not tell its time: {reason}; next try in {retry_ns / _SECOND:.1f} s"
        case LimitsNotKept(reason=reason):
            return reason
        case ListenerBroken(listener=listener, error=error):
            return f"{listener} raised and hears nothing any more: {error}"
        case _:
            return None
