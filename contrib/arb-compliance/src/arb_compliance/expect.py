"""How a case says that something is not as it should be."""

from typing import Any

from arb_compliance.result import Failure

__all__ = ["CaseFailed", "NotAsked", "NotProved", "equal", "fail", "readable", "true"]

_SHOWN = 2000
"""Characters of a frame or value that are shown."""


class CaseFailed(AssertionError):
    """The plugin does not do what the case asks."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class NotAsked(Exception):
    """The venue has nothing of the kind that the case is about: no tickets, no checksums. The message says what."""


class NotProved(Exception):
    """What the case is proved with is missing; the message says what."""


def readable(value: Any) -> str:
    """Return what a person can read of a frame or value."""
    if isinstance(value, memoryview | bytearray):
        value = bytes(value)
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            value = value.hex(" ")
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def fail(
    message: str, *, expected: Any = None, found: Any = None, frame: Any = None, fix: str | None = None
) -> CaseFailed:
    """Return the error that fails a case, to be raised."""
    return CaseFailed(
        Failure(
            message=message,
            expected=None if expected is None else readable(expected),
            found=None if found is None else readable(found),
            frame=None if frame is None else readable(frame),
            fix=fix,
        )
    )


def true(holds: bool, message: str, *, frame: Any = None, found: Any = None, fix: str | None = None) -> None:  # noqa: FBT001
    """Fail the case unless something holds."""
    if not holds:
        raise fail(message, frame=frame, found=found, fix=fix)


def equal(found: Any, expected: Any, message: str, *, frame: Any = None, fix: str | None = None) -> None:
    """Fail the case unless two values are the same."""
    if found != expected:
        raise fail(message, expected=expected, found=found, frame=frame, fix=fix)
