"""How Acme writes and reads: lines of words, the last one a dot."""

from collections.abc import Iterable
from urllib.parse import quote, unquote

from arb_sim.venue import Response

__all__ = ["answer", "heard", "level_lines", "line", "message", "problem"]

_PLAIN = {"content-type": "text/plain; charset=utf-8"}


def line(first: str, **values: object) -> str:
    """Write a line; a name that Python reserves has an underscore behind, a hyphen is written as one inside."""
    words = [first]
    for name, value in values.items():
        printed = "-" if value is None else quote(str(value), safe="!\"#$&'()*+,-./:;<>?@[\\]^_`{|}~")
        words.append(f"{name.rstrip('_').replace('_', '-')}={printed}")
    return " ".join(words)


def level_lines(side: str, levels: Iterable[tuple[str, str]]) -> list[str]:
    """Write the levels of a side."""
    return [f"{side} {price} {size}" for price, size in levels]


def message(lines: Iterable[str]) -> str:
    """Put lines together."""
    return "\n".join((*lines, "."))


def answer(lines: Iterable[str], *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer a request."""
    return Response(status=status, headers=_PLAIN | (headers or {}), body=message(lines).encode())


def problem(status: int, code: str, why: str = "", *, headers: dict[str, str] | None = None) -> Response:
    """Refuse a request."""
    return answer([line("error", code=code, why=why or code.replace("-", " "))], status=status, headers=headers)


def heard(text: str | bytes) -> tuple[str, dict[str, str], list[str]] | None:
    """Read what a client says in one line: its first word, its named values, its other words; None = no message."""
    try:
        said = text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError:
        return None
    body, end = said[:-2], said[-2:]
    if end != "\n." or "\n" in body:
        return None
    first, *words = body.split(" ")
    named = dict(word.split("=", 1) for word in words if "=" in word)
    return first, {name: unquote(value) for name, value in named.items()}, [word for word in words if "=" not in word]
