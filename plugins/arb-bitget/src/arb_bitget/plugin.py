"""The hooks: what `arb` asks this distribution at start. Named by the entry point `bitget`."""

from typing import TYPE_CHECKING

from arb_core.hookspecs import hookimpl
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.structs.account import Credentials
from arb_core.structs.card import ExchangeCard

from arb_bitget.card import CARD
from arb_bitget.private import Private
from arb_bitget.private_stream import PrivateStream
from arb_bitget.public import Public
from arb_bitget.stream import PublicStream

if TYPE_CHECKING:
    from arb_sim.kernel.venue import SimulationContext
    from arb_sim.venue import SimulatedVenue

__all__ = [
    "arb_exchange_card",
    "arb_private_exchange",
    "arb_private_stream",
    "arb_public_exchange",
    "arb_public_stream",
    "arb_simulated_venue",
]


@hookimpl
def arb_exchange_card() -> ExchangeCard:
    """Return the facts of Bitget."""
    return CARD


@hookimpl
def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
    """Return market data by request."""
    return Public(context)


@hookimpl
def arb_public_stream(context: ExchangeContext) -> StreamDialect:
    """Return market data by subscription."""
    return PublicStream(context)


@hookimpl
def arb_private_exchange(context: ExchangeContext, credentials: Credentials) -> PrivateExchange:
    """Return an account by request."""
    return Private(context, credentials)


@hookimpl
def arb_private_stream(context: ExchangeContext, credentials: Credentials) -> StreamDialect:
    """Return an account by subscription."""
    return PrivateStream(context, credentials)


@hookimpl(optionalhook=True)
def arb_simulated_venue(context: "SimulationContext") -> "SimulatedVenue":
    """Return Bitget as a simulated venue; needs the extra `sim`."""
    from arb_bitget.sim import venue_of

    return venue_of(context)
