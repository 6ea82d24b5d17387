"""`arb plugin new`: what it refuses, and what it writes, file by file."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from arb_compliance.authoring import identity
from arb_compliance.authoring.identity import RefusedId, check_id
from arb_compliance.cli.plugin import plugin
from arb_core.errors import SettingsError
from arb_core.installed import Found
from click.testing import CliRunner

pytest.importorskip("copier", reason="the extra `author`")


def new(*arguments):
    return CliRunner().invoke(plugin, ["new", *arguments, "--yes"], standalone_mode=False)


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        ("Acme", "it has upper case letters; try 'acme'"),
        ("1st", "it must begin with a letter; try 'st'"),
        ("a_b", "it has '_', where only a-z, 0-9 and single hyphens may stand; try 'a-b'"),
        ("gate.io", "it has '.', where only a-z, 0-9 and single hyphens may stand; try 'gate-io'"),
        ("a--b", "a hyphen stands alone between letters or digits; try 'a-b'"),
        ("arb-okx", "it names the distribution, not the exchange; try 'okx'"),
        ("", "it is empty"),
        ("ü", "it must begin with a letter"),
    ],
)
def test_malformed_id_is_refused_with_the_nearest_reason(exchange, reason):
    with pytest.raises(RefusedId, match=r".") as caught:
        check_id(exchange)
    assert str(caught.value) == f"{exchange!r} is no id: {reason}"


def test_id_that_somebody_owns_is_refused_with_its_owner(monkeypatch):
    owner = Found(name="tidepool", group="arb", value="x.plugin", distribution="arb-tidepool", version="3.1")
    monkeypatch.setattr(identity, "discover", lambda _group: {"tidepool": [owner]})
    with pytest.raises(RefusedId, match=r"^'tidepool' belongs to arb-tidepool 3.1, which is installed$"):
        check_id("tidepool")


@pytest.mark.parametrize("exchange", ["gateio", "sim", "core", "compliance", "triangular"])
def test_id_of_the_project_is_refused(exchange, monkeypatch):
    monkeypatch.setattr(identity, "discover", lambda _group: {})
    with pytest.raises(RefusedId, match=rf"^'{exchange}' (belongs to|would be) arb-{exchange}"):
        check_id(exchange)


def test_refusal_is_bad_use(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = new("Bad")
    assert isinstance(result.exception, SettingsError)
    assert list(tmp_path.iterdir()) == []


def test_folder_in_use_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arb-north").mkdir()
    (tmp_path / "arb-north" / "mine.txt").write_text("mine")
    result = new("north")
    assert isinstance(result.exception, SettingsError)
    assert "not empty" in str(result.exception)
    assert [path.name for path in (tmp_path / "arb-north").iterdir()] == ["mine.txt"]


def test_answer_that_would_break_a_file_is_refused(tmp_path):
    result = new("north", "--name", 'No"rth', "--into", str(tmp_path / "x"))
    assert isinstance(result.exception, SettingsError)
    assert "--name" in str(result.exception)
    assert not (tmp_path / "x").exists()


def test_missing_copier_is_answered_with_the_pip_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "copier", None)
    result = new("north", "--into", str(tmp_path / "x"))
    assert 'pip install "arb-compliance[author]"' in str(result.exception)


@pytest.mark.parametrize(("licence", "begins"), [("MIT", "MIT License"), ("BSD-3-Clause", "Copyright (c) 20")])
def test_answers_are_in_the_files(licence, begins, tmp_path, capsys):
    folder = tmp_path / "made"
    arguments = ("--name", "North Sea", "--rest", "https://api.north.test", "--separator", "", "--author", "Ann")
    result = new("north-sea", *arguments, "--licence", licence, "--into", str(folder), "--json")
    assert result.exception is None
    line = json.loads(result.stdout or capsys.readouterr().out)
    assert line["kind"] == "plugin"
    assert {Path(file) for file in line["files"]} == {path for path in folder.rglob("*") if path.is_file()}
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "arb-north-sea"
    assert project["authors"] == [{"name": "Ann"}]
    assert project["license"] == licence
    assert project["entry-points"]["arb"] == {"north-sea": "arb_north_sea.plugin"}
    assert (folder / "LICENSE").read_text().startswith(begins)
    card = (folder / "src" / "arb_north_sea" / "card.py").read_text()
    assert 'rest="https://api.north.test"' in card
    assert 'Pair(f"{symbol.base}{symbol.quote}")' in card
    left = [path for path in folder.rglob("*") if path.is_file() and "{{" in path.read_text() and path.suffix != ".yml"]
    assert left == []


@pytest.mark.parametrize("separator", ["-", "_", "/", ""])
def test_what_is_written_is_in_order(separator, tmp_path):
    ruff = pytest.importorskip("ruff", reason="style is checked where ruff is installed").__name__
    assert new("north", "--separator", separator, "--into", str(tmp_path)).exception is None
    for arguments in (["check", "--no-cache", "."], ["format", "--no-cache", "--check", "."]):
        ran = subprocess.run(
            [sys.executable, "-m", ruff, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
