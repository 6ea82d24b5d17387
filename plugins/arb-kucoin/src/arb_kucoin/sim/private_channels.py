"""An account by subscription: its orders and its balances as they change.

Nothing is pushed at the start: what there was before, REST tells. Fees are not told either.

Source: https://www.kucoin.com/docs-new/3470076w0 (order v2) and https://www.kucoin.com/docs-new/3470075w0 (balance).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account, Movement, Reason
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.happenings import BALANCES, ORDERS, AccountSource, Happening, PrivateStream, What
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Order, Status

from arb_kucoin.sim import frames
from arb_kucoin.sim.frames import Ask
from arb_kucoin.sim.orders import cancelled, cancelled_funds, funds, left, left_funds, side, wanted
from arb_kucoin.sim.spelling import price, size, text

if TYPE_CHECKING:
    from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["PrivateChannels"]

V1, V2 = "/spotMarket/tradeOrders", "/spotMarket/tradeOrdersV2"
BALANCE, STOPS = "/account/balance", "/spotMarket/advancedOrders"

RELATIONS = {
    Reason.OPENING: "trade.transfer",
    Reason.DEPOSIT: "trade.transfer",
    Reason.WITHDRAWAL: "trade.transfer",
    Reason.ORDER_PLACED: "trade.hold",
    Reason.ORDER_ENDED: "trade.hold",
    Reason.TRADE: "trade.setted",
    Reason.FEE: "trade.setted",
}


class PrivateChannels:
    """Every topic that needs a token somebody signed for."""

    def __init__(self, venue: "KucoinVenue") -> None:
        self._venue = venue
        self._makers: dict[str, Callable[[str, Account], PrivateStream]] = {
            V1: self._orders,
            V2: self._orders,
            BALANCE: self._balances,
            STOPS: self._stops,
        }

    def __contains__(self, topic: str) -> bool:
        """Whether there is such a topic."""
        return topic in self._makers

    def subscribe(self, peer: Peer, ask: Ask) -> None:
        """Let a connection hear of the account whose token it stands on."""
        venue, account = self._venue, peer.account
        if account is None:
            venue.say(peer, frames.error(ask.id, 403, "login is required"))
            return
        if not ask.private:
            venue.say(peer, frames.error(ask.id, 406, f"topic {ask.topic} requires a private channel"))
            return
        match venue.faults.subscription(peer.conn, None):
            case FaultKind.SUBSCRIPTION_IGNORED:
                return
            case FaultKind.SUBSCRIPTION_REFUSED:
                venue.say(peer, frames.error(ask.id, 404, f"topic {ask.topic} is not found"))
                return
            case _:
                pass
        venue.subscribe_private(peer, ask.topic, account)
        if ask.response:
            venue.say(peer, frames.ack(ask))

    def open(self, name: str, account: Account) -> PrivateStream:
        """Make the stream of a topic."""
        return self._makers[name](name, account)

    # Each topic

    def _orders(self, name: str, account: Account) -> PrivateStream:
        whats = ORDERS | {What.RESTED}
        if name == V1:  # the older topic does not tell that an order was received
            whats -= {What.PLACED}

        def render(happening: Happening, _now_ns: int) -> list[str | bytes]:
            return [
                text({**frames.message(name, "orderChange", data), "userId": account.uid, "channelType": "private"})
                for data in self._told(happening)
            ]

        return PrivateStream(name, "orders", AccountSource(account, whats), render)

    def _told(self, happening: Happening) -> list[dict[str, Any]]:
        """Return the events that something which happened to an order makes."""
        order, fill, at_ns = happening.order, happening.fill, happening.at_ns
        if order is None:
            return []
        match happening.what:
            case What.PLACED:
                return [self._event(order, "received", "new", at_ns)]
            case What.RESTED:
                return [self._event(order, "open", "open", at_ns)]
            case What.FILLED if fill is not None:
                status = "open" if fill.maker else "match"
                matched = self._event(order, "match", status, at_ns) | self._match(fill)
                ended = [self._event(order, "filled", "done", at_ns)] if order.status is Status.FILLED else []
                return [matched, *ended]
            case What.ENDED:
                return [self._event(order, "filled" if order.status is Status.FILLED else "canceled", "done", at_ns)]
            case _:
                return []

    def _event(self, order: Order, kind: str, status: str, at_ns: int) -> dict[str, Any]:
        venue, market = self._venue, order.market
        in_funds = order.budget is not None
        head = {
            "symbol": market.pair,
            "orderType": order.kind.value,
            "side": side(buys=order.buys),
            "orderId": order.id,
            "type": kind,
            "orderTime": venue.stamp(order.created_ns),
            **({} if order.price is None else {"price": price(market, order.price)}),
            "clientOid": order.client_id or "",
            "status": status,
            **({"originFunds": funds(order)} if in_funds else {"originSize": wanted(order)}),
            "ts": at_ns + venue.faults.skew_ns,
        }
        if kind == "received":
            return head
        if in_funds:
            stands = {"remainFunds": left_funds(order), "canceledFunds": cancelled_funds(order)}
        else:
            stands = {"size": wanted(order), "remainSize": left(order), "canceledSize": cancelled(order)}
        return {**head, "filledSize": size(market, order.filled), **stands}

    def _match(self, fill: Fill) -> dict[str, Any]:
        role = "maker" if fill.maker else "taker"
        return {
            "liquidity": role,
            "feeType": f"{role}Fee",
            "matchPrice": price(fill.market, fill.price),
            "matchSize": size(fill.market, fill.size),
            "tradeId": str(fill.number),
        }

    def _stops(self, name: str, account: Account) -> PrivateStream:
        """Follow stop orders, of which there are none."""
        return PrivateStream(name, "orders", AccountSource(account, frozenset()), lambda _happening, _now_ns: [])

    def _balances(self, name: str, account: Account) -> PrivateStream:
        def render(happening: Happening, _now_ns: int) -> list[str | bytes]:
            return [
                text(
                    {
                        **frames.message(name, "account.balance", self._movement(account, movement, happening)),
                        "id": str(movement.number),
                        "userId": account.uid,
                        "channelType": "private",
                    }
                )
                for movement in happening.movements
            ]

        return PrivateStream(name, "balances", AccountSource(account, BALANCES), render)

    def _movement(self, account: Account, movement: Movement, happening: Happening) -> dict[str, Any]:
        """Show what there is after a movement, and what caused it."""
        order, context = happening.order, {}
        if order is not None:
            context = {"symbol": order.market.pair, "orderId": order.id}
            if movement.trade is not None:
                context["tradeId"] = str(movement.trade)
        number = list(account.holdings).index(movement.asset)
        return {
            "accountId": f"{int(account.uid) * 1000 + number}",
            "currency": movement.asset,
            "total": printed(movement.free_after + movement.locked_after),
            "available": printed(movement.free_after),
            "availableChange": printed(movement.free),
            "hold": printed(movement.locked_after),
            "holdChange": printed(movement.locked),
            "relationEvent": RELATIONS[movement.reason],
            "relationEventId": str(movement.number),
            "relationContext": context,
            "time": str(self._venue.stamp(movement.at_ns)),
        }
