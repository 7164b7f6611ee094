"""The first tables."""

import sqlalchemy as sa
from alembic import op

from connector.store.tables import Id, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activation",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("lock", sa.Text(), nullable=True),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("plan_version", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("services", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rto_seconds", sa.Integer(), nullable=False),
        sa.Column("rpo_seconds", sa.Integer(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("invoked", sa.Boolean(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("clock_start", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("told_percent", sa.Integer(), nullable=False),
        sa.Column("restored_at", Instant(), nullable=True),
        sa.Column("restored_by", sa.Text(), nullable=False),
        sa.Column("recovery_point_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("stand_down", sa.Text(), nullable=False),
        sa.Column("stand_down_reason", sa.Text(), nullable=False),
        sa.Column("complete_at", Instant(), nullable=True),
        sa.Column("escalated_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("lock"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("activation", schema=None) as batch_op:
        batch_op.create_index("activation_state", ["state"], unique=False)

    op.create_table(
        "catalog",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("applied_at", Instant(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "connection",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_connected_at", Instant(), nullable=False),
        sa.Column("baseline_at", Instant(), nullable=True),
        sa.Column("polled_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection", "key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("delivery_open", ["subject", "state", "id"], unique=False)
        batch_op.create_index("delivery_state", ["state", "received_at"], unique=False)
        batch_op.create_index("delivery_ticket", ["connection", "platform_id"], unique=False)

    op.create_table(
        "history",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("activation_id", Id, nullable=True),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.create_index("history_activation", ["activation_id", "id"], unique=False)
        batch_op.create_index("history_ticket", ["connection", "platform_id"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("write_key", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection", "platform_id", "event"),
    )
    op.create_table(
        "subject",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "key"),
    )
    op.create_table(
        "placement",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("activation_id", Id, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("write_key", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", Instant(), nullable=True),
        sa.Column("overwrote_version", sa.BigInteger(), nullable=True),
        sa.Column("overwrote_state", sa.Text(), nullable=False),
        sa.Column("written", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("problems", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("gone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_id"],
            ["activation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("activation_id", "record", "key", "connection", "round"),
        sa.UniqueConstraint("write_key"),
    )
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.create_index("placement_ticket", ["connection", "platform_id"], unique=False)

    op.create_table(
        "task",
        sa.Column("activation_id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_id"],
            ["activation.id"],
        ),
        sa.PrimaryKeyConstraint("activation_id", "key"),
    )
    op.create_table(
        "ticket",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("problems", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("activation_id", Id, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("why_at", Instant(), nullable=True),
        sa.Column("linked_at", Instant(), nullable=True),
        sa.Column("written", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activation_id"],
            ["activation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection", "platform_id"),
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index("ticket_activation", ["activation_id"], unique=False)
        batch_op.create_index("ticket_number", ["connection", "number"], unique=False)
        batch_op.create_index("ticket_parent", ["connection", "parent"], unique=False)

    op.create_table(
        "write",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("activation_id", Id, nullable=True),
        sa.Column("placement_id", Id, nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("unclear_since", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("warnings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("tried_since", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activation_id"],
            ["activation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["placement_id"],
            ["placement.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("write", schema=None) as batch_op:
        batch_op.create_index("write_activation", ["activation_id"], unique=False)
        batch_op.create_index("write_due", ["subject", "connection", "state"], unique=False)
        batch_op.create_index("write_state", ["state", "next_at"], unique=False)
        batch_op.create_index("write_ticket", ["connection", "platform_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("write", schema=None) as batch_op:
        batch_op.drop_index("write_ticket")
        batch_op.drop_index("write_state")
        batch_op.drop_index("write_due")
        batch_op.drop_index("write_activation")

    op.drop_table("write")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ticket_parent")
        batch_op.drop_index("ticket_number")
        batch_op.drop_index("ticket_activation")

    op.drop_table("ticket")
    op.drop_table("task")
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.drop_index("placement_ticket")

    op.drop_table("placement")
    op.drop_table("subject")
    op.drop_table("note")
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.drop_index("history_ticket")
        batch_op.drop_index("history_activation")

    op.drop_table("history")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("delivery_ticket")
        batch_op.drop_index("delivery_state")
        batch_op.drop_index("delivery_open")

    op.drop_table("delivery")
    op.drop_table("connection")
    op.drop_table("catalog")
    with op.batch_alter_table("activation", schema=None) as batch_op:
        batch_op.drop_index("activation_state")

    op.drop_table("activation")
