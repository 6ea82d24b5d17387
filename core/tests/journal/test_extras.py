"""What is said, and what is loaded, without the extras."""

import subprocess
import sys

import pytest
from arb_core.engine.journal.opening import require
from arb_core.errors import SettingsError


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("place", "absent", "line"),
    [
        ("x.db", "sqlalchemy", "pip install 'arb-core[journal]'"),
        ("postgresql://host/name", "psycopg", "pip install 'arb-core[postgres]'"),
    ],
)
def test_a_missing_extra_is_answered_with_its_pip_line(place: str, absent: str, line: str) -> None:
    code = f"""
import sys
present = type(sys)("present")
present.__spec__ = sys.__spec__
for name in ("alembic", "filelock", "sqlalchemy"):
    sys.modules[name] = present
sys.modules[{absent!r}] = None
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.errors import SettingsError
for opening in (open_journal, open_reader):
    try:
        opening({place!r})
    except SettingsError as error:
        print(error)
"""
    said = run(code).splitlines()
    assert len(said) == 2
    assert all(line in each and f"{absent}" in each for each in said)


def test_an_extra_that_is_there_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb_core.engine.journal.opening.find_spec", lambda _: object())
    require("export")
    monkeypatch.setattr("arb_core.engine.journal.opening.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pyarrow is not installed: pip install 'arb-core\[export\]'"):
        require("export")


def test_the_words_of_the_journal_load_no_database() -> None:
    code = """
import sys
import arb_core.engine.journal.opening, arb_core.engine.journal.records, arb_core.engine.journal.writer
print(sorted({"sqlalchemy", "alembic", "filelock", "psycopg", "pyarrow"} & set(sys.modules)))
"""
    assert run(code) == "[]\n"
