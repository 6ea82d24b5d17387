"""An account by subscription: its orders, fills and balances as they change, on a connection that has logged in.

A stream's name is its channel and what it is about: a pair or `default`. Orders and fills of before are not told at the
start, balances are. Of balances nothing is told when an order is placed or ends: only fills, deposits and withdrawals
are documented to be.

Sources: https://www.bitget.com/api-doc/spot/websocket/private/Order-Channel, Fill-Channel and Account-Channel there.
"""

from typing import TYPE_CHECKING, Any

from arb_sim.kernel.accounts import Account, Reason
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.happenings import BALANCES, FILLS, ORDERS, AccountSource, Happening, PrivateStream
from arb_sim.kernel.money import printed

from arb_bitget.sim.account import asset_row
from arb_bitget.sim.frames import pushed
from arb_bitget.sim.orders import fill_told, told
from arb_bitget.sim.spelling import text

if TYPE_CHECKING:
    from arb_bitget.sim.venue import BitgetVenue

__all__ = ["PrivateChannels"]

MS = 1_000_000

EVERYTHING = "default"

PUSHED = frozenset({Reason.OPENING, Reason.DEPOSIT, Reason.WITHDRAWAL, Reason.TRADE, Reason.FEE})
"""The movements of money that are told."""


class PrivateChannels:
    """Everything on the socket that needs a login."""

    def __init__(self, venue: "BitgetVenue") -> None:
        self._venue = venue

    def __contains__(self, channel: str) -> bool:
        """Whether there is such a channel."""
        return channel in {"orders", "fill", "account"}

    def open(self, name: str, account: Account) -> PrivateStream | None:
        """Make the stream of a name; None = there is none of that name."""
        channel, _, about = name.partition(":")
        market = self._venue.by_pair.get(about)
        match channel:
            case "orders" if about == EVERYTHING or market is not None:
                return PrivateStream(name, "orders", AccountSource(account, ORDERS, market), self._orders(name))
            case "fill" if about == EVERYTHING:
                return PrivateStream(name, "fills", AccountSource(account, FILLS), self._fills)
            case "account" if about == EVERYTHING:
                return PrivateStream(name, "balances", AccountSource(account, BALANCES), self._balances)
            case _:
                return None

    def begin(self, peer: Peer, name: str, account: Account) -> None:
        """Tell whoever begins to follow what there is."""
        if name.startswith("account:"):
            stamp = str(self._venue.now_ms)
            rows = [
                asset_row(coin, printed(held.free), printed(held.locked), stamp)
                for coin, held in account.holdings.items()
            ]
            self._venue.say(peer, pushed("snapshot", name, rows, self._venue.now_ms))

    # Each channel. What happens is called a snapshot as well.

    def _orders(self, name: str) -> Any:
        def render(happening: Happening, now_ns: int) -> list[str | bytes]:
            order = happening.order
            if order is None:
                return []
            row = told(order, happening.fill, self._venue.stamp)
            return [text(pushed("snapshot", name, [row], now_ns // MS))]

        return render

    def _fills(self, happening: Happening, now_ns: int) -> list[str | bytes]:
        fill, order = happening.fill, happening.order
        if fill is None or order is None:
            return []
        row = fill_told(fill, order.kind.value, self._venue.stamp)
        return [text(pushed("snapshot", f"fill:{EVERYTHING}", [row], now_ns // MS))]

    def _balances(self, happening: Happening, now_ns: int) -> list[str | bytes]:
        if not any(movement.reason in PUSHED for movement in happening.movements):
            return []
        stamp = str(self._venue.stamp(happening.at_ns))
        rows = {
            movement.asset: asset_row(
                movement.asset, printed(movement.free_after), printed(movement.locked_after), stamp
            )
            for movement in happening.movements
        }
        return [text(pushed("snapshot", f"account:{EVERYTHING}", list(rows.values()), now_ns // MS))]
