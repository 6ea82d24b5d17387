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
    legs = _legs_of(settings.legs)
    open_to = {symbol.quote for symbol in symbols} - not_traded(settings.risk, symbols).keys()
    if legs is None or not open_to:
        missing = [name for name in ("hedge_loss", "unwind_loss") if getattr(settings.legs, name) is None]
        lines = [f"legs.{name}" for name in missing]
        if not open_to:
            lines += [line for each in not_traded(settings.risk, symbols).values() for line in each]
        told = (
            f"nothing may be traded before you say what it may cost: set {', '.join(lines)}; "
            "docs/how-to/go-live.md has an example"
        )
        raise SettingsError(told, path=file)
    trading = settings.trading
    return Terms(
        limits=limits_of(settings.risk),
        legs=legs,
        patience=patience_of(trading),
        shutdown_ns=trading.duration_ns("shutdown"),
    )


def not_traded(risk: RiskSettings, symbols: Sequence[Symbol]) -> dict[str, list[str]]:
    """Return the money for which a limit is missing, and so is not traded, with the settings to set."""
    missing: dict[str, list[str]] = {}
    for money in dict.fromkeys(symbol.quote for symbol in symbols):
        for field in ("max_notional", "max_daily_loss"):
            if money not in getattr(risk, field):
                missing.setdefault(money, []).append(f"risk.{field}.{money}")
    return missing


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


def _legs_of(legs: LegSettings) -> LegPolicy | None:
    if legs.hedge_loss is None or legs.unwind_loss is None:
        return None
    return LegPolicy(hedge_loss=legs.hedge_loss, unwind_loss=legs.unwind_loss, max_attempts=legs.max_attempts)


def _assets(amounts: Mapping[str, Decimal]) -> dict[Asset, Decimal]:
    return {Asset(asset): amount for asset, amount in amounts.items()}


def _fraction(bps: float | None) -> Decimal | None:
    return None if bps is None else Decimal(repr(bps)) / _BPS
