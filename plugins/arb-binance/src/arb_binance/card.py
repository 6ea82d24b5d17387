"""The facts of Binance as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://developers.binance.com/docs/binance-spot-api-docs/rest-api and its neighbours.
"""

from decimal import Decimal
from typing import Literal

from arb_core.structs.card import (
    CONTRACT,
    Capability,
    ClientIdRule,
    Endpoint,
    ExchangeCard,
    ExchangeSettings,
    FeeSchedule,
    Hosts,
    RateLimit,
    StreamLimits,
    UsageHeader,
)
from arb_core.structs.market import ExchangeId, Pair, Symbol
from arb_core.structs.stream import KLINE_INTERVALS

__all__ = [
    "BOOK_TICKER",
    "CARD",
    "DEPTH",
    "DEPTH_WEIGHTS",
    "EXCHANGE_INFO",
    "ID",
    "INTERVALS",
    "KLINES",
    "MAX_DEPTH",
    "PING",
    "TIME",
    "TRADES",
    "Settings",
    "spell",
]

ID = ExchangeId("binance")

SECOND = 1_000_000_000
HOUR = 3600 * SECOND

PING = Endpoint(path="/api/v3/ping", cost={"weight": 1, "raw": 1})
TIME = Endpoint(path="/api/v3/time", cost={"weight": 1, "raw": 1})
EXCHANGE_INFO = Endpoint(path="/api/v3/exchangeInfo", cost={"weight": 20, "raw": 1})
DEPTH = Endpoint(path="/api/v3/depth", cost={"weight": 5, "raw": 1})
TRADES = Endpoint(path="/api/v3/trades", cost={"weight": 25, "raw": 1})
KLINES = Endpoint(path="/api/v3/klines", cost={"weight": 2, "raw": 1})
BOOK_TICKER = Endpoint(path="/api/v3/ticker/bookTicker", cost={"weight": 4, "raw": 1})

MAX_DEPTH = 5000
"""Most levels a side that `DEPTH` returns; a larger limit is clamped."""

DEPTH_WEIGHTS = {100: 5, 500: 25, 1000: 50, 5000: 250}
"""Weight of `DEPTH` for at most so many levels."""

INTERVALS = {interval: interval for interval in KLINE_INTERVALS}
"""The contract's interval -> Binance's: the same words."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of a Binance venue."""

    speed: Literal["100ms", "1000ms"] = "100ms"
    """How often changes of a book are gathered into one message."""
    trades: Literal["trade", "aggTrade"] = "trade"
    """Every trade, or the trades of one order at one price and moment as one."""


CARD = ExchangeCard(
    id=ID,
    name="Binance",
    contract=CONTRACT,
    docs="https://developers.binance.com/docs/binance-spot-api-docs/rest-api",
    hosts=Hosts(
        rest="https://api.binance.com",
        ws_public="wss://stream.binance.com:9443/stream",
        ws_api="wss://ws-api.binance.com:443/ws-api/v3",
    ),
    capabilities=frozenset(
        {
            Capability.BOOK,
            Capability.DEPTH,
            Capability.QUOTE,
            Capability.TRADES,
            Capability.KLINES,
            Capability.RECENT_TRADES,
            Capability.REST_KLINES,
            Capability.BOOK_TICKERS,
        }
    ),
    kline_intervals=tuple(INTERVALS),
    depths=(5, 10, 20),
    # `rateLimits` of exchangeInfo; windows begin on the wall clock.
    limits=(
        RateLimit(name="weight", limit=6000, window_ns=60 * SECOND, aligned=True),
        RateLimit(name="raw", limit=61_000, window_ns=300 * SECOND, aligned=True),
    ),
    usage=(UsageHeader(header="X-MBX-USED-WEIGHT-1M", limit="weight", meaning="used"),),
    stream=StreamLimits(
        topics_per_connection=1024,
        # No limit is documented, but 5 frames a second are: so many streams a frame keep 1024 within 3 s.
        topics_per_request=100,
        messages_per_second=5,
        connects=RateLimit(name="connects", limit=300, window_ns=300 * SECOND),
        # Binance pings every 20 s by protocol and has no ping of its own.
        quiet_ns=60 * SECOND,
        lifetime_ns=24 * HOUR,
    ),
    fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
    client_ids=ClientIdRule(max_length=36, lookup="always"),
    asset_networks="signed",
    quirks=(
        "A stream that does not exist is acknowledged and stays silent: arb checks symbols against exchangeInfo.",
        "Best prices on the socket (bookTicker) come without a time.",
        "Fees are not in exchangeInfo: the base rate holds unless the settings name yours.",
        "Rate-limit windows begin on the wall clock; after 429 Binance bans the address (418) if requests go on.",
        "Some symbols are not ASCII.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol Binance's way: upper case, no separator. It cannot be split again without the instrument list."""
    return Pair(symbol.base + symbol.quote)
