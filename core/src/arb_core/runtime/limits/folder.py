"""Where limits survive a restart: a folder with one small file for each process that has something to remember.

No lock is needed: a process writes its own file only, whole, by renaming, and reads everybody's. A file is removed by
the first process that finds nothing in it that still counts.
"""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import msgspec

from arb_core.interfaces.context import Clock
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.limits.pool import PoolState

__all__ = ["LimitsFolder"]

_SUFFIX = ".json"

_pools = msgspec.json.Decoder(dict[str, PoolState])


class LimitsFolder:
    """A `Store`. Files are readable by their owner alone, and hold keys by their fingerprints."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        """Keep files in `folder`, which is made when something is kept."""
        self._folder = folder
        self._clock = clock or SystemClock()
        self._own = folder / f"{os.getpid()}-{token_hex(4)}{_SUFFIX}"

    def load(self) -> tuple[dict[str, list[PoolState]], list[str]]:
        loaded: dict[str, list[PoolState]] = {}
        troubles: list[str] = []
        now_ns = self._clock.now_ns()
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                pools = _pools.decode(path.read_bytes())
                if not any(_counts(state, now_ns) for state in pools.values()):
                    path.unlink(missing_ok=True)
            except FileNotFoundError:
                continue  # its process, or another reader, has removed it meanwhile
            except OSError as error:
                troubles.append(f"{path} cannot be read: {error.strerror or error}")
            except msgspec.MsgspecError as error:
                troubles.append(f"{path} is none of ours, remove it: {error}")
            else:
                for name, state in pools.items():
                    loaded.setdefault(name, []).append(state)
        return loaded, troubles

    def save(self, pools: dict[str, PoolState]) -> None:
        if not pools:
            self._own.unlink(missing_ok=True)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._own.with_suffix(".new")
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(pools))
            fresh.replace(self._own)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise


def _counts(state: PoolState, now_ns: int) -> bool:
    """Whether anything of it is not over yet."""
    return any(until_ns > now_ns for until_ns in state.closed.values()) or any(
        until_ns > now_ns for rows in state.spent.values() for until_ns, _units, _ours in rows
    )
