"""How a venue prints numbers.

Inside, a price is an integer count of 10^-decimals and so is a size; a venue pads them with zeros or trims them.
"""

from collections.abc import Iterable

__all__ = ["Spelling", "padded", "trimmed"]

_REMEMBERED = 65_536
"""Texts kept per instrument: prices come back often, and making a text costs more than looking one up."""


def padded(count: int, decimals: int) -> str:
    """Print `count * 10**-decimals` with every decimal: 1050, 2 -> `10.50`."""
    if decimals == 0:
        return str(count)
    digits = f"{count:0{decimals + 1}d}"
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def trimmed(count: int, decimals: int) -> str:
    """Print without trailing zeros: 1050, 2 -> `10.5`; 0 -> `0`."""
    text = padded(count, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


class Spelling:
    """The texts of one instrument's prices and sizes.

    `shown_price` and `shown_size` are the decimals a venue prints, at least those of the instrument; `trim` drops
    trailing zeros instead.
    """

    __slots__ = ("_price_factor", "_prices", "_shown_price", "_shown_size", "_size_factor", "_sizes", "_text")

    def __init__(
        self,
        price_decimals: int,
        size_decimals: int,
        *,
        shown_price: int | None = None,
        shown_size: int | None = None,
        trim: bool = False,
    ) -> None:
        self._shown_price = max(price_decimals, shown_price or 0)
        self._shown_size = max(size_decimals, shown_size or 0)
        self._price_factor = 10 ** (self._shown_price - price_decimals)
        self._size_factor = 10 ** (self._shown_size - size_decimals)
        self._text = trimmed if trim else padded
        self._prices: dict[int, str] = {}
        self._sizes: dict[int, str] = {}

    def price(self, price: int) -> str:
        """Print a price."""
        text = self._prices.get(price)
        if text is None:
            if len(self._prices) >= _REMEMBERED:
                self._prices.clear()
            text = self._prices[price] = self._text(price * self._price_factor, self._shown_price)
        return text

    def size(self, size: int) -> str:
        """Print a size."""
        text = self._sizes.get(size)
        if text is None:
            if len(self._sizes) >= _REMEMBERED:
                self._sizes.clear()
            text = self._sizes[size] = self._text(size * self._size_factor, self._shown_size)
        return text

    def level(self, price: int, size: int) -> tuple[str, str]:
        """Print a level."""
        return self.price(price), self.size(size)

    def levels(self, levels: Iterable[tuple[int, int]]) -> list[tuple[str, str]]:
        """Print levels, in their order."""
        price, size = self.price, self.size
        return [(price(p), size(s)) for p, s in levels]
