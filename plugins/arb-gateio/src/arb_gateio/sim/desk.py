"""The order desk: what may be done with orders, whether it is asked for by request or over the socket.

Entered by `account` and `socket_api`, which know whose orders they are; how an order reads is in `orders`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Market
from arb_sim.kernel.orders import Kind, NewOrder, Order, Refused, SelfTrade, Why

from arb_gateio.sim.orders import (
    STP_ACTS,
    Amendment,
    Placement,
    acted,
    decimal,
    declined,
    forced,
    named,
    shown,
)
from arb_gateio.sim.spelling import Declined, invalid, page, whole

if TYPE_CHECKING:
    from arb_gateio.sim.venue import GateioVenue

__all__ = ["Desk"]


class Desk:
    """Every order of every account. Methods raise `Declined` for what Gate.io would refuse."""

    def __init__(self, venue: "GateioVenue") -> None:
        self._venue = venue
        self._trading = venue.trading
        self._amend_texts: dict[str, str] = {}
        self.stp_groups: dict[str, int] = {}
        """Account -> its group for self-trade prevention; one without a group trades with itself."""

    def place(self, account: Account, wanted: Placement, *, unnamed: str, budget: str = "orders") -> Order:
        """Take an order. `unnamed` is what it is called when its client does not say."""
        market = self.spot(wanted.currency_pair, wanted.account)
        whose = f"{account.uid} {market.pair}" if budget == "orders" else account.uid
        self._venue.budgets.spend(budget, whose)
        acted(wanted.action_mode)
        new = self._read(account, market, wanted, unnamed)
        try:
            return self._trading.place(account, new)
        except Refused as refused:
            raise declined(refused, worth=new.budget or _worth(market, new.size, new.price)) from refused

    def _read(self, account: Account, market: Market, wanted: Placement, unnamed: str) -> NewOrder:
        if wanted.type not in {"limit", "market"}:
            raise invalid("type", wanted.type)
        if wanted.side not in {"buy", "sell"}:
            raise invalid("side", wanted.side)
        if wanted.iceberg not in {"", "0"}:
            raise invalid("iceberg", wanted.iceberg)  # hidden amounts are not simulated
        kind, buys = Kind(wanted.type), wanted.side == "buy"
        amount = decimal("amount", wanted.amount)
        in_quote = kind is Kind.MARKET and buys
        return NewOrder(
            market=market,
            buys=buys,
            kind=kind,
            force=forced(kind, wanted.time_in_force),
            price=decimal("price", wanted.price) if kind is Kind.LIMIT else None,
            size=None if in_quote else amount,
            budget=amount if in_quote else None,
            client_id=named(wanted.text),
            self_trade=self._stp(account, wanted.stp_act),
            note=unnamed,
        )

    def _stp(self, account: Account, act: str | None) -> SelfTrade:
        grouped = account.uid in self.stp_groups
        if act in {None, "", "-"}:
            return SelfTrade.CANCEL_TAKER if grouped else SelfTrade.ALLOWED
        if not grouped or act not in STP_ACTS:
            raise invalid("stp_act", act)
        return STP_ACTS[act or ""]

    def find(self, account: Account, name: str, pair: str, kind: str) -> Order:
        """Return an order by its id or its text, for showing it."""
        market = self.spot(pair, kind)
        try:
            order = self._trading.find(account, **_ids(name))
        except Refused as refused:
            raise _unknown(name, refused) from refused
        return self._of(order, market)

    def cancel(self, account: Account, name: str, pair: str, kind: str) -> Order:
        """End an open order."""
        market = self.spot(pair, kind)
        self._venue.budgets.spend("cancels", account.uid)
        return self._trading.cancel(account, self._open(account, name, market))

    def cancel_open(self, account: Account, pair: str | None, side: str | None, kind: str) -> list[Order]:
        """End every open order: of a pair or of all, of one side or of both."""
        market = self.spot(pair, kind) if pair else None
        if side not in {None, "", "buy", "sell"}:
            raise invalid("side", side)
        self._venue.budgets.spend("cancels", account.uid)
        return self._trading.cancel_all(account, market, buys=side == "buy" if side else None)

    def amend(self, account: Account, wanted: Amendment, *, budget: str = "orders") -> Order:
        """Give an open order another price, another amount or both."""
        market = self.spot(wanted.currency_pair, wanted.account)
        self._venue.budgets.spend(budget, f"{account.uid} {market.pair}" if budget == "orders" else account.uid)
        order = self._open(account, wanted.order_id, market)
        acted(wanted.action_mode)
        price = None if wanted.price is None else decimal("price", wanted.price)
        size = None if wanted.amount is None else decimal("amount", wanted.amount)
        try:
            changed = self._trading.change(account, order, price=price, size=size)
        except Refused as refused:
            raise declined(refused, worth=_worth(market, size, price)) from refused
        if wanted.amend_text:
            self._amend_texts[order.id] = wanted.amend_text
        return changed

    def listed(self, account: Account, params: dict[str, str]) -> Sequence[Order]:
        """Return a page of open or finished orders, newest first; finished ones by the time of their end.

        Raises:
            Declined: the request names neither, or bounds what has no bounds.
        """
        self.only_spot(params.get("account", ""))
        market = self._venue.market(params) if params.get("currency_pair") else None
        match params.get("status"):
            case "open":
                market = self._venue.market(params)
                for name in ("from", "to", "side"):
                    if params.get(name):
                        raise invalid(name, params[name])
                return page(list(reversed(self._trading.open_orders(account, market))), params, most=100)
            case "finished":
                pass
            case other:
                raise invalid("status", other or "")
        first, last, side = whole(params, "from", None), whole(params, "to", None), params.get("side")
        ended = [
            order
            for order in self._trading.history(account, market)
            if not order.is_open
            and (first is None or self._venue.stamp(order.updated_ns) >= first * 1000)
            and (last is None or self._venue.stamp(order.updated_ns) // 1000 <= last)
            and (not side or order.buys is (side == "buy"))
        ]
        ended.sort(key=lambda order: (order.updated_ns, order.number), reverse=True)
        return page(ended, params, most=1000)

    def item(self, act: Callable[[], dict[str, Any]], **named: str | None) -> dict[str, Any]:
        """One item of a list: each succeeds or fails by itself, within a 200."""
        try:
            done = act()
        except Declined as wrong:
            return {**named, "succeeded": False, "label": wrong.label, "message": wrong.message}
        return {"order_id": done["id"], "succeeded": True, "label": "", "message": "", **done}

    def show(self, order: Order, mode: str = "FULL") -> dict[str, Any]:
        """Show an order to its client."""
        return shown(
            order,
            stamps=self.stamps(order),
            amend_text=self.amend_text(order),
            stp_id=self.stp_id(order),
            mode=acted(mode),
        )

    def stamps(self, order: Order) -> tuple[int, int]:
        """When it was made and last changed, in the venue's milliseconds."""
        return self._venue.stamp(order.created_ns), self._venue.stamp(order.updated_ns)

    def amend_text(self, order: Order) -> str:
        """What its client wrote to the last change."""
        return self._amend_texts.get(order.id, "-")

    def stp_id(self, order: Order) -> int:
        """The self-trade group of its account, 0 = none."""
        return self.stp_groups.get(order.account.uid, 0)

    def spot(self, pair: str | None, kind: str) -> Market:
        """Return the market of an order."""
        self.only_spot(kind)
        return self._venue.market({"currency_pair": pair or ""})

    def only_spot(self, kind: str) -> None:
        """Refuse every kind of account but spot: no other is simulated."""
        if kind not in {"", "spot"}:
            raise invalid("account", kind)

    def _open(self, account: Account, name: str, market: Market) -> Order:
        try:
            order = self._trading.find_open(account, **_ids(name))
        except Refused as refused:
            raise _unknown(name, refused) from refused
        return self._of(order, market)

    def _of(self, order: Order, market: Market) -> Order:
        if order.market is not market:
            raise declined(Refused(Why.NOT_FOUND))
        return order


def _worth(market: Market, size: Decimal | None, price: Decimal | None) -> Decimal:
    """What an order is worth, by the last price when it names none."""
    return (size or Decimal(0)) * (price or market.last_price * market.listing.tick)


def _ids(name: str) -> dict[str, str]:
    return {"client_id": name} if name.startswith("t-") else {"order_id": name}


def _unknown(name: str, refused: Refused) -> Declined:
    """Say that there is no such order; a text that finds nothing any more has a label of its own."""
    if refused.why is Why.NOT_FOUND and name.startswith("t-"):
        return Declined(404, "CLIENT_ID_NOT_FOUND", "Client order id not found")
    return declined(refused)
