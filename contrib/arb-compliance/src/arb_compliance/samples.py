"""The recorded and documented messages of a plugin, as its `samples/index.toml` names them.

    binary = "_proto.push_pb2:PushDataV3ApiWrapper"   # only where frames are protobuf: the class, within the package

    kinds = ["e"]                      # fields that tell what kind of message it is: an unheard kind may be refused

    [symbols]                          # every pair that the samples speak of
    BTCUSDT = "BTC/USDT"

    [[sample]]                         # an answer of REST
    file = "rest_trades.json"
    origin = "documented"              # recorded, documented, foreign (a client that is not ours), made
    source = "https://www.mexc.com/api-docs/spot-v3/market-data-endpoints"
    licence = "facts"
    rest = { method = "GET", path = "/api/v3/trades", params = { symbol = "BTCUSDT" } }
    call = { method = "get_recent_trades", arguments = { symbol = "BTC/USDT" } }
    [[sample.gives]]                   # what the call must return; a single struct or number: no list
    symbol = "BTC/USDT"
    price = "3219.58"
    size = "0.09293"
    taker = "sell"
    exchange_ns = 1737623988876000000

    [[sample]]                         # an answer that is an error
    ...
    rest = { method = "POST", path = "/api/v3/order", status = 400 }
    call = { method = "place_order", arguments = { request = { symbol = "BTC/USDT", side = "buy", ... } } }
    error = "InsufficientBalance"      # the class of `arb_core.errors` that the call must raise
    code = "30004"                     # its `api_code`

    [[sample]]                         # a frame of a socket
    file = "frames.json"
    at = "public_aggre_depths"         # a part of a file: its key, or the value of "name" in a list
    field = "wire_hex"                 # where in that part the frame is; hexadecimal
    ...
    frame = "public"                   # or private: which dialect reads it
    [[sample.says]]                    # the calls of the sink that it must make, in order
    call = "delta"
    pair = "BTCUSDT"
    bids = [["117053.41", "1.86837271"]]
    first_id = 43296363236
    ...

How values are written: prices, sizes and amounts as text, whatever they become; times in nanoseconds; enumerations by
name; what is not written must be None, UNKNOWN, NaN, NO_ID or the field's default, so that nothing is decoded that the
sample does not say. The expectation is to be read out of the message and its documentation by eye or by other code,
never printed by the decoder that it shall test.

`absent` and `added` name keys by which an old example differs from what the venue sends today: the simulated venue
leaves them out, or has them; `today` = { key = value } shows such as are of another kind. `simulated = false` with
`why` says that the plugin never makes the venue send it.
Samples are in the wheel, so that a stranger can run the kit on what is installed.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from typing import Any, Literal, cast

import msgspec

from arb_compliance.expect import NotProved
from arb_compliance.result import Grade

__all__ = ["INDEX", "NOT_SAMPLES", "Call", "Index", "RestSample", "Sample", "Samples", "read"]

INDEX = "index.toml"

NOT_SAMPLES = (INDEX, "README.md", "signatures.json", "__init__.py")
"""Files of the folder that are no samples; so are licences, `LICENSE-*`."""

_GRADES = {"recorded": Grade.RECORDED, "documented": Grade.DOCUMENTED, "foreign": Grade.FOREIGN, "made": Grade.OWN}


class RestSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request that a sample answers. What is written of its parameters must be in the plugin's request."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str
    params: dict[str, str] = {}
    status: int = 200
    headers: dict[str, str] = {}


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The method of the contract that reads a sample, with its arguments: `calls` turns their text into values.

    A method of `PublicExchange` or `PrivateExchange`; `ticket`, `renew` and `release` are those of the private stream.
    """

    method: str
    arguments: dict[str, Any] = {}


