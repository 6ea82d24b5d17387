"""The facts of Bitget as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://www.bitget.com/api-doc/spot/intro and https://www.bitget.com/api-doc/common/intro
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
    "HISTORY",
    "ID",
    "INTERVALS",
    "KEPT_NS",
    "KLINES",
    "MAX_DEPTH",
    "MAX_KLINES",
    "MAX_TRADES",
    "NETWORKS",
    "OPEN_ORDERS",
    "ORDER",
    "ORDER_TYPES",
    "PING",
    "PLACE",
    "ROWS_AT_ONCE",
    "TIME",
    "TRADES",
    "TRADING_FEES",
    "Settings",
    "spell",
]

ID = ExchangeId("bitget")

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Every request counts for the address, and each endpoint by itself: public ones by address, signed ones by account.
_PUBLIC_20 = {"ip": 1, "ip_20": 1}
_PUBLIC_10 = {"ip": 1, "ip_10": 1}
_PUBLIC_3 = {"ip": 1, "ip_3": 1}
_SIGNED_20 = {"ip": 1, "key_20": 1}
_SIGNED_10 = {"ip": 1, "key_10": 1}
_SIGNED_5 = {"ip": 1, "key_5": 1}

TIME = Endpoint(path="/api/v2/public/time", cost=_PUBLIC_20)
PING = TIME
EXCHANGE_INFO = Endpoint(path="/api/v2/spot/public/symbols", cost=_PUBLIC_20)
DEPTH = Endpoint(path="/api/v2/spot/market/orderbook", cost=_PUBLIC_20)
TRADES = Endpoint(path="/api/v2/spot/market/fills", cost=_PUBLIC_10)
KLINES = Endpoint(path="/api/v2/spot/market/candles", cost=_PUBLIC_20)
BOOK_TICKER = Endpoint(path="/api/v2/spot/market/tickers", cost=_PUBLIC_20)
NETWORKS = Endpoint(path="/api/v2/spot/public/coins", cost=_PUBLIC_3)

ACCOUNT = Endpoint(path="/api/v2/spot/account/assets", cost=_SIGNED_10, signed=True)
TRADING_FEES = Endpoint(path="/api/v2/common/trade-rate", cost=_SIGNED_10, signed=True)
PLACE = Endpoint(method="POST", path="/api/v2/spot/trade/place-order", cost=_SIGNED_10, idempotent=False, signed=True)
CANCEL = Endpoint(method="POST", path="/api/v2/spot/trade/cancel-order", cost=_SIGNED_10, signed=True)
CANCEL_ALL = Endpoint(method="POST", path="/api/v2/spot/trade/cancel-symbol-order", cost=_SIGNED_5, signed=True)
ORDER = Endpoint(path="/api/v2/spot/trade/orderInfo", cost=_SIGNED_20, signed=True)
OPEN_ORDERS = Endpoint(path="/api/v2/spot/trade/unfilled-orders", cost=_SIGNED_20, signed=True)
HISTORY = Endpoint(path="/api/v2/spot/trade/history-orders", cost=_SIGNED_20, signed=True)
FILLS = Endpoint(path="/api/v2/spot/trade/fills", cost=_SIGNED_10, signed=True)

MAX_DEPTH = 150
MAX_TRADES = 500
MAX_KLINES = 1000
"""Most levels a side, trades and candles of one answer."""

ROWS_AT_ONCE = 100
"""Most rows of one page of orders or fills."""

KEPT_NS = 90 * DAY - MINUTE
"""How far back orders and fills are shown. A minute less, for Bitget's clock is not ours."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): ("limit", "gtc"),
    (OrderType.LIMIT, TimeInForce.IOC): ("limit", "ioc"),
    (OrderType.LIMIT, TimeInForce.FOK): ("limit", "fok"),
    (OrderType.LIMIT, TimeInForce.POST_ONLY): ("limit", "post_only"),
    (OrderType.MARKET, TimeInForce.GTC): ("market", None),
    (OrderType.MARKET, TimeInForce.IOC): ("market", None),
}
"""The contract's type and time in force -> Bitget's `orderType` and `force`. A market order never rests."""

