"""The tables as they were first."""  # noqa: INP001

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go on."""
    op.create_table(
        "balances",
        sa.Column("taken_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("free", sa.Text(), nullable=False),
        sa.Column("locked", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("taken_ns", "venue", "asset", name=op.f("pk_balances")),
    )
    op.create_table(
        "drifts",
        sa.Column("found_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("reported", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("found_ns", "venue", "asset", name=op.f("pk_drifts")),
    )
    op.create_table(
        "episodes",
        sa.Column("closed_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("legs", sa.Text(), nullable=False),
        sa.Column("open_ns", sa.BigInteger(), nullable=False),
        sa.Column("best_edge_bps", sa.Float(), nullable=False),
        sa.Column("best_size", sa.Float(), nullable=False),
        sa.Column("best_profit", sa.Float(), nullable=False),
        sa.Column("sightings", sa.BigInteger(), nullable=False),
        sa.Column("executable", sa.Boolean(), nullable=False),
        sa.Column("refused_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("closed_ns", "number", name=op.f("pk_episodes")),
    )
    op.create_table(
        "fills",
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("trade_id", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("fee", sa.Text(), nullable=True),
        sa.Column("fee_asset", sa.Text(), nullable=True),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("exchange_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_order_id", "trade_id", name=op.f("pk_fills")),
    )
    op.create_index(op.f("ix_fills_exchange_ns"), "fills", ["exchange_ns"], unique=False)
    op.create_table(
        "intents",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("money", sa.Text(), nullable=False),
        sa.Column("notional", sa.Text(), nullable=False),
        sa.Column("edge_bps", sa.Float(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
    )
    op.create_index(op.f("ix_intents_created_ns"), "intents", ["created_ns"], unique=False)
    op.create_table(
        "kills",
        sa.Column("since_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cleared_ns", sa.BigInteger(), nullable=True),
        sa.Column("clear_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("since_ns", name=op.f("pk_kills")),
    )
    op.create_table(
        "notes",
        sa.Column("noted_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("intent", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("noted_ns", "number", name=op.f("pk_notes")),
    )
    op.create_table(
        "orders",
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("intent", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.Column("intended_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client_order_id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_intended_ns"), "orders", ["intended_ns"], unique=False)
    op.create_index(op.f("ix_orders_intent"), "orders", ["intent"], unique=False)
    op.create_index(op.f("ix_orders_state"), "orders", ["state"], unique=False)
    op.create_table(
        "results",
        sa.Column("intent", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("money", sa.Text(), nullable=False),
        sa.Column("pnl", sa.Text(), nullable=False),
        sa.Column("residue_value", sa.Text(), nullable=False),
        sa.Column("moves", sa.Text(), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("intent", name=op.f("pk_results")),
    )
    op.create_index(op.f("ix_results_ended_ns"), "results", ["ended_ns"], unique=False)
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("settings")
    op.drop_index(op.f("ix_results_ended_ns"), table_name="results")
    op.drop_table("results")
    op.drop_index(op.f("ix_orders_state"), table_name="orders")
    op.drop_index(op.f("ix_orders_intent"), table_name="orders")
    op.drop_index(op.f("ix_orders_intended_ns"), table_name="orders")
    op.drop_table("orders")
    op.drop_table("notes")
    op.drop_table("kills")
    op.drop_index(op.f("ix_intents_created_ns"), table_name="intents")
    op.drop_table("intents")
    op.drop_index(op.f("ix_fills_exchange_ns"), table_name="fills")
    op.drop_table("fills")
    op.drop_table("episodes")
    op.drop_table("drifts")
    op.drop_table("balances")
