"""An account by request: the private half of REST.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api and #order-book-trading-trade there.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from arb_sim.assets import asset
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Network
from arb_sim.kernel.money import printed
from arb_sim.kernel.orders import Fill
from arb_sim.kernel.rest import json, parameters
from arb_sim.venue import Request, Response

from arb_okx.sim.desk import outcome
from arb_okx.sim.market_data import KINDS
from arb_okx.sim.orders import Amendment, Cancellation, Placement
from arb_okx.sim.spelling import Declined, done, invalid, missing, page, plain, price, size, within

if TYPE_CHECKING:
    from arb_okx.sim.venue import OkxVenue

__all__ = ["AccountRest", "Asked", "balance", "told_balance"]

SECOND = 1_000_000_000
DAY = 86_400 * SECOND

FILLS_KEPT_NS = 3 * DAY
FILLS_ARCHIVED_NS = 90 * DAY

COUNTDOWN_S = range(10, 121)

DEADLINED = {"trade/order", "trade/batch-orders", "trade/amend-order", "trade/amend-batch-orders"}
"""Requests that may bear the header `expTime`."""

BILLS = 680_800_000_000_000_000
"""Where the ids of bills begin."""

T = TypeVar("T")


class Asked(NamedTuple):
    """A request whose sender is known."""

    key: ApiKey
    params: dict[str, str]
    body: bytes

    @property
    def account(self) -> Account:
        """Whose it is."""
        return self.key.account

    def read(self, shape: type[T]) -> T:
        """Decode the body.

        Raises:
            Declined: it is something else.
        """
        try:
            return msgspec.json.decode(self.body, type=shape)
        except msgspec.ValidationError as wrong:
            raise Declined(400, "51000", f"Parameter error: {wrong}") from wrong
        except msgspec.DecodeError as wrong:
            raise Declined(400, "50002", "JSON syntax error") from wrong


class Countdown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Cancel everything in so many seconds, unless told again."""

    time_out: str | int = ""
    """Seconds, as text; clients that write a number are understood as well."""
    tag: str = ""


class _Route(NamedTuple):
    act: Callable[[Asked], Response]
    permission: Permission
    budget: str | None = None
    """The budget that the request itself costs; those of orders are spent at the desk, one for each order."""


