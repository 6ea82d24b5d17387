"""A newcomer goes through the page, from an empty folder to a venue that is proved: every command and file as written."""

import os
import re
import subprocess
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "how-to"

STEP = re.compile(
    r"^```(?:python|toml)\n# (?P<file>\S+)\n(?P<code>.*?)^```$"
    r"|in `(?P<named>\S+)`:\n\n```json\n(?P<json>.*?)^```$"
    r"|^```sh\n(?P<commands>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
"""A file, which its first line or the words before it name, or commands."""


def walk(page, folder, distribution, machine):
    """Do what a page says, from top to bottom; return what each command printed."""
    environ = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environ["PATH"] = f"{machine.bin}:{environ['PATH']}"
    said = []
    for step in STEP.finditer((DOCS / page).read_text("utf-8")):
        if step["commands"] is None:
            path = folder / distribution / (step["file"] or step["named"])
            assert path.parent.is_dir(), f"{path} is nowhere near what `arb plugin new` made"
            path.write_text(step["code"] or step["json"])
            continue
        for command in step["commands"].strip().splitlines():
            ran = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environ,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
            said.append(ran.stdout)
    return said


def test_page_leads_from_an_empty_folder_to_a_venue_that_is_proved(machine, tmp_path):
    *_, cards, proved = walk("add-an-exchange.md", tmp_path, "arb-tidepool", machine)
    assert re.search(r"^  card +14 passed$", cards, re.MULTILINE), cards
    print(proved)
    assert re.search(r"^tidepool 0\.1\.0: self-consistent in \d+ s$", proved, re.MULTILINE), proved
    assert " failed" not in proved
    folder = tmp_path / "arb-tidepool"
    machine.succeeds("ruff", "check", ".", cwd=folder)
    machine.succeeds("ruff", "format", "--check", ".", cwd=folder)
