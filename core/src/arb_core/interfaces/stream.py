"""The streaming side of an exchange: a pure dialect, and the sink it speaks into.

The core owns sockets, time, reconnects, subscriptions and books. A dialect turns topics into frames and frames into
calls of a `Sink`; it keeps no state between frames.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from arb_core.structs.account import Balance
from arb_core.structs.book import NO_ID, BookRule, Level, Printed, SequenceRule
from arb_core.structs.layout import WireLayout
from arb_core.structs.market import Side
from arb_core.structs.order import Fill, Order
from arb_core.structs.stream import StreamTicket, Topic

__all__ = ["Sink", "StreamDialect"]


class Sink(ABC):
    """Receives what one frame says. Plain calls, at once, in the order of the frame.

    Prices are quote per base, sizes base, both float64 by correct rounding of the wire text. `pair` is the venue's
    spelling. A pair that nobody asked for is dropped by the core, not by the dialect.
    """

    @abstractmethod
    def delta(  # noqa: PLR0917 (positional: one call per frame, on the fast path)
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
        """Take changes of a book: absolute sizes, 0 removes.

        One call is one whole message: the book may not be crossed after it. `printed` goes with a `book_rule` that has
        a checksum.
        """

    @abstractmethod
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
        """Take a whole book, best first.

        `depth` is 0 for the BOOK feed, whose ids it restarts, and the depth of the subscription for a DEPTH feed.
        `printed` as with `delta`.
        """

    @abstractmethod
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
        """Take best bid and ask; NaN where a side is empty."""

    @abstractmethod
    def trade(self, pair: str, price: float, size: float, taker: Side, exchange_ns: int, trade_id: str | None) -> None:  # noqa: PLR0917
        """Take one public trade."""

    @abstractmethod
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
        """Take the state of one candle; `interval` in the contract's spelling."""

    @abstractmethod
    def order(self, order: Order) -> None:
        """Take a change of one of our orders."""

    @abstractmethod
    def fill(self, fill: Fill) -> None:
        """Take an execution of one of our orders."""

    @abstractmethod
    def balance(self, balance: Balance) -> None:
        """Take the new absolute balance of one asset."""

    @abstractmethod
    def ack(self, request_id: int | None, channels: Sequence[str] = ()) -> None:
        """A subscription stands. No channels = all of that request; no id = by the channel names."""

    @abstractmethod
    def refused(self, request_id: int | None, channels: Sequence[str], reason: str) -> None:
        """A subscription was refused; the same rules name which."""

    @abstractmethod
    def reply(self, request_id: int | str | None, answer: Any) -> None:
        """An answer to a request of another kind (login, WebSocket API)."""

    @abstractmethod
    def pong(self) -> None:
        """The venue answered a ping."""

    @abstractmethod
    def closing(self, reason: str) -> None:
        """The venue announced that it will close this connection: the core moves to a new one first."""

    @abstractmethod
    def ticket_lost(self, reason: str) -> None:
        """The ticket of this connection is no longer valid."""

    @abstractmethod
    def ignored(self, reason: str) -> None:
        """A frame of a kind that is known and not needed, or new and harmless."""


class StreamDialect(ABC):
    """One venue's socket language, public or private. All methods but the ticket's three are pure."""

    @property
    def book_rule(self) -> BookRule:
        """How the BOOK feed becomes a book; a private socket carries none."""
        return BookRule(ids=SequenceRule.NONE)

    @property
    def layouts(self) -> Sequence[WireLayout]:
        """Where the changes of the BOOK feed stand in their frames, for those who can read them without Python.

        Of every frame that a layout fits, `decode` must say the same; none is as good as right, only slower.
        """
        return ()

    @abstractmethod
    async def ticket(self) -> StreamTicket:
        """Get what opens a connection, through the REST client of the context. Raises what `RestClient.call` raises."""

    async def renew(self, ticket: StreamTicket) -> StreamTicket:
        """Prolong a ticket; called each `renew_every_ns`."""
        return ticket

    async def release(self, ticket: StreamTicket) -> None:  # noqa: B027 (most venues have nothing to give back)
        """Give a ticket back when its connection has ended."""

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str | bytes]:
        """Return the frames to send first on a new connection."""
        return ()

    @abstractmethod
    def channel(self, topic: Topic) -> str:
        """Return the name by which acknowledgements and refusals call this topic; distinct for distinct topics.

        Raises:
            ValueError: the venue has no such feed, depth or interval.
        """

    @abstractmethod
    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str | bytes:
        """Return the one frame that subscribes to all of them (at most the card's `topics_per_request`)."""

    @abstractmethod
    def unsubscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str | bytes:
        """Return the one frame that ends them."""

    def ping(self, now_ns: int) -> str | bytes | None:
        """Return the venue's own ping, None where protocol pings suffice."""
        return None

    @abstractmethod
    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        """Say what one whole frame means.

        The frame is valid only during the call. Everything is decoded before the first call of `out`, so that a frame
        counts whole or not at all. A frame that is not what the venue documents raises: any msgspec, protobuf, Value,
        Type, Key, Index or Overflow error becomes a `WireError`, which resynchronises what the connection carries.
        Unknown fields are ignored; unknown kinds go to `out.ignored`.
        """
