"""Machines of strangers: an environment with the wheels of some members and of a plugin that is no member.

The folders `arb-*` are distributions of strangers. Each has its own tests, which run where it is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
HERE = Path(__file__).parent
MEMBERS = ("core", "contrib/arb-sim", "contrib/arb-compliance")
"""What an author needs to prove a plugin."""

collect_ignore = [str(path) for path in HERE.iterdir() if path.name.startswith("arb-")]

ENVIRON = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV", "ARB_CONFIG"}}
"""Nothing of the environment in which the suite runs."""


def called(*command: str | Path, cwd: Path, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    """Run a command, whatever comes of it."""
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=ENVIRON, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def succeeds(*command: str | Path, cwd: Path = REPOSITORY) -> str:
    """Run a command that must succeed; return what it printed."""
    done = called(*command, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Machine:
    """An environment of its own, with `arb` in it."""

    bin: Path

    def arb(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run `arb`, whatever comes of it."""
        return called(self.bin / "arb", *arguments, cwd=cwd)

    def install(self, *requirements: str | Path) -> None:
        """Install distributions, in the versions that are pinned."""
        pinned = ("--constraint", REPOSITORY / "constraints.txt")
        succeeds("uv", "pip", "install", "-q", "--no-config", "--python", self.bin / "python", *pinned, *requirements)

    def succeeds(self, program: str, *arguments: str | Path, cwd: Path) -> str:
        """Run a program of this environment that must succeed."""
        return succeeds(self.bin / program, *arguments, cwd=cwd)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """What every stranger here begins with: the wheels of some members, and the tools that their template names."""
    if shutil.which("uv") is None:
        pytest.skip("uv makes wheels and environments: pip install uv")
    place = tmp_path_factory.mktemp("stranger")
    for member in MEMBERS:
        succeeds("uv", "build", "-q", "--wheel", "--out-dir", place / "wheels", REPOSITORY / member)
    succeeds("uv", "venv", "-q", "--seed", "--no-config", "--python", sys.executable, place / "venv")
    made = Machine(place / "venv" / "bin")
    made.install(*(place / "wheels").glob("*.whl"), "copier", "mypy", "ruff")
    return made


@pytest.fixture
def wheel_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Build the wheel of a distribution that is no member."""

    def build(folder: Path) -> Path:
        succeeds("uv", "build", "-q", "--wheel", "--out-dir", tmp_path / "wheel", folder)
        (wheel,) = (tmp_path / "wheel").glob("*.whl")
        return wheel

    return build
