"""An account by subscription: its orders, fills and balances as they change, on the private socket.

A stream's name is its topic. Nothing is pushed at the start: what there was before, REST tells.

Source: https://bybit-exchange.github.io/docs/v5/websocket/private/order and its neighbours.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.happenings import BALANCES, FILLS, ORDERS, AccountSource, Happening, PrivateStream

from arb_bybit.sim.account import wallet
from arb_bybit.sim.frames import Ask, named, words
from arb_bybit.sim.orders import executed, told
from arb_bybit.sim.spelling import Declined, text

if TYPE_CHECKING:
    from arb_bybit.sim.venue import BybitVenue

__all__ = ["PrivateChannels"]

MS = 1_000_000

FAST = ("category", "symbol", "execId", "execPrice", "execQty", "orderId", "orderLinkId", "side", "execTime", "isMaker")
"""What the quick channel of fills tells of one, beside its `seq`."""

CATEGORIES = ("spot", "linear", "inverse", "option")


class PrivateChannels:
    """Everything on the private socket."""

    def __init__(self, venue: "BybitVenue") -> None:
        self._venue = venue
        self._makers: dict[str, Callable[[str, Account], PrivateStream]] = {
            "order": self._orders,
            "execution": self._executions,
            "execution.fast": self._quick,
            "wallet": self._wallet,
        }
        self._pushed = 0

    def login(self, peer: Peer, ask: Ask) -> None:
        """Let a connection be an account's; who cannot say whose it is is shown out."""
        try:
            key = self._venue.access.login(ask.args, peer.client)
        except Declined as wrong:
            self._venue.refuse(peer, ask, wrong.message)
            self._venue.show_out(peer)
            return
        peer.account = key.account
        self._venue.accept(peer, ask)

    def subscribe(self, peer: Peer, ask: Ask) -> None:
        """Let a connection hear of its account: of all that it asks for, or of nothing when one topic is wrong."""
        venue, topics = self._venue, words(ask)
        account = peer.account
        if account is None:
            venue.refuse(peer, ask, "Request not authorized")
            return
        if (reason := self._objection(topics)) is not None:
            venue.refuse(peer, ask, reason)
            return
        for topic in topics:
            match venue.faults.subscription(peer.conn, None):
                case FaultKind.SUBSCRIPTION_IGNORED:
                    return
                case FaultKind.SUBSCRIPTION_REFUSED:
                    venue.refuse(peer, ask, f"error:handler not found,topic:{topic}")
                    return
                case _:
                    pass
        for topic in topics:
            venue.subscribe_private(peer, topic, account)
        venue.accept(peer, ask)

    def unsubscribe(self, peer: Peer, ask: Ask) -> None:
        """Let it hear no longer."""
        for topic in words(ask):
            self._venue.unsubscribe(peer, topic)
        self._venue.accept(peer, ask)

    def open(self, topic: str, account: Account) -> PrivateStream | None:
        """Make the stream of a topic. One of another category than spot never says anything."""
        kind, _ = _split(topic)
        return self._makers[kind](topic, account)

    def _objection(self, topics: list[str]) -> str | None:
        """Say why a subscription is refused."""
        if not topics:
            return "error:args is empty"
        split = [_split(topic) for topic in topics]
        for topic, (kind, category) in zip(topics, split, strict=True):
            if kind not in self._makers or (kind == "wallet" and category is not None):
                return f"error:handler not found,topic:{topic}"
        for kind, category in split:
            if category is not None and (kind, None) in split:
                return f"error:topics of all categories and of one must not be mixed,topic:{kind}"
        return None

    # Each channel

    def _stream(
        self, topic: str, feed: str, source: AccountSource, show: Callable[[Happening], list[dict[str, Any]]]
    ) -> PrivateStream:
        silent = _split(topic)[1] not in {None, "spot"}

        def render(happening: Happening, now_ns: int) -> list[str | bytes]:
            data = [] if silent else show(happening)
            if not data:
                return []
            self._pushed += 1
            name = named(f"push {self._pushed} of {source.account.uid}")
            return [text({"id": name, "topic": topic, "creationTime": now_ns // MS, "data": data})]

        return PrivateStream(topic, feed, source, render)

    def _orders(self, topic: str, account: Account) -> PrivateStream:
        def show(happening: Happening) -> list[dict[str, Any]]:
            order = happening.order
            return [] if order is None else [told(order, stamps=self._venue.desk.stamps(order))]

        return self._stream(topic, "orders", AccountSource(account, ORDERS), show)

    def _executions(self, topic: str, account: Account) -> PrivateStream:
        return self._stream(topic, "fills", AccountSource(account, FILLS), self._fill)

    def _fill(self, happening: Happening) -> list[dict[str, Any]]:
        fill, order = happening.fill, happening.order
        if fill is None or order is None:
            return []
        maker, taker = self._venue.trading.rates(order.account, fill.market)
        shown = executed(
            fill,
            order,
            filled=order.filled,
            rate=maker if fill.maker else taker,
            stamp_ms=self._venue.stamp(fill.at_ns),
        )
        return [{"category": "spot", **shown, "isLeverage": "0", "marketUnit": order.note}]

    def _quick(self, topic: str, account: Account) -> PrivateStream:
        def show(happening: Happening) -> list[dict[str, Any]]:
            return [{**{name: row[name] for name in FAST}, "seq": row["seq"]} for row in self._fill(happening)]

        return self._stream(topic, "fills", AccountSource(account, FILLS), show)

    def _wallet(self, topic: str, account: Account) -> PrivateStream:
        def show(happening: Happening) -> list[dict[str, Any]]:
            held = {each.asset: (each.free_after, each.locked_after) for each in happening.movements}
            return [wallet(account, held, nothing="")]

        return self._stream(topic, "balances", AccountSource(account, BALANCES), show)


def _split(topic: str) -> tuple[str, str | None]:
    """Part a topic from its category, None = all of them."""
    kind, _, category = topic.rpartition(".")
    return (kind, category) if category in CATEGORIES else (topic, None)
