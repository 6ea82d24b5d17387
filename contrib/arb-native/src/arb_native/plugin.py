"""The hook: which books `arb` makes where this distribution is installed. Named by the entry point `native`."""

from collections.abc import Sequence

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.book import BookFactory, OrderBook, PrintingBook
from arb_core.structs.layout import WireLayout

from arb_native import NativeBook, NativeScanner

__all__ = ["arb_book_factory"]

PrintingBook.register(NativeBook)


class _Native:
    """Makes `NativeBook`s and the scanners that change them."""

    name = "native"
    rank = 100

    def make(self) -> OrderBook:
        return NativeBook()

    def make_scanner(self, layouts: Sequence[WireLayout]) -> NativeScanner:
        return NativeScanner(list(layouts))


@hookimpl
def arb_book_factory() -> BookFactory:
    """Return the factory; its rank is above the pure one's."""
    return _Native()
