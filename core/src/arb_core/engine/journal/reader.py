"""Reads a journal for people: `arb orders`, `arb trades`, `arb pnl`; and sets or clears the latch: `arb kill`.

Works while an engine writes the same journal, and takes no lock but the moment in which the latch is written.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, select, update
from sqlalchemy.exc import SQLAlchemyError

from arb_core.engine.journal.database import connect, current_revision, reading, refuse_newer, told, url_of, write
from arb_core.engine.journal.records import DayResult, OrderRecord, TradeRecord
from arb_core.engine.journal.rows import amounts_of
from arb_core.engine.journal.tables import INTENTS, KILLS, ORDERS, RESULTS
from arb_core.engine.money import plus
from arb_core.engine.risk import Kill
from arb_core.engine.trade import OrderState, Outcome, Purpose
from arb_core.errors import JournalError
from arb_core.structs.market import Asset, Side

__all__ = ["JournalReader", "Rows"]

Rows = Callable[[Table], Iterator[dict[str, Any]]]
"""Yields every row of a table."""

_SECOND = 1_000_000_000
_MANY = 2**62


class JournalReader:
    """A journal, open for reading.

    Raises:
        JournalError: there is no journal at that place, or one of a newer arb.
    """

    def __init__(self, place: str) -> None:
        """Open what is there; nothing is made."""
        self._url = url_of(place)
        if self._url.get_backend_name() == "sqlite" and not Path(self._url.database or "").exists():
            raise JournalError(f"there is no journal at {self._url.database}")
        self._engine: Engine = connect(self._url, read_only=True)
        try:
            with reading(self._engine) as connection:
                refuse_newer(connection)
                revision = current_revision(connection)
        except BaseException:
            self.close()
            raise
        if revision is None:
            self.close()
            raise JournalError("this database holds no journal")

    def orders(self, *, since_ns: int = 0, limit: int | None = None) -> list[OrderRecord]:
        """Return orders, newest first."""
        query = select(ORDERS).where(ORDERS.c.intended_ns >= since_ns)
        query = query.order_by(ORDERS.c.intended_ns.desc(), ORDERS.c.client_order_id.desc()).limit(limit or _MANY)
        with reading(self._engine) as connection:
            return [
                OrderRecord(
                    client_order_id=row.client_order_id,
                    order_id=row.order_id,
                    intent=row.intent,
                    leg=row.leg,
                    attempt=row.attempt,
                    purpose=Purpose(row.purpose),
                    venue=row.venue,
                    symbol=row.symbol,
                    side=Side(row.side),
                    quantity=row.quantity,
                    price=row.price,
                    state=OrderState(row.state),
                    filled=row.filled,
                    intended_ns=row.intended_ns,
                    updated_ns=row.updated_ns,
                    reason=row.reason,
                )
                for row in connection.execute(query)
            ]

    def trades(self, *, since_ns: int = 0, limit: int | None = None) -> list[TradeRecord]:
        """Return trades, newest first."""
        columns = [column for column in RESULTS.c if column.name not in {"money", "intent"}]
        query = (
            select(INTENTS, *columns)
            .outerjoin(RESULTS, RESULTS.c.intent == INTENTS.c.id)
            .where(INTENTS.c.created_ns >= since_ns)
        )
        query = query.order_by(INTENTS.c.id.desc()).limit(limit or _MANY)
        with reading(self._engine) as connection:
            return [
                TradeRecord(
                    intent=row.id,
                    strategy=row.strategy,
                    symbol=row.symbol,
                    money=Asset(row.money),
                    notional=row.notional,
                    edge_bps=row.edge_bps,
                    created_ns=row.created_ns,
                    outcome=None if row.outcome is None else Outcome(row.outcome),
                    pnl=row.pnl,
                    fees=None if row.fees is None else amounts_of(row.fees),
                    residue_value=row.residue_value,
                    ended_ns=row.ended_ns,
                    detail=row.detail,
                )
                for row in connection.execute(query)
            ]

    def pnl(self, *, since_ns: int = 0) -> list[DayResult]:
        """Return what each day's trades came to, by money, newest day first; summed exactly."""
        found: dict[tuple[str, str], DayResult] = {}
        query = select(RESULTS).where(RESULTS.c.ended_ns >= since_ns).order_by(RESULTS.c.ended_ns)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                day = datetime.fromtimestamp(row.ended_ns // _SECOND, UTC).strftime("%Y-%m-%d")
                money = Asset(row.money)
                so_far = found.get((day, money)) or DayResult(
                    day=day, money=money, trades=0, pnl=Decimal(0), fees={}, stopped=0
                )
                fees = dict(so_far.fees)
                for asset, fee in amounts_of(row.fees).items():
                    fees[asset] = plus(fees.get(asset, Decimal(0)), fee)
                found[day, money] = DayResult(
                    day=day,
                    money=money,
                    trades=so_far.trades + 1,
                    pnl=plus(so_far.pnl, row.pnl),
                    fees=fees,
                    stopped=so_far.stopped + (row.outcome == Outcome.STOPPED),
                )
        return sorted(found.values(), key=lambda result: (result.day, result.money), reverse=True)

    @contextmanager
    def snapshot(self) -> Generator[Rows]:
        """Read tables as they were at one moment, whatever is written meanwhile.

        What it gives yields every row of a table by its key, without holding them all. Raises as any reading does.
        """
        with reading(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                # SQLite reads the moment at which a transaction begins to read, as this does.
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            # One look begins it for every table.
            connection.execute(select(INTENTS.c.id).limit(1)).all()

            def rows(table: Table) -> Iterator[dict[str, Any]]:
                query = select(table).order_by(*table.primary_key.columns)
                for row in connection.execute(query, execution_options={"yield_per": 1000}).mappings():
                    yield dict(row)

            yield rows

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """Yield every row of one table, as `snapshot` does of several."""
        with self.snapshot() as rows:
            yield from rows(table)

    def kills(self) -> list[Kill]:
        """Return every kill that nobody cleared, oldest first: the latch is set while there is one."""
        query = select(KILLS).where(KILLS.c.cleared_ns.is_(None)).order_by(KILLS.c.since_ns)
        with reading(self._engine) as connection:
            return [Kill(since_ns=row.since_ns, reason=row.reason) for row in connection.execute(query)]

    def set_kill(self, reason: str, now_ns: int) -> None:
        """Set the latch; an engine that runs acts on it when it looks next. Raises `JournalError` if it cannot."""
        row = {"since_ns": now_ns, "reason": reason, "cleared_ns": None, "clear_reason": None}
        with self._writing() as connection:
            write(connection, [(KILLS, row)])

    def clear_kill(self, reason: str, now_ns: int) -> int:
        """Lift the latch and keep who said why. Returns how many kills that cleared. Raises as `set_kill`."""
        with self._writing() as connection:
            cleared = update(KILLS).where(KILLS.c.cleared_ns.is_(None))
            return connection.execute(cleared.values(cleared_ns=now_ns, clear_reason=reason)).rowcount

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        engine = connect(self._url)
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise told(error, "written") from error
        finally:
            engine.dispose()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
