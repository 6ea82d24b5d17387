"""`arb record`: what venues send, frame by frame, for `arb replay`."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import click

from arb_core.capture.format import Header
from arb_core.capture.record import Recorder, RecordingTransport
from arb_core.cli.loop import run, stop_on_signals, unless
from arb_core.cli.opening import Opener, openers_for
from arb_core.cli.options import config_file, seconds, standard, symbols, venues
from arb_core.cli.plain import emit, note
from arb_core.cli.watch import Watch
from arb_core.engine.opportunity import Policy
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.sockets import SocketTransport
from arb_core.runtime.tasks import TaskOwner, within
from arb_core.structs.market import Symbol, VenueName

__all__ = ["command"]

_SECOND = 1_000_000_000
_PROGRESS_NS = 5 * _SECOND


@click.command("record")
@venues()
@symbols()
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file; .gz compresses.")
@seconds()
@config_file
@standard
def command(
    *,
    venues: tuple[str, ...],
    symbols: tuple[Symbol, ...],
    out: Path,
    seconds: float | None,
    config: str | None,
    as_json: bool,
) -> int:
    """Record what venues send, to replay it later."""
    _, openers = openers_for(venues, registry=Registry(), file=config)
    recorder = run(_record(openers, list(dict.fromkeys(symbols)), out, seconds))
    if as_json:
        facts = {"lines": recorder.lines, "dropped": recorder.dropped, "left_out": recorder.left_out}
        emit({"kind": "recording", "file": str(out), **facts})
    else:
        click.echo(f"{out}: {recorder.lines:,} lines")
    return 1 if recorder.dropped else 0


async def _record(
    openers: Mapping[VenueName, Opener], symbols: Sequence[Symbol], out: Path, seconds: float | None
) -> Recorder:
    clock = SystemClock()
    header = Header(
        capture=1, source="arb record", symbols=tuple(str(symbol) for symbol in symbols), exchanges=tuple(openers)
    )
    with stop_on_signals() as stop:
        async with AsyncExitStack() as stack:
            ended = asyncio.Event()
            recorder = Recorder(out, header, clock, on_ended=lambda reason: _end(ended, reason))
            recording: dict[VenueName, Opener] = {}
            for name, opener in openers.items():
                transport = SocketTransport(clock)
                stack.push_async_callback(transport.close)
                recording[name] = partial(opener, transport=RecordingTransport(transport, recorder, name))
            tasks = await stack.enter_async_context(TaskOwner())
            # Before anything is closed: the end of the recording is not the end of its connections.
            stack.push_async_callback(recorder.close)
            watch = Watch(recording, symbols, strategies={}, policy=Policy(), clock=clock, networks=False)
            watch.listen(lambda venue, text: note(text if venue is None else f"{venue}: {text}"))
            if await unless(stop, watch.start(tasks)):
                await unless(stop, _until(ended, clock, recorder, watch, seconds))
    return recorder


def _end(ended: asyncio.Event, reason: str) -> None:
    note(f"arb: the recording ends here: {reason}")
    ended.set()


async def _until(
    ended: asyncio.Event, clock: SystemClock, recorder: Recorder, watch: Watch, seconds: float | None
) -> None:
    """Wait until the time is over or the recorder has ended; say now and then how far it is."""
    end_ns = None if seconds is None else clock.monotonic_ns() + round(seconds * _SECOND)

    async def over() -> None:
        await ended.wait()

    while not ended.is_set():
        left_ns = _PROGRESS_NS if end_ns is None else min(_PROGRESS_NS, end_ns - clock.monotonic_ns())
        if left_ns <= 0:
            return
        await within(clock, left_ns, over())
        live, books = watch.live()
        note(f"{recorder.lines:,} lines, {live} of {books} books live")
