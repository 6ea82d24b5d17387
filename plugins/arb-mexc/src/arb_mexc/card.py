"""The facts of MEXC as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://www.mexc.com/api-docs/spot-v3/introduction and the pages beside it.
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
)
from arb_core.structs.market import ExchangeId, Pair, Symbol

__all__ = [
    "BOOK_TICKER",
    "CARD",
    "DEPTH",
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

ID = ExchangeId("mexc")

SECOND = 1_000_000_000
HOUR = 3600 * SECOND

# Weights: the larger of the documentation's and those that ccxt 4.5 uses after years of 429s.
PING = Endpoint(path="/api/v3/ping", cost={"ip": 1})
TIME = Endpoint(path="/api/v3/time", cost={"ip": 1})
EXCHANGE_INFO = Endpoint(path="/api/v3/exchangeInfo", cost={"ip": 25})
DEPTH = Endpoint(path="/api/v3/depth", cost={"ip": 3})
TRADES = Endpoint(path="/api/v3/trades", cost={"ip": 5})
KLINES = Endpoint(path="/api/v3/klines", cost={"ip": 1})
BOOK_TICKER = Endpoint(path="/api/v3/ticker/bookTicker", cost={"ip": 10})

MAX_DEPTH = 5000
"""Most levels a side that `DEPTH` returns."""

INTERVALS = {
    "1m": ("1m", "Min1"),
    "5m": ("5m", "Min5"),
    "15m": ("15m", "Min15"),
    "30m": ("30m", "Min30"),
    "1h": ("60m", "Min60"),
    "4h": ("4h", "Hour4"),
    "1d": ("1d", "Day1"),
    "1w": ("1W", "Week1"),
    "1M": ("1M", "Month1"),
}
"""The contract's interval -> MEXC's by REST, MEXC's on the socket (which alone also has Hour8)."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of a MEXC venue."""

    speed: Literal["10ms", "100ms"] = "100ms"
    """How often MEXC gathers changes of books, quotes and trades into one message; 10ms is about ten times the load."""


CARD = ExchangeCard(
    id=ID,
    name="MEXC",
    contract=CONTRACT,
    docs="https://www.mexc.com/api-docs/spot-v3/introduction",
    hosts=Hosts(
        rest="https://api.mexc.com",
        ws_public="wss://wbs-api.mexc.com/ws",
        ws_private="wss://wbs-api.mexc.com/ws",
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
    limits=(
        # 500 by the documentation, 300 by a mirror of it: the smaller. Endpoints do not share.
        RateLimit(name="ip", limit=300, window_ns=10 * SECOND, per_endpoint=True),
    ),
    stream=StreamLimits(
        # Documented are 30, but users see silent failures from 20-25 on (skip-mev connect, pull 216).
        topics_per_connection=20,
        # A frame may hold several, but how MEXC answers when some of them fail is not recorded.
        topics_per_request=1,
        messages_per_second=100,
        # Without traffic MEXC closes after 60 s; PING every 15-25 s.
        ping_every_ns=20 * SECOND,
        quiet_ns=60 * SECOND,
        lifetime_ns=24 * HOUR,
    ),
    # Only for a symbol whose row in exchangeInfo bears no rates.
    fees=FeeSchedule(maker=Decimal("0.0005"), taker=Decimal("0.0005")),
    # The documentation gives no length; clients use at most 32.
    client_ids=ClientIdRule(max_length=32, lookup="always"),
    asset_networks="signed",
    quirks=(
        "A pair with isSpotTradingAllowed = false has status unknown: it trades on the web, but not for every API key.",
        "MEXC documents 30 subscriptions per connection, users see failures from 20 on: arb opens a connection per 20.",
        "A refused subscription is answered with code 0 like an accepted one; arb compares the channel names.",
        "Public trades have no id by REST, and on the socket since June 2026 only.",
        "Candles bear no closed flag: one is final when the next begins.",
        "There is no test network for spot.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol MEXC's way: upper case, no separator. It cannot be split again without the instrument list."""
    return Pair(symbol.base + symbol.quote)
