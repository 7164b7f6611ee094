"""What each write changed (the values known before it), and what the platform answered to it last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("write", sa.Column("before", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("write", sa.Column("answer", sa.Text(), nullable=False, server_default=""))
