"""One book in step with its venue: correct or unusable, never a third state.

Entered by `dispatch` with what the stream says, by the venue with REST snapshots and with the time, and by every reader
of a book. Sequence rule, buffer, snapshot, bridging, gap, horizon and recovery live here, once for all venues; a venue
brings a `BookRule`.

Nothing here sleeps, does I/O or reads a clock on the fast path. The owner is asked for a snapshot or a new subscription
by plain functions, and asks back with `check`. Every message ends as exactly one of applied, skipped, refused or still
waiting, so the counts add up at any moment.

A book that is not LIVE keeps what was last applied in `book`, for a post-mortem; nothing else shows it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from math import inf, nan

import msgspec

from arb_core.errors import BookUnavailable, RateLimitError, SettingsError
from arb_core.interfaces.book import BookMark, OrderBook, PrintingBook, Scanner
from arb_core.interfaces.context import Clock
from arb_core.runtime.booktally import BookTally
from arb_core.runtime.printed import PrintedBook, TextsOfBook
from arb_core.structs.book import (
    NO_ID,
    BookFault,
    BookRule,
    BookSnapshot,
    BookState,
    Level,
    Printed,
    Recovery,
    SequenceRule,
    SnapshotSource,
)
from arb_core.structs.health import BookStats
from arb_core.structs.market import Quote, Symbol, VenueName

__all__ = ["BUFFERED_DELTAS", "REPEATS_NS", "BookSync"]

BUFFERED_DELTAS = 8192
"""Deltas kept while a snapshot is awaited: 80 s of one each 10 ms. The oldest give way; a later snapshot mends that."""

REPEATS_NS = 5_000_000_000
"""A delta at or below the book's id repeats what a snapshot held or another connection said. One that comes so long
after the book last moved repeats nothing: the venue's count went back, and to go on skipping would freeze the book."""

_LIVE = BookState.LIVE
_SYNCING = BookState.SYNCING

_OWNER_ACTS = frozenset(
    {
        BookFault.STARTING,
        BookFault.DISCONNECTED,
        BookFault.STALE,
        BookFault.HALTED,
        BookFault.REFUSED,
        BookFault.STOPPED,
    }
)
"""Reported by the owner, who mends them himself and then calls `begin`."""

_DEAF = frozenset({BookFault.HALTED, BookFault.REFUSED, BookFault.STOPPED})
"""Until `begin`, nothing that still arrives may make the book LIVE."""

_NEXT, _OLD, _GAP = range(3)
"""Where a delta stands, seen from the book."""


class _Delta(msgspec.Struct, gc=False):
    """A delta that waits for a snapshot. `refused` = it revealed a gap and was counted so."""

    bids: list[Level]
    asks: list[Level]
    first_id: int
    last_id: int
    previous_id: int
    exchange_ns: int | None
    refused: bool = False


class _Mark:
    """The mark of a book that no scanner moves."""

    __slots__ = ("applied", "exchange_ns", "last_id", "received_ns", "verified")

    def __init__(self) -> None:
        self.last_id = NO_ID
        self.exchange_ns: int | None = None
        self.received_ns = 0
        self.applied = 0
        self.verified = 0


