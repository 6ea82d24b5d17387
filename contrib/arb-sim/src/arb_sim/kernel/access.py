"""Who may ask for what: keys, what they permit, and whether a signed request came in time.

Entered by a venue's `sim.py`, which knows where its requests carry key, time and signature and what is signed; no rule
of any venue stands here.
"""

import hmac
from enum import Enum, StrEnum
from hashlib import sha256

import msgspec

from arb_sim.kernel.accounts import Account
from arb_sim.venue import Keys

__all__ = ["ApiKey", "KeyRing", "Permission", "Timing", "keys", "same", "signature", "timing"]

MS = 1_000_000


class Permission(StrEnum):
    """What a key may do."""

    READ = "read"
    TRADE = "trade"
    WITHDRAW = "withdraw"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of an account."""

    api_key: str
    api_secret: str
    passphrase: str | None
    account: Account
    permissions: frozenset[Permission]
    addresses: frozenset[str] = frozenset()
    """The addresses it may be used from; none = any."""
    expires_ns: int | None = None

    def __repr__(self) -> str:
        """Leave out what is secret."""
        return f"ApiKey({self.api_key[:6]}... of {self.account.uid})"

    def may(self, permission: Permission) -> bool:
        """Whether it permits this."""
        return permission in self.permissions


def keys(exchange: str, seed: int, *, passphrase: bool = False, number: int = 0) -> Keys:
    """Return the credentials of an exchange's simulated account; `number` tells several keys apart."""
    made = sha256(f"simulated account of {exchange} {seed}{f' key {number}' if number else ''}".encode()).hexdigest()
    return Keys(f"sim{made[:29]}", made[32:], made[:8] if passphrase else None)


class KeyRing:
    """Every key of a venue."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def issue(
        self,
        account: Account,
        made: Keys,
        *,
        permissions: frozenset[Permission] = frozenset({Permission.READ, Permission.TRADE}),
        addresses: frozenset[str] = frozenset(),
        expires_ns: int | None = None,
    ) -> ApiKey:
        """Let a key reach an account; several may reach the same."""
        key = ApiKey(
            api_key=made.api_key,
            api_secret=made.api_secret,
            passphrase=made.passphrase,
            account=account,
            permissions=permissions,
            addresses=addresses,
            expires_ns=expires_ns,
        )
        self._keys[key.api_key] = key
        return key

    def revoke(self, api_key: str) -> None:
        """Forget a key."""
        self._keys.pop(api_key, None)

    def find(self, api_key: str | None) -> ApiKey | None:
        """Return a key by its public part."""
        return None if api_key is None else self._keys.get(api_key)


def signature(api_secret: str, text: bytes, algorithm: str = "sha256") -> bytes:
    """Return the HMAC of a text; a venue prints it as hex or base64."""
    return hmac.digest(api_secret.encode(), text, algorithm)


def same(expected: str, found: str) -> bool:
    """Compare two signatures."""
    return hmac.compare_digest(expected.encode(), found.encode("utf-8", "surrogateescape"))


class Timing(Enum):
    """When a signed request was made, seen from the venue's clock."""

    IN_TIME = 0
    LATE = 1
    EARLY = 2


def timing(made_ns: int, now_ns: int, *, window_ns: int, ahead_ns: int) -> Timing:
    """Judge a request's time: it may be as old as `window_ns`, and less than `ahead_ns` in the future."""
    if made_ns >= now_ns + ahead_ns:
        return Timing.EARLY
    return Timing.LATE if now_ns - made_ns > window_ns else Timing.IN_TIME
