"""python-kraken-sdk."""

from decimal import Decimal

from arb_sim.venue import Keys
from kraken.spot import Market, Trade, User  # pyright: ignore[reportMissingImports]

from .sdk import Order, Sdk, levels


class Kraken(Sdk):
    pair = "LINKUSDT"
    resting, filled, canceled = "open", "closed", "canceled"
    unsigned = "EAPI:Invalid signature"
    unaffordable = "EOrder:Insufficient funds"
    ended = "EOrder:Unknown order"

    def __init__(self, url: str, keys: Keys) -> None:
        here = {"key": keys.api_key, "secret": keys.api_secret, "url": url}
        self._market, self._trade, self._user = Market(url=url), Trade(**here), User(**here)

    def book(self):
        (told,) = self._market.get_order_book(self.pair, count=20).values()
        return levels(told["bids"]), levels(told["asks"])

    def buy(self, price, size):
        told = self._trade.create_order("limit", "buy", self.pair, volume=str(size), price=str(price))
        (order_id,) = told["txid"]
        return order_id

    def order(self, order_id):
        ((found, told),) = self._user.get_orders_info(order_id).items()
        price, size, filled = (Decimal(text) for text in (told["descr"]["price"], told["vol"], told["vol_exec"]))
        return Order(found, told["descr"]["type"], price, size, filled, told["status"])

    def open_orders(self):
        return list(self._user.get_open_orders()["open"])

    def cancel(self, order_id):
        self._trade.cancel_order(txid=order_id)
