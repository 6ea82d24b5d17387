"""One symbol on one venue: its instrument, its book, its prints and its candles.

The world changes it, a venue's `sim.py` shows it.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from random import Random
from typing import Protocol

import msgspec
from arb_core.structs.market import Symbol

from arb_sim.kernel.book import Book, Units
from arb_sim.kernel.candles import Candles, Day, Interval
from arb_sim.kernel.matching import Matching, Taken
from arb_sim.kernel.spelling import Spelling

__all__ = ["Listing", "Market", "Network", "Print", "Status", "TradeWatcher"]

PRINTS = 1_000
"""Trades a market remembers: the most that any of the venues returns at once."""


PAST_PRINTS = 200
"""Trades from before the simulation began."""


class Status(StrEnum):
    """Whether an instrument trades."""

    TRADING = "trading"
    HALTED = "halted"


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A chain that an asset travels on. `contract` is empty for a chain's own coin."""

    name: str
    contract: str = ""
    deposits: bool = True
    withdrawals: bool = True


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol as one venue lists it."""

    symbol: Symbol
    pair: str
    """The venue's own name."""
    price_decimals: int
    """The tick is 10^-n."""
    size_decimals: int
    """The lot is 10^-n."""
    min_size: int
    """In lots."""
    max_size: int | None = None
    """In lots."""
    min_notional: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    networks: tuple[Network, ...]
    """Of the base asset."""

    @property
    def tick(self) -> Decimal:
        """The price step."""
        return Decimal(1).scaleb(-self.price_decimals)

    @property
    def lot(self) -> Decimal:
        """The size step."""
        return Decimal(1).scaleb(-self.size_decimals)


class Print(msgspec.Struct, frozen=True):
    """One public trade, in whole units."""

    number: int
    """Counts the trades of the market."""
    price: int
    size: int
    taker_buys: bool
    at_ns: int


class TradeWatcher(Protocol):
    """Hears of every trade of one market."""

    def printed(self, trade: Print) -> None:
        """A trade was made."""
        ...


