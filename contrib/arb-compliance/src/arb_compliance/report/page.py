"""The catalogue as a page of the reference, docs/reference/compliance-cases.md: it says what the cases say."""

from collections.abc import Mapping
from io import StringIO

from arb_compliance.case import Case, Proof, Tier

__all__ = ["page"]

_HEAD = """# The cases of the compliance kit

What `arb compliance run` asks of an exchange plugin, tier by tier, in the order in which an author turns them green.
Ids never change. A case is asked where the card claims what it needs; one that needs the simulated venue (`sim`) or
samples of a plugin that brings none is *not proved*. How to run and read them: [run the kit](../how-to/run-the-kit.md).

This page is made from the cases themselves: `uv run arb compliance cases --page > docs/reference/compliance-cases.md`.
"""

_ABOUT = {
    Tier.CARD: "The facts, before a single message.",
    Tier.WIRE: "Recorded and documented messages become the contract's structs, and nothing else does.",
    Tier.PUBLIC: "Market data by request.",
    Tier.STREAM: "Books and feeds by subscription, on a venue that misbehaves.",
    Tier.PRIVATE: "An account: signatures, orders, fills, and what nobody knows.",
    Tier.LIMITS: "Budgets, refusals for asking too often, bans.",
    Tier.PERFORMANCE: "What it costs, in units of the machine.",
    Tier.SIMULATION: "Whether the plugin's own venue is like the real one.",
    Tier.SECURITY: "Hosts, keys, and what is done behind everybody's back.",
}
_PROVED = {
    Proof.PLUGIN: "the plugin alone",
    Proof.SAMPLES: "samples",
    Proof.VENUE: "the simulated venue",
    Proof.ADVERSARY: "the simulated venue, or recorded streams",
}


def page(cases: Mapping[str, Case]) -> str:
    """Return the page, in Markdown."""
    out = StringIO()
    print(_HEAD, file=out)
    for tier in Tier:
        print(f"## {tier.value.capitalize()}\n\n{_ABOUT[tier]}\n", file=out)
        for case in cases.values():
            if case.tier is tier:
                _write(case, out)
    return out.getvalue().rstrip() + "\n"


def _write(case: Case, out: StringIO) -> None:
    needs = ", ".join(f"`{capability}`" for capability in sorted(case.needs)) or "nothing"
    print(f"### {case.id}: {case.name}\n\n{case.purpose}\n", file=out)
    for title, text in (
        ("Steps", case.steps),
        ("Expect", case.expect),
        ("When this fails", case.when_fails),
        ("Needs", f"{needs}; proved with {_PROVED[case.proof]}, within {case.limit_s:g} s"),
        ("Source", case.source),
    ):
        print(f"- **{title}.** {text[:1].upper()}{text[1:]}", file=out)
    print(file=out)
