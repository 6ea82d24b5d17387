"""The hook that this distribution adds: what a plugin's simulated side is asked for, once, when a simulation starts."""

from typing import TYPE_CHECKING

from arb_core.hookspecs import hookspec

if TYPE_CHECKING:
    from arb_sim.kernel.venue import SimulationContext
    from arb_sim.venue import SimulatedVenue

__all__ = ["arb_simulated_venue"]


@hookspec
def arb_simulated_venue(context: "SimulationContext") -> "SimulatedVenue":
    """Return the exchange as a simulated venue. Imports `sim` only when called.

    Example:
        @hookimpl(optionalhook=True)
        def arb_simulated_venue(context: SimulationContext) -> SimulatedVenue:
            from arb_mexc.sim import MexcVenue

            return MexcVenue(context)
    """
    raise NotImplementedError
