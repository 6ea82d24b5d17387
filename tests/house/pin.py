"""Writes the newest versions that fit into constraints.txt and, the same list, into the root pyproject.toml.

Entered by `tox -e pin`. Two places, because pip reads only the one and `uv run` only the other. Addresses, hashes and
lock files stay out of the repository: only names and versions are kept.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
PYPROJECT = ROOT / "pyproject.toml"
TABLE = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.DOTALL | re.MULTILINE)


def compile_pins() -> list[str]:
    """Ask uv for one list that fits every group of the workspace on every platform and Python."""
    workspace = tomllib.loads(PYPROJECT.read_text("utf-8"))
    command = ["uv", "pip", "compile", "--universal", "--upgrade", "--quiet"]
    command += ["--no-emit-index-url", "--no-annotate", "--no-header", "--python-version", "3.11"]
    for member in workspace["tool"]["uv"]["sources"]:
        command += ["--no-emit-package", member]
    for group in workspace["dependency-groups"]:
        command += ["--group", group]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def write(pins: list[str]) -> None:
    """Put the list into both files."""
    CONSTRAINTS.write_text("".join(f"{pin}\n" for pin in pins), "utf-8")
    table = "constraint-dependencies = [\n" + "".join(f'  "{pin}",\n' for pin in pins) + "]\n"
    text, count = TABLE.subn(lambda _: table, PYPROJECT.read_text("utf-8"))
    if count != 1:
        sys.exit(f"expected one table constraint-dependencies in {PYPROJECT}, found {count}")
    PYPROJECT.write_text(text, "utf-8")


def pin() -> None:
    """Start from no pins, else uv would hold on to the old versions; put the old ones back where uv finds no answer."""
    before = {path: path.read_text("utf-8") for path in (CONSTRAINTS, PYPROJECT)}
    write([])
    try:
        write(compile_pins())
    except subprocess.CalledProcessError:
        for path, text in before.items():
            path.write_text(text, "utf-8")
        sys.exit("uv found no list of versions that fits; the old one stays")


if __name__ == "__main__":
    pin()
