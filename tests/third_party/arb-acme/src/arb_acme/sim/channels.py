"""What Acme pushes: the channels of markets, and those of an account."""

from collections.abc import Callable, Sequence
from zlib import crc32

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.book import Units
from arb_sim.kernel.happenings import BALANCES, FILLS, ORDERS, AccountSource, Happening, PrivateStream
from arb_sim.kernel.market import Market, Print
from arb_sim.kernel.sources import Bars, Best, Depth, Prints, Top, TopDeltas, Update
from arb_sim.kernel.streams import Stream
from arb_sim.timeline import Timeline

from arb_acme.sim.desk import balance_line, fill_line, order_line
from arb_acme.sim.market_data import STEPS, US, candle_line, top_line, trade_line
from arb_acme.sim.speech import level_lines, line, message

__all__ = ["KEPT", "BookChannel", "open_account_channel", "open_channel"]

KEPT = 100
SUMMED = 10
SECOND = 1_000_000_000
MS = 1_000_000


class BookChannel:
    """One `book` channel: its count, and what whoever joins is told first."""

    def __init__(self, name: str, market: Market) -> None:
        self.market = market
        self._count = 0
        self.stream = Stream(name, "book", TopDeltas(market, KEPT, ends_told=True), 100 * MS, self._change)

    def _change(self, update: Update, now_ns: int) -> list[str | bytes]:
        self._count += 1
        return [self._said("change", now_ns, update.bids, update.asks)]

    def whole(self, now_ns: int) -> str:
        """The book as the channel stands now."""
        book = self.market.book
        return self._said("whole", now_ns, book.bids.top(KEPT), book.asks.top(KEPT))

    def _said(self, kind: str, now_ns: int, bids: Sequence[Units], asks: Sequence[Units]) -> str:
        spelled = self.market.spelling.levels
        head = line(kind, market=self.market.pair, count=self._count, at=now_ns // US, sum=self._sum())
        return message((head, *level_lines("bid", spelled(bids)), *level_lines("ask", spelled(asks))))

    def _sum(self) -> int:
        book, spelled = self.market.book, self.market.spelling.levels
        best = (*spelled(book.bids.top(SUMMED)), *spelled(book.asks.top(SUMMED)))
        return crc32(";".join("@".join(level) for level in best).encode())


def open_channel(name: str, market: Market, timeline: Timeline) -> Stream | None:
    """Make any public channel but that of a whole book; None = Acme has no such."""
    kind, _, rest = name.partition(":")[0].partition("-")

    def depth(top: Top, now_ns: int) -> list[str | bytes]:
        spelled = market.spelling.levels
        head = line("depth", market=market.pair, levels=rest, count=top.version, at=now_ns // US)
        return [message((head, *level_lines("bid", spelled(top.bids)), *level_lines("ask", spelled(top.asks))))]

    def top(best: Top, now_ns: int) -> list[str | bytes]:
        return [message([top_line(market, best.bids, best.asks, now_ns)])]

    def trades(prints: list[Print], _now_ns: int) -> list[str | bytes]:
        return [message(trade_line(market, trade) for trade in prints)]

    if kind == "depth" and rest in {"5", "20"}:
        return Stream(name, "depth", Depth(market, int(rest)), 200 * MS, depth)
    if (kind, rest) == ("top", ""):
        return Stream(name, "quote", Best(market), 0, top)
    if (kind, rest) == ("trades", ""):
        return Stream(name, "trades", Prints(market), 0, trades)
    if kind == "candles" and rest in STEPS:
        bars = Bars(market, STEPS[rest], timeline)
        return Stream(
            name, "klines", bars, SECOND, lambda candles, _: [message(candle_line(market, rest, c) for c in candles)]
        )
    return None


def open_account_channel(name: str, account: Account) -> PrivateStream | None:
    """Make a channel of an account; None = Acme has no such."""
    shown: dict[str, Callable[[Happening, int], list[str | bytes]]] = {
        "orders": lambda happening, _: [message([order_line(happening.order)])] if happening.order else [],
        "fills": lambda happening, _: [message([fill_line(happening.fill)])] if happening.fill else [],
        "balances": lambda happening, now_ns: [
            message(
                balance_line(moved.asset, moved.free_after, moved.locked_after, now_ns) for moved in happening.movements
            )
        ],
    }
    whats = {"orders": ORDERS, "fills": FILLS, "balances": BALANCES}
    if name not in shown:
        return None
    return PrivateStream(name, name, AccountSource(account, whats[name]), shown[name])
