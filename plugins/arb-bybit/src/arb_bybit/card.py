"""The facts of Bybit as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://bybit-exchange.github.io/docs/v5/intro and its neighbours.
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
from arb_core.structs.order import OrderType, TimeInForce

__all__ = [
    "ACCOUNT",
    "ACCOUNT_TYPE",
    "BAN_NS",
    "BOOK_TICKER",
    "CANCEL",
    "CANCEL_ALL",
    "CARD",
    "CATEGORY",
    "DEPTH",
    "EXCHANGE_INFO",
    "FILLS",
    "FILLS_AT_ONCE",
    "FILLS_KEPT_NS",
    "HISTORY",
    "HISTORY_KEPT_NS",
    "ID",
    "INTERVALS",
    "KLINES",
    "LOGIN_EXPIRES_MS",
    "LONGEST_SPAN_MS",
    "MAX_DEPTH",
    "MAX_TRADES",
    "MODIFY",
    "NETWORKS",
    "ORDER",
    "ORDERS_AT_ONCE",
    "ORDER_TYPES",
    "PERMISSIONS",
    "PING",
    "PLACE",
    "RECEIVE_WINDOW_MS",
    "TIME",
    "TRADES",
    "TRADING_FEES",
    "Settings",
    "spell",
]

ID = ExchangeId("bybit")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

CATEGORY = "spot"
"""What nearly every request names: without it Bybit speaks of derivatives."""
ACCOUNT_TYPE = "UNIFIED"

# All requests count by address, and those of an account by its user as well: each endpoint by itself, by the second.
# https://bybit-exchange.github.io/docs/v5/rate-limit . There is no ping.
TIME = Endpoint(path="/v5/market/time", cost={"ip": 1})
PING = TIME
EXCHANGE_INFO = Endpoint(path="/v5/market/instruments-info", cost={"ip": 1})
DEPTH = Endpoint(path="/v5/market/orderbook", cost={"ip": 1})
TRADES = Endpoint(path="/v5/market/recent-trade", cost={"ip": 1})
KLINES = Endpoint(path="/v5/market/kline", cost={"ip": 1})
BOOK_TICKER = Endpoint(path="/v5/market/tickers", cost={"ip": 1})

ACCOUNT = Endpoint(path="/v5/account/wallet-balance", cost={"ip": 1, "reads": 1}, signed=True)
TRADING_FEES = Endpoint(path="/v5/account/fee-rate", cost={"ip": 1, "facts": 1}, signed=True)
PERMISSIONS = Endpoint(path="/v5/user/query-api", cost={"ip": 1, "facts": 1}, signed=True)
NETWORKS = Endpoint(path="/v5/asset/coin/query-info", cost={"ip": 1, "facts": 1}, signed=True)
PLACE = Endpoint(method="POST", path="/v5/order/create", cost={"ip": 1, "orders": 1}, idempotent=False, signed=True)
MODIFY = Endpoint(method="POST", path="/v5/order/amend", cost={"ip": 1, "changes": 1}, idempotent=False, signed=True)
CANCEL = Endpoint(method="POST", path="/v5/order/cancel", cost={"ip": 1, "orders": 1}, signed=True)
CANCEL_ALL = Endpoint(method="POST", path="/v5/order/cancel-all", cost={"ip": 1, "orders": 1}, signed=True)
ORDER = Endpoint(path="/v5/order/realtime", cost={"ip": 1, "reads": 1}, signed=True)
HISTORY = Endpoint(path="/v5/order/history", cost={"ip": 1, "reads": 1}, signed=True)
FILLS = Endpoint(path="/v5/execution/list", cost={"ip": 1, "reads": 1}, signed=True)

MAX_DEPTH = 1000
"""Most levels a side that `DEPTH` returns; without a limit it returns one."""
MAX_TRADES = 60
"""Most trades that `TRADES` returns of spot."""

ORDERS_AT_ONCE = 50
FILLS_AT_ONCE = 100
"""Most rows of one page of `ORDER` and `HISTORY`, and of `FILLS`, newest first."""

LONGEST_SPAN_MS = 7 * DAY // 1_000_000
"""Most time between `startTime` and `endTime` of `HISTORY` and of `FILLS`."""

HISTORY_KEPT_NS = 30 * DAY
FILLS_KEPT_NS = 30 * DAY
"""How far back we ask, seven days at a time; Bybit keeps what was filled for two years."""

RECEIVE_WINDOW_MS = 5000
"""A signed request that arrives later than this is refused."""

LOGIN_EXPIRES_MS = 10_000
"""How far ahead the moment lies until which a login of the socket is good; it need only be in the future."""

BAN_NS = 10 * MINUTE
"""An address that exceeded its budget (HTTP 403) must stay away for at least so long; the ban then lifts by itself."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): ("Limit", "GTC"),
    (OrderType.LIMIT, TimeInForce.IOC): ("Limit", "IOC"),
    (OrderType.LIMIT, TimeInForce.FOK): ("Limit", "FOK"),
    (OrderType.LIMIT, TimeInForce.POST_ONLY): ("Limit", "PostOnly"),
    (OrderType.MARKET, TimeInForce.GTC): ("Market", "IOC"),
    (OrderType.MARKET, TimeInForce.IOC): ("Market", "IOC"),
}
"""The contract's type and time in force -> Bybit's `orderType` and `timeInForce`. A market order never rests."""

