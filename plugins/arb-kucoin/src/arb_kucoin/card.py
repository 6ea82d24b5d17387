"""The facts of KuCoin as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://www.kucoin.com/docs-new/rest/spot-trading/introduction and its neighbours
(REST) and https://www.kucoin.com/docs-new/websocket-api/base-info/introduction (socket).
"""

from decimal import Decimal

from arb_core.errors import InvalidSymbol
from arb_core.structs.card import (
    CONTRACT,
    Capability,
    ClientIdRule,
    Endpoint,
    ExchangeCard,
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
    "BOOK_TICKER",
    "BULLET_PRIVATE",
    "BULLET_PUBLIC",
    "CANCEL",
    "CANCEL_ALL",
    "CANCEL_OURS",
    "CARD",
    "DEPTH",
    "DEPTHS",
    "EXCHANGE_INFO",
    "FEE_CATEGORIES",
    "FILLS",
    "FILLS_AT_ONCE",
    "FILLS_KEPT_NS",
    "HISTORY",
    "HISTORY_AT_ONCE",
    "HISTORY_KEPT_NS",
    "ID",
    "INTERVALS",
    "KEY_VERSION",
    "KLINES",
    "MAX_DEPTH",
    "NETWORKS",
    "OPEN_ORDERS",
    "OPEN_SYMBOLS",
    "ORDER",
    "ORDER_OURS",
    "ORDER_TYPES",
    "PING",
    "PLACE",
    "TIME",
    "TOKEN_NS",
    "TRADES",
    "TRADING_FEES",
    "spell",
    "split",
]

ID = ExchangeId("kucoin")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Weights: https://www.kucoin.com/docs-new/rate-limit . There is no ping.
TIME = Endpoint(path="/api/v1/timestamp", cost={"public": 3})
PING = TIME
EXCHANGE_INFO = Endpoint(path="/api/v2/symbols", cost={"public": 4})
DEPTH = Endpoint(path="/api/v1/market/orderbook/level2_{levels}", cost={"public": 2})
TRADES = Endpoint(path="/api/v1/market/histories", cost={"public": 3})
KLINES = Endpoint(path="/api/v1/market/candles", cost={"public": 3})
BOOK_TICKER = Endpoint(path="/api/v1/market/allTickers", cost={"public": 15})
NETWORKS = Endpoint(path="/api/v3/currencies", cost={"public": 3})
BULLET_PUBLIC = Endpoint(method="POST", path="/api/v1/bullet-public", cost={"public": 10})

ACCOUNT = Endpoint(path="/api/v1/accounts", cost={"management": 5}, signed=True)
TRADING_FEES = Endpoint(path="/api/v1/trade-fees", cost={"spot": 3}, signed=True)
# The call that waits for the matching engine: its answer says what was filled, that of /hf/orders only the id.
PLACE = Endpoint(method="POST", path="/api/v1/hf/orders/sync", cost={"spot": 1}, idempotent=False, signed=True)
CANCEL = Endpoint(method="DELETE", path="/api/v1/hf/orders/{id}", cost={"spot": 1}, signed=True)
CANCEL_OURS = Endpoint(method="DELETE", path="/api/v1/hf/orders/client-order/{id}", cost={"spot": 1}, signed=True)
CANCEL_ALL = Endpoint(method="DELETE", path="/api/v1/hf/orders", cost={"spot": 2}, signed=True)
ORDER = Endpoint(path="/api/v1/hf/orders/{id}", cost={"spot": 2}, signed=True)
ORDER_OURS = Endpoint(path="/api/v1/hf/orders/client-order/{id}", cost={"spot": 2}, signed=True)
OPEN_ORDERS = Endpoint(path="/api/v1/hf/orders/active", cost={"spot": 2}, signed=True)
OPEN_SYMBOLS = Endpoint(path="/api/v1/hf/orders/active/symbols", cost={"spot": 2}, signed=True)
HISTORY = Endpoint(path="/api/v1/hf/orders/done", cost={"spot": 2}, signed=True)
FILLS = Endpoint(path="/api/v1/hf/fills", cost={"spot": 2}, signed=True)
BULLET_PRIVATE = Endpoint(method="POST", path="/api/v1/bullet-private", cost={"spot": 10}, signed=True)

DEPTHS = (20, 100)
"""Levels a side of the two books that need no key."""
MAX_DEPTH = 100

HISTORY_AT_ONCE = 100
FILLS_AT_ONCE = 100
"""Most rows of one page of ended orders and of `FILLS`, newest first."""

HISTORY_KEPT_NS = 7 * DAY - MINUTE
FILLS_KEPT_NS = 7 * DAY - MINUTE
"""How far back we ask: the longest span of one question. A minute less, for KuCoin's clock is not ours."""