INTERVALS = {
    "1m": ("1min", "1m"),
    "3m": ("3min", "3m"),
    "5m": ("5min", "5m"),
    "15m": ("15min", "15m"),
    "30m": ("30min", "30m"),
    "1h": ("1h", "1H"),
    "4h": ("4h", "4H"),
    "6h": ("6Hutc", "6Hutc"),
    "12h": ("12Hutc", "12Hutc"),
    "1d": ("1Dutc", "1Dutc"),
    "3d": ("3Dutc", "3Dutc"),
    "1w": ("1Wutc", "1Wutc"),
    "1M": ("1Mutc", "1Mutc"),
}
"""The contract's interval -> Bitget's by request and on the socket. Long ones begin at midnight of UTC+8 otherwise."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of a Bitget venue."""

    book: Literal["chain", "checksum"] = "chain"
    """How messages of a book prove that none was lost: `chain`, by the number of the one before (`pseq`), as the live
    feed was seen to do in 2026; `checksum`, by the sum that Bitget documents. A feed of the other form is refused."""


CARD = ExchangeCard(
    id=ID,
    name="Bitget",
    contract=CONTRACT,
    docs="https://www.bitget.com/api-doc/spot/intro",
    hosts=Hosts(
        rest="https://api.bitget.com",
        ws_public="wss://ws.bitget.com/v2/ws/public",
        ws_private="wss://ws.bitget.com/v2/ws/private",
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
        }
    ),
    # The channel `account` tells free and locked after a fill, a deposit or a withdrawal. Whether it does when an order
    # locks money or gives it back, nobody says: until it is known, what was told last may be no more what there is.
    unknown=frozenset({Capability.BALANCES_STREAM}),
    kline_intervals=tuple(INTERVALS),
    depths=(5, 15),
    limits=(
        RateLimit(name="ip", limit=6000, window_ns=MINUTE),
        RateLimit(name="ip_20", limit=20, window_ns=SECOND, per_endpoint=True),
        RateLimit(name="ip_10", limit=10, window_ns=SECOND, per_endpoint=True),
        RateLimit(name="ip_3", limit=3, window_ns=SECOND, per_endpoint=True),
        RateLimit(name="key_20", limit=20, window_ns=SECOND, scope="key", per_endpoint=True),
        RateLimit(name="key_10", limit=10, window_ns=SECOND, scope="key", per_endpoint=True),
        RateLimit(name="key_5", limit=5, window_ns=SECOND, scope="key", per_endpoint=True),
    ),
    stream=StreamLimits(
        # 1000 are allowed, fewer than 50 advised.
        topics_per_connection=48,
        # The text of a subscription may have 4096 bytes, about 75 for each channel.
        topics_per_request=24,
        messages_per_second=10,
        connects=RateLimit(name="connects", limit=300, window_ns=300 * SECOND),
        ping_every_ns=30 * SECOND,
        quiet_ns=75 * SECOND,
        lifetime_ns=24 * HOUR,
    ),
    fees=FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.001")),
    # A request is good for 30 s. The lag is a guess, for nothing is documented.
    client_ids=ClientIdRule(max_length=50, lookup="always", receive_window_ns=30 * SECOND, history_lag_ns=10 * SECOND),
    asset_networks="public",
    quirks=(
        "Books are documented with a checksum, and were seen in 2026 with the number of the message before instead.",
        "The setting book says which form to expect: a book of the other one never becomes LIVE.",
        "A checksum covers 25 levels, and deeper ones go unproved: with book = checksum, 25 a side are shown.",
        "REST books bear no number and stop at 150 levels: the socket's own snapshot begins each book.",
        "A gap is mended by a new subscription, of which a connection has 240 an hour.",
        "A 429 bears no Retry-After, and an address that goes on may be shut out for some minutes.",
        "The least value of an order is published in USDT: for symbols in other money it is not known.",
        "The fee in the list of symbols is the base rate: your own may be lower.",
        "A market order to buy counts quote (quote_quantity), one to sell counts base.",
        "The answer to an order is its id alone: what became of it, the stream or a query tells.",
        "Order history and fills reach 90 days back.",
        "Balances are not followed: they are pushed after fills, but perhaps not when an order is placed or cancelled.",
        "Cancelling all orders of a symbol is asynchronous: the answer comes before they are gone.",
        "Bitget does not tell what a key may do: trading and withdrawing are shown as unknown.",
        "Balances are those of the classic spot account; a unified account has another API.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol Bitget's way: upper case, no separator. It cannot be split again without the instrument list."""
    return Pair(symbol.base + symbol.quote)
