"""An account by request: the private half of REST.

Source: https://bybit-exchange.github.io/docs/v5/order/create-order, https://bybit-exchange.github.io/docs/v5/account/
wallet-balance and their neighbours.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from arb_sim.assets import asset
from arb_sim.kernel.access import ApiKey, Permission
from arb_sim.kernel.accounts import Account
from arb_sim.kernel.market import Network
from arb_sim.kernel.money import exact, printed
from arb_sim.kernel.orders import Order
from arb_sim.kernel.rest import parameters
from arb_sim.venue import Request

from arb_bybit.sim.desk import WEEK_MS
from arb_bybit.sim.orders import Amendment, Cancellation, Cancellations, Placement, executed
from arb_bybit.sim.spelling import Declined, invalid, page, plain, span

if TYPE_CHECKING:
    from arb_bybit.sim.venue import BybitVenue

__all__ = ["AccountRest", "read", "wallet"]

T = TypeVar("T")

CENT = Decimal("0.00000001")
"""How exactly what is worth dollars is told."""

WITHDRAW_USD = Decimal(1)
"""About what a withdrawal costs, and what the smallest deposit is worth."""
CONFIRMATIONS = "12"
MOST = "10000000"

PERMISSIONS = {
    "ContractTrade": ["Order", "Position"],
    "Spot": ["SpotTrade"],
    "Wallet": ["AccountTransfer", "SubMemberTransfer"],
    "Options": ["OptionsTrade"],
    "Derivatives": ["DerivativesTrade"],
    "CopyTrading": [],
    "BlockTrade": [],
    "Exchange": ["ExchangeHistory"],
    "NFT": [],
    "Affiliate": [],
    "Earn": ["Earn"],
    "FiatP2P": ["FiatP2POrder", "Advertising"],
    "FiatConvertBroker": ["FiatConvertBrokerOrder"],
    "FiatGlobalPay": [],
    "FiatBitPay": ["FaitPayOrder"],
    "BitCard": ["BitCard"],
    "ByXPost": ["ByXPost"],
}
"""What a key may do, unless it is read-only; the spelling is Bybit's."""


class _Asked(NamedTuple):
    """A request whose sender is known."""

    key: ApiKey
    params: dict[str, str]
    body: bytes

    @property
    def account(self) -> Account:
        return self.key.account


class _Route(NamedTuple):
    act: Callable[[_Asked], Any]
    permission: Permission
    message: str = "OK"


