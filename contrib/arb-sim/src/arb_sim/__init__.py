"""Simulated exchanges: whole venues without I/O, accounts included, a market made from one integer, faults on purpose.

The map, from the outside in: `cli` are the commands; `server` (real sockets) and `memory` (virtual time) are the two
shells that carry a venue, `venue` is the seam between; `simulation` builds venues from installed plugins. Inside,
`kernel` is what all venues share and a plugin's `sim.py` dresses in its exchange's wire; `world` is the seeded market
they live in, `recording` a captured one, `timeline` their time, `faults` what goes wrong, `inspection` what truly
happened. `direct` and `likeness` are for the tests of a `sim.py`.
"""
