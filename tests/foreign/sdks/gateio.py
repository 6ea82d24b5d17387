"""gate-api, Gate's own."""

from decimal import Decimal

import gate_api  # pyright: ignore[reportMissingImports]
from arb_sim.venue import Keys

from .sdk import Order, Sdk, levels


class GateIo(Sdk):
    pair = "LINK_USDT"
    resting, filled, canceled = "open", "closed", "cancelled"
    unsigned = "INVALID_SIGNATURE"
    unaffordable = "BALANCE_NOT_ENOUGH"
    ended = "ORDER_CANCELLED"

    def __init__(self, url: str, keys: Keys) -> None:
        settings = gate_api.Configuration(host=f"{url}/api/v4", key=keys.api_key, secret=keys.api_secret)
        self._client = gate_api.ApiClient(settings)
        self._spot = gate_api.SpotApi(self._client)

    def book(self):
        told = self._spot.list_order_book(self.pair, limit=20)
        return levels(told.bids), levels(told.asks)

    def buy(self, price, size):
        wanted = gate_api.Order(currency_pair=self.pair, side="buy", amount=str(size), price=str(price))
        return self._spot.create_order(wanted).id

    def order(self, order_id):
        told = self._spot.get_order(order_id, self.pair)
        price, size, filled = (Decimal(text) for text in (told.price, told.amount, told.filled_amount))
        return Order(told.id, told.side, price, size, filled, told.status)

    def open_orders(self):
        return [order.id for order in self._spot.list_orders(self.pair, "open")]

    def cancel(self, order_id):
        self._spot.cancel_order(order_id, self.pair)
