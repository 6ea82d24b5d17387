"""The pages about observers: their tables are those of the code, their code and commands are run."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest
from arb_core.cli.observing import FAULTS
from arb_core.engine.trading.alarms import ALARMS
from arb_core.interfaces.observer import Observer
from arb_core.structs import notice
from arb_core.structs.figures import Figures, Hop

FILE = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def reference(repository):
    return (repository / "docs" / "reference" / "observers.md").read_text("utf-8")


def rows(text, title):
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return re.findall(r"^\| (.*?) \| (.*?) \|", found[1], re.MULTILINE)


def test_every_notice_of_the_page_is_told_by_that_method_and_no_other(reference):
    shown = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(reference, "Notices") if "`" in cells[0]}
    told = {
        name: method.__annotations__["notice"].__name__
        for name, method in vars(Observer).items()
        if "notice" in getattr(method, "__annotations__", {})
    }
    assert shown == told
    assert set(shown.values()) == set(notice.__all__)


def test_every_fault_of_the_page_is_one_of_the_code(reference):
    shown = {cells[0]: re.findall(r"`(\w+)`", cells[1]) for cells in rows(reference, "Faults") if "`" in cells[1]}
    assert shown["venues"] == sorted(FAULTS.values())
    assert shown["trading"] == sorted(ALARMS)
    # Named where they are raised.
    for room, family in (("session", "detection"), ("observers", "observers")):
        source = (Path(notice.__file__).parents[1] / "engine" / f"{room}.py").read_text("utf-8")
        assert all(f'"{name}"' in source for name in shown[family])


def test_every_figure_and_every_hop_stands_on_the_page(reference):
    names = [cells[0].strip("`") for cells in rows(reference, "Figures") if "`" in cells[0]]
    assert names == [*(field.name for field in msgspec.structs.fields(Figures)), *(hop.value for hop in Hop)]


def unfold(text, folder):
    for name, code in FILE.findall(text):
        (folder / name).write_text(code)


@contextlib.contextmanager
def venues():
    """Two simulated venues; the variables that lead to them."""
    command = [sys.executable, "-m", "arb_core", "sim", "serve", "mexc", "gateio", "--json", "--while-stdin"]
    command += ["--symbols", "BTC/USDT,ETH/USDT,SOL/USDT", "--dislocate"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        variables = {}
        for _ in range(2):
            venue = json.loads(served.stdout.readline())
            for key in ("rest_url", "ws_url"):
                variables[f"ARB_{venue['exchange'].upper()}_{key.upper()}"] = venue[key]
        yield variables
        served.communicate()


def shell(text, folder, **variables):
    """Run every command of a page, in order; return what each one said."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    said = []
    for command in [line for block in COMMANDS.findall(text) for line in block.strip().splitlines()]:
        ran = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=90, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        said.append(ran.stdout)
    return said


def test_observer_of_the_page_writes_what_happens(repository, tmp_path):
    text = (repository / "docs" / "how-to" / "write-an-observer.md").read_text("utf-8")
    unfold(text, tmp_path)
    info = tmp_path / "arb_diary-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: arb-diary\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[arb]\ndiary = diary\n")
    with venues() as variables:
        _, lines = shell(text, tmp_path, **variables)
    summary = json.loads(lines.splitlines()[-1])
    diary = (tmp_path / "diary.txt").read_text().splitlines()
    edges = [line for line in diary if re.search(r" edge [A-Z]+/USDT buy \w+ sell \w+ [\d.]+ bp$", line)]
    assert len(edges) >= summary["opportunities"]["executable"] >= 1


def test_observer_of_the_page_is_as_well_typed_as_ours(repository, tmp_path):
    pytest.importorskip("mypy", reason="types are checked where mypy is installed: tox -e types")
    unfold((repository / "docs" / "how-to" / "write-an-observer.md").read_text("utf-8"), tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", "diary.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_page_of_metrics_is_served_as_the_page_says(repository, tmp_path):
    text = (repository / "docs" / "how-to" / "observe.md").read_text("utf-8")
    assert "arb monitor observed.toml" in text
    assert "http://127.0.0.1:9464/metrics" in text
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The port of the page may be taken on this machine.
    unfold(text.replace("9464", str(port)), tmp_path)
    command = [sys.executable, "-m", "arb_core", "monitor", "observed.toml", "--seconds", "60", "--json"]
    with venues() as variables:
        shell(text.replace("9464", str(port)), tmp_path, **variables)
        environment = {**os.environ, **variables}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as monitor:
            assert monitor.stdout is not None
            # An edge is seen over books that are LIVE.
            assert any(json.loads(line)["kind"] == "opportunity" for line in monitor.stdout)
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                page = answer.read().decode()
            monitor.terminate()
            monitor.communicate()
    assert "arb_up 1.0" in page
    assert re.search(r'^arb_books\{.*state="live".*\} [123]\.0$', page, re.MULTILINE)
    assert re.search(r"^arb_opportunities_seen_total [1-9]", page, re.MULTILINE)


def test_commands_of_the_page_are_those_of_the_distribution(repository):
    text = (repository / "docs" / "how-to" / "observe.md").read_text("utf-8")
    for name in re.findall(r"python -m arb_prometheus (\w+)", text):
        ran = subprocess.run(
            [sys.executable, "-m", "arb_prometheus", name], check=False, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
