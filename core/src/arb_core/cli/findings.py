"""What was looked at and how it is: the words of `doctor`, and of the checks before live trading."""

from collections.abc import Iterable
from typing import Literal

import click
import msgspec

from arb_core.cli.plain import columns, emit

__all__ = ["Finding", "State", "failed", "show"]

State = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="finding"):
    """One thing that was looked at."""

    check: str
    state: State
    detail: str
    """What was found and, where it is not well, what to do."""
    venue: str | None = None
    value: float | None = None
    """The measured figure, in the unit that the check's name ends with."""

    @property
    def subject(self) -> str:
        """What it is about."""
        return f"{self.venue} {self.check}" if self.venue else self.check


def failed(findings: Iterable[Finding]) -> list[Finding]:
    """Return those that speak against going on."""
    return [finding for finding in findings if finding.state == "failed"]


def show(findings: Iterable[Finding], *, as_json: bool) -> None:
    """Write findings to stdout, as JSON lines or as a table."""
    if as_json:
        for finding in findings:
            emit(finding)
    else:
        rows = [(finding.subject, finding.state, finding.detail) for finding in findings]
        click.echo(columns(("check", "state", "detail"), rows))
