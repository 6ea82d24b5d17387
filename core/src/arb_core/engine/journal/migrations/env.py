"""What alembic runs: the caller brings the connection, so no address is written down anywhere."""  # noqa: INP001

from alembic import context
from arb_core.engine.journal.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