class AccountRest:
    """Everything below `/v5` that needs a key. What answers is the `result` of the envelope."""

    def __init__(self, venue: "BybitVenue") -> None:
        self._venue = venue
        self._desk = venue.desk
        self._trading = venue.trading
        may_read, may_trade = Permission.READ, Permission.TRADE
        self._routes = {
            ("POST", "order/create"): _Route(self._create, may_trade),
            ("POST", "order/amend"): _Route(self._amend, may_trade),
            ("POST", "order/cancel"): _Route(self._cancel, may_trade),
            ("POST", "order/cancel-all"): _Route(self._cancel_all, may_trade),
            ("GET", "order/realtime"): _Route(self._realtime, may_read),
            ("GET", "order/history"): _Route(self._history, may_read),
            ("GET", "execution/list"): _Route(self._executions, may_read),
            ("GET", "account/wallet-balance"): _Route(self._balance, may_read),
            ("GET", "account/fee-rate"): _Route(self._fees, may_read),
            ("GET", "account/info"): _Route(self._info, may_read),
            ("GET", "user/query-api"): _Route(self._key, may_read, ""),
            ("GET", "asset/coin/query-info"): _Route(self._coins, may_read, "success"),
        }
        self.paths = frozenset(path for _, path in self._routes)

    def permission(self, method: str, path: str) -> Permission | None:
        """Return what a key must permit for a request, None when there is no such request."""
        route = self._routes.get((method, path))
        return None if route is None else route.permission

    def answer(self, request: Request, path: str, key: ApiKey) -> tuple[Any, str]:
        """Answer a request, and return the result with its message. `path` is one of `paths`."""
        route = self._routes[request.method, path]
        self._venue.budgets.spend(path, key.account.uid)
        return route.act(_Asked(key, parameters(request), request.body)), route.message

    # Money

    def _balance(self, asked: _Asked) -> dict[str, Any]:
        if asked.params.get("accountType") != "UNIFIED":
            raise invalid("accountType only support UNIFIED.")
        names = [name for name in asked.params.get("coin", "").split(",") if name]
        for name in names:
            if name not in self._venue.networks:
                raise invalid(f"params error: coin {name} invalid")
        holdings = asked.account.holdings
        if not names:
            names = [name for name, holding in holdings.items() if holding.total]
        held = {name: (holdings[name].free, holdings[name].locked) if name in holdings else (0, 0) for name in names}
        return {"list": [wallet(asked.account, held)]}

    def _fees(self, asked: _Asked) -> dict[str, Any]:
        category, pair = asked.params.get("category", ""), asked.params.get("symbol")
        self._desk.only_spot(category)
        markets = [self._desk.market(category, pair)] if pair else list(self._venue.by_pair.values())
        rows: list[dict[str, str]] = []
        for market in markets:
            maker, taker = self._trading.rates(asked.account, market)
            rows.append({"symbol": market.pair, "takerFeeRate": plain(taker), "makerFeeRate": plain(maker)})
        return {"list": rows}

    def _info(self, asked: _Asked) -> dict[str, Any]:
        return {
            "marginMode": "REGULAR_MARGIN",
            "updatedTime": str(self._venue.now_ms),
            "unifiedMarginStatus": 6,  # the unified account in its newest form
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def _key(self, asked: _Asked) -> dict[str, Any]:
        key = asked.key
        withdraws = key.may(Permission.WITHDRAW)
        return {
            "id": key.account.uid,
            "note": "simulated",
            "apiKey": key.api_key,
            "readOnly": 0 if key.may(Permission.TRADE) else 1,
            "secret": "",
            "permissions": {**PERMISSIONS, "Wallet": [*PERMISSIONS["Wallet"], *(["Withdraw"] if withdraws else [])]},
            "ips": sorted(key.addresses) or ["*"],
            "type": 1,
            "deadlineDay": 66,
            "expiredAt": "2033-12-22T07:20:25Z",
            "createdAt": "2022-10-16T02:24:40Z",
            "unified": 0,
            "uta": 1,
            "userID": int(key.account.uid),
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_DEFAULT",
            "kycRegion": "",
            "userIDInt64": key.account.uid,
            "inviterIDInt64": "0",
            "affiliateIDInt64": "0",
        }

    def _coins(self, asked: _Asked) -> dict[str, Any]:
        wanted = asked.params.get("coin")
        listed = {name: each for name, each in self._venue.networks.items() if not wanted or name == wanted}
        if not listed:
            raise invalid(f"params error: coin {wanted} invalid")
        return {"rows": [_coin(name, networks) for name, networks in listed.items()]}

    # Orders

    def _create(self, asked: _Asked) -> dict[str, Any]:
        return self._desk.place(asked.account, read(asked.body, Placement))

    def _amend(self, asked: _Asked) -> dict[str, Any]:
        return self._desk.amend(asked.account, read(asked.body, Amendment))

    def _cancel(self, asked: _Asked) -> dict[str, Any]:
        return self._desk.cancel(asked.account, read(asked.body, Cancellation))

    def _cancel_all(self, asked: _Asked) -> dict[str, Any]:
        return self._desk.cancel_all(asked.account, read(asked.body, Cancellations))

    def _realtime(self, asked: _Asked) -> dict[str, Any]:
        return self._desk.realtime(asked.account, asked.params)

    def _history(self, asked: _Asked) -> dict[str, Any]:
        return self._desk.history(asked.account, asked.params)

    def _executions(self, asked: _Asked) -> dict[str, Any]:
        params, account = asked.params, asked.account
        self._desk.only_spot(params.get("category", ""))
        pair, order_id, link_id = (params.get(name) for name in ("symbol", "orderId", "orderLinkId"))
        market = self._desk.market("spot", pair) if pair else None
        first_ms, last_ms = span(params, self._venue.now_ms, WEEK_MS)
        kinds = {None, "", "Trade"}
        fills = self._trading.fills(account, market) if params.get("execType") in kinds else []
        filled: dict[str, int] = {}
        rows: list[dict[str, Any]] = []
        for fill in fills:
            filled[fill.order_id] = filled.get(fill.order_id, 0) + fill.size
            stamp_ms = self._venue.stamp(fill.at_ns)
            if not first_ms <= stamp_ms <= last_ms:
                continue
            if order_id not in {None, "", fill.order_id} or link_id not in {None, "", fill.client_id}:
                continue
            maker, taker = self._trading.rates(account, fill.market)
            rows.append(
                executed(
                    fill,
                    self._order(account, fill.order_id),
                    filled=filled[fill.order_id],
                    rate=maker if fill.maker else taker,
                    stamp_ms=stamp_ms,
                )
            )
        rows.reverse()
        wanted, cursor = page(rows, params, default=50, most=100)
        return {"nextPageCursor": cursor, "category": "spot", "list": list(wanted)}

    def _order(self, account: Account, order_id: str) -> Order:
        record = self._trading.register(account).by_id(order_id)
        if record is None:
            raise LookupError(f"a fill of {order_id}, which is no order of {account.uid}")
        return record.now


def read(content: bytes, shape: type[T]) -> T:
    """Decode a body.

    Raises:
        Declined: it is something else.
    """
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.DecodeError as wrong:
        raise Declined(10001, "Request parameter error.") from wrong


def wallet(account: Account, held: Mapping[str, tuple[int, int]], *, nothing: str = "0") -> dict[str, Any]:
    """Show an account with some of its assets, each with what is free and locked. Worth is counted in dollars.

    `nothing` stands for margins that spot has none of: zero by request, no text at all on the socket.
    """
    holdings = account.holdings.items()
    worth = _dollars(sum((_worth(name, holding.total) for name, holding in holdings), Decimal(0)))
    free = _dollars(sum((_worth(name, holding.free) for name, holding in holdings), Decimal(0)))
    return {
        "accountIMRate": "0",
        "accountIMRateByMp": "0",
        "accountMMRate": "0",
        "accountMMRateByMp": "0",
        "totalEquity": worth,
        "totalWalletBalance": worth,
        "totalMarginBalance": worth,
        "totalAvailableBalance": free,
        "totalPerpUPL": "0",
        "totalInitialMargin": "0",
        "totalInitialMarginByMp": "0",
        "totalMaintenanceMargin": "0",
        "totalMaintenanceMarginByMp": "0",
        "coin": [_holding(name, free, locked, nothing) for name, (free, locked) in held.items()],
        "accountLTV": "0",
        "accountType": "UNIFIED",
    }


def _holding(name: str, free: int, locked: int, nothing: str) -> dict[str, Any]:
    total = printed(free + locked)
    return {
        "coin": name,
        "equity": total,
        "usdValue": _dollars(_worth(name, free + locked)),
        "walletBalance": total,
        "availableToWithdraw": "",  # of unified accounts it says nothing any more
        "availableToBorrow": nothing,
        "borrowAmount": "0",
        "spotBorrow": "0",
        "accruedInterest": "0",
        "totalOrderIM": nothing,
        "totalPositionIM": nothing,
        "totalPositionMM": nothing,
        "unrealisedPnl": "0",
        "cumRealisedPnl": "0",
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
        "locked": printed(locked),
        "spotHedgingQty": "0",
    }


def _worth(name: str, count: int) -> Decimal:
    return exact(count) * Decimal(str(asset(name).usd))


def _dollars(value: Decimal) -> str:
    return plain(value.quantize(CENT))


def _coin(name: str, networks: tuple[Network, ...]) -> dict[str, Any]:
    fee = plain((WITHDRAW_USD / Decimal(str(asset(name).usd))).quantize(CENT))
    return {
        "name": name,
        "coin": name,
        "remainAmount": MOST,
        "chains": [
            {
                "chainType": network.name,
                "confirmation": CONFIRMATIONS,
                "withdrawFee": fee if network.withdrawals else "",
                "depositMin": fee,
                "withdrawMin": fee,
                "chain": network.name,
                "chainDeposit": "1" if network.deposits else "0",
                "chainWithdraw": "1" if network.withdrawals else "0",
                "minAccuracy": "8",
                "withdrawPercentageFee": "0",
                "contractAddress": network.contract,
                "safeConfirmNumber": CONFIRMATIONS,
                "withdrawMax": MOST,
            }
            for network in networks
        ],
    }
