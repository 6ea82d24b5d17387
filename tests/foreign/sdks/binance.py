"""python-binance."""

from decimal import Decimal

from arb_sim.venue import Keys
from binance.client import Client  # pyright: ignore[reportMissingImports]

from .sdk import Order, Sdk, levels


class Binance(Sdk):
    pair = "LINKUSDT"
    resting, filled, canceled = "NEW", "FILLED", "CANCELED"
    unsigned = "code=-1022.*Signature for this request is not valid"
    unaffordable = "code=-2010.*insufficient balance"
    ended = "code=-2011.*Unknown order sent"

    def __init__(self, url: str, keys: Keys) -> None:
        self._client = Client(keys.api_key, keys.api_secret, ping=False)
        self._client.API_URL = f"{url}/api"  # no option is for the whole address

    def book(self):
        told = self._client.get_order_book(symbol=self.pair, limit=20)
        return levels(told["bids"]), levels(told["asks"])

    def buy(self, price, size):
        told = self._client.order_limit_buy(symbol=self.pair, quantity=str(size), price=str(price))
        return str(told["orderId"])

    def order(self, order_id):
        told = self._client.get_order(symbol=self.pair, orderId=order_id)
        price, size, filled = (Decimal(told[name]) for name in ("price", "origQty", "executedQty"))
        return Order(str(told["orderId"]), told["side"].lower(), price, size, filled, told["status"])

    def open_orders(self):
        return [str(order["orderId"]) for order in self._client.get_open_orders(symbol=self.pair)]

    def cancel(self, order_id):
        self._client.cancel_order(symbol=self.pair, orderId=order_id)

    def close(self):
        self._client.close_connection()
        self._client.loop.close()  # for its sockets it makes one where there is none
