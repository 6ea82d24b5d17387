"""What is traded in a simulated world: rough prices, and the chains that assets travel on.

Entered by the world alone. Prices are about those of 2026 and only a place to start; contract addresses are made up
from the name, equal on every venue unless a quirk says otherwise.
"""

from hashlib import sha256
from typing import NamedTuple

from arb_sim.kernel.market import Network

__all__ = ["DEFAULT_SYMBOLS", "MONEY", "Asset", "asset"]

MONEY = frozenset({"USDT", "USDC", "USD", "FDUSD", "EUR"})
"""Quotes in which a minimum notional is a handful of units."""


class Asset(NamedTuple):
    """What the world knows of an asset."""

    name: str
    usd: float
    networks: tuple[Network, ...]


_COINS = {
    "BTC": 91_250.0,
    "ETH": 3_120.0,
    "SOL": 142.0,
    "XRP": 2.21,
    "ADA": 0.4825,
    "DOGE": 0.1634,
    "LTC": 88.4,
    "AVAX": 14.72,
    "DOT": 2.63,
    "TRX": 0.2781,
    "BCH": 495.0,
    "XLM": 0.2512,
    "NEAR": 2.18,
    "ATOM": 2.71,
    "BNB": 861.0,
    "TON": 1.62,
    "SUI": 1.58,
    "APT": 2.74,
}
"""Coins of their own chains, in USD."""

_TOKENS = {
    "LINK": 13.4,
    "UNI": 6.31,
    "AAVE": 173.0,
    "MKR": 1_440.0,
    "CRV": 0.4412,
    "LDO": 0.7731,
    "SHIB": 0.00000853,
    "PEPE": 0.00000461,
    "MX": 2.21,
    "GT": 10.9,
    "ONDO": 0.5402,
    "ARB": 0.2213,
    "USDT": 1.0,
    "USDC": 1.0,
    "FDUSD": 1.0,
    "USD": 1.0,
    "EUR": 1.15,
}
"""Tokens on Ethereum, in USD."""

DEFAULT_SYMBOLS = (
    *("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "DOGE/USDT", "LINK/USDT", "LTC/USDT", "PEPE/USDT"),
    *("ETH/BTC", "SOL/BTC"),
)


def asset(name: str) -> Asset:
    """Return what is known of an asset; one nobody has heard of gets a price and a contract from its name."""
    if name in _COINS:
        return Asset(name, _COINS[name], (Network(name=name),))
    digest = sha256(f"contract of {name}".encode()).hexdigest()
    usd = _TOKENS.get(name)
    if usd is None:
        usd = round(10 ** (int(digest[-4:], 16) / 0x10000 * 5 - 2), 6)
    return Asset(name, usd, (Network(name="ETH", contract=f"0x{digest[:40]}"),))
