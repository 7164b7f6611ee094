"""The tables, one database for SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps no zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _json(name: str, *, default: Any = None) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=default is None, default=default)


connection = sa.Table(
    "connection",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("first_connected_at", Instant, nullable=False),
    sa.Column("baseline_at", Instant),  # when what was there before us had been listed
    sa.Column("polled_until", Instant),
)

catalog = sa.Table(
    "catalog",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.Text, nullable=False),
    _json("content", default=dict),
    sa.Column("applied_at", Instant, nullable=False),
    sa.Column("applied_by", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

# The newest row is in force; a roll-back is a new row with an older content.
mapping_version = sa.Table(
    "mapping_version",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.Text, nullable=False),
    _json("content", default=dict),  # platform -> record -> the texts of its files, shipped first
    sa.Column("activated_at", Instant, nullable=False),
    sa.Column("activated_by", sa.Text, nullable=False),
    sa.Column("restores", Id),  # the version whose content this is, after a roll-back
    sqlite_autoincrement=True,
)

# What a preflight found: whether a plan's tasks could be made on a connection as things stand there. The row of a
# connection without a plan ("") holds what the live check found, and how the connection itself stands.
preflight = sa.Table(
    "preflight",
    metadata,
    sa.Column("plan_key", sa.Text, primary_key=True),
    sa.Column("connection", sa.Text, primary_key=True),
    _json("problems", default=list),  # [level, where, what, fix] of each
    sa.Column("failed", sa.Boolean, nullable=False, default=False),
    sa.Column("checked_at", Instant),  # null: never yet
    sa.Column("told_at", Instant),  # when its failure was last escalated
    sa.Column("basis", sa.Text, nullable=False, default=""),  # the records and mappings that were last tried here
    sa.Column("unanswered_since", Instant),  # from when on the connection could not be asked
    sa.Column("unanswered_told_at", Instant),
)

# One row per thing whose messages are handled one after another; `queued` keeps wake-ups from piling up.
subject = sa.Table(
    "subject",
    metadata,
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("queued", sa.Integer, nullable=False, default=0),
    sa.Column("round", sa.Integer, nullable=False, default=0),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # webhook | poll | command
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text, nullable=False, default=""),
    sa.Column("number", sa.Text, nullable=False, default=""),
    sa.Column("version", sa.BigInteger),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open | done | ignored | parked
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.UniqueConstraint("connection", "key"),
    sa.Index("delivery_open", "subject", "state", "id"),
    sa.Index("delivery_state", "state", "received_at"),
    sa.Index("delivery_ticket", "connection", "platform_id"),
    sqlite_autoincrement=True,  # ids are never used again
)

ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False, default=""),
    sa.Column("url", sa.Text, nullable=False, default=""),
    sa.Column("version", sa.BigInteger),  # null: known only by name, as somebody's parent
    sa.Column("parent", sa.Text, nullable=False, default=""),
    _json("values", default=dict),
    _json("problems", default=list),
    sa.Column("baseline", sa.Boolean, nullable=False, default=False),
    sa.Column("deleted", sa.Boolean, nullable=False, default=False),
    sa.Column("activation_id", Id, sa.ForeignKey("activation.id")),
    sa.Column("role", sa.Text, nullable=False, default=""),  # lead | joined | child
    sa.Column("plan_key", sa.Text, nullable=False, default=""),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("why_at", Instant),
    sa.Column("linked_at", Instant),  # from when the address of its page counts its validity
    _json("written", default=dict),  # the status fields last written to it
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("delivery_id", Id),  # the message that brought its values
    sa.UniqueConstraint("connection", "platform_id"),
    sa.Index("ticket_parent", "connection", "parent"),
    sa.Index("ticket_activation", "activation_id"),
    sa.Index("ticket_number", "connection", "number"),
)

activation = sa.Table(
    "activation",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("lock", sa.Text, unique=True),  # lets one activation of a plan run for one disruption
    sa.Column("plan_key", sa.Text, nullable=False),
    sa.Column("plan_version", sa.Text, nullable=False),
    _json("plan", default=dict),
    _json("services", default=list),
    sa.Column("rto_seconds", sa.Integer, nullable=False),
    sa.Column("rpo_seconds", sa.Integer, nullable=False),
    sa.Column("exercise", sa.Boolean, nullable=False, default=False),
    sa.Column("state", sa.Text, nullable=False),  # running | stood_down | closed
    sa.Column("invoked", sa.Boolean, nullable=False, default=True),
    sa.Column("connection", sa.Text, nullable=False, default=""),  # where the incident is
    sa.Column("platform_id", sa.Text, nullable=False, default=""),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False),
    sa.Column("clock_start", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("told_percent", sa.Integer, nullable=False, default=0),
    sa.Column("restored_at", Instant),
    sa.Column("restored_by", sa.Text, nullable=False, default=""),  # tasks | incident
    sa.Column("recovery_point_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("stand_down", sa.Text, nullable=False, default=""),  # asked | declined | confirmed
    sa.Column("stand_down_reason", sa.Text, nullable=False, default=""),
    sa.Column("complete_at", Instant),  # every task stands on its platforms
    sa.Column("escalated_at", Instant),
    sa.Index("activation_state", "state"),
    sqlite_autoincrement=True,
)

task = sa.Table(
    "task",
    metadata,
    sa.Column("activation_id", Id, sa.ForeignKey("activation.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, default="plan"),  # plan | invoke | stand_down
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("opened_at", Instant),
    sa.Column("started_at", Instant),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", sa.Text, nullable=False, default=""),
    sa.Column("reason", sa.Text, nullable=False, default=""),
)

# Where one of our records stands on a platform: an activation's own ticket, a recovery task, a review.
placement = sa.Table(
    "placement",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("activation_id", Id, sa.ForeignKey("activation.id"), nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("project", sa.Text, nullable=False, default=""),
    sa.Column("round", sa.Integer, nullable=False, default=0),
    sa.Column("write_key", sa.Text, nullable=False, unique=True),
    sa.Column("platform_id", sa.Text),
    sa.Column("number", sa.Text, nullable=False, default=""),
    sa.Column("url", sa.Text, nullable=False, default=""),
    sa.Column("version", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False, default=""),  # the state last known to stand there
    sa.Column("state_at", Instant),  # when that became known
    sa.Column("overwrote_version", sa.BigInteger),  # what our last write of the state replaced unknown to us
    sa.Column("overwrote_state", sa.Text, nullable=False, default=""),
    _json("written", default=dict),  # what we last wrote to it, field by field
    _json("seen"),  # what it was last seen to hold, field by field; null: not read since
    sa.Column("seen_at", Instant),
    sa.Column("delivery_id", Id),  # the message that brought what was seen
    sa.Column("heard", sa.BigInteger),  # the version at which people may have written something, of a mirrored task
    sa.Column("remarked", sa.BigInteger),  # the version up to which what people wrote was read
    _json("problems", default=list),
    sa.Column("gone", sa.Text, nullable=False, default=""),  # deleted | closed with its incident
    sa.UniqueConstraint("activation_id", "record", "key", "connection", "round"),
    sa.Index("placement_ticket", "connection", "platform_id"),
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # what it tells of; once per ticket
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("write_key", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("connection", "platform_id", "event"),
)

write = sa.Table(
    "write",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("activation_id", Id, sa.ForeignKey("activation.id")),
    sa.Column("placement_id", Id, sa.ForeignKey("placement.id")),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text, nullable=False, default=""),
    sa.Column("number", sa.Text, nullable=False, default=""),
    _json("values", default=dict),
    _json("about"),  # facts of the ticket that a mapping's conditions ask
    _json("before"),  # the values last known for the fields written, before this write
    sa.Column("mapping_version", Id),  # the version that the adapter used
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("cause", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.Text, nullable=False, default="pending"),  # pending | done | parked | superseded
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("unclear_since", Instant),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("answer", sa.Text, nullable=False, default=""),  # what came of the last try, in short
    _json("warnings", default=list),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),
    sa.Column("tried_since", Instant),  # the first try since it was last replayed
    sa.Column("done_at", Instant),
    sa.Index("write_due", "subject", "connection", "state"),
    sa.Index("write_state", "state", "next_at"),
    sa.Index("write_ticket", "connection", "platform_id"),
    sa.Index("write_activation", "activation_id"),
    sa.Index("write_order", "created_at", "id"),
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("activation_id", Id),
    sa.Column("connection", sa.Text, nullable=False, default=""),
    sa.Column("platform_id", sa.Text, nullable=False, default=""),
    sa.Column("at", Instant, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("history_activation", "activation_id", "id"),
    sa.Index("history_ticket", "connection", "platform_id"),
    sa.Index("history_order", "at", "id"),
)

# Where a continuity record (a service, a plan) stands on a connection, and what both sides last agreed on.
counterpart = sa.Table(
    "counterpart",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("record", sa.Text, nullable=False),  # service | plan
    sa.Column("key", sa.Text, nullable=False),  # the record's key in the files
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("platform_id", sa.Text),  # null: to be created, or its creation is under way
    sa.Column("number", sa.Text, nullable=False, default=""),
    sa.Column("url", sa.Text, nullable=False, default=""),
    sa.Column("version", sa.BigInteger),
    sa.Column("writes", sa.Integer, nullable=False, default=0),  # how many writes it was given: numbers their keys
    _json("base", default=dict),  # field -> the value that both sides last agreed on
    _json("ours", default=dict),  # field -> [our value when last looked at, since when]
    _json("theirs", default=dict),  # field -> [the platform's value as last read, since when]
    _json("declined", default=dict),  # field -> our value that the platform did not keep when it was written
    _json("conflicts", default=dict),  # field -> since when both sides differ and a person has to decide
    _json("problems", default=dict),  # what a person has to mend: read (texts), held (field -> text), doubt (texts)
    # new | in step | waiting | conflict | parked | gone | not in the files, as last looked at
    sa.Column("state", sa.Text, nullable=False, default="new"),
    sa.Column("state_at", Instant),
    sa.Column("seen_at", Instant),
    sa.Column("delivery_id", Id),  # the message that brought what was last seen
    sa.Column("audit", Id),  # the last full audit that met it
    sa.Column("ticket_key", sa.Text),  # our key on the ticket when it was linked; null: not known
    sa.Column("ticket_made", Instant),  # when it was made there; null: not known
    sa.Column("looked_at", Instant),  # when the record was last brought up to date here
    sa.Column("mapped_by", sa.Text),  # the mapping by which it was last read, or its creation composed
    _json("mapped_fields"),  # field -> what changes with how that mapping maps it
    sa.Column("gone", sa.Text, nullable=False, default=""),  # why it is linked no more; "" while it is
    sa.Column("linked_at", Instant, nullable=False),
    sa.Column("linked_by", sa.Text, nullable=False),
    sa.UniqueConstraint("record", "key", "connection"),
    sa.Index("counterpart_ticket", "connection", "platform_id"),
)

# A value of a continuity record that was taken from a platform; it stands until the file's own value changes.
# A value that takes the place of another is a new row, so that the newest id and their number tell of any change.
taken = sa.Table(
    "taken",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    _json("value"),
    _json("file_value"),  # what the file said when it was taken
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("taken_at", Instant, nullable=False),
    sa.Column("delivery_id", Id),
    sa.UniqueConstraint("record", "key", "field"),
    sqlite_autoincrement=True,
)

# A full comparison of continuity records with a connection, page by page, so that it can go on where it stopped.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False, default=""),  # the kind that is being read
    sa.Column("after", sa.Text, nullable=False, default=""),  # the page that comes next
    sa.Column("dry_run", sa.Boolean, nullable=False, default=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False, default=""),
    sa.Column("mapped_by", sa.Text),  # the mappings by which it compares
    sa.Column("ended_at", Instant),
    _json("counts", default=dict),  # read, in step, repaired, conflicts, gone, calls
    _json("findings", default=list),  # what was found, in words; bounded
    sqlite_autoincrement=True,
)

# How far the sweep has read each kind of continuity record on a connection.
swept = sa.Table(
    "swept",
    metadata,
    sa.Column("connection", sa.Text, primary_key=True),
    sa.Column("record", sa.Text, primary_key=True),
    sa.Column("until", Instant, nullable=False),
    sa.Column("begun", Instant),  # when the reading that is under way began; null: none is
    sa.Column("after", sa.Text),  # the page that comes next in it
)

# A person's comment or attachment on a recovery task's ticket, mirrored once to the task's other tickets.
remark = sa.Table(
    "remark",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("placement_id", Id, sa.ForeignKey("placement.id"), nullable=False),
    sa.Column("source_id", sa.Text, nullable=False),  # the platform's id of it
    sa.Column("kind", sa.Text, nullable=False),  # comment | attachment
    sa.Column("author", sa.Text, nullable=False, default=""),
    sa.Column("written_at", Instant),
    sa.Column("text", sa.Text, nullable=False, default=""),  # of an attachment its file name
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("placement_id", "source_id"),
)

# What was escalated outside both platforms and still lasts: told once, again each day, and when it is mended.
alert = sa.Table(
    "alert",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("told_at", Instant),
)
