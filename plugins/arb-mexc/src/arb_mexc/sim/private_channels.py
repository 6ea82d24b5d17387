"""An account by subscription: its orders, fills and balances as they change, on a connection with a listen key.

A stream's name is its channel. Nothing is pushed at the start: what there was before, REST tells.

Source: https://www.mexc.com/api-docs/spot-v3/websocket-user-data-streams; github.com/mexcdevelop/websocket-proto
"""

from hashlib import md5
from typing import TYPE_CHECKING

from arb_sim.kernel.accounts import Account, Movement, Reason
from arb_sim.kernel.happenings import BALANCES, FILLS, ORDERS, AccountSource, Happening, PrivateStream
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Fill, Force, Order, Status

from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_mexc.sim.orders import trade_id, type_of, worth
from arb_mexc.sim.spelling import price, quote, size

if TYPE_CHECKING:
    from arb_mexc.sim.venue import MexcVenue

__all__ = ["PrivateChannels"]

ORDERS_CHANNEL = "spot@private.orders.v3.api.pb"
DEALS_CHANNEL = "spot@private.deals.v3.api.pb"
ACCOUNT_CHANNEL = "spot@private.account.v3.api.pb"

ORDER_TYPES = {"LIMIT": 1, "LIMIT_MAKER": 2, "IMMEDIATE_OR_CANCEL": 3, "FILL_OR_KILL": 4, "MARKET": 5}
NEW, FILLED, PARTIALLY_FILLED, CANCELED, PARTIALLY_CANCELED = 1, 2, 3, 4, 5

MOVEMENT_TYPES = {
    Reason.OPENING: "DEPOSIT",
    Reason.DEPOSIT: "DEPOSIT",
    Reason.WITHDRAWAL: "WITHDRAW",
    Reason.ORDER_PLACED: "ENTRUST_PLACE",
    Reason.TRADE: "ENTRUST",
    Reason.FEE: "TRADE_FEE",
}


class PrivateChannels:
    """Everything on the socket that needs a listen key."""

    def __init__(self, venue: "MexcVenue") -> None:
        self._venue = venue

    def __contains__(self, name: str) -> bool:
        """Whether there is such a channel."""
        return name in {ORDERS_CHANNEL, DEALS_CHANNEL, ACCOUNT_CHANNEL}

    def open(self, name: str, account: Account) -> PrivateStream:
        """Make the stream of a channel."""
        match name:
            case "spot@private.orders.v3.api.pb":
                return PrivateStream(name, "orders", AccountSource(account, ORDERS), self._push_order)
            case "spot@private.deals.v3.api.pb":
                return PrivateStream(name, "fills", AccountSource(account, FILLS), self._push_deal)
            case _:
                return PrivateStream(name, "balances", AccountSource(account, BALANCES), self._push_movements)

    def _push_order(self, happening: Happening, now_ns: int) -> list[str | bytes]:
        order = happening.order
        if order is None:
            return []
        wrapper = PushDataV3ApiWrapper(
            channel=ORDERS_CHANNEL, symbol=order.market.pair, sendTime=self._venue.stamp(happening.at_ns)
        )
        _fill_order(wrapper, order, happening.fill, self._venue.stamp(order.created_ns))
        return [wrapper.SerializeToString()]

    def _push_deal(self, happening: Happening, now_ns: int) -> list[str | bytes]:
        fill = happening.fill
        if fill is None:
            return []
        market = fill.market
        wrapper = PushDataV3ApiWrapper(channel=DEALS_CHANNEL, symbol=market.pair, sendTime=now_ns // 1_000_000)
        body = wrapper.privateDeals
        body.price = price(market, fill.price)
        body.quantity = size(market, fill.size)
        body.amount = quote(market, fill.quote)
        body.tradeType = 1 if fill.buys else 2
        body.isMaker = fill.maker
        body.isSelfTrade = fill.self_trade
        body.tradeId = trade_id(fill)
        body.clientOrderId = fill.client_id or ""
        body.orderId = fill.order_id
        body.feeAmount = printed(fill.fee)
        body.feeCurrency = fill.fee_asset
        body.time = self._venue.stamp(fill.at_ns)
        return [wrapper.SerializeToString()]

    def _push_movements(self, happening: Happening, now_ns: int) -> list[str | bytes]:
        return [self._push_movement(movement, happening.order, now_ns) for movement in happening.movements]

    def _push_movement(self, movement: Movement, order: Order | None, now_ns: int) -> bytes:
        at_ms = self._venue.stamp(movement.at_ns)
        wrapper = PushDataV3ApiWrapper(channel=ACCOUNT_CHANNEL, createTime=at_ms, sendTime=now_ns // 1_000_000)
        body = wrapper.privateAccount
        body.vcoinName = movement.asset
        body.coinId = md5(movement.asset.encode(), usedforsecurity=False).hexdigest()
        body.balanceAmount = printed(movement.free_after)
        body.balanceAmountChange = printed(movement.free)
        body.frozenAmount = printed(movement.locked_after)
        body.frozenAmountChange = printed(movement.locked)
        body.type = _movement_type(movement, order)
        body.time = at_ms
        return wrapper.SerializeToString()


def _fill_order(wrapper: PushDataV3ApiWrapper, order: Order, fill: Fill | None, created_ms: int) -> None:
    market, body = order.market, wrapper.privateOrders
    bears, lots = worth(order)
    amount = bears * lots if order.price is not None else order.budget or 0
    left = 0 if order.status is Status.FILLED else lots - order.filled
    body.id = order.id
    body.clientId = order.client_id or ""
    body.price = price(market, bears)
    body.quantity = size(market, lots)
    body.amount = quote(market, amount)
    body.avgPrice = _average(order)
    body.orderType = ORDER_TYPES[type_of(order)]
    body.tradeType = 1 if order.buys else 2
    body.isMaker = order.force in {Force.GTC, Force.POST_ONLY} if order.last_fill is None else order.last_fill.maker
    body.remainAmount = quote(market, max(0, (amount or bears * lots) - order.spent) if left else 0)
    body.remainQuantity = size(market, max(0, left))
    if fill is not None:
        body.lastDealQuantity = size(market, fill.size)
    body.cumulativeQuantity = size(market, order.filled)
    body.cumulativeAmount = quote(market, order.spent)
    body.status = _status(order)
    body.createTime = created_ms


def _average(order: Order) -> str:
    """Print what a lot cost on average, cut to the tick."""
    return price(order.market, order.spent // order.filled) if order.filled else "0"


def _status(order: Order) -> int:
    match order.status:
        case Status.OPEN:
            return PARTIALLY_FILLED if order.filled else NEW
        case Status.FILLED:
            return FILLED
        case _:
            return PARTIALLY_CANCELED if order.filled else CANCELED


def _movement_type(movement: Movement, order: Order | None) -> str:
    if movement.reason is not Reason.ORDER_ENDED:
        return MOVEMENT_TYPES[movement.reason]
    return "ENTRUST_CANCEL" if order is not None and order.end is End.CLIENT else "ENTRUST_UNFROZEN"
