"""What an account holds and pays."""

from decimal import Decimal

import msgspec

from arb_core.structs.market import Asset

__all__ = ["Balance", "Credentials", "KeyPermissions", "TradingFees"]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of one account; what is held in all is `free + locked`."""

    asset: Asset
    free: Decimal
    locked: Decimal = Decimal(0)
    exchange_ns: int | None = None


class TradingFees(msgspec.Struct, frozen=True, kw_only=True):
    """Fractions of the notional: 0.001 = 10 bp."""

    maker: Decimal
    taker: Decimal


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. Its `repr` shows nothing of the secret parts."""

    api_key: str
    api_secret: str
    api_passphrase: str | None = None

    def __repr__(self) -> str:
        """Show the last characters of the key only, enough to tell two keys apart."""
        return f"Credentials(api_key='...{self.api_key[-4:] if len(self.api_key) >= 12 else ''}')"


class KeyPermissions(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key may do; None = the venue does not tell."""

    read: bool | None = None
    trade: bool | None = None
    withdraw: bool | None = None
