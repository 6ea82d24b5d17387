"""How our own orders and trades stand, in our words; a venue's own stand in `order`."""

from enum import StrEnum

__all__ = ["OrderState", "Outcome", "Purpose"]


class OrderState(StrEnum):
    """Where one of our orders stands, as far as we know."""

    INTENDED = "intended"
    """In the journal, and perhaps already sent: after a crash nobody knows, so it is searched for like IN_DOUBT."""
    SENT = "sent"
    IN_DOUBT = "in_doubt"
    """It left and nobody knows whether it stands: its funds stay reserved, its symbol closed; it is never re-sent."""
    ACKED = "acked"
    """The venue has it; nothing says yet whether it still stands."""
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    """Ended before the whole was filled, with or without fills: read `filled`."""
    REJECTED = "rejected"
    ABSENT = "absent"
    """Proved never to have stood: it was not sent, or every look for it came back empty after its time."""

    @property
    def ended(self) -> bool:
        """Whether no venue will do anything more with it."""
        return self in _ENDED


_ENDED = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.ABSENT})


class Purpose(StrEnum):
    """Why an order is sent."""

    ENTRY = "entry"
    HEDGE = "hedge"
    """Completes what another leg did."""
    UNWIND = "unwind"
    """Undoes what is held without a counterpart."""


class Outcome(StrEnum):
    """How a trade ended."""

    DONE = "done"
    """Every leg is paired, but for a residue too small to order."""
    STOPPED = "stopped"
    """Something is left that could not be hedged or unwound inside the loss caps: a person has been told."""
    NOTHING = "nothing"
    """No leg was filled."""
