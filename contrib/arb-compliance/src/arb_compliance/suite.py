"""From an exchange's id to a verdict: every case of the catalogue is asked, and what came of it is the report.

Entered by the command, by the pytest plugin and by whoever counts mutants. Nothing of the plugin is imported in this
process.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from time import monotonic

from arb_core.installed import PLUGINS, discover

from arb_compliance.case import Case, catalogue
from arb_compliance.report.document import Report, make
from arb_compliance.result import Result
from arb_compliance.runner import Worker, run_cases
from arb_compliance.waivers import Waiver, apply

__all__ = ["owner_of", "package_of", "run"]


def owner_of(exchange: str) -> str:
    """Return the distribution that brings an exchange.

    Raises:
        LookupError: none does, or several do.
    """
    owners = discover(PLUGINS).get(exchange, [])
    if len(owners) != 1:
        found = " and ".join(owner.owner for owner in owners) or "no installed distribution"
        raise LookupError(f"{found} owns the exchange {exchange!r}")
    return owners[0].distribution


def package_of(exchange: str) -> str:
    """Return the import name of what brings an exchange, which `owner_of` has found."""
    (owner,) = discover(PLUGINS)[exchange]
    return owner.value.partition(".")[0].partition(":")[0]


def run(
    exchange: str,
    *,
    cases: Iterable[Case] | None = None,
    waivers: Mapping[str, Waiver] | None = None,
    today: dt.date,
    jobs: int = 2,
    short: bool = False,
    on_result: Callable[[Result], None] | None = None,
) -> Report:
    """Run the kit over one exchange.

    Args:
        exchange: the plugin's id.
        cases: what to run; every case by default. Only a run of all of them is a verdict on the plugin.
        waivers: by case.
        today: for the waivers' days.
        jobs: processes at once.
        short: each case once, where it would draw many examples.
        on_result: told each result, waivers applied, by whichever thread has it.

    Raises:
        LookupError: no distribution, or more than one, owns the id.
    """
    distribution = owner_of(exchange)
    waived = waivers or {}
    began = monotonic()

    def tell(result: Result) -> None:
        if on_result is not None:
            on_result(apply(result, waived, today))

    chosen = list(catalogue().values() if cases is None else cases)
    results = [
        apply(result, waived, today) for result in run_cases(exchange, chosen, jobs=jobs, short=short, on_result=tell)
    ]
    with Worker(exchange) as worker:
        evidence = worker.evidence()
    return make(
        exchange,
        distribution=distribution,
        package=package_of(exchange),
        results=results,
        evidence=evidence,
        seconds=monotonic() - began,
        cases=catalogue(),
        short=short,
    )
