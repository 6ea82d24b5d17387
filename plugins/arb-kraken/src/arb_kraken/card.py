"""The facts of Kraken as tables: hosts, endpoints, limits, fees, names. Entered by every other room here.

Source, where no other is named: https://docs.kraken.com/api/ (REST and the second version of the socket); [S] marks
what only users and other clients say.
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
from arb_core.structs.market import Asset, ExchangeId, Pair, Symbol
from arb_core.structs.order import OrderType, TimeInForce

__all__ = [
    "ACCOUNT",
    "BOOK_TICKER",
    "CANCEL",
    "CARD",
    "CHECKED_DEPTH",
    "COUNTDOWN",
    "DEPTH",
    "EXCHANGE_INFO",
    "FILLS",
    "HISTORY",
    "ID",
    "INTERVALS",
    "KEY_INFO",
    "KLINES",
    "MAX_DEPTH",
    "MAX_TRADES",
    "OPEN_ORDERS",
    "ORDER",
    "ORDER_TYPES",
    "PAGE",
    "PING",
    "PLACE",
    "RECEIVE_WINDOW_MS",
    "TIME",
    "TOKEN",
    "TRADES",
    "TRADING_FEES",
    "Settings",
    "asset",
    "rest_name",
    "rest_names",
    "spell",
    "split",
    "split_rest",
]

ID = ExchangeId("kraken")

SECOND = 1_000_000_000

# Answers to all of these are HTTP 200: what is wrong stands in the body.
TIME = Endpoint(path="/0/public/Time", cost={"ip": 1})
PING = Endpoint(path="/0/public/SystemStatus", cost={"ip": 1})
EXCHANGE_INFO = Endpoint(path="/0/public/AssetPairs", cost={"ip": 1})
DEPTH = Endpoint(path="/0/public/Depth", cost={"ip": 1})
TRADES = Endpoint(path="/0/public/Trades", cost={"ip": 1})
KLINES = Endpoint(path="/0/public/OHLC", cost={"ip": 1})
BOOK_TICKER = Endpoint(path="/0/public/Ticker", cost={"ip": 1})

ACCOUNT = Endpoint(method="POST", path="/0/private/BalanceEx", cost={"private": 1}, signed=True)
TRADING_FEES = Endpoint(method="POST", path="/0/private/TradeVolume", cost={"private": 1}, signed=True)
KEY_INFO = Endpoint(method="POST", path="/0/private/GetApiKeyInfo", cost={"private": 1}, signed=True)
TOKEN = Endpoint(method="POST", path="/0/private/GetWebSocketsToken", cost={"private": 1}, signed=True)
PLACE = Endpoint(method="POST", path="/0/private/AddOrder", cost={"engine": 1}, idempotent=False, signed=True)
# What cancelling costs falls with the order's age: 8 for one that is younger than 5 s, nothing after 5 minutes.
CANCEL = Endpoint(method="POST", path="/0/private/CancelOrder", cost={"engine": 8}, signed=True)
ORDER = Endpoint(method="POST", path="/0/private/QueryOrders", cost={"private": 1}, signed=True)
OPEN_ORDERS = Endpoint(method="POST", path="/0/private/OpenOrders", cost={"private": 1}, signed=True)
HISTORY = Endpoint(method="POST", path="/0/private/ClosedOrders", cost={"private": 2}, signed=True)
FILLS = Endpoint(method="POST", path="/0/private/TradesHistory", cost={"private": 2}, signed=True)
COUNTDOWN = Endpoint(method="POST", path="/0/private/CancelAllOrdersAfter", cost={"private": 1}, signed=True)

MAX_DEPTH = 500
MAX_TRADES = 1000
"""Most levels a side of `DEPTH` and rows of `TRADES`."""

PAGE = 50
"""Rows of one page of `HISTORY` and of `FILLS`."""

RECEIVE_WINDOW_MS = 5000
"""An order that the engine gets to see later than this is refused (`deadline`): by itself Kraken would take it."""

CHECKED_DEPTH = 10
"""Levels a side that a book's checksum covers, whatever depth is followed."""

ORDER_TYPES = {
    (OrderType.LIMIT, TimeInForce.GTC): ("limit", "GTC", False),
    (OrderType.LIMIT, TimeInForce.IOC): ("limit", "IOC", False),
    (OrderType.LIMIT, TimeInForce.FOK): ("limit", "FOK", False),
    (OrderType.LIMIT, TimeInForce.POST_ONLY): ("limit", "GTC", True),
    (OrderType.MARKET, TimeInForce.GTC): ("market", None, False),
    (OrderType.MARKET, TimeInForce.IOC): ("market", None, False),
}
"""The contract's type and time in force -> Kraken's `ordertype`, `timeinforce` and whether the flag `post` is set.

FOK exists since May 2026, for limit orders. A market order bears no time in force."""

INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
"""The contract's interval -> Kraken's minutes. 10080 and 21600 are not weeks and months of a calendar."""

_USUAL = {"XBT": "BTC", "XDG": "DOGE"}
"""What REST calls by a ticker of its own -> what everybody and the socket call it."""

_REST = {usual: own for own, usual in _USUAL.items()}

_COINS = ("ETC", "ETH", "ICN", "LTC", "MLN", "NMC", "REP", "XBT", "XDG", "XLM", "XMR", "XRP", "XVN", "ZEC")
_MONEY = ("AUD", "CAD", "EUR", "GBP", "JPY", "KRW", "USD")
_PREFIXES = {**dict.fromkeys(_COINS, "X"), **dict.fromkeys(_MONEY, "Z")}
"""The oldest assets have a letter before their name: XXBT, ZUSD."""

