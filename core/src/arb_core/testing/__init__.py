"""What the tests of a plugin stand on: venues, wires, clocks and markets that are made by hand.

Entered by the tests of every exchange and strategy, those of strangers as well; nothing that runs enters here. An
exchange says what it is (`Exchange`) and gets the fixtures of `arb_core.testing.fixtures`, which need pytest
(`arb-core[testing]`); everything else works with any runner of tests. What all exchanges owe the contract is not
tested with these but by the compliance kit.
"""

from arb_core.testing.exchange import CREDENTIALS, NOW_NS, PASSPHRASE, Context, Exchange, heard
from arb_core.testing.market import HandBook, HandMarket
from arb_core.testing.rest import Answers, StandingClock, Wire

__all__ = [
    "CREDENTIALS",
    "NOW_NS",
    "PASSPHRASE",
    "Answers",
    "Context",
    "Exchange",
    "HandBook",
    "HandMarket",
    "StandingClock",
    "Wire",
    "heard",
]
