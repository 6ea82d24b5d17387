"""`arb compliance verify`: whether a report says what its results say, and who says so."""

from pathlib import Path

import click
import importlib_metadata
import msgspec
from arb_core.cli.options import standard
from arb_core.cli.plain import emit

from arb_compliance import suite
from arb_compliance.case import catalogue
from arb_compliance.cli.matrix import reports_of
from arb_compliance.report.document import Report, tested
from arb_compliance.result import count, verdict_of

__all__ = ["verify"]


@click.command("verify")
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The signer's public key.")
@click.option("--installed", is_flag=True, help="Also compare with the distributions that are installed here.")
@standard
def verify(*, report: Path, key: Path | None, installed: bool, as_json: bool) -> int:
    """Check that the verdict of a REPORT follows from its results, who signed it, and whether it is of what is here."""
    (found,) = reports_of((report,))
    troubles = _within(found)
    if key is not None:
        from arb_compliance.report.signature import is_sealed_by

        if not is_sealed_by(msgspec.json.decode(report.read_bytes()), key):
            troubles.append("it bears no signature of this key, or was changed since")
    if installed:
        troubles += _apart(found)
    if as_json:
        emit({"kind": "verified", "exchange": found.exchange, "verdict": found.verdict, "troubles": troubles})
    else:
        for trouble in troubles:
            click.echo(f"{report}: {trouble}")
        if not troubles:
            by = f", signed by {key}" if key is not None else ", by nobody: pass --key to know who signed it"
            click.echo(f"{report}: {found.exchange} {found.plugin.version} is {found.verdict.value}{by}")
    return 1 if troubles else 0


def _within(report: Report) -> list[str]:
    """Return how a report contradicts itself, or its kit."""
    troubles: list[str] = []
    if count(report.results) != report.counts:
        troubles.append("its counts are not those of its results")
    grades = {one.capability: one.grade for one in report.evidence}
    if verdict_of(report.counts, grades, whole=report.whole) is not report.verdict:
        troubles.append("its verdict does not follow from its results and evidence")
    asked = [result.case for result in report.results]
    if len(set(asked)) < len(asked):
        troubles.append("a case is in it twice")
    if report.whole and report.kit.sha256 == tested("arb-compliance", "arb_compliance").sha256:
        missing = catalogue().keys() - set(asked)
        if missing:
            troubles.append(f"it lacks {', '.join(sorted(missing))}")
    return troubles


def _apart(report: Report) -> list[str]:
    """Return which of the distributions is another one here."""
    troubles: list[str] = []
    for there, package in (
        (report.plugin, None),
        (report.core, "arb_core"),
        (report.kit, "arb_compliance"),
    ):
        try:
            here = tested(there.distribution, package or suite.package_of(report.exchange))
        except (importlib_metadata.PackageNotFoundError, KeyError, ValueError):
            troubles.append(f"{there.distribution} is not installed here")
            continue
        if here.sha256 != there.sha256:
            troubles.append(f"{there.distribution} {here.version} is installed here, with other files")
    return troubles
