"""Up to which version of a recovery task's ticket what people wrote was read; the history by its order of time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("placement", sa.Column("heard", sa.BigInteger(), nullable=True))
    op.add_column("placement", sa.Column("remarked", sa.BigInteger(), nullable=True))
    op.create_index("write_order", "write", ["created_at", "id"])
    op.create_index("history_order", "history", ["at", "id"])
