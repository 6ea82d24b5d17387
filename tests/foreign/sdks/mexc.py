"""typed-mexc, which holds each answer against the fields that it expects of the real venue.

MEXC's own (mexc-sdk 0.0.1) holds no Python; pymexc 1.3.1 cannot be imported, for it asks for a module that it lacks.
"""

from asyncio import Runner

from arb_sim.venue import Keys
from typed_core.http import HttpClient  # pyright: ignore[reportMissingImports]
from typed_mexc.core.auth import Credentials  # pyright: ignore[reportMissingImports]
from typed_mexc.spot.core import SpotHttpClient  # pyright: ignore[reportMissingImports]
from typed_mexc.spot.http import Http  # pyright: ignore[reportMissingImports]

from .sdk import Order, Sdk, levels


class WithContentType(HttpClient):
    """It sends none where there is no body, which the venue refuses."""

    async def request(self, method, url, *, headers=None, **named):
        return await super().request(
            method, url, headers={"Content-Type": "application/json", **(headers or {})}, **named
        )


class Mexc(Sdk):
    pair = "LINKUSDT"
    resting, filled, canceled = "NEW", "FILLED", "CANCELED"
    unsigned = "700002.*Signature for this request is not valid"
    unaffordable = "10101.*Insufficient balance"
    ended = "-2011.*Unknown order sent"

    def __init__(self, url: str, keys: Keys) -> None:
        self._runner = Runner()
        key = Credentials(keys.api_key, keys.api_secret)
        self._client = SpotHttpClient(base_url=url, credentials=key, http=WithContentType())
        self._spot = Http(client=self._client)

    def book(self):
        told = self._runner.run(self._spot.market.depth(symbol=self.pair, limit=20))
        return levels(told["bids"]), levels(told["asks"])

    def buy(self, price, size):
        wanted = {"symbol": self.pair, "side": "BUY", "type": "LIMIT", "quantity": str(size), "price": str(price)}
        return self._runner.run(self._spot.trade.place_order(wanted))["orderId"]

    def order(self, order_id):
        told = self._runner.run(self._spot.account.order(symbol=self.pair, order_id=order_id))
        price, size, filled = (told[name] for name in ("price", "origQty", "executedQty"))
        return Order(told["orderId"], told["side"].lower(), price, size, filled, told["status"])

    def open_orders(self):
        return [order["orderId"] for order in self._runner.run(self._spot.account.open_orders(symbol=self.pair))]

    def cancel(self, order_id):
        self._runner.run(self._spot.trade.cancel_order(symbol=self.pair, order_id=order_id))

    def close(self):
        self._runner.run(self._client.__aexit__(None, None, None))
        self._runner.close()
