"""What trading costs: by the settings, else by the account, else by the list of instruments, else by the card."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from arb_core.interfaces.private import PrivateExchange
from arb_core.runtime.markets import MarketTable
from arb_core.structs.account import TradingFees
from arb_core.structs.card import ExchangeCard, ExchangeSettings
from arb_core.structs.market import Symbol

__all__ = ["Fees"]

_BPS = 10_000


class Fees:
    """The rates of one venue, as fractions of the notional."""

    def __init__(self, card: ExchangeCard, settings: ExchangeSettings, markets: MarketTable) -> None:
        self._card = card
        self._markets = markets
        self._maker = _fraction(settings.maker_bps)
        self._taker = _fraction(settings.taker_bps)
        self._of_account: dict[Symbol, TradingFees] = {}

    async def load(self, private: PrivateExchange, symbols: Iterable[Symbol]) -> Mapping[Symbol, TradingFees]:
        """Ask what the account pays, one symbol after the other; what was answered before a failure is kept."""
        for symbol in symbols:
            self._of_account[symbol] = await private.get_trading_fees(symbol)
        return self._of_account

    def of(self, symbol: Symbol) -> TradingFees:
        """Return the rates that hold, each by the best that is known of it. Raises `InvalidSymbol`."""
        instrument = self._markets.instrument(symbol)
        account, base = self._of_account.get(symbol), self._card.fees
        listed_maker = base.maker if instrument.maker_fee is None else instrument.maker_fee
        listed_taker = base.taker if instrument.taker_fee is None else instrument.taker_fee
        maker = listed_maker if account is None else account.maker
        taker = listed_taker if account is None else account.taker
        return TradingFees(
            maker=maker if self._maker is None else self._maker, taker=taker if self._taker is None else self._taker
        )


def _fraction(bps: float | None) -> Decimal | None:
    """Return basis points as a fraction, with the digits that the settings show."""
    return None if bps is None else Decimal(str(bps)) / _BPS