class AccountRest:
    """Everything below `/api/v5` that needs a key."""

    def __init__(self, venue: "OkxVenue") -> None:
        self._venue = venue
        self._desk = venue.desk
        self._trading = venue.trading
        read, trade = Permission.READ, Permission.TRADE
        asked = {
            "account/config": self._config,
            "account/balance": self._balance,
            "account/trade-fee": self._trade_fee,
            "asset/currencies": self._currencies,
            "trade/order": self._query,
            "trade/orders-pending": self._pending,
            "trade/orders-history": self._history,
            "trade/orders-history-archive": self._archive,
            "trade/fills": self._fills,
            "trade/fills-history": self._fills_history,
        }
        self._routes = {("GET", path): _Route(act, read, path) for path, act in asked.items()} | {
            ("POST", "trade/order"): _Route(self._place, trade),
            ("POST", "trade/batch-orders"): _Route(self._place_several, trade),
            ("POST", "trade/cancel-order"): _Route(self._cancel, trade),
            ("POST", "trade/cancel-batch-orders"): _Route(self._cancel_several, trade),
            ("POST", "trade/amend-order"): _Route(self._amend, trade),
            ("POST", "trade/amend-batch-orders"): _Route(self._amend_several, trade),
            ("POST", "trade/cancel-all-after"): _Route(self._countdown, trade, "trade/cancel-all-after"),
        }
        self.paths = frozenset(path for _, path in self._routes)

    def permission(self, method: str, path: str) -> Permission | None:
        """Return what a key must permit for a request, None when there is no such request."""
        route = self._routes.get((method, path))
        return None if route is None else route.permission

    def answer(self, request: Request, path: str, key: ApiKey) -> Response:
        """Answer a request. `path` is one of `paths`."""
        route = self._routes[request.method, path]
        if request.body and not request.headers.get("content-type", "").startswith("application/json"):
            raise Declined(400, "50006", "Invalid Content-Type, please use the application/json format")
        if path in DEADLINED and request.method == "POST":
            self._desk.in_time(request.headers.get("exptime", ""))
        if route.budget is not None:
            self._venue.budgets.spend(route.budget, key.account.uid)
        return route.act(Asked(key, parameters(request), request.body))

    # Money

    def _config(self, asked: Asked) -> Response:
        key = asked.key
        permissions = {Permission.READ: "read_only", Permission.TRADE: "trade", Permission.WITHDRAW: "withdraw"}
        return done(
            [
                {
                    "acctLv": "1",  # spot mode
                    "acctStpMode": "cancel_maker",
                    "autoLoan": False,
                    "ctIsoMode": "automatic",
                    "enableSpotBorrow": False,
                    "greeksType": "PA",
                    "ip": ",".join(sorted(key.addresses)),
                    "kycLv": "3",
                    "label": "arb",
                    "level": "Lv1",
                    "levelTmp": "",
                    "liquidationGear": "-1",
                    "mainUid": key.account.uid,
                    "mgnIsoMode": "automatic",
                    "opAuth": "0",
                    "perm": ",".join(name for permission, name in permissions.items() if key.may(permission)),
                    "posMode": "net_mode",
                    "roleType": "0",
                    "spotBorrowAutoRepay": False,
                    "spotOffsetType": "",
                    "spotRoleType": "0",
                    "spotTraderInsts": [],
                    "traderInsts": [],
                    "type": "0",
                    "uid": key.account.uid,
                }
            ]
        )

    def _balance(self, asked: Asked) -> Response:
        wanted = [name for name in asked.params.get("ccy", "").split(",") if name]
        held = asked.account.holdings
        return done([balance(self._venue, asked.account, [name for name in held if not wanted or name in wanted])])

    def _trade_fee(self, asked: Asked) -> Response:
        params = asked.params
        kind = params.get("instType")
        if not kind:
            raise missing("instType")
        if kind not in KINDS:
            raise invalid("instType")
        market = self._venue.market(params) if params.get("instId") else next(iter(self._venue.by_pair.values()))
        maker, taker = (plain(-fee) for fee in self._trading.rates(asked.account, market))
        return done(
            [
                {
                    "category": "1",
                    "delivery": "",
                    "exercise": "",
                    "feeGroup": [{"groupId": "1", "maker": maker, "taker": taker}],
                    "fiat": [],
                    "instType": kind,
                    "level": "Lv1",
                    "maker": maker,
                    "makerU": "",
                    "makerUSDC": "",
                    "taker": taker,
                    "takerU": "",
                    "takerUSDC": "",
                    "ts": str(self._venue.now_ms),
                }
            ]
        )

    def _currencies(self, asked: Asked) -> Response:
        wanted = [name for name in asked.params.get("ccy", "").split(",") if name]
        return done(
            [
                _currency(name, network)
                for name, networks in self._networks().items()
                for network in networks
                if not wanted or name in wanted
            ]
        )

    def _networks(self) -> dict[str, tuple[Network, ...]]:
        listings = [market.listing for market in self._venue.by_pair.values()]
        quotes = {str(listing.symbol.quote): asset(listing.symbol.quote).networks for listing in listings}
        return quotes | {str(listing.symbol.base): listing.networks for listing in listings}

    # Orders

    def _done(self, made: list[dict[str, Any]]) -> Response:
        """Answer with what became of each: the code over all of them hides why one failed."""
        code, message = outcome(made)
        now_us = self._venue.now_ns // 1000
        body = {"code": code, "msg": message, "data": made}
        return json(body | {"inTime": str(now_us), "outTime": str(now_us + 1901)})

    def _place(self, asked: Asked) -> Response:
        return self._done(self._desk.place(asked.account, [asked.read(Placement)], several=False))

    def _place_several(self, asked: Asked) -> Response:
        return self._done(self._desk.place(asked.account, asked.read(list[Placement]), several=True))

    def _cancel(self, asked: Asked) -> Response:
        return self._done(self._desk.cancel(asked.account, [asked.read(Cancellation)], several=False))

    def _cancel_several(self, asked: Asked) -> Response:
        return self._done(self._desk.cancel(asked.account, asked.read(list[Cancellation]), several=True))

    def _amend(self, asked: Asked) -> Response:
        return self._done(self._desk.amend(asked.account, [asked.read(Amendment)], several=False))

    def _amend_several(self, asked: Asked) -> Response:
        return self._done(self._desk.amend(asked.account, asked.read(list[Amendment]), several=True))

    def _countdown(self, asked: Asked) -> Response:
        wanted = asked.read(Countdown)
        timeout = str(wanted.time_out)
        seconds = int(timeout) if timeout.isdecimal() else -1
        if seconds != 0 and seconds not in COUNTDOWN_S:
            raise invalid("timeOut")
        at_ns = self._trading.countdown(asked.account, seconds * SECOND)
        trigger = "0" if at_ns is None else str(self._venue.stamp(at_ns))
        return done([{"triggerTime": trigger, "tag": wanted.tag, "ts": str(self._venue.now_ms)}])

    def _query(self, asked: Asked) -> Response:
        params = asked.params
        order_id, client_id = params.get("ordId", ""), params.get("clOrdId", "")
        if not order_id and not client_id:
            raise missing("ordId")
        order = self._desk.find(asked.account, params.get("instId", ""), order_id, client_id)
        return done([self._desk.show(order)])

    def _pending(self, asked: Asked) -> Response:
        if asked.params.get("instType", "SPOT") != "SPOT":
            return done([])
        return done([self._desk.show(order) for order in self._desk.open_orders(asked.account, asked.params)])

    def _history(self, asked: Asked) -> Response:
        return self._ended(asked, archive=False)

    def _archive(self, asked: Asked) -> Response:
        return self._ended(asked, archive=True)

    def _ended(self, asked: Asked, *, archive: bool) -> Response:
        found = self._desk.ended_orders(asked.account, asked.params, archive=archive)
        return done([self._desk.show(order) for order in found])

    def _fills(self, asked: Asked) -> Response:
        return done([self._fill(asked.account, fill) for fill in self._executions(asked, FILLS_KEPT_NS)])

    def _fills_history(self, asked: Asked) -> Response:
        if not asked.params.get("instType"):
            raise missing("instType")
        return done([self._fill(asked.account, fill) for fill in self._executions(asked, FILLS_ARCHIVED_NS)])

    def _executions(self, asked: Asked, kept_ns: int) -> Sequence[Fill]:
        params, venue = asked.params, self._venue
        market = venue.market(params) if params.get("instId") else None
        since_ns = venue.timeline.now_ns - kept_ns
        found = [
            fill
            for fill in self._trading.fills(asked.account, market, order_id=params.get("ordId") or None)
            if fill.at_ns >= since_ns and within(params, venue.stamp(fill.at_ns))
        ]
        found.reverse()
        return page(found, params, _bill, most=100)

    def _fill(self, account: Account, fill: Fill) -> dict[str, Any]:
        order = self._trading.register(account).by_id(fill.order_id)
        maker, taker = self._trading.rates(account, fill.market)
        stamp = str(self._venue.stamp(fill.at_ns))
        return {
            "billId": str(_bill(fill)),
            "clOrdId": fill.client_id or "",
            "execType": "M" if fill.maker else "T",
            "fee": printed(-fill.fee),
            "feeCcy": fill.fee_asset,
            "feeRate": plain(-(maker if fill.maker else taker)),
            "fillFwdPx": "",
            "fillIdxPx": "",
            "fillMarkPx": "",
            "fillMarkVol": "",
            "fillPnl": "0",
            "fillPx": price(fill.market, fill.price),
            "fillPxUsd": "",
            "fillPxVol": "",
            "fillSz": size(fill.market, fill.size),
            "fillTime": stamp,
            "instId": fill.market.pair,
            "instType": "SPOT",
            "ordId": fill.order_id,
            "posSide": "net",
            "side": "buy" if fill.buys else "sell",
            "subType": "1" if fill.buys else "2",
            "tag": "" if order is None else order.now.note,
            "tradeId": str(fill.number),
            "ts": stamp,
        }


