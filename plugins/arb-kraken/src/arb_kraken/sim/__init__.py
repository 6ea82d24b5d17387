"""Kraken as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-kraken[sim]`. Written from Kraken's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.
Nothing of this package's other rooms is imported here.

In the order of the data: `spelling` prints numbers, names and refusals, `frames` reads and answers what is said over
the socket, `limits` counts who asks; `market_data` and `channels` are the public half; `access` judges keys,
signatures, nonces and tokens, `orders` reads and shows orders, `account` answers signed requests, `private_channels`
pushes what happened to an account; `venue` puts them together.

Source: https://docs.kraken.com/api/ . What it leaves open is chosen here: an account of the tier Pro; public
requests may come in a burst of 15 before one a second is enforced; `QueryOrders` leaves out an id that it does not
know; what an order that fills at once leaves ends it as canceled, a fill-or-kill order that cannot be filled as
expired; who subscribes to the same channel twice is told so and keeps the first; a client id is free again when its
order has ended; pairs priced in BTC are printed one digit finer than their tick; the key has a nonce
window of ten seconds, so that several
clients may use it at once. Against the rule, books by REST show sizes whole.
"""

from arb_kraken.sim.venue import KrakenVenue

__all__ = ["KrakenVenue"]
