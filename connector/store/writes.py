"""Changes out: each recorded with its idempotency key before the call, and with its outcome after it; and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connector.moment import instant
from connector.store.belonging import Belongs
from connector.store.statements import by_dialect
from connector.store.tables import Instant, note, write
from connector.ticketing import KEPT

_INTEND = by_dialect(lambda insert: insert(write).on_conflict_do_nothing(index_elements=["key"]))
_INTEND_ONE = by_dialect(
    lambda insert: insert(write).on_conflict_do_nothing(index_elements=["key"]).returning(write.c.id)
)
_UNFINISHED = (
    sa.select(write)
    .where(write.c.subject == sa.bindparam("of"), write.c.state.in_(["pending", "parked"]))
    .order_by(write.c.id)
)
_UNFINISHED_AT = _UNFINISHED.where(write.c.connection == sa.bindparam("side"))
_PENDING = (
    write.c.subject == sa.bindparam("of"),
    write.c.connection == sa.bindparam("side"),
    write.c.state == "pending",
)
_DUE = sa.select(write.c.id).where(*_PENDING, write.c.next_at <= sa.bindparam("now", type_=Instant())).limit(1)
_READY = (
    sa.select(write)
    .where(
        *_PENDING,
        write.c.id > sa.bindparam("after"),
        sa.or_(write.c.next_at <= sa.bindparam("now", type_=Instant()), write.c.sent_at.is_(None)),
    )
    .order_by(write.c.id)
    .limit(sa.bindparam("most"))
)
_UPDATE = sa.update(write).where(write.c.id == sa.bindparam("row"))


def intend(tx: sa.Connection, values: Mapping[str, Any]) -> bool:
    """Record a write to be made; False when its key is known already."""
    return tx.execute(_INTEND_ONE[tx.dialect.name], dict(values)).scalar() is not None


def intend_all(tx: sa.Connection, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Record writes to be made, all with the same fields, in this order; those whose key is known are left out."""
    if wanted:
        tx.execute(_INTEND[tx.dialect.name], [dict(values) for values in wanted])


def get(tx: sa.Connection, key: str) -> sa.Row[Any] | None:
    return tx.execute(sa.select(write).where(write.c.key == key)).first()


def by_id(tx: sa.Connection, write_id: int) -> sa.Row[Any] | None:
    return tx.execute(sa.select(write).where(write.c.id == write_id)).first()


def unfinished(tx: sa.Connection, subject: str, connection: str = "") -> Sequence[sa.Row[Any]]:
    """Return writes of a subject that are pending or parked, in the order in which they were intended."""
    return tx.execute(_UNFINISHED_AT if connection else _UNFINISHED, {"of": subject, "side": connection}).all()


def ready(
    tx: sa.Connection, subject: str, connection: str, now: datetime, *, limit: int, after: int = 0
) -> Sequence[sa.Row[Any]]:
    """Return the oldest `limit` pending writes of a subject that are due, or never went out, behind the id `after`."""
    return tx.execute(_READY, {"of": subject, "side": connection, "now": now, "after": after, "most": limit}).all()


def unfinished_to(
    tx: sa.Connection, subject: str, connection: str, platform_ids: Sequence[str]
) -> Sequence[sa.Row[Any]]:
    """Return writes of a subject to these tickets that are pending or parked, in the order of their intention."""
    statement = _UNFINISHED_AT.where(write.c.platform_id.in_(platform_ids))
    return tx.execute(statement, {"of": subject, "side": connection}).all() if platform_ids else ()


def any_due(tx: sa.Connection, subject: str, connection: str, now: datetime) -> bool:
    """Tell whether a pending write of a subject is due."""
    return tx.execute(_DUE, {"of": subject, "side": connection, "now": now}).first() is not None


def next_due(tx: sa.Connection, subject: str, connection: str) -> datetime | None:
    """Return when the next pending write of a subject is due, None where none is pending."""
    statement = sa.select(sa.func.min(write.c.next_at)).where(*_PENDING)
    return tx.execute(statement, {"of": subject, "side": connection}).scalar()


def count_updates(tx: sa.Connection, connection: str, platform_id: str, prefix: str) -> int:
    """Return how many writes to a ticket have a key that begins with `prefix`: the next one's number."""
    statement = sa.select(sa.func.count()).select_from(write).where(*_to_ticket(connection, platform_id, prefix))
    return int(tx.execute(statement).scalar_one())


def update(tx: sa.Connection, write_ids: Sequence[int], values: Mapping[str, Any]) -> None:
    if len(write_ids) == 1:
        tx.execute(_UPDATE, {"row": write_ids[0], **values})
    elif write_ids:
        tx.execute(sa.update(write).where(write.c.id.in_(write_ids)).values(dict(values)))


def supersede(tx: sa.Connection, write_ids: Sequence[int], reason: str, now: datetime) -> None:
    """Give up writes that are not wanted any more."""
    update(tx, write_ids, {"state": "superseded", "reason": reason, "done_at": now})


