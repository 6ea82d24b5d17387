"""What a start asks of each venue is found without reading all that ever was."""  # noqa: INP001

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go on."""
    op.create_index("ix_balances_venue_asset_taken_ns", "balances", ["venue", "asset", "taken_ns"], unique=False)
    op.create_index("ix_orders_venue_intended_ns", "orders", ["venue", "intended_ns"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_orders_venue_intended_ns", table_name="orders")
    op.drop_index("ix_balances_venue_asset_taken_ns", table_name="balances")