def _bill(fill: Fill) -> int:
    return BILLS + fill.serial


def balance(venue: "OkxVenue", account: Account, names: Iterable[str]) -> dict[str, Any]:
    """Show some assets of an account, as a request does."""
    stamp = _changed_ms(venue, account)
    worth = sum(float(printed(account.holding(name).total)) * asset(name).usd for name in account.holdings)
    equity = f"{worth:.8f}"
    return {
        "adjEq": equity,
        "availEq": equity,
        "borrowFroz": "0",
        "details": [_detail(account, name, stamp) for name in names],
        "imr": "0",
        "isoEq": "0",
        "mgnRatio": "",
        "mmr": "0",
        "notionalUsd": "0",
        "notionalUsdForBorrow": "0",
        "notionalUsdForFutures": "0",
        "notionalUsdForOption": "0",
        "notionalUsdForSwap": "0",
        "ordFroz": "",
        "totalEq": equity,
        "uTime": stamp,
        "upl": "0",
    }


def told_balance(venue: "OkxVenue", account: Account, names: Iterable[str]) -> dict[str, Any]:
    """Show them as the channel does."""
    shown = balance(venue, account, names)
    for detail in shown["details"]:
        detail["coinUsdPrice"] = str(asset(detail["ccy"]).usd)
        detail["maxSpotInUseAmt"] = detail.pop("maxSpotInUse")
    return shown | {"ordFroz": "0"}


