import asyncio
import selectors
import socket

from arb_core.runtime.busy_poll import BusyPoll


class Waits(selectors.SelectSelector):
    """Notes how long the loop is ready to sleep for a message."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def select(self, timeout=None):
        self.asked.append(timeout)
        return super().select(timeout)


def run(main):
    """Return how long the loop wanted to sleep, each time; what begins and ends it left out."""
    selector = Waits()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.get_loop()
        selector.asked.clear()
        runner.run(main())
        return list(selector.asked)


async def a_moment():
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.002, over.set)
    await over.wait()


def test_the_loop_sleeps_by_itself():
    assert any(timeout is None or timeout > 0 for timeout in run(a_moment))


def test_the_loop_never_sleeps_while_it_is_polled():
    polls = []

    async def polled():
        with BusyPoll() as poll:
            polls.append(poll)
            await a_moment()

    asked = run(polled)
    # Once before the block; and the last turns belong to the runner.
    assert polls[0].turns > 10
    assert all(timeout == 0 for timeout in asked[: polls[0].turns])


def test_it_ends_with_the_block():
    async def polled():
        with BusyPoll() as poll:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        turns = poll.turns
        await a_moment()
        assert poll.turns == turns

    assert any(timeout is None or timeout > 0 for timeout in run(polled))


def test_messages_are_read_meanwhile():
    async def polled():
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        ours, theirs = socket.socketpair()
        with ours, theirs, BusyPoll():
            loop.add_reader(ours, heard.set)
            theirs.send(b"tick")
            await heard.wait()
            loop.remove_reader(ours)
            assert ours.recv(4) == b"tick"

    run(polled)
