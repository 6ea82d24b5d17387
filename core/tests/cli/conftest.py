"""Runs `arb` in this process, as its console script does."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from arb_core.cli.main import main

# Test folders are not packages here; accounts that follow a script stand with the engine's tests.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "engine" / "trading")]


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def arb(capsys):
    def arb(*args):
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return arb


@pytest.fixture
def scripted() -> ModuleType:
    """`ScriptedVenue` and `ScriptedAccount`."""
    return importlib.import_module("scripted_account")
