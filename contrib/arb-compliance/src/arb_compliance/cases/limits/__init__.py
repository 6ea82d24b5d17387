"""Tier limits: what requests cost, and what becomes of a client that the venue tells to wait.

The venue's own counters are the judge: a plugin whose card is right is never refused, at its full speed. The rooms:
`calls` is what there is to ask and to do, `costs` that the card is right, `refusals` that every no is heeded.
"""

from arb_compliance.cases.limits import costs, refusals

__all__ = ["costs", "refusals"]
