"""The benches of arb-native in Rust itself, without Python: published as they are printed. They need cargo."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench

CRATE = Path(__file__).parents[2] / "contrib" / "arb-native"


@pytest.mark.parametrize(("bench", "name"), [("books", "rust-books"), ("layouts", "rust-layouts")])
def test_bench(bench, name, publish):
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("cargo is not installed")
    # For any processor, as the wheels are.
    environment = {key: value for key, value in os.environ.items() if key != "RUSTFLAGS"}
    run = subprocess.run(
        [cargo, "bench", "--quiet", "--bench", bench],
        cwd=CRATE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("| ")
    publish(name, run.stdout.strip())
