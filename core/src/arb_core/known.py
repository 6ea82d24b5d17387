"""First-party plugins: the only ones for which an answer may name a pip line.

Advising a user to install a stranger's package is how keys get stolen, so any other name is answered with near matches
and the documentation. A test compares this table with the workspace.
"""

__all__ = ["COMMANDS", "DISTRIBUTIONS", "FAMILIES"]

FAMILIES: dict[str, dict[str, str]] = {
    "exchange": {
        "binance": "arb-binance",
        "bitget": "arb-bitget",
        "bybit": "arb-bybit",
        "gateio": "arb-gateio",
        "kraken": "arb-kraken",
        "kucoin": "arb-kucoin",
        "mexc": "arb-mexc",
        "okx": "arb-okx",
    },
    "observer": {
        "prometheus": "arb-prometheus",
    },
    "strategy": {
        "triangular": "arb-triangular",
    },
}
"""Family -> entry-point id -> distribution."""

DISTRIBUTIONS = {name: distribution for plugins in FAMILIES.values() for name, distribution in plugins.items()}
"""Entry-point id -> distribution."""

COMMANDS = {
    "compliance": "arb-compliance",
    "demo": "arb-sim",
    "plugin": "arb-compliance",
    "sim": "arb-sim",
}
"""Command -> the distribution that adds it."""
