"""KuCoin's public REST side: an endpoint and a parser for each method. Entered through `plugin`."""

import re
from collections.abc import Mapping
from functools import partial

from arb_core.errors import NotSupported, WireError
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange, RestContent
from arb_core.structs.book import BookSnapshot
from arb_core.structs.market import Asset, AssetNetwork, Instrument, Kline, Pair, Quote, Symbol, Trade
from msgspec import MsgspecError

from arb_kucoin import card, faults, parse

__all__ = ["Public"]

_SECOND = 1_000_000_000

_BOOK_PATH = re.compile(r"/api/v[1-3]/market/orderbook/level2(?:_(?P<levels>20|100))?")
_LIST_PATH = re.compile(r"/api/v[12]/symbols")


class Public(PublicExchange):
    """Market data by request."""

    def __init__(self, context: ExchangeContext) -> None:
        self._clock = context.clock
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
        levels = next(levels for levels in card.DEPTHS if levels >= depth)
        parser = partial(parse.orderbook, symbol=symbol, depth=depth)
        return await self._rest.call(card.DEPTH, parser, {"symbol": self._pair(symbol)}, path={"levels": str(levels)})

    async def get_recent_trades(self, symbol: Symbol, limit: int = 100) -> list[Trade]:
        parser = partial(parse.recent_trades, symbol=symbol, limit=limit)
        return await self._rest.call(card.TRADES, parser, {"symbol": self._pair(symbol)})

    async def get_klines(self, symbol: Symbol, interval: str, limit: int = 100) -> list[Kline]:
        if interval not in card.INTERVALS:
            raise NotSupported(f"{card.ID} has no candles of {interval}, only of {', '.join(card.INTERVALS)}")
        name, seconds = card.INTERVALS[interval]
        # There is no limit: a span that begins so many candles ago.
        since = self._clock.now_ns() // _SECOND - limit * seconds
        params: dict[str, str | int] = {"symbol": self._pair(symbol), "type": name, "startAt": since}
        parser = partial(parse.klines, symbol=symbol, interval=interval, limit=limit)
        return await self._rest.call(card.KLINES, parser, params)

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
            if book := _BOOK_PATH.fullmatch(path):
                # The whole book asks for a key: it is in recordings only.
                return parse.orderbook(body, self.pair_to_symbol(Pair(params["symbol"])), int(book["levels"] or 0))
            if _LIST_PATH.fullmatch(path):
                return parse.instruments(body)
            if _LIST_PATH.fullmatch(path.rpartition("/")[0]):
                return parse.instrument(body)
        except (MsgspecError, LookupError, ValueError) as error:
            raise WireError(str(error), exchange=card.ID, where=path, wire=body) from error
        return None
