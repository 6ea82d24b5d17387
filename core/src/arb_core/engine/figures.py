"""How detection, trading and the journal are, in the words that an observer is shown. Read-only, asked now and then.

Entered by the command line, on the event loop, when an observer asks for `figures()`.
"""

from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

from arb_core.engine.episodes import Episodes
from arb_core.engine.risk import DAY_NS, Breaker, Funds, Limits, loss_reached
from arb_core.structs.figures import BreakerState, DetectionFigures, JournalFigures, LimitUse, TradingFigures

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal
    from arb_core.engine.trading.status import TradingStatus

__all__ = ["detection_figures", "journal_figures", "trading_figures"]

_NOTHING = Decimal(0)


def detection_figures(episodes: Episodes) -> DetectionFigures:
    """Say what was seen; an edge that is still open is in no other count yet, so that each of them only grows."""
    closed = episodes.closed()
    still = len(episodes.open)
    return DetectionFigures(seen=closed.seen + still, executable=closed.executable, refused=closed.refused, open=still)


def trading_figures(
    status: "TradingStatus", *, paper: bool, limits: Limits, funds: Funds, now_ns: int
) -> TradingFigures:
    """Say how far the account is from what stops it."""
    state, open_trades = status.risk, len(status.open)
    day_pnl = state.day.pnl if state.day.number >= now_ns // DAY_NS else {}
    return TradingFigures(
        paper=paper,
        closed=None if status.closed is None else status.closed.name,
        admitted=status.admitted,
        refused=status.refused,
        killed=state.kill is not None,
        day_stopped=loss_reached(state, now_ns),
        day_pnl=dict(day_pnl),
        open_trades=open_trades,
        in_doubt=status.in_doubt,
        ready={venue: trouble is None for venue, trouble in status.venues.items()},
        breakers={venue: _breaker(state.breakers.get(venue), limits, now_ns) for venue in status.venues},
        limits=(
            LimitUse(limit="max_open_trades", used=_part(Decimal(open_trades), Decimal(limits.max_open_trades))),
            *(
                LimitUse(limit="max_daily_loss", of=money, used=_part(-day_pnl.get(money, _NOTHING), most))
                for money, most in limits.max_daily_loss.items()
            ),
            *(
                LimitUse(limit="max_asset", of=asset, used=_part(funds.held_everywhere(asset), most))
                for asset, most in limits.max_asset.items()
            ),
            *(
                LimitUse(limit="max_on_venue", of=f"{venue}:{asset}", used=_part(funds.held(venue, asset), most))
                for venue, assets in limits.max_on_venue.items()
                for asset, most in assets.items()
            ),
        ),
    )


def journal_figures(journal: "Journal") -> JournalFigures:
    """Say how the journal does."""
    stats = journal.stats()
    return JournalFigures(
        working=journal.fault is None,
        commits=stats.commits,
        rows=stats.rows,
        failures=stats.failures,
        waiting=stats.waiting,
        dropped=stats.dropped,
        commit=journal.latency.durations(),
    )


def _breaker(breaker: Breaker | None, limits: Limits, now_ns: int) -> BreakerState:
    if breaker is None or breaker.opened_ns is None:
        return BreakerState.CLOSED
    rested = now_ns - breaker.opened_ns >= limits.breaker_rest_ns
    return BreakerState.HALF_OPEN if rested or breaker.probe_ns is not None else BreakerState.OPEN


def _part(amount: Decimal, most: Decimal) -> float:
    """Return how much of a limit an amount is; of a limit of nothing, any amount is too much."""
    if not most:
        return inf if amount > 0 else 0.0
    return float(amount) / float(most)
