"""What Acme says of its markets, line by line."""

from collections.abc import Iterable

from arb_sim.kernel.candles import Candle, Interval
from arb_sim.kernel.market import Market, Network, Print, Status
from arb_sim.kernel.money import printed
from arb_sim.kernel.rules import quote_amount

from arb_acme.sim.speech import line

__all__ = ["STEPS", "candle_line", "market_line", "network_lines", "top_line", "trade_line"]

US = 1_000
SECOND = 1_000_000_000

STEPS = {str(seconds): Interval(seconds * SECOND) for seconds in (60, 300, 3600, 86_400)}

SIDES = {True: "buy", False: "sell"}
YES = {True: "yes", False: "no"}


def market_line(market: Market) -> str:
    """`market`."""
    listing = market.listing
    return line(
        "market",
        name=market.pair,
        state="open" if market.status is Status.TRADING else "paused",
        price_step=f"{listing.tick:f}",
        size_step=f"{listing.lot:f}",
        size_min=market.spelling.size(listing.min_size),
        value_min=f"{listing.min_notional:f}",
        maker=f"{listing.maker_fee:f}",
        taker=f"{listing.taker_fee:f}",
    )


def network_lines(asset: str, networks: Iterable[Network]) -> list[str]:
    """`network` of one asset."""
    return [
        line(
            "network",
            asset=asset.lower(),
            chain=network.name,
            contract=network.contract or None,
            deposits=YES[network.deposits],
            withdrawals=YES[network.withdrawals],
        )
        for network in networks
    ]


def trade_line(market: Market, trade: Print) -> str:
    """`trade`."""
    price, size = market.spelling.level(trade.price, trade.size)
    taker = SIDES[trade.taker_buys]
    return line("trade", market=market.pair, id=trade.number, price=price, size=size, taker=taker, at=trade.at_ns // US)


def candle_line(market: Market, step: str, candle: Candle) -> str:
    """`candle`."""
    price, size = market.spelling.price, market.spelling.size
    return line(
        "candle",
        market=market.pair,
        step=step,
        from_=candle.start_ns // US,
        open=price(candle.open),
        high=price(candle.high),
        low=price(candle.low),
        close=price(candle.close),
        size=size(candle.volume),
        value=printed(quote_amount(market, candle.quote_volume)),
    )


def top_line(market: Market, bids: list[tuple[int, int]], asks: list[tuple[int, int]], at_ns: int | None) -> str:
    """`top`, with the time where a stream says it."""
    values: dict[str, object] = {"market": market.pair}
    for side, levels in (("bid", bids), ("ask", asks)):
        price, size = market.spelling.level(*levels[0]) if levels else (None, None)
        values |= {side: price, f"{side}_size": size}
    return line("top", **values, **({} if at_ns is None else {"at": at_ns // US}))
