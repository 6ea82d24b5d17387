"""How Kraken prints numbers, names and times, and how it says no. Entered by every other room of the simulated venue.

Three names for each pair: `XXBTZUSD` (the key of REST), `XBTUSD` (its alternative), `BTC/USD` (the socket); assets
have a letter before them by REST where they are old.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
from arb_core.structs.market import Symbol
from arb_sim.kernel.market import Listing, Market
from arb_sim.kernel.rest import Refusal, json
from arb_sim.kernel.spelling import padded, trimmed

__all__ = [
    "Declined",
    "Names",
    "Printer",
    "altname",
    "asset_name",
    "checksum",
    "invalid",
    "names",
    "number",
    "plain",
    "quote",
    "result",
    "rfc3339",
    "seconds",
    "text",
    "txid",
]

SECOND = 1_000_000_000

OLD_TICKERS = {"BTC": "XBT", "DOGE": "XDG"}
"""What REST calls an asset that the socket calls by its usual ticker."""

PREFIXES = {
    **dict.fromkeys(("XBT", "ETH", "LTC", "XRP", "XLM", "XMR", "ZEC", "ETC", "XDG", "REP", "MLN"), "X"),
    **dict.fromkeys(("USD", "EUR", "GBP", "CAD", "JPY", "AUD"), "Z"),
}
"""The letter before the name of an old asset: X for coins, Z for money of states."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

SUMMED = 10
"""Levels a side that a checksum covers, whatever the depth."""


class Declined(Refusal):
    """A request that Kraken refuses: HTTP 200 and a list of what is wrong, or the same text over the socket."""

    def __init__(self, error: str) -> None:
        super().__init__(json({"error": [error]}))
        self.error = error


class Names(NamedTuple):
    """What REST calls a pair."""

    key: str
    altname: str
    wsname: str
    """Of the retired first version of the socket."""
    base: str
    quote: str


class Printer:
    """Prints the numbers of one market: by REST with every decimal, on the socket without trailing zeros."""

    def __init__(self, listing: Listing) -> None:
        self.price_decimals = listing.price_decimals + (listing.symbol.quote == "BTC")
        self.size_decimals = listing.size_decimals
        self._factor = 10 ** (self.price_decimals - listing.price_decimals)

    def price(self, count: int) -> str:
        """Print a price for REST."""
        return padded(count * self._factor, self.price_decimals)

    def size(self, count: int) -> str:
        """Print an amount of the base asset for REST, with eight decimals."""
        return padded(count * 10 ** max(0, 8 - self.size_decimals), max(8, self.size_decimals))

    def numeral(self, count: int) -> msgspec.Raw:
        """Print a price as a number of JSON."""
        return number(trimmed(count * self._factor, self.price_decimals))

    def amount(self, count: int) -> msgspec.Raw:
        """Print an amount of the base asset as a number of JSON."""
        return number(trimmed(count, self.size_decimals))

    def levels(self, levels: list[tuple[int, int]]) -> list[dict[str, msgspec.Raw]]:
        """Print levels of a book for the socket."""
        return [{"price": self.numeral(price), "qty": self.amount(size)} for price, size in levels]

    def summed(self, levels: list[tuple[int, int]]) -> str:
        """Print levels as a checksum reads them: no point, and so no leading zeros either."""
        return "".join(f"{price * self._factor}{size}" for price, size in levels)


def checksum(market: Market, printer: Printer) -> int:
    """Sum up a book as it stands now: asks from low to high, then bids from high to low."""
    book = market.book
    return crc32((printer.summed(book.asks.top(SUMMED)) + printer.summed(book.bids.top(SUMMED))).encode())


def asset_name(asset: str) -> str:
    """Name an asset as REST does."""
    old = OLD_TICKERS.get(asset, asset)
    return PREFIXES.get(old, "") + old


def altname(asset: str) -> str:
    """Name an asset without the letter before it."""
    return OLD_TICKERS.get(asset, asset)


def names(symbol: Symbol) -> Names:
    """Name a pair: by its assets with their letters where both are old, else without."""
    base, quote = altname(symbol.base), altname(symbol.quote)
    old = base in PREFIXES and quote in PREFIXES
    key = asset_name(symbol.base) + asset_name(symbol.quote) if old else base + quote
    return Names(key, base + quote, f"{base}/{quote}", asset_name(symbol.base), asset_name(symbol.quote))


def result(found: object) -> dict[str, object]:
    """Put an answer into REST's envelope."""
    return {"error": [], "result": found}


def invalid(name: str) -> Declined:
    """Refuse a request for one of its arguments."""
    return Declined(f"EGeneral:Invalid arguments:{name}")


def text(message: Mapping[str, Any]) -> str:
    """Print a message of the socket."""
    return msgspec.json.encode(message).decode()


def number(printed: str) -> msgspec.Raw:
    """Let a text stand in JSON as the number that it is: with a point, as Kraken prints them."""
    return msgspec.Raw(printed.encode() if "." in printed else f"{printed}.0".encode())


def quote(market: Market, count: int) -> str:
    """Print an amount of the quote asset, which counts tick * lot, with five decimals at least."""
    decimals = market.listing.price_decimals + market.listing.size_decimals
    whole, _, fraction = trimmed(count, decimals).partition(".")
    return f"{whole}.{fraction:0<5}"


def plain(value: Decimal) -> str:
    """Print a decimal without exponent or trailing zeros."""
    found = f"{value:f}"
    return found.rstrip("0").rstrip(".") if "." in found else found


def rfc3339(at_ns: int) -> str:
    """Print a moment as the socket does, with microseconds."""
    whole, rest = divmod(at_ns, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def seconds(at_ns: int, decimals: int = 4) -> msgspec.Raw:
    """Print a moment as REST does: seconds with a fraction, as a number."""
    return number(padded(at_ns // 10 ** (9 - decimals), decimals))


def txid(letter: str, count: int) -> str:
    """Make an id of an order (`O`) or of an execution (`T`): OQCLML-BW3P3-BUCMWZ."""
    made = letter
    count = count * 2_654_435_761 % 2**80  # odd, so that no two become one
    for _ in range(16):
        count, digit = divmod(count, len(LETTERS))
        made += LETTERS[digit]
    return f"{made[:6]}-{made[6:11]}-{made[11:]}"
