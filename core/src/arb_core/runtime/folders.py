"""Where this user's state lies on this machine: journals, and the locks of keys."""

import os
from pathlib import Path

__all__ = ["state_folder"]


def state_folder() -> Path:
    """Return `$XDG_STATE_HOME/arb`, by default `~/.local/state/arb`; nothing is made."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "arb"
