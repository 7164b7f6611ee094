"""Versions of the mappings, what a preflight found, and what each side of a record was last seen to hold."""

import sqlalchemy as sa
from alembic import op

from connector.store.tables import Id, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mapping_version",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("activated_at", Instant(), nullable=False),
        sa.Column("activated_by", sa.Text(), nullable=False),
        sa.Column("restores", Id, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "preflight",
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("problems", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("checked_at", Instant(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("unanswered_since", Instant(), nullable=True),
        sa.Column("unanswered_told_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("plan_key", "connection"),
    )
    op.add_column("ticket", sa.Column("delivery_id", Id, nullable=True))
    op.add_column("placement", sa.Column("seen", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("placement", sa.Column("seen_at", Instant(), nullable=True))
    op.add_column("placement", sa.Column("delivery_id", Id, nullable=True))
    op.add_column("write", sa.Column("about", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("write", sa.Column("mapping_version", Id, nullable=True))
