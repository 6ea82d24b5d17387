"""A plugin without a simulated venue: its recordings prove what they can, and never more."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import looptime
import msgspec
import pytest
from arb_compliance.case import Case, Proof, Tier, catalogue
from arb_compliance.result import Result, State
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject
from arb_compliance.watch import Watch
from arb_compliance.worker import try_case
from arb_core.capture.format import CaptureWriter, Frame, Header, Rest
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.structs.book import SequenceRule

pytest.importorskip("arb_binance")
pytest.importorskip("arb_mexc")

PROVED = ["STREAM-001", "STREAM-002", "STREAM-003", "STREAM-004", "STREAM-006", "STREAM-007"]
EXCHANGES = ["binance", "mexc"]


class Blind(Subject):
    """A plugin whose simulated venue nobody knows of, and whose samples lie elsewhere."""

    def __init__(self, exchange: str, package: str, *, watch: Watch) -> None:
        super().__init__(exchange, watch=watch)
        self._package = package

    @property
    def simulated(self) -> bool:
        return False

    @property
    def package(self) -> str:
        return self._package


class Mistaken:
    """Plugins as they are installed, but for what is done to their dialects."""

    def __init__(self, inner: Any, mistake: Callable[[StreamDialect], StreamDialect]) -> None:
        self._inner = inner
        self._mistake = mistake

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def public_stream(self, name: str, context: Any) -> StreamDialect:
        return self._mistake(self._inner.public_stream(name, context))


class Noted(list[Any]):
    """A list that tells when something is added."""

    def __init__(self, log: list[Any], now_ns: Callable[[], int]) -> None:
        self._log = log
        self._now_ns = now_ns

    def append(self, item: Any) -> None:
        self._log.append((self._now_ns(), item))
        super().append(item)


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def recorded(watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Exchange -> a package that holds ten seconds of it and nothing else."""
    root = tmp_path_factory.mktemp("recorded")
    for exchange in EXCHANGES:
        folder = root / f"recorded_{exchange}" / "samples" / "recordings"
        folder.mkdir(parents=True)
        (root / f"recorded_{exchange}" / "__init__.py").touch()
        record(Subject(exchange, watch=watch), folder / "books.jsonl.gz")
    (root / "recorded_nothing").mkdir()
    (root / "recorded_nothing" / "__init__.py").touch()
    sys.path.insert(0, str(root))
    yield {exchange: f"recorded_{exchange}" for exchange in EXCHANGES}
    sys.path.remove(str(root))


def record(subject: Subject, path: Path) -> None:
    log: list[Any] = []

    async def run() -> None:
        async with Stage(subject, seed=5) as stage:
            seen = stage.seen
            seen.frames, seen.answers = Noted(log, stage.clock.now_ns), Noted(log, stage.clock.now_ns)
            await stage.live()
            await stage.pass_(10)

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        runner.run(run())
    writer = CaptureWriter(path, Header(capture=1, symbols=("BTC/USDT",), exchanges=(subject.exchange,)))
    for ns, item in log:
        if isinstance(item, bytes):
            writer.write(Frame(ns=ns, exchange=subject.exchange, conn="1", base64=item))
        else:
            request, answer = item
            url = f"{subject.card.hosts.rest}{request.path}?{request.query}"
            body = answer.body.decode()
            writer.write(Rest(ns=ns, exchange=subject.exchange, method="GET", url=url, status=answer.status, body=body))
    writer.close()


def tried(case: Case, subject: Subject) -> Result:
    return try_case(case, subject)


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("case", PROVED)
def test_recordings_prove_what_needs_no_venue(case: str, exchange: str, recorded: dict[str, str], watch: Watch) -> None:
    result = tried(catalogue()[case], Blind(exchange, recorded[exchange], watch=watch))
    assert result.state is State.PASSED, result


def test_what_needs_a_venue_is_not_proved(recorded: dict[str, str], watch: Watch) -> None:
    subject = Blind("mexc", recorded["mexc"], watch=watch)
    others = [
        case
        for case in catalogue().values()
        if case.tier in {Tier.STREAM, Tier.PUBLIC} and case.proof is not Proof.PLUGIN and case.id not in PROVED
    ]
    proved = {case.id: state for case in others if (state := tried(case, subject).state) is not State.NOT_PROVED}
    assert proved == {}


def test_without_recordings_nothing_is_proved(recorded: dict[str, str], watch: Watch) -> None:
    subject = Blind("mexc", "recorded_nothing", watch=watch)
    results = [tried(catalogue()[case], subject) for case in PROVED]
    assert {result.state for result in results} == {State.NOT_PROVED}
    assert "arb record" in (results[0].why or "")


def ids_unheeded(dialect: StreamDialect) -> StreamDialect:
    rule = msgspec.structs.replace(dialect.book_rule, ids=SequenceRule.NONE)
    dialect.__class__ = type("Loose", (type(dialect),), {"book_rule": rule})
    return dialect


def garbage_swallowed(dialect: StreamDialect) -> StreamDialect:
    decode = dialect.decode

    def swallow(frame: memoryview, received_ns: int, out: Any) -> None:
        try:
            decode(frame, received_ns, out)
        except Exception as error:  # noqa: BLE001 (the mistake of which this test is)
            out.ignored(str(error))

    dialect.decode = swallow  # type: ignore[method-assign]
    return dialect


def repetitions_refused(dialect: StreamDialect) -> StreamDialect:
    decode, seen = dialect.decode, set[bytes]()

    def refuse(frame: memoryview, received_ns: int, out: Any) -> None:
        if bytes(frame) in seen:
            raise ValueError("seen before")
        seen.add(bytes(frame))
        decode(frame, received_ns, out)

    dialect.decode = refuse  # type: ignore[method-assign]
    return dialect


def nothing_told(dialect: StreamDialect) -> StreamDialect:
    def say_nothing(frame: memoryview, received_ns: int, out: Sink) -> None:
        """Read nothing."""

    dialect.decode = say_nothing  # type: ignore[method-assign]
    return dialect


def ends_made_up(dialect: StreamDialect) -> StreamDialect:
    decode = dialect.decode

    def mend(frame: memoryview, received_ns: int, out: Any) -> None:
        for end in (b"", b"}", b"}}", b"]}}"):
            try:
                return decode(memoryview(bytes(frame) + end), received_ns, out)
            except msgspec.DecodeError:
                continue
        return decode(frame, received_ns, out)

    dialect.decode = mend  # type: ignore[method-assign]
    return dialect


@pytest.mark.parametrize(
    ("case", "mistake"),
    [
        ("STREAM-001", nothing_told),
        ("STREAM-002", ids_unheeded),
        ("STREAM-003", repetitions_refused),
        ("STREAM-004", ids_unheeded),
        ("STREAM-006", garbage_swallowed),
        ("STREAM-007", ends_made_up),
    ],
)
def test_a_mistake_shows_in_recordings(
    case: str, mistake: Callable[[StreamDialect], StreamDialect], recorded: dict[str, str], watch: Watch
) -> None:
    subject = Blind("binance", recorded["binance"], watch=watch)
    vars(subject)["registry"] = Mistaken(subject.registry, mistake)
    result = tried(catalogue()[case], subject)
    assert result.state is State.FAILED, result
