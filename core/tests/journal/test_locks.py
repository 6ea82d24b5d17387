import os
import subprocess
import sys
from pathlib import Path

import pytest
from arb_core.engine.journal.locks import KeyLock, fingerprint_of, lock_folder
from arb_core.errors import KeyInUse

MARK = fingerprint_of("a marked key")


def test_a_second_process_with_the_same_key_is_refused(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from arb_core.engine.journal.locks import KeyLock
from arb_core.errors import KeyInUse
try:
    KeyLock(Path({str(tmp_path)!r}), "mexc", {MARK!r})
except KeyInUse as error:
    print(error)
else:
    print("taken")
"""
    command = [sys.executable, "-c", code]
    with KeyLock(tmp_path, "mexc", MARK):
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert said.startswith(f"mexc: the key {MARK} is in use by another process")
    # that process never let go by itself: it ended, and the lock with it
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "taken\n"
    with KeyLock(tmp_path, "mexc", MARK) as lock:
        lock.release()


def test_who_holds_a_lock_is_told_and_one_that_died_is_not_believed(tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
from arb_core.engine.journal.locks import KeyLock
lock = KeyLock(Path({str(tmp_path)!r}), "mexc", {MARK!r})
print(os.getpid(), flush=True)
input()
os._exit(9)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        pid = int(other.stdout.readline())
        with pytest.raises(KeyInUse, match=f"in use by another process, pid {pid}, which holds ") as refusal:
            KeyLock(tmp_path, "mexc", MARK)
        assert refusal.value.pid == pid
        other.communicate("\n")
    with KeyLock(tmp_path, "mexc", MARK), pytest.raises(KeyInUse, match=f"pid {os.getpid()}, which"):
        KeyLock(tmp_path, "mexc", MARK)
    assert [path.suffix for path in tmp_path.iterdir()] in ([], [".lock"])


def test_other_keys_and_other_exchanges_are_free(tmp_path: Path) -> None:
    with KeyLock(tmp_path, "mexc", MARK), KeyLock(tmp_path, "gateio", MARK), KeyLock(tmp_path, "mexc", "0" * 16):
        with pytest.raises(KeyInUse) as refusal:
            KeyLock(tmp_path, "mexc", MARK)
        assert (refusal.value.exchange, refusal.value.fingerprint) == ("mexc", MARK)


def test_a_fingerprint_is_short_and_shows_nothing_of_the_key() -> None:
    assert len(MARK) == 16
    assert MARK == fingerprint_of("a marked key") != fingerprint_of("another key")
    assert "marked" not in MARK


def test_locks_lie_with_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert lock_folder() == tmp_path / "arb" / "locks"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert lock_folder() == Path.home() / ".local" / "state" / "arb" / "locks"
