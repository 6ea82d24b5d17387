"""An account by subscription: its orders and balances as they change. The connection is logged in.

A stream's name is its channel and the argument that it was asked for with. Of orders nothing is told at the start; of
balances all is, and again every few seconds unless the client wants only what happens.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel and
#trading-account-websocket-account-channel there.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from arb_sim.kernel.accounts import Account, Reason
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.happenings import BALANCES, ORDERS, AccountSource, Happening, PrivateStream, What
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Order

from arb_okx.sim.account import told_balance
from arb_okx.sim.frames import mark
from arb_okx.sim.orders import told
from arb_okx.sim.spelling import text

if TYPE_CHECKING:
    from arb_okx.sim.venue import OkxVenue

__all__ = ["FOR_FEW", "PrivateChannels"]

SECOND = 1_000_000_000

PERIOD_NS = 5 * SECOND
"""How often balances are told without anything having happened."""

FOR_FEW = {"fills"}
"""Channels for clients of a high tier, which ours is not."""

EVENT_TYPES = {
    Reason.OPENING: "transferred",
    Reason.DEPOSIT: "transferred",
    Reason.WITHDRAWAL: "transferred",
    Reason.TRADE: "filled",
    Reason.FEE: "filled",
}
"""Why the cash of an account changed; what orders freeze is cash still."""

KINDS = {"SPOT", "ANY"}


class PrivateChannels:
    """Everything on the private socket that follows an account."""

    def __init__(self, venue: "OkxVenue") -> None:
        self._venue = venue
        self._makers: dict[str, Callable[[str, Account, dict[str, Any]], PrivateStream]] = {
            "orders": self._orders,
            "account": self._account,
            "balance_and_position": self._balance_and_position,
        }
        self._args: dict[str, dict[str, Any]] = {}

    def serves(self, socket: str, channel: str) -> bool:
        """Whether a socket has such a channel."""
        return socket == "private" and channel in self._makers

    def objection(self, arg: dict[str, Any]) -> str | None:
        """Say what is wrong with what a client wants to follow."""
        if arg["channel"] == "orders":
            if arg.get("instType") not in KINDS:
                return "instType"
            if "instId" in arg and arg["instId"] not in self._venue.by_pair:
                return "instId"
        return None

    def subscribe(self, peer: Peer, account: Account, arg: dict[str, Any], accept: Callable[[], None]) -> None:
        """Let a connection hear of an account."""
        venue, name = self._venue, _name(arg)
        fresh = name not in peer.streams
        self._args[name] = arg
        venue.subscribe_private(peer, name, account)
        accept()
        if not fresh:
            return
        channel = str(arg["channel"])
        count = {"event": "channel-conn-count", "channel": channel, "connCount": str(self._count(channel, account))}
        venue.say(peer, {**count, "connId": mark(peer.conn)})
        if channel == "account":
            self._tell_all(peer, account, arg, peer.streams[name])
        elif channel == "balance_and_position":
            row = self._cash(account, "snapshot", list(account.holdings))
            venue.say(peer, self._head(arg, account) | {"data": [row]})

    def unsubscribe(self, peer: Peer, arg: dict[str, Any]) -> None:
        """Let it hear no longer."""
        self._venue.unsubscribe(peer, _name(arg))

    def open(self, name: str, account: Account) -> PrivateStream:
        """Make the stream of a name."""
        arg = self._args[name]
        return self._makers[arg["channel"]](name, account, arg)

    def _count(self, channel: str, account: Account) -> int:
        """How many connections follow a channel of an account."""
        return self._venue.count(lambda name: name.startswith(f"{channel} "), account)

    def _head(self, arg: dict[str, Any], account: Account) -> dict[str, Any]:
        shown = {name: value for name, value in arg.items() if name != "extraParams"}
        return {"arg": {**shown, "uid": account.uid}}

    # Orders

    def _orders(self, name: str, account: Account, arg: dict[str, Any]) -> PrivateStream:
        market = self._venue.by_pair.get(arg.get("instId", ""))
        head = self._head(arg, account)

        def render(happening: Happening, _now_ns: int) -> list[str | bytes]:
            order = happening.order
            if order is None or (happening.what is What.PLACED and self._never_lived(account, order)):
                return []
            return [text(head | {"data": [self._order(happening, order)]})]

        return PrivateStream(name, "orders", AccountSource(account, ORDERS, market), render)

    def _never_lived(self, account: Account, order: Order) -> bool:
        """Whether an order's end is all that is told of it: a post-only one that would have taken."""
        record = self._venue.trading.register(account).by_id(order.id)
        return record is not None and record.now.end is End.POST_ONLY

    def _order(self, happening: Happening, order: Order) -> dict[str, Any]:
        fill = happening.fill if happening.what is What.FILLED else None
        changed = happening.what is What.CHANGED
        amended = ("0", self._venue.desk.amendments.get(order.id, "")) if changed else ("", "")
        return told(order, fill, stamps=self._venue.desk.stamps(order), amended=amended)

    # Balances

    def _account(self, name: str, account: Account, arg: dict[str, Any]) -> PrivateStream:
        head = self._head(arg, account)

        def render(happening: Happening, _now_ns: int) -> list[str | bytes]:
            moved = dict.fromkeys(movement.asset for movement in happening.movements)
            names = [each for each in moved if arg.get("ccy") in {None, each}]
            if not names:
                return []
            data = [told_balance(self._venue, account, names)]
            return [text(head | {"eventType": "event_update", "data": data})]

        return PrivateStream(name, "balances", AccountSource(account, BALANCES), render)

    def _tell_all(self, peer: Peer, account: Account, arg: dict[str, Any], stream: object) -> None:
        """Tell every balance, and again after a while as long as the connection follows."""
        name = _name(arg)
        if peer.streams.get(name) is not stream or not self._venue.connected(peer):
            return
        names = [each for each in account.holdings if arg.get("ccy") in {None, each}]
        page = {"eventType": "snapshot", "curPage": 1, "lastPage": True}
        data = [told_balance(self._venue, account, names)]
        self._venue.say(peer, self._head(arg, account) | page | {"data": data})
        if not _events_alone(arg):
            at_ns = self._venue.timeline.now_ns + PERIOD_NS
            self._venue.timeline.call_at(at_ns, lambda: self._tell_all(peer, account, arg, stream))

    def _balance_and_position(self, name: str, account: Account, arg: dict[str, Any]) -> PrivateStream:
        head = self._head(arg, account)

        def render(happening: Happening, _now_ns: int) -> list[str | bytes]:
            moved = [movement for movement in happening.movements if movement.reason in EVENT_TYPES]
            if not moved:
                return []
            row = self._cash(account, EVENT_TYPES[moved[0].reason], [movement.asset for movement in moved])
            if happening.fill is not None:
                row["trades"] = [{"instId": happening.fill.market.pair, "tradeId": str(happening.fill.number)}]
            return [text(head | {"data": [row]})]

        return PrivateStream(name, "balances", AccountSource(account, BALANCES), render)

    def _cash(self, account: Account, event: str, names: list[str]) -> dict[str, Any]:
        stamp = str(self._venue.now_ms)
        return {
            "pTime": stamp,
            "eventType": event,
            "balData": [
                {"ccy": name, "cashBal": printed(account.holding(name).total), "uTime": stamp}
                for name in dict.fromkeys(names)
            ],
            "posData": [],
            "trades": [],
        }


def _name(arg: dict[str, Any]) -> str:
    """Spell the stream of an argument."""
    words = sorted((name, str(value)) for name, value in arg.items() if name != "channel")
    return f"{arg['channel']} {' '.join(f'{name}={value}' for name, value in words)}"


def _events_alone(arg: dict[str, Any]) -> bool:
    """Whether a client wants balances only when something happens."""
    try:
        extra = msgspec.json.decode(str(arg.get("extraParams") or "{}"), type=dict[str, str | int])
    except msgspec.DecodeError:
        return False
    return str(extra.get("updateInterval", "")) == "0"
