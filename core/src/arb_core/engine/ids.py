"""Client order ids: who sent an order, for which intent, as which leg, at which attempt, in 18 characters.

    a  kq3f9  0000001z  0  2  7c
    |  |      |         |  |  check over the sixteen characters before
    |  |      |         |  attempt: 0 = the entry, 1 and up = hedges and unwinds of that leg
    |  |      |         leg, counted from 0
    |  |      intent: a number that the owner never uses twice
    |  owner: drawn once for each journal
    layout: always `a`, which also makes the first character a letter

Only `[0-9a-z]`, so the id fits every venue behind the prefix that its plugin adds. Entered by execution before an order
is sent and by reconciliation when a venue shows one. What does not decode to our own owner is somebody else's order and
is never touched: not a manual order, not one of another process on the same account.
"""

import hashlib
from typing import NewType

import msgspec

from arb_core.structs.order import ClientOrderId

__all__ = [
    "ID_LENGTH",
    "MAX_ATTEMPT",
    "MAX_INTENT",
    "MAX_LEG",
    "IntentId",
    "OrderKey",
    "Owner",
    "decode",
    "encode",
    "owner_of",
]

Owner = NewType("Owner", str)
"""Five characters `[0-9a-z]`: one journal, and so one series of intents."""

IntentId = NewType("IntentId", int)
"""One decision to trade, counted by its owner from 1."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)
_LAYOUT = "a"
_OWNER = 5
_INTENT = 8
_CHECK = 2

ID_LENGTH = len(_LAYOUT) + _OWNER + _INTENT + 1 + 1 + _CHECK
MAX_INTENT = _BASE**_INTENT - 1
MAX_LEG = _BASE - 1
MAX_ATTEMPT = _BASE - 1


class OrderKey(msgspec.Struct, frozen=True, order=True):
    """What a client order id says. At most one order ever exists for one key."""

    owner: Owner
    intent: IntentId
    leg: int
    attempt: int


def owner_of(seed: bytes) -> Owner:
    """Return the owner that belongs to a seed: random bytes drawn once and kept in the journal."""
    return Owner(_text(int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest()) % _BASE**_OWNER, _OWNER))


def encode(key: OrderKey) -> ClientOrderId:
    """Return the id of an order.

    Raises:
        ValueError: a part does not fit its place.
    """
    if len(key.owner) != _OWNER or any(char not in _DIGITS for char in key.owner):
        message = f"an owner is {_OWNER} characters [0-9a-z], found {key.owner!r}"
        raise ValueError(message)
    for name, number, most in (
        ("intent", key.intent, MAX_INTENT),
        ("leg", key.leg, MAX_LEG),
        ("attempt", key.attempt, MAX_ATTEMPT),
    ):
        if not 0 <= number <= most:
            message = f"{name} must lie between 0 and {most}, found {number}"
            raise ValueError(message)
    body = f"{_LAYOUT}{key.owner}{_text(key.intent, _INTENT)}{_DIGITS[key.leg]}{_DIGITS[key.attempt]}"
    return ClientOrderId(body + _check(body))


def decode(text: str | None, owner: Owner) -> OrderKey | None:
    """Return what an id says if it is one of this owner's, None for anybody else's and for None."""
    if text is None or len(text) != ID_LENGTH or not text.startswith(_LAYOUT + owner):
        return None
    body, check = text[:-_CHECK], text[-_CHECK:]
    if any(char not in _DIGITS for char in body) or check != _check(body):
        return None
    at = len(_LAYOUT) + _OWNER
    intent = int(body[at : at + _INTENT], _BASE)
    return OrderKey(owner, IntentId(intent), int(body[-2], _BASE), int(body[-1], _BASE))


def _text(number: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, _BASE)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    """Return two digits that a text of another origin, or a mistyped one, does not bear by chance."""
    return _text(int.from_bytes(hashlib.blake2b(body.encode(), digest_size=4).digest()) % _BASE**_CHECK, _CHECK)
