"""One account on one venue at work: what execution acts through and hears from.

Live, it is the private half of an open venue; on paper, an account that is filled from the visible books. The engine
cannot tell them apart, and asks neither which one it has.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Markets
from arb_core.interfaces.private import PrivateExchange
from arb_core.structs.account import Balance
from arb_core.structs.card import ExchangeCard
from arb_core.structs.market import VenueName
from arb_core.structs.order import Fill, Order

__all__ = ["Account", "AccountListener"]


class AccountListener:
    """Plain functions, called at once while a message is decoded; each returns at once and starts what takes longer."""

    def on_order(self, venue: VenueName, order: Order) -> None:
        """One of the account's orders is, or was, as shown."""

    def on_fill(self, venue: VenueName, fill: Fill) -> None:
        """One of the account's orders was filled."""

    def on_balance(self, venue: VenueName, balance: Balance) -> None:
        """The venue says what it holds of one asset."""

    def on_listening(self, venue: VenueName) -> None:
        """Everything that happens from now on is heard; what happened before is to be asked for."""

    def on_deaf(self, venue: VenueName, reason: str) -> None:
        """The private stream is down, wholly or in part: what happens now is not heard."""


class Account(ABC):
    """An account that can be traded with. Made by whoever opened the venue; its owner closes it."""

    venue: VenueName
    card: ExchangeCard
    private: PrivateExchange
    markets: Markets

    @property
    @abstractmethod
    def listening(self) -> bool:
        """Whether every private stream that the card claims stands; True where it claims none."""

    @abstractmethod
    def listen(self, listener: AccountListener) -> Callable[[], None]:
        """Tell `listener` from now on; return what ends that."""

    def seen(self, book: LiveBook) -> LiveBook:
        """Return a book of this venue as the engine is to see it; before anything is traded on it.

        A venue shows a moment later that an order of ours took something; a book that fills orders on paper does not.
        """
        return book
