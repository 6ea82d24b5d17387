"""Gate.io's public REST side: an endpoint and a parser for each method. Entered through `plugin`."""

from collections.abc import Mapping
from functools import partial

from arb_core.errors import NotSupported, WireError
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange, RestContent
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Asset, AssetNetwork, Instrument, Kline, Pair, Quote, Symbol, Trade
from msgspec import MsgspecError

from arb_gateio import card, faults, parse

__all__ = ["Public"]


class Public(PublicExchange):
    """Market data by request."""

    def __init__(self, context: ExchangeContext) -> None:
        self._pair = partial(context.markets.pair, spell=card.spell)
        self._rest = context.rest.bind(faults.read)

    async def ping(self) -> None:
        await self._rest.call(card.PING, parse.nothing)

    async def get_server_time(self) -> int:
        return await self._rest.call(card.TIME, parse.server_time)

    async def get_exchange_info(self) -> dict[Symbol, Instrument]:
        return await self._rest.call(card.EXCHANGE_INFO, parse.instruments)

    async def get_orderbook(self, symbol: Symbol, limit: int = 100) -> BookSnapshot:
        depth = min(limit, card.MAX_DEPTH)
        params: dict[str, str | int] = {"currency_pair": self._pair(symbol), "limit": depth, "with_id": "true"}
        return await self._rest.call(card.DEPTH, partial(parse.orderbook, symbol=symbol, depth=depth), params)

    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> list[Trade]:
        params: dict[str, str | int] = {"currency_pair": self._pair(symbol), "limit": limit}
        return await self._rest.call(card.TRADES, partial(parse.recent_trades, symbol=symbol), params)

    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> list[Kline]:
        if interval not in card.INTERVALS:
            raise NotSupported(f"{card.ID} has no candles of {interval}, only of {', '.join(card.INTERVALS)}")
        name = card.INTERVALS[interval]
        params: dict[str, str | int] = {"currency_pair": self._pair(symbol), "interval": name, "limit": limit}
        return await self._rest.call(card.KLINES, partial(parse.klines, symbol=symbol, interval=interval), params)

    async def get_book_tickers(self) -> dict[Symbol, Quote]:
        return await self._rest.call(card.BOOK_TICKER, parse.book_tickers)

    async def get_asset_networks(self) -> dict[Asset, list[AssetNetwork]]:
        return await self._rest.call(card.NETWORKS, parse.asset_networks)

    def symbol_to_pair(self, symbol: Symbol) -> Pair:
        return card.spell(symbol)

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        return card.split(pair)

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        try:
            if path == card.DEPTH.path:
                symbol = self.pair_to_symbol(Pair(params["currency_pair"]))
                return parse.orderbook(body, symbol, min(int(params.get("limit", 10)), card.MAX_DEPTH))
            if path == card.EXCHANGE_INFO.path:
                return parse.instruments(body)
            if path.startswith(card.EXCHANGE_INFO.path + "/"):
                return parse.instrument(body)
        except (MsgspecError, LookupError, ValueError) as error:
            raise WireError(str(error), exchange=card.ID, where=path, wire=body) from error
        return None
