"""Logging: everything under `arb_*` goes through one queue to stderr, as text or JSON lines, with secrets blotted out.

Entered by the command line once, at start; other rooms only call `logging.getLogger(__name__)`. A library user
configures logging as usual and never needs this. Nothing is logged per message at INFO or above.

The event loop only puts a record into a queue; a thread of its own writes it, so a slow terminal stops no market data.
"""

import copy
import logging
import logging.handlers
import queue
import re
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

__all__ = ["JsonFormatter", "Redactor", "logging_to_stderr"]

OWN = "arb_"
"""Names of our loggers, and of every plugin's, begin with this."""

_BLOT = "***"

# The second net: what looks like a secret whoever logged it. The first is that no `repr` of ours shows one.
_WORDS = r"api[-_]?key|api[-_]?secret|secret(?:[-_]?key)?|passphrase|password|signature|sign|token|listen[-_]?key"
_START = (
    r"(?:(?<![a-z])|(?<=%[0-9a-f][0-9a-f]))"  # of a word, also after an escaped `?` or `&` of an address in an address
)
_SECRETS = re.compile(
    rf"""(?ix) (?P<name>
        {_START} (?:[\w-]*[-_])? (?:{_WORDS}) ["']? \s* (?:[=:]|%3D) \s* ["']?   # signature=..., "listenKey": "..."
      | \(\s* ["'] (?:[\w-]*[-_])? (?:{_WORDS}) ["'] \s* , \s* ["']             # ('api_secret', '...')
      | x-[a-z]+-(?:apikey|api-key|sign(?:ature)?|passphrase)["']?\s*[=:,]\s*["']?   # X-MEXC-APIKEY: ...
      | (?:ACCESS|KC-API|OK-ACCESS)-(?:KEY|SIGN|PASSPHRASE)["']?\s*[=:,]\s*["']?
      | (?<=["'])KEY["']\s*[:,]\s*["']          # headers of Gate.io: "KEY": "..."
      | authorization["']?\s*[=:,]\s*["']?(?:\w+\s+)?
      | \bbearer\s+
      | ://[^/\s:@]*:(?=[^/\s@]+@)              # the password in an address
    ) (?P<value> (?: (?!%26) [^\s"'&,;)}}\]@] )+ )"""
)

_LISTEN_KEY = re.compile(r"(?<=/)[A-Za-z0-9]{60,}(?![A-Za-z0-9])")
"""A ticket that is a part of a path: `wss://host/ws/<listen key>`."""


class Redactor:
    """Blots out what looks like a secret, and every secret it was told of, in message, arguments and traceback."""

    def __init__(self) -> None:
        self._known: list[str] = []

    def learn(self, *secrets: str | None) -> None:
        """Blot these texts out wherever they appear. Shorter than eight characters would blot out words."""
        self._known += [secret for secret in secrets if secret and len(secret) >= 8]

    def redact(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._known:
            text = text.replace(secret, _BLOT)
        return _LISTEN_KEY.sub(_BLOT, _SECRETS.sub(lambda match: match["name"] + _BLOT, text))

    def clean(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return a copy whose message is final: other handlers keep their own."""
        clean = copy.copy(record)
        clean.msg = self.redact(_message(record))
        clean.args = None
        if record.exc_info and record.exc_info[0] is not None:
            clean.exc_text = self.redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
            clean.exc_info = None
        elif record.exc_text:
            clean.exc_text = self.redact(record.exc_text)
        if record.stack_info:
            clean.stack_info = self.redact(record.stack_info)
        return clean


def _message(record: logging.LogRecord) -> str:
    """Return the message, also where its arguments do not fit: `logging` would print those as they are."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 (whatever formatting somebody's arguments raises)
        return f"{record.msg} {record.args!r}"


class _OwnOrSerious(logging.Filter):
    """Other libraries are heard from WARNING upwards only."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name.startswith(OWN) or record.levelno >= logging.WARNING


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `ts` (UTC, ISO 8601), `level`, `logger`, `message`, and `error` with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Encode a record."""
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["error"] = record.exc_text
        return msgspec.json.encode(line).decode()


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")


class _Stderr(logging.Handler):
    """Writes to whatever `sys.stderr` is now: a live table replaces it, so that lines appear above the table."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except OSError:  # nobody reads stderr any more
            self.handleError(record)


class _Queue(logging.handlers.QueueHandler):
    """Makes a record final in the thread that logs it, and leaves writing to the other one."""

    def __init__(self, records: "queue.SimpleQueue[logging.LogRecord]", redactor: Redactor) -> None:
        super().__init__(records)
        self._redactor = redactor

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return self._redactor.clean(record)


@contextmanager
def logging_to_stderr(level: int = logging.WARNING, *, json: bool = False) -> Generator[Redactor]:
    """Log to stderr inside this block, and write what is still queued at its end.

    Args:
        level: of our own loggers.
        json: one JSON object a line instead of text.

    Yields:
        The redactor, which may learn further secrets.
    """
    redactor = Redactor()
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    handler = _Queue(records, redactor)
    handler.addFilter(_OwnOrSerious())
    writer = _Stderr()
    writer.setFormatter(JsonFormatter() if json else _TextFormatter())
    listener = logging.handlers.QueueListener(records, writer)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    listener.start()
    try:
        yield redactor
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        listener.stop()
