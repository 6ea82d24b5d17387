"""The hooks: what `arb` asks this distribution at start. Named by the entry point `binance`."""

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.structs.card import ExchangeCard

from arb_binance.card import CARD
from arb_binance.public import Public
from arb_binance.stream import PublicStream

__all__ = ["arb_exchange_card", "arb_public_exchange", "arb_public_stream"]


@hookimpl
def arb_exchange_card() -> ExchangeCard:
    """Return the facts of Binance."""
    return CARD


@hookimpl
def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
    """Return market data by request."""
    return Public(context)


@hookimpl
def arb_public_stream(context: ExchangeContext) -> StreamDialect:
    """Return market data by subscription."""
    return PublicStream(context)
