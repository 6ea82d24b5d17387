"""The facts of Acme as tables. Entered by every other room here.

Source of all that is not marked otherwise: API.md of this distribution, which stands for https://acme.example/api
"""

from decimal import Decimal

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

ID = ExchangeId("acme")
SECOND = 1_000_000_000

PUBLIC = {"address": 1}
ASK = {"address": 1, "key": 1}
ORDERS = {"address": 1, "orders": 1}

CLOCK = Endpoint(path="/clock", cost=PUBLIC)
MARKETS = Endpoint(path="/markets", cost=PUBLIC)
ASSETS = Endpoint(path="/assets", cost=PUBLIC)
BOOK = Endpoint(path="/book", cost=PUBLIC)
TRADES = Endpoint(path="/trades", cost=PUBLIC)
CANDLES = Endpoint(path="/candles", cost=PUBLIC)
TOPS = Endpoint(path="/tops", cost=PUBLIC)

KEY = Endpoint(path="/key", cost=ASK, signed=True)
BALANCES = Endpoint(path="/balances", cost=ASK, signed=True)
FEES = Endpoint(path="/fees", cost=ASK, signed=True)
PLACE = Endpoint(method="POST", path="/orders", cost=ORDERS, idempotent=False, signed=True)
ORDER = Endpoint(path="/orders/{order}", cost=ASK, signed=True)
TAG = Endpoint(path="/tags/{tag}", cost=ASK, signed=True)
CANCEL = Endpoint(method="DELETE", path="/orders/{order}", cost=ORDERS, signed=True)
CANCEL_TAG = Endpoint(method="DELETE", path="/tags/{tag}", cost=ORDERS, signed=True)
CANCEL_ALL = Endpoint(method="DELETE", path="/orders", cost=ORDERS, signed=True)
CHANGE = Endpoint(method="PATCH", path="/orders/{order}", cost=ORDERS, idempotent=False, signed=True)
OPEN_AND_PAST = Endpoint(path="/orders", cost=ASK, signed=True)
FILLS = Endpoint(path="/fills", cost=ASK, signed=True)
COUNTDOWN = Endpoint(method="POST", path="/countdown", cost=ASK, signed=True)

STEPS = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86_400}
"""The contract's spelling of an interval -> Acme's seconds."""

INTERVALS = {step: interval for interval, step in STEPS.items()}

MOST_LEVELS = 200
MOST_ROWS = 500

KEPT = 100
"""Levels a side that a `book` channel holds."""

CARD = ExchangeCard(
    id=ID,
    name="Acme",
    contract=CONTRACT,
    docs="https://acme.example/api",
    hosts=Hosts(
        rest="https://api.acme.example",
        ws_public="wss://stream.acme.example/public",
        ws_private="wss://stream.acme.example/private",
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
    kline_intervals=tuple(STEPS),
    depths=(5, 20),
    limits=(
        RateLimit(name="address", limit=100, window_ns=2 * SECOND),
        RateLimit(name="key", limit=20, window_ns=SECOND, scope="key"),
        RateLimit(name="orders", limit=30, window_ns=SECOND, scope="key"),
    ),
    usage=(UsageHeader(header="acme-left", limit="address", meaning="remaining"),),
    stream=StreamLimits(
        topics_per_connection=40,
        topics_per_request=20,
        messages_per_second=10,
        ping_every_ns=20 * SECOND,
        lifetime_ns=12 * 3600 * SECOND,
    ),
    fees=FeeSchedule(maker=Decimal("0.0008"), taker=Decimal("0.0012")),
    client_ids=ClientIdRule(prefix="a", max_length=24, lookup="always"),
    asset_networks="public",
    quirks=(
        "Messages are lines of text, not JSON.",
        "Books carry a checksum over the printed numbers of the ten best levels.",
    ),
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol as Acme does: `btc.usdt`."""
    return Pair(f"{symbol.base}.{symbol.quote}".lower())
