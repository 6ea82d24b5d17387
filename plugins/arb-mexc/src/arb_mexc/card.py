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
from arb_core.structs.order import OrderType, TimeInForce

__all__ = [
    "ACCOUNT",
    "BOOK_TICKER",
    "CANCEL",
    "CANCEL_ALL",
    "CARD",
    "DEPTH",
    "EXCHANGE_INFO",
    "FILLS",
    "FILLS_AT_ONCE",
    "FILLS_KEPT_NS",
    "HISTORY",
    "HISTORY_AT_ONCE",
    "HISTORY_KEPT_NS",
    "ID",
    "INTERVALS",
    "KLINES",
    "LISTEN_KEY",
    "LISTEN_KEY_CLOSE",
    "LISTEN_KEY_EXTEND",
    "MAX_DEPTH",
    "NETWORKS",
    "OPEN_ORDERS",
    "ORDER",
    "ORDER_TYPES",
    "PING",
    "PLACE",
    "RECEIVE_WINDOW_MS",
    "TIME",
    "TRADES",
    "TRADING_FEES",
    "Settings",
    "spell",
]

ID = ExchangeId("mexc")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Weights: the larger of the documentation's and those that ccxt 4.5 uses after years of 429s.
PING = Endpoint(path="/api/v3/ping", cost={"ip": 1})
TIME = Endpoint(path="/api/v3/time", cost={"ip": 1})
EXCHANGE_INFO = Endpoint(path="/api/v3/exchangeInfo", cost={"ip": 25})
DEPTH = Endpoint(path="/api/v3/depth", cost={"ip": 3})
TRADES = Endpoint(path="/api/v3/trades", cost={"ip": 5})
KLINES = Endpoint(path="/api/v3/klines", cost={"ip": 1})
BOOK_TICKER = Endpoint(path="/api/v3/ticker/bookTicker", cost={"ip": 10})

ACCOUNT = Endpoint(path="/api/v3/account", cost={"uid": 10, "account": 1}, signed=True)
TRADING_FEES = Endpoint(path="/api/v3/tradeFee", cost={"uid": 20}, signed=True)
PLACE = Endpoint(
    method="POST", path="/api/v3/order", cost={"ip": 1, "uid": 1, "orders": 1}, idempotent=False, signed=True
)
CANCEL = Endpoint(method="DELETE", path="/api/v3/order", cost={"uid": 1, "orders": 1}, signed=True)
CANCEL_ALL = Endpoint(method="DELETE", path="/api/v3/openOrders", cost={"uid": 1, "orders": 1}, signed=True)
ORDER = Endpoint(path="/api/v3/order", cost={"uid": 2}, signed=True)
OPEN_ORDERS = Endpoint(path="/api/v3/openOrders", cost={"uid": 3}, signed=True)
HISTORY = Endpoint(path="/api/v3/allOrders", cost={"uid": 10}, signed=True)
FILLS = Endpoint(path="/api/v3/myTrades", cost={"uid": 10}, signed=True)
NETWORKS = Endpoint(path="/api/v3/capital/config/getall", cost={"uid": 10}, signed=True)
# Sending it twice makes a second key, which does no harm: one that nobody extends ends after 60 minutes.
LISTEN_KEY = Endpoint(method="POST", path="/api/v3/userDataStream", cost={"uid": 1}, signed=True)
LISTEN_KEY_EXTEND = Endpoint(method="PUT", path="/api/v3/userDataStream", cost={"uid": 1}, signed=True)
LISTEN_KEY_CLOSE = Endpoint(method="DELETE", path="/api/v3/userDataStream", cost={"uid": 1}, signed=True)

MAX_DEPTH = 5000
"""Most levels a side that `DEPTH` returns."""

HISTORY_AT_ONCE = 1000
FILLS_AT_ONCE = 100
"""Most rows of one answer of `HISTORY` and of `FILLS`."""

HISTORY_KEPT_NS = 7 * DAY - MINUTE
FILLS_KEPT_NS = 30 * DAY - MINUTE
"""How far back MEXC answers; a minute less, for its clock is not ours."""

RECEIVE_WINDOW_MS = 5000
"""A signed request that arrives later than this is refused."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): "LIMIT",
    (OrderType.LIMIT, TimeInForce.IOC): "IMMEDIATE_OR_CANCEL",
    (OrderType.LIMIT, TimeInForce.FOK): "FILL_OR_KILL",
    (OrderType.LIMIT, TimeInForce.POST_ONLY): "LIMIT_MAKER",
    (OrderType.MARKET, TimeInForce.GTC): "MARKET",
    (OrderType.MARKET, TimeInForce.IOC): "MARKET",
}
"""The contract's type and time in force -> MEXC's `type`, which says both. A market order never rests."""

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
            Capability.TRADING,
            Capability.MARKET_ORDERS,
            Capability.QUOTE_QUANTITY,
            Capability.IOC,
            Capability.FOK,
            Capability.POST_ONLY,
            Capability.CANCEL_ALL,
            Capability.ORDER_HISTORY,
            Capability.ORDERS_STREAM,
            Capability.FILLS_STREAM,
            Capability.BALANCES_STREAM,
        }
    ),
    kline_intervals=tuple(INTERVALS),
    depths=(5, 10, 20),
    limits=(
        # 500 by the documentation, 300 by a mirror of it: the smaller. Endpoints do not share.
        RateLimit(name="ip", limit=300, window_ns=10 * SECOND, per_endpoint=True),
        RateLimit(name="uid", limit=300, window_ns=10 * SECOND, scope="key", per_endpoint=True),
        # The newest copy of the documentation: placing and cancelling share 12 a second, the account has 2.
        RateLimit(name="orders", limit=12, window_ns=SECOND, scope="key"),
        RateLimit(name="account", limit=2, window_ns=SECOND, scope="key"),
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
    # The documentation gives no length; clients use at most 32. The lag: the receive window, and as much again.
    client_ids=ClientIdRule(max_length=32, lookup="always", history_lag_ns=10 * SECOND),
    asset_networks="signed",
    quirks=(
        "A pair with isSpotTradingAllowed = false has status unknown: it trades on the web, but not for every API key.",
        "MEXC documents 30 subscriptions per connection, users see failures from 20 on: arb opens a connection per 20.",
        "A refused subscription is answered with code 0 like an accepted one; arb compares the channel names.",
        "Public trades have no id by REST, and on the socket since June 2026 only.",
        "Candles bear no closed flag: one is final when the next begins.",
        "There is no test network for spot.",
        "Orders cannot be changed: cancel and place anew.",
        "A market order to buy is sent by quote_quantity; not every pair takes one by quantity.",
        "Order history reaches 7 days back, fills 30.",
        "The account's canTrade and canWithdraw are not the key's: what the key may do is shown as unknown.",
        "A key that is bound to no address ends after 90 days.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol MEXC's way: upper case, no separator. It cannot be split again without the instrument list."""
    return Pair(symbol.base + symbol.quote)
