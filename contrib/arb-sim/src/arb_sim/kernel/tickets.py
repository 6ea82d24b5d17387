"""Tokens that let a connection hear of an account: listen keys and the like.

Made, kept alive and given back by request, and gone when their time has passed. Entered by a `sim.py`; the kernel cuts
the connections of a token that has ended.
"""

from collections.abc import Callable
from hashlib import sha256

import msgspec

from arb_sim.kernel.accounts import Account
from arb_sim.timeline import Timeline

__all__ = ["Ticket", "TicketRules", "Tickets"]


class TicketRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue says of its tokens."""

    lifetime_ns: int
    """From when it was made or last kept alive."""
    characters: int = 64
    most_per_account: int | None = None
    most_connections: int | None = None
    """Open at once on one token."""
    returnable: bool = True
    """Whether a client can give one back; else it is good to its end."""


class Ticket:
    """One token."""

    __slots__ = ("account", "conns", "ends_ns", "text")

    def __init__(self, text: str, account: Account, ends_ns: int) -> None:
        self.text = text
        self.account = account
        self.ends_ns = ends_ns
        self.conns: set[int] = set()


class Tickets:
    """The tokens of a venue. `on_end` is told of each that ends by itself, is given back or is lost."""

    def __init__(self, rules: TicketRules, timeline: Timeline, *, seed: str, on_end: Callable[[Ticket], None]) -> None:
        self.rules = rules
        self._timeline = timeline
        self._seed = seed
        self._on_end = on_end
        self._made = 0
        self._tickets: dict[str, Ticket] = {}

    def make(self, account: Account) -> Ticket | None:
        """Make a token; None = the account has as many as it may."""
        most = self.rules.most_per_account
        if most is not None and len(self.of(account)) >= most:
            return None
        self._made += 1
        text = ""
        while len(text) < self.rules.characters:
            text += sha256(f"{self._seed} {account.uid} {self._made} {len(text)}".encode()).hexdigest()
        ticket = Ticket(text[: self.rules.characters], account, self._timeline.now_ns + self.rules.lifetime_ns)
        self._tickets[ticket.text] = ticket
        self._watch(ticket)
        return ticket

    def find(self, text: str | None) -> Ticket | None:
        """Return a token that is still good."""
        return None if text is None else self._tickets.get(text)

    def of(self, account: Account) -> list[Ticket]:
        """Return the tokens of an account, oldest first."""
        return [ticket for ticket in self._tickets.values() if ticket.account is account]

    def extend(self, ticket: Ticket) -> None:
        """Keep a token alive, from now on for its whole lifetime."""
        ticket.ends_ns = self._timeline.now_ns + self.rules.lifetime_ns

    def end(self, ticket: Ticket) -> None:
        """Let a token be good no more."""
        if self._tickets.pop(ticket.text, None) is not None:
            self._on_end(ticket)

    def seat(self, ticket: Ticket, conn: int) -> bool:
        """Let a connection stand on a token; return whether there is room."""
        most = self.rules.most_connections
        if most is not None and len(ticket.conns) >= most:
            return False
        ticket.conns.add(conn)
        return True

    def _watch(self, ticket: Ticket) -> None:
        self._timeline.call_at(ticket.ends_ns, lambda: self._look(ticket))

    def _look(self, ticket: Ticket) -> None:
        if self._tickets.get(ticket.text) is not ticket:
            return
        if self._timeline.now_ns >= ticket.ends_ns:
            self.end(ticket)
        else:
            self._watch(ticket)
