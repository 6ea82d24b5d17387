"""What measurements share: the page that they write."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "core" / "tests"))
from databases import postgres  # pyright: ignore[reportMissingImports] (that of core/tests)

__all__ = ["postgres"]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"


def installed(name: str) -> str | None:
    """Return the version of a distribution; None where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine() -> str:
    """Name what the figures depend on."""
    cpus = (
        re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else []
    )
    cpu = f"{len(cpus)} x {cpus[0]}" if cpus else platform.processor()
    names = ("msgspec", "protobuf", "sortedcontainers", "ccxt", "cryptofeed", "nautilus_trader", "arb-native")
    libraries = ", ".join(f"{name} {found}" for name in names if (found := installed(name)))
    return f"{platform.system()} {platform.machine()}, {cpu}, Python {platform.python_version()}, {libraries}"


@pytest.fixture
def publish():
    """Print a table, and put it between its marks on the page."""

    def write(name: str, table: str) -> None:
        print(f"\n{table}")
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        page = PAGE.read_text(encoding="utf8")
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        assert found, f"{PAGE} has no mark {begin}"
        assert closed, f"{PAGE} has no mark {end}"
        PAGE.write_text(f"{before}{begin}\n\n{table}\n\nMeasured on {machine()}.\n\n{end}{after}", encoding="utf8")

    return write
