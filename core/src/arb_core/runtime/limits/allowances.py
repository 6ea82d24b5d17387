"""What this process has used of every exchange's limits: shared by its venues, and kept over a restart.

An exchange counts by address and by key, not by our objects: two venues of one exchange take from the same pool of the
address, and from the same pool of the key where they use the same one. A host of its own (a test network) counts apart.

A ban is kept at once, usage every few seconds, in a `Store`. What cannot be kept is told and harms nothing else. Venues
on this machine are not kept: they are simulated, and another one has their port tomorrow.
"""

import asyncio
import functools
from typing import Protocol
from urllib.parse import urlsplit

from arb_core.interfaces.context import Clock
from arb_core.runtime.address import is_loopback
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.fingerprint import fingerprint_of
from arb_core.runtime.folders import state_folder
from arb_core.runtime.limits.budgets import Budgets
from arb_core.runtime.limits.folder import LimitsFolder
from arb_core.runtime.limits.pool import Pool, PoolState
from arb_core.runtime.limits.window import Window
from arb_core.structs.account import Credentials
from arb_core.structs.card import ExchangeCard

__all__ = ["SAVE_EVERY_NS", "Allowances", "Store", "of_this_process"]

_SECOND = 1_000_000_000

SAVE_EVERY_NS = 10 * _SECOND
"""How often usage is kept."""


class Store(Protocol):
    """Where pools survive."""

    def load(self) -> tuple[dict[str, list[PoolState]], list[str]]:
        """Return what every process has left, by pool, and what could not be read, in words."""
        ...

    def save(self, pools: dict[str, PoolState]) -> None:
        """Keep this process's pools in place of what it kept before; none = nothing is kept. Raises OSError."""
        ...


class Allowances:
    """The pools of one process. All venues that share one have the same clock."""

    def __init__(self, clock: Clock, store: Store | None = None, *, threaded: bool = True) -> None:
        """Begin with nothing used. Not `threaded`, it writes inside the call: virtual time knows no threads."""
        self._clock = clock
        self._store = store
        self._threaded = threaded
        self._pools: dict[str, Pool] = {}
        self._kept: dict[str, list[PoolState]] | None = None
        self._saved: dict[str, PoolState] = {}
        self._closings = 0
        self._due_ns = clock.monotonic_ns() + SAVE_EVERY_NS
        self._saving = False

    def budgets(
        self, card: ExchangeCard, base_url: str, *, share: float = 1.0, credentials: Credentials | None = None
    ) -> Budgets:
        """Return what the requests of one venue take from.

        Raises:
            SettingsError: `share` is not in (0, 1].
        """
        key = None
        if credentials is not None:
            key = self._pool(card, base_url, f"key {fingerprint_of(credentials.api_key)}")
        return Budgets(card.limits, card.usage, share, ip=self._pool(card, base_url, "ip"), key=key)

    def connects(self, card: ExchangeCard, base_url: str) -> Window | None:
        """Return what attempts to open a socket take from, None where the card has no such limit."""
        limit = card.stream.connects
        return None if limit is None else self._pool(card, base_url, "ip").window(f"sockets: {limit.name}", limit)

    def recall(self) -> str | None:
        """Take up what was kept, once; return why that was not possible. A few small files: read at once."""
        if self._store is None or self._kept is not None:
            return None
        self._kept, troubles = self._store.load()
        for name, pool in self._pools.items():
            self._restore(name, pool)
        return f"what was used of the limits before is not wholly known: {'; '.join(troubles)}" if troubles else None

    def is_due(self) -> bool:
        """Whether it is time to `save`; cheap, to be asked on every beat."""
        if self._store is None or self._saving:
            return False
        closings = sum(pool.closings for pool in self._pools.values())
        return closings != self._closings or self._clock.monotonic_ns() >= self._due_ns

    async def save(self) -> str | None:
        """Keep what counts now, off the loop's thread; return why that was not possible."""
        store, pools = self._store, self._states()
        if store is None or pools == self._saved:
            return None
        self._saving = True
        try:
            if self._threaded:
                await asyncio.to_thread(store.save, pools)
            else:
                store.save(pools)
        except OSError as error:
            return f"what was used of the limits is not kept: {error.strerror or error}"
        finally:
            self._saving = False
        self._saved = pools
        return None

    def _states(self) -> dict[str, PoolState]:
        now_ns, monotonic_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        self._due_ns = monotonic_ns + SAVE_EVERY_NS
        self._closings = sum(pool.closings for pool in self._pools.values())
        states = {name: pool.save(now_ns, monotonic_ns) for name, pool in self._pools.items() if not _is_local(name)}
        return {name: state for name, state in states.items() if state.closed or state.spent}

    def _pool(self, card: ExchangeCard, base_url: str, scope: str) -> Pool:
        name = f"{card.id} {urlsplit(base_url).netloc} {scope}"
        pool = self._pools.get(name)
        if pool is None:
            pool = self._pools[name] = Pool()
            self._restore(name, pool)
        return pool

    def _restore(self, name: str, pool: Pool) -> None:
        for state in (self._kept or {}).get(name, ()):
            pool.restore(state, self._clock.now_ns(), self._clock.monotonic_ns())


@functools.cache
def of_this_process() -> Allowances:
    """Return the one that venues on the machine's clock share; it is kept in the user's state folder."""
    return Allowances(SystemClock(), LimitsFolder(state_folder() / "limits"))


def _is_local(name: str) -> bool:
    host = urlsplit(f"//{name.split(' ')[1]}").hostname
    return host is not None and is_loopback(host)
