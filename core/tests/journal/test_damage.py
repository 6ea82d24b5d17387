"""Disks that are full, files that cannot be written, that are gone or damaged: refusals with a reason, and no loss."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from arb_core.engine.journal.journal import Journal
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.engine.journal.tables import NOTES, ORDERS
from arb_core.errors import JournalError, JournalUnavailable
from sqlalchemy import event, text, update


def notes(place: str) -> list[str]:
    reader = open_reader(place)
    found = [row["text"] for row in reader.rows(NOTES)]
    reader.close()
    return found


async def refused(journal: Journal, samples: Any, why: str) -> None:
    """An intent meets the trouble; the next one is not even queued, and a record is kept."""
    with pytest.raises(JournalUnavailable, match=why):
        await journal.intend(samples.intent(101), [samples.plan(101)])
    waiting = journal.stats().waiting
    with pytest.raises(JournalUnavailable, match=why):
        await journal.intend(samples.intent(102), [])
    assert journal.stats().waiting == waiting
    journal.note("test", "kept", 1)
    assert journal.stats().waiting == waiting + 1


async def well_again(journal: Journal) -> None:
    async with asyncio.timeout(30):
        await journal.settle()
    assert journal.fault is None


async def test_a_disk_error_refuses_intents_and_keeps_records(place: str, samples: Any) -> None:
    journal = Journal(place, retry_s=0.01)
    await journal.intend(samples.intent(1), [])
    full = True

    def fail(_: object) -> None:
        if full:
            raise OSError(28, "No space left on device")

    event.listen(journal._engine, "commit", fail)
    await refused(journal, samples, "No space left on device")
    full = False
    await well_again(journal)
    assert notes(place) == ["kept"]
    assert [each.intent.id for each in journal.unfinished()] == [1]
    await journal.close()


# -- a real disk: a tmpfs of its own --------------------------------------------------------------------------------


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root mounts a disk of its own")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a disk of its own cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        # Lazily: a test that fails leaves files open, and a disk that stays would trouble every later run.
        subprocess.run(["umount", "--lazy", folder], check=True)


async def test_a_disk_that_is_really_full_loses_nothing_that_was_committed(disk: Path, samples: Any) -> None:
    place = str(disk / "journal.db")
    journal = Journal(place, retry_s=0.01)
    committed = list[int]()

    async def fill() -> None:
        for number in range(1, 10_000):
            await journal.intend(samples.intent(number), [samples.plan(number)])
            committed.append(number)

    with pytest.raises(JournalUnavailable, match="full"):
        await fill()
    assert len(committed) > 10
    await refused(journal, samples, "full")
    remount(disk, "size=8m")
    await well_again(journal)
    assert notes(place) == ["kept"]
    assert [each.intent.id for each in journal.unfinished()] == committed
    await journal.intend(samples.intent(10_000), [])
    await journal.close()


async def test_a_disk_that_becomes_read_only_refuses_and_comes_back(disk: Path, samples: Any) -> None:
    place = str(disk / "journal.db")
    journal = Journal(place, retry_s=0.01)
    await journal.intend(samples.intent(1), [])
    journal._engine.dispose()
    journal._reading.dispose()
    journal._hold.release()
    remount(disk, "ro")
    await refused(journal, samples, "readonly|read-only|unable to open|disk I/O")
    for name in ("journal.db", "another.db"):
        with pytest.raises(JournalError, match=r"cannot be (written|opened)"):
            open_journal(str(disk / name))
    remount(disk, "rw")
    await well_again(journal)
    assert notes(place) == ["kept"]
    await journal.close()


@pytest.mark.postgres
async def test_a_server_that_becomes_read_only_refuses_and_comes_back(postgres: Any, samples: Any) -> None:
    import psycopg

    place = postgres.create("standby")
    journal = Journal(place, retry_s=0.01)
    await journal.intend(samples.intent(1), [])
    with psycopg.connect(postgres.address("postgres"), autocommit=True) as admin:
        ended = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'standby'"
        admin.execute(b"ALTER DATABASE standby SET default_transaction_read_only = on")
        admin.execute(ended)
        await refused(journal, samples, "read-only|terminating|closed")
        admin.execute(b"ALTER DATABASE standby SET default_transaction_read_only = off")
        admin.execute(ended)
    await well_again(journal)
    assert notes(place) == ["kept"]
    await journal.close()


def test_a_file_that_may_not_be_written_is_told_as_such(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write every file; a disk that is read-only stands for it")
    place = tmp_path / "journal.db"
    open_journal(str(place), threaded=False)._give_up()
    place.chmod(0o444)
    with pytest.raises(JournalError, match="cannot be opened"):
        open_journal(str(place))


# -- damage ---------------------------------------------------------------------------------------------------------


async def written(tmp_path: Path, samples: Any) -> Path:
    place = tmp_path / "journal.db"
    journal = Journal(str(place))
    for number in range(1, 200):
        await journal.intend(samples.intent(number), [samples.plan(number)])
    await journal.close()
    return place


async def test_a_damaged_file_is_told_whoever_asks(tmp_path: Path, samples: Any) -> None:
    place = await written(tmp_path, samples)
    size = place.stat().st_size
    with place.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xa5" * (size - 4096 * 2))
    questions: list[Callable[[], Any]] = [
        lambda: open_journal(str(place)),
        lambda: open_reader(str(place)).orders(),
        lambda: open_reader(str(place)).trades(),
        lambda: list(open_reader(str(place)).rows(ORDERS)),
        lambda: open_reader(str(place)).kills(),
    ]
    for ask in questions:
        with pytest.raises(JournalError, match=r"malformed|not a database"):
            ask()


async def test_damage_while_it_runs_refuses_intents_and_keeps_records(tmp_path: Path, samples: Any) -> None:
    place = await written(tmp_path, samples)
    journal = Journal(str(place), retry_s=0.01)
    journal._engine.dispose()
    whole = place.read_bytes()
    with place.open("r+b") as file:
        file.write(b"\0" * 100)
    await refused(journal, samples, "not a database|malformed")
    with pytest.raises(JournalError):
        journal.unfinished()
    with pytest.raises(JournalUnavailable):
        await journal.latch()
    with place.open("r+b") as file:
        file.write(whole[:100])
    await well_again(journal)
    assert notes(str(place)) == ["kept"]
    await journal.close()


async def test_a_record_that_is_not_understood_is_told_as_such(place: str, samples: Any) -> None:
    journal = Journal(place)
    await journal.intend(samples.intent(1), [samples.plan(1)])
    with journal._engine.begin() as connection:
        connection.execute(update(ORDERS).values(document='{"plan": 7}'))
    with pytest.raises(JournalError, match="a record that is not understood: Expected `object`, got `int`"):
        journal.unfinished()
    await journal.close()


@pytest.mark.parametrize(("change", "why"), [("unlink", "is gone"), ("replace", "was replaced by another file")])
async def test_a_file_that_was_taken_away_is_not_written_for_nobody_to_find(
    tmp_path: Path, samples: Any, change: str, why: str
) -> None:
    place, away = tmp_path / "journal.db", tmp_path / "away.db"
    journal = Journal(str(place), retry_s=0.01)
    await journal.intend(samples.intent(1), [])
    place.rename(away)
    if change == "replace":
        place.touch()
    await refused(journal, samples, why)
    away.rename(place)
    await well_again(journal)
    assert notes(str(place)) == ["kept"]
    await journal.close()


async def test_what_no_database_takes_is_written_as_far_as_it_can_be(place: str) -> None:
    journal = Journal(place)
    journal.note("test", "a NUL \0 and half a character \ud800 of ₿", 1)
    await journal.settle()
    assert notes(place) == ["a NUL \ufffd and half a character ? of ₿"]
    await journal.close()


async def test_a_file_is_asked_for_its_durability(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal.db"))
    with journal._engine.connect() as connection:
        asked = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync", "journal_size_limit")
        }
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
        "journal_size_limit": 64 * 2**20,
    }
    with journal._reading.connect() as connection:
        assert connection.execute(text("PRAGMA query_only")).scalar() == 1
    await journal.close()