def _detail(account: Account, name: str, stamp: str) -> dict[str, Any]:
    """Show one asset of an account."""
    holding = account.holding(name)
    total, frozen = printed(holding.total), printed(holding.locked)
    worth = f"{float(total) * asset(name).usd:.8f}"
    return {
        "accAvgPx": "",
        "availBal": printed(holding.free),
        "availEq": printed(holding.free),
        "borrowFroz": "0",
        "cashBal": total,
        "ccy": name,
        "clSpotInUseAmt": "",
        "colBorrAutoConversion": "0",
        "collateralEnabled": False,
        "collateralRestrict": False,
        "crossLiab": "0",
        "disEq": worth,
        "eq": total,
        "eqUsd": worth,
        "fixedBal": "0",
        "frozenBal": frozen,
        "imr": "",
        "interest": "0",
        "isoEq": "0",
        "isoLiab": "0",
        "isoUpl": "0",
        "liab": "0",
        "maxLoan": "0",
        "maxSpotInUse": "",
        "mgnRatio": "",
        "mmr": "",
        "notionalLever": "",
        "openAvgPx": "",
        "ordFrozen": frozen,
        "rewardBal": "0",
        "smtSyncEq": "0",
        "spotBal": "",
        "spotCopyTradingEq": "0",
        "spotInUseAmt": "",
        "spotIsoBal": "0",
        "spotUpl": "",
        "spotUplRatio": "",
        "stgyEq": "0",
        "totalPnl": "",
        "totalPnlRatio": "",
        "twap": "0",
        "uTime": stamp,
        "upl": "0",
        "uplLiab": "0",
    }


def _changed_ms(venue: "OkxVenue", account: Account) -> str:
    """When money last moved."""
    return str(venue.stamp(account.statement[-1].at_ns) if account.statement else venue.now_ms)


def _currency(name: str, network: Network) -> dict[str, Any]:
    # Of a contract only the last characters are told.
    return {
        "burningFeeRate": "",
        "canDep": network.deposits,
        "canInternal": True,
        "canWd": network.withdrawals,
        "ccy": name,
        "chain": f"{name}-{network.name}",
        "ctAddr": network.contract[-6:],
        "depEstOpenTime": "",
        "depQuotaFixed": "",
        "depQuoteDailyLayer2": "",
        "fee": "0.1",
        "logoLink": "",
        "mainNet": not network.contract,
        "maxFee": "0.1",
        "maxFeeForCtAddr": "",
        "maxWd": "8852150",
        "minDep": "0.0001",
        "minDepArrivalConfirm": "1",
        "minFee": "0.1",
        "minFeeForCtAddr": "",
        "minInternal": "0.0001",
        "minWd": "0.2",
        "minWdUnlockConfirm": "2",
        "name": name,
        "needTag": False,
        "usedDepQuotaFixed": "",
        "usedWdQuota": "0",
        "wdEstOpenTime": "",
        "wdQuota": "10000000",
        "wdTickSz": "8",
    }
