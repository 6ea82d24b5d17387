"""When each message was written: memory that the server's process shares with the client's, so that no frame bears a stamp.

Entered by the server, which writes it, and by every client. All processes of a machine read one monotonic clock.
"""

import mmap
from pathlib import Path

__all__ = ["ROOM", "VENUES", "Ledger", "State"]

VENUES = 2
ROOM = 200_000
"""Messages of one venue in one turn."""

_HEAD = 8


class State:
    """How far a turn is. Plain numbers, because they stand in memory."""

    BEFORE = 0
    RUNNING = 1
    ENDED = 2


class Ledger:
    """One turn: its state, each venue's first and last id, and the time before the write of each message."""

    def __init__(self, path: Path) -> None:
        """Open it; made, and emptied, by `make`."""
        with path.open("r+b") as file:
            self._cells = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
        self.written_ns = tuple(
            self._cells[_HEAD + venue * ROOM : _HEAD + (venue + 1) * ROOM] for venue in range(VENUES)
        )
        """By venue; a message's place is its id less the first one."""

    @staticmethod
    def make(path: Path) -> None:
        """Make an empty one."""
        path.write_bytes(bytes(8 * (_HEAD + VENUES * ROOM)))

    @property
    def state(self) -> int:
        return self._cells[0]

    @state.setter
    def state(self, state: int) -> None:
        self._cells[0] = state

    def ids(self, venue: int) -> tuple[int, int]:
        """Return the first and the last id of a venue; the last one is known once the turn has ended."""
        return self._cells[1 + venue], self._cells[1 + VENUES + venue]

    def begin(self, venue: int, first_id: int) -> None:
        self._cells[1 + venue] = first_id

    def end(self, venue: int, last_id: int) -> None:
        self._cells[1 + VENUES + venue] = last_id
