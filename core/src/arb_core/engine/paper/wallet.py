"""The money of a paper account, exact: what is free, and what open orders lock."""

from collections.abc import Mapping
from decimal import Decimal

from arb_core.engine.money import minus, plus
from arb_core.errors import InsufficientBalance
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, ExchangeId

__all__ = ["Wallet"]

_NOTHING = Decimal(0)


class Wallet:
    """Free and locked amounts by asset; neither is ever below 0.

    Raises:
        ValueError: an amount to begin with is not finite, or below 0.
    """

    def __init__(self, exchange: ExchangeId, balances: Mapping[Asset, Decimal]) -> None:
        for asset, amount in balances.items():
            if not amount.is_finite() or amount < 0:
                message = f"a balance is a number of at least 0, found {asset} = {amount}"
                raise ValueError(message)
        self._exchange = exchange
        self._free = dict(balances)
        self._locked: dict[Asset, Decimal] = {}

    def balance(self, asset: Asset, now_ns: int) -> Balance:
        """Return what there is of one asset."""
        return Balance(
            asset=asset,
            free=self._free.get(asset, _NOTHING),
            locked=self._locked.get(asset, _NOTHING),
            exchange_ns=now_ns,
        )

    def balances(self, now_ns: int) -> dict[Asset, Balance]:
        """Return every asset of which there is something."""
        held = {asset for amounts in (self._free, self._locked) for asset, amount in amounts.items() if amount}
        return {asset: self.balance(asset, now_ns) for asset in sorted(held)}

    def check(self, asset: Asset, amount: Decimal) -> None:
        """Raise `InsufficientBalance` unless so much is free."""
        free = self._free.get(asset, _NOTHING)
        if free < amount:
            raise InsufficientBalance(f"the order needs {amount} {asset}, {free} is free", exchange=self._exchange)

    def lock(self, asset: Asset, amount: Decimal) -> None:
        """Set something aside for an order. Raises `InsufficientBalance`."""
        self.check(asset, amount)
        self._free[asset] = minus(self._free.get(asset, _NOTHING), amount)
        self._locked[asset] = plus(self._locked.get(asset, _NOTHING), amount)

    def unlock(self, asset: Asset, amount: Decimal) -> None:
        """Give back what was set aside."""
        self._locked[asset] = minus(self._locked[asset], amount)
        self._free[asset] = plus(self._free[asset], amount)

    def add(self, asset: Asset, amount: Decimal) -> None:
        """Gain something; below 0 it is paid from what is free."""
        self._free[asset] = plus(self._free.get(asset, _NOTHING), amount)
