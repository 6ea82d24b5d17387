"""How often somebody may ask: budgets by address, account and instrument. Entered by whatever answers.

Source: https://www.okx.com/docs-v5/en/#overview-rate-limits, and each endpoint's own paragraph.
"""

from collections.abc import Callable

from arb_sim.kernel.limits import Window

from arb_okx.sim.spelling import Declined

__all__ = ["Budgets", "TooMany"]

SECOND = 1_000_000_000

TWO = 2 * SECOND

LIMITS = {
    # by address
    "public/time": (10, TWO),
    "public/instruments": (20, TWO),  # and kind of instrument
    "market/books": (40, TWO),
    "market/books-full": (10, TWO),
    "market/candles": (40, TWO),
    "market/history-candles": (20, TWO),
    "market/trades": (100, TWO),
    "market/history-trades": (20, TWO),
    "market/ticker": (20, TWO),
    "market/tickers": (20, TWO),
    # by account
    "account/config": (5, TWO),
    "account/balance": (10, TWO),
    "account/trade-fee": (5, TWO),
    "asset/currencies": (12, TWO),
    "trade/order": (60, TWO),
    "trade/orders-pending": (60, TWO),
    "trade/orders-history": (40, TWO),
    "trade/orders-history-archive": (20, TWO),
    "trade/fills": (60, TWO),
    "trade/fills-history": (10, TWO),
    "trade/cancel-all-after": (1, SECOND),
    # by account and instrument, over REST and the socket together; those of lists count orders
    "place": (60, TWO),
    "cancel": (60, TWO),
    "amend": (60, TWO),
    "place several": (300, TWO),
    "cancel several": (300, TWO),
    "amend several": (300, TWO),
    # by account: everything that places or changes
    "sub-account": (1000, TWO),
}


class TooMany(Declined):
    """A request beyond a budget. It is refused as a whole, never item by item."""

    def __init__(self, code: str = "50011", message: str = "Too Many Requests") -> None:
        super().__init__(429, code, message)


class Budgets:
    """Every budget of the venue. Answers report none of them."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}

    def spend(self, limit: str, whose: str, units: int = 1) -> None:
        """Count one request, or the orders of a list.

        Raises:
            TooMany: it is one too many.
        """
        if not self._within(limit, whose, units):
            raise TooMany

    def spend_orders(self, limit: str, uid: str, pair: str, units: int = 1) -> None:
        """Count what is to be done with orders of one instrument.

        Raises:
            TooMany: it is one too many.
        """
        self.spend(limit, f"{uid} {pair}", units)
        if not limit.startswith("cancel") and not self._within("sub-account", uid, units):
            raise TooMany("50061", "You've reached the maximum order rate limit for this account.")

    def _within(self, limit: str, whose: str, units: int) -> bool:
        window = self._windows.setdefault((limit, whose), Window(*LIMITS[limit]))
        return window.spend(units, self._now())
