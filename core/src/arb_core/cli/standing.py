"""How trading stands, for the foot of the live table and for the summary: counted while it runs, read when asked."""

from collections import Counter
from decimal import Decimal

from arb_core.cli.listing import amounts, number
from arb_core.cli.table import Standing, Tone
from arb_core.engine.figures import trading_figures
from arb_core.engine.ids import IntentId
from arb_core.engine.money import minus, plus
from arb_core.engine.trade import Intent, Outcome, TradeResult
from arb_core.engine.trading.session import Trading
from arb_core.interfaces.context import Clock
from arb_core.structs.figures import TradingFigures
from arb_core.structs.market import Asset

__all__ = ["Tally", "standing"]

_ASSETS_SHOWN = 5
_TRADES_SHOWN = 3


class Tally:
    """What the trades of this run came to."""

    def __init__(self, trading: Trading) -> None:
        """Count from now on."""
        self.outcomes: Counter[Outcome] = Counter()
        self.pnl: dict[Asset, Decimal] = {}
        """By money, exactly."""
        self._counted: set[IntentId] = set()
        trading.listen(result=self._count, revision=self._revise)

    @property
    def trades(self) -> int:
        """How many have ended."""
        return self.outcomes.total()

    def _count(self, intent: Intent, result: TradeResult) -> None:
        self.outcomes[result.outcome] += 1
        self._counted.add(intent.id)
        self.pnl[result.money] = plus(self.pnl.get(result.money, Decimal(0)), result.pnl)

    def _revise(self, intent: Intent, former: TradeResult, result: TradeResult) -> None:
        if intent.id not in self._counted:
            return  # of an earlier run
        self.outcomes += Counter({result.outcome: 1})
        self.outcomes -= Counter({former.outcome: 1})
        self.pnl[result.money] = plus(self.pnl[result.money], minus(result.pnl, former.pnl))


def standing(trading: Trading, tally: Tally, clock: Clock, *, paper: bool) -> list[Standing]:
    """Say how trading stands: what stops it first, then trades, money, limits, balances, and what is open."""
    now_ns = clock.now_ns()
    status = trading.status()
    figures = trading_figures(status, paper=paper, limits=trading.limits, funds=trading.ledger, now_ns=now_ns)
    lines: list[Standing] = []
    if status.closed is not None:
        lines.append(Standing(f"no new trades: {status.closed.name}: {status.closed.detail}", "bad"))
    lines.append(Standing(f"{'paper' if paper else 'LIVE'}: {_trades(figures, tally)}", "plain"))
    if figures.refused:
        most = sorted(figures.refused.items(), key=lambda item: item[1], reverse=True)
        lines.append(Standing("not admitted: " + ", ".join(f"{name} {count}" for name, count in most), "quiet"))
    lines.append(Standing(f"P&L: this run {amounts(tally.pnl)}; today {amounts(figures.day_pnl)}", _tone(tally)))
    lines.append(Standing(f"limits used: {_limits(figures)}", "plain"))
    for venue, balances in sorted(trading.ledger.balances().items()):
        held = [f"{number(b.free)} {b.asset}" for _, b in sorted(balances.items()) if b.free or b.locked]
        more = f" and {len(held) - _ASSETS_SHOWN} more" if len(held) > _ASSETS_SHOWN else ""
        lines.append(Standing(f"{venue}: {', '.join(held[:_ASSETS_SHOWN]) or 'nothing'}{more}", "plain"))
    closed = [(venue, why) for venue, why in status.venues.items() if why is not None]
    lines += [Standing(f"{venue} is not traded on: {why}", "refused") for venue, why in closed]
    lines += [
        Standing(f"open: {trade.intent.symbol} (trade {trade.intent.id}): {trade.why}", "good")
        for trade in status.open[:_TRADES_SHOWN]
    ]
    return lines


def _trades(figures: TradingFigures, tally: Tally) -> str:
    ended = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.items())
    parts = [f"{tally.trades} trades" + (f" ({ended})" if ended else ""), f"{figures.open_trades} open"]
    if figures.in_doubt:
        parts.append(f"{figures.in_doubt} orders in doubt")
    return ", ".join(parts)


def _limits(figures: TradingFigures) -> str:
    # A day that earned has used nothing of what it may lose.
    return ", ".join(f"{limit.limit}{limit.of and ' ' + limit.of} {max(limit.used, 0):.0%}" for limit in figures.limits)


def _tone(tally: Tally) -> Tone:
    return "bad" if any(pnl < 0 for pnl in tally.pnl.values()) else "plain"