INTERVALS = {
    "1m": "1",
    "3m": "3",
    "5m": "5",
    "15m": "15",
    "30m": "30",
    "1h": "60",
    "2h": "120",
    "4h": "240",
    "6h": "360",
    "12h": "720",
    "1d": "D",
    "1w": "W",
    "1M": "M",
}
"""The contract's interval -> Bybit's, by REST and on the socket."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of a Bybit venue."""

    levels: Literal[50, 200, 1000] = 50
    """Levels a side of the channel that books are kept from; it changes every 20, 100 and 200 ms."""


_COUNTED = ("reads", "orders", "changes", "facts")
"""The limits that an answer's headers speak of: of its own endpoint."""

CARD = ExchangeCard(
    id=ID,
    name="Bybit",
    contract=CONTRACT,
    docs="https://bybit-exchange.github.io/docs/v5/intro",
    hosts=Hosts(
        rest="https://api.bybit.com",
        ws_public="wss://stream.bybit.com/v5/public/spot",
        ws_private="wss://stream.bybit.com/v5/private",
    ),
    capabilities=frozenset(
        {
            Capability.BOOK,
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
            Capability.MODIFY_ORDER,
            Capability.CANCEL_ALL,
            Capability.ORDER_HISTORY,
            Capability.ORDERS_STREAM,
            Capability.FILLS_STREAM,
            Capability.BALANCES_STREAM,
        }
    ),
    kline_intervals=tuple(INTERVALS),
    limits=(
        RateLimit(name="ip", limit=600, window_ns=5 * SECOND),
        # By user, each endpoint by itself; these are the base numbers, which X-Bapi-Limit tells for each account.
        RateLimit(name="reads", limit=50, window_ns=SECOND, scope="key", per_endpoint=True),
        RateLimit(name="orders", limit=20, window_ns=SECOND, scope="key", per_endpoint=True),
        RateLimit(name="changes", limit=10, window_ns=SECOND, scope="key", per_endpoint=True),
        RateLimit(name="facts", limit=5, window_ns=SECOND, scope="key", per_endpoint=True),
    ),
    usage=(
        *(UsageHeader(header="X-Bapi-Limit-Status", limit=limit, meaning="remaining") for limit in _COUNTED),
        *(UsageHeader(header="X-Bapi-Limit-Reset-Timestamp", limit=limit, meaning="reset_ms") for limit in _COUNTED),
    ),
    stream=StreamLimits(
        # 21000 characters of topics: forty of each topic, for the longest pairs.
        topics_per_connection=500,
        # Ten may share a frame, but one bad topic then refuses them all.
        topics_per_request=1,
        connects=RateLimit(name="connects", limit=500, window_ns=5 * MINUTE),
        # Without pings and data Bybit closes after ten minutes.
        ping_every_ns=20 * SECOND,
        quiet_ns=60 * SECOND,
    ),
    fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
    # The lag: the receive window, and as much again, for the lists follow what happened with a delay.
    client_ids=ClientIdRule(max_length=36, lookup="always", history_lag_ns=10 * SECOND),
    asset_networks="signed",
    quirks=(
        "An address that asks too often is banned for ten minutes, by HTTP 403; arb then stays away.",
        "Limits of an account come without Retry-After: arb waits until X-Bapi-Limit-Reset-Timestamp.",
        "Addresses in the United States and in mainland China are refused, by HTTP 403 too.",
        "Accounts of a regional site (.eu, .nl, .tr, .kz ...) need its hosts: set rest_url and ws_url.",
        "Books show 50 levels a side, changed every 20 ms; levels = 200 and 1000 follow more, less often.",
        "A gap in a book is mended by a new subscription, whose first message is the whole book.",
        "An order is accepted before it is matched: what becomes of it is told by the socket and by queries.",
        "A post-only order that would take is accepted, then canceled.",
        "A market order may count base or quote, on both sides; Bybit caps its price and drops the rest.",
        "A client order id must never be used twice.",
        "An order that ended without fills is found for a day, and one with fills for 30 days.",
        "The account is the unified one: money held as margin by derivatives is not taken off what is free.",
        "Orders never borrow: they are sent without leverage.",
        "A key that is bound to no address expires after some months.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol Bybit's way: upper case, no separator. It cannot be split again without the instrument list."""
    return Pair(symbol.base + symbol.quote)
