"""Bitget as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-bitget[sim]`. Written from Bitget's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.
Nothing of this package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `frames` reads and answers what is said over the
socket, `limits` counts who asks; `market_data` and `channels` are the public half; `access` judges keys and signatures,
`orders` reads and shows orders, `account` answers signed requests, `private_channels` pushes what happened to an
account; `venue` puts them together.

Sources: https://www.bitget.com/api-doc/spot/intro and https://www.bitget.com/api-doc/common/intro. Books come in the
two forms that Bitget has had: `BitgetVenue` chains its messages by `pseq` and sums up nothing, `SummedBitgetVenue`
sends the documented checksum in updates and no `pseq`. What the documentation leaves open is chosen here: a request
may be as far ahead of the venue's clock as behind it; a client id finds its order for ever and may never come again;
post-only and fill-or-kill orders that cannot be are accepted and ended; `orderQuantity` is printed and not enforced,
nor is `minTradeUSDT` where USDT is not the quote; a cancellation of a symbol's orders happens 20 ms after its answer;
nothing is pushed of balances when an order is placed or ends without a fill.
"""

from arb_bitget.sim.venue import BitgetVenue, SummedBitgetVenue, venue_of

__all__ = ["BitgetVenue", "SummedBitgetVenue", "venue_of"]
