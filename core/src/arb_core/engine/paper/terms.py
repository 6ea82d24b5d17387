"""What paper trading assumes of a venue, and cannot know: how far away it is, and what it charges."""

from decimal import Decimal
from random import Random
from typing import Literal

import msgspec

from arb_core.structs.card import ExchangeCard
from arb_core.structs.market import Instrument
from arb_core.structs.order import LiquidityRole

__all__ = ["PaperTerms"]

_MS = 1_000_000
_SECOND = 1_000_000_000


class PaperTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One venue's distance, memory and fees; durations are nanoseconds, fees fractions of the notional.

    Raises:
        ValueError: a duration is below 0.
    """

    to_venue_ns: int = 50 * _MS
    """From the call until the request meets the venue: the book as it is *then* fills the order."""
    from_venue_ns: int = 50 * _MS
    """From there until the answer, or the event on the private stream, is back."""
    jitter_ns: int = 0
    """Each message takes up to so much longer, drawn anew. Events keep their order; requests and answers need not."""
    memory_ns: int = 60 * _SECOND
    """How long what our own fills took is subtracted from what their prices still show."""
    maker: Decimal | None = None
    """None = what the list of instruments says, else the card's base rate; below 0 = a rebate."""
    taker: Decimal | None = None
    fee_in: Literal["received", "quote"] = "received"
    """What the fee is paid in: what the order brought (base of a purchase, quote of a sale), or always quote."""

    def __post_init__(self) -> None:
        """Refuse a time that would run backwards."""
        for name in ("to_venue_ns", "from_venue_ns", "jitter_ns", "memory_ns"):
            if getattr(self, name) < 0:
                message = f"{name} must be at least 0, found {getattr(self, name)}"
                raise ValueError(message)

    def jitter(self, random: Random) -> int:
        """Draw how much longer a message takes."""
        return random.randint(0, self.jitter_ns) if self.jitter_ns else 0

    def fee(self, role: LiquidityRole, instrument: Instrument, card: ExchangeCard) -> Decimal:
        """Return the fraction that a fill of this role pays."""
        if role is LiquidityRole.MAKER:
            known = (self.maker, instrument.maker_fee, card.fees.maker)
        else:
            known = (self.taker, instrument.taker_fee, card.fees.taker)
        return next(fee for fee in known if fee is not None)
