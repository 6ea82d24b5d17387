"""Puts a recording into a plugin's `samples/`: files, and entries at the end of its index.

Entered by `arb plugin record`.

An entry says what was asked and which kinds of calls a frame made, and shows as a comment what the plugin read. That is
no expectation yet: the author compares it with the venue's documentation, then takes it in. Until then the cases of
tier wire are red, and say so.
"""

import datetime as dt
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from arb_compliance.authoring.overhear import AnswerNote, FrameNote
from arb_compliance.authoring.scrub import Scrubber
from arb_compliance.forms import is_rows, is_table

__all__ = ["Origin", "Shelf"]

_SHOWN = 400
"""Characters of what the plugin read that a comment shows."""

_LONG = 100_000
"""Bytes of an answer beyond which lists are cut down to what is about the recorded pair."""

_MANY = 20
_KEPT = 3
"""Rows that are kept of such a list though they are about others."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a recording comes from."""

    source: str
    licence: str
    host: str
    date: dt.date


class Shelf:
    """The samples of one plugin."""

    def __init__(self, folder: Path, origin: Origin, scrubber: Scrubber, pairs: dict[str, str]) -> None:
        """`pairs` are those that the recording speaks of, with their symbols."""
        self.written: list[Path] = []
        self._folder = folder
        self._origin = origin
        self._scrubber = scrubber
        self._pairs = pairs
        self._entries: list[str] = []
        self._hex: list[dict[str, str]] = []
        self._frames_file = ""

    def put_answer(self, note: AnswerNote) -> None:
        """Take an answer."""
        whole = note.body
        body = self._scrubber.message(_shortened(whole, self._pairs))
        file = self._write(f"rest_{note.asked.method}", body)
        rest: dict[str, Any] = {"method": note.verb, "path": self._scrubber.text(note.path)}
        if note.params:
            rest["params"] = {name: self._scrubber.text(value) for name, value in note.params.items()}
        if note.status != 200:
            rest["status"] = note.status
        call: dict[str, Any] = {"method": note.asked.method}
        if note.asked.arguments:
            call["arguments"] = note.asked.arguments
        lines = [f"rest = {_toml(rest)}", f"call = {_toml(call)}"]
        if note.error is not None:
            lines.append(f"error = {_toml(note.error)}")
            lines += [] if note.code is None else [f"code = {_toml(note.code)}"]
        elif note.read is not None:
            lines += ["# The plugin reads; compare it with the documentation, then say it as `gives`:"]
            lines += [self._shown(note.read)]
        self._enter(file, lines, cut=len(body) != len(whole))

    def put_frame(self, frame: FrameNote) -> None:
        """Take a frame."""
        body = self._scrubber.message(frame.body)
        calls = [str(call["call"]) for call in frame.calls]
        name = f"ws_{frame.side}_{calls[0] if calls else 'silent'}"
        lines = [f'frame = "{frame.side}"']
        text = _suffix(body)
        if text is None:
            name = f"{name}_{len(self._hex) + 1}"
            self._hex.append({"name": name, "hex": body.hex()})
            self._frames_file = file = self._frames_file or self._path("frames", ".json").name
            lines = [f'at = "{name}"', 'field = "hex"', *lines]
        else:
            file = self._write(name, body)
        lines += ["# The plugin says; compare it with the documentation, then say its arguments, too:"]
        lines += [self._shown(frame.calls)]
        lines += [line for call in calls for line in ("[[sample.says]]", f"call = {_toml(call)}")]
        self._enter(file, lines, cut=False)

    def close(self) -> None:
        """Write the entries to the index.

        Raises:
            ValueError: a secret would be written. Nothing is then left of the recording.
        """
        index = self._folder / "index.toml"
        before = index.read_text("utf-8") if index.exists() else ""
        known = tomllib.loads(before).get("symbols", {})
        missing = [f"{_toml(pair)} = {_toml(symbol)}" for pair, symbol in self._pairs.items() if pair not in known]
        after = _with_symbols(before, missing) + "".join(f"\n[[sample]]\n{entry}\n" for entry in self._entries)
        if self._hex:
            path = self._folder / self._frames_file
            path.write_bytes(msgspec.json.format(msgspec.json.encode(self._hex)))
            self.written.append(path)
        for path in self.written:
            if leaks := self._scrubber.leaks(path.read_bytes()):
                self._forget(f"{path.name} would show {', '.join(leaks)}")
        if leaks := self._scrubber.leaks("".join(self._entries).encode()):
            self._forget(f"index.toml would show {', '.join(leaks)}")
        index.write_text(after, "utf-8")

    def _forget(self, why: str) -> None:
        for path in self.written:
            path.unlink()
        raise ValueError(f"nothing was kept, because {why}")

    def _enter(self, file: str, lines: list[str], *, cut: bool) -> None:
        origin = self._origin
        note = f"Recorded on {origin.date} from {origin.host}" + ("; long lists are cut." if cut else ".")
        head = [
            f"file = {_toml(file)}",
            'origin = "recorded"',
            f"source = {_toml(origin.source)}",
            f"licence = {_toml(origin.licence)}",
            f"note = {_toml(note)}",
        ]
        self._entries.append("\n".join((*head, *lines)))

    def _write(self, stem: str, body: bytes) -> str:
        path = self._path(stem, _suffix(body) or ".bin")
        path.write_bytes(body)
        self.written.append(path)
        return path.name

    def _path(self, stem: str, suffix: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while (path := self._folder / f"{stem}{'' if number == 1 else f'_{number}'}{suffix}").exists():
            number += 1
        return path

    def _shown(self, read: Any) -> str:
        text = self._scrubber.text(msgspec.json.encode(read).decode())
        return f"# {text if len(text) <= _SHOWN else f'{text[:_SHOWN]} ...'}"


def _suffix(body: bytes) -> str | None:
    """Return what a file of this message is called at its end; None = it is no text."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return None
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ".txt"
    return ".json"


def _shortened(body: bytes, pairs: dict[str, str]) -> bytes:
    """Cut the lists of a long answer down to what is about the pairs, and a few other rows."""
    if len(body) < _LONG:
        return body
    try:
        # Numbers keep their spelling.
        document = json.loads(body, parse_float=lambda text: msgspec.Raw(text.encode()))
    except ValueError:
        return body
    names = [pair.encode() for pair in pairs]

    def cut(value: Any) -> Any:
        if is_rows(value):
            short = len(value) <= _MANY
            return [cut(row) for n, row in enumerate(value) if short or n < _KEPT or _is_about(row, names)]
        if is_table(value):
            return {name: cut(inner) for name, inner in value.items()}
        return value

    return msgspec.json.encode(cut(document))


def _is_about(row: Any, names: list[bytes]) -> bool:
    text = msgspec.json.encode(row)
    return any(name in text for name in names)


def _with_symbols(index: str, lines: list[str]) -> str:
    """Put lines into the table of symbols, which may be missing."""
    if not lines:
        return index
    added = "\n".join(lines)
    if "\n[symbols]\n" in f"\n{index}":
        return index.replace("[symbols]\n", f"[symbols]\n{added}\n", 1)
    return f"{index.rstrip()}\n\n[symbols]\n{added}\n".lstrip()


def _toml(value: Any) -> str:
    """Print a value within one line."""
    if is_table(value):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
    # A basic string of TOML is one of JSON, and so are numbers and truth values.
    return msgspec.json.encode(value).decode()


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else msgspec.json.encode(name).decode()
