"""The hooks: what `arb` asks this distribution at start. Named by the entry point `gateio`."""

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.structs.card import ExchangeCard

from arb_gateio.card import CARD
from arb_gateio.public import Public
from arb_gateio.stream import PublicStream

__all__ = ["arb_exchange_card", "arb_public_exchange", "arb_public_stream"]


@hookimpl
def arb_exchange_card() -> ExchangeCard:
    """Return the facts of Gate.io."""
    return CARD


@hookimpl
def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
    """Return market data by request."""
    return Public(context)


@hookimpl
def arb_public_stream(context: ExchangeContext) -> StreamDialect:
    """Return market data by subscription."""
    return PublicStream(context)
