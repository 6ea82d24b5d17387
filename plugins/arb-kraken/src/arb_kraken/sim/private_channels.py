"""An account by subscription: what happens to its orders, and its ledger.

Each message has a number that grows by one on its connection. Updates of an order are sparse: the first has everything,
later ones little more than the ids.

Source: https://docs.kraken.com/api/docs/websocket-v2/executions and .../balances
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_sim.faults import FaultKind
from arb_sim.kernel.accounts import Account, Movement, Reason
from arb_sim.kernel.connections import Peer
from arb_sim.kernel.happenings import BALANCES, ORDERS, AccountSource, Happening, PrivateStream, What
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import End, Fill, Force, Order, Status

from arb_kraken.sim.frames import Ask, accepted, pushed, refused
from arb_kraken.sim.orders import average, ended_as, reason
from arb_kraken.sim.spelling import Declined, number, plain, quote, rfc3339, text, txid

if TYPE_CHECKING:
    from arb_kraken.sim.venue import KrakenVenue

__all__ = ["PrivateChannels"]

FEEDS = {"executions": "orders", "balances": "balances"}


class PrivateChannels:
    """Everything on the socket that needs a token."""

    def __init__(self, venue: "KrakenVenue") -> None:
        self._venue = venue
        self._tokens: dict[int, set[str]] = {}
        self._said: dict[int, int] = {}

    def __contains__(self, channel: str) -> bool:
        """Whether there is such a channel."""
        return channel in FEEDS

    def forget(self, conn: int) -> None:
        """A connection is gone."""
        self._tokens.pop(conn, None)
        self._said.pop(conn, None)

    def tokens(self, conn: int) -> set[str]:
        """What a connection has shown."""
        return self._tokens.get(conn, set())

    def subscribe(self, peer: Peer, ask: Ask) -> None:
        """Let a connection hear of an account; what there is already comes first."""
        venue, channel, token = self._venue, ask.params.channel, ask.params.token
        match venue.faults.subscription(peer.conn, None):
            case FaultKind.SUBSCRIPTION_IGNORED:
                return
            case FaultKind.SUBSCRIPTION_REFUSED:
                venue.say(peer, refused(ask, "EService:Unavailable", venue.now_ns))
                return
            case _:
                pass
        try:
            account = venue.access.holder(token, used=token in self.tokens(peer.conn))
        except Declined as wrong:
            told = {"channel": channel, "status": "error", **refused(ask, wrong.error, venue.now_ns)}
            venue.say(peer, told)
            return
        if channel in peer.streams:
            venue.say(peer, refused(ask, "Already subscribed", venue.now_ns))
            return
        self._tokens.setdefault(peer.conn, set()).add(token)
        venue.subscribe_private(peer, channel, account)
        venue.say(peer, accepted(ask, self._result(ask), venue.now_ns))
        if channel == "executions":
            if ask.params.snap_orders:
                standing = venue.trading.register(account).open()
                self._begin(peer, channel, [self._whole(order, "status") for order in standing])
        elif ask.params.snapshot is not False:
            self._begin(peer, channel, [self._held(asset, account) for asset in account.holdings])

    def unsubscribe(self, peer: Peer, ask: Ask) -> None:
        """Let it hear no longer."""
        venue, channel = self._venue, ask.params.channel
        if venue.unsubscribe(peer, channel):
            venue.say(peer, accepted(ask, {"channel": channel}, venue.now_ns))
        else:
            venue.say(peer, refused(ask, "Subscription Not Found", venue.now_ns))

    def open(self, name: str, account: Account) -> PrivateStream:
        """Make the stream of a name."""
        show = self._events if name == "executions" else self._entries

        def render(happening: Happening, _now_ns: int) -> list[str | bytes]:
            return [text(pushed(name, "update", [each])) for each in show(account, happening)]

        whats = ORDERS if name == "executions" else BALANCES
        return PrivateStream(name, FEEDS[name], AccountSource(account, whats), render)

    def numbered(self, peer: Peer, frame: str | bytes) -> str | bytes:
        """Give a push its number on a connection."""
        sequence = self._said[peer.conn] = self._said.get(peer.conn, 0) + 1
        return f'{str(frame)[:-1]},"sequence":{sequence}}}'

    def _begin(self, peer: Peer, channel: str, data: list[dict[str, Any]]) -> None:
        frame = text(pushed(channel, "snapshot", data))
        self._venue.send(peer.conn, self.numbered(peer, frame))

    def _result(self, ask: Ask) -> dict[str, Any]:
        if ask.params.channel == "balances":
            return {"channel": "balances", "snapshot": ask.params.snapshot is not False}
        snaps = {"snap_orders": ask.params.snap_orders, "snap_trades": ask.params.snap_trades}
        return {"channel": "executions", "maxratecount": 125, **snaps}

    # Orders

    def _events(self, _account: Account, happening: Happening) -> list[dict[str, Any]]:
        order, fill = happening.order, happening.fill
        if order is None:
            return []
        match happening.what:
            case What.PLACED:
                return [self._whole(order, "pending_new"), self._sparse(order, "new", "new")]
            case What.FILLED if fill is not None:
                told = [self._traded(order, fill)]
                if order.status is Status.FILLED:
                    told.append(self._closed(order, "filled"))
                return told
            case What.ENDED:
                return [self._closed(order, ended_as(order))]
            case _:
                return []

    def _ids(self, order: Order) -> dict[str, Any]:
        if order.client_id is not None:
            return {"cl_ord_id": order.client_id, "order_id": order.id}
        return {"order_userref": int(order.note or 0), "order_id": order.id}

    def _stamp(self, at_ns: int) -> str:
        return rfc3339(self._venue.stamp(at_ns))

    def _whole(self, order: Order, event: str) -> dict[str, Any]:
        """Everything that is known of an order."""
        printer = self._venue.printers[order.market.pair]
        progressed = "partially_filled" if order.filled else "new"
        wanted = (
            {"order_qty": printer.amount(order.size)}
            if order.size is not None
            else {"cash_order_qty": number(quote(order.market, order.budget or 0))}
        )
        priced = {"limit_price": printer.numeral(order.price)} if order.price is not None else {}
        force = "GTC" if order.force is Force.POST_ONLY else order.force.value.upper()
        begun = order.created_ns if event == "pending_new" else order.updated_ns
        progress = {} if event == "pending_new" else {"cum_qty": printer.amount(order.filled)}
        return {
            **self._ids(order),
            "symbol": order.market.pair,
            **wanted,
            **progress,
            "cum_cost": number("0.00000" if event == "pending_new" else quote(order.market, order.spent)),
            "time_in_force": force,
            "exec_type": event,
            "side": "buy" if order.buys else "sell",
            "order_type": order.kind.value,
            "limit_price_type": "static",
            **priced,
            **({"post_only": True} if order.force is Force.POST_ONLY else {}),
            "stop_price": number("0.0"),
            "order_status": event if event == "pending_new" else progressed,
            "fee_usd_equiv": number("0.00000"),
            "fee_ccy_pref": "fciq",
            "timestamp": self._stamp(begun),
        }

    def _sparse(self, order: Order, event: str, status: str) -> dict[str, Any]:
        return {
            "timestamp": self._stamp(order.updated_ns),
            "order_status": status,
            "exec_type": event,
            **self._ids(order),
        }

    def _traded(self, order: Order, fill: Fill) -> dict[str, Any]:
        """Tell an execution, also the last one, as one of several: the end of an order is an event of its own."""
        printer = self._venue.printers[order.market.pair]
        return {
            **self._ids(order),
            "exec_id": txid("T", fill.serial),
            "exec_type": "trade",
            "trade_id": fill.number,
            "symbol": order.market.pair,
            "side": "buy" if order.buys else "sell",
            "last_qty": printer.amount(fill.size),
            "last_price": printer.numeral(fill.price),
            "liquidity_ind": "m" if fill.maker else "t",
            "cost": number(quote(order.market, fill.quote)),
            "order_status": "partially_filled",
            "order_type": order.kind.value,
            "cum_qty": printer.amount(order.filled),
            "cum_cost": number(quote(order.market, order.spent)),
            "avg_price": number(average(order, printer)),
            "fee_usd_equiv": number(plain(abs(Decimal(printed(fill.fee))))),
            "fees": [{"asset": fill.fee_asset, "qty": number(printed(fill.fee))}],
            "timestamp": self._stamp(fill.at_ns),
        }

    def _closed(self, order: Order, event: str) -> dict[str, Any]:
        printer = self._venue.printers[order.market.pair]
        told = {
            "timestamp": self._stamp(order.updated_ns),
            "order_status": event,
            "exec_type": event,
            "cum_qty": printer.amount(order.filled),
            "cum_cost": number(quote(order.market, order.spent)),
            "fee_usd_equiv": number("0.00000"),
            "avg_price": number(average(order, printer)),
            **self._ids(order),
        }
        if order.end is not None and order.end is not End.FILLED:
            told |= {"cancel_reason": reason(order), "reason": reason(order)}
        return told

    # Money

    def _held(self, asset: str, account: Account) -> dict[str, Any]:
        balance = number(printed(account.holding(asset).total))
        wallet = {"type": "spot", "id": "main", "balance": balance}
        return {"asset": asset, "asset_class": "currency", "balance": balance, "wallets": [wallet]}

    def _entries(self, account: Account, happening: Happening) -> list[dict[str, Any]]:
        """Tell what changed a total; what orders hold is not shown."""
        return [
            self._entry(account, movement, happening.order)
            for movement in happening.movements
            if movement.free + movement.locked
        ]

    def _entry(self, _account: Account, movement: Movement, order: Order | None) -> dict[str, Any]:
        kind = "trade" if movement.reason in {Reason.TRADE, Reason.FEE} else "deposit"
        balance = movement.free_after + movement.locked_after
        return {
            "ledger_id": txid("L", movement.number),
            "ref_id": txid("T", movement.trade or 0) if order is not None else txid("Q", movement.number),
            "timestamp": self._stamp(movement.at_ns),
            "type": kind,
            "asset": movement.asset,
            "asset_class": "currency",
            "category": kind,
            "wallet_type": "spot",
            "wallet_id": "main",
            "amount": number(printed(movement.free + movement.locked)),
            "fee": number("0.00000"),
            "balance": number(printed(balance)),
        }
