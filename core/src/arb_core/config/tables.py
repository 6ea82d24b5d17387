"""The tables of a settings file that no plugin owns, and the whole of it.

The engine has its own words for most of this: durations are text here and nanoseconds there. Who wires them together
(`cli.opening`) translates; a test compares the defaults.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from arb_core.config.durations import Duration, duration_ns
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import VenueName

__all__ = [
    "Amount",
    "Amounts",
    "DetectionSettings",
    "File",
    "JournalSettings",
    "LegSettings",
    "LoopSettings",
    "MuteSettings",
    "PaperSettings",
    "PluginSettings",
    "RiskSettings",
    "Settings",
    "Tables",
    "Timed",
    "TradingSettings",
]

Amount = Annotated[Decimal, msgspec.Meta(extra_json_schema={"type": ["number", "string"]})]
"""A number, or a text where 17 digits are not enough."""

Amounts = dict[str, Amount]
"""Money by asset: `{ USDT = 100, BTC = "0.01" }`."""

_Count = Annotated[int, msgspec.Meta(ge=1)]


class Timed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of settings of which some are durations."""

    def duration_ns(self, field: str) -> int:
        """Return one of the durations in nanoseconds."""
        return duration_ns(getattr(self, field))

    @classmethod
    def durations(cls) -> Iterable[str]:
        """Return the names of the fields that are durations."""
        hints = get_type_hints(cls, include_extras=True).items()
        return [name for name, kind in hints if kind is Duration or Duration in get_args(kind)]


class MuteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[detection.mute]]`: two venues whose difference is known and not wanted."""

    venues: tuple[VenueName, VenueName]
    symbol: str | None = None
    """Such as `LEO/USDT`; default: every symbol."""


class DetectionSettings(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[detection]`: the bounds of the checks that judge an opportunity."""

    max_age: Duration = "5s"
    """A book that took no message for longer is stale."""
    max_edge_bps: float = 1000.0
    """A larger edge is absurd: a fact that we do not know, not a gift."""
    premium: Duration = "15m"
    """An edge that stays open for longer is a premium that nobody can earn."""
    price_window: Duration = "5m"
    """Where no contract address proves that two venues list the same asset, prices must agree for so long..."""
    price_tolerance_bps: float = 500.0
    """... to within this much."""
    delisting_margin: Duration = "24h"
    """A delisting closer than this refuses."""
    ignore_transfers: bool = False
    """Closed deposits or withdrawals do not refuse."""
    mute: tuple[MuteSettings, ...] = ()


class RiskSettings(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[risk]`: what the account and the moment allow. Money is counted in the quote asset of a trade's first leg.

    Two limits have no default, and what nobody set them for is not traded: only its owner knows what money is worth.
    """

    max_notional: Amounts = {}
    """Most that one trade may be worth, by quote money."""
    max_daily_loss: Amounts = {}
    """Loss since 00:00 UTC at which trading ends for the day, by quote money."""
    max_asset: Amounts = {}
    """Most that may be held of an asset on all venues together, in its own units; an asset not named has no limit."""
    max_on_venue: dict[VenueName, Amounts] = {}
    """Most that may be held of an asset on one venue, by venue."""
    max_open_trades: _Count = 1
    cooldown: Duration = "0s"
    """How long a symbol rests after a trade of it ended."""
    max_edge_bps: float = 500.0
    """An edge above this is an error of ours or of a venue, not a chance."""
    breaker_failures: _Count = 3
    """Failures of one venue within `breaker_window` that open its breaker."""
    breaker_window: Duration = "60s"
    breaker_rest: Duration = "30s"
    """How long an open breaker lets nothing through; then one trade may try."""


class LegSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[legs]`: what a trade may lose, fees included, by its quote money, when its legs did not fill alike.

    Neither loss has a default: money without both is not traded.
    """

    hedge_loss: Amounts = {}
    """Most that a trade may lose by being completed, by quote money."""
    unwind_loss: Amounts = {}
    """Most that a trade may lose by being undone, by quote money."""
    max_attempts: _Count = 3
    """Hedges and unwinds of one leg together."""


class JournalSettings(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[journal]`: where trades are kept; a file, or an address like `postgresql://user@host/name` without a password.

    Money and play never share a journal: a restart begins with what the journal says is under way.
    """

    place: str | None = None
    """Of live trading. None = `live.db` in the state folder."""
    paper: str | None = None
    """Of paper trading. None = `paper.db` there."""
    episodes: Duration = "720h"
    """How long a chance that was seen is kept; trades are kept for ever."""


class PluginSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[plugins]`: whose code may run where keys are."""

    allow: tuple[str, ...] = ()
    """The distributions whose plugins live trading loads, beside arb-core: `["arb-mexc", "arb-gateio"]`."""
    editable: tuple[str, ...] = ()
    """Those of them, or arb-core, that may be working copies: nothing tells whether their files were changed."""


