"""How patient trading is, and what it does when nobody answers."""

import msgspec

__all__ = ["TradingSettings"]

_MS = 1_000_000
_SECOND = 1_000 * _MS


class TradingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[trading]` of the settings. Durations are nanoseconds."""

    max_intent_age_ns: int = 500 * _MS
    """From the verdict until the orders leave: an intent whose commit took longer ends with nothing sent."""
    place_timeout_ns: int = 15 * _SECOND
    """How long an order's answer is waited for, its turn in the venue's budgets included; then it is in doubt."""
    settle_wait_ns: int = 300 * _MS
    """How long the private stream may take to tell an order's end and fees before the venue is asked."""
    poll_ns: int = 500 * _MS
    """Pause between two questions for one order; it doubles up to `longest_poll_ns`."""
    longest_poll_ns: int = 5 * _SECOND
    fix_patience_ns: int = 5 * _SECOND
    """How long an unpaired leg waits for a book to be LIVE or for the journal to write, before it is left and told."""
    recover_patience_ns: int = 30 * _SECOND
    """The same for a trade that an earlier process left: books need a while to be LIVE after a start."""
    alarm_after_ns: int = 60 * _SECOND
    """An order whose end is unknown for longer is told again."""
    trade_deaf: bool = False
    """Whether new trades may begin on a venue whose private stream is down: its orders are then asked for."""
    latch_poll_ns: int = 500 * _MS
    """How often the journal and `kill_file` are looked at for a kill by somebody else."""
    kill_file: str | None = None
    """While this file exists nothing new is begun."""
    countdown_ns: int | None = None
    """Where the venue has a countdown: it cancels every open order of the account, also those of others, unless we
    renew it within this time. None = not used."""
    finish_trades: bool = True
    """Whether trades found unfinished are hedged or unwound; else only their orders are accounted for."""
