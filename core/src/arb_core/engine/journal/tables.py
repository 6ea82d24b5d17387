"""The tables. A change here needs a migration beside it: a test compares the two.

Money is text, because that is exact in every database; times are nanoseconds since 1970 in 64 bits. What belongs to one
row alone and is never searched by stands in a JSON document. There are no foreign keys: a record of what happened is
never turned away because another one is missing.
"""

from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Float, Index, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

__all__ = [
    "BALANCES",
    "DRIFTS",
    "EPISODES",
    "FILLS",
    "INTENTS",
    "KILLS",
    "METADATA",
    "NOTES",
    "ORDERS",
    "RESULTS",
    "SETTINGS",
    "ExactDecimal",
    "Words",
]


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal as the text that `Decimal` reads back to the same digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Words(TypeDecorator[str]):
    """A text as every database takes it.

    What a venue sends may hold a NUL or half a character, and a record of what happened is never turned away for that.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SETTINGS = Table(
    "settings",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("document", Words, nullable=False),
)
"""`owner`: the seed of our client ids; `use`: `live` or `paper`; `risk`: what survives a restart; `alive`: the writer's
own trial."""

INTENTS = Table(
    "intents",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("strategy", Words, nullable=False),
    Column("symbol", Words, nullable=False),
    Column("money", Words, nullable=False),
    Column("notional", ExactDecimal, nullable=False),
    Column("edge_bps", Float, nullable=False),
    Column("created_ns", BigInteger, nullable=False, index=True),
    Column("document", Words, nullable=False),
)

ORDERS = Table(
    "orders",
    METADATA,
    Column("client_order_id", Words, primary_key=True),
    Column("intent", BigInteger, nullable=False, index=True),
    Column("leg", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("venue", Words, nullable=False),
    Column("symbol", Words, nullable=False),
    Column("side", Integer, nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("price", ExactDecimal, nullable=False),
    Column("order_id", Words),
    Column("state", Words, nullable=False, index=True),
    Column("filled", ExactDecimal, nullable=False),
    Column("intended_ns", BigInteger, nullable=False, index=True),
    Column("updated_ns", BigInteger, nullable=False),
    Column("reason", Words, nullable=False),
    Column("document", Words, nullable=False),
    Index("ix_orders_venue_intended_ns", "venue", "intended_ns"),
)

FILLS = Table(
    "fills",
    METADATA,
    Column("client_order_id", Words, primary_key=True),
    Column("trade_id", Words, primary_key=True),
    Column("venue", Words, nullable=False),
    Column("symbol", Words, nullable=False),
    Column("side", Integer, nullable=False),
    Column("price", ExactDecimal, nullable=False),
    Column("quantity", ExactDecimal, nullable=False),
    Column("fee", ExactDecimal),
    Column("fee_asset", Words),
    Column("role", Integer, nullable=False),
    Column("exchange_ns", BigInteger, nullable=False, index=True),
)

RESULTS = Table(
    "results",
    METADATA,
    Column("intent", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", Words, nullable=False),
    Column("money", Words, nullable=False),
    Column("pnl", ExactDecimal, nullable=False),
    Column("residue_value", ExactDecimal, nullable=False),
    Column("moves", Words, nullable=False),
    Column("fees", Words, nullable=False),
    Column("ended_ns", BigInteger, nullable=False, index=True),
    Column("detail", Words, nullable=False),
)

BALANCES = Table(
    "balances",
    METADATA,
    Column("taken_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("venue", Words, primary_key=True),
    Column("asset", Words, primary_key=True),
    Column("free", ExactDecimal, nullable=False),
    Column("locked", ExactDecimal, nullable=False),
    Index("ix_balances_venue_asset_taken_ns", "venue", "asset", "taken_ns"),
)

DRIFTS = Table(
    "drifts",
    METADATA,
    Column("found_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("venue", Words, primary_key=True),
    Column("asset", Words, primary_key=True),
    Column("expected", ExactDecimal, nullable=False),
    Column("reported", ExactDecimal, nullable=False),
)

EPISODES = Table(
    "episodes",
    METADATA,
    Column("closed_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("strategy", Words, nullable=False),
    Column("symbol", Words, nullable=False),
    Column("legs", Words, nullable=False),
    Column("open_ns", BigInteger, nullable=False),
    Column("best_edge_bps", Float, nullable=False),
    Column("best_size", Float, nullable=False),
    Column("best_profit", Float, nullable=False),
    Column("sightings", BigInteger, nullable=False),
    Column("executable", Boolean, nullable=False),
    Column("refused_by", Words),
)
"""`open_ns` is a duration. `number` tells apart what closed at one moment."""

KILLS = Table(
    "kills",
    METADATA,
    Column("since_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Words, nullable=False),
    Column("cleared_ns", BigInteger),
    Column("clear_reason", Words),
)
"""The latch is set while a row is not cleared. A table of its own: a command sets it while an engine writes others."""

NOTES = Table(
    "notes",
    METADATA,
    Column("noted_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Words, nullable=False),
    Column("intent", BigInteger),
    Column("text", Words, nullable=False),
)
"""What a person has to know later: naked legs, violations, drifts explained."""
