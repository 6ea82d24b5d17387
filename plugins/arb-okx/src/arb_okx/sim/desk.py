"""The order desk: what may be done with orders, whether it is asked for by request or over the socket.

Entered by `account` and `socket_api`, which know whose orders they are; how an order reads is in `orders`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import Kind, NewOrder, Order, Refused, SelfTrade, Status

from arb_okx.sim.limits import TooMany
from arb_okx.sim.orders import (
    LONGEST_TAG,
    SELF_TRADES,
    Amendment,
    Cancellation,
    Placement,
    decimal,
    declined,
    faulty,
    forced,
    named,
    shown,
    state,
)
from arb_okx.sim.spelling import Declined, missing, page, within

if TYPE_CHECKING:
    from arb_okx.sim.venue import OkxVenue

__all__ = ["AT_ONCE", "Desk", "outcome"]

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

AT_ONCE = 20
"""Most orders of one list."""

CANCELED_KEPT_NS = 2 * HOUR
"""How long an order is remembered that was cancelled without a fill."""

KEPT_NS = 7 * DAY
ARCHIVED_NS = 90 * DAY

W = TypeVar("W", Placement, Cancellation, Amendment)


class Desk:
    """Every order of every account."""

    def __init__(self, venue: "OkxVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        self.amendments: dict[str, str] = {}
        """Order -> what its client called the last request to change it."""

    def in_time(self, deadline: str) -> None:
        """Refuse what came after its client wanted it, in milliseconds; empty = no deadline.

        Raises:
            Declined: it is too late, or no time at all.
        """
        if deadline and not (deadline.isdecimal() and self._venue.now_ms <= int(deadline)):
            raise Declined(200, "50036", "The expTime can't be earlier than the current system time.")

    # Lists of things to do: each succeeds or fails by itself

    def place(self, account: Account, wanted: Sequence[Placement], *, several: bool) -> list[dict[str, Any]]:
        """Place orders, and say of each how it went.

        Raises:
            Declined: the request as a whole is refused.
        """

        def act(one: Placement) -> dict[str, Any]:
            return {"clOrdId": one.cl_ord_id, "ordId": self._place(account, one).id, "tag": one.tag}

        for one in wanted:
            given = {
                "instId": one.inst_id,
                "tdMode": one.td_mode,
                "side": one.side,
                "ordType": one.ord_type,
                "sz": one.sz,
            }
            for name, value in given.items():
                if not value:
                    raise missing(name)
        return self._each(account, wanted, act, "place", several=several, tagged=True)

    def cancel(self, account: Account, wanted: Sequence[Cancellation], *, several: bool) -> list[dict[str, Any]]:
        """Cancel orders, and say of each how it went. Raises as `place`."""

        def act(one: Cancellation) -> dict[str, Any]:
            order = self._cancel(account, one)
            return {"clOrdId": order.client_id or "", "ordId": order.id}

        return self._each(account, wanted, act, "cancel", several=several)

    def amend(self, account: Account, wanted: Sequence[Amendment], *, several: bool) -> list[dict[str, Any]]:
        """Change orders, and say of each how it went. Raises as `place`."""

        def act(one: Amendment) -> dict[str, Any]:
            order = self._amend(account, one)
            return {"clOrdId": order.client_id or "", "ordId": order.id, "reqId": one.req_id}

        return self._each(account, wanted, act, "amend", several=several)

    def _each(
        self,
        account: Account,
        wanted: Sequence[W],
        act: Callable[[W], dict[str, Any]],
        budget: str,
        *,
        several: bool,
        tagged: bool = False,
    ) -> list[dict[str, Any]]:
        if not wanted:
            raise missing("args")
        if len(wanted) > AT_ONCE:
            raise Declined(400, "51000", f"Parameter args error: at most {AT_ONCE} orders")
        for one in wanted:
            if not one.inst_id:
                raise missing("instId")
        counted = [one.inst_id for one in wanted]
        for pair in dict.fromkeys(counted):
            limit = f"{budget} several" if several else budget
            self._venue.budgets.spend_orders(limit, account.uid, pair, counted.count(pair))
        done: list[dict[str, Any]] = []
        for one in wanted:
            try:
                row = act(one) | {"sCode": "0", "sMsg": ""}
            except TooMany:
                raise
            except Declined as wrong:
                row = _failed(one) | {"sCode": wrong.code, "sMsg": wrong.message}
            done.append(row | {"ts": str(self._venue.now_ms)})
        return done

    def _place(self, account: Account, wanted: Placement) -> Order:
        market = self._market(wanted.inst_id)
        new = self._read(market, wanted)
        try:
            return self._trading.place(account, new)
        except Refused as refused:
            symbol = market.listing.symbol
            raise declined(refused, asset=str(symbol.quote if new.buys else symbol.base)) from refused

    def _read(self, market: Market, wanted: Placement) -> NewOrder:
        if wanted.td_mode != "cash":  # nothing can be borrowed here
            raise faulty("tdMode")
        if wanted.side not in {"buy", "sell"}:
            raise faulty("side")
        if wanted.tgt_ccy not in {"", "base_ccy", "quote_ccy"}:
            raise faulty("tgtCcy")
        if wanted.stp_mode not in {"", *SELF_TRADES}:
            raise faulty("stpMode")
        kind, force = forced(wanted.ord_type)
        buys = wanted.side == "buy"
        amount = decimal("sz", wanted.sz)
        target = wanted.tgt_ccy or ("quote_ccy" if buys else "base_ccy")
        in_quote = kind is Kind.MARKET and target == "quote_ccy"
        return NewOrder(
            market=market,
            buys=buys,
            kind=kind,
            force=force,
            price=decimal("px", wanted.px) if kind is Kind.LIMIT else None,
            size=None if in_quote else amount,
            budget=amount if in_quote else None,
            client_id=named(wanted.cl_ord_id),
            self_trade=SELF_TRADES.get(wanted.stp_mode, SelfTrade.CANCEL_MAKER),
            note=named(wanted.tag, "tag", LONGEST_TAG) or "",
        )

    def _cancel(self, account: Account, wanted: Cancellation) -> Order:
        order = self._find(account, wanted.inst_id, wanted.ord_id, wanted.cl_ord_id)
        if order is None:
            raise Declined(
                200, "51400", "Cancellation failed as the order has been filled, canceled or does not exist."
            )
        if not order.is_open:
            if order.status is Status.FILLED:
                raise Declined(200, "51402", "Cancellation failed as the order is already completed.")
            raise Declined(200, "51401", "Cancellation failed as the order is already canceled.")
        return self._trading.cancel(account, order)

    def _amend(self, account: Account, wanted: Amendment) -> Order:
        order = self._find(account, wanted.inst_id, wanted.ord_id, wanted.cl_ord_id)
        if order is None or order.status is Status.FILLED:
            raise Declined(
                200, "51503", "Order modification failed as the order has been filled, canceled or does not exist."
            )
        if not order.is_open:
            raise Declined(200, "51509", "Modification failed as the order has been canceled.")
        named(wanted.req_id, "reqId")
        if not wanted.new_sz and not wanted.new_px:
            raise faulty("newSz")
        price = decimal("newPx", wanted.new_px) if wanted.new_px else None
        size = decimal("newSz", wanted.new_sz) if wanted.new_sz else None
        self.amendments[order.id] = wanted.req_id
        try:
            return self._trading.change(account, order, price=price, size=size)
        except Refused as refused:
            if wanted.cxl_on_fail in {True, "true"}:
                self._trading.cancel(account, order)
            raise declined(refused, order) from refused

    def _market(self, pair: str) -> Market:
        market = self._venue.by_pair.get(pair)
        if market is None:
            raise Declined(200, "51001", "Instrument ID does not exist.")
        return market.look()

    def _find(self, account: Account, pair: str, order_id: str, client_id: str) -> Order | None:
        """Return an order as it stands now, None when nobody knows it any more."""
        if not order_id and not client_id:
            raise faulty("ordId")
        market = self._market(pair)
        ids = {"order_id": order_id} if order_id else {"client_id": client_id}
        order: Order | None
        try:
            order = self._trading.find_open(account, **ids)
        except Refused as refused:
            order = refused.order
        return order if order is not None and order.market is market and self._remembers(order) else None

    # Showing

    def find(self, account: Account, pair: str, order_id: str, client_id: str) -> Order:
        """Return an order by one of its ids, for showing it: one that ended unfilled is forgotten after two hours.

        Raises:
            Declined: there is none.
        """
        market = self._venue.market({"instId": pair})
        ids = {"order_id": order_id} if order_id else {"client_id": client_id}
        try:
            order = self._trading.find(account, **ids)
        except Refused as refused:
            raise Declined(200, "51603", "Order does not exist") from refused
        if order.market is not market or not self._remembers(order):
            raise Declined(200, "51603", "Order does not exist")
        return order

    def open_orders(self, account: Account, params: dict[str, str]) -> Sequence[Order]:
        """Return a page of open orders, newest first."""
        market = self._venue.market(params) if params.get("instId") else None
        found = self._trading.open_orders(account, market)
        return self._page(found, params)

    def ended_orders(self, account: Account, params: dict[str, str], *, archive: bool) -> Sequence[Order]:
        """Return a page of ended orders, newest first."""
        if not params.get("instType"):
            raise missing("instType")
        market = self._venue.market(params) if params.get("instId") else None
        since_ns = self._venue.timeline.now_ns - (ARCHIVED_NS if archive else KEPT_NS)
        found = [
            order
            for order in self._trading.history(account, market)
            if not order.is_open
            and order.updated_ns >= since_ns
            and self._remembers(order)
            and within(params, self._venue.stamp(order.created_ns))
        ]
        return self._page(found, params)

    def _page(self, found: Sequence[Order], params: dict[str, str]) -> Sequence[Order]:
        wanted = [
            order
            for order in reversed(found)
            if params.get("state", "") in {"", state(order)}
            and params.get("ordType", "") in {"", shown(order, stamps=(0, 0, 0))["ordType"]}
        ]
        return page(wanted, params, lambda order: int(order.id), most=100)

    def _remembers(self, order: Order) -> bool:
        forgotten = not order.is_open and not order.filled
        return not forgotten or self._venue.timeline.now_ns < order.updated_ns + CANCELED_KEPT_NS

    def show(self, order: Order) -> dict[str, Any]:
        """Show an order to its client."""
        return shown(order, stamps=self.stamps(order))

    def stamps(self, order: Order) -> tuple[int, int, int]:
        """When it was made, last changed and last filled, in the venue's milliseconds."""
        stamp, fill = self._venue.stamp, order.last_fill
        return stamp(order.created_ns), stamp(order.updated_ns), 0 if fill is None else stamp(fill.at_ns)


def _failed(wanted: Placement | Cancellation | Amendment) -> dict[str, Any]:
    """What is told of an order with which nothing was done."""
    match wanted:
        case Placement():
            return {"clOrdId": wanted.cl_ord_id, "ordId": "", "tag": wanted.tag}
        case Cancellation():
            return {"clOrdId": wanted.cl_ord_id, "ordId": wanted.ord_id}
        case Amendment():
            return {"clOrdId": wanted.cl_ord_id, "ordId": wanted.ord_id, "reqId": wanted.req_id}


def outcome(done: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Return the code and the message over a list: all went well, none did, some did."""
    failed = sum(row["sCode"] != "0" for row in done)
    if not failed:
        return "0", ""
    return ("1", "All operations failed") if failed == len(done) else ("2", "Bulk operation partially succeeded.")