class BookSync:
    """A `LiveBook` and what keeps it so.

    Callbacks are plain functions and may call back at once: `on_book` after each message that changed a LIVE book,
    `on_live` and `on_lost` when it becomes LIVE or stops being so, `need_snapshot` (never again before `rest_snapshot`
    or `rest_failed` has answered; pacing and back-off are the owner's), `need_resubscribe` (never again before
    `begin`). What they raise goes through to the caller, after the book's own work is done.

    Raises:
        SettingsError: at construction, for a rule that this core cannot keep.
    """

    __slots__ = (
        "_asked",
        "_asked_too_early",
        "_base_id",
        "_begun",
        "_buffer",
        "_ceiling",
        "_clock",
        "_cut",
        "_early_id",
        "_floor",
        "_listening",
        "_lost_ns",
        "_mark",
        "_need_resubscribe",
        "_need_snapshot",
        "_on_book",
        "_on_live",
        "_on_lost",
        "_overlapping",
        "_pair",
        "_printed",
        "_ranged",
        "_reach",
        "_scanner",
        "_since_ns",
        "_size",
        "_snapshot_error",
        "_tally",
        "_tried",
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "book",
        "fault",
        "monotonic_ns",
        "rule",
        "state",
        "symbol",
        "venue",
        "whole_ns",
    )

    def __init__(
        self,
        venue: VenueName,
        symbol: Symbol,
        rule: BookRule,
        book: OrderBook,
        clock: Clock,
        *,
        on_book: Callable[["BookSync"], None],
        on_lost: Callable[["BookSync", BookFault], None],
        need_snapshot: Callable[["BookSync"], None],
        need_resubscribe: Callable[["BookSync"], None],
        on_live: Callable[["BookSync"], None] | None = None,
    ) -> None:
        _refuse_unknown(venue, rule)
        self.venue = venue
        self.symbol = symbol
        self.rule = rule
        self.book = book
        """The storage. Only a LIVE book's may be believed."""
        self.state = _SYNCING
        self.fault: BookFault | None = BookFault.STARTING
        self.bid = self.bid_size = self.ask = self.ask_size = nan
        self.monotonic_ns = 0
        self.whole_ns = 0
        """When a whole book made it LIVE: what it took later was a change. Monotonic, as `monotonic_ns`."""

        self._clock = clock
        self._on_book = on_book
        self._on_lost = on_lost
        self._on_live = on_live
        self._need_snapshot = need_snapshot
        self._need_resubscribe = need_resubscribe
        self._mark: BookMark = _Mark()
        self._scanner: Scanner | None = None
        self._pair = ""
        """By which the scanner knows the book."""
        self._ranged = rule.ids in {SequenceRule.RANGE, SequenceRule.CONSECUTIVE}
        self._cut = (rule.kept_depth or 0) if rule.cut_each_update else 0
        self._floor = 0.0
        """Lowest price of a bid that the snapshot covers."""
        self._ceiling = inf
        """Highest price of an ask that the snapshot covers."""
        self._overlapping = False
        self._base_id = NO_ID
        """Id of the last snapshot."""
        self._early_id: int | None = None
        """While the book stands at this id, a delta may repeat part of what it holds."""
        self._reach = NO_ID
        """A REST snapshot below this id is older than what was known before."""
        self._size = 0
        """Levels of the larger side when it was last loaded or pruned."""
        self._printed = None if rule.checksum is None else PrintedBook(rule.checksum)
        self._buffer: deque[_Delta] = deque()
        self._begun = False
        self._listening = True
        self._asked = False
        self._asked_too_early = False
        """The snapshot under way was asked for before the last loss: it may lack what was lost."""
        self._snapshot_error: Exception | None = None
        self._lost_ns = self._since_ns = clock.monotonic_ns()
        self._tried = False
        """Whether the attempt under way can have failed: one whose request still stands in the owner's line cannot."""
        self._tally = BookTally()

    # Readers

    @property
    def last_id(self) -> int:
        """Id at which the book stands; `NO_ID` where there is none."""
        return self._mark.last_id

    @property
    def exchange_ns(self) -> int | None:
        """When the venue made the message that the book took last."""
        return self._mark.exchange_ns

    @property
    def received_ns(self) -> int:
        """When that message arrived."""
        return self._mark.received_ns

    @property
    def applied(self) -> int:
        """How many messages of changes the book has taken."""
        return self._mark.applied

    def quote(self) -> Quote | None:
        """Return the best levels; None while not LIVE."""
        if self.state is not _LIVE:
            return None
        return Quote(self.bid, self.bid_size, self.ask, self.ask_size, self.exchange_ns, self.received_ns)

    def bids(self, limit: int = 10) -> list[Level]:
        """Return bids, best first, 0 = all that are maintained. Raises `BookUnavailable` while not LIVE."""
        levels = self.book.bids(self._shown(limit))
        while levels and levels[-1][0] < self._floor:
            levels.pop()
        return levels

    def asks(self, limit: int = 10) -> list[Level]:
        """Return asks, best first, 0 = all that are maintained. Raises `BookUnavailable` while not LIVE."""
        levels = self.book.asks(self._shown(limit))
        while levels and levels[-1][0] > self._ceiling:
            levels.pop()
        return levels

    @property
    def horizon(self) -> tuple[float, float]:
        """Lowest bid and highest ask that can be known; (0, inf) where no snapshot ended before the book did."""
        return self._floor, self._ceiling

    @property
    def stats(self) -> BookStats:
        """What became of every message so far."""
        waiting = sum(not delta.refused for delta in self._buffer)
        return self._tally.stats(applied=self.applied, waiting=waiting, printed=self._printed)

    def _shown(self, limit: int) -> int:
        if self.state is not _LIVE:
            age_s = (self._clock.monotonic_ns() - self._lost_ns) / 1e9
            error = "" if self._snapshot_error is None else f"; the last snapshot failed: {self._snapshot_error}"
            raise BookUnavailable(
                f"the book is {self.state.name} ({self.fault}) for {age_s:.1f} s{error}",
                venue=self.venue,
                symbol=str(self.symbol),
            )
        kept = self.rule.proved_depth
        return limit if kept is None else min(limit or kept, kept)

    # The owner

    def scanned_by(self, scanner: Scanner, pair: str, on_broken: Callable[["BookSync", Exception], None]) -> None:
        """Let a scanner apply the messages that follow on, while the book is LIVE; to be called before `begin`.

        One that would have to sum up a book which does not keep what was printed takes none of its messages.
        """
        checksum, book = self.rule.checksum, self.book
        if checksum is not None and not isinstance(book, PrintingBook):
            return
        self._scanner, self._pair = scanner, pair
        mark = scanner.add(
            pair, self, book, cut=self._cut, on_book=self._on_book, on_broken=on_broken, checksum=checksum
        )
        self._move_to(mark)
        if checksum is not None and isinstance(book, PrintingBook):
            self._printed = TextsOfBook(checksum, book, mark)

    def unscanned(self) -> None:
        """Take every message from the dialect from now on. Harmless when it was so before."""
        if self._scanner is not None:
            self._scanner.remove(self._pair)
            self._scanner = None
            self._move_to(_Mark())

    def _move_to(self, mark: BookMark) -> None:
        old, self._mark = self._mark, mark
        mark.last_id, mark.exchange_ns, mark.received_ns = old.last_id, old.exchange_ns, old.received_ns
        mark.applied, mark.verified = old.applied, old.verified

    def relisted(self) -> None:
        """The venue's list of instruments is a new one: a pair's numbers may be printed in another way from now on."""
        if self._scanner is not None and self.state is _LIVE:
            self._arm(self._scanner)

    def begin(self) -> None:
        """The subscription stands, or a replay starts: synchronise. Harmless when that is under way or done already."""
        if self._begun or self.fault is BookFault.STOPPED:
            return
        self._begun = self._listening = True
        if self.state is _LIVE:
            return  # The stream's first snapshot came before the acknowledgement.
        self._attempt(self._clock.monotonic_ns())
        if self.rule.snapshot is SnapshotSource.REST:
            self._ask()

    @property
    def overlapping(self) -> bool:
        """Set while two connections deliver the same deltas: these may then begin early under any rule.

        So may the first one after it: the connection that stays may have been the one behind.
        """
        return self._overlapping

    @overlapping.setter
    def overlapping(self, overlapping: bool) -> None:
        if self._overlapping and not overlapping:
            self._early_id = self.last_id
        self._overlapping = overlapping

    def lose(self, fault: BookFault) -> None:
        """Become unreadable at once. Unless the owner has to act first (he then calls `begin`), recover by the rule."""
        if self.fault is BookFault.STOPPED:
            return
        self._forget_buffer()
        self._asked_too_early = self._asked
        if fault in _OWNER_ACTS:
            self._begun = False
            self._listening = fault not in _DEAF
            self._reach = max(self._reach, self.last_id)
            self._unplug(fault)
        else:
            self._fail(fault)

    def stop(self) -> None:
        """Be unreadable for ever."""
        self.lose(BookFault.STOPPED)

    def check(self, monotonic_ns: int) -> None:
        """Act on silence and on time that went by; to be called about once a second."""
        if self.state is _LIVE:
            if self.rule.idle_ns is not None and monotonic_ns - self.monotonic_ns > self.rule.idle_ns:
                self._fail(BookFault.STALE)
            else:
                self._prune()
                if self._printed is not None:
                    self._printed.sweep(self.book)
        elif self._begun and monotonic_ns - self._since_ns > self.rule.sync_timeout_ns:
            self._tally.timeouts += self._tried
            self._attempt(monotonic_ns)
            self._forget_buffer()
            # The venue's count may have begun anew, below what was known: the next attempt believes what it is told.
            self._reach = NO_ID
            if self.rule.recover is Recovery.RESUBSCRIBE:
                self._resubscribe()
            # Otherwise a snapshot is under way, and there is never a second one.

    def rest_snapshot(self, snapshot: BookSnapshot) -> None:
        """Take the answer to `need_snapshot`. One that nobody waits for any more is ignored."""
        if not self._asked:
            return
        self._asked = False
        if self.state is _LIVE or not self._begun:
            return
        if self._asked_too_early or not self._joins(snapshot.last_id):
            self._tried = True
            self._tally.old_snapshots += 1
            self._ask()
            return
        if (
            self._load(snapshot.bids, snapshot.asks, snapshot.last_id, snapshot.exchange_ns, snapshot.depth)
            and self._catch_up()
        ):
            self._go_live(self._clock.now_ns(), self._clock.monotonic_ns())

    def rest_failed(self, error: Exception) -> None:
        """The snapshot could not be had; ask again. The owner backs off before he sends the next request."""
        if not self._asked:
            return
        self._asked = False
        # Our own bucket held the request back: nothing was tried.
        if not (isinstance(error, RateLimitError) and error.local):
            self._tried = True
            self._tally.failed_snapshots += 1
        self._snapshot_error = error
        if self.state is not _LIVE and self._begun:
            self._ask()

    # The stream

    def delta(  # noqa: C901, PLR0917 (one call per message, on the fast path)
        self,
        bids: list[Level],
        asks: list[Level],
        first_id: int,
        last_id: int,
        exchange_ns: int | None,
        previous_id: int = NO_ID,
        received_ns: int = 0,
        monotonic_ns: int = 0,
        printed: Printed | None = None,
    ) -> None:
        """Take one whole message of changes. `monotonic_ns` 0 = the clock is read, for both times."""
        if not monotonic_ns:
            received_ns = self._clock.now_ns()
            monotonic_ns = self._clock.monotonic_ns()
        if self.state is not _LIVE:
            self._hold(_Delta(bids, asks, first_id, last_id, previous_id, exchange_ns))
            return
        mark = self._mark
        if not (self._ranged and first_id == mark.last_id + 1 <= last_id):
            if self._ranged and last_id < first_id:
                # A range that ends before it begins is no message of any venue, whatever levels it bears.
                self._tally.refused += 1
                self._fail(BookFault.MALFORMED)
                return
            place = self._place(first_id, last_id, previous_id, exchange_ns)
            if place == _OLD and monotonic_ns - self.monotonic_ns <= REPEATS_NS:
                self._tally.skipped += 1
                return
            if place != _NEXT:
                self._break_off(_Delta(bids, asks, first_id, last_id, previous_id, exchange_ns), place)
                return
        book = self.book
        try:
            book.apply(bids, asks)
        except ValueError:
            self._tally.refused += 1
            mark.last_id = last_id
            self._fail(BookFault.MALFORMED)
            return
        if self._cut:
            book.cut(self._cut)
        mark.applied += 1
        mark.last_id = last_id
        bid = book.bid
        ask = book.ask
        # One chain for the usual case; NaN, an empty side, makes it false.
        if not (self._printed is None and self._floor <= bid < ask <= self._ceiling) and (
            (flaw := self._flaw(bids, asks, printed)) is not None
        ):
            self._fail(flaw)
            return
        self.bid = bid
        self.bid_size = book.bid_size
        self.ask = ask
        self.ask_size = book.ask_size
        mark.exchange_ns = exchange_ns
        mark.received_ns = received_ns
        self.monotonic_ns = monotonic_ns
        if self._scanner is not None:
            self._arm(self._scanner)
        self._on_book(self)

    def scanned(
        self, last_id: int, exchange_ns: int | None, received_ns: int, monotonic_ns: int, checksum: int | None
    ) -> None:
        """Judge a message that the scanner applied and may not show: a side is empty, or the book is flawed."""
        self._mark.last_id = last_id
        flaw = None
        if checksum is not None and self._printed is not None:
            flaw = self._printed.judge(self.book, checksum)
        flaw = flaw or self._flaw_of_best()
        if flaw is not None:
            self._fail(flaw)
            return
        book = self.book
        self.bid, self.bid_size, self.ask, self.ask_size = book.bid, book.bid_size, book.ask, book.ask_size
        self._mark.exchange_ns = exchange_ns
        self._mark.received_ns = received_ns
        self.monotonic_ns = monotonic_ns
        self._on_book(self)

    def snapshot(  # noqa: PLR0917
        self,
        bids: list[Level],
        asks: list[Level],
        last_id: int,
        exchange_ns: int | None,
        depth: int = 0,
        received_ns: int = 0,
        monotonic_ns: int = 0,
        printed: Printed | None = None,
    ) -> None:
        """Take a whole book from the stream: what came before it is settled, and the ids go on from its own."""
        if not self._listening:
            return
        if self.state is _LIVE and NO_ID < last_id <= self.last_id and (self._overlapping or not self.rule.resets):
            return  # A second connection is behind.
        if not monotonic_ns:
            received_ns = self._clock.now_ns()
            monotonic_ns = self._clock.monotonic_ns()
        for delta in self._buffer:
            self._tally.skipped += not delta.refused
            self._reach = max(self._reach, delta.last_id)
        self._buffer.clear()
        if self._load(bids, asks, last_id, exchange_ns, depth, printed):
            self._go_live(received_ns, monotonic_ns)

    # Sequence

    def _place(self, first_id: int, last_id: int, previous_id: int, exchange_ns: int | None) -> int:
        """Say where a delta stands, seen from the book."""
        ids = self.rule.ids
        if ids is SequenceRule.NONE:
            return self._place_in_time(last_id, exchange_ns)
        here = self.last_id
        if ids is SequenceRule.CHAIN:
            return self._place_in_chain(here, last_id, previous_id)
        if first_id == here + 1:
            return _NEXT
        early = self._may_begin_early()
        if last_id <= here:
            # A count by one begins anew with a snapshot: below it, all but the latest again means that one is missing.
            return _OLD if ids is SequenceRule.RANGE or early or last_id == here else _GAP
        return _NEXT if first_id <= here and (early or not self.rule.strict) else _GAP

    def _place_in_time(self, last_id: int, exchange_ns: int | None) -> int:
        """Without ids, the venue's clock alone tells what is late: of a level that changed twice both sums are true."""
        if NO_ID < last_id <= self._base_id:
            return _OLD
        last_ns = self.exchange_ns
        return _GAP if exchange_ns is not None and last_ns is not None and exchange_ns < last_ns else _NEXT

    def _place_in_chain(self, here: int, last_id: int, previous_id: int) -> int:
        if previous_id == here:
            return _NEXT
        # An id may legally be lower than the one before it, so only a repetition of the latest is surely old.
        early = self._may_begin_early()
        if last_id == here or (early and last_id < here):
            return _OLD
        return _NEXT if early and previous_id < here else _GAP

    def _may_begin_early(self) -> bool:
        """Whether a delta may repeat part of what the book holds: after a snapshot, and around a hand-over."""
        return self._overlapping or self.last_id == self._early_id

    def _joins(self, snapshot_id: int) -> bool:
        """Whether a REST snapshot reaches the deltas at hand; those that it contains are done with."""
        if NO_ID < snapshot_id < self._reach:
            return False
        buffer = self._buffer
        while buffer and NO_ID < buffer[0].last_id <= snapshot_id:
            # Should this snapshot turn out to be no book, the next one has to reach as far.
            self._reach = max(self._reach, buffer[0].last_id)
            self._tally.skipped += not buffer.popleft().refused
        if not buffer or self.rule.ids is SequenceRule.NONE:
            return True
        begins_after = buffer[0].previous_id if self.rule.ids is SequenceRule.CHAIN else buffer[0].first_id - 1
        return begins_after <= snapshot_id

    def _load(  # noqa: PLR0917
        self,
        bids: list[Level],
        asks: list[Level],
        last_id: int,
        exchange_ns: int | None,
        depth: int,
        printed: Printed | None = None,
    ) -> bool:
        """Take a whole book, and remember how far it reaches."""
        book = self.book
        try:
            book.replace(bids, asks)
        except ValueError:
            self._fail(BookFault.MALFORMED)
            return False
        self._tally.snapshots += 1
        self._mark.last_id = self._base_id = last_id
        # On one connection nothing is older than the stream's own snapshot; of ranges the contract promises it.
        rule = self.rule
        repeats = rule.snapshot is SnapshotSource.REST or rule.ids is SequenceRule.RANGE
        self._early_id = last_id if repeats else None
        self._reach = NO_ID
        self._mark.exchange_ns = exchange_ns
        # Where the stream itself maintains so many levels, it also names those that enter from beyond the snapshot.
        bounded = depth > 0 and (rule.kept_depth is None or depth < rule.kept_depth)
        self._floor = min(bids)[0] if bounded and len(bids) >= depth else 0.0
        self._ceiling = max(asks)[0] if bounded and len(asks) >= depth else inf
        if self._cut:
            book.cut(self._cut)
        self._size = max(book.depth())
        if self._printed is not None:
            self._printed.clear()
        if (flaw := self._flaw(bids, asks, printed)) is not None:
            self._fail(flaw)
            return False
        return True

    def _catch_up(self) -> bool:
        """Apply what was buffered. A delta that does not follow stays, with all after it, for the next snapshot."""
        buffer = self._buffer
        while buffer:
            delta = buffer[0]
            place = self._place(delta.first_id, delta.last_id, delta.previous_id, delta.exchange_ns)
            if place == _GAP:
                if not delta.refused:
                    delta.refused = True
                    self._tally.refused += 1
                self._fail(BookFault.GAP)
                return False
            buffer.popleft()
            if place == _OLD:
                self._tally.skipped += not delta.refused
                continue
            self._tally.refused -= delta.refused
            try:
                self.book.apply(delta.bids, delta.asks)
            except ValueError:
                self._tally.refused += 1
                self._mark.last_id = delta.last_id
                self._fail(BookFault.MALFORMED)
                return False
            if self._cut:
                self.book.cut(self._cut)
            self._mark.applied += 1
            self._mark.last_id = delta.last_id
            self._mark.exchange_ns = delta.exchange_ns
            if (flaw := self._flaw()) is not None:
                self._fail(flaw)
                return False
        return True

    def _flaw(
        self, bids: Sequence[Level] = (), asks: Sequence[Level] = (), printed: Printed | None = None
    ) -> BookFault | None:
        """Judge the book after a whole message; where there are checksums, by what was printed."""
        if self._printed is not None and (flaw := self._printed.take(self.book, bids, asks, printed)) is not None:
            return flaw
        return self._flaw_of_best()

    def _flaw_of_best(self) -> BookFault | None:
        bid, ask = self.book.bid, self.book.ask
        if bid >= ask:
            return BookFault.CROSSED
        # NaN, an empty side, is beyond a horizon where there is one, and no flaw where there is none.
        if (self._floor > 0.0 and not bid >= self._floor) or (self._ceiling < inf and not ask <= self._ceiling):
            return BookFault.EXHAUSTED
        return None

    # States

    def _go_live(self, received_ns: int, monotonic_ns: int) -> None:
        book = self.book
        self.bid, self.bid_size, self.ask, self.ask_size = book.bid, book.bid_size, book.ask, book.ask_size
        self._mark.received_ns = received_ns
        self.monotonic_ns = self.whole_ns = monotonic_ns
        if self.state is not _LIVE:
            self.state = _LIVE
            self.fault = None
            self._snapshot_error = None
            if self._tally.resyncs:
                self._tally.recovered(monotonic_ns - self._lost_ns)
            if self._on_live is not None:
                self._on_live(self)
        if self._scanner is not None:
            self._arm(self._scanner)
        self._on_book(self)

    def _arm(self, scanner: Scanner) -> None:
        """Let the scanner go on from where the book stands."""
        rule = self.rule
        # Without ids nothing follows on the latest message: only what the snapshot holds already is told apart.
        last_id = self._base_id if rule.ids is SequenceRule.NONE else self.last_id
        spelling = None if rule.checksum is None else rule.checksum.spelling
        if spelling is None or spelling.places is None:
            scanner.arm(self._pair, last_id, self._floor, self._ceiling)
        elif (places := spelling.places(self._pair)) is not None:
            scanner.arm(self._pair, last_id, self._floor, self._ceiling, places)
        else:
            scanner.disarm(self._pair)

    def _unplug(self, fault: BookFault) -> None:
        """Nobody may read the book from here on."""
        self.fault = fault
        if self._scanner is not None:
            self._scanner.disarm(self._pair)
        if self.state is _LIVE:
            self.state = _SYNCING
            self.bid = self.bid_size = self.ask = self.ask_size = nan
            self._lost_ns = self._clock.monotonic_ns()
            self._tally.resyncs += 1
            self._on_lost(self, fault)

    def _fail(self, fault: BookFault) -> None:
        """Give the book up and recover by the rule. What is in the buffer has not been seen by the book and stays."""
        self._tally.faults[fault] += 1
        self._reach = max(self._reach, self.last_id)
        self._unplug(fault)
        if not self._begun:
            return
        self._attempt(self._clock.monotonic_ns())
        # A feed that fell silent would stay silent after a new snapshot.
        if self.rule.recover is Recovery.RESUBSCRIBE or fault is BookFault.STALE:
            self._resubscribe()
        else:
            self._ask()

    def _break_off(self, delta: _Delta, place: int) -> None:
        """A message is missing before this one, which may be the bridge from the next snapshot."""
        self._tally.refused += 1
        delta.refused = True
        if self.rule.snapshot is SnapshotSource.REST:
            self._buffer.append(delta)
        if place == _OLD:
            self._mark.last_id = self._reach = NO_ID  # The venue counts anew.
        self._fail(BookFault.GAP)

    def _hold(self, delta: _Delta) -> None:
        """Keep a delta for the snapshot that is to come over REST; before one of the stream it says nothing."""
        if self.rule.snapshot is SnapshotSource.STREAM or (self._ranged and delta.last_id < delta.first_id):
            self._tally.refused += 1
            return
        if not self._listening:
            self._tally.refused += 1
            self._reach = max(self._reach, delta.last_id)
            return
        if len(self._buffer) >= BUFFERED_DELTAS:
            self._tally.refused += not self._buffer.popleft().refused
        self._buffer.append(delta)

    def _attempt(self, monotonic_ns: int) -> None:
        """Begin an attempt to synchronise."""
        self._since_ns = monotonic_ns
        self._tried = self.rule.snapshot is SnapshotSource.STREAM

    def _ask(self) -> None:
        """Ask for a REST snapshot, never for a second one: an answer under way is then known to be too early."""
        if self._asked:
            self._asked_too_early = True
            return
        self._asked = True
        self._asked_too_early = False
        self._need_snapshot(self)

    def _resubscribe(self) -> None:
        self._forget_buffer()
        self._asked_too_early = self._asked
        self._begun = False
        self._need_resubscribe(self)

    def _forget_buffer(self) -> None:
        """Throw away what waits; a snapshot has to reach beyond it."""
        for delta in self._buffer:
            self._tally.refused += not delta.refused
            self._reach = max(self._reach, delta.last_id)
        self._buffer.clear()

    def _prune(self) -> None:
        """Drop levels beyond the horizon when they have become the greater part: they can never be shown again."""
        if self._floor <= 0.0 and self._ceiling == inf:
            return
        if max(self.book.depth()) > 2 * self._size:
            inside = max(
                sum(price >= self._floor for price, _ in self.book.bids(0)),
                sum(price <= self._ceiling for price, _ in self.book.asks(0)),
            )
            self.book.cut(inside)
            self._size = max(self._size, inside)


