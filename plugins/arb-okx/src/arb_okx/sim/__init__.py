"""OKX as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-okx[sim]`. Written from OKX's documentation
and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it. Nothing of this
package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `frames` reads and answers what is said over the
sockets, `limits` counts who asks; `market_data`, `books` and `channels` are the public half; `access` judges keys and
signatures, `orders` reads and shows orders, `desk` does what may be done with them, `account` answers signed requests,
`private_channels` pushes what happened to an account, `socket_api` takes orders over the socket; `venue` puts them
together.

Source: https://www.okx.com/docs-v5/en/. What it leaves open is chosen here: the ids of a book grow by one for each
level that changes; who subscribes to a channel again is acknowledged and gets no second snapshot; one order stands at
each level; prices may be half as far again from the last one as it is itself; an order that is changed to no more than
what is filled is cancelled, not filled; a push of trades gathers no matches; a market order freezes what its money
buys, and not five percent more, and is never shrunk to the balance; nothing can be borrowed, so `tdMode` is `cash`.
"""

from arb_okx.sim.venue import OkxVenue

__all__ = ["OkxVenue"]
