"""What a dialect speaks into: market data go straight to the consumers, control messages to the connection."""

from collections.abc import Sequence
from typing import Any, Protocol

from arb_core.interfaces.stream import Sink
from arb_core.runtime.dispatch import Scan
from arb_core.structs.account import Balance
from arb_core.structs.book import NO_ID, Level, Printed
from arb_core.structs.market import Side
from arb_core.structs.order import Fill, Order

__all__ = ["ConnectionSink", "Control", "MarketData"]


class MarketData(Protocol):
    """The market-data and account half of `Sink`; the same signatures."""

    @property
    def scan(self) -> Scan | None:
        """See `Dispatch.scan`."""
        ...

    def delta(  # noqa: PLR0917
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        first_id: int,
        last_id: int,
        exchange_ns: int | None,
        previous_id: int = NO_ID,
        printed: Printed | None = None,
    ) -> None:
        """See `Sink.delta`."""
        ...

    def snapshot(  # noqa: PLR0917
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        last_id: int,
        exchange_ns: int | None,
        depth: int = 0,
        printed: Printed | None = None,
    ) -> None:
        """See `Sink.snapshot`."""
        ...

    def quote(  # noqa: PLR0917
        self,
        pair: str,
        bid: float,
        bid_size: float,
        ask: float,
        ask_size: float,
        exchange_ns: int | None,
        last_id: int = NO_ID,
    ) -> None:
        """See `Sink.quote`."""
        ...

    def trade(self, pair: str, price: float, size: float, taker: Side, exchange_ns: int, trade_id: str | None) -> None:  # noqa: PLR0917
        """See `Sink.trade`."""
        ...

    def kline(  # noqa: PLR0917
        self,
        pair: str,
        interval: str,
        open_ns: int,
        ohlc: tuple[float, float, float, float],
        volume: float,
        quote_volume: float | None,
        closed: bool | None,  # noqa: FBT001
    ) -> None:
        """See `Sink.kline`."""
        ...

    def order(self, order: Order) -> None:
        """See `Sink.order`."""
        ...

    def fill(self, fill: Fill) -> None:
        """See `Sink.fill`."""
        ...

    def balance(self, balance: Balance) -> None:
        """See `Sink.balance`."""
        ...


class Control(Protocol):
    """The half of `Sink` that a connection keeps for itself."""

    def on_ack(self, request_id: int | None, channels: Sequence[str]) -> None:
        """See `Sink.ack`."""
        ...

    def on_refused(self, request_id: int | None, channels: Sequence[str], reason: str) -> None:
        """See `Sink.refused`."""
        ...

    def on_reply(self, request_id: int | str | None, answer: Any) -> None:
        """See `Sink.reply`."""
        ...

    def on_pong(self) -> None:
        """See `Sink.pong`."""
        ...

    def on_closing(self, reason: str) -> None:
        """See `Sink.closing`."""
        ...

    def on_ticket_lost(self, reason: str) -> None:
        """See `Sink.ticket_lost`."""
        ...

    def on_ignored(self, reason: str) -> None:
        """See `Sink.ignored`."""
        ...


_MARKET_DATA = ("delta", "snapshot", "quote", "trade", "kline", "order", "fill", "balance")


class ConnectionSink(Sink):
    """One connection's sink. `route` says where its market data go from now on."""

    def __init__(self, control: Control, target: MarketData) -> None:
        self._control = control
        self._target = target
        self.scan = target.scan
        self.route(target)

    def route(self, target: MarketData) -> None:
        """Send market data to `target`: to the consumers, or to one side of a hand-over."""
        self._target = target
        self.scan = target.scan
        # An instance attribute hides the method of the same name below: the dialect then calls the target itself, which
        # saves one call with eight arguments on the way of every message.
        vars(self).update({name: getattr(target, name) for name in _MARKET_DATA})

    def delta(  # noqa: PLR0917
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        first_id: int,
        last_id: int,
        exchange_ns: int | None,
        previous_id: int = NO_ID,
        printed: Printed | None = None,
    ) -> None:
        self._target.delta(pair, bids, asks, first_id, last_id, exchange_ns, previous_id, printed)

    def snapshot(  # noqa: PLR0917
        self,
        pair: str,
        bids: list[Level],
        asks: list[Level],
        last_id: int,
        exchange_ns: int | None,
        depth: int = 0,
        printed: Printed | None = None,
    ) -> None:
        self._target.snapshot(pair, bids, asks, last_id, exchange_ns, depth, printed)

    def quote(  # noqa: PLR0917
        self,
        pair: str,
        bid: float,
        bid_size: float,
        ask: float,
        ask_size: float,
        exchange_ns: int | None,
        last_id: int = NO_ID,
    ) -> None:
        self._target.quote(pair, bid, bid_size, ask, ask_size, exchange_ns, last_id)

    def trade(self, pair: str, price: float, size: float, taker: Side, exchange_ns: int, trade_id: str | None) -> None:  # noqa: PLR0917
        self._target.trade(pair, price, size, taker, exchange_ns, trade_id)

    def kline(  # noqa: PLR0917
        self,
        pair: str,
        interval: str,
        open_ns: int,
        ohlc: tuple[float, float, float, float],
        volume: float,
        quote_volume: float | None,
        closed: bool | None,  # noqa: FBT001
    ) -> None:
        self._target.kline(pair, interval, open_ns, ohlc, volume, quote_volume, closed)

    def order(self, order: Order) -> None:
        self._target.order(order)

    def fill(self, fill: Fill) -> None:
        self._target.fill(fill)

    def balance(self, balance: Balance) -> None:
        self._target.balance(balance)

    def ack(self, request_id: int | None, channels: Sequence[str] = ()) -> None:
        self._control.on_ack(request_id, channels)

    def refused(self, request_id: int | None, channels: Sequence[str], reason: str) -> None:
        self._control.on_refused(request_id, channels, reason)

    def reply(self, request_id: int | str | None, answer: Any) -> None:
        self._control.on_reply(request_id, answer)

    def pong(self) -> None:
        self._control.on_pong()

    def closing(self, reason: str) -> None:
        self._control.on_closing(reason)

    def ticket_lost(self, reason: str) -> None:
        self._control.on_ticket_lost(reason)

    def ignored(self, reason: str) -> None:
        self._control.on_ignored(reason)
