"""One exchange, opened for use: `open_exchange` is the door for library users, the command line and the engine.

`opening` finds the plugin and checks the settings, `venue` joins the rooms of `runtime` around it and keeps the books,
`account` is what a key opens, `feeds` is for everything that streams beside the books (`updates` are its async
iterators, `demand` is who wants which topic), `fees` for what trading costs, `instruments` for what is listed,
`keeping_up` finds lag and jumps of the clock, `waiting` is who waits for what, `events` are what a venue tells of
itself. No engine here: who wants one hangs it on `Venue.on_book` and `Venue.account`.
"""

from arb_core.venue.opening import open_exchange
from arb_core.venue.venue import Venue

__all__ = ["Venue", "open_exchange"]
