"""typed-bitget, which holds each answer against the fields that it expects of the real venue.

Bitget's own on the index (bitget-python-connector 0.0.7, 2023) speaks only the API before this one.
"""

from asyncio import Runner

from arb_sim.venue import Keys
from typed_bitget.classic import Classic  # pyright: ignore[reportMissingImports]
from typed_bitget.core.auth import Credentials  # pyright: ignore[reportMissingImports]
from typed_bitget.core.transport.http import HttpRpcClient  # pyright: ignore[reportMissingImports]

from .sdk import Order, Sdk, levels


class Bitget(Sdk):
    pair = "LINKUSDT"
    resting, filled, canceled = "live", "filled", "cancelled"
    unsigned = "40009"
    unaffordable = "43012"
    ended = "43001.*The order does not exist"

    def __init__(self, url: str, keys: Keys) -> None:
        self._runner = Runner()
        self._client = HttpRpcClient(base_url=url, credentials=Credentials(*keys))
        self._spot = Classic(client=self._client).spot

    def book(self):
        told = self._runner.run(self._spot.orderbook(self.pair, limit=20))
        return levels(told["bids"]), levels(told["asks"])

    def buy(self, price, size):
        wanted = {"symbol": self.pair, "side": "buy", "orderType": "limit", "force": "gtc"}
        told = self._runner.run(self._spot.order.place({**wanted, "price": str(price), "size": str(size)}))
        return told["orderId"]

    def order(self, order_id):
        (told,) = self._runner.run(self._spot.order.info(order_id=order_id))
        return Order(told["orderId"], told["side"], told["price"], told["size"], told["baseVolume"], told["status"])

    def open_orders(self):
        return [order["orderId"] for order in self._runner.run(self._spot.order.open(symbol=self.pair))]

    def cancel(self, order_id):
        self._runner.run(self._spot.order.cancel(symbol=self.pair, order_id=order_id))

    def close(self):
        self._runner.run(self._client.__aexit__(None, None, None))
        self._runner.close()
