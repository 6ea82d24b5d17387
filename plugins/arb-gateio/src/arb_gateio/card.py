"""The facts of Gate.io as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://www.gate.com/docs/developers/apiv4/en/ (REST) and
https://www.gate.com/docs/developers/apiv4/ws/en/ (socket).
"""

from decimal import Decimal
from typing import Literal

from arb_core.errors import InvalidSymbol
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

__all__ = [
    "BOOK_TICKER",
    "CARD",
    "DEPTH",
    "EXCHANGE_INFO",
    "ID",
    "INTERVALS",
    "KLINES",
    "MAX_DEPTH",
    "NETWORKS",
    "PING",
    "TIME",
    "TRADES",
    "Settings",
    "spell",
    "split",
]

ID = ExchangeId("gateio")

SECOND = 1_000_000_000

# Gate.io counts requests, not weights, and has no ping.
TIME = Endpoint(path="/api/v4/spot/time", cost={"ip": 1})
PING = TIME
EXCHANGE_INFO = Endpoint(path="/api/v4/spot/currency_pairs", cost={"ip": 1})
DEPTH = Endpoint(path="/api/v4/spot/order_book", cost={"ip": 1})
TRADES = Endpoint(path="/api/v4/spot/trades", cost={"ip": 1})
KLINES = Endpoint(path="/api/v4/spot/candlesticks", cost={"ip": 1})
BOOK_TICKER = Endpoint(path="/api/v4/spot/tickers", cost={"ip": 1})
NETWORKS = Endpoint(path="/api/v4/spot/currencies", cost={"ip": 1})

MAX_DEPTH = 1000
"""Most levels a side that clients ask `DEPTH` for; beyond 100 the answer is cached and may be minutes old."""

INTERVALS = {
    "1m": "1m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "1h": "1h",
    "4h": "4h",
    "8h": "8h",
    "1d": "1d",
}
"""The contract's interval -> Gate.io's. 1s is not on the socket; 7d and 30d are not weeks and months of a calendar."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of a Gate.io venue."""

    speed: Literal["20ms", "100ms"] = "100ms"
    """How often changes of a book are gathered into one message; the faster feed follows fewer levels."""
    book: Literal["order_book_update", "obu"] = "order_book_update"
    """The channel that books are kept from: spot.order_book_update joins to a REST snapshot and follows 100 levels at
    100ms or 20 at 20ms; spot.obu begins with a snapshot of its own and follows 400 or 50."""


CARD = ExchangeCard(
    id=ID,
    name="Gate.io",
    contract=CONTRACT,
    docs="https://www.gate.com/docs/developers/apiv4/en/",
    hosts=Hosts(
        rest="https://api.gateio.ws",
        ws_public="wss://api.gateio.ws/ws/v4/",
        ws_private="wss://api.gateio.ws/ws/v4/",
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
    depths=(5, 10, 20, 50, 100),
    limits=(RateLimit(name="ip", limit=200, window_ns=10 * SECOND, per_endpoint=True),),
    usage=(
        UsageHeader(header="X-Gate-RateLimit-Requests-Remain", limit="ip", meaning="remaining"),
        UsageHeader(header="X-Gate-RateLimit-Reset-Timestamp", limit="ip", meaning="reset_ms"),
    ),
    stream=StreamLimits(
        # Several pairs may share a frame on some channels, but one bad pair then refuses them all.
        topics_per_request=1,
        ping_every_ns=15 * SECOND,
        quiet_ns=60 * SECOND,
    ),
    fees=FeeSchedule(maker=Decimal("0.002"), taker=Decimal("0.002")),
    # "t-" and 28 characters; a text finds its order only while that is open.
    client_ids=ClientIdRule(prefix="t-", max_length=30, lookup="while_open"),
    asset_networks="public",
    quirks=(
        "A 429 bears no Retry-After: arb waits until the moment that X-Gate-RateLimit-Reset-Timestamp names.",
        "Books show 100 levels a side (20 with speed = 20ms): the channel follows no more.",
        "With book = obu a gap is mended by a new subscription instead of a REST snapshot.",
        "Pre-market pairs have status unknown: what they trade is not the asset itself yet.",
        "Best prices by REST (get_book_tickers) come without sizes.",
        "The fee in the list of pairs is a percentage, and the base rate: your own may be lower.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol Gate.io's way: upper case, an underscore between."""
    return Pair(f"{symbol.base}_{symbol.quote}")


def split(pair: Pair) -> Symbol:
    """Spell it back. An asset's own name may hold an underscore, a quote never does. Raises `InvalidSymbol`."""
    base, _, quote = pair.rpartition("_")
    if not base or not quote:
        raise InvalidSymbol(f"expected a pair like BTC_USDT, found {pair!r}", exchange=ID)
    return Symbol(base, quote)