class Sample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One message and what is known of it."""

    file: str
    at: str | None = None
    field: str | None = None
    origin: Literal["recorded", "documented", "foreign", "made"]
    source: str
    licence: str
    like: str | None = None
    """Another sample of the very same form (WIRE-001 asks): as evidence of the form this one is as good as that one."""
    rest: RestSample | None = None
    call: Call | None = None
    gives: Any = None
    error: str | None = None
    code: str | None = None
    frame: Literal["public", "private"] | None = None
    says: tuple[dict[str, Any], ...] | None = None
    malformed: bool = False
    """Whether it is a frame that the dialect must refuse."""
    replaceable: tuple[str, ...] = ()
    """Fields without which something else is said: another one stands for them, or their absence has a meaning."""
    maps: tuple[str, ...] = ()
    """Fields that hold a table by the names of things (pairs, ids), not an object of known fields."""
    absent: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    today: dict[str, Any] = {}
    """Fields that have another kind today, each with a value as the venue sends it; "null" stands for null."""
    simulated: bool = True
    why: str | None = None
    note: str | None = None
    """What a reader should know of it."""
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
    def binary(self) -> bool:
        """Whether it is no text."""
        return self.field is not None

    @cached_property
    def document(self) -> Any:
        """The message as JSON reads it.

        Raises:
            msgspec.DecodeError: it is not JSON.
        """
        return msgspec.json.decode(self.body)


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`samples/index.toml` as it is written."""

    sample: tuple[Sample, ...] = ()
    symbols: dict[str, str] = {}
    binary: str | None = None
    kinds: tuple[str, ...] = ()


class Samples:
    """All samples of a plugin.

    Attributes:
        symbols: pair -> symbol of everything that the samples speak of.
        message: the protobuf class of binary frames, None where there are none.
        kinds: fields that tell what kind of message it is.
    """

    def __init__(
        self,
        samples: Iterable[Sample],
        symbols: Mapping[str, str],
        *,
        message: Any = None,
        kinds: Iterable[str] = (),
        parts: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._samples = tuple(samples)
        self._parts = parts or {}
        self.symbols = symbols
        self.message = message
        self.kinds = frozenset(kinds)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples)

    def __len__(self) -> int:
        return len(self._samples)

    def named(self, name: str) -> Sample:
        """Return the sample that a message would call so. Raises `ValueError` where there is none."""
        found = next((sample for sample in self if sample.name == name), None)
        if found is None:
            raise ValueError(f"samples/{INDEX}: there is no sample {name}")
        return found

    def parts(self, file: str) -> frozenset[str]:
        """Return the names of all parts of a file that is named in parts."""
        return self._parts.get(file, frozenset())

    def frames(self, side: str | None = None) -> list[Sample]:
        """The samples that one of the two dialects reads, or either."""
        return [sample for sample in self if sample.frame is not None and side in (None, sample.frame)]

    def answers(self) -> list[Sample]:
        """The answers of REST that a method of the contract reads without an error."""
        return [sample for sample in self if sample.call is not None and sample.error is None]

    def errors(self) -> list[Sample]:
        """The answers of REST that stand for an error."""
        return [sample for sample in self if sample.error is not None]

    def instead_of(self, method: str, path: str) -> Sample | None:
        """Return an answer to a request that a call makes beside the one that a sample shows."""
        return next(
            (
                sample
                for sample in self
                if sample.rest is not None
                and sample.error is None
                and (sample.rest.method, sample.rest.path) == (method, path)
            ),
            None,
        )


def read(package: str) -> Samples:
    """Return the samples of an installed plugin.

    Raises:
        NotProved: it has none.
        ValueError: its index cannot be read, or names what is not there.
    """
    folder = files(package) / "samples"
    index = folder / INDEX
    if not index.is_file():
        raise NotProved(f"{package} has no samples/{INDEX}")
    found = msgspec.toml.decode(index.read_bytes(), type=Index)
    whole: dict[str, bytes] = {}
    samples: list[Sample] = []
    for sample in found.sample:
        if sample.file not in whole:
            try:
                whole[sample.file] = (folder / sample.file).read_bytes()
            except OSError as error:
                raise ValueError(f"samples/{INDEX} names {sample.file}: {error}") from error
        samples.append(msgspec.structs.replace(sample, body=_part(sample, whole[sample.file])))
    message = None
    if found.binary is not None:
        module, _, name = found.binary.partition(":")
        message = getattr(import_module(f"{package}.{module}"), name)
    parts = {sample.file: _parts(whole[sample.file]) for sample in found.sample if sample.at is not None}
    return Samples(samples, found.symbols, message=message, kinds=found.kinds, parts=parts)


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
        raise ValueError(f"samples/{INDEX}: there is no {sample.at} {sample.field or ''} in {sample.file}")
    return bytes.fromhex(part) if sample.field is not None else msgspec.json.encode(part)


def _parts(whole: bytes) -> frozenset[str]:
    document: Any = msgspec.json.decode(whole)
    if isinstance(document, list):
        return frozenset(str(row.get("name")) for row in cast("list[Mapping[str, Any]]", document))
    return frozenset(cast("dict[str, Any]", document))
