"""What was met, how often, and how long a book took to be right again."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from arb_sim.faults import FaultKind

from .mishaps import MISHAPS, Case, Mishap, Moment, why_impossible

__all__ = ["Ledger"]

SECOND = 1_000_000_000


class Ledger:
    """The counts of one case."""

    def __init__(self, case: Case, never: Mapping[FaultKind, str]) -> None:
        self.case = case
        self.met: Counter[tuple[str, Moment]] = Counter()
        self.recovered_ns: defaultdict[str, list[int]] = defaultdict(list)
        self.examples = 0
        self.compared = 0
        """Moments at which a LIVE book was compared with the venue's."""
        self.levels = 0
        self.bounded = 0
        """Snapshots that did not reach to the end of the venue's book."""
        self.updates = 0
        """Deltas that were put into a book which was LIVE then."""
        self.elsewhere: Counter[tuple[str, str]] = Counter()
        """Faults that struck in another state than they were meant for."""
        self._never = never

    def impossible(self, mishap: Mishap, moment: Moment) -> str | None:
        """Return why a pair cannot be, None = it can."""
        return why_impossible(self.case, mishap.kind, moment, self._never)

    def possible(self, mishap: Mishap) -> list[Moment]:
        """The states that a kind of fault can strike."""
        return [moment for moment in Moment if self.impossible(mishap, moment) is None]

    def fewest(self) -> tuple[int, str]:
        """The pair that was met least often."""
        return min(
            (self.met[mishap.name, moment], f"{mishap.name} / {moment}")
            for mishap in MISHAPS
            for moment in self.possible(mishap)
        )

    def report(self) -> str:
        """Everything, for people."""
        lines = [
            f"{self.case.name}: {self.examples} examples, {self.updates} updates of LIVE books",
            f"  compared with the venue's {self.compared} times ({self.levels} levels), equal every time",
            f"  {self.bounded} snapshots ended before the venue's book did",
            f"  {'met':28}" + "".join(f"{moment:>16}" for moment in Moment) + "   to recover: p50     max",
        ]
        reasons: dict[str, list[str]] = {}
        for mishap in MISHAPS:
            cells = []
            for moment in Moment:
                reason = self.impossible(mishap, moment)
                if reason is not None:
                    reasons.setdefault(reason, []).append(f"{mishap.name} / {moment}")
                cells.append(f"{'-' if reason else self.met[mishap.name, moment]:>16}")
            times = sorted(self.recovered_ns[mishap.name])
            spans = f"{times[len(times) // 2] / SECOND:>15.2f} s {times[-1] / SECOND:>6.1f} s" if times else ""
            lines.append(f"  {mishap.name:28}" + "".join(cells) + spans)
        lines.append("  impossible (-):")
        for reason, pairs in reasons.items():
            lines.append(f"    {reason}: {_shortened(pairs)}")
        return "\n".join(lines)


def _shortened(pairs: list[str]) -> str:
    """Name a fault once where all of its states are meant."""
    states: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, moment = pair.partition(" / ")
        states.setdefault(name, []).append(moment)
    return "; ".join(
        f"{name} (always)" if len(found) == len(Moment) else f"{name} ({', '.join(found)})"
        for name, found in states.items()
    )
