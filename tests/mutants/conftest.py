"""The table of mutants and the cases that kill them, at the end of a run."""

import os
from pathlib import Path
from typing import Any

import pytest

HEAD = """# Mutants of the compliance kit

Plugins with one mistake each, and the cases that find it. Made by `tox -e mutants`; `tox -e mutants-full` tries every
case on every mutant. The mistakes themselves: `tests/mutants/*.toml`.

"""


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table, and write it where it is asked for."""
    rows = sorted(
        (killers or "**survived**", exchange, name)
        for reports in (terminalreporter.getreports("passed"), terminalreporter.getreports("failed"))
        for report in reports
        for key, value in report.user_properties
        if key == "mutant"
        for name, exchange, killers in [value]
    )
    if not rows:
        return
    lines = ["| killed by | exchange | mistake |", "|---|---|---|"]
    lines += [f"| {killers} | {exchange} | {name} |" for killers, exchange, name in rows]
    survived = sum(killers == "**survived**" for killers, _, _ in rows)
    cases = {case for killers, _, _ in rows if killers != "**survived**" for case in killers.split()}
    lines += ["", f"{len(rows)} mutants, {len(rows) - survived} killed, by {len(cases)} cases."]
    terminalreporter.write_line("\n".join(lines))
    if path := os.environ.get("ARB_MUTANTS_TABLE"):
        Path(path).write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
