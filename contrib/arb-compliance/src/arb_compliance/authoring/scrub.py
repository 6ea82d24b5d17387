"""Takes out of a recording what is nobody's business: keys, signatures, tokens, and whose account it was.

What is taken out is replaced character by character: digits by digits, letters by letters. So lengths stay, a number
stays a number, and a length that stands before a text in a binary message stays true.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["Scrubber"]

WHOSE = (
    r"(?:client_?)?ip(?:_?addr(?:ess)?)?|e-?mail|phone|mobile|kyc_?id|user|uid"
    r"|(?:user|account|acc|member|customer|master|sub_?account|sub|owner)[_-]?(?:id|name|no|uid)"
)
"""What fields are called that say whose an account is."""

OPENS = (
    r"api[_-]?key|access[_-]?key|secret|pass(?:phrase|word)|sign(?:ature)?|proof|hmac"
    r"|listen[_-]?key|token|ticket|session(?:[_-]?id)?|authorization"
)
"""What fields are called that open it; a short value is something else, such as a coin that is called a token."""

_FIELD = re.compile(
    rf"""(?ix) (?P<before> (?<![\w-]) ["']? (?:{WHOSE}|(?P<opens>{OPENS})) ["']? \s* [:=] \s* ["']? )
    (?P<value> [^\s"',&;{{}}\[\]<>]+ )"""
)
_WORDS = frozenset({"null", "true", "false", "none", "-"})

SHORTEST = 6
"""A shorter text may stand anywhere by chance: it is replaced only where a field's name says what it is."""

SHORTEST_KEY = 12
"""Of what opens an account."""


class Scrubber:
    """Remembers what it has seen to be secret, and takes it out wherever it stands.

    Args:
        secrets: known beforehand: the parts of a key.
    """

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets: set[str] = set()
        self.learn(*secrets)

    def learn(self, *secrets: str | None) -> None:
        """Take these out from now on."""
        for secret in filter(None, secrets):
            self._secrets |= {secret, quote(secret, safe="")}

    def look(self, message: bytes) -> None:
        """Learn what the fields of a message say that is secret."""
        for found in _FIELD.finditer(_text(message)):
            if _is_secret(found) and len(found["value"]) >= SHORTEST:
                self.learn(found["value"])

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return _text(self.message(text.encode("utf-8", "surrogateescape")))

    def message(self, message: bytes) -> bytes:
        """Return a message without secrets, of the same length."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST:
                message = message.replace(secret.encode(), _blot(secret).encode())
        return _FIELD.sub(_blotted, _text(message)).encode("utf-8", "surrogateescape")

    def leaks(self, message: bytes) -> list[str]:
        """Return the secrets that a message still bears, each by its first characters."""
        return [f"{secret[:2]}..." for secret in self._secrets if _shows(secret, message)]


def _is_secret(found: re.Match[str]) -> bool:
    value = found["value"]
    return value.lower() not in _WORDS and (found["opens"] is None or len(value) >= SHORTEST_KEY)


def _blotted(found: re.Match[str]) -> str:
    return found["before"] + (_blot(found["value"]) if _is_secret(found) else found["value"])


def _shows(secret: str, message: bytes) -> bool:
    return len(secret) >= SHORTEST and secret != _blot(secret) and secret.encode() in message


def _text(message: bytes) -> str:
    return message.decode("utf-8", "surrogateescape")


def _blot(secret: str) -> str:
    """Return something of the same form: no number begins with 0."""
    blotted = "".join("x" if char.isalpha() else "0" if char.isdigit() else char for char in secret if char.isascii())
    blotted += "x" * (len(secret.encode("utf-8", "surrogateescape")) - len(blotted))
    return re.sub(r"^0(?=\d)", "1", blotted)
