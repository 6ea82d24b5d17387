"""Another thread asks the event loop, and never looks by itself."""

import asyncio
import threading

import pytest
from arb_core.errors import FiguresUnavailable
from arb_core.runtime.asking import Asking


async def test_a_question_from_another_thread_is_answered_on_the_loops_own() -> None:
    asking: Asking[int] = Asking()
    asking.open(threading.get_ident)
    assert await asyncio.to_thread(asking.ask) == threading.get_ident()
    assert asking.ask() == threading.get_ident()


async def test_before_the_start_and_after_the_end_nobody_answers() -> None:
    asking: Asking[int] = Asking()
    with pytest.raises(FiguresUnavailable):
        await asyncio.to_thread(asking.ask)
    asking.open(lambda: 1)
    asking.close()
    with pytest.raises(FiguresUnavailable):
        await asyncio.to_thread(asking.ask)


async def test_a_loop_that_stands_still_is_told_to_whoever_asks() -> None:
    asking: Asking[int] = Asking(patience_s=0.01)
    asking.open(lambda: 1)
    found: list[BaseException] = []

    def ask() -> None:
        try:
            asking.ask()
        except FiguresUnavailable as error:
            found.append(error)

    other = threading.Thread(target=ask)
    other.start()
    other.join()  # the loop stands still meanwhile
    assert "did not answer" in str(found[0])
    await asyncio.sleep(0)
    assert await asyncio.to_thread(asking.ask) == 1


async def test_what_the_answer_raises_is_raised_to_whoever_asked() -> None:
    asking: Asking[float] = Asking()
    asking.open(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(asking.ask)


def test_a_loop_that_is_closed_answers_nobody() -> None:
    asking: Asking[int] = Asking()

    async def run() -> None:
        asking.open(lambda: 1)

    other = threading.Thread(target=asyncio.run, args=(run(),))
    other.start()
    other.join()
    with pytest.raises(FiguresUnavailable, match="ended"):
        asking.ask()
