"""Gate.io as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-gateio[sim]`. Written from Gate.io's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.
Nothing of this package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `frames` reads and answers what is said over the
socket, `limits` counts who asks; `market_data` and `channels` are the public half; `access` judges keys and signatures,
`orders` reads and shows orders, `desk` does what may be done with them, `account` answers signed requests,
`private_channels` pushes what happened to an account, `socket_api` takes orders over the socket; `venue` puts them
together.

Sources: https://www.gate.com/docs/developers/apiv4/en/ and https://www.gate.com/docs/developers/apiv4/ws/en/. What they
leave open is chosen here: `spot.order_book_update` speaks of its best levels only and does not mention one that others
push out, while `spot.obu` removes it; the venue pings every 20 s and closes a connection whose client said nothing for
a minute; the reset stamp of the limits counts milliseconds; a text may be used again, even while it stands on an open
order; post-only and fill-or-kill orders that cannot be are refused, not accepted and ended; who cancels an order that
has ended is told how it ended; a market order to buy is filled when the rest of its money buys no further lot.
"""

from arb_gateio.sim.venue import GateioVenue

__all__ = ["GateioVenue"]
