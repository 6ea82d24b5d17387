"""Published requests with the signatures that they must get: `samples/signatures.json`.

A list of {name, method, path, query, body, timestamp, key, secret, passphrase, expected {headers, params}, source};
query and body as they are signed, without the signature. `simulated = false` with `why`: the simulated venue has no
such path.
"""

from importlib.resources import files

import msgspec

from arb_compliance.expect import NotProved

__all__ = ["SIGNATURES", "Expected", "Vector", "read"]

SIGNATURES = "signatures.json"


class Expected(msgspec.Struct, frozen=True):
    """What the signed request bears."""

    headers: dict[str, str] = {}
    params: dict[str, str] = {}


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """A request, test keys, and the signature that it must get."""

    name: str
    method: str
    path: str
    timestamp: str
    key: str
    secret: str
    expected: Expected
    query: str | None = None
    body: str | None = None
    passphrase: str | None = None
    simulated: bool = True
    why: str | None = None

    @property
    def at_ns(self) -> int:
        """Its time; the venue's unit (s, ms, us or ns) is told by its length."""
        whole = int(float(self.timestamp))
        for digits, factor in ((11, 10**9), (14, 10**6), (17, 10**3)):
            if len(str(whole)) < digits:
                return whole * factor
        return whole


def read(package: str) -> list[Vector]:
    """Return the vectors of an installed plugin.

    Raises:
        NotProved: it has none.
    """
    file = files(package) / "samples" / SIGNATURES
    if not file.is_file():
        raise NotProved(f"{package} has no samples/{SIGNATURES}")
    vectors = msgspec.json.decode(file.read_bytes(), type=list[Vector])
    if not vectors:
        raise NotProved(f"samples/{SIGNATURES} is empty")
    return vectors
