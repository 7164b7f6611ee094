"""Where a sweep stopped, by which mappings records were compared, and what tells a linked ticket from another one."""

import sqlalchemy as sa
from alembic import op

from connector.store.tables import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("swept", sa.Column("begun", Instant(), nullable=True))
    op.add_column("swept", sa.Column("after", sa.Text(), nullable=True))
    op.add_column("audit", sa.Column("mapped_by", sa.Text(), nullable=True))
    op.add_column("counterpart", sa.Column("ticket_key", sa.Text(), nullable=True))
    op.add_column("counterpart", sa.Column("ticket_made", Instant(), nullable=True))
    op.add_column("counterpart", sa.Column("looked_at", Instant(), nullable=True))
    op.add_column("counterpart", sa.Column("mapped_by", sa.Text(), nullable=True))
    op.add_column("counterpart", sa.Column("mapped_fields", sa.JSON(none_as_null=True), nullable=True))
