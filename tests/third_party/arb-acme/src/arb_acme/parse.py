"""From Acme's lines to `arb_core.structs`. Pure; entered by `public`, `private` and both streams.

Units are converted here, nowhere else: microseconds, lower case, `yes` and `no`.
"""

from decimal import Decimal
from math import nan
from typing import TypeVar

import msgspec
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.book import BookSnapshot, Level, PrintedLevel
from arb_core.structs.market import (
    Asset,
    AssetNetwork,
    Instrument,
    Kline,
    Pair,
    Quote,
    Side,
    Symbol,
    Trade,
    TradingStatus,
)
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderAck,
    OrderId,
    OrderStatus,
    OrderType,
    TimeInForce,
)

from arb_acme import card, text, wire

US = 1_000

STATES = {"open": TradingStatus.TRADING, "paused": TradingStatus.HALTED}
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
KINDS = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
LIVES = {
    "stay": TimeInForce.GTC,
    "now": TimeInForce.IOC,
    "all": TimeInForce.FOK,
    "maker": TimeInForce.POST_ONLY,
}
ROLES = {"maker": LiquidityRole.MAKER, "taker": LiquidityRole.TAKER}
YES = {"yes": True, "no": False}

T = TypeVar("T")


def split(pair: str) -> Symbol:
    """Spell a market everybody's way. Raises ValueError for a name without a dot."""
    base, dot, quote = pair.partition(".")
    if not (base and dot and quote):
        raise ValueError(f"expected a market like btc.usdt, found {pair!r}")
    return Symbol(base.upper(), quote.upper())


def numbers(printed: list[PrintedLevel]) -> list[Level]:
    """Return levels as numbers. Raises msgspec.ValidationError for what is none."""
    return msgspec.convert(printed, wire.Levels, strict=False)


def side(word: str) -> Side:
    """Return a side, UNKNOWN for a word that is none of the documented ones."""
    return SIDES.get(word, Side.UNKNOWN)


def only(found: list[T]) -> T:
    """Return the one line of an answer that has one. Raises ValueError for none or several."""
    if len(found) != 1:
        raise ValueError(f"expected one line, found {len(found)}")
    return found[0]


# Public


def server_time(body: bytes) -> int:
    """Return nanoseconds since the epoch."""
    return only(text.rows(body, "clock", wire.Clock)).at * US


def instruments(body: bytes) -> dict[Symbol, Instrument]:
    """Return every market, also those that do not trade now."""
    return {split(row.name): _instrument(row) for row in text.rows(body, "market", wire.Market)}


def _instrument(row: wire.Market) -> Instrument:
    return Instrument(
        symbol=split(row.name),
        pair=Pair(row.name),
        status=STATES.get(row.state, TradingStatus.UNKNOWN),
        tick=Decimal(row.price_step),
        lot=Decimal(row.size_step),
        min_quantity=Decimal(row.size_min),
        min_notional=Decimal(row.value_min),
        maker_fee=Decimal(row.maker),
        taker_fee=Decimal(row.taker),
    )


def networks(body: bytes) -> dict[Asset, list[AssetNetwork]]:
    """Return the chains of every asset."""
    found: dict[Asset, list[AssetNetwork]] = {}
    for row in text.rows(body, "network", wire.Network):
        asset = Asset(row.asset.upper())
        found.setdefault(asset, []).append(
            AssetNetwork(
                asset=asset,
                network=row.chain,
                deposit_open=YES.get(row.deposits or ""),
                withdraw_open=YES.get(row.withdrawals or ""),
                contract=row.contract,
            )
        )
    return found


def orderbook(body: bytes, symbol: Symbol, depth: int) -> BookSnapshot:
    """Return a book that was asked for with `depth` levels a side."""
    lines = text.read(body)
    book = only(
        [msgspec.convert(text.named(words), wire.Shown, strict=False) for first, words in lines if first == "whole"]
    )
    return BookSnapshot(
        symbol=symbol,
        bids=numbers(text.levels(lines, "bid")),
        asks=numbers(text.levels(lines, "ask")),
        exchange_ns=book.at * US,
        depth=depth,
    )


def trades(body: bytes, symbol: Symbol) -> list[Trade]:
    """Return trades, oldest first."""
    return [
        Trade(
            symbol=symbol,
            price=row.price,
            size=row.size,
            taker=side(row.taker),
            exchange_ns=row.at * US,
            trade_id=row.id,
        )
        for row in text.rows(body, "trade", wire.Trade)
    ]


