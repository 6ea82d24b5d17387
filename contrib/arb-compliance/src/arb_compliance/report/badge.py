"""A small picture for a README: the exchange, and the verdict in its colour."""

from jinja2 import Environment, PackageLoader

from arb_compliance.report.document import Report
from arb_compliance.result import Verdict

__all__ = ["draw"]

_COLOURS = {Verdict.CERTIFIED: "#2e7d32", Verdict.SELF_CONSISTENT: "#b26a00", Verdict.FAILED: "#c62828"}
_PER_LETTER = 6.6
"""Width of a letter, about, in units of the picture."""


def draw(report: Report) -> str:
    """Return the badge as SVG."""
    left, right = f"arb {report.exchange}", report.verdict.value
    environment = Environment(loader=PackageLoader("arb_compliance", "report/templates"), autoescape=True)
    return environment.get_template("badge.svg").render(
        left=left,
        right=right,
        colour=_COLOURS[report.verdict],
        left_width=round(len(left) * _PER_LETTER + 12),
        right_width=round(len(right) * _PER_LETTER + 12),
    )
