"""Continuity records kept in step with platforms, remarks mirrored between a task's tickets, and alerts that last."""

import sqlalchemy as sa
from alembic import op

from connector.store.tables import Id, Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "counterpart",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text()),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger()),
        sa.Column("writes", sa.Integer(), nullable=False),
        _json("base"),
        _json("ours"),
        _json("theirs"),
        _json("declined"),
        _json("conflicts"),
        _json("problems"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", Instant()),
        sa.Column("seen_at", Instant()),
        sa.Column("delivery_id", Id),
        sa.Column("audit", Id),
        sa.Column("gone", sa.Text(), nullable=False),
        sa.Column("linked_at", Instant(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.UniqueConstraint("record", "key", "connection"),
    )
    op.create_index("counterpart_ticket", "counterpart", ["connection", "platform_id"])
    op.create_table(
        "taken",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        _json("value", nullable=True),
        _json("file_value", nullable=True),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("delivery_id", Id),
        sa.UniqueConstraint("record", "key", "field"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant()),
        _json("counts"),
        _json("findings"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "swept",
        sa.Column("connection", sa.Text(), primary_key=True),
        sa.Column("record", sa.Text(), primary_key=True),
        sa.Column("until", Instant(), nullable=False),
    )
    op.create_table(
        "remark",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("placement_id", Id, sa.ForeignKey("placement.id"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("written_at", Instant()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.UniqueConstraint("placement_id", "source_id"),
    )
    op.create_table(
        "alert",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("told_at", Instant()),
    )
