"""Accounts on paper: orders that are filled from the books as they really stand, with money that is only counted.

Reading order: `terms` is what a run assumes, `line` lets things happen later, `filters` refuse what a venue would,
`depth` is what is still there to be taken, `seen` a book without the rest, `wallet` the money, `orders` one order,
`venue` all of that at work;
`exchange`, `stream` and `account` are what the engine acts through. To the engine it is an account like any other.
"""

from arb_core.engine.paper.account import PaperAccount
from arb_core.engine.paper.terms import PaperTerms

__all__ = ["PaperAccount", "PaperTerms"]
