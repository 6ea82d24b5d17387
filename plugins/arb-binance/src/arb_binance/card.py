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
from arb_core.structs.order import OrderType, TimeInForce
from arb_core.structs.stream import KLINE_INTERVALS

__all__ = [
    "ACCOUNT",
    "BOOK_TICKER",
    "CANCEL",
    "CANCEL_ALL",
    "CARD",
    "DEPTH",
    "DEPTH_WEIGHTS",
    "EXCHANGE_INFO",
    "FILLS",
    "FILLS_AT_ONCE",
    "FILLS_KEPT_NS",
    "FILLS_OF_ORDER_COST",
    "HISTORY",
    "HISTORY_AT_ONCE",
    "HISTORY_KEPT_NS",
    "ID",
    "INTERVALS",
    "KLINES",
    "LONGEST_SPAN_MS",
    "MAX_DEPTH",
    "NETWORKS",
    "OPEN_ORDERS",
    "OPEN_ORDERS_OF_ALL_COST",
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

ID = ExchangeId("binance")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PING = Endpoint(path="/api/v3/ping", cost={"weight": 1, "raw": 1})
TIME = Endpoint(path="/api/v3/time", cost={"weight": 1, "raw": 1})
EXCHANGE_INFO = Endpoint(path="/api/v3/exchangeInfo", cost={"weight": 20, "raw": 1})
DEPTH = Endpoint(path="/api/v3/depth", cost={"weight": 5, "raw": 1})
TRADES = Endpoint(path="/api/v3/trades", cost={"weight": 25, "raw": 1})
KLINES = Endpoint(path="/api/v3/klines", cost={"weight": 2, "raw": 1})
BOOK_TICKER = Endpoint(path="/api/v3/ticker/bookTicker", cost={"weight": 4, "raw": 1})

ACCOUNT = Endpoint(path="/api/v3/account", cost={"weight": 20, "raw": 1}, signed=True)
TRADING_FEES = Endpoint(path="/api/v3/account/commission", cost={"weight": 20, "raw": 1}, signed=True)
PLACE = Endpoint(
    method="POST",
    path="/api/v3/order",
    cost={"weight": 1, "raw": 1, "orders": 1, "orders_day": 1},
    idempotent=False,
    signed=True,
)
CANCEL = Endpoint(method="DELETE", path="/api/v3/order", cost={"weight": 1, "raw": 1}, signed=True)
CANCEL_ALL = Endpoint(method="DELETE", path="/api/v3/openOrders", cost={"weight": 1, "raw": 1}, signed=True)
ORDER = Endpoint(path="/api/v3/order", cost={"weight": 4, "raw": 1}, signed=True)
OPEN_ORDERS = Endpoint(path="/api/v3/openOrders", cost={"weight": 6, "raw": 1}, signed=True)
HISTORY = Endpoint(path="/api/v3/allOrders", cost={"weight": 20, "raw": 1}, signed=True)
FILLS = Endpoint(path="/api/v3/myTrades", cost={"weight": 20, "raw": 1}, signed=True)
# Of another family, with budgets of its own; counted with the others, which is the safe reading.
NETWORKS = Endpoint(path="/sapi/v1/capital/config/getall", cost={"weight": 10, "raw": 1}, signed=True)

OPEN_ORDERS_OF_ALL_COST = {"weight": 80, "raw": 1}
"""Cost of `OPEN_ORDERS` without a symbol."""
FILLS_OF_ORDER_COST = {"weight": 5, "raw": 1}
"""Cost of `FILLS` with an order's id."""

MAX_DEPTH = 5000
"""Most levels a side that `DEPTH` returns; a larger limit is clamped."""

DEPTH_WEIGHTS = {100: 5, 500: 25, 1000: 50, 5000: 250}
"""Weight of `DEPTH` for at most so many levels."""

HISTORY_AT_ONCE = 1000
FILLS_AT_ONCE = 1000
"""Most rows of one answer of `HISTORY` and of `FILLS`, oldest first."""

LONGEST_SPAN_MS = DAY // 1_000_000
"""Most time between `startTime` and `endTime` of either."""

HISTORY_KEPT_NS = 30 * DAY
FILLS_KEPT_NS = 30 * DAY
"""How far back we ask, a day at a time; Binance keeps them for longer."""

RECEIVE_WINDOW_MS = 5000
"""A signed request that arrives later than this is refused, and one that reaches the matching engine later too."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): ("LIMIT", "GTC"),
    (OrderType.LIMIT, TimeInForce.IOC): ("LIMIT", "IOC"),
    (OrderType.LIMIT, TimeInForce.FOK): ("LIMIT", "FOK"),
    (OrderType.LIMIT, TimeInForce.POST_ONLY): ("LIMIT_MAKER", None),
    (OrderType.MARKET, TimeInForce.GTC): ("MARKET", None),
    (OrderType.MARKET, TimeInForce.IOC): ("MARKET", None),
}
"""The contract's type and time in force -> Binance's `type` and, for LIMIT alone, `timeInForce`. A market order never
rests."""

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
    # `rateLimits` of exchangeInfo; windows begin on the wall clock.
    limits=(
        RateLimit(name="weight", limit=6000, window_ns=60 * SECOND, aligned=True),
        RateLimit(name="raw", limit=61_000, window_ns=300 * SECOND, aligned=True),
        # Orders that nothing has filled; 100 and 200000 for some accounts. A fill gives its order back.
        RateLimit(name="orders", limit=50, window_ns=10 * SECOND, scope="key", aligned=True),
        RateLimit(name="orders_day", limit=160_000, window_ns=DAY, scope="key", aligned=True),
    ),
    usage=(
        UsageHeader(header="X-MBX-USED-WEIGHT-1M", limit="weight", meaning="used"),
        UsageHeader(header="X-MBX-ORDER-COUNT-10S", limit="orders", meaning="used"),
        UsageHeader(header="X-MBX-ORDER-COUNT-1D", limit="orders_day", meaning="used"),
    ),
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
    # The lag: the receive window, and the 10 s that Binance itself waits for its matching engine.
    client_ids=ClientIdRule(max_length=36, lookup="always", history_lag_ns=15 * SECOND),
    asset_networks="signed",
    quirks=(
        "A stream that does not exist is acknowledged and stays silent: arb checks symbols against exchangeInfo.",
        "Best prices on the socket (bookTicker) come without a time.",
        "Fees are not in exchangeInfo: the base rate holds unless the settings name yours.",
        "Rate-limit windows begin on the wall clock; after 429 Binance bans the address (418) if requests go on.",
        "Some symbols are not ASCII.",
        "Orders cannot be changed through arb: cancel and place anew.",
        "A client order id is unique among open orders only: arb never uses one twice.",
        "What an IOC, FOK or market order leaves unfilled ends as EXPIRED, which arb calls canceled.",
        "Order history and fills are asked for a day at a time, 30 days back at most.",
        "Fees are the account's without the discount for paying in BNB, which ends with the last BNB.",
        "The account's canTrade and canWithdraw are not the key's: what the key may do is shown as unknown.",
        "The private socket is that of the WebSocket API, which ws_url moves with the others.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol Binance's way: upper case, no separator. It cannot be split again without the instrument list."""
    return Pair(symbol.base + symbol.quote)