KEY_VERSION = "2"
"""Of the signature of the passphrase. Keys made lately are of version 3, which counts the same way."""

TOKEN_NS = 24 * HOUR
"""How long a token opens connections."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): ("limit", "GTC"),
    (OrderType.LIMIT, TimeInForce.IOC): ("limit", "IOC"),
    (OrderType.LIMIT, TimeInForce.FOK): ("limit", "FOK"),
    (OrderType.LIMIT, TimeInForce.POST_ONLY): ("limit", None),
    (OrderType.MARKET, TimeInForce.GTC): ("market", None),
    (OrderType.MARKET, TimeInForce.IOC): ("market", None),
}
"""The contract's type and time in force -> KuCoin's `type` and `timeInForce`. Post-only is a flag of its own beside
it; a market order has no time in force, and never rests."""

INTERVALS = {
    "1m": ("1min", 60),
    "3m": ("3min", 180),
    "5m": ("5min", 300),
    "15m": ("15min", 900),
    "30m": ("30min", 1800),
    "1h": ("1hour", 3600),
    "2h": ("2hour", 7200),
    "4h": ("4hour", 14400),
    "6h": ("6hour", 21600),
    "8h": ("8hour", 28800),
    "12h": ("12hour", 43200),
    "1d": ("1day", 86400),
}
"""The contract's interval -> KuCoin's, and its seconds. Where its weeks and months begin is not documented."""

FEE_CATEGORIES = {1: Decimal("0.001"), 2: Decimal("0.002"), 3: Decimal("0.003")}
"""`feeCategory` of a symbol -> the base rate of its class (A, B, C), which its coefficients multiply.
https://www.kucoin.com/vip/privilege"""


CARD = ExchangeCard(
    id=ID,
    name="KuCoin",
    contract=CONTRACT,
    docs="https://www.kucoin.com/docs-new/introduction",
    hosts=Hosts(
        rest="https://api.kucoin.com",
        # Where sockets were lately; each ticket says where to connect.
        ws_public="wss://ws-api-spot.kucoin.com/",
        ws_private="wss://ws-api-spot.kucoin.com/",
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
    depths=(5, 50),
    # Of an account without VIP level. A window begins with the first request in it.
    limits=(
        RateLimit(name="public", limit=2000, window_ns=30 * SECOND),
        RateLimit(name="spot", limit=4000, window_ns=30 * SECOND, scope="key"),
        RateLimit(name="management", limit=2000, window_ns=30 * SECOND, scope="key"),
    ),
    usage=tuple(
        usage
        for limit in ("public", "spot", "management")
        for usage in (
            UsageHeader(header="gw-ratelimit-remaining", limit=limit, meaning="remaining"),
            UsageHeader(header="gw-ratelimit-reset", limit=limit, meaning="reset_ms"),
        )
    ),
    stream=StreamLimits(
        # 300 and more, by the year of the page.
        topics_per_connection=300,
        # Pairs of one topic may share a frame, but one bad pair then refuses them all.
        topics_per_request=1,
        # 100 in 10 s.
        messages_per_second=10,
        connects=RateLimit(name="connects", limit=30, window_ns=60 * SECOND),
        # A ticket says how often; KuCoin cuts a connection that is silent for this and 10 s more.
        ping_every_ns=18 * SECOND,
        quiet_ns=40 * SECOND,
        greets=True,
    ),
    fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
    # The lag: the 5 s by which a signed request may be late, and as much again.
    client_ids=ClientIdRule(max_length=40, lookup="while_open", history_lag_ns=10 * SECOND),
    asset_networks="public",
    quirks=(
        "A key has a passphrase, which every signed request needs.",
        "Books show 100 levels a side, and are fetched anew when the market leaves these: more are for keys only.",
        "BSV is called BCHSV: everybody's names of assets are KuCoin's own.",
        "Fees are taken in quote on both sides (KCS if you chose so); orders do not tell them: arb asks for the fills.",
        "Our id is compared with those of open orders only: arb never uses one twice.",
        "An order that was to make but would have taken is accepted, and ends at once as canceled.",
        "Orders cannot be changed through arb: cancel and place anew.",
        "Order history and fills reach 7 days back.",
        "KuCoin does not tell what a key may do: trading and withdrawing are shown as unknown.",
        "Balances are those of the trading account; what is in the funding account is not counted.",
        "Only the address in a ticket opens a socket: ws_url moves its host.",
    ),
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol KuCoin's way: upper case, a hyphen between."""
    return Pair(f"{symbol.base}-{symbol.quote}")


def split(pair: Pair) -> Symbol:
    """Spell it back. Raises `InvalidSymbol`."""
    base, _, quote = pair.rpartition("-")
    if not base or not quote:
        raise InvalidSymbol(f"expected a pair like BTC-USDT, found {pair!r}", exchange=ID)
    return Symbol(base, quote)
