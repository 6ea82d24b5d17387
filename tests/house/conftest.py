"""What the house tests look at: the members of the workspace and the files that belong to it."""

import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from arb_core.testing.fixtures import no_event_loop_before_the_first

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Member:
    folder: Path
    project: dict

    @property
    def name(self) -> str:
        return self.project["name"]

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def workspace() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="session")
def folders(workspace: dict) -> list[Path]:
    """The folders that uv takes for members, as the globs of the workspace say."""
    table = workspace["tool"]["uv"]["workspace"]
    found = {folder for glob in table["members"] for folder in REPOSITORY.glob(glob) if folder.is_dir()}
    left_out = {folder for glob in table["exclude"] for folder in REPOSITORY.glob(glob)}
    return sorted(folder for folder in found - left_out if not folder.name.startswith("."))


@pytest.fixture(scope="session")
def members(folders: list[Path]) -> list[Member]:
    files = [folder / "pyproject.toml" for folder in folders]
    return [Member(file.parent, tomllib.loads(file.read_text("utf-8"))["project"]) for file in files if file.exists()]


@pytest.fixture(scope="session")
def ours() -> list[Path]:
    """Every file that is tracked or about to be: not those that .gitignore names."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    return sorted(path for name in set(listed.split("\0")) if name and (path := REPOSITORY / name).is_file())
