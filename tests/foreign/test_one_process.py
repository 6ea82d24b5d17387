"""ccxt and a plugin in one process: protobuf keeps one register of message names for the whole process."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.foreign

OURS = """
import importlib, pkgutil, arb_mexc
for found in pkgutil.walk_packages(arb_mexc.__path__, "arb_mexc."):
    importlib.import_module(found.name)
"""
# ccxt imports its generated messages only here, not at `import ccxt.pro`.
THEIRS = "import ccxt.pro; ccxt.pro.mexc; from ccxt.protobuf.mexc import PushDataV3ApiWrapper_pb2\n"


@pytest.mark.parametrize(("first", "second"), [(OURS, THEIRS), (THEIRS, OURS)], ids=["ours-first", "theirs-first"])
def test_ccxt_and_our_messages_live_in_one_process(first, second):
    done = subprocess.run([sys.executable, "-c", first + second], check=False, capture_output=True, text=True)
    assert not done.returncode, done.stderr
