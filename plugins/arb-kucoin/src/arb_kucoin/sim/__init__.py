"""KuCoin as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-kucoin[sim]`. Written from KuCoin's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.
Nothing of this package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `frames` reads and answers what is said over the
socket, `limits` counts who asks, `bullets` hands out the tokens without which no socket opens; `market_data` and
`channels` are the public half; `access` judges keys and signatures, `orders` reads and shows orders, `desk` does what
may be done with them, `account` answers signed requests, `private_channels` pushes what happened to an account; `venue`
puts them together.

Sources: https://www.kucoin.com/docs-new/introduction and the specification behind the official SDKs
(https://github.com/Kucoin/kucoin-universal-sdk). What they leave open is chosen here: a client id finds its order also
after that has ended; a post-only order that would take is accepted and ends as canceled; every number of a book's
sequence comes with a row, of price 0 where a newer change of the same message has overtaken it; a connection whose
client says too much is closed; a token that ends takes its connections with it; hidden and iceberg orders, and the
self-trade rule DC, are refused; of candles those that begin before `endAt` are shown.
"""

from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["KucoinVenue"]
