"""What a client of a venue owns, and every movement of it: the venue's own books, to the last digit.

Entered by trading, which alone moves money, by the private streams, which listen, and by tests, which compare a
client's journal with the statement. Amounts are whole units of `money`.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from arb_sim.kernel.money import exact, printed

__all__ = ["Account", "Accounts", "Holding", "Movement", "Reason"]


class Reason(StrEnum):
    """Why money moved."""

    OPENING = "opening"
    """The account began with it."""
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    ORDER_PLACED = "order_placed"
    """Free became locked."""
    ORDER_ENDED = "order_ended"
    """Locked became free again: an order ended, or became smaller."""
    TRADE = "trade"
    FEE = "fee"


class Holding:
    """What an account has of one asset."""

    __slots__ = ("free", "locked")

    def __init__(self) -> None:
        self.free = 0
        self.locked = 0
        """What open orders hold."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.free + self.locked


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement: a change, and what there was after it."""

    number: int
    at_ns: int
    asset: str
    free: int
    locked: int
    free_after: int
    locked_after: int
    reason: Reason
    order: str | None
    trade: int | None


class Account:
    """One client's money. Several keys may reach it.

    `overdraft` is for the venue's own: the street, which can always pay, and the fees it has taken.
    """

    def __init__(self, uid: str, now: Callable[[], int], *, overdraft: bool = False) -> None:
        self.uid = uid
        self.holdings: dict[str, Holding] = {}
        self.statement: list[Movement] = []
        self.listeners: list[Callable[[Any], None]] = []
        """Who hears of each happening: the sources of private streams."""
        self.fees: dict[str, tuple[Decimal, Decimal]] = {}
        """(maker, taker) of a pair, where they are not those of the listing."""
        self._now = now
        self._overdraft = overdraft

    def __repr__(self) -> str:
        return f"Account({self.uid})"

    def holding(self, asset: str) -> Holding:
        """What there is of an asset; nothing of one it never had."""
        found = self.holdings.get(asset)
        if found is None:
            found = self.holdings[asset] = Holding()
        return found

    def post(
        self,
        asset: str,
        *,
        free: int = 0,
        locked: int = 0,
        reason: Reason,
        order: str | None = None,
        trade: int | None = None,
    ) -> Movement:
        """Move money.

        Raises:
            ValueError: there is not so much; nothing moved.
        """
        holding = self.holding(asset)
        if not self._overdraft and (holding.free + free < 0 or holding.locked + locked < 0):
            raise ValueError(
                f"{self.uid} has {printed(holding.free)} {asset} free and {printed(holding.locked)} locked: "
                f"{reason} cannot move {printed(free)} and {printed(locked)}"
            )
        holding.free += free
        holding.locked += locked
        movement = Movement(
            number=len(self.statement) + 1,
            at_ns=self._now(),
            asset=asset,
            free=free,
            locked=locked,
            free_after=holding.free,
            locked_after=holding.locked,
            reason=reason,
            order=order,
            trade=trade,
        )
        if not self._overdraft:
            self.statement.append(movement)
        return movement

    def tell(self, happening: Any) -> None:
        """Let everybody who listens hear of a happening."""
        for listener in tuple(self.listeners):
            listener(happening)

    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Return free and locked of every asset that it ever had."""
        return {asset: (exact(held.free), exact(held.locked)) for asset, held in self.holdings.items()}


class Accounts:
    """The accounts of one venue, and the venue's own two: whatever a client pays goes to one of these."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._accounts: dict[str, Account] = {}
        self.street = Account("street", now, overdraft=True)
        """Everybody who trades on the venue and is no client of ours."""
        self.house = Account("house", now, overdraft=True)
        """The fees that the venue has taken, less the rebates that it gave."""

    def open(self, uid: str) -> Account:
        """Open an account without money, or return the one of that name."""
        account = self._accounts.get(uid)
        if account is None:
            account = self._accounts[uid] = Account(uid, self._now)
        return account

    def find(self, uid: str) -> Account | None:
        """Return an account by its number."""
        return self._accounts.get(uid)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def total(self, asset: str) -> int:
        """What there is of an asset in all the accounts, the venue's own included: only deposits change it."""
        return sum(account.holding(asset).total for account in (*self._accounts.values(), self.street, self.house))
