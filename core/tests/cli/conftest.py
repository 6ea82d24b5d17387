"""Runs `arb` in this process, as its console script does."""

from dataclasses import dataclass

import pytest
from arb_core.cli.main import main


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
