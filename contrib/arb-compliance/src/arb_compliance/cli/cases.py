"""`arb compliance cases`: what the kit asks, in the order in which an author turns it green."""

import click
from arb_core.cli.options import standard
from arb_core.cli.plain import emit

from arb_compliance.case import Tier, catalogue
from arb_compliance.report.page import page

__all__ = ["list_cases"]


@click.command("cases")
@click.option("--page", "as_page", is_flag=True, help="As the page of the reference, in Markdown.")
@standard
def list_cases(*, as_page: bool, as_json: bool) -> int:
    """List every case of the kit: id, purpose, steps, expectation, what a failure means, source."""
    cases = catalogue()
    if as_page:
        click.echo(page(cases), nl=False)
    elif as_json:
        for case in cases.values():
            emit(
                {
                    "kind": "case",
                    "id": case.id,
                    "tier": case.tier,
                    "name": case.name,
                    "purpose": case.purpose,
                    "steps": case.steps,
                    "expect": case.expect,
                    "when_fails": case.when_fails,
                    "source": case.source,
                    "needs": sorted(case.needs),
                    "proof": case.proof,
                }
            )
    else:
        for tier in Tier:
            click.echo(f"{tier.value}:")
            for case in cases.values():
                if case.tier is tier:
                    click.echo(f"  {case.id:16}{case.name}")
    return 0
