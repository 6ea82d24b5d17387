"""The instruments of one venue, in both spellings, and the answer to a symbol that it does not list.

Filled once from `get_exchange_info`, and again whenever the list is fetched anew. Plugins enter through
`ExchangeContext.markets`; the command line enters with what a user typed (`find`).
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from arb_core.errors import InvalidSymbol
from arb_core.interfaces.context import Markets
from arb_core.structs.market import Instrument, Pair, Symbol

__all__ = ["MarketTable"]

_SHOWN = 3
"""Near matches that an error names."""


class MarketTable(Markets):
    """What one venue lists. Empty until `fill`."""

    def __init__(self, exchange: str) -> None:
        """Name the exchange, for the errors."""
        self._exchange = exchange
        self._by_symbol: dict[Symbol, Instrument] = {}
        self._by_pair: dict[Pair, Symbol] = {}

    def fill(self, instruments: Mapping[Symbol, Instrument]) -> None:
        """Replace the list by what the venue says now."""
        self._by_symbol = dict(instruments)
        self._by_pair = {instrument.pair: symbol for symbol, instrument in instruments.items()}

    def __len__(self) -> int:
        return len(self._by_symbol)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._by_symbol

    def pair(self, symbol: Symbol, spell: Callable[[Symbol], Pair] | None = None) -> Pair:
        return self.instrument(symbol).pair if self._by_symbol or spell is None else spell(symbol)

    def symbol(self, pair: Pair) -> Symbol:
        try:
            return self._by_pair[pair]
        except KeyError:
            raise self._unknown(pair, self._near_pairs(pair)) from None

    def instrument(self, symbol: Symbol) -> Instrument:
        try:
            return self._by_symbol[symbol]
        except KeyError:
            raise self._unknown(str(symbol), self._near(symbol)) from None

    def instruments(self) -> Iterable[Instrument]:
        return self._by_symbol.values()

    def find(self, text: str) -> Symbol:
        """Return the symbol that a user means, in everybody's spelling (`btc/usdt`) or in the venue's (`BTC_USDT`).

        Raises:
            InvalidSymbol: the venue does not list it; the message names near matches.
        """
        native = self._by_pair.get(Pair(text.strip())) or self._by_pair.get(Pair(text.strip().upper()))
        if native is not None:
            return native
        try:
            symbol = Symbol.parse(text)
        except ValueError as error:
            near = self._near_pairs(text.strip().upper())
            if not near and self._by_symbol:
                raise InvalidSymbol(str(error), exchange=self._exchange) from None
            raise self._unknown(text.strip(), near) from None
        return self.instrument(symbol).symbol

    def _near(self, symbol: Symbol) -> list[str]:
        """Return what was probably meant: the sides swapped, else the same base, else similar names."""
        swapped = Symbol(symbol.quote, symbol.base, symbol.settle)
        if swapped in self._by_symbol:
            return [str(swapped)]
        similar = get_close_matches(str(symbol), map(str, self._by_symbol), n=_SHOWN)
        same_base = sorted(
            (str(listed) for listed in self._by_symbol if listed.base == symbol.base),
            key=lambda text: (text not in similar, text),
        )
        return [*same_base, *(text for text in similar if text not in same_base)][:_SHOWN]

    def _near_pairs(self, text: str) -> list[str]:
        """Return the symbols whose native spelling resembles the text; punctuation does not count."""
        plain = {_bare(pair): str(symbol) for pair, symbol in self._by_pair.items()}
        return [plain[match] for match in get_close_matches(_bare(text), plain, n=_SHOWN)]

    def _unknown(self, text: str, near: list[str]) -> InvalidSymbol:
        if not self._by_symbol:
            return InvalidSymbol(f"{text}: the list of instruments has not been fetched yet", exchange=self._exchange)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return InvalidSymbol(f"{text} is not listed{hint}", exchange=self._exchange)


def _bare(text: str) -> str:
    """Return letters and digits only, upper case: what remains when spellings are compared."""
    return "".join(character for character in text.upper() if character.isalnum())
