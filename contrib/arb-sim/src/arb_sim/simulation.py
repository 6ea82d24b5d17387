"""Builds simulated venues: a world, faults, and the plugins' own sides of their wires.

Entered by the commands and by tests that want whole venues. Plugins are found as everywhere else, through the registry.
"""

from collections.abc import Mapping, Sequence

from arb_core.registry import Registry
from arb_core.structs.card import ExchangeSettings

from arb_sim.faults import Faults, FaultScript
from arb_sim.kernel.access import keys
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, SimulatedVenue
from arb_sim.world import World

__all__ = ["HOOK", "Keys", "keys", "simulate"]

HOOK = "arb_simulated_venue"


def simulate(
    exchanges: Sequence[str],
    world: World,
    *,
    scripts: Mapping[str, FaultScript] | None = None,
    registry: Registry | None = None,
    snapshot_age_ns: int = 0,
    settings: Mapping[str, ExchangeSettings] | None = None,
) -> dict[str, SimulatedVenue]:
    """Return the simulated venues by exchange, in order; all live in one world.

    `settings` are those of the clients, by exchange: a wire that is known in several forms is spoken as they expect it.

    Raises:
        PluginMissing: an exchange is not installed.
        PluginBroken: its plugin has no simulated side.
        ValueError: a fault script asks for what the venue cannot have.
        LookupError: or for a pair that it does not list.
    """
    registry = registry or Registry()
    scripts = scripts or {}
    venues: dict[str, SimulatedVenue] = {}
    for exchange in exchanges:
        script = scripts.get(exchange, FaultScript())
        faults = Faults(FaultScript(seed=script.seed))
        context = SimulationContext(
            world=world, faults=faults, snapshot_age_ns=snapshot_age_ns, settings=(settings or {}).get(exchange)
        )
        venues[exchange] = registry.ask(exchange, HOOK, SimulatedVenue, context=context)  # type: ignore[type-abstract]
        for fault in script.faults:  # not within the hook: a wrong script is not the plugin's mistake
            faults.arm(fault)
    return venues
