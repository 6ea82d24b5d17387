"""The public REST side of an exchange."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from arb_core.errors import NotSupported
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Asset, AssetNetwork, Instrument, Kline, Pair, Quote, Symbol, Trade

__all__ = ["PublicExchange", "RestContent"]

RestContent = BookSnapshot | dict[Symbol, Instrument]
"""What `decode_rest` finds in a recorded answer."""


class PublicExchange(ABC):
    """Market data by request. Every method raises what `RestClient.call` raises."""

    @abstractmethod
    async def ping(self) -> None:
        """Return when the venue answers."""

    @abstractmethod
    async def get_server_time(self) -> int:
        """Return the venue's clock, nanoseconds since the epoch."""

    @abstractmethod
    async def get_exchange_info(self) -> dict[Symbol, Instrument]:
        """Return every instrument the venue lists, also those that do not trade now."""

    @abstractmethod
    async def get_orderbook(self, symbol: Symbol, limit: int = 100) -> BookSnapshot:
        """Return the best `limit` levels a side, with the sequence id that joins them to the stream."""

    @abstractmethod
    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> Sequence[Trade]:
        """Return the latest trades, oldest first."""

    @abstractmethod
    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> Sequence[Kline]:
        """Return the latest candles, oldest first.

        Raises:
            NotSupported: the card does not list this interval.
        """

    @abstractmethod
    async def get_book_tickers(self) -> Mapping[Symbol, Quote]:
        """Return best bid and ask of every symbol; a size is NaN where the venue does not give it."""

    @abstractmethod
    def symbol_to_pair(self, symbol: Symbol) -> Pair:
        """Spell a symbol the venue's way. Pure: needs no instrument list, makes no promise that it is listed."""

    @abstractmethod
    def pair_to_symbol(self, pair: Pair) -> Symbol:
        """Spell it back, by the instrument list where the venue's spelling has no separator. Raises `InvalidSymbol`."""

    @abstractmethod
    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        """Decode a recorded answer of any order-book or instrument path of the venue; None = another kind of answer.

        Pure. `path` begins after the host. Raises `WireError` for a body that does not parse.
        """

    async def get_asset_networks(self) -> Mapping[Asset, Sequence[AssetNetwork]]:
        """Return deposit and withdrawal state by asset, where the card says `asset_networks = "public"`."""
        message = f"{type(self).__module__} has no public list of asset networks"
        raise NotSupported(message)
