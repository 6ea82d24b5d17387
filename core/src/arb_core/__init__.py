"""arb: real-time arbitrage between centralised exchanges; this is the contract, the runtime and the engine.

The map, in the order of the layers: `structs` and `errors` are the words, `interfaces` the contract, `runtime` does
I/O, `hookspecs` and `registry` find plugins, `engine` and `strategies` decide, `venue` opens one exchange for library
use, `capture` records and replays, `cli` is the `arb` command.

Importing this package loads none of aiohttp, rich or pluggy: names are fetched when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arb_core.errors import ArbError
    from arb_core.hookspecs import hookimpl
    from arb_core.structs.account import Balance, Credentials
    from arb_core.structs.market import Instrument, Kline, Quote, Side, Symbol, Trade
    from arb_core.structs.order import Order, OrderRequest, OrderType, TimeInForce
    from arb_core.venue import Venue, open_exchange

__all__ = [
    "ArbError",
    "Balance",
    "Credentials",
    "Instrument",
    "Kline",
    "Order",
    "OrderRequest",
    "OrderType",
    "Quote",
    "Side",
    "Symbol",
    "TimeInForce",
    "Trade",
    "Venue",
    "hookimpl",
    "open_exchange",
]

_HOME = {
    "ArbError": "errors",
    "Balance": "structs.account",
    "Credentials": "structs.account",
    "Instrument": "structs.market",
    "Kline": "structs.market",
    "Order": "structs.order",
    "OrderRequest": "structs.order",
    "OrderType": "structs.order",
    "Quote": "structs.market",
    "Side": "structs.market",
    "Symbol": "structs.market",
    "TimeInForce": "structs.order",
    "Trade": "structs.market",
    "Venue": "venue",
    "hookimpl": "hookspecs",
    "open_exchange": "venue",
}


def __getattr__(name: str) -> object:
    """Fetch a public name from its room on first use, and keep it."""
    home = _HOME.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
