"""What a simulated account begins with: enough for a demo, and for a hundred of the smallest orders on every side.

Entered by a venue's kernel, once.
"""

from collections.abc import Iterable
from decimal import Decimal

from arb_sim.assets import asset
from arb_sim.kernel.market import Market

__all__ = ["opening"]

BASE_USD = Decimal(20_000)
"""What is held of each base asset, about."""
QUOTE_USD = Decimal(100_000)
"""What is held of a quote asset for each symbol that trades against it, about."""

SMALLEST_ORDERS = 250
"""At least so many of the smallest orders can be paid on either side."""


def opening(markets: Iterable[Market]) -> dict[str, Decimal]:
    """Return what an account opens with, by asset."""
    found: dict[str, Decimal] = {}
    for market in markets:
        listing = market.listing
        symbol = listing.symbol
        price = market.last_price * listing.tick
        smallest = max(listing.min_size * listing.lot, listing.min_notional / price + listing.lot)
        base, quote = _worth(symbol.base, BASE_USD), _worth(symbol.quote, QUOTE_USD)
        for name, held, least in ((symbol.base, base, smallest), (symbol.quote, quote, smallest * price)):
            found[name] = found.get(name, Decimal(0)) + max(held, _round(SMALLEST_ORDERS * least))
    return found


def _worth(name: str, usd: Decimal) -> Decimal:
    return _round(usd / Decimal(str(asset(name).usd)))


def _round(value: Decimal) -> Decimal:
    """Three digits, upwards."""
    step = Decimal(1).scaleb(value.adjusted() - 2)
    return -(-value // step) * step
