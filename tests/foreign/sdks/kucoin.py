"""kucoin-universal-sdk, KuCoin's own."""

from decimal import Decimal
from uuid import uuid4

from arb_sim.venue import Keys
from kucoin_universal_sdk.api import DefaultClient  # pyright: ignore[reportMissingImports]
from kucoin_universal_sdk.generate.spot import market, order  # pyright: ignore[reportMissingImports]
from kucoin_universal_sdk.model import ClientOptionBuilder, TransportOption  # pyright: ignore[reportMissingImports]

from .sdk import Order, Sdk, levels


class KuCoin(Sdk):
    pair = "LINK-USDT"
    resting, filled, canceled = "open", "done", "canceled"
    unsigned = "400005"
    unaffordable = "200004"
    ended = "400100.*order_not_exist_or_not_allow_to_cancel"

    def __init__(self, url: str, keys: Keys) -> None:
        options = (
            ClientOptionBuilder()
            .set_key(keys.api_key)
            .set_secret(keys.api_secret)
            .set_passphrase(keys.passphrase)
            .set_spot_endpoint(url)
            .set_transport_option(TransportOption())
        )
        spot = DefaultClient(options.build()).rest_service().get_spot_service()
        self._market, self._orders = spot.get_market_api(), spot.get_order_api()

    def book(self):
        wanted = market.GetPartOrderBookReqBuilder().set_symbol(self.pair).set_size("20").build()
        told = self._market.get_part_order_book(wanted)
        return levels(told.bids), levels(told.asks)

    def buy(self, price, size):
        wanted = (
            order.AddOrderReqBuilder()
            .set_client_oid(uuid4().hex)
            .set_symbol(self.pair)
            .set_type(order.AddOrderReq.TypeEnum.LIMIT)
            .set_side(order.AddOrderReq.SideEnum.BUY)
            .set_price(str(price))
            .set_size(str(size))
        )
        return self._orders.add_order(wanted.build()).order_id

    def order(self, order_id):
        wanted = order.GetOrderByOrderIdReqBuilder().set_symbol(self.pair).set_order_id(order_id).build()
        told = self._orders.get_order_by_order_id(wanted)
        price, size, filled = (Decimal(text) for text in (told.price, told.size, told.deal_size))
        state = "open" if told.active else "canceled" if told.cancel_exist else "done"
        return Order(told.id, told.side.value, price, size, filled, state)

    def open_orders(self):
        wanted = order.GetOpenOrdersReqBuilder().set_symbol(self.pair).build()
        return [each.id for each in self._orders.get_open_orders(wanted).data]

    def cancel(self, order_id):
        wanted = order.CancelOrderByOrderIdReqBuilder().set_symbol(self.pair).set_order_id(order_id).build()
        self._orders.cancel_order_by_order_id(wanted)
