"""`arb export`: a whole journal as files that other programs read."""

from pathlib import Path

import click

from arb_core.cli.journals import Use, journal_choice, reading
from arb_core.cli.options import standard
from arb_core.cli.plain import columns, emit

__all__ = ["command"]


@click.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--parquet", is_flag=True, help="Write Parquet instead of CSV.")
@journal_choice
@standard
def command(
    *, folder: Path, parquet: bool, config: str | None, journal: str | None, use: Use | None, as_json: bool
) -> None:
    """Copy a whole journal into files, one for each table."""
    with reading(config, journal, use) as reader:
        from arb_core.engine.journal.export import export

        counts = export(reader, folder, "parquet" if parquet else "csv")
    if as_json:
        emit({"kind": "exported", "folder": str(folder), "rows": counts})
    else:
        click.echo(columns(("table", "rows"), [(name, f"{count:,}") for name, count in counts.items()]))
