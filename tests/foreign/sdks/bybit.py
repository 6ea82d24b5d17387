"""pybit, Bybit's own."""

from decimal import Decimal

from arb_sim.venue import Keys
from pybit.unified_trading import HTTP  # pyright: ignore[reportMissingImports]

from .sdk import Order, Sdk, levels


class Bybit(Sdk):
    pair = "LINKUSDT"
    resting, filled, canceled = "New", "Filled", "Cancelled"
    unsigned = "ErrCode: 10004"
    unaffordable = "Balance insufficient.*ErrCode: 170131"
    ended = "Order has been cancelled.*ErrCode: 170142"

    def __init__(self, url: str, keys: Keys) -> None:
        self._here = {"category": "spot", "symbol": self.pair}
        self._client = HTTP(api_key=keys.api_key, api_secret=keys.api_secret)
        self._client.endpoint = url  # its options choose among hosts of Bybit

    def book(self):
        told = self._client.get_orderbook(**self._here, limit=20)["result"]
        return levels(told["b"]), levels(told["a"])

    def buy(self, price, size):
        told = self._client.place_order(**self._here, side="Buy", orderType="Limit", qty=str(size), price=str(price))
        return told["result"]["orderId"]

    def order(self, order_id):
        (told,) = self._client.get_open_orders(**self._here, orderId=order_id)["result"]["list"]
        price, size, filled = (Decimal(told[name]) for name in ("price", "qty", "cumExecQty"))
        return Order(told["orderId"], told["side"].lower(), price, size, filled, told["orderStatus"])

    def open_orders(self):
        return [order["orderId"] for order in self._client.get_open_orders(**self._here)["result"]["list"]]

    def cancel(self, order_id):
        self._client.cancel_order(**self._here, orderId=order_id)

    def close(self):
        self._client.client.close()
