"""Sees what a plugin does behind the contract's back: sockets, files, processes, threads, sleeps, the environment.

An audit hook of the interpreter, so nothing that Python code does escapes it. It is installed before the plugin is
imported and notes events only while a case asks. Native extensions can go around it: it is a witness, not a wall.

Who did it, the stack tells, from the deed outwards: the packages up to the first one of ours. What a library does while
it is imported is the library's own.
"""

import inspect
import os
import sys
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

__all__ = ["BLOCKING", "ENVIRONMENT", "Deed", "Watch", "by"]

ENVIRONMENT = frozenset({"os.environ", "os.putenv", "os.unsetenv"})
BLOCKING = frozenset({"builtins.input", "time.sleep"})
_FILES = frozenset(
    {
        "open",
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "shutil.copyfile",
        "shutil.move",
        "shutil.rmtree",
        "sqlite3.connect",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
    }
)
_NETWORK = frozenset(
    {
        "http.client.connect",
        "socket.__new__",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendto",
        "urllib.Request",
    }
)
_PROCESSES = frozenset(
    {
        "ctypes.dlopen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "subprocess.Popen",
        "threading.Thread.start",
    }
)
_WATCHED = ENVIRONMENT | BLOCKING | _FILES | _NETWORK | _PROCESSES

_OURS = frozenset({"arb_compliance", "arb_core", "arb_sim"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Deed(NamedTuple):
    """Something that was done.

    Attributes:
        event: the name of the audit event.
        what: its first argument, as text.
        packages: whose code did it, innermost first; none for the core, the kit and the interpreter itself.
    """

    event: str
    what: str
    packages: tuple[str, ...]

    def __str__(self) -> str:
        """Return event and argument."""
        return f"{self.event} {self.what}".strip()


class _Environ(os._Environ[Any]):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    """The process's environment, which tells who reads it."""

    def __getitem__(self, key: Any) -> Any:
        sys.audit("os.environ", key)
        return super().__getitem__(key)


_START, _SLEEP = threading.Thread.start, time.sleep


def _start(self: threading.Thread) -> None:
    """Start a thread, which not every version of the interpreter tells an audit hook."""
    sys.audit("threading.Thread.start", self.name)
    _START(self)


def _sleep(seconds: float, /) -> None:
    """Sleep; the same is true of it."""
    sys.audit("time.sleep", seconds)
    _SLEEP(seconds)


class Watch:
    """Install once a process; `deeds` are what happened within the block."""

    def __init__(self) -> None:
        self._deeds: list[Deed] | None = None
        self._thread = threading.get_ident()
        self._installed = _installed()
        sys.addaudithook(self._hear)
        threading.Thread.start = _start  # type: ignore[method-assign]
        time.sleep = _sleep  # type: ignore[assignment]
        # The class and not the object: whoever has imported the object already is seen, too.
        os.environ.__class__ = _Environ

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        deeds = self._deeds
        if deeds is None or event not in _WATCHED or threading.get_ident() != self._thread:
            return
        if event == "open" and self._only_reads_code(arguments):
            return
        if event == "socket.connect":
            arguments = arguments[1:]
        # Forgetting itself meanwhile: what looking at the stack does is nobody's deed.
        self._deeds = None
        try:
            deeds.append(Deed(event, repr(arguments[0]) if arguments else "", _packages(inspect.currentframe())))
        finally:
            self._deeds = deeds

    def _only_reads_code(self, arguments: tuple[Any, ...]) -> bool:
        """Whether a file is read that was installed with the code: every import and every traceback does that."""
        path, mode, flags = arguments
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & _WRITING):
            return False
        return isinstance(path, int) or os.fsdecode(path).startswith(self._installed)

    @contextmanager
    def deeds(self) -> Generator[list[Deed]]:
        """Collect what happens in this thread until the block ends."""
        found: list[Deed] = []
        former, self._deeds = self._deeds, found
        try:
            yield found
        finally:
            self._deeds = former


def by(package: str, deeds: Iterable[Deed]) -> list[Deed]:
    """Return what a package did, or had others do; of the environment, what it looks at itself."""
    return [deed for deed in deeds if package in (deed.packages[:1] if deed.event in ENVIRONMENT else deed.packages)]


def _installed() -> tuple[str, ...]:
    """Return the folders of installed code; not the one that happens to be the working directory."""
    here = os.path.realpath("")
    folders = [folder for folder in sys.path if folder and os.path.realpath(folder) != here]
    return (sys.prefix, sys.base_prefix, "/usr/share/zoneinfo", *folders)


def _packages(frame: FrameType | None) -> tuple[str, ...]:
    """Return the packages on the stack that are neither ours nor the interpreter's, up to the first that is ours."""
    while frame is not None and frame.f_globals is globals():
        frame = frame.f_back
    found: list[str] = []
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            break
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if top in _OURS or top == "__main__":
            break
        if top not in sys.stdlib_module_names and top not in found:
            found.append(top)
        frame = frame.f_back
    return tuple(found)
