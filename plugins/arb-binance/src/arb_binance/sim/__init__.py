"""Binance as a simulated venue: the venue's side of the wire.

Entered through the hook `arb_simulated_venue` alone, with the extra `arb-binance[sim]`. Written from Binance's
documentation and recordings, not from our client: where the two disagree, one of them is wrong and a test shows it.
Nothing of this package's other rooms is imported here.

In the order of the data: `spelling` prints numbers and refusals, `filters` are what symbols allow, `limits` counts who
asks; `market_data` and `channels` are the public half; `access` judges keys and signatures, `orders` reads and shows
orders, `account` answers signed requests, `user_data` tells what happened to an account, `socket_api` takes requests on
a socket and leads to the user data; `venue` puts them together.

Source: https://developers.binance.com/docs/binance-spot-api-docs and the pages beside it. What they leave open is
chosen here: a well-formed stream that does not exist is acknowledged and stays silent, and too many streams are an
invalid request; the first fill of an order gives its order count back; keys are of the HMAC kind alone, so that nobody
can log a session on; orders with a trigger, icebergs, lists of orders and changes of orders are refused. Times are
milliseconds; the switch to microseconds is not simulated.
"""

from arb_binance.sim.venue import BinanceVenue

__all__ = ["BinanceVenue"]
