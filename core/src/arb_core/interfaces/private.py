"""The private REST side of an exchange: an account's money and orders."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal

from arb_core.errors import NotSupported
from arb_core.structs.account import Balance, KeyPermissions, TradingFees
from arb_core.structs.market import Asset, AssetNetwork, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest

__all__ = ["PrivateExchange"]


class PrivateExchange(ABC):
    """Signed requests. Every method raises what `RestClient.call` raises.

    A plugin never decides what became of a request that got no answer: the core turns any failure after a request that
    is not idempotent has left into `OutcomeUnknown`. Client order ids are ours; the plugin adds and strips its venue's
    prefix.
    """

    @abstractmethod
    async def get_balances(self) -> Mapping[Asset, Balance]:
        """Return every asset the account holds; one that is missing is zero."""

    @abstractmethod
    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        """Return what this account pays on this symbol."""

    @abstractmethod
    async def get_permissions(self) -> KeyPermissions:
        """Return what the key may do; None where the venue does not tell."""

    @abstractmethod
    async def place_order(self, request: OrderRequest) -> OrderAck:
        """Send one order.

        Raises:
            InsufficientBalance, InvalidOrder, DuplicateOrder, TradingDisabled: it was refused; nothing happened.
            OutcomeUnknown: it may stand.
        """

    @abstractmethod
    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        """Ask to cancel one order, by exactly one of its ids.

        Returning means that the venue accepted the request: what the order ended as, a query tells.

        Raises:
            OrderNotFound: it has ended, or never stood.
        """

    @abstractmethod
    async def cancel_all_orders(self, symbol: Symbol) -> None:
        """Cancel every open order of the symbol, also those that are not ours."""

    async def modify_order(
        self, symbol: Symbol, order_id: OrderId, *, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> OrderAck:
        """Change an open order, where the card says `MODIFY_ORDER`; `quantity` is the new total."""
        raise NotSupported(f"{type(self).__module__} has no call that changes an order")

    @abstractmethod
    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        """Return one order, by exactly one of its ids.

        Raises:
            OrderNotFound: which proves nothing before the card's `history_lag_ns` has passed.
        """

    @abstractmethod
    async def get_open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        """Return the open orders of a symbol, or of the account."""

    @abstractmethod
    async def get_order_history(self, symbol: Symbol, since_ns: int) -> Sequence[Order]:
        """Return orders of any status since then, oldest first, as far back as the venue keeps them."""

    @abstractmethod
    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> Sequence[Fill]:
        """Return our executions since then, oldest first."""

    async def get_asset_networks(self) -> Mapping[Asset, Sequence[AssetNetwork]]:
        """Return deposit and withdrawal state by asset, where the card says `asset_networks = "signed"`."""
        raise NotSupported(f"{type(self).__module__} has no signed list of asset networks")

    async def arm_countdown(self, timeout_ns: int) -> None:
        """Let the venue cancel all orders unless called again in time; 0 disarms.

        Only where the card says `COUNTDOWN_CANCEL`.
        """
        raise NotSupported(f"{type(self).__module__} has no countdown")
