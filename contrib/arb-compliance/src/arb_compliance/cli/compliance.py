"""`arb compliance`: proves a plugin, lists the cases, joins reports to a matrix."""

import datetime as dt
import sys
from pathlib import Path

import click
import msgspec
from arb_core.cli.options import standard
from arb_core.cli.plain import emit
from arb_core.errors import SettingsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from arb_compliance import suite
from arb_compliance.case import Case, Tier, catalogue
from arb_compliance.cli.cases import list_cases
from arb_compliance.cli.matrix import matrix
from arb_compliance.cli.next import next_case
from arb_compliance.cli.verify import verify
from arb_compliance.report.document import Report
from arb_compliance.report.text import show_failure, show_verdict
from arb_compliance.result import Counts, Result, State, Verdict
from arb_compliance.waivers import Waiver, WaiverError, read

__all__ = ["compliance"]

WAIVERS = "compliance-waivers.toml"
TIERS = [tier.value for tier in Tier]


@click.group()
def compliance() -> None:
    """Prove that an exchange plugin keeps the contract."""


for command in (next_case, list_cases, matrix, verify):
    compliance.add_command(command)


@compliance.command("run")
@click.argument("exchange")
@click.option("--case", "ids", multiple=True, metavar="ID", help="Only this case, or all whose id begins so: BOOK.")
@click.option("--tier", "tiers", multiple=True, type=click.Choice(TIERS), help="Only this tier.")
@click.option("--waivers", type=click.Path(path_type=Path), help=f"Default: {WAIVERS} of this folder, if there is one.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes at once.")
@click.option("--short", is_flag=True, help="Each case once: what a plugin's own tests run.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the JSON report here.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML here.")
@click.option("--badge", type=click.Path(dir_okay=False, path_type=Path), help="Write an SVG badge here.")
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign the report: a private Ed25519 key.",
)
@standard
def run(
    *,
    exchange: str,
    ids: tuple[str, ...],
    tiers: tuple[str, ...],
    waivers: Path | None,
    jobs: int,
    short: bool,
    report: Path | None,
    junit: Path | None,
    badge: Path | None,
    key: Path | None,
    as_json: bool,
) -> int:
    """Run the cases over an installed EXCHANGE and give a verdict; offline, in minutes."""
    cases = catalogue()
    chosen = _chosen(cases, ids, tiers)
    waived = _waivers(waivers, cases)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        disable=as_json,
    )
    with progress:
        bar = progress.add_task(exchange, total=len(chosen))

        def tell(result: Result) -> None:
            progress.advance(bar)
            if as_json:
                emit(result)
            elif result.state is State.FAILED:
                progress.console.print(
                    show_failure(cases[result.case], result), soft_wrap=True, markup=False, highlight=False
                )

        try:
            made = suite.run(
                exchange,
                cases=chosen,
                waivers=waived,
                today=dt.datetime.now(dt.UTC).date(),
                jobs=jobs,
                short=short,
                on_result=tell,
            )
        except LookupError as error:
            raise SettingsError(f"{error}; pip install its distribution, then `arb plugins` shows it") from error
    if key is not None:
        from arb_compliance.report.signature import seal

        made = seal(made, key)
    _write(made, cases, report, junit, badge)
    if as_json:
        emit(_summary(made))
    else:
        click.echo(show_verdict(made, cases), nl=False)
    return 1 if made.verdict is Verdict.FAILED else 0


def _chosen(cases: dict[str, Case], ids: tuple[str, ...], tiers: tuple[str, ...]) -> list[Case]:
    chosen = [
        case
        for case in cases.values()
        if (not ids or case.id.startswith(ids)) and (not tiers or case.tier.value in tiers)
    ]
    if not chosen:
        raise SettingsError("no case is of that id or tier; `arb compliance cases` lists them", key="--case")
    return chosen


def _waivers(path: Path | None, cases: dict[str, Case]) -> dict[str, Waiver]:
    path = path or (Path(WAIVERS) if Path(WAIVERS).exists() else None)
    if path is None:
        return {}
    try:
        return read(path, cases)
    except WaiverError as error:
        raise SettingsError(str(error), path=str(path)) from error


def _write(
    report: Report, cases: dict[str, Case], document: Path | None, junit: Path | None, badge: Path | None
) -> None:
    if document is not None:
        document.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    if junit is not None:
        from arb_compliance.report.junit import write as write_junit

        write_junit(report, cases, junit)
    if badge is not None:
        from arb_compliance.report.badge import draw

        badge.write_text(draw(report), "utf-8")


def _summary(report: Report) -> dict[str, object]:
    counts: Counts = report.counts
    return {
        "kind": "summary",
        "exchange": report.exchange,
        "verdict": report.verdict.value,
        "passed": counts.passed,
        "failed": counts.failed,
        "waived": counts.waived,
        "not_proved": counts.not_proved,
        "whole": report.whole,
        "seconds": report.seconds,
    }
