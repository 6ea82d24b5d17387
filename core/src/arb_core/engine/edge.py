"""The arithmetic of an edge: what buying at one price and selling at another leaves after both fees.

    edge = 10000 * (bid * (1 - sell fee) / (ask * (1 + buy fee)) - 1)     in basis points of what the purchase costs

Prices are float64 and so is the comparison, except within one part in 10^12 of the threshold: there float64 cannot be
trusted to say "strictly above", and whole ticks do land on round thresholds (ask 0.000035, bid 0.00003507: exactly
20 bp). Then the printed decimals are compared exactly.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import prod

__all__ = ["Hurdle", "exact"]

_BPS = 10_000
_DOUBT = 1e-12
"""Relative width of the band in which the comparison is made exactly; rounding errors add up to less than 1e-15."""


def exact(number: float, text: str | None = None) -> Fraction:
    """Return the decimal that a float64 was read from: its text, else the shortest that rounds to it.

    Any decimal of up to 15 digits comes back from its float64.
    """
    return Fraction(text or repr(number))


class Hurdle:
    """What one direction has to clear: two taker fees and a minimum.

    `pay` and `keep` are the factors on the purchase and on the sale; `gate` is what `bid / ask` must exceed, rounded
    down a little, so that `bid > ask * gate` may be asked first and lets nothing slip. All three are float64.

    Raises:
        ValueError: a fee does not lie between -1 and 1.
    """

    __slots__ = ("_keep", "_pay", "_ratio", "_sure", "gate", "keep", "pay")

    def __init__(self, buy_fee: Decimal, sell_fee: Decimal, min_edge_bps: Decimal = Decimal(0)) -> None:
        """Take fees as fractions (0.001 = 10 bp), the minimum in basis points."""
        if not (-1 < buy_fee < 1 and -1 < sell_fee < 1):
            message = f"fees must lie between -1 and 1, found {buy_fee} and {sell_fee}"
            raise ValueError(message)
        self._pay = 1 + Fraction(buy_fee)
        self._keep = 1 - Fraction(sell_fee)
        self._ratio = (1 + Fraction(min_edge_bps) / _BPS) * self._pay / self._keep
        self.pay = float(self._pay)
        self.keep = float(self._keep)
        self.gate = float(self._ratio) * (1 - _DOUBT)
        self._sure = float(self._ratio) * (1 + _DOUBT)

    def cleared(self, bid: float, ask: float, bid_text: str | None = None, ask_text: str | None = None) -> bool:
        """Whether the edge is strictly above the minimum; False if either price is NaN.

        The texts, where the caller has them, settle what float64 cannot.
        """
        if not bid > ask * self.gate:
            return False
        return bid > ask * self._sure or exact(bid, bid_text) > exact(ask, ask_text) * self._ratio

    def cleared_by(self, bids: Sequence[float], asks: Sequence[float]) -> bool:
        """The same where several purchases and sales follow each other, for the products of their prices."""
        bid, ask = prod(bids), prod(asks)
        if not bid > ask * self.gate:
            return False
        return bid > ask * self._sure or _exact_product(bids) > _exact_product(asks) * self._ratio

    def edge_bps(self, bid: float, ask: float) -> float:
        """Return the edge in basis points, to float64 rounding; NaN if either price is."""
        return _BPS * (bid * self.keep / (ask * self.pay) - 1.0)

    def exact_edge_bps(self, bid: Fraction, ask: Fraction) -> Fraction:
        """Return the edge in basis points without rounding."""
        return _BPS * (bid * self._keep / (ask * self._pay) - 1)


def _exact_product(prices: Iterable[float]) -> Fraction:
    return prod(map(exact, prices), start=Fraction(1))
