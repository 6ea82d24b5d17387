"""What is asked of everybody: a pass through all rates, the highest rate that is kept up with, bursts. Passes until the time is up.

Entered by `test_latency.py`. The order within a pass is drawn anew each time, so that whatever else the machine does hits
all alike; a rate that somebody could not keep up with is not tried again, and no higher one.
"""

import time
from collections import defaultdict
from random import Random

import msgspec

from .contest import Contest, Outcome

__all__ = ["FULL", "SHORT", "Programme", "Results", "run", "run_care"]

RATES = (500, 2_000, 5_000, 10_000, 20_000, 40_000, 100_000)
BURST = 20
"""Messages at once, on each venue."""
BURST_EVERY_NS = 20_000_000
FLOOR, CEILING = 100, 400_000
"""Nothing below or above is tried; above, one turn's messages would not find room."""
CLOSE_ENOUGH = 1.12
"""Between a rate that was kept up with and one that was not."""
CPU_AT = 5_000
CARE_AT = 5_000
"""Ours against itself: at this rate."""


class Programme(msgspec.Struct, frozen=True):
    """How much of it."""

    limit_s: float
    """No further pass begins that would not end within this."""
    passes: int
    rates: tuple[int, ...]
    seconds: float
    """Of a turn at one rate."""
    trial_s: float
    """Of one trial of a rate, when the highest one is looked for."""
    bursts: int
    care_passes: int


FULL = Programme(limit_s=420, passes=5, rates=RATES, seconds=0.8, trial_s=0.4, bursts=40, care_passes=5)
SHORT = Programme(limit_s=0, passes=1, rates=(5_000,), seconds=0.2, trial_s=0, bursts=5, care_passes=1)


class Results:
    """All outcomes, by contestant."""

    def __init__(self) -> None:
        self.passes = 0
        self.paced: defaultdict[str, defaultdict[int, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
        self.sustained: defaultdict[str, list[int]] = defaultdict(list)
        self.bursts: defaultdict[str, list[Outcome]] = defaultdict(list)

    def kept(self, name: str) -> int:
        """Return the highest rate that was kept up with in every pass; the lowest one there is, where none was."""
        kept = (rate for rate, each in self.paced[name].items() if all(outcome.kept_up for outcome in each))
        return max(kept, default=RATES[0])

    def over(self, name: str, rate: int) -> bool:
        """Whether this rate, or a lower one, was too much."""
        return any(rate >= tried and not each[-1].kept_up for tried, each in self.paced[name].items())


def run(race: Contest, programme: Programme) -> Results:
    """Go through the programme until its time is up."""
    began = time.monotonic()
    results = Results()
    order = Random(3)
    for name in race.names:
        race.paced(name, 1_000, 0.2)  # what is imported late and specialised by use is nobody's fault
    for _ in range(programme.passes):
        since = time.monotonic()
        _pass(race, programme, results, order)
        results.passes += 1
        now = time.monotonic()
        if now - began + (now - since) > programme.limit_s:
            break
    return results


def run_care(race: Contest, programme: Programme) -> dict[str, list[Outcome]]:
    """Let ours run against itself, with and without what costs something else."""
    order = Random(4)
    for name in race.names:
        race.paced(name, 1_000, 0.2)
    found: dict[str, list[Outcome]] = {name: [] for name in race.names}
    for _ in range(programme.care_passes):
        for name in order.sample(race.names, len(race.names)):
            found[name].append(race.paced(name, CARE_AT, programme.seconds))
    return found


def _pass(race: Contest, programme: Programme, results: Results, order: Random) -> None:
    for rate in programme.rates:
        for name in order.sample(race.names, len(race.names)):
            if not results.over(name, rate):
                results.paced[name][rate].append(race.paced(name, rate, programme.seconds))
    for name in order.sample(race.names, len(race.names)):
        if programme.trial_s:
            results.sustained[name].append(_highest(race, name, programme.trial_s, results.kept(name)))
        results.bursts[name].append(race.bursts(name, BURST, every_ns=BURST_EVERY_NS, times=programme.bursts))


def _highest(race: Contest, name: str, seconds: float, start: int) -> int:
    """Return the highest rate that was kept up with: doubled or halved until that is known, then halved between. 0 = none."""
    kept, too_much = 0, 0
    rate = start
    while FLOOR <= rate <= CEILING and not (kept and too_much):
        if _keeps_up(race, name, rate, seconds):
            kept, rate = rate, rate * 2
        else:
            too_much, rate = rate, rate // 2
    while kept and too_much > kept * CLOSE_ENOUGH:
        middle = round((kept * too_much) ** 0.5)
        if _keeps_up(race, name, middle, seconds):
            kept = middle
        else:
            too_much = middle
    return kept


def _keeps_up(race: Contest, name: str, rate: int, seconds: float) -> bool:
    """Try a rate; a second time where the first one failed, for the machine has moods."""
    return any(race.paced(name, rate, seconds).kept_up for _ in range(2))
