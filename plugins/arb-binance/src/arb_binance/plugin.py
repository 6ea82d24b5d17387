"""The hooks: what `arb` asks this distribution at start. Named by the entry point `binance`."""

from typing import TYPE_CHECKING

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.structs.card import ExchangeCard

from arb_binance.card import CARD
from arb_binance.public import Public
from arb_binance.stream import PublicStream

if TYPE_CHECKING:
    from arb_sim.kernel.venue import SimulationContext
    from arb_sim.venue import SimulatedVenue

__all__ = ["arb_exchange_card", "arb_public_exchange", "arb_public_stream", "arb_simulated_venue"]


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


@hookimpl(optionalhook=True)
def arb_simulated_venue(context: "SimulationContext") -> "SimulatedVenue":
    """Return Binance as a simulated venue; needs the extra `sim`."""
    from arb_binance.sim import BinanceVenue

    return BinanceVenue(context)
