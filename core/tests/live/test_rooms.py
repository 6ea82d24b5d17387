"""The small rooms that sessions and venues stand on: tasks, beats, addresses, back-off."""

import asyncio
from itertools import pairwise
from random import Random

import pytest
from arb_core.errors import SettingsError
from arb_core.runtime.address import check_override, rebase
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.pulse import Beat, Pulse
from arb_core.runtime.stream.backoff import Backoff
from arb_core.runtime.tasks import TaskOwner, within
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000

pytestmark = pytest.mark.looptime(noop_cycles=2)


async def pause(seconds: float) -> None:
    await LoopClock().sleep(round(seconds * SECOND))


async def forever(log: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await pause(0.1)
        log.append(f"{name} ended")


async def test_leaving_cancels_and_awaits_every_task() -> None:
    log: list[str] = []
    async with TaskOwner() as tasks:
        tasks.spawn(forever(log, "a"), "a")
        tasks.spawn(forever(log, "b"), "b")
        await pause(1)
    assert sorted(log) == ["a ended", "b ended"]


async def test_a_failing_task_ends_body_and_others_and_is_raised_as_it_was() -> None:
    log: list[str] = []

    async def fail() -> None:
        await pause(1)
        raise KeyError("defect")

    async def use() -> None:
        async with TaskOwner() as tasks:
            tasks.spawn(forever(log, "other"), "other")
            tasks.spawn(fail(), "fail")
            await forever(log, "body")

    with pytest.raises(KeyError, match="defect"):
        await use()
    assert sorted(log) == ["body ended", "other ended"]
    assert asyncio.get_running_loop().time() < 2


async def test_the_bodys_own_error_passes_unwrapped() -> None:
    async def use() -> None:
        async with TaskOwner() as tasks:
            tasks.spawn(forever([], "a"), "a")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await use()


async def test_cancelling_the_body_passes_through() -> None:
    log: list[str] = []

    async def use() -> None:
        async with TaskOwner() as tasks:
            tasks.spawn(forever(log, "a"), "a")
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await pause(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["a ended"]


async def test_work_that_ends_in_time_is_done_and_its_error_passes() -> None:
    clock = LoopClock()

    async def fail() -> None:
        await pause(1)
        raise KeyError("inside")

    assert await within(clock, 2 * SECOND, pause(1))
    with pytest.raises(KeyError, match="inside"):
        await within(clock, 2 * SECOND, fail())


async def test_work_that_takes_too_long_is_cancelled_and_awaited() -> None:
    clock = LoopClock()
    log: list[str] = []
    assert not await within(clock, 2 * SECOND, forever(log, "work"))
    assert log == ["work ended"]
    outer = asyncio.create_task(within(clock, 60 * SECOND, forever(log, "again")))
    await pause(1)
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert log == ["work ended", "again ended"]


async def test_a_pulse_beats_steadily_and_tells_jumps_of_the_clock() -> None:
    clock = LoopClock()
    beats: list[Beat] = []
    pulse = Pulse(clock, SECOND // 2, beats.append)
    pulse.start()
    await pause(2.2)
    clock.jump(-7 * SECOND)
    await pause(1)
    pulse.stop()
    await pause(5)
    assert [beat.monotonic_ns // (SECOND // 2) for beat in beats] == [1, 2, 3, 4, 5, 6]
    assert [beat.jump_ns for beat in beats] == [0, 0, 0, 0, -7 * SECOND, 0]
    assert {beat.lag_ns for beat in beats} == {0}


@pytest.mark.parametrize(
    ("url", "override", "result"),
    [
        ("wss://h.example/ws?listenKey=K", None, "wss://h.example/ws?listenKey=K"),
        ("wss://h.example/ws?listenKey=K", "ws://127.0.0.1:4001", "ws://127.0.0.1:4001/ws?listenKey=K"),
        ("wss://h.example:9443/stream", "wss://proxy.example/binance/", "wss://proxy.example/binance/stream"),
        ("https://api.h.example", "http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_an_override_replaces_scheme_host_and_port_and_goes_before_the_path(
    url: str, override: str | None, result: str
) -> None:
    assert rebase(url, override) == result


@pytest.mark.parametrize("url", ["ws://10.0.0.1", "http://127.0.0.1", "wss://h.example?k=1", "wss://h.example#f", ""])
def test_an_override_that_cannot_be_meant_is_refused_by_its_name(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^venues\.x\.ws_url: "):
        check_override(url, "venues.x.ws_url", "wss", "ws")


@given(st.integers(0, 2**32))
def test_back_off_is_jittered_over_the_whole_of_a_growing_interval(seed: int) -> None:
    backoff = Backoff(Random(seed), base_ns=100, cap_ns=1600)
    delays = [backoff.fail() for _ in range(40)]
    ceilings = [min(1600, 100 << attempt) for attempt in range(40)]
    assert all(0 <= delay <= ceiling for delay, ceiling in zip(delays, ceilings, strict=True))
    assert len(set(delays[5:])) > 10
    assert any(later < earlier for earlier, later in pairwise(delays[5:]))
    backoff.reset()
    assert backoff.fail() <= 100