def candles(body: bytes, symbol: Symbol, interval: str) -> list[Kline]:
    """Return candles, oldest first. Acme does not say which are finished."""
    return [
        Kline(
            symbol=symbol,
            interval=interval,
            open_ns=row.opens * US,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.size,
            quote_volume=row.value,
        )
        for row in text.rows(body, "candle", wire.Candle)
    ]


def tops(body: bytes) -> dict[Symbol, Quote]:
    """Return best bid and ask of every market."""
    return {split(row.market): Quote(*sides(row)) for row in text.rows(body, "top", wire.Top)}


def sides(row: wire.Top) -> tuple[float, float, float, float]:
    """Return bid, its size, ask and its size; NaN where a side is empty."""
    bid, bid_size, ask, ask_size = (
        nan if number is None else number for number in (row.bid, row.bid_size, row.ask, row.ask_size)
    )
    return bid, bid_size, ask, ask_size


# Signed


def permissions(body: bytes) -> KeyPermissions:
    """Return what the key may do."""
    key = only(text.rows(body, "key", wire.Key))
    return KeyPermissions(read=YES.get(key.read), trade=YES.get(key.trade), withdraw=YES.get(key.withdraw))


def balance(row: wire.Balance) -> Balance:
    """Return what there is of one asset."""
    return Balance(
        asset=Asset(row.asset.upper()),
        free=Decimal(row.free),
        locked=Decimal(row.held),
        exchange_ns=None if row.at is None else row.at * US,
    )


def balances(body: bytes) -> dict[Asset, Balance]:
    """Return every asset."""
    found = map(balance, text.rows(body, "balance", wire.Balance))
    return {one.asset: one for one in found}


def fees(body: bytes) -> TradingFees:
    """Return fractions."""
    row = only(text.rows(body, "fees", wire.Fees))
    return TradingFees(maker=Decimal(row.maker), taker=Decimal(row.taker))


def order(row: wire.Order) -> Order:
    """Return an order as the contract shows it."""
    done = Decimal(row.done)
    open_as = OrderStatus.PARTIALLY_FILLED if done else OrderStatus.OPEN
    states = {"open": open_as, "full": OrderStatus.FILLED, "gone": OrderStatus.CANCELED}
    return Order(
        pair=Pair(row.market),
        order_id=OrderId(row.id),
        client_order_id=_ours(row.tag),
        side=side(row.side),
        type=KINDS.get(row.kind, OrderType.UNKNOWN),
        time_in_force=TimeInForce.UNKNOWN if row.life is None else LIVES.get(row.life, TimeInForce.UNKNOWN),
        status=states.get(row.state, OrderStatus.UNKNOWN),
        price=_money(row.price),
        quantity=_money(row.size),
        filled=done,
        filled_quote=Decimal(row.paid),
        created_ns=row.made * US,
        updated_ns=row.at * US,
    )


def one_order(body: bytes) -> Order:
    """Return the order of an answer that has one."""
    return order(only(text.rows(body, "order", wire.Order)))


def orders(body: bytes) -> list[Order]:
    """Return orders, oldest first."""
    return [order(row) for row in text.rows(body, "order", wire.Order)]


def order_ack(body: bytes) -> OrderAck:
    """Return what the answer to a new order says of it."""
    placed = one_order(body)
    return OrderAck(order_id=placed.order_id, status=placed.status, filled=placed.filled)


def fill(row: wire.Fill) -> Fill:
    """Return an execution as the contract shows it."""
    return Fill(
        pair=Pair(row.market),
        trade_id=row.id,
        order_id=OrderId(row.order),
        client_order_id=_ours(row.tag),
        side=side(row.side),
        price=Decimal(row.price),
        quantity=Decimal(row.size),
        fee=_money(row.fee),
        fee_asset=Asset(row.fee_asset.upper()),
        role=ROLES.get(row.role, LiquidityRole.UNKNOWN),
        exchange_ns=row.at * US,
    )


def fills(body: bytes) -> list[Fill]:
    """Return executions, oldest first."""
    return [fill(row) for row in text.rows(body, "fill", wire.Fill)]


def nothing(body: bytes) -> None:
    """Take an answer whose arrival says it all; it must be one of Acme's."""
    text.read(body)


def _ours(tag: str | None) -> ClientOrderId | None:
    """Strip the prefix of a tag that is ours; of another's order the tag is none of our ids."""
    prefix = card.CARD.client_ids.prefix
    return ClientOrderId(tag.removeprefix(prefix)) if tag is not None and tag.startswith(prefix) else None


def _money(printed: str | None) -> Decimal | None:
    return Decimal(printed) if printed else None
