"""The facts of OKX as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://www.okx.com/docs-v5/en/
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
)
from arb_core.structs.market import ExchangeId, Pair, Symbol
from arb_core.structs.order import OrderType, TimeInForce
from arb_core.structs.stream import Feed

__all__ = [
    "ACCOUNT",
    "BOOK_TICKER",
    "CANCEL",
    "CANCEL_ALL",
    "CANCEL_AT_ONCE",
    "CARD",
    "COUNTDOWN",
    "COUNTDOWN_LEAST_S",
    "COUNTDOWN_MOST_S",
    "DEPTH",
    "EXCHANGE_INFO",
    "FILLS",
    "FILLS_HISTORY",
    "FILLS_HISTORY_KEPT_NS",
    "FILLS_KEPT_NS",
    "FULL_DEPTH",
    "HISTORY",
    "HISTORY_KEPT_NS",
    "ID",
    "INTERVALS",
    "KEPT_DEPTH",
    "KLINES",
    "MAX_DEPTH",
    "MAX_KLINES",
    "MAX_TRADES",
    "MODIFY",
    "OPEN_ORDERS",
    "ORDER",
    "ORDER_TYPES",
    "PERMISSIONS",
    "PING",
    "PLACE",
    "RECEIVE_WINDOW_MS",
    "ROWS_AT_ONCE",
    "TIME",
    "TRADES",
    "TRADING_FEES",
    "Settings",
    "spell",
    "split",
]

ID = ExchangeId("okx")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

# OKX counts requests, not weights, each endpoint by itself, and has no ping.
TIME = Endpoint(path="/api/v5/public/time", cost={"time": 1})
PING = TIME
EXCHANGE_INFO = Endpoint(path="/api/v5/public/instruments", cost={"instruments": 1})
DEPTH = Endpoint(path="/api/v5/market/books", cost={"books": 1})
FULL_DEPTH = Endpoint(path="/api/v5/market/books-full", cost={"books-full": 1})
TRADES = Endpoint(path="/api/v5/market/trades", cost={"trades": 1})
KLINES = Endpoint(path="/api/v5/market/candles", cost={"candles": 1})
BOOK_TICKER = Endpoint(path="/api/v5/market/tickers", cost={"tickers": 1})

ACCOUNT = Endpoint(path="/api/v5/account/balance", cost={"balance": 1}, signed=True)
PERMISSIONS = Endpoint(path="/api/v5/account/config", cost={"config": 1}, signed=True)
TRADING_FEES = Endpoint(path="/api/v5/account/trade-fee", cost={"trade-fee": 1}, signed=True)
PLACE = Endpoint(method="POST", path="/api/v5/trade/order", cost={"place": 1}, idempotent=False, signed=True)
MODIFY = Endpoint(method="POST", path="/api/v5/trade/amend-order", cost={"amend": 1}, idempotent=False, signed=True)
CANCEL = Endpoint(method="POST", path="/api/v5/trade/cancel-order", cost={"cancel": 1}, signed=True)
CANCEL_ALL = Endpoint(method="POST", path="/api/v5/trade/cancel-batch-orders", cost={"cancel-batch": 20}, signed=True)
ORDER = Endpoint(path="/api/v5/trade/order", cost={"order": 1}, signed=True)
OPEN_ORDERS = Endpoint(path="/api/v5/trade/orders-pending", cost={"pending": 1}, signed=True)
HISTORY = Endpoint(path="/api/v5/trade/orders-history", cost={"history": 1}, signed=True)
FILLS = Endpoint(path="/api/v5/trade/fills", cost={"fills": 1}, signed=True)
FILLS_HISTORY = Endpoint(path="/api/v5/trade/fills-history", cost={"fills-history": 1}, signed=True)
COUNTDOWN = Endpoint(method="POST", path="/api/v5/trade/cancel-all-after", cost={"countdown": 1}, signed=True)

MAX_DEPTH = 400
MAX_TRADES = 500
MAX_KLINES = 300
"""Most levels a side of `DEPTH`, rows of `TRADES` and rows of `KLINES`."""

KEPT_DEPTH = 400
"""Levels a side that the channel `books` follows."""

ROWS_AT_ONCE = 100
"""Most rows of one page of open orders, of ended ones and of fills."""

CANCEL_AT_ONCE = 20
"""Most orders of one `CANCEL_ALL`."""

HISTORY_KEPT_NS = 7 * DAY - MINUTE
FILLS_KEPT_NS = 3 * DAY - MINUTE
FILLS_HISTORY_KEPT_NS = 90 * DAY - MINUTE
"""How far back we ask each list. A minute less than OKX keeps, for its clock is not ours."""

RECEIVE_WINDOW_MS = 5000
"""An order, or a change of one, that arrives later than this is refused (header `expTime`, error 50037): by itself OKX
would take one that is half a minute old."""

COUNTDOWN_LEAST_S = 10
COUNTDOWN_MOST_S = 120
"""The shortest and the longest countdown."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): "limit",
    (OrderType.LIMIT, TimeInForce.IOC): "ioc",
    (OrderType.LIMIT, TimeInForce.FOK): "fok",
    (OrderType.LIMIT, TimeInForce.POST_ONLY): "post_only",
    (OrderType.MARKET, TimeInForce.GTC): "market",
    (OrderType.MARKET, TimeInForce.IOC): "market",
}
"""The contract's type and time in force -> OKX's `ordType`. A market order never rests."""

