"""Whatever a plugin does, the kit reports it, and goes on."""

import textwrap
from pathlib import Path
from time import monotonic

import pytest
from arb_compliance.case import Case, Proof, Tier, catalogue
from arb_compliance.result import Result, State
from arb_compliance.runner import Worker, run_cases
from arb_compliance.subject import Subject
from hostile import CARD, PUBLIC, install

LIMIT_S = 3.0
"""For those who hang."""
LONG_S = 60.0
"""For those who do not: the machine may be busy."""
MEMORY = 1 << 30

LOADS, SPELLS = "CARD-001", "CARD-013"


def tried(folder: Path, source: str, *ids: str, limit_s: float = LONG_S) -> list[Result]:
    cases = catalogue()
    environ = install(folder, textwrap.dedent(source))
    with Worker("acmetoy", environ=environ, limit_s=limit_s, memory=MEMORY) as worker:
        return [worker.run(cases[id_]) for id_ in ids]


def _limit(told: str) -> float:
    return LIMIT_S if told.startswith("hung") else LONG_S


def text(result: Result) -> str:
    assert result.failure is not None
    return f"{result.failure.message} {result.failure.found}"


def test_a_plain_plugin_passes(tmp_path: Path) -> None:
    assert [result.state for result in tried(tmp_path, PUBLIC, LOADS, SPELLS)] == [State.PASSED] * 2


AT_IMPORT = {
    "raises": ("raise RuntimeError('no such GPU')", "no such GPU"),
    "does not end": ("import time\ntime.sleep(1000)", "hung: no result within 3 s"),
    "loops": ("while True: pass", "hung: no result within 3 s"),
    "exits": ("import sys\nsys.exit('licence expired')", "licence expired"),
    "ends the process": ("import os\nos._exit(0)", "ended the whole process"),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "ended the whole process"),
    "stops itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "hung"),
    "breaks the interpreter": ("import ctypes\nctypes.string_at(0)", "ended the whole process"),
    "takes all memory": ("x = []\nwhile True: x.append(bytearray(1 << 28))", "MemoryError"),
    "recurses without end": ("def f(): return f()\nf()", "RecursionError"),
    "closes what it finds": ("import os\nos.closerange(3, 100)", "ended the whole process"),
    "writes to the kit": (
        "import os, sys\nos.write(int(sys.argv[2]), b'all is well\\n')",
        "wrote into the kit's own pipe",
    ),
    "is no Python": ("def (", "SyntaxError"),
    "needs what is not there": ("import no_such_module_xyz", "no_such_module_xyz"),
}


@pytest.mark.parametrize(("source", "told"), AT_IMPORT.values(), ids=AT_IMPORT)
def test_an_import_that_does_harm_is_reported(source: str, told: str, tmp_path: Path) -> None:
    (result,) = tried(tmp_path, source, LOADS, limit_s=_limit(told))
    assert result.state is State.FAILED
    assert told in text(result)


def test_where_it_hangs_is_shown(tmp_path: Path) -> None:
    (result,) = tried(tmp_path, "def wait_for_godot():\n    while True: pass\nwait_for_godot()", LOADS, limit_s=LIMIT_S)
    assert "wait_for_godot" in text(result)


CARDS = {
    "no card": ("return None", "returned NoneType, expected ExchangeCard"),
    "a dict": ("return {'id': 'acmetoy'}", "returned dict, expected ExchangeCard"),
    "an error": ("raise KeyError('id')", "KeyError"),
    "never": ("while True: pass", "hung"),
    "an exit": ("raise SystemExit(3)", "SystemExit"),
}


@pytest.mark.parametrize(("body", "told"), CARDS.values(), ids=CARDS)
def test_a_card_that_is_none_is_reported(body: str, told: str, tmp_path: Path) -> None:
    source = f"from arb_core import hookimpl\n\n@hookimpl\ndef arb_exchange_card():\n    {body}\n"
    (result,) = tried(tmp_path, source, LOADS, limit_s=_limit(told))
    assert result.state is State.FAILED
    assert told in text(result)


METHODS = {
    "raises": ("raise OSError('no line')", "OSError: no line"),
    "hangs": ("import threading; threading.Event().wait()", "hung"),
    "exits": ("raise SystemExit", "SystemExit"),
    "wrong type": ("return 17", "TypeError"),
    "an interrupt": ("raise KeyboardInterrupt", "ended the whole process"),
    "floods stdout and stderr, then hangs": (
        "import sys\n        while True: sys.stderr.write('x' * 65536); sys.stdout.write('y' * 65536)",
        "hung",
    ),
}


