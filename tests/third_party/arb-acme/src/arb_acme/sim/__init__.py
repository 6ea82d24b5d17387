"""Acme's own side of its wire, written from API.md and from nothing else. Needs the extra `sim`.

`speech` is how Acme writes, `limits` how often it may be asked, `market_data`, `channels` and `desk` what it says of markets and
of orders, `venue` who hears a request or a frame.
"""

from arb_acme.sim.venue import AcmeVenue

__all__ = ["AcmeVenue"]
