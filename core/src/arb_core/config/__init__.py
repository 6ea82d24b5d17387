"""Settings: TOML, overridden by `ARB_...` variables, overridden by options; and where secrets come from.

Entered by the command line and by `venue`. Reading order: `names`, `durations` and `tables` are what may be said,
`decoding` turns plain values into it and answers mistakes, `reading` puts file, variables and options together,
`schema` describes it for editors; `credentials` finds keys, which are never read from a settings file. Each
`[venues.NAME]` table is decoded by the settings struct of its exchange's card, which the caller looks up: this package
knows no plugin.
"""

from arb_core.config.credentials import load_credentials
from arb_core.config.durations import duration_ns
from arb_core.config.names import variable
from arb_core.config.reading import CardLookup, ObserverLookup, StrategyLookup, load, load_file, venue_settings
from arb_core.config.schema import schema
from arb_core.config.tables import (
    DetectionSettings,
    JournalSettings,
    LegSettings,
    LoopSettings,
    MuteSettings,
    PaperSettings,
    PluginSettings,
    RiskSettings,
    Settings,
    TradingSettings,
)

__all__ = [
    "CardLookup",
    "DetectionSettings",
    "JournalSettings",
    "LegSettings",
    "LoopSettings",
    "MuteSettings",
    "ObserverLookup",
    "PaperSettings",
    "PluginSettings",
    "RiskSettings",
    "Settings",
    "StrategyLookup",
    "TradingSettings",
    "duration_ns",
    "load",
    "load_credentials",
    "load_file",
    "schema",
    "variable",
    "venue_settings",
]