def take(tx: sa.Connection, write_ids: Sequence[int], mapping_version: int | None, now: datetime) -> None:
    """Mark writes, before the call, as perhaps landed."""
    tx.execute(
        sa.update(write)
        .where(write.c.id.in_(write_ids))
        .values(
            attempts=write.c.attempts + 1,
            sent_at=now,
            tried_since=sa.func.coalesce(write.c.tried_since, sa.literal(now, Instant())),
            unclear_since=now,
            mapping_version=mapping_version,
        )
    )


def parked(tx: sa.Connection, limit: int = 200) -> Sequence[sa.Row[Any]]:
    return tx.execute(sa.select(write).where(write.c.state == "parked").order_by(write.c.id).limit(limit)).all()


def replay(tx: sa.Connection, write_id: int, now: datetime, by: str = "") -> sa.Row[Any] | None:
    """Put a parked write back in line with its own key; returns its row, None when it is not parked.

    `by` is who asked for it; it joins the write's cause.
    """
    told = f"replayed by {by or 'a person'} at {instant(now)}"
    cause = sa.case((write.c.cause == "", told), else_=write.c.cause + f"; {told}")
    statement = (
        sa.update(write)
        .where(write.c.id == write_id, write.c.state == "parked")
        .values(state="pending", tried_since=None, next_at=now, reason="", cause=cause)
        .returning(write)
    )
    return tx.execute(statement).first()


def overdue(tx: sa.Connection, now: datetime) -> Sequence[tuple[str, str]]:
    """Return (subject, connection) pairs with a pending write that should have gone out by `now`."""
    statement = (
        sa.select(write.c.subject, write.c.connection)
        .where(write.c.state == "pending", write.c.next_at <= now)
        .distinct()
        .limit(1000)
    )
    return [(row[0], row[1]) for row in tx.execute(statement)]


def _at(moment: datetime) -> sa.BindParameter[Any]:
    return sa.literal(moment, Instant())


def waiting_since(tx: sa.Connection, before: datetime, records_before: datetime) -> Sequence[tuple[str, datetime, int]]:
    """Return for each connection since when the oldest write is overdue or being tried, and how many are.

    Counted are those of continuity records that wait since before `records_before`, and others since before `before`;
    left out is what a parked write to the same ticket holds up, which waits for a person, and files, which may wait for
    the connection that they come from and are told by their address in the end.
    """
    since = sa.func.coalesce(write.c.tried_since, write.c.next_at)
    other = write.alias()
    held = sa.exists().where(
        other.c.connection == write.c.connection,
        other.c.platform_id == write.c.platform_id,
        other.c.platform_id != "",
        other.c.state == "parked",
    )
    statement = sa.select(write.c.connection, sa.func.min(since, type_=Instant()), sa.func.count()).where(
        write.c.state == "pending",
        write.c.action != "attach",
        since <= sa.case((write.c.record.in_(KEPT), _at(records_before)), else_=_at(before)),
        ~held,
    )
    rows = tx.execute(statement.group_by(write.c.connection).order_by(write.c.connection)).all()
    return [(row[0], row[1], int(row[2])) for row in rows]


def pending_creates(tx: sa.Connection, activation_id: int) -> Sequence[sa.Row[Any]]:
    """Return the creates of an activation that have not come to stand on their platform."""
    statement = sa.select(write).where(
        write.c.activation_id == activation_id,
        write.c.action == "create",
        write.c.state.in_(["pending", "parked"]),
    )
    return tx.execute(statement.order_by(write.c.id)).all()


def last_done(tx: sa.Connection, activation_id: int) -> sa.Row[Any] | None:
    """Return the write of an activation that was done last."""
    statement: sa.Select[Any] = sa.select(write.c.id, write.c.done_at).where(
        write.c.activation_id == activation_id, write.c.state == "done"
    )
    return tx.execute(statement.order_by(write.c.done_at.desc(), write.c.id.desc()).limit(1)).first()


