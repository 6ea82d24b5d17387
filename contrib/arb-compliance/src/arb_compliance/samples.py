"""The recorded and documented messages of a plugin, as its `samples/index.toml` names them.

    [[sample]]
    file = "rest_depth.json"
    origin = "documented"              # recorded, documented, foreign (a client that is not ours), made
    source = "https://www.mexc.com/api-docs/spot-v3/market-data-endpoints"
    licence = "facts"
    capability = "book"                # which capability of the card it is evidence of
    rest = { method = "GET", path = "/api/v3/depth", params = { symbol = "BTCUSDT" } }
    call = { method = "get_orderbook", symbol = "BTC/USDT" }

    [[sample]]
    file = "frames.json"
    at = "public_aggre_depth"          # a part of a file: its key, or the value of "name" in a list
    field = "wire_hex"                 # where in that part the frame is; hexadecimal
    origin = "documented"
    source = "..."
    licence = "facts"
    capability = "book"
    frame = "public"                   # or private: which dialect reads it
    says = ["delta"]                   # the calls of the sink that it must make, in order
    topic = { feed = "book", pair = "BTCUSDT" }

Samples are in the wheel, so that a stranger can run the kit on what is installed.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal, cast

import msgspec

from arb_compliance.expect import NotProved
from arb_compliance.result import Grade

__all__ = ["Call", "RestSample", "Sample", "Samples", "TopicOf", "read"]

_GRADES = {"recorded": Grade.RECORDED, "documented": Grade.DOCUMENTED, "foreign": Grade.FOREIGN, "made": Grade.OWN}


class RestSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request that a sample answers."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str
    params: dict[str, str] = {}
    status: int = 200


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The method of the contract that reads a sample, with its arguments as text."""

    method: str
    symbol: str | None = None
    arguments: dict[str, Any] = {}


class TopicOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The subscription that a frame belongs to."""

    feed: str
    pair: str | None = None
    depth: int | None = None
    interval: str | None = None


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message and what is known of it."""

    file: str
    at: str | None = None
    field: str | None = None
    origin: Literal["recorded", "documented", "foreign", "made"]
    source: str
    licence: str
    capability: str | None = None
    rest: RestSample | None = None
    call: Call | None = None
    frame: Literal["public", "private"] | None = None
    topic: TopicOf | None = None
    says: tuple[str, ...] | None = None
    error: str | None = None
    """The class of `arb_core.errors` that an answer stands for."""
    absent: tuple[str, ...] = ()
    """Keys of an old example that the venue no longer sends, so that the simulation leaves them out."""
    added: tuple[str, ...] = ()
    """Keys that the venue sends since."""
    simulated: bool = True
    """Whether the simulated venue must be able to say it; with False, `why` tells the reason."""
    why: str | None = None
    body: bytes = b""
    """Filled when the index is read."""

    @property
    def name(self) -> str:
        """What a message calls it."""
        return self.file if self.at is None else f"{self.file}:{self.at}"

    @property
    def grade(self) -> Grade:
        """How good evidence it is."""
        return _GRADES[self.origin]

    @property
    def document(self) -> Any:
        """The message as JSON reads it.

        Raises:
            msgspec.DecodeError: it is not JSON.
        """
        return msgspec.json.decode(self.body)


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sample: tuple[Sample, ...] = ()


class Samples(tuple[Sample, ...]):
    """All samples of a plugin."""

    __slots__ = ()

    def frames(self, side: str) -> list[Sample]:
        """The samples that one of the two dialects reads."""
        return [sample for sample in self if sample.frame == side]

    def answers(self) -> list[Sample]:
        """The answers of REST."""
        return [sample for sample in self if sample.rest is not None]


def read(package: str) -> Samples:
    """Return the samples of an installed plugin.

    Raises:
        NotProved: it has none.
        ValueError: its index cannot be read, or names what is not there.
    """
    folder = files(package) / "samples"
    index = folder / "index.toml"
    if not index.is_file():
        raise NotProved(f"{package} has no samples/index.toml")
    found = msgspec.toml.decode(index.read_bytes(), type=_Index).sample
    whole: dict[str, bytes] = {}
    samples: list[Sample] = []
    for sample in found:
        if sample.file not in whole:
            try:
                whole[sample.file] = (folder / sample.file).read_bytes()
            except OSError as error:
                raise ValueError(f"samples/index.toml names {sample.file}: {error}") from error
        samples.append(msgspec.structs.replace(sample, body=_part(sample, whole[sample.file])))
    return Samples(samples)


def _part(sample: Sample, whole: bytes) -> bytes:
    if sample.at is None:
        return whole.strip() if sample.file.endswith((".json", ".txt")) else whole
    document: Any = msgspec.json.decode(whole)
    part: Any
    if isinstance(document, list):
        rows = cast("list[Mapping[str, Any]]", document)
        part = next((row for row in rows if row.get("name") == sample.at), None)
    else:
        part = document.get(sample.at)
    if part is not None and sample.field is not None:
        part = part.get(sample.field)
    if part is None:
        raise ValueError(f"samples/index.toml: there is no {sample.at} {sample.field or ''} in {sample.file}")
    return bytes.fromhex(part) if sample.field is not None else msgspec.json.encode(part)
