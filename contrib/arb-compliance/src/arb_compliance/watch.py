"""Sees what a plugin does behind the contract's back: sockets, files, processes, sleeps.

An audit hook of the interpreter, so nothing that Python code does escapes it. It is installed before the plugin is
imported and notes events only while a case asks. Native extensions can go around it: it is a witness, not a wall.
"""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["Deed", "Watch"]

_WATCHED = frozenset(
    {
        "open",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.remove",
        "os.rename",
        "os.spawn",
        "os.system",
        "shutil.move",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendto",
        "subprocess.Popen",
        "time.sleep",
        "urllib.Request",
    }
)


class Deed(tuple[str, str]):
    """(audit event, its first argument as text)."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self[0]} {self[1]}".strip()


class Watch:
    """Install once a process; `deeds` are what happened within the block."""

    def __init__(self) -> None:
        self._deeds: list[Deed] | None = None
        self._thread = threading.get_ident()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        deeds = self._deeds
        if deeds is None or event not in _WATCHED or threading.get_ident() != self._thread:
            return
        if event == "open":
            path, mode = arguments[0], arguments[1]
            # Reading is what every import does; writing is not.
            if not isinstance(mode, str) or not set(mode) & set("wax+"):
                return
            arguments = (path,)
        if event == "socket.connect":
            arguments = arguments[1:]
        deeds.append(Deed((event, repr(arguments[0]) if arguments else "")))

    @contextmanager
    def deeds(self) -> Generator[list[Deed]]:
        """Collect what happens in this thread until the block ends."""
        found: list[Deed] = []
        former, self._deeds = self._deeds, found
        try:
            yield found
        finally:
            self._deeds = former
