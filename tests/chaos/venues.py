"""On which venues a run is played. Entered by both suites, in memory and over sockets."""

from random import Random

__all__ = ["TICKETED", "VENUES", "drawn"]

VENUES = ("mexc", "gateio", "binance", "okx", "bybit", "kucoin", "kraken", "bitget")
TICKETED = frozenset({"mexc", "kucoin", "kraken"})
"""Whose private sockets stand on a token."""


def drawn(number: int) -> tuple[str, ...]:
    """Return two or three venues: of eight numbers in a row each venue is the first of one."""
    random = Random(f"venues:{number}")
    first = VENUES[number % len(VENUES)]
    others = [venue for venue in VENUES if venue != first]
    return first, *random.sample(others, random.choice((1, 1, 2)))
