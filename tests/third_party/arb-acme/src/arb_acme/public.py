"""Acme's public REST side: an endpoint and a parser a method. Entered through `plugin`."""

from collections.abc import Mapping, Sequence
from functools import partial

from arb_core.errors import InvalidSymbol, NotSupported, WireError
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange, RestContent
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Asset, AssetNetwork, Instrument, Kline, Pair, Quote, Symbol, Trade
from msgspec import MsgspecError

from arb_acme import card, faults, parse


class Public(PublicExchange):
    """Market data by request."""

    def __init__(self, context: ExchangeContext) -> None:
        self._markets = context.markets
        self._rest = context.rest.bind(faults.read)

    async def ping(self) -> None:
        await self.get_server_time()

    async def get_server_time(self) -> int:
        return await self._rest.call(card.CLOCK, parse.server_time)

    async def get_exchange_info(self) -> dict[Symbol, Instrument]:
        return await self._rest.call(card.MARKETS, parse.instruments)

    async def get_orderbook(self, symbol: Symbol, limit: int = 100) -> BookSnapshot:
        limit = min(limit, card.MOST_LEVELS)
        params: dict[str, str | int] = {"market": self._markets.pair(symbol), "levels": limit}
        return await self._rest.call(card.BOOK, partial(parse.orderbook, symbol=symbol, depth=limit), params)

    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> Sequence[Trade]:
        params: dict[str, str | int] = {"market": self._markets.pair(symbol), "most": min(limit, card.MOST_ROWS)}
        return await self._rest.call(card.TRADES, partial(parse.trades, symbol=symbol), params)

    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> Sequence[Kline]:
        step = card.STEPS.get(interval)
        if step is None:
            raise NotSupported(f"acme has candles of {', '.join(card.STEPS)}, not {interval!r}")
        params: dict[str, str | int] = {"market": self._markets.pair(symbol), "step": step}
        params["most"] = min(limit, card.MOST_ROWS)
        return await self._rest.call(card.CANDLES, partial(parse.candles, symbol=symbol, interval=interval), params)

    async def get_book_tickers(self) -> Mapping[Symbol, Quote]:
        return await self._rest.call(card.TOPS, parse.tops)

    async def get_asset_networks(self) -> Mapping[Asset, Sequence[AssetNetwork]]:
        return await self._rest.call(card.ASSETS, parse.networks)

    def symbol_to_pair(self, symbol: Symbol) -> Pair:
        return card.spell(symbol)

    def pair_to_symbol(self, pair: Pair) -> Symbol:
        try:
            return parse.split(pair)
        except ValueError as error:
            raise InvalidSymbol(str(error), exchange=card.ID) from error

    def decode_rest(self, path: str, params: Mapping[str, str], body: bytes) -> RestContent | None:
        try:
            if path == card.BOOK.path:
                return parse.orderbook(body, parse.split(params["market"]), int(params.get("levels", 100)))
            if path == card.MARKETS.path:
                return parse.instruments(body)
        except (MsgspecError, ArithmeticError, LookupError, ValueError) as error:
            raise WireError(str(error), exchange=card.ID, where=path, wire=body) from error
        return None
