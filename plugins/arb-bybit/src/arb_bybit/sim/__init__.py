"""Bybit as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-bybit[sim]`. Written from Bybit's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.
Nothing of this package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `frames` reads and answers what is said over the
sockets, `limits` counts who asks; `market_data` and `channels` are the public half; `access` judges keys and
signatures, `orders` reads and shows orders, `desk` does what may be done with them, `account` answers signed requests,
`private_channels` pushes what happened to an account, `order_entry` takes orders over the socket; `venue` puts them
together.

Source: https://bybit-exchange.github.io/docs/v5/intro and its neighbours. What they leave open is chosen here: a level
that others push out of a channel's depth is told as gone; a topic that is followed already begins anew when it is asked
for again; `seq` counts the versions of a book, and of trades the trades; a trade bears one `execId` for the public and
for both of its sides; whoever asks for an order by one of its ids is shown it whether it is open or not; what is no
material of authentication at all is HTTP 401, and what is wrong with it is told in the body of a 200; a market order to
buy is filled when the rest of its money buys no further lot; a change to no more than is filled already is refused.
"""

from arb_bybit.sim.venue import BybitVenue

__all__ = ["BybitVenue"]
