"""Simulated venues in a process of their own, so that their work does not show in our latencies.

Entered by `arb demo` and by tests that want real sockets and a process that can be killed.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import cast

import msgspec
from arb_core.errors import ArbError

__all__ = ["ChildFailed", "Injection", "ServedVenue", "serving"]

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


class ChildFailed(ArbError):
    """The process of the simulated venues did not start; the message holds what it said."""

    action = "fix"


class ServedVenue(msgspec.Struct, frozen=True):
    """The line that `arb sim serve --json` prints for each venue."""

    exchange: str
    rest_url: str
    ws_url: str
    symbols: list[str]
    api_key: str
    api_secret: str
    passphrase: str | None = None

    def __repr__(self) -> str:
        """Leave out the key, although it is good for nothing else: habits matter."""
        return f"ServedVenue({self.exchange} at {self.rest_url})"


class Injection(msgspec.Struct, frozen=True, tag_field="kind", tag="injected"):
    """A dislocation that the simulated market made; times are UTC nanoseconds.

    With a `path` it is a cycle through these assets, on one venue, which is both `buy` and `sell`.
    """

    symbol: str
    buy: str
    sell: str
    start_ns: int
    end_ns: int
    edge_bps: float
    path: tuple[str, ...] = ()


_venue = msgspec.json.Decoder(ServedVenue)
_injection = msgspec.json.Decoder(Injection)


@contextlib.asynccontextmanager
async def serving(
    exchanges: Sequence[str],
    *,
    seed: int,
    symbols: Sequence[str] = (),
    steps_per_s: float | None = None,
    on_injection: Callable[[Injection], None] | None = None,
) -> AsyncGenerator[list[ServedVenue]]:
    """Run `arb sim serve` until the block ends; with `on_injection` the venues disagree now and then, and it is told.

    `steps_per_s` is how often each price moves: 0 = the market stands still.

    Raises:
        ChildFailed: the venues did not come up within half a minute.
    """
    options = ["--seed", str(seed), "--while-stdin", "--json"]
    if symbols:
        options += ["--symbols", ",".join(symbols)]
    if steps_per_s is not None:
        options += ["--steps-per-s", str(steps_per_s)]
    if on_injection is not None:
        options.append("--dislocate")
    # Its own session: Ctrl-C is for us, and we end it. Should we be killed, its stdin closes and it ends by itself.
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "arb_core", "sim", "serve", *exchanges, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    # Both are pipes, so both are there.
    lines = cast("asyncio.StreamReader", child.stdout)
    errors = asyncio.create_task(cast("asyncio.StreamReader", child.stderr).read(), name="simulated venues: errors")
    reader: asyncio.Task[None] | None = None
    try:
        venues: list[ServedVenue] = []
        for _ in exchanges:
            line = await asyncio.wait_for(lines.readline(), _START_TIMEOUT_S)
            if not line:
                said = (await errors).decode(errors="replace").strip()
                raise ChildFailed(f"the simulated venues did not start: {said or 'no reason given'}")
            venues.append(_venue.decode(line))
        reader = asyncio.create_task(_read(lines, on_injection), name="simulated venues: lines")
        yield venues
    except TimeoutError:
        raise ChildFailed(f"the simulated venues did not answer within {_START_TIMEOUT_S:g} s") from None
    finally:
        if child.returncode is None:
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _STOP_TIMEOUT_S)
        except TimeoutError:
            child.kill()
            await child.wait()
        if reader is not None:
            await reader
        await errors


async def _read(lines: asyncio.StreamReader, on_injection: Callable[[Injection], None] | None) -> None:
    while line := await lines.readline():
        if on_injection is not None:
            on_injection(_injection.decode(line))
