"""MEXC as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-mexc[sim]`. Written from MEXC's documentation
and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it. Nothing of this
package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `limits` counts who asks; `market_data` and `channels`
are the public half; `access` judges keys and signatures, `orders` reads and shows orders, `account` answers signed
requests, `private_channels` pushes what happened to an account; `venue` puts them together.

Sources: https://www.mexc.com/api-docs/spot-v3/introduction and the pages beside it;
github.com/mexcdevelop/websocket-proto. What they leave open is chosen here: trades, orders and fills come newest first
(trades are recorded so); the venue sends no protocol-level pings; a refusal of a channel always gives the one recorded
reason; a client id may come again once its order has ended, and is refused before with a code of its own; post-only
and fill-or-kill orders that cannot be are accepted and ended, a market order into an empty book is refused; a buyer's
fee is taken in quote, as recorded, and kept ready beside the price; a listen key's connections end with it, and it
bears one extension a minute; placing and cancelling share twelve requests a second, as the newest copy of the
documentation says.
"""

from arb_mexc.sim.venue import MexcVenue

__all__ = ["MexcVenue"]
