"""Trading processes killed by SIGKILL at any instant, over real sockets: what is left agrees with the venues in the end.

`tox -e chaos` plays some runs, started as anybody starts `arb`; `tox -e chaos-full` plays 300, most of them forked, in
lanes beside each other. A failure names its run: `ARB_CHAOS_FIRST` begins there.
"""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .sockets import RUNS, Stage

FULL = bool(os.environ.get("ARB_FULL"))
ALL = 300 if FULL else 3
FIRST = int(os.environ.get("ARB_CHAOS_FIRST", "0"))
LANES = 3
"""Stages beside each other: most of a run's time is waiting."""
EXEC_EVERY = 5
"""One stage of so many starts `arb` anew each time; the others fork it."""


def staged(first: int, runs: int, folder: Path, *, forks: bool) -> Counter[str]:
    """Play some runs one after the other on one stage."""
    folder.mkdir()
    stage = Stage(first, folder, forks=forks)
    try:
        for number in range(first, first + runs):
            stage.play(number)
        stage.end()
    except AssertionError as error:
        print(error, flush=True)  # the other lanes go on for long
        raise
    finally:
        stage.close()
    return stage.counts


@pytest.mark.chaos
def test_journal_and_venues_agree_after_every_sigkill(tmp_path: Path) -> None:
    last = FIRST + ALL
    stages = [(FIRST, min(RUNS - FIRST % RUNS, ALL))]
    while (first := sum(stages[-1])) < last:
        stages.append((first, min(RUNS, last - first)))
    met: Counter[str] = Counter()
    wrong: list[BaseException] = []
    with ThreadPoolExecutor(LANES) as lanes:
        played = [
            lanes.submit(staged, first, runs, tmp_path / str(first), forks=number % EXEC_EVERY != EXEC_EVERY - 1)
            for number, (first, runs) in enumerate(stages)
        ]
    for each in played:
        error = each.exception()
        if error is None:
            met += each.result()
        else:
            wrong.append(error)
    print("\n".join(f"{what:>32} {times:>8,}" for what, times in sorted(met.items())))
    assert not wrong, "\n".join(map(str, wrong))
    assert met["runs"] == ALL
    assert met["killed"] >= ALL
    assert met["killed with a trade under way"] > ALL / 4
    assert met["orders"] > 2 * ALL
    assert len([what for what in met if what.startswith("fault ")]) >= ALL // 20
