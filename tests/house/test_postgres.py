"""The server of the tests is found, or installed, or its absence is told: never passed over in silence."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

house = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("postgres.py")), run_name="postgres"))


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n", "utf-8")
        (folder / name).chmod(0o755)
    return folder


def test_programs_on_path_come_first_then_the_newest_of_debian(tmp_path):
    for version in ("9.6", "15", "16"):
        put(tmp_path / "debian" / version / "bin", *house.PROGRAMS)
    on_path = put(tmp_path / "path", *house.PROGRAMS)
    assert house.find(str(on_path), tmp_path / "debian") == on_path
    assert house.find("", tmp_path / "debian") == tmp_path / "debian" / "16" / "bin"


def test_a_client_without_a_server_is_none(tmp_path):
    assert house.find(str(put(tmp_path / "path", "initdb")), tmp_path / "none") is None


def test_debians_server_is_installed_by_root_where_there_is_apt(tmp_path):
    path, said = put(tmp_path / "path", "apt-get"), []

    def run(command, **options):
        said.append([Path(command[0]).name, *command[1:]])
        if "install" in command:
            put(tmp_path / "debian" / "15" / "bin", *house.PROGRAMS)

    assert house.programs(str(path), tmp_path / "debian", root=True, run=run) == tmp_path / "debian" / "15" / "bin"
    assert [words[:2] for words in said] == [["apt-get", "update"], ["apt-get", "install"]]
    assert "postgresql" in said[1]
    assert house.programs(str(path), tmp_path / "debian", root=True, run=run)
    assert len(said) == 2


@pytest.mark.parametrize(
    ("root", "apt", "reason"),
    [
        (False, True, "only root could install them"),
        (True, False, "there is no apt-get"),
        (True, True, "was installed"),
    ],
)
def test_there_is_a_reason_where_there_is_no_server(tmp_path, root, apt, reason):
    path = put(tmp_path / "path", *(["apt-get"] if apt else []))
    with pytest.raises(house.NoServer, match=reason):
        house.programs(str(path), tmp_path / "debian", root=root, run=lambda *_, **__: None)


def test_apt_that_fails_is_told_by_its_last_line(tmp_path):
    path = put(tmp_path / "path")
    (path / "apt-get").write_text("#!/bin/sh\necho first\necho E: no such luck\nexit 100\n", "utf-8")
    (path / "apt-get").chmod(0o755)
    with pytest.raises(house.NoServer, match=r"E: no such luck$"):
        house.programs(str(path), tmp_path / "debian", root=True)


SHOW = "import os; print(os.environ.get('ARB_NO_POSTGRES'), os.environ.get('ARB_POSTGRES'))"


def test_without_a_server_the_command_runs_and_knows_why(tmp_path, capfd):
    assert house.beside([sys.executable, "-c", SHOW], {"PATH": ""}, durable=False, debian=tmp_path) == 0
    said = capfd.readouterr()
    assert said.out.startswith("its programs are neither on PATH")
    assert said.out.endswith(" None\n")
    assert said.err.startswith("postgres: no PostgreSQL server: its programs are neither on PATH")


def test_a_server_that_is_required_and_missing_is_a_failure(tmp_path, capfd):
    environment = {"PATH": "", "ARB_REQUIRE_POSTGRES": "1"}
    assert house.beside([sys.executable, "-c", SHOW], environment, durable=False, debian=tmp_path) == 1
    assert capfd.readouterr().out == ""


def test_the_command_decides_how_it_ends(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    assert house.beside(command, {"PATH": ""}, durable=False, debian=tmp_path) == 7
