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
from arb_core.structs.order import OrderType, TimeInForce

__all__ = [
    "ACCOUNT",
    "BOOK_TICKER",
    "CANCEL",
    "CANCEL_ALL",
    "CARD",
    "COUNTDOWN",
    "COUNTDOWN_LEAST_S",
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
    "MAX_DEPTH",
    "MODIFY",
    "NETWORKS",
    "OPEN_AT_ONCE",
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
    "split",
]

ID = ExchangeId("gateio")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

# Gate.io counts requests, not weights, and has no ping.
TIME = Endpoint(path="/api/v4/spot/time", cost={"ip": 1})
PING = TIME
EXCHANGE_INFO = Endpoint(path="/api/v4/spot/currency_pairs", cost={"ip": 1})
DEPTH = Endpoint(path="/api/v4/spot/order_book", cost={"ip": 1})
TRADES = Endpoint(path="/api/v4/spot/trades", cost={"ip": 1})
KLINES = Endpoint(path="/api/v4/spot/candlesticks", cost={"ip": 1})
BOOK_TICKER = Endpoint(path="/api/v4/spot/tickers", cost={"ip": 1})
NETWORKS = Endpoint(path="/api/v4/spot/currencies", cost={"ip": 1})

ACCOUNT = Endpoint(path="/api/v4/spot/accounts", cost={"private": 1}, signed=True)
TRADING_FEES = Endpoint(path="/api/v4/wallet/fee", cost={"private": 1}, signed=True)
PLACE = Endpoint(method="POST", path="/api/v4/spot/orders", cost={"orders": 1}, idempotent=False, signed=True)
MODIFY = Endpoint(method="PATCH", path="/api/v4/spot/orders/{id}", cost={"orders": 1}, idempotent=False, signed=True)
CANCEL = Endpoint(method="DELETE", path="/api/v4/spot/orders/{id}", cost={"cancels": 1}, signed=True)
CANCEL_ALL = Endpoint(method="DELETE", path="/api/v4/spot/orders", cost={"cancels": 1}, signed=True)
ORDER = Endpoint(path="/api/v4/spot/orders/{id}", cost={"private": 1}, signed=True)
OPEN_ORDERS = Endpoint(path="/api/v4/spot/open_orders", cost={"private": 1}, signed=True)
HISTORY = Endpoint(path="/api/v4/spot/orders", cost={"private": 1}, signed=True)
FILLS = Endpoint(path="/api/v4/spot/my_trades", cost={"private": 1}, signed=True)
COUNTDOWN = Endpoint(method="POST", path="/api/v4/spot/countdown_cancel_all", cost={"private": 1}, signed=True)

MAX_DEPTH = 1000
"""Most levels a side that clients ask `DEPTH` for; beyond 100 the answer is cached and may be minutes old."""

OPEN_AT_ONCE = 100
HISTORY_AT_ONCE = 1000
FILLS_AT_ONCE = 1000
"""Most rows of one page of open orders, of ended ones and of `FILLS`."""

HISTORY_KEPT_NS = 30 * DAY - MINUTE
FILLS_KEPT_NS = 30 * DAY - MINUTE
"""How far back we ask; Gate.io says it of fills only. A minute less, for its clock is not ours."""

RECEIVE_WINDOW_MS = 5000
"""An order that arrives later than this is refused: by itself Gate.io would take one that is a minute old."""

COUNTDOWN_LEAST_S = 5
"""The shortest countdown."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): ("limit", "gtc"),
    (OrderType.LIMIT, TimeInForce.IOC): ("limit", "ioc"),
    (OrderType.LIMIT, TimeInForce.FOK): ("limit", "fok"),
    (OrderType.LIMIT, TimeInForce.POST_ONLY): ("limit", "poc"),
    (OrderType.MARKET, TimeInForce.GTC): ("market", "ioc"),
    (OrderType.MARKET, TimeInForce.IOC): ("market", "ioc"),
    (OrderType.MARKET, TimeInForce.FOK): ("market", "fok"),
}
"""The contract's type and time in force -> Gate.io's `type` and `time_in_force`. A market order never rests."""

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
    depths=(5, 10, 20, 50, 100),
    limits=(
        RateLimit(name="ip", limit=200, window_ns=10 * SECOND, per_endpoint=True),
        RateLimit(name="private", limit=200, window_ns=10 * SECOND, scope="key", per_endpoint=True),
        # Placing and changing share it. Gate.io counts each market by itself: one budget for all is the safe reading.
        RateLimit(name="orders", limit=10, window_ns=SECOND, scope="key"),
        RateLimit(name="cancels", limit=200, window_ns=SECOND, scope="key"),
    ),
    usage=(
        UsageHeader(header="X-Gate-RateLimit-Requests-Remain", limit="ip", meaning="remaining"),
        UsageHeader(header="X-Gate-RateLimit-Reset-Timestamp", limit="ip", meaning="reset_ms"),
        UsageHeader(header="X-Gate-RateLimit-Requests-Remain", limit="private", meaning="remaining"),
        UsageHeader(header="X-Gate-RateLimit-Reset-Timestamp", limit="private", meaning="reset_ms"),
        UsageHeader(header="X-Gate-RateLimit-Reset-Timestamp", limit="orders", meaning="reset_ms"),
        UsageHeader(header="X-Gate-RateLimit-Reset-Timestamp", limit="cancels", meaning="reset_ms"),
    ),
    stream=StreamLimits(
        # Several pairs may share a frame on some channels, but one bad pair then refuses them all.
        topics_per_request=1,
        ping_every_ns=15 * SECOND,
        quiet_ns=60 * SECOND,
    ),
    fees=FeeSchedule(maker=Decimal("0.002"), taker=Decimal("0.002")),
    # "t-" and 28 characters; a text finds its order only while that is open. The lag: the receive window, and as much
    # again.
    client_ids=ClientIdRule(prefix="t-", max_length=30, lookup="while_open", history_lag_ns=10 * SECOND),
    asset_networks="public",
    quirks=(
        "A 429 bears no Retry-After: arb waits until the moment that X-Gate-RateLimit-Reset-Timestamp names.",
        "Books show 100 levels a side (20 with speed = 20ms): the channel follows no more.",
        "With book = obu a gap is mended by a new subscription instead of a REST snapshot.",
        "Pre-market pairs have status unknown: what they trade is not the asset itself yet.",
        "Best prices by REST (get_book_tickers) come without sizes.",
        "The fee in the list of pairs is a percentage, and the base rate: your own may be lower.",
        "A market order to buy counts quote (quote_quantity), one to sell counts base.",
        "Our id finds an order only while that is open: afterwards Gate.io's own id and the lists do.",
        "Order history and fills reach 30 days back.",
        "Gate.io does not tell what a key may do: trading and withdrawing are shown as unknown.",
        "The countdown is at least 5 s long, and cancels orders of every symbol.",
        "Balances are those of the spot account; a unified account keeps its money elsewhere.",
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