class TradingSettings(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[trading]`: how patient trading is, and what it does when nobody answers."""

    max_intent_age: Duration = "500ms"
    """From the verdict until the orders leave: an intent whose commit took longer ends with nothing sent."""
    place_timeout: Duration = "15s"
    """How long an order's answer is waited for; then it is in doubt."""
    settle_wait: Duration = "300ms"
    """How long the private stream may take to tell an order's end and fees before the venue is asked."""
    poll: Duration = "500ms"
    """Pause between two questions for one order; it doubles up to `longest_poll`."""
    longest_poll: Duration = "5s"
    fix_patience: Duration = "5s"
    """How long an unpaired leg waits for a book to be LIVE or for the journal to write, before it is left and told."""
    recover_patience: Duration = "30s"
    """The same for a trade that an earlier process left."""
    alarm_after: Duration = "60s"
    """An order whose end is unknown for longer is told again."""
    trade_deaf: bool = False
    """Whether new trades may begin on a venue whose private stream is down."""
    latch_poll: Duration = "500ms"
    """How often the journal and `kill_file` are looked at for a kill by somebody else."""
    kill_file: str | None = None
    """While this file exists nothing new is begun."""
    countdown: Duration | None = None
    """Where a venue has one: unless we renew it in this time, it cancels every open order, also those of others."""
    shutdown: Duration = "30s"
    """How long the end waits for trades under way."""


class PaperSettings(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[paper]`: the accounts of paper trading."""

    balances: dict[VenueName, Amounts] = {}
    """What each account begins with, by venue; later starts go on with what the paper journal says."""
    latency: Duration = "50ms"
    """From us to the venue, and the same back: the book at that moment fills the order."""
    jitter: Duration = "0s"
    """Up to so much more, each way, drawn anew for each message."""
    memory: Duration = "60s"
    """How long what our own fills took is subtracted from what their prices still show."""
    fee_in: Literal["received", "quote"] = "received"
    """What fees are taken from: what is received, or always the quote money."""
    seed: int = 0
    """Of the jitter."""


class LoopSettings(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[loop]`: what the event loop may cost so that a message waits less."""

    busy_poll: bool = False
    """Never sleep: a message wakes nobody. Costs one processor, all of it, all the time."""
    freeze: bool = True
    """Spare the garbage collector what is there after the start."""
    warm_up: Duration = "10s"
    """From the start until what came since is spared as well."""


class Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part of a settings file that needs no plugin to be read."""

    symbols: tuple[str, ...] = ()
    """What to watch: `["BTC/USDT"]`."""
    detection: DetectionSettings = DetectionSettings()
    risk: RiskSettings = RiskSettings()
    legs: LegSettings = LegSettings()
    journal: JournalSettings = JournalSettings()
    plugins: PluginSettings = PluginSettings()
    trading: TradingSettings = TradingSettings()
    paper: PaperSettings = PaperSettings()
    loop: LoopSettings = LoopSettings()


class Settings(Tables, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole settings file."""

    venues: dict[VenueName, ExchangeSettings] = {}
    """`[venues.NAME]`: the exchange's own settings; NAME is the exchange's id unless `exchange` says otherwise."""
    strategies: dict[str, msgspec.Struct | None] = {}
    """`[strategies.ID]`: the strategies that run, each with its own settings; default: `spatial`."""
    observers: dict[str, msgspec.Struct | None] = {}
    """`[observers.ID]`: the observers that are told, each with its own settings; default: none."""


class File(Tables, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A settings file before anybody knows what the tables of plugins mean."""

    venues: dict[str, dict[str, Any]] = {}
    strategies: dict[str, dict[str, Any]] = {}
    observers: dict[str, dict[str, Any]] = {}
