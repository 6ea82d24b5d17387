import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from arb_core.engine.ids import IntentId
from arb_core.engine.journal import export as export_room
from arb_core.engine.journal.export import Format, export, export_records
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.engine.journal.records import OrderRecord, TradeRecord
from arb_core.engine.journal.tables import FILLS, INTENTS, METADATA, ORDERS, RESULTS, SETTINGS
from arb_core.engine.ledger import Drift
from arb_core.engine.risk import Kill, RiskState
from arb_core.errors import JournalError
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, VenueName


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


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_every_cell_of_every_table_comes_back_as_it_is(
    form: Format, place: str, tmp_path: Path, samples: Any
) -> None:
    journal = open_journal(place)
    mexc, btc = VenueName("mexc"), Asset("BTC")
    await journal.intend(samples.intent(1), [samples.plan(1)])
    await journal.intend(samples.intent(2), [samples.plan(2)])
    journal.order(samples.filled(samples.plan(1)), 9)
    journal.result(
        samples.result(1, detail='a "quoted", long\nreason; ₿'), RiskState(kill=Kill(reason="by hand", since_ns=5))
    )
    journal.balances(mexc, {btc: Balance(asset=btc, free=Decimal("1E+3"), locked=Decimal("0.00"))}, 2**62)
    journal.drifts([Drift(venue=mexc, asset=btc, expected=Decimal("1e-18"), reported=Decimal(10**30))], 5)
    journal.note("naked_leg", "0.1 BTC on mexc", 5, intent=IntentId(1))
    journal.episode(samples.episode(), 99)
    await journal.close()
    reader = open_reader(place)
    assert set(export(reader, tmp_path, form)) == {table.name for table in METADATA.sorted_tables} - {"settings"}
    with reader.snapshot() as rows:
        for table in METADATA.sorted_tables:
            if table is SETTINGS:
                continue
            there = [{name: printed(value, form) for name, value in row.items()} for row in rows(table)]
            assert there, table.name
            assert read(tmp_path / f"{table.name}.{form}") == there
    reader.close()


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_an_export_shows_one_moment_though_an_engine_goes_on_writing(
    form: Format, place: str, tmp_path: Path, samples: Any
) -> None:
    journal = open_journal(place)

    async def trade(number: int) -> None:
        await journal.intend(samples.intent(number), [samples.plan(number)])
        journal.order(samples.filled(samples.plan(number)), 9)
        journal.result(samples.result(number))
        await journal.settle()

    await trade(1)
    reader = open_reader(place)
    with reader.snapshot() as rows:
        assert [row["intent"] for row in rows(RESULTS)] == [1]
        await trade(2)
        # Each of its tables is looked at for the first time only now.
        seen = {table.name: {row["intent"] for row in rows(table)} for table in (ORDERS, RESULTS)}
        seen["intents"] = {row["id"] for row in rows(INTENTS)}
        assert seen == {"orders": {1}, "results": {1}, "intents": {1}}
        assert len(list(rows(FILLS))) == 1
    assert export(reader, tmp_path, form)["intents"] == 2
    reader.close()
    await journal.close()


async def test_every_table_of_an_export_is_of_the_moment_at_which_it_began(
    place: str, tmp_path: Path, samples: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(place)
    await journal.intend(samples.intent(1), [samples.plan(1)])
    await journal.settle()
    reader = open_reader(place)
    write = export_room._write
    others = open_reader(place)

    def slowly(*words: Any) -> int:
        others.set_kill("while it is copied", samples.intent(1).created_ns + len(list(tmp_path.iterdir())))
        return write(*words)

    monkeypatch.setattr(export_room, "_write", slowly)
    assert export(reader, tmp_path, "csv")["kills"] == 0
    monkeypatch.undo()
    assert export(reader, tmp_path, "csv")["kills"] > 1
    for each in (reader, others):
        each.close()
    await journal.close()


def printed(value: object, form: Format) -> object:
    """Say how a cell is to be found in a file: money as text in both, everything as text in CSV, where None is empty."""
    if isinstance(value, Decimal):
        return str(value)
    if form == "parquet":
        return value
    return "" if value is None else str(value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_records_are_written_as_they_are_shown(form: Format, place: str, tmp_path: Path, samples: Any) -> None:
    journal = open_journal(place)
    for number in (1, 2):
        await journal.intend(samples.intent(number), [samples.plan(number)])
    journal.order(samples.filled(samples.plan(1)), 9)
    journal.result(samples.result(1))
    await journal.close()
    reader = open_reader(place)
    path = tmp_path / f"here.{form}"
    assert export_records(TradeRecord, reader.trades(), path, form) == 2
    newest, oldest = read(path)
    assert newest["pnl"] in {None, ""}
    assert (oldest["pnl"], oldest["fees"], oldest["outcome"]) == ("0.1", '{"BTC":"0.0005"}', "done")
    assert (int(oldest["intent"]), float(oldest["edge_bps"])) == (1, 12.5)
    assert export_records(OrderRecord, reader.orders(), path, form) == 2
    reader.close()
    assert {(row["side"], row["state"], row["quantity"]) for row in read(path)} == {
        ("buy", "filled", "0.50"),
        ("buy", "intended", "0.50"),
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_told(form: Format, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"file/orders\.\w+ cannot be written: "):
        export_records(OrderRecord, [], tmp_path / "file" / f"orders.{form}", form)
