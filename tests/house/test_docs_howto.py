"""The code of the how-to pages and of the tutorial, taken from the pages and run."""

import re
import subprocess
import sys

import pytest

FILE = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(repository, name):
    return (repository / "docs" / name).read_text("utf-8")


def unfold(text, folder):
    """Write every block that names its file."""
    files = {}
    for name, code in FILE.findall(text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
        files[name] = code
    return files


def environment(*paths):
    import os

    return {**os.environ, "PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def run(command, folder, *paths):
    return subprocess.run(
        command, cwd=folder, env=environment(folder, *paths), capture_output=True, text=True, timeout=120, check=False
    )


def install(folder, distribution, entry_points):
    """Make a folder look like an installed distribution."""
    info = folder / f"{distribution.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[arb]\n{entry_points}\n")


OPTIONS = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", "-p", "no:cacheprovider")
PYTEST = (sys.executable, "-m", "pytest", "-q", *OPTIONS)


@pytest.fixture
def tidepool(repository, tmp_path):
    files = unfold(page(repository, "how-to/add-an-exchange.md"), tmp_path)
    source = tmp_path / "src"
    entry = re.search(r"^\[project.entry-points.arb\]\n(.+)$", files["pyproject.toml"], re.MULTILINE)
    assert entry
    install(source, "arb-tidepool", entry[1].replace('"', ""))
    return tmp_path


def test_toy_venue_of_the_page_works(tidepool):
    ran = run([*PYTEST, "test_tidepool.py"], tidepool, tidepool / "src")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_toy_venue_is_known_by_being_installed(tidepool):
    ran = run([sys.executable, "-m", "arb_core", "plugins"], tidepool, tidepool / "src")
    (line,) = [line for line in ran.stdout.splitlines() if "tidepool" in line]
    assert "arb-tidepool" in line
    assert "ok" in line
    assert "broken" not in line


def test_toy_venue_has_the_rooms_of_every_exchange(repository, tidepool):
    rooms = {path.name for path in (tidepool / "src" / "arb_tidepool").glob("*.py")}
    assert rooms <= {path.name for path in (repository / "plugins" / "arb-mexc" / "src" / "arb_mexc").glob("*.py")}


def test_toy_venue_is_as_well_typed_as_ours(repository, tidepool):
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null"]
    pytest.importorskip("mypy", reason="types are checked where mypy is installed: tox -e types")
    ran = run([*command, "src/arb_tidepool"], tidepool, tidepool / "src")
    assert ran.returncode == 0, ran.stdout
