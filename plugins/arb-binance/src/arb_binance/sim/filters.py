"""What every symbol allows at most: the filters that its listing shows and its orders obey. Facts alone."""

from decimal import Decimal

from arb_sim.kernel.orders import SelfTrade

__all__ = [
    "MOST_MARKET_SIZE",
    "MOST_NOTIONAL",
    "MOST_ORDERS",
    "MOST_PRICE",
    "MOST_SIZE",
    "MULTIPLIERS",
    "STP_BY_DEFAULT",
    "STP_MODES",
]

MOST_PRICE = Decimal(10**6)
MOST_SIZE = Decimal(10**9)
MOST_MARKET_SIZE = Decimal(10**6)
"""PRICE_FILTER, LOT_SIZE and MARKET_LOT_SIZE."""

MOST_NOTIONAL = Decimal(9_000_000)
"""NOTIONAL; market orders are free of it."""

MOST_ORDERS = 200
"""MAX_NUM_ORDERS: open ones of one account."""

MULTIPLIERS = (Decimal("0.2"), Decimal(5))
"""PERCENT_PRICE_BY_SIDE: how far a price may be from the last one, down and up, on either side."""

STP_MODES = {
    "EXPIRE_TAKER": SelfTrade.CANCEL_TAKER,
    "EXPIRE_MAKER": SelfTrade.CANCEL_MAKER,
    "EXPIRE_BOTH": SelfTrade.CANCEL_BOTH,
}
"""What an account may choose for the case that it would trade with itself."""
STP_BY_DEFAULT = "EXPIRE_MAKER"
