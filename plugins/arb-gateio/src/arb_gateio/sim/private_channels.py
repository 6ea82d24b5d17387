"""An account by subscription: its orders, fills and balances as they change.

A stream's name is its channel and what it is about: a pair, `!all` pairs, or nothing for balances. Nothing is pushed
at the start: what there was before, REST tells.

Source: https://www.gate.com/docs/developers/apiv4/ws/en/#orders-channel and the channels behind it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account, Movement, Reason
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.happenings import BALANCES, FILLS, ORDERS, AccountSource, Happening, PrivateStream, What
from arb_sim.kernel.market import Market
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill, Order

from arb_gateio.sim.frames import Ask
from arb_gateio.sim.orders import told
from arb_gateio.sim.spelling import Declined, price, size, text

if TYPE_CHECKING:
    from arb_gateio.sim.venue import GateioVenue

__all__ = ["PrivateChannels"]

MS = 1_000_000
SECOND = 1_000_000_000

EVERY_PAIR = "!all"

CHANGE_TYPES = {
    Reason.OPENING: "deposit",
    Reason.DEPOSIT: "deposit",
    Reason.WITHDRAWAL: "withdraw",
    Reason.ORDER_PLACED: "order-create",
    Reason.ORDER_ENDED: "order-update",
    Reason.TRADE: "order-match",
    Reason.FEE: "trade-fee-deduct",
}


class PrivateChannels:
    """Everything on the socket that needs a key, but for the requests of the socket API."""

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self._desk = venue.desk
        self._makers: dict[str, Callable[[str, Account, Market | None], PrivateStream]] = {
            "spot.orders": self._orders,
            "spot.orders_v2": self._orders,
            "spot.usertrades": self._usertrades,
            "spot.usertrades_v2": self._usertrades,
            "spot.balances": self._balances,
        }

    def __contains__(self, channel: str) -> bool:
        """Whether there is such a channel."""
        return channel in self._makers

    def subscribe(self, peer: Peer, ask: Ask, words: list[str]) -> None:
        """Let a connection hear of an account, each subscription with a signature of its own."""
        venue, names = self._venue, _names(ask, words)
        try:
            account = venue.access.subscription(ask).account
        except Declined as wrong:
            self._shut_out(peer, ask, wrong)
            return
        if not names:
            venue.refuse(peer, ask, 2, "invalid argument: payload is empty")
            return
        for name in names:
            pair = name.partition(" ")[2]
            if pair not in {"", EVERY_PAIR} and pair not in venue.by_pair:
                venue.refuse(peer, ask, 2, f"unknown currency pair: {pair}")
                return
            match venue.faults.subscription(peer.conn, venue.by_pair.get(pair)):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    return
                case FaultKind.SUBSCRIPTION_REFUSED:
                    venue.refuse(peer, ask, 3, "internal error")
                    return
                case _:
                    pass
        for name in names:
            venue.subscribe_private(peer, name, account)
        venue.accept(peer, ask)

    def unsubscribe(self, peer: Peer, ask: Ask, words: list[str]) -> None:
        """Let it hear no longer; that is signed as well."""
        try:
            self._venue.access.subscription(ask)
        except Declined as wrong:
            self._shut_out(peer, ask, wrong)
            return
        for name in _names(ask, words):
            self._venue.unsubscribe(peer, name)
        self._venue.accept(peer, ask)

    def _shut_out(self, peer: Peer, ask: Ask, wrong: Declined) -> None:
        """Refuse a signature: the reason comes as JSON within the text, with a line's end."""
        self._venue.refuse(peer, ask, 4, text({"label": wrong.label, "message": wrong.message}) + "\n")

    def open(self, name: str, account: Account) -> PrivateStream:
        """Make the stream of a name."""
        channel, _, pair = name.partition(" ")
        return self._makers[channel](name, account, self._venue.by_pair.get(pair))

    # Each channel

    def _stream(
        self, name: str, feed: str, source: AccountSource, show: Callable[[Happening], list[dict[str, Any]]]
    ) -> PrivateStream:
        channel = name.partition(" ")[0]

        def render(happening: Happening, now_ns: int) -> list[str | bytes]:
            head = {"time": now_ns // SECOND, "time_ms": now_ns // MS, "channel": channel, "event": "update"}
            return [text(head | {"result": show(happening)})]

        return PrivateStream(name, feed, source, render)

    def _orders(self, name: str, account: Account, market: Market | None) -> PrivateStream:
        fees = not name.startswith("spot.orders_v2")

        def show(happening: Happening) -> list[dict[str, Any]]:
            order = happening.order
            return [] if order is None else [self._order(order, _event(happening.what, order), fees=fees)]

        return self._stream(name, "orders", AccountSource(account, ORDERS, market), show)

    def _order(self, order: Order, event: str, *, fees: bool) -> dict[str, Any]:
        return told(
            order,
            event,
            stamps=self._desk.stamps(order),
            amend_text=self._desk.amend_text(order),
            stp_id=self._desk.stp_id(order),
            user=int(order.account.uid),
            fees=fees,
        )

    def _usertrades(self, name: str, account: Account, market: Market | None) -> PrivateStream:
        fees = not name.startswith("spot.usertrades_v2")

        def show(happening: Happening) -> list[dict[str, Any]]:
            fill, order = happening.fill, happening.order
            return [] if fill is None or order is None else [self._fill(fill, order, fees=fees)]

        return self._stream(name, "fills", AccountSource(account, FILLS, market), show)

    def _fill(self, fill: Fill, order: Order, *, fees: bool) -> dict[str, Any]:
        """Show a fill. The asset of its fee is what was received; the channel does not name it."""
        return {
            "id": fill.number,
            "user_id": int(order.account.uid),
            "order_id": fill.order_id,
            "currency_pair": fill.market.pair,
            "create_time": self._venue.stamp(fill.at_ns) // 1000,
            "create_time_ms": self._venue.exact_stamp(fill.at_ns),
            "side": "buy" if fill.buys else "sell",
            "amount": size(fill.market, fill.size),
            "role": "maker" if fill.maker else "taker",
            "price": price(fill.market, fill.price),
            **({"fee": printed(fill.fee), "point_fee": "0", "gt_fee": "0"} if fees else {}),
            "text": order.client_id or order.note,
            "id_market": fill.number - 1_000,
        }

    def _balances(self, name: str, account: Account, _market: Market | None) -> PrivateStream:
        def show(happening: Happening) -> list[dict[str, Any]]:
            return [self._movement(account, movement) for movement in happening.movements]

        return self._stream(name, "balances", AccountSource(account, BALANCES), show)

    def _movement(self, account: Account, movement: Movement) -> dict[str, Any]:
        stamp_ms = self._venue.stamp(movement.at_ns)
        return {
            "timestamp": str(stamp_ms // 1000),
            "timestamp_ms": str(stamp_ms),
            "user": account.uid,
            "currency": movement.asset,
            "change": printed(movement.free + movement.locked),
            "total": printed(movement.free_after + movement.locked_after),
            "available": printed(movement.free_after),
            "freeze": printed(movement.locked_after),
            "freeze_change": printed(movement.locked),
            "change_type": CHANGE_TYPES[movement.reason],
        }


def _names(ask: Ask, words: list[str]) -> list[str]:
    """Spell the streams of a request."""
    return [ask.channel] if ask.channel == "spot.balances" else [f"{ask.channel} {word}" for word in words]


def _event(what: What, order: Order) -> str:
    """Name what happened to an order; its end is one event with its last fill."""
    if what is What.PLACED:
        return "put"
    return "update" if order.is_open else "finish"
