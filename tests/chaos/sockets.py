"""One run over sockets: an engine trades, things go wrong, it dies by SIGKILL, the next one takes up what was left.

One integer draws what goes wrong when, and when the engine is killed; how far it had come by then is the machine's
matter. A `Stage` serves many runs: its venues and its journal go on, as they do in truth, and at the end of each run
everything is judged from the very beginning.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from arb_core.engine.journal.opening import open_reader
from arb_core.engine.journal.reader import JournalReader
from arb_core.errors import JournalError
from arb_sim.faults import Fault
from sqlalchemy import text

from .judge import Records, judge, records
from .mishaps import draw, draw_of_streams
from .processes import Engine, Nursery, Venues
from .venues import VENUES, drawn
from .witness import Witness, seen_in

__all__ = ["RUNS", "Plan", "Stage"]

SECOND = 1_000_000_000
PATIENCE_S = 150.0
"""Until everything is found out: an order counts as absent after 20 s at the earliest, and a question may fail."""

RUNS = 15
"""Of one stage: on which of them a run is played follows from its number."""

LOOK_S, ASKED_S = 0.02, 0.2
"""How often it is looked whether something is due, and whether the journal is at rest."""

UNFINISHED = "SELECT count(*) FROM intents WHERE id NOT IN (SELECT intent FROM results)"
ENDED = "SELECT intent FROM results"
COMPARED = "SELECT count(DISTINCT venue) FROM balances WHERE taken_ns > :since"

SETTINGS = """
symbols = ["LINK/USDT", "SOL/USDT"]
{venues}
[detection]
price_window = "100ms"
ignore_transfers = true
[risk]
max_notional = {{ USDT = 100 }}
max_daily_loss = {{ USDT = 1000000 }}
max_open_trades = 2
breaker_failures = 1000
[legs]
hedge_loss = {{ USDT = {hedge} }}
unwind_loss = {{ USDT = {unwind} }}
[trading]
latch_poll = "100ms"
shutdown = "60s"
[journal]
place = "{place}"
[plugins]
allow = {plugins}
editable = {editable}
"""

LOSSES = (("5", "10"), ("0", "0.05"))
"""Of a policy that mends nearly everything, and of one that leaves legs naked."""


class Blow(NamedTuple):
    """When an engine is killed: `delay_s` after its `nth` line of a kind, or after it was started or let go."""

    kind: str | None
    nth: int
    delay_s: float


class Plan(NamedTuple):
    """What happens in a run."""

    faults: list[tuple[float, str, Fault]]
    """Seconds after the engine was let go, at which of the venues, what."""
    blows: list[Blow]
    closed: bool
    """Whether the last engine finds trading killed, or goes on with new trades while it takes up the old ones."""

    @classmethod
    def of(cls, number: int, exchanges: Sequence[str]) -> "Plan":
        """Return the plan of a run on these venues."""
        random = Random(number)
        faults = []
        for _ in range(random.choice((0, 1, 1, 2, 3))):
            at_s, exchange = random.uniform(0, 2.5), random.choice(exchanges)
            faults.append((at_s, exchange, random.choice((draw, draw, draw_of_streams))(random, exchange)))
        kind = random.choice(("intent", "order", "fill", None))
        delay_s = random.choice((0.0, random.uniform(0, 0.01), random.uniform(0, 0.2), random.uniform(0, 1.0)))
        first = Blow(kind, random.randint(1, 6), random.uniform(0, 2.5) if kind is None else delay_s)
        again = [Blow(None, 0, random.uniform(0.1, 2.5)) for _ in range(random.choice((0, 0, 0, 1, 2)))]
        return cls(sorted(faults, key=lambda fault: fault[:2]), [first, *again], random.random() < 0.5)


class Stage:
    """Venues, a journal, and one engine after the other."""

    def __init__(self, number: int, folder: Path, *, place: str | None = None, forks: bool = True) -> None:
        """Make the stage of a run; the first engine begins at once."""
        self.counts: Counter[str] = Counter()
        self.place = place or str(folder / "journal.db")
        stage = number // RUNS
        self._exchanges = drawn(stage)
        self._folder = folder
        self._venues = Venues(stage, self._exchanges)
        self._nursery = Nursery(forks=forks)
        hedge, unwind = LOSSES[stage // len(VENUES) % len(LOSSES)]
        plugins = [f"arb-{exchange}" for exchange in self._exchanges]
        settings = SETTINGS.format(
            venues="\n".join(f"[venues.{exchange}]" for exchange in self._exchanges),
            hedge=hedge,
            unwind=unwind,
            place=self.place,
            plugins=plugins,
            editable=["arb-core", *plugins],
        )
        (folder / "arb.toml").write_text(settings)
        self._environment = {
            **self._venues.environment(),
            "ARB_CONFIG": str(folder / "arb.toml"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        self._witness = Witness()
        self._wrong: list[str] = []
        self._faults: list[tuple[float, str, Fault]] = []
        self._reader: JournalReader | None = None
        self._asked_s = 0.0
        self._killed_at: int | None = None
        """The engine that was the last to say that it begins nothing new."""
        self._latched_ns = 0
        self._begun: set[int] = set()
        """Trades that the engine has begun, and perhaps not on record yet: a commit takes its time."""
        self._engine = self._born()

    def play(self, number: int) -> None:
        """Play a run.

        Raises:
            AssertionError: venue and journal disagree in the end; the message begins with the number.
        """
        try:
            self._play(Plan.of(number, self._exchanges))
        except AssertionError as error:
            raise AssertionError(f"run {number}: {error}") from error
        self.counts.update(["runs", *(f"runs on {exchange}" for exchange in self._exchanges)])

    def end(self) -> None:
        """Let the last engine end as a person would end it, and judge once more."""
        self._engine.signal(signal.SIGTERM)
        self._until(lambda: self._engine.code is not None, PATIENCE_S)
        assert self._engine.code == 0, f"its end: {self._engine.code}: {self._engine.errors[-2000:]}"
        assert not self._engine.told["open"], "something is left open, though nothing was under way"
        self.counts.update(self._judged(self._kept()))

    def close(self) -> None:
        """End every process, whatever happened."""
        self._engine.close()
        self._nursery.end()
        if self._reader is not None:
            self._reader.close()
        self.counts.update({f"fault {kind}": times for kind, times in self._venues.faults()})
        self._venues.end()

    # -- a run

    def _play(self, plan: Plan) -> None:
        self._let(trade=True)
        begun_s = time.monotonic()
        self._faults = [(begun_s + at_s, venue, fault) for at_s, venue, fault in plan.faults]
        for blow in plan.blows[:-1]:
            self._strike(blow)
            self._engine = self._born()
        self._strike(plan.blows[-1])
        # One that was killed before it had made a journal leaves nowhere to write the latch.
        closed = plan.closed and self._journal() is not None
        if closed:
            self._let(trade=False)
        self._engine = self._born()
        if not closed:
            self._until(lambda: bool(self._engine.told["result"]), 4.0)
            self._let(trade=False)
            assert self._until(self._closed, PATIENCE_S), f"the latch goes unseen: {self._engine.errors[-2000:]}"
        assert self._until(self._at_rest, PATIENCE_S), f"not at rest: {self._engine.errors[-2000:]}"
        kept = self._kept()
        assert not self._wrong + self._witness.wrong, self._wrong + self._witness.wrong
        self._judged(kept)

    def _strike(self, blow: Blow) -> None:
        """Kill the engine when its time has come."""
        if (kind := blow.kind) is not None:
            enough = self._engine.told[kind] + blow.nth
            self._until(lambda: self._engine.told[kind] >= enough, 6.0)
        self._until(lambda: False, blow.delay_s)
        self._engine.signal(signal.SIGKILL)
        self._until(lambda: self._engine.code is not None, PATIENCE_S)
        assert self._engine.code == -signal.SIGKILL, f"it ended by itself: {self._engine.errors[-2000:]}"
        self._engine.close()
        self.counts["killed"] += 1
        if self._journal() is not None:
            kept = self._kept()
            self.counts["killed with a trade under way"] += kept.intents.keys() != kept.results.keys()
            self.counts["killed with an order under way"] += not all(order.settled for order in kept.orders)

    def _born(self) -> Engine:
        if self._journal() is not None:
            self._witness.recall(self._kept().orders)
        self._begun.clear()
        return self._nursery.engine(self._environment, self._folder)

    def _look(self) -> None:
        """Let what is due go wrong, and hear what the engine says."""
        while self._faults and self._faults[0][0] <= time.monotonic():
            _, venue, fault = self._faults.pop(0)
            self._venues.arm(venue, fault)
        engine = self._engine
        for line in engine.read():
            self._hear(line)
        if engine.code == 1 and "not live" in engine.errors:
            # What went wrong let it not pass its own checks: who starts it tries again.
            self.counts["starts refused"] += 1
            engine.close()
            self._engine = self._born()

    def _hear(self, line: Mapping[str, Any]) -> None:
        if line["kind"] == "order":
            self._witness.hear(seen_in(line))
        if line["kind"] == "admission":
            self._begun.update({line["intent"]} if line["admitted"] else ())
            if "kill" in line["reasons"]:
                self._killed_at = self._engine.pid
        if line["kind"] == "event":
            alarm, _, detail = str(line["text"]).partition(": ")
            if alarm in {"defect", "violation", "listener_failed"}:
                self._wrong.append(f"{alarm}: {detail}")
            if alarm == "kill":
                self._killed_at = self._engine.pid
            if alarm in ALARMS:
                self.counts[f"alarm {alarm}"] += 1

    def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Look on until something is true; return whether it became so."""
        until_s = time.monotonic() + seconds
        while True:
            self._look()
            if true():
                return True
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return False
            self._engine.wait(min(LOOK_S, left_s))

    # -- the journal

    def _let(self, *, trade: bool) -> None:
        """Lift or set the latch, as `arb kill` does."""
        if not trade and self._journal() is None:
            self._until(lambda: self._journal() is not None, PATIENCE_S)
        if (reader := self._journal()) is None:
            assert trade, f"no journal was made: {self._engine.errors[-2000:]}"
            return
        now_ns = time.time_ns()
        if trade:
            reader.clear_kill("the run begins", now_ns)
        else:
            reader.set_kill("the run winds down", now_ns)
            self._latched_ns = now_ns

    def _closed(self) -> bool:
        """Whether the engine knows that nothing new may begin: it has said so, or was born after it was so."""
        return self._killed_at == self._engine.pid or self._engine.began_ns > self._latched_ns

    def _journal(self) -> JournalReader | None:
        """Return the journal, None before the first engine has made it."""
        if self._reader is None:
            with suppress(JournalError):
                self._reader = open_reader(self.place)
        return self._reader

    def _kept(self) -> Records:
        reader = self._journal()
        assert reader is not None, f"no journal was made: {self._engine.errors[-2000:]}"
        with reader._engine.connect() as connection:
            return records(connection)

    def _at_rest(self) -> bool:
        """Whether no trade is under way or about to be, and every venue has been compared since the engine began."""
        reader, now_s = self._journal(), time.monotonic()
        if reader is None or now_s < self._asked_s + ASKED_S:
            return False
        self._asked_s = now_s
        with reader._engine.connect() as connection:
            open_trades = connection.execute(text(UNFINISHED)).scalar()
            ended = set(connection.execute(text(ENDED)).scalars())
            compared = connection.execute(text(COMPARED), {"since": self._engine.began_ns}).scalar()
        return not open_trades and self._begun <= ended and compared == len(self._exchanges)

    def _judged(self, kept: Records) -> Counter[str]:
        return judge(self._venues.truths(), kept)


ALARMS = frozenset({"in_doubt", "deaf", "orphan", "late_fill", "drift", "stopped", "unsettled", "reconcile_failed"})