def troubles(tx: sa.Connection, belongs: Belongs, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return writes that are parked, that are being tried again, or that warned of something, newest first."""
    warned = sa.cast(write.c.warnings, sa.Text) != "[]"
    statement = sa.select(write).where(
        belongs.among(write),
        write.c.state != "superseded",
        sa.or_(write.c.state == "parked", sa.and_(write.c.state == "pending", write.c.reason != ""), warned),
    )
    return tx.execute(statement.order_by(write.c.id.desc()).limit(limit)).all()


def hold_notes_in_flight(tx: sa.Connection, connection: str, wait: timedelta) -> None:
    """Let notes and files rest that were on their way when an earlier process died: the platform may still be at it."""
    in_flight = sa.select(write.c.id, write.c.sent_at).where(
        write.c.connection == connection,
        write.c.state == "pending",
        sa.or_(write.c.note != "", write.c.action == "attach"),
        write.c.sent_at.is_not(None),
        write.c.next_at <= write.c.sent_at,
    )
    for row in tx.execute(in_flight).all():
        update(tx, [row.id], {"next_at": row.sent_at + wait})


def drop_creates(tx: sa.Connection, activation_id: int, reason: str, now: datetime) -> None:
    """Give up what an activation wanted to create and that never went out, or was refused."""
    tx.execute(
        sa.update(write)
        .where(
            write.c.activation_id == activation_id,
            write.c.action == "create",
            sa.or_(write.c.state == "parked", sa.and_(write.c.state == "pending", write.c.sent_at.is_(None))),
        )
        .values(state="superseded", reason=reason, done_at=now)
    )


def counts(tx: sa.Connection, state: str, *, limit: int) -> dict[str, int]:
    """Return how many writes are in a state, by connection."""
    statement = sa.select(write.c.connection, sa.func.count()).where(write.c.state == state)
    return {row[0]: int(row[1]) for row in tx.execute(statement.group_by(write.c.connection).limit(limit))}


def longest_overdue(tx: sa.Connection, now: datetime) -> datetime | None:
    """Return when the pending write that is overdue the longest should have gone out."""
    statement = sa.select(sa.func.min(write.c.next_at)).where(write.c.state == "pending", write.c.next_at <= now)
    return tx.execute(statement).scalar()


def add_note(tx: sa.Connection, connection: str, platform_id: str, event: str, text: str, now: datetime) -> bool:
    """Have a note told on a ticket, once per event; False when it is there already."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(note)
        .values(connection=connection, platform_id=platform_id, event=event, text=text, created_at=now)
        .on_conflict_do_nothing(index_elements=["connection", "platform_id", "event"])
        .returning(note.c.id)
    )
    return tx.execute(statement).scalar() is not None


def untold(tx: sa.Connection, connection: str, platform_id: str) -> Sequence[sa.Row[Any]]:
    """Return a ticket's notes that no write carries yet."""
    statement = sa.select(note).where(
        note.c.connection == connection, note.c.platform_id == platform_id, note.c.write_key.is_(None)
    )
    return tx.execute(statement.order_by(note.c.id)).all()


def carry(tx: sa.Connection, note_ids: Sequence[int], write_key: str) -> None:
    """Record which write carries these notes."""
    tx.execute(sa.update(note).where(note.c.id.in_(note_ids)).values(write_key=write_key))


def for_ticket(tx: sa.Connection, connection: str, platform_id: str) -> Sequence[sa.Row[Any]]:
    """Return writes to one existing ticket that are pending or parked, oldest first, locked: none is being taken."""
    statement = sa.select(write).where(
        write.c.connection == connection,
        write.c.platform_id == platform_id,
        write.c.state.in_(["pending", "parked"]),
    )
    return tx.execute(statement.order_by(write.c.id).with_for_update()).all()


def state_on_its_way(tx: sa.Connection, placement_id: int) -> str:
    """Return the state that an update of a placement carries which was sent and not answered yet, else ""."""
    statement = sa.select(write.c["values"]).where(
        write.c.placement_id == placement_id,
        write.c.action == "update",
        write.c.state == "pending",
        write.c.attempts > 0,
    )
    return next((str(values["state"]) for (values,) in tx.execute(statement) if values.get("state")), "")


def another_state_with_platform(tx: sa.Connection, placement_id: int, state: str, since: datetime) -> bool:
    """Tell whether an update to another state than this went out after `since` and is not answered in any way yet."""
    statement = sa.select(write.c["values"]).where(
        write.c.placement_id == placement_id,
        write.c.action == "update",
        write.c.state == "pending",
        write.c.sent_at > since,
        write.c.next_at <= write.c.sent_at,
    )
    return any(values.get("state") not in {None, state} for (values,) in tx.execute(statement))


def last_sent(tx: sa.Connection, connection: str, platform_id: str, prefix: str) -> datetime | None:
    """Return when a write to a ticket whose key begins with `prefix` last went out."""
    statement = sa.select(sa.func.max(write.c.sent_at)).where(*_to_ticket(connection, platform_id, prefix))
    return tx.execute(statement).scalar()


def _to_ticket(connection: str, platform_id: str, prefix: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Match writes to one ticket; it narrows the search by its index, which the beginning of a key cannot."""
    return (
        write.c.connection == connection,
        write.c.platform_id == platform_id,
        write.c.key.startswith(prefix, autoescape=True),
    )


def created_as(tx: sa.Connection, connection: str, platform_id: str) -> sa.Row[Any] | None:
    """Return the write that created a ticket which is no placement (a question to the desk)."""
    statement = sa.select(write).where(
        write.c.connection == connection, write.c.platform_id == platform_id, write.c.action == "create"
    )
    return tx.execute(statement).first()


def newest_link(tx: sa.Connection, connection: str, platform_id: str, prefix: str) -> sa.Row[Any] | None:
    """Return the latest link that was put, or shall be put, on a ticket."""
    statement = sa.select(write).where(*_to_ticket(connection, platform_id, prefix)).order_by(write.c.id.desc())
    return tx.execute(statement.limit(1)).first()
