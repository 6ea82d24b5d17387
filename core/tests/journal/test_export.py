import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from arb_core.engine.journal.export import Format, export
from arb_core.engine.journal.opening import open_journal, open_reader


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_every_table_is_copied_with_every_digit(form: Format, place: str, tmp_path: Path, samples: Any) -> None:
    journal = open_journal(place)
    for number in (1, 2):
        await journal.intend(samples.intent(number), [samples.plan(number)])
        journal.order(samples.filled(samples.plan(number)), 9)
        journal.result(samples.result(number))
    await journal.close()
    reader = open_reader(place)
    counts = export(reader, tmp_path / "out", form)
    reader.close()
    assert {name: count for name, count in counts.items() if count} == {
        "intents": 2,
        "orders": 2,
        "fills": 2,
        "results": 2,
    }
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(counts)
    fills = read(tmp_path / "out" / f"fills.{form}")
    assert [fill["price"] for fill in fills] == ["100.0000000000000000000000000000001"] * 2
    results = read(tmp_path / "out" / f"results.{form}")
    assert Decimal(results[0]["residue_value"]) == samples.result().residue_value
    assert [int(result["intent"]) for result in results] == [1, 2]
