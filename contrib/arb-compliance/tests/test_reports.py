"""What a run leaves: verdicts, the JSON report and its signature, matrix, JUnit and badge."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from arb_compliance.case import Tier, catalogue
from arb_compliance.cli.compliance import compliance
from arb_compliance.report import badge, document, junit, matrix
from arb_compliance.report.document import Report, make, read
from arb_compliance.report.text import show_failure, show_verdict
from arb_compliance.result import Evidence, Failure, Grade, Result, State, Verdict, count, verdict_of
from arb_compliance.waivers import WaiverError, apply
from arb_compliance.waivers import read as read_waivers
from click.testing import CliRunner

RECORDED = {"book": Grade.RECORDED}
TODAY = dt.date(2026, 11, 26)


def result(state: State = State.PASSED, case: str = "CARD-001", **more: object) -> Result:
    failure = Failure(message="no card", frame='{"price": "<1>"}', fix="return one") if state is State.FAILED else None
    return msgspec.convert(
        {"case": case, "tier": Tier.CARD, "state": state, "seconds": 0.25, "failure": failure, **more}, Result
    )


def whole(*others: Result, grade: Grade = Grade.RECORDED, exchange: str = "binance") -> Report:
    changed = {other.case: other for other in others}
    cases = catalogue()
    results = [
        changed.get(id_) or Result(case=id_, tier=case.tier, state=State.PASSED, seconds=0.1)
        for id_, case in cases.items()
    ]
    return make(
        exchange,
        distribution="arb-sim",
        package="arb_sim",
        results=results,
        evidence=[Evidence(capability="book", grade=grade, samples=("depth.json",))],
        seconds=12.5,
        cases=cases,
    )


# The verdict


@pytest.mark.parametrize(
    ("states", "grade", "expected"),
    [
        ([State.PASSED], Grade.RECORDED, Verdict.CERTIFIED),
        ([State.PASSED, State.NOT_ASKED], Grade.FOREIGN, Verdict.CERTIFIED),
        ([State.PASSED], Grade.DOCUMENTED, Verdict.CERTIFIED),
        ([State.PASSED], Grade.OWN, Verdict.SELF_CONSISTENT),
        ([State.PASSED, State.NOT_PROVED], Grade.RECORDED, Verdict.SELF_CONSISTENT),
        ([State.PASSED, State.WAIVED], Grade.RECORDED, Verdict.SELF_CONSISTENT),
        ([State.PASSED, State.WAIVED, State.FAILED], Grade.RECORDED, Verdict.FAILED),
        ([State.NOT_ASKED], Grade.RECORDED, Verdict.FAILED),
        ([], Grade.RECORDED, Verdict.FAILED),
    ],
)
def test_verdict_follows_from_results_and_evidence(states: list[State], grade: Grade, expected: Verdict) -> None:
    assert verdict_of(count(map(result, states)), {"book": grade}) is expected


def test_a_part_of_the_cases_certifies_nothing() -> None:
    assert verdict_of(count([result()]), RECORDED, whole=False) is Verdict.SELF_CONSISTENT
    part = make(
        "binance",
        distribution="arb-sim",
        package="arb_sim",
        results=[result()],
        evidence=[],
        seconds=1.0,
        cases=["CARD-001", "CARD-002"],
    )
    assert (part.whole, part.verdict) == (False, Verdict.SELF_CONSISTENT)
    assert "passed, of the cases that were run" in show_verdict(part, catalogue())


def test_the_end_of_a_run_names_what_is_next_and_what_is_missing() -> None:
    text = show_verdict(whole(result(State.FAILED), grade=Grade.OWN), catalogue())
    assert "next: turn CARD-001 green" in text
    assert "no evidence from outside: book" in text
    assert "failed in 12 s" in text


def test_a_failure_shows_frame_expectation_and_fix() -> None:
    text = show_failure(catalogue()["CARD-001"], result(State.FAILED))
    for words in ("no card", '{"price": "<1>"}', "one owner", "return one", "contract, hooks"):
        assert words in text


# Waivers


def waivers(folder: Path, text: str) -> Path:
    path = folder / "compliance-waivers.toml"
    path.write_text(text)
    return path


def waiver(**changes: str) -> str:
    fields = {"case": '"CARD-001"', "reason": '"no ping"', "link": '"https://a.example/7"', "expires": "2027-03-01"}
    return "[[waiver]]\n" + "".join(f"{name} = {value}\n" for name, value in (fields | changes).items())


def test_a_failure_is_waived_until_its_day(tmp_path: Path) -> None:
    found = read_waivers(waivers(tmp_path, waiver()), catalogue())
    last, after = dt.date(2027, 2, 28), dt.date(2027, 3, 1)
    assert apply(result(State.FAILED), found, last).state is State.WAIVED
    expired = apply(result(State.FAILED), found, after)
    assert expired.state is State.FAILED
    assert expired.failure is not None
    assert "its waiver expired on 2027-03-01" in expired.failure.message


def test_a_case_that_is_healed_fails_until_its_waiver_is_gone(tmp_path: Path) -> None:
    healed = apply(result(), read_waivers(waivers(tmp_path, waiver()), catalogue()), TODAY)
    assert healed.state is State.FAILED
    assert healed.failure is not None
    assert "passes, although it is waived" in healed.failure.message


@pytest.mark.parametrize("state", [State.NOT_PROVED, State.NOT_ASKED])
def test_what_was_not_tried_stays_so(state: State, tmp_path: Path) -> None:
    assert apply(result(state), read_waivers(waivers(tmp_path, waiver()), catalogue()), TODAY).state is state


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (waiver(case='"CARD-777"'), "there is no case CARD-777"),
        (waiver() + waiver(), "CARD-001 is waived twice"),
        (waiver(reason='" "'), "needs a reason and a link"),
        (waiver(link='"soon"'), "needs a reason and a link"),
        (waiver(expires='"never"'), "expires"),
        (waiver(until="2027-01-01"), "unknown field `until`"),
        ("[[waiver]]\ncase = 'CARD-001'\n", "missing required field"),
        ("[[waiver", "waivers.toml"),
    ],
)
def test_a_waiver_without_reason_link_or_day_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=told):
        read_waivers(waivers(tmp_path, text), catalogue())


# The report


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = whole(result(State.FAILED))
    path = tmp_path / "report.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    assert read(path) == report


def test_one_changed_byte_of_a_package_is_another_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_plugin"
    package.mkdir()
    (package / "__init__.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = document.tested("arb-core", "some_plugin")
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "a.pyc").touch()
    assert document.tested("arb-core", "some_plugin") == before
    (package / "__init__.py").write_text("A = 2\n")
    assert document.tested("arb-core", "some_plugin").sha256 != before.sha256
    assert before.files == 1


def written(folder: Path, report: Report, name: str = "report.json") -> Path:
    path = folder / name
    path.write_bytes(msgspec.json.encode(report))
    return path


Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call() -> Call:
    def run(*arguments: str | Path) -> tuple[int, str]:
        done = CliRunner().invoke(compliance, [str(one) for one in arguments], standalone_mode=False)
        return (done.return_value if done.exception is None else 2), done.output + str(done.exception or "")

    return run


def test_a_report_that_contradicts_itself_is_found(tmp_path: Path, call: Call) -> None:
    report = whole(result(State.FAILED))
    assert call("verify", written(tmp_path, report))[0] == 0
    better = msgspec.structs.replace(report, verdict=Verdict.CERTIFIED)
    code, said = call("verify", written(tmp_path, better))
    assert (code, "does not follow" in said) == (1, True)
    shorter = msgspec.structs.replace(report, results=report.results[1:])
    code, said = call("verify", written(tmp_path, shorter))
    assert code == 1
    assert "counts" in said
    assert "lacks CARD-001" in said


def test_another_installation_is_found(tmp_path: Path, call: Call) -> None:
    report = whole(exchange="nobody")
    core = msgspec.structs.replace(report.core, sha256="0" * 64)
    code, said = call("verify", "--installed", written(tmp_path, msgspec.structs.replace(report, core=core)))
    assert code == 1
    assert "arb-core" in said
    assert "with other files" in said


def test_a_signature_is_of_its_key_and_of_every_byte(tmp_path: Path, call: Call) -> None:
    pytest.importorskip("cryptography")
    from arb_compliance.report.signature import seal
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for name in ("ours", "theirs"):
        key = Ed25519PrivateKey.generate()
        pem, plain = form.Encoding.PEM, form.NoEncryption()
        (tmp_path / f"{name}.key").write_bytes(key.private_bytes(pem, form.PrivateFormat.PKCS8, plain))
        public = key.public_key().public_bytes(pem, form.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.pub").write_bytes(public)
    report = seal(whole(), tmp_path / "ours.key")
    path = tmp_path / "report.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=8))
    assert call("verify", path, "--key", tmp_path / "ours.pub")[0] == 0
    assert call("verify", path, "--key", tmp_path / "theirs.pub")[0] == 1
    assert call("verify", written(tmp_path, whole(), "bare.json"), "--key", tmp_path / "ours.pub")[0] == 1
    path.write_bytes(path.read_bytes().replace(b"12.5", b"12.6"))
    code, said = call("verify", path, "--key", tmp_path / "ours.pub")
    assert (code, "changed since" in said) == (1, True)
    path.write_bytes(msgspec.json.encode({**msgspec.to_builtins(report), "note": "approved"}))
    assert call("verify", path, "--key", tmp_path / "ours.pub")[0] == 1


# Pictures of it


def test_the_matrix_shows_every_case_of_every_exchange(tmp_path: Path, call: Call) -> None:
    one = written(tmp_path, whole(result(State.FAILED), result(State.WAIVED, "CARD-002", why="a<b")), "one.json")
    two = written(tmp_path, whole(exchange="mexc", grade=Grade.OWN), "two.json")
    page_at = tmp_path / "matrix.html"
    assert call("matrix", one, two, "-o", page_at)[0] == 0
    page = page_at.read_text("utf-8")
    for id_ in catalogue():
        assert page.count(f">{id_}</span>") >= 1
    assert '<details id="binance-CARD-001" open>' in page
    assert '<a href=#binance-CARD-001 class="mark failed"' in page
    assert "&lt;1&gt;" in page  # a frame is shown, not run
    assert "a&lt;b" in page
    assert "verdict self-consistent" in page
    assert "prefers-color-scheme: dark" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_a_matrix_of_an_older_kit_has_gaps() -> None:
    report = whole()
    older = msgspec.structs.replace(report, results=report.results[1:])
    assert "this run did not ask it" in matrix.draw([older], catalogue())


def test_junit_tells_failures_and_skips(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    report = whole(result(State.FAILED), result(State.NOT_PROVED, "CARD-002", why="no sim"))
    junit.write(report, catalogue(), path)
    suite = ET.parse(path).getroot().find("testsuite")  # noqa: S314 (written a line above)
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (str(len(catalogue())), "1", "1")
    failure = suite.find(".//failure")
    assert failure is not None
    assert "return one" in (failure.text or "")


@pytest.mark.parametrize("verdict", Verdict)
def test_the_badge_names_exchange_and_verdict(verdict: Verdict) -> None:
    picture = badge.draw(msgspec.structs.replace(whole(), verdict=verdict))
    assert f"<title>arb binance: {verdict.value}</title>" in picture
    ET.fromstring(picture)  # noqa: S314 (our own)