@pytest.mark.parametrize(("body", "told"), METHODS.values(), ids=METHODS)
def test_a_method_that_does_harm_fails_its_case_alone(body: str, told: str, tmp_path: Path) -> None:
    good = 'return Pair(f"{symbol.base}{symbol.quote}")'
    source = PUBLIC.replace(good, f"\n        {body}")
    before, result, after = tried(tmp_path, source, LOADS, SPELLS, "CARD-002", limit_s=_limit(told))
    assert (before.state, after.state) == (State.PASSED, State.PASSED)
    assert result.state is State.FAILED
    assert told in text(result)


def test_a_flood_alone_does_no_harm(tmp_path: Path) -> None:
    source = "import sys\nsys.stdout.write('x' * 10_000_000)\nsys.stderr.write('y' * 10_000_000)\n" + PUBLIC
    assert [result.state for result in tried(tmp_path, source, LOADS, SPELLS)] == [State.PASSED] * 2


def test_a_method_that_never_returns_to_the_loop_is_reported(tmp_path: Path) -> None:
    source = PUBLIC.replace(
        "async def ping(self): ...", "async def ping(self):\n        import asyncio\n        await asyncio.Future()"
    )

    async def waits(subject: Subject) -> None:
        await subject.public().ping()

    environ = install(tmp_path, source)
    kit = tmp_path / "sitecustomize.py"
    kit.write_text(
        "import arb_compliance.case as c\n"
        "async def f(subject): await subject.public().ping()\n"
        "f.__doc__ = 'A.\\n\\nSteps: a\\nExpect: a\\nWhen this fails: a\\nSource: a'\n"
        "c.case('CARD-999', c.Tier.CARD)(f)\n"
    )
    case = Case(
        id="CARD-999",
        tier=Tier.CARD,
        purpose="",
        steps="",
        expect="",
        when_fails="",
        source="",
        needs=frozenset(),
        proof=Proof.PLUGIN,
        limit_s=LIMIT_S,
        run=waits,
    )
    with Worker("acmetoy", environ=environ) as worker:
        result = worker.run(case)
    assert "hung" in text(result)


def test_what_a_plugin_starts_ends_with_it(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    source = f"""
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2); open({str(alive)!r}, 'w')"])
    """
    began = monotonic()
    tried(tmp_path, textwrap.dedent(source) + CARD, LOADS)
    while monotonic() < began + 4:
        assert not alive.exists()


def test_two_owners_are_named(tmp_path: Path) -> None:
    install(tmp_path, distribution="acme-one", module="acme_one")
    environ = install(tmp_path, distribution="acme-two", module="acme_two")
    with Worker("acmetoy", environ=environ) as worker:
        result = worker.run(catalogue()[LOADS])
    assert "two owners: acme-one 1.0 and acme-two 1.0" in text(result)


def test_no_distribution_is_told(tmp_path: Path) -> None:
    with Worker("acmetoy") as worker:
        results = [worker.run(catalogue()[id_]) for id_ in (LOADS, "CARD-010", "SECURITY-006")]
    assert "no plugin owns 'acmetoy'" in text(results[0])
    assert [result.state for result in results] == [State.FAILED, State.FAILED, State.NOT_PROVED]


def test_the_rest_is_not_waited_for_after_three_that_hung(tmp_path: Path) -> None:
    environ = install(tmp_path, "while True: pass")
    cases = [case for case in catalogue().values() if case.tier is Tier.CARD]
    results = run_cases("acmetoy", cases, jobs=1, environ=environ, limit_s=1.0)
    assert [result.case for result in results] == [case.id for case in cases]
    assert {result.state for result in results} == {State.FAILED}
    assert [text(result)[:4] for result in results[:4]] == ["hung", "hung", "hung", "not "]


def test_no_further_case_begins_after_the_last_that_is_wanted(tmp_path: Path) -> None:
    cases = [case for case in catalogue().values() if case.tier is Tier.CARD]
    results = run_cases("acmetoy", cases, jobs=1, environ=install(tmp_path), until=lambda result: result.case == SPELLS)
    assert results[-1].case == SPELLS
    assert len(results) < len(cases)


def test_evidence_of_a_broken_plugin_is_none(tmp_path: Path) -> None:
    with Worker("acmetoy", environ=install(tmp_path, "import os\nos._exit(1)"), limit_s=LONG_S) as worker:
        assert worker.evidence() == []
