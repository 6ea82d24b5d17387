"""`arb compliance matrix`: joins reports to one page of HTML."""

from pathlib import Path

import click
from arb_core.cli.options import standard
from arb_core.cli.plain import emit
from arb_core.errors import SettingsError

from arb_compliance.case import catalogue
from arb_compliance.report.document import Report, read

__all__ = ["matrix", "reports_of"]


@click.command("matrix")
@click.argument("reports", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default="matrix.html", show_default=True,
    help="Write the page here.",
)  # fmt: skip
@standard
def matrix(*, reports: tuple[Path, ...], output: Path, as_json: bool) -> int:
    """Write one page of exchanges and cases from REPORTS, the files of `arb compliance run --report`."""
    from arb_compliance.report.matrix import draw

    found = reports_of(reports)
    output.write_text(draw(found, catalogue()), "utf-8")
    if as_json:
        emit({"kind": "matrix", "path": str(output), "exchanges": [report.exchange for report in found]})
    else:
        click.echo(f"{output}: {', '.join(f'{report.exchange} {report.verdict.value}' for report in found)}")
    return 0


def reports_of(paths: tuple[Path, ...]) -> list[Report]:
    """Return the reports of these files. Raises `SettingsError`."""
    try:
        return [read(path) for path in paths]
    except ValueError as error:
        raise SettingsError(f"{error}; arb compliance run EXCHANGE --report FILE writes one") from error