class Market:
    """State of one listing. The owner of the world changes it through `change` and `trade` only."""

    def __init__(
        self,
        listing: Listing,
        spelling: Spelling,
        *,
        price: int,
        now_ns: int,
        seed: str,
        volatility: float,
        ids_per_level: bool,
        arouse: "Callable[[Market], None]",
        catch_up: "Callable[[Market], None]",
    ) -> None:
        """`arouse` is called when somebody begins to watch, `catch_up` before somebody looks who does not watch."""
        rng = Random(f"{seed}:ids")
        self.listing = listing
        self.spelling = spelling
        self.status = Status.TRADING
        self.book = Book(version=rng.randrange(10**8, 10**10), ids_per_level=ids_per_level)
        self.matching = Matching(self.book)
        self.on_taken: Callable[[Market, Taken], None] | None = None
        """Set by trading: somebody of the street took from an order, and the trade is to be printed and settled."""
        self.prints: list[Print] = []
        self.last_number = rng.randrange(10**6, 10**9)
        self.last_price = price
        self.last_size = 1
        self.trade_watchers: list[TradeWatcher] = []
        self.on_status: list[Callable[[], None]] = []
        self.watched = 0
        """How many streams follow it. Nobody moves a market that nobody watches."""
        self._attended = False
        self._invent_trades(price, now_ns, rng)
        self._lot_volume = max(1, round(20 / (price * 10.0 ** -(listing.price_decimals + listing.size_decimals))))
        self.day = Day(price, now_ns, rng, self._lot_volume)
        self._candles: dict[Interval, Candles] = {}
        self._seed = seed
        self._volatility = volatility
        self._arouse = arouse
        self._catch_up = catch_up

    def _invent_trades(self, price: int, now_ns: int, rng: Random) -> None:
        """Let there be trades from before the start: no venue begins with an empty list."""
        spread = max(1, price // 20_000)
        for number in range(PAST_PRINTS):
            at_ns = now_ns - (PAST_PRINTS - number) * 500_000_000 - rng.randrange(400_000_000)
            size = self.listing.min_size * rng.randint(1, 500)
            made_at = max(1, price + rng.randint(-spread, spread))
            self.last_number += 1
            self.prints.append(Print(self.last_number, made_at, size, rng.random() < 0.5, at_ns))

    @property
    def pair(self) -> str:
        """The venue's own name of the symbol."""
        return self.listing.pair

    def watch(self) -> None:
        """Keep the market moving from now on."""
        self.watched += 1
        if self.watched == 1:
            self._arouse(self)

    def unwatch(self) -> None:
        """Let it rest when this was the last who watched."""
        self.watched -= 1

    def look(self) -> "Market":
        """Bring a resting market up to now, and return it."""
        if not self.watched:
            self._catch_up(self)
        return self

    def change(self, bids: Sequence[Units], asks: Sequence[Units], now_ns: int) -> None:
        """Give levels of the street their sizes, as one event. A halted market does not move.

        Where the street comes upon orders of accounts it trades with them.
        """
        if self.status is not Status.TRADING:
            return
        if not self.matching.resting:
            self.book.change(bids, asks, now_ns)
            return
        self._settle(self.matching.move(bids, asks))
        self.publish(now_ns)

    def trade(self, price: int, size: int, now_ns: int, *, taker_buys: bool) -> int:
        """Let somebody of the street take so much at a price; return how much of it was the street's own.

        That part the caller takes away by a `change` of its own. Orders of accounts that stand before it are served.
        """
        if self.status is not Status.TRADING:
            return 0
        if not self.matching.resting:
            self.print(price, size, now_ns, taker_buys=taker_buys)
            return size
        taken = self.matching.hit(price, size, taker_buys=taker_buys)
        for match in taken:
            if match.resting is None:
                self.print(match.price, match.size, now_ns, taker_buys=taker_buys)
        self._settle(match for match in taken if match.resting is not None)
        self.publish(now_ns)
        return sum(match.size for match in taken if match.resting is None)

    def publish(self, now_ns: int) -> None:
        """Show what orders changed. While one rests, the market moves although nobody follows it."""
        self.matching.publish(now_ns)
        if self.matching.resting is not self._attended:
            self._attended = self.matching.resting
            if self._attended:
                self.watch()
            else:
                self.unwatch()

    def _settle(self, taken: Iterable[Taken]) -> None:
        if self.on_taken is None:
            return
        for match in taken:
            self.on_taken(self, match)

    def print(self, price: int, size: int, now_ns: int, *, taker_buys: bool) -> Print:
        """Show a trade to the public."""
        self.last_number += 1
        trade = Print(self.last_number, price, size, taker_buys, now_ns)
        if len(self.prints) >= 2 * PRINTS:
            del self.prints[:PRINTS]
        self.prints.append(trade)
        self.last_price, self.last_size = price, size
        self.day.take(price, size)
        for candles in self._candles.values():
            candles.take(price, size, now_ns, taker_buys=taker_buys)
        for watcher in self.trade_watchers:
            watcher.printed(trade)
        return trade

    def set_status(self, status: Status) -> None:
        """Halt or resume trading."""
        self.status = status
        for callback in self.on_status:
            callback()

    def latest(self, limit: int) -> list[Print]:
        """The newest trades, oldest first."""
        return self.prints[-limit:] if limit else []

    def since(self, number: int) -> list[Print]:
        """The trades after a number, as far as they are remembered, oldest first."""
        newer = self.last_number - number
        return list(islice(self.prints, max(0, len(self.prints) - newer), None))

    def candles(self, interval: Interval, now_ns: int) -> Candles:
        """The candles of an interval. The first who asks gets a past invented up to now."""
        candles = self._candles.get(interval)
        if candles is None:
            candles = self._candles[interval] = Candles(
                interval,
                self.last_price,
                now_ns,
                seed=f"{self._seed}:{interval.span_ns}",
                volatility=self._volatility,
                lot_volume=self._lot_volume,
            )
        return candles
