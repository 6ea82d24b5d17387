"""An account as it changes: the user data stream, one channel of everything.

Pushed on the sockets of the WebSocket API alone; nothing is pushed at the start, REST tells what there was before.

Source: https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream
"""

from itertools import count
from typing import TYPE_CHECKING, Any

from arb_sim.kernel.accounts import Account, Movement, Reason
from arb_sim.kernel.happenings import BALANCES, ORDERS, AccountSource, Happening, PrivateStream, What
from arb_sim.kernel.orders import End, Fill, Order, Status

from arb_binance.sim.account import AccountRest
from arb_binance.sim.orders import EXPIRY_REASONS, execution_status, force_name, stp_name, type_name
from arb_binance.sim.spelling import ZERO, money, quote, text

if TYPE_CHECKING:
    from arb_binance.sim.venue import BinanceVenue

__all__ = ["NAME", "UserData"]

NAME = "userData"
"""What the channel is called in the simulation; on the wire it has a number on each connection."""

TRANSFERS = {Reason.DEPOSIT, Reason.WITHDRAWAL}


class UserData:
    """Turns what happens to an account into events."""

    def __init__(self, venue: "BinanceVenue", account_rest: AccountRest) -> None:
        self._venue = venue
        self._account_rest = account_rest
        self._executions = count(8_641_984)

    def open(self, account: Account) -> PrivateStream:
        """Make the channel of an account."""
        return PrivateStream(NAME, "private", AccountSource(account, ORDERS | BALANCES), self._render)

    def _render(self, happening: Happening, _now_ns: int) -> list[str | bytes]:
        if happening.what is What.MOVED:
            return [text(event) for event in self._moved(happening.movements)]
        order = happening.order
        if order is None or (happening.what is What.ENDED and order.end is End.FILLED):
            return []  # the last fill has said so
        return [text(self._report(happening.what, order, happening.fill))]

    def _moved(self, movements: tuple[Movement, ...]) -> list[dict[str, Any]]:
        now_ms, stamp = self._venue.now_ms, self._venue.stamp
        events: list[dict[str, Any]] = [
            {
                "e": "balanceUpdate",
                "E": now_ms,
                "a": movement.asset,
                "d": money(movement.free + movement.locked),
                "T": stamp(movement.at_ns),
            }
            for movement in movements
            if movement.reason in TRANSFERS
        ]
        after = {movement.asset: movement for movement in movements}
        held = [{"a": name, "f": money(last.free_after), "l": money(last.locked_after)} for name, last in after.items()]
        events.append({"e": "outboundAccountPosition", "E": now_ms, "u": stamp(movements[-1].at_ns), "B": held})
        return events

    def _report(self, what: What, order: Order, fill: Fill | None) -> dict[str, Any]:
        market, price, size = order.market, order.market.spelling.price, order.market.spelling.size
        status = self._status(order, fill)
        is_cancelled = status == "CANCELED"
        wanted = order.filled if order.size is None else order.size
        at_ms = self._venue.stamp(order.updated_ns)
        report: dict[str, Any] = {
            "e": "executionReport",
            "E": self._venue.now_ms,
            "s": market.pair,
            "c": self._account_rest.cancel_id(order) if is_cancelled else order.client_id,
            "S": "BUY" if order.buys else "SELL",
            "o": type_name(order),
            "f": force_name(order),
            "q": size(wanted),
            "p": price(order.price or 0),
            "P": ZERO,
            "F": ZERO,
            "g": -1,
            "C": order.client_id if is_cancelled else "",
            "x": _execution(what, status),
            "X": status,
            "r": "NONE",
            "i": int(order.id),
            "l": size(0 if fill is None else fill.size),
            "z": size(order.filled),
            "L": price(0 if fill is None else fill.price),
            "n": "0" if fill is None else money(fill.fee),
            "N": None if fill is None else fill.fee_asset,
            "T": at_ms,
            "t": -1 if fill is None else fill.number,
            "I": next(self._executions),
            "w": order.is_open,
            "m": False if fill is None else fill.maker,
            "M": False,
            "O": self._venue.stamp(order.created_ns),
            "Z": quote(market, order.spent),
            "Y": quote(market, 0 if fill is None else fill.quote),
            "Q": quote(market, order.budget or 0),
            "W": self._venue.stamp(order.created_ns),
            "V": stp_name(order),
        }
        reason = None if order.end is None else EXPIRY_REASONS.get(order.end)
        return report if reason is None else {**report, "eR": reason}

    def _status(self, order: Order, fill: Fill | None) -> str:
        """Where an order stood. A market order whose money buys no further lot is filled by its last fill."""
        if fill is not None and order.is_open:
            record = self._venue.trading.register(order.account).by_id(order.id)
            if record is not None and record.now.status is Status.FILLED and record.now.last_fill == fill:
                return "FILLED"
        return execution_status(order)


def _execution(what: What, status: str) -> str:
    """Name what happened to an order."""
    match what:
        case What.PLACED:
            return "NEW"
        case What.FILLED:
            return "TRADE"
        case What.CHANGED:
            return "REPLACED"
        case _:
            return {"CANCELED": "CANCELED", "EXPIRED_IN_MATCH": "TRADE_PREVENTION"}.get(status, "EXPIRED")