INTERVALS = {
    "1m": "1m",
    "3m": "3m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "1h": "1H",
    "2h": "2H",
    "4h": "4H",
    "6h": "6Hutc",
    "12h": "12Hutc",
    "1d": "1Dutc",
}
"""The contract's interval -> OKX's. From 6 hours on, those that do not say utc begin by Hong Kong's clock."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of an OKX venue."""

    trade_mode: Literal["cash", "cross"] = "cash"
    """`tdMode` of every order: an account in multi-currency or portfolio margin mode takes spot orders as cross only,
    and may borrow for them."""


def _limit(name: str, limit: int, scope: Literal["ip", "key"], window_ns: int = 2 * SECOND) -> RateLimit:
    return RateLimit(name=name, limit=limit, window_ns=window_ns, scope=scope)


CARD = ExchangeCard(
    id=ID,
    name="OKX",
    contract=CONTRACT,
    docs="https://www.okx.com/docs-v5/en/",
    hosts=Hosts(
        rest="https://www.okx.com",
        ws_public="wss://ws.okx.com:8443/ws/v5/public",
        ws_private="wss://ws.okx.com:8443/ws/v5/private",
        ws_feeds={Feed.KLINES: "wss://ws.okx.com:8443/ws/v5/business"},
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
            Capability.MODIFY_ORDER,
            Capability.CANCEL_ALL,
            Capability.COUNTDOWN_CANCEL,
            Capability.ORDER_HISTORY,
            Capability.ORDERS_STREAM,
            Capability.FILLS_STREAM,
            Capability.BALANCES_STREAM,
        }
    ),
    kline_intervals=tuple(INTERVALS),
    depths=(5,),
    limits=(
        _limit("time", 10, "ip"),
        _limit("instruments", 20, "ip"),
        _limit("books", 40, "ip"),
        _limit("books-full", 10, "ip"),
        _limit("trades", 100, "ip"),
        _limit("candles", 40, "ip"),
        _limit("tickers", 20, "ip"),
        _limit("balance", 10, "key"),
        _limit("config", 5, "key"),
        _limit("trade-fee", 5, "key"),
        # OKX counts each instrument by itself: one budget for all is the safe reading.
        _limit("place", 60, "key"),
        _limit("amend", 60, "key"),
        _limit("cancel", 60, "key"),
        # Counts orders, and a batch may hold 20.
        _limit("cancel-batch", 300, "key"),
        _limit("order", 60, "key"),
        _limit("pending", 60, "key"),
        _limit("history", 40, "key"),
        _limit("fills", 60, "key"),
        _limit("fills-history", 10, "key"),
        _limit("countdown", 1, "key", SECOND),
    ),
    stream=StreamLimits(
        # "Fewer than 30 channels of deep books"; and no more than 480 requests an hour, of which each takes one.
        topics_per_connection=29,
        # Several topics may share a frame, but a refusal does not say which of them it means.
        topics_per_request=1,
        connects=RateLimit(name="connects", limit=3, window_ns=SECOND),
        # OKX closes a connection on which it sent nothing for 30 s.
        ping_every_ns=15 * SECOND,
        quiet_ns=40 * SECOND,
    ),
    fees=FeeSchedule(maker=Decimal("0.0008"), taker=Decimal("0.001")),
    # Letters and digits. The lag: the receive window, and as much again.
    client_ids=ClientIdRule(max_length=32, lookup="always", history_lag_ns=10 * SECOND),
    quirks=(
        "A key has a passphrase of its own, set when it was made.",
        "The checksum of books is 0 since June 2026: the chain of ids alone tells whether a book is right.",
        "A gap in a book is mended by a new subscription, which begins with a snapshot.",
        "Live candles are on a socket of their own, where a candle is told of once a second at most.",
        "A push of trades may gather several matches at one price.",
        "OKX has no least notional, only a least size.",
        "A market order is all or nothing of its size: banAmend forbids OKX to shrink it to the balance.",
        "There is no cancel-all for spot: open orders are listed, then cancelled 20 at a time.",
        "An order that was cancelled without a fill is forgotten after 2 hours.",
        "Order history reaches 7 days back, fills 90 days.",
        "The countdown is 10 to 120 s long, and cancels orders of every symbol.",
        "Balances are those of the trading account; the funding account keeps its money elsewhere.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol OKX's way: upper case, a hyphen between."""
    return Pair(f"{symbol.base}-{symbol.quote}")


def split(pair: Pair) -> Symbol:
    """Spell it back. Raises `InvalidSymbol`."""
    base, _, quote = pair.partition("-")
    if not base or not quote or "-" in quote:
        raise InvalidSymbol(f"expected a pair like BTC-USDT, found {pair!r}", exchange=ID)
    return Symbol(base, quote)