def _refuse_unknown(venue: VenueName, rule: BookRule) -> None:
    """Refuse a rule that would not be kept: a check that silently never runs is worse than none."""
    if rule.checksum is not None and rule.snapshot is SnapshotSource.REST:
        raise SettingsError(
            f"a book with a checksum ({rule.checksum.name}) takes its snapshot from the stream, found REST",
            path=venue,
            key="book_rule.snapshot",
        )
    if rule.checksum is not None and rule.checksum.depth < 1:
        raise SettingsError(
            f"expected at least 1 level, found {rule.checksum.depth}", path=venue, key="book_rule.checksum.depth"
        )
    if rule.snapshot is SnapshotSource.STREAM and rule.recover is Recovery.REFETCH:
        raise SettingsError(
            "a book whose snapshot comes with the stream recovers by RESUBSCRIBE, found REFETCH",
            path=venue,
            key="book_rule.recover",
        )
    if rule.kept_depth is not None and rule.kept_depth < 1:
        raise SettingsError(
            f"expected at least 1 level, found {rule.kept_depth}", path=venue, key="book_rule.kept_depth"
        )
    if rule.cut_each_update and rule.kept_depth is None:
        raise SettingsError("cut_each_update needs a kept_depth", path=venue, key="book_rule.cut_each_update")
