"""Tier simulation: whether the plugin's simulated venue is like the real one, and a thing of its own.

`apart` asks that nothing of the client takes part in it, `alike` compares all that it says with the samples, `access`
lets it judge signatures that others have made.
"""

from arb_compliance.cases.simulation import access, alike, apart

__all__ = ["access", "alike", "apart"]
