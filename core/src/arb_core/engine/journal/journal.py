"""The engine's journal: intents before anything is sent, and everything that became of them.

    journal = open_journal("arb.db")
    await journal.intend(intent, plans)      # returns after the commit, or raises: then nothing may be sent
    journal.order(order, now_ns)             # kept until written
    journal.result(result)

`intend` and `settle` are awaited; every other method returns at once and its record is kept until it is in the
database. One process writes a journal; people read it meanwhile (`reader`).
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Engine, func, or_, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from arb_core.engine.episodes import Episode
from arb_core.engine.ids import IntentId, OrderKey, Owner, encode, owner_of
from arb_core.engine.journal.database import Forget, Row, connect, in_memory, reading, told, upgrade, url_of, write
from arb_core.engine.journal.hold import Hold, hold
from arb_core.engine.journal.opening import KEEP_EPISODES_NS
from arb_core.engine.journal.records import Counted, Unfinished, WriterStats
from arb_core.engine.journal.rows import (
    amounts_of,
    balance_rows,
    drift_rows,
    episode_row,
    intent_row,
    note_row,
    order_rows,
    out_of_time,
    planned_rows,
    result_of_row,
    result_row,
    risk_rows,
)
from arb_core.engine.journal.tables import BALANCES, EPISODES, INTENTS, KILLS, ORDERS, RESULTS, SETTINGS
from arb_core.engine.journal.writer import InlineWriter, ThreadWriter
from arb_core.engine.ledger import Drift
from arb_core.engine.legs import net_moves
from arb_core.engine.money import plus
from arb_core.engine.orders import TrackedOrder, moves
from arb_core.engine.risk import Kill, RiskState
from arb_core.engine.trade import Intent, OrderPlan, TradeResult
from arb_core.errors import JournalError, JournalUnavailable, Unrecordable
from arb_core.runtime.latency import LatencyHistogram
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, VenueName
from arb_core.structs.order import ClientOrderId

__all__ = ["FaultListener", "Journal", "LossListener"]

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

FaultListener = Callable[[str | None], None]
"""Told, on the event loop, that the journal stopped working (why) or works again (None)."""

LossListener = Callable[[Unrecordable], None]
"""Told, on the event loop, of a record that no database takes: it is left out, and all others are written."""

_OF = RESULTS.c.intent == INTENTS.c.id

_OF_VALUES = (OverflowError, ValueError, TypeError)
"""What drivers raise beside `DataError` and `IntegrityError` for values that would meet it again at every attempt."""

_FORGET_EVERY = 500
"""Episodes after which the oldest are looked at: so many are deleted at most as twice that, and no commit is slow."""


class Journal:
    """One journal, open for writing.

    Raises:
        JournalError: another process writes it, or the database cannot be opened.
        SettingsError: the address is neither a file nor one of SQLite or PostgreSQL.
    """

    def __init__(
        self,
        place: str,
        *,
        threaded: bool = True,
        backlog: int = 10_000,
        retry_s: float = 0.5,
        keep_episodes_ns: int | None = KEEP_EPISODES_NS,
    ) -> None:
        """Open it, make it if there is none, bring its tables up to date.

        Args:
            place: a file, or an address of a database.
            threaded: commit on a thread, not within each call.
            backlog: how many records may wait before intents are refused.
            retry_s: the pause after a failure.
            keep_episodes_ns: how old episodes become; None = they are kept for ever, as everything else is.
        """
        url = url_of(place)
        self._engine: Engine = connect(url)
        self._reading = self._engine if in_memory(url) else connect(url, read_only=True)
        self._hold = Hold()
        try:
            self._hold = hold(self._engine)
            with self._engine.begin() as connection:
                upgrade(connection)
            with self._engine.begin() as connection:
                self._owner = _read_owner(connection)
                self._last = connection.execute(select(func.max(INTENTS.c.id))).scalar() or 0
        except SQLAlchemyError as error:
            self._give_up()
            raise told(error, "opened") from error
        except BaseException:
            self._give_up()
            raise
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[FaultListener] = []
        self._loss_listeners: list[LossListener] = []
        self._cut: set[tuple[str, str]] = set()
        """Fills that were told to have another moment than the venue said."""
        self._numbers = 0
        self._episodes = 0
        self._keep_episodes_ns = keep_episodes_ns
        self._closed = False
        self._writer: InlineWriter[Row] | ThreadWriter[Row]
        if threaded:
            self._writer = ThreadWriter(
                self._commit, _trial, on_fault=self._faulted, on_loss=self._lost, backlog=backlog, retry_s=retry_s
            )
        else:
            self._writer = InlineWriter(
                self._commit, _trial, on_fault=self._faulted, on_loss=self._lost, backlog=backlog
            )

    # -- what is asked

    @property
    def owner(self) -> Owner:
        """Who our client order ids say sent them."""
        return self._owner

    @property
    def fault(self) -> str | None:
        """Why nothing new may be intended now, None while all is well."""
        return "the journal is closed" if self._closed else self._writer.fault

    def stats(self) -> WriterStats:
        """Return how the writer does."""
        return self._writer.stats()

    @property
    def latency(self) -> LatencyHistogram:
        """How long commits take."""
        return self._writer.latency

    def claim(self, use: str) -> None:
        """Give a new journal to one use, `live` or `paper`, for good: what is under way in one is nothing to another.

        Raises:
            JournalError: it belongs to another use.
        """
        with self._engine.begin() as connection:
            found = connection.execute(select(SETTINGS.c.document).where(SETTINGS.c.name == "use")).scalar()
            if found is None:
                write(connection, [(SETTINGS, {"name": "use", "document": use})])
        if found not in {None, use}:
            raise JournalError(f"this journal is one of {found} trading, expected {use}: name another place")

    def listen(self, fault: FaultListener, loss: LossListener | None = None) -> None:
        """Add listeners, called on the event loop that runs now."""
        self._running_loop()
        self._listeners.append(fault)
        if loss is not None:
            self._loss_listeners.append(loss)

    def next_intent(self) -> IntentId:
        """Return a number that no intent of this journal ever had."""
        self._last += 1
        return IntentId(self._last)

    def client_order_id(self, intent: IntentId, leg: int, attempt: int) -> ClientOrderId:
        """Return the id of an order of ours."""
        return encode(OrderKey(self._owner, intent, leg, attempt))

    # -- what is committed before anything is sent

    async def intend(self, intent: Intent, orders: Sequence[OrderPlan]) -> None:
        """Commit a trade and its first orders. Only after this returned may they be sent.

        Raises:
            JournalUnavailable: it was not committed, as far as is known: nothing may be sent. `Unrecordable` where it
                holds what no database takes.
        """
        await self._committed([intent_row(intent), *planned_rows(orders)])

    async def intend_more(self, orders: Sequence[OrderPlan]) -> None:
        """Commit further orders of a trade, hedges and unwinds, before they are sent. Raises as `intend`."""
        await self._committed(planned_rows(orders))

    async def settle(self) -> None:
        """Wait until everything recorded so far is committed, however long that takes."""
        loop = self._running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._writer.record(_trial(), lambda _: _tell(loop, future, None))
        await future

    # -- what is kept until it is written

    def order(self, order: TrackedOrder, now_ns: int) -> None:
        """Record an order as it stands, with its fills."""
        for fill in out_of_time(order):
            cut = order.plan.client_order_id, fill.trade_id
            if cut not in self._cut:
                self._cut.add(cut)
                told = f"fill {fill.trade_id} of {cut[0]} happened at {fill.exchange_ns} ns, says {order.plan.venue}"
                self._lost(Unrecordable(f"{told}; the nearest moment that a database takes is written", table="fills"))
        self._writer.record(order_rows(order, now_ns))

    def result(self, result: TradeResult, state: RiskState | None = None) -> None:
        """Record how a trade ended: from now on it is no longer unfinished.

        `state` is written with it, in one transaction: no crash counts a result twice into its day, or not at all.
        """
        self._writer.record([result_row(result), *([] if state is None else risk_rows(state))])

    def risk(self, state: RiskState) -> None:
        """Record what must survive a restart. A kill goes into its own table, where only a person clears it."""
        self._writer.record(risk_rows(state))

    def balances(self, venue: VenueName, balances: Mapping[Asset, Balance], now_ns: int) -> None:
        """Record a venue's account as it was at a moment."""
        rows = balance_rows(venue, balances, now_ns)
        if rows:
            self._writer.record(rows)

    def drifts(self, drifts: Iterable[Drift], now_ns: int) -> None:
        """Record where a venue held something else than expected."""
        rows = drift_rows(drifts, now_ns)
        if rows:
            self._writer.record(rows)

    def note(self, kind: str, words: str, now_ns: int, *, intent: IntentId | None = None) -> None:
        """Record what a person has to know later."""
        self._writer.record([note_row(kind, words, now_ns, self._number(), intent)])

    def episode(self, episode: Episode, now_ns: int) -> None:
        """Offer an episode that closed: dropped and counted where too many wait, for a chance seen is not money."""
        rows = [episode_row(episode, now_ns, self._number())]
        self._episodes += 1
        if self._keep_episodes_ns is not None and self._episodes % _FORGET_EVERY == 0:
            rows.append(Forget(EPISODES.c.closed_ns, now_ns - self._keep_episodes_ns, 2 * _FORGET_EVERY))
        self._writer.offer(rows)

    # -- what a start begins with; these ask the database and are for a moment when nothing else runs

    def risk_state(self) -> RiskState:
        """Return the state as it was recorded last, with the latch as it stands."""
        with reading(self._reading) as connection:
            found = connection.execute(select(SETTINGS.c.document).where(SETTINGS.c.name == "risk")).scalar()
        state = RiskState() if found is None else msgspec.json.decode(found, type=RiskState)
        return msgspec.structs.replace(state, kill=self.kill())

    def kill(self) -> Kill | None:
        """Return the latch: the earliest kill that nobody cleared. An engine asks now and then, from a thread."""
        with reading(self._reading) as connection:
            query = select(KILLS.c.since_ns, KILLS.c.reason).where(KILLS.c.cleared_ns.is_(None))
            row = connection.execute(query.order_by(KILLS.c.since_ns).limit(1)).first()
        return None if row is None else Kill(since_ns=row.since_ns, reason=row.reason)

    def unfinished(self) -> list[Unfinished]:
        """Return every trade without a result, oldest first."""
        with reading(self._reading) as connection:
            query = select(INTENTS.c.id, INTENTS.c.document).outerjoin(RESULTS, _OF).where(RESULTS.c.intent.is_(None))
            intents = connection.execute(query.order_by(INTENTS.c.id)).all()
            return [
                Unfinished(intent=msgspec.json.decode(row.document, type=Intent), orders=_orders_of(connection, row.id))
                for row in intents
            ]

    def miscounted(self, since_ns: int) -> list[IntentId]:
        """Return the trades ended since then whose orders say something else than their result, oldest first."""
        heard = select(ORDERS.c.intent).where(ORDERS.c.intent == RESULTS.c.intent)
        heard = heard.where(ORDERS.c.updated_ns >= RESULTS.c.ended_ns)
        query = select(RESULTS.c.intent, RESULTS.c.moves).where(RESULTS.c.ended_ns >= since_ns, heard.exists())
        with reading(self._reading) as connection:
            return [
                IntentId(row.intent)
                for row in connection.execute(query.order_by(RESULTS.c.intent)).all()
                if net_moves(_orders_of(connection, row.intent)) != amounts_of(row.moves)
            ]

    def expected(self, venue: VenueName) -> dict[Asset, Decimal]:
        """Return what should be on a venue: the last balances recorded and every fill of an order sent after them.

        So balances are to be recorded while no order is under way there. One that was intended before them may be
        sent after them: its commit takes a while.
        """
        with reading(self._reading) as connection:
            query = select(BALANCES.c.asset, func.max(BALANCES.c.taken_ns)).where(BALANCES.c.venue == venue)
            moments = connection.execute(query.group_by(BALANCES.c.asset)).all()
            of = select(BALANCES).where(BALANCES.c.venue == venue)
            last = {
                Asset(asset): connection.execute(
                    of.where(BALANCES.c.asset == asset, BALANCES.c.taken_ns == moment)
                ).one()
                for asset, moment in moments
            }
            amounts = {asset: plus(row.free, row.locked) for asset, row in last.items()}
            since_ns = min((row.taken_ns for row in last.values()), default=0)
            open_then = select(INTENTS.c.id).outerjoin(RESULTS, _OF)
            open_then = open_then.where(or_(RESULTS.c.intent.is_(None), RESULTS.c.ended_ns > since_ns))
            of = select(ORDERS.c.document).where(ORDERS.c.venue == venue)
            of = of.where(or_(ORDERS.c.intended_ns > since_ns, ORDERS.c.intent.in_(open_then)))
            for document in connection.execute(of).scalars():
                order = msgspec.json.decode(document, type=TrackedOrder)
                # That it was sent may have been lost in a crash; then it was missed by the next process first.
                sent_ns = order.sent_ns or order.doubt_ns or order.plan.intended_ns
                for asset, amount in moves(order).items():
                    if asset not in last:
                        amounts[asset] = plus(amounts.get(asset, Decimal(0)), amount)
                    elif sent_ns > last[asset].taken_ns:
                        amounts[asset] = plus(amounts[asset], amount)
        return amounts

    # -- what is asked while others run

    async def latch(self) -> Kill | None:
        """Return the latch, as `kill`, without holding up the loop.

        Raises:
            JournalUnavailable: the database does not answer.
        """
        return await self._asked(self.kill)

    async def counted(self, intent: IntentId) -> Counted | None:
        """Return a trade that has ended, None where none of that number has. Raises as `latch`."""

        def read() -> Counted | None:
            query = select(INTENTS.c.document, RESULTS).join(RESULTS, _OF).where(INTENTS.c.id == intent)
            with reading(self._reading) as connection:
                row = connection.execute(query).first()
                if row is None:
                    return None
                return Counted(
                    intent=msgspec.json.decode(row.document, type=Intent),
                    orders=_orders_of(connection, intent),
                    result=result_of_row(row),
                )

        return await self._asked(read)

    async def tracked(self, client_order_id: ClientOrderId) -> TrackedOrder | None:
        """Return one order of ours as it was recorded, None for one that never was. Raises as `latch`."""

        def read() -> TrackedOrder | None:
            query = select(ORDERS.c.document).where(ORDERS.c.client_order_id == client_order_id)
            with reading(self._reading) as connection:
                found = connection.execute(query).scalar()
            return None if found is None else msgspec.json.decode(found, type=TrackedOrder)

        return await self._asked(read)

    async def close(self) -> int:
        """Write what waits, and let go of the journal. Returns how many records were lost: 0 unless it is broken."""
        if self._closed:
            return 0
        self._closed = True
        if isinstance(self._writer, ThreadWriter):
            lost = await asyncio.get_running_loop().run_in_executor(None, self._writer.close)
        else:
            lost = self._writer.close()
        self._give_up()
        return lost

    # -- inside

    async def _asked(self, question: Callable[[], T]) -> T:
        """Ask the database on a thread; on virtual time, where a thread has no place, at once."""
        try:
            if isinstance(self._writer, ThreadWriter):
                return await asyncio.get_running_loop().run_in_executor(None, question)
            return question()
        except JournalUnavailable:
            raise
        except JournalError as error:
            raise JournalUnavailable(str(error)) from error

    def _commit(self, rows: Sequence[Row]) -> None:
        self._hold.check()
        try:
            with self._engine.begin() as connection:
                write(connection, rows)
        except (*_OF_VALUES, StatementError) as error:
            cause = error.orig if isinstance(error, StatementError) else error
            if not isinstance(error, DataError | IntegrityError) and not isinstance(cause, _OF_VALUES):
                raise
            first = rows[0]
            table = first.column.table.name if isinstance(first, Forget) else first[0].name
            raise Unrecordable(f"{type(cause).__name__}: {cause}".splitlines()[0], table=table) from error

    async def _committed(self, rows: Sequence[Row]) -> None:
        if self._closed:
            raise JournalUnavailable("the journal is closed")
        loop = self._running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._writer.intend(rows, lambda error: _tell(loop, future, error))
        await future

    def _faulted(self, error: str | None) -> None:
        if self._loop is None:  # nobody listens yet
            return
        with suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
            self._loop.call_soon_threadsafe(self._hear, error)

    def _lost(self, error: Unrecordable) -> None:
        """Tell of what is not on record as it was told. Called on whichever thread finds out."""
        _LOG.error("%s", error)
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._hear_loss, error)

    def _hear_loss(self, error: Unrecordable) -> None:
        for listener in self._loss_listeners:
            listener(error)

    def _hear(self, error: str | None) -> None:
        for listener in self._listeners:
            listener(error)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        return loop

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _give_up(self) -> None:
        self._reading.dispose()
        self._engine.dispose()
        self._hold.release()


def _tell(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[None]", error: JournalUnavailable | None) -> None:
    """Resolve a future from whichever thread the commit happened on."""

    def resolve() -> None:
        if future.done():  # whoever waited was cancelled
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(resolve)


def _orders_of(connection: Connection, intent: int) -> tuple[TrackedOrder, ...]:
    query = select(ORDERS.c.document).where(ORDERS.c.intent == intent)
    query = query.order_by(ORDERS.c.intended_ns, ORDERS.c.client_order_id)
    return tuple(msgspec.json.decode(document, type=TrackedOrder) for document in connection.execute(query).scalars())


def _trial() -> Sequence[Row]:
    """Return a row that shows whether a commit works; different each time, so that it is really written."""
    return [(SETTINGS, {"name": "alive", "document": secrets.token_hex(4)})]


def _read_owner(connection: Connection) -> Owner:
    """Return the owner of this journal, drawn when it was made."""
    found = connection.execute(select(SETTINGS.c.document).where(SETTINGS.c.name == "owner")).scalar()
    if found is None:
        found = secrets.token_hex(16)
        write(connection, [(SETTINGS, {"name": "owner", "document": found})])
    return owner_of(bytes.fromhex(found))