_QUOTES = ("USDT", "USDC", "USDG", "PYUSD", "DAI", "CHF", "AED", *_MONEY, "XBT", "ETH", "DOT", "SOL", "XDG", "BTC")
"""What is paid with: by them a name is parted that stands in no list of instruments. Longer ones first where two end
alike."""


class Settings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME]` of a Kraken venue."""

    depth: Literal[10, 25, 100, 500, 1000] = 10
    """Levels a side that a book follows; the best 10 are shown, which its checksum covers."""


CARD = ExchangeCard(
    id=ID,
    name="Kraken",
    contract=CONTRACT,
    docs="https://docs.kraken.com/api/",
    hosts=Hosts(
        rest="https://api.kraken.com",
        ws_public="wss://ws.kraken.com/v2",
        ws_private="wss://ws-auth.kraken.com/v2",
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
            Capability.COUNTDOWN_CANCEL,
            Capability.ORDER_HISTORY,
            Capability.ORDERS_STREAM,
            Capability.FILLS_STREAM,
        }
    ),
    kline_intervals=tuple(INTERVALS),
    limits=(
        # About one request a second by address; for trades and candles by pair as well, which is more.
        RateLimit(name="ip", limit=1, window_ns=SECOND),
        # Counters that run down with time: 20 and 0.5 a second, 125 and 2.34 a second, those of the tier Intermediate.
        # Here as windows of half their height, two of which in a row are never more; so that none has to wait long. The
        # engine counts each pair by itself.
        RateLimit(name="private", limit=10, window_ns=20 * SECOND, scope="key"),
        RateLimit(name="engine", limit=62, window_ns=27 * SECOND, scope="key"),
    ),
    stream=StreamLimits(
        # A request may name several symbols, and each is answered by itself.
        topics_per_request=1,
        # [S] about 150 attempts in ten minutes, by address.
        connects=RateLimit(name="connects", limit=150, window_ns=600 * SECOND),
        # [S] a connection on which nothing is said is closed after a minute.
        ping_every_ns=20 * SECOND,
        # Heartbeats come every second while something is subscribed.
        quiet_ns=30 * SECOND,
    ),
    fees=FeeSchedule(maker=Decimal("0.0025"), taker=Decimal("0.004")),
    # Free text of 18 characters. Nothing asks for an order by it, but every list shows it. The lag: the receive window,
    # and as much again.
    client_ids=ClientIdRule(max_length=18, lookup="while_open", history_lag_ns=10 * SECOND),
    quirks=(
        "Give arb a key of its own: each request needs a higher nonce than the last, which other programs would spoil.",
        "Set the key's nonce window to some seconds: requests that are sent at once may arrive in another order.",
        "REST knows BTC as XBT and DOGE as XDG and puts a letter before old assets: XXBTZUSD is BTC/USD.",
        "Balances in earn programmes (USD.M, ETH2.S) are shown under those names: they cannot be traded.",
        "Our id finds an order only while that is open: afterwards Kraken's own id and the lists do.",
        "A checksum covers ten levels, and nothing else tells of a loss: of those followed, ten a side are shown.",
        "A balance is not streamed: Kraken's channel does not say what orders hold.",
        "Limits are counted as for an account of the tier Intermediate.",
        "The countdown cancels orders of every symbol.",
        "An order that Kraken's engine gets to see after 5 seconds is refused.",
        "Fees are paid in quote.",
        "By REST Kraken rounds sizes to three decimals: best prices come without sizes, and streamed books are exact.",
        "The addresses of token contracts are not published.",
    ),
    settings=Settings,
)


def spell(symbol: Symbol) -> Pair:
    """Spell a symbol as the socket does: usual tickers, a slash between."""
    return Pair(f"{symbol.base}/{symbol.quote}")


def split(pair: Pair) -> Symbol:
    """Spell it back. Raises `InvalidSymbol`."""
    base, _, quote = pair.partition("/")
    if not base or not quote or "/" in quote:
        raise InvalidSymbol(f"expected a pair like BTC/USD, found {pair!r}", exchange=ID)
    return Symbol(base, quote)


def asset(name: str) -> Asset:
    """Name an asset as everybody does: XXBT is BTC, ZUSD is USD. What it is part of (ETH2.S, USD.M) stays."""
    if name[1:] in _PREFIXES and name[0] == _PREFIXES[name[1:]]:
        name = name[1:]
    return Asset(_USUAL.get(name, name))


def rest_name(symbol: Symbol) -> str:
    """Name a pair as requests do: XBTUSD."""
    return _REST.get(symbol.base, symbol.base) + _REST.get(symbol.quote, symbol.quote)


def rest_names(symbol: Symbol) -> set[str]:
    """Return all names that answers may call a pair by: the short one, and with letters before what is old."""
    bases, quotes = ({name, _PREFIXES.get(name, "") + name} for name in map(_rest_asset, (symbol.base, symbol.quote)))
    return {base + quote for base in bases for quote in quotes}


def split_rest(name: str) -> Symbol:
    """Part a name of REST by the quotes that there are. Raises `InvalidSymbol` where none fits."""
    for quote in _QUOTES:
        old = name.removesuffix(_PREFIXES.get(quote, "") + quote)
        # The Z of XTZEUR is the base's own: before a quote with its letter stands a base with its own, or USDT.
        if old != name and (asset(old) != old or old == "USDT"):
            return Symbol(asset(old), asset(quote))
        base = name.removesuffix(quote)
        if base and base != name:
            return Symbol(asset(base), asset(quote))
    raise InvalidSymbol(f"expected a pair like XXBTZUSD or XBTUSD, found {name!r}", exchange=ID)


def _rest_asset(usual: str) -> str:
    return _REST.get(usual, usual)
