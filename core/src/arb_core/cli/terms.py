"""The settings of trading in the engine's words, and what nobody has set and therefore is not traded. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from arb_core.config import LegSettings, PaperSettings, RiskSettings, Settings, TradingSettings
from arb_core.engine.legs import LegPolicy
from arb_core.engine.paper import PaperTerms
from arb_core.engine.risk import Limits
from arb_core.engine.trading.settings import TradingSettings as Patience
from arb_core.errors import SettingsError
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import Asset, Symbol

__all__ = ["Terms", "limits_of", "not_traded", "paper_terms_of", "patience_of", "terms_of"]

_BPS = Decimal(10_000)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """On what terms is traded."""

    limits: Limits
    legs: LegPolicy
    patience: Patience = Patience()
    shutdown_ns: int = 30_000_000_000
    """How long the end waits for trades under way."""


def terms_of(settings: Settings, symbols: Sequence[Symbol], *, file: str | None = None) -> Terms:
    """Return the terms that the settings say.

    Raises:
        SettingsError: they allow nothing to be traded; every setting that is missing is named.
    """
    closed = not_traded(settings, symbols)
    if not {symbol.quote for symbol in symbols} - closed.keys():
        lines = ", ".join(line for each in closed.values() for line in each)
        told = (
            f"nothing may be traded before you say what it may cost: set {lines}; docs/how-to/go-live.md has an example"
        )
        raise SettingsError(told, path=file)
    trading = settings.trading
    return Terms(
        limits=limits_of(settings.risk),
        legs=_legs_of(settings.legs),
        patience=patience_of(trading),
        shutdown_ns=trading.duration_ns("shutdown"),
    )


def not_traded(settings: Settings, symbols: Sequence[Symbol]) -> dict[str, list[str]]:
    """Return the money for which a limit is missing, and so is not traded, with the settings to set."""
    needed = {
        "risk.max_notional": settings.risk.max_notional,
        "risk.max_daily_loss": settings.risk.max_daily_loss,
        "legs.hedge_loss": settings.legs.hedge_loss,
        "legs.unwind_loss": settings.legs.unwind_loss,
    }
    missing = {
        money: [f"{name}.{money}" for name, amounts in needed.items() if money not in amounts]
        for money in dict.fromkeys(symbol.quote for symbol in symbols)
    }
    return {money: lines for money, lines in missing.items() if lines}


def limits_of(risk: RiskSettings) -> Limits:
    """Return the limits."""
    return Limits(
        max_notional=_assets(risk.max_notional),
        max_daily_loss=_assets(risk.max_daily_loss),
        max_asset=_assets(risk.max_asset),
        max_on_venue={venue: _assets(amounts) for venue, amounts in risk.max_on_venue.items()},
        max_open_trades=risk.max_open_trades,
        cooldown_ns=risk.duration_ns("cooldown"),
        max_edge_bps=risk.max_edge_bps,
        breaker_failures=risk.breaker_failures,
        breaker_window_ns=risk.duration_ns("breaker_window"),
        breaker_rest_ns=risk.duration_ns("breaker_rest"),
    )


def patience_of(trading: TradingSettings) -> Patience:
    """Return how patient trading is."""
    return Patience(
        max_intent_age_ns=trading.duration_ns("max_intent_age"),
        place_timeout_ns=trading.duration_ns("place_timeout"),
        settle_wait_ns=trading.duration_ns("settle_wait"),
        poll_ns=trading.duration_ns("poll"),
        longest_poll_ns=trading.duration_ns("longest_poll"),
        fix_patience_ns=trading.duration_ns("fix_patience"),
        recover_patience_ns=trading.duration_ns("recover_patience"),
        alarm_after_ns=trading.duration_ns("alarm_after"),
        trade_deaf=trading.trade_deaf,
        latch_poll_ns=trading.duration_ns("latch_poll"),
        kill_file=trading.kill_file,
        countdown_ns=None if trading.countdown is None else trading.duration_ns("countdown"),
    )


def paper_terms_of(paper: PaperSettings, venue: ExchangeSettings) -> PaperTerms:
    """Return what paper trading assumes of a venue; the fees of its settings come first."""
    latency_ns = paper.duration_ns("latency")
    return PaperTerms(
        to_venue_ns=latency_ns,
        from_venue_ns=latency_ns,
        jitter_ns=paper.duration_ns("jitter"),
        memory_ns=paper.duration_ns("memory"),
        maker=_fraction(venue.maker_bps),
        taker=_fraction(venue.taker_bps),
        fee_in=paper.fee_in,
    )


def _legs_of(legs: LegSettings) -> LegPolicy:
    return LegPolicy(
        hedge_loss=_assets(legs.hedge_loss), unwind_loss=_assets(legs.unwind_loss), max_attempts=legs.max_attempts
    )


def _assets(amounts: Mapping[str, Decimal]) -> dict[Asset, Decimal]:
    return {Asset(asset): amount for asset, amount in amounts.items()}


def _fraction(bps: float | None) -> Decimal | None:
    return None if bps is None else Decimal(repr(bps)) / _BPS
