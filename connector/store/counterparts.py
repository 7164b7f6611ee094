"""Where continuity records stand on platforms: what each side last said, and what was taken from there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store import writes
from connector.store.database import NOTED
from connector.store.statements import by_dialect
from connector.store.tables import Instant, counterpart, taken, write

LEFT = "not in the files"
"""The state of a counterpart whose record was taken out of the files."""
_ADD = by_dialect(
    lambda insert: (
        insert(counterpart)
        .on_conflict_do_nothing(index_elements=["record", "key", "connection"])
        .returning(counterpart.c.id)
    )
)
_OF_RECORD = (
    sa.select(counterpart)
    .where(counterpart.c.record == sa.bindparam("kind"), counterpart.c.key == sa.bindparam("of"))
    .order_by(counterpart.c.connection)
)
_UNLINKED = sa.case((counterpart.c.gone == "", 0), else_=1)
_STAMP = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(taken.c.id), 0)).select_from(taken)


def subject(record: str, key: str) -> str:
    """Return what a record's messages and writes are handled under."""
    return f"record:{record}:{key}"


def key_of(write_key: str, record: str, connection: str) -> str:
    """Return the key of the record of a kind that a write of ours made on a connection, "" of any other write."""
    match write_key.split(":"):
        case ["record", kind, key, side, _] if (kind, side) == (record, connection):
            return key
    return ""


def is_linked(row: sa.Row[Any]) -> bool:
    """Tell whether a record stands on a platform in a ticket that is its own."""
    return bool(row.platform_id) and not row.gone and not row.problems.get("doubt")


def at(tx: sa.Connection, connection: str, platform_id: str) -> sa.Row[Any] | None:
    """Return the counterpart that a ticket is, locked; one that was unlinked only where no other is linked."""
    statement = sa.select(counterpart).where(
        counterpart.c.connection == connection, counterpart.c.platform_id == platform_id
    )
    return tx.execute(statement.order_by(_UNLINKED).with_for_update()).first() if platform_id else None


def others_at(tx: sa.Connection, row: sa.Row[Any], platform_id: str) -> Sequence[sa.Row[Any]]:
    """Return the other counterparts that are linked with a ticket on the connection of this one."""
    statement = sa.select(counterpart).where(
        counterpart.c.connection == row.connection,
        counterpart.c.platform_id == platform_id,
        counterpart.c.gone == "",
        counterpart.c.id != row.id,
    )
    return tx.execute(statement).all()


def among(tx: sa.Connection, connection: str, platform_ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
    """Return the counterparts that these tickets are, by the ticket's id."""
    statement = sa.select(counterpart).where(
        counterpart.c.connection == connection, counterpart.c.platform_id.in_(platform_ids)
    )
    found = tx.execute(statement.order_by(_UNLINKED.desc())) if platform_ids else ()
    return {row.platform_id: row for row in found}


def of_record(tx: sa.Connection, record: str, key: str, *, lock: bool = False) -> Sequence[sa.Row[Any]]:
    """Return where a record stands, by connection."""
    return tx.execute(_OF_RECORD.with_for_update() if lock else _OF_RECORD, {"kind": record, "of": key}).all()


def on(tx: sa.Connection, record: str, key: str, connection: str, *, lock: bool = False) -> sa.Row[Any] | None:
    """Return where a record stands, or shall stand, on one connection; `lock` locks it on all of them."""
    return next((row for row in of_record(tx, record, key, lock=lock) if row.connection == connection), None)


def every(tx: sa.Connection, *, connection: str = "", record: str = "") -> Sequence[sa.Row[Any]]:
    """Return all counterparts, or those of a connection or kind, in the order of kind, key and connection."""
    statement = sa.select(counterpart).order_by(counterpart.c.record, counterpart.c.key, counterpart.c.connection)
    for column, value in ((counterpart.c.connection, connection), (counterpart.c.record, record)):
        if value:
            statement = statement.where(column == value)
    return tx.execute(statement).all()


def known_keys(tx: sa.Connection, connection: str, record: str) -> frozenset[str]:
    """Return the keys of the records of a kind that stand, or shall stand, on a connection."""
    statement = sa.select(counterpart.c.key).where(
        counterpart.c.connection == connection, counterpart.c.record == record
    )
    return frozenset(tx.execute(statement).scalars())


def doubtful_keys(tx: sa.Connection, connection: str, record: str) -> frozenset[str]:
    """Return the keys of the records of a kind for which a person has to say whether one that is there is the same."""
    statement = sa.select(counterpart.c.key).where(
        counterpart.c.connection == connection,
        counterpart.c.record == record,
        counterpart.c.platform_id.is_(None),
        counterpart.c.linked_by == "",
    )
    return frozenset(tx.execute(statement).scalars())


def add(tx: sa.Connection, record: str, key: str, connection: str, values: Mapping[str, Any]) -> bool:
    """Record where a record stands, or shall be created; False where that is known already."""
    given = {**_EMPTY, "record": record, "key": key, "connection": connection, **values}
    return tx.execute(_ADD[tx.dialect.name], given).scalar() is not None


def update(tx: sa.Connection, counterpart_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(sa.update(counterpart).where(counterpart.c.id == counterpart_id).values(dict(values)))


def met(tx: sa.Connection, ids: Sequence[int], audit_id: int) -> None:
    """Note that a full audit met these counterparts; that a later one did stays known."""
    if ids:
        tx.execute(sa.update(counterpart).where(counterpart.c.id.in_(ids), _before(audit_id)).values(audit=audit_id))


def unmet(tx: sa.Connection, connection: str, record: str, audit_id: int, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return counterparts that are linked and that neither a full audit nor a later one has met."""
    statement = sa.select(counterpart).where(
        counterpart.c.connection == connection,
        counterpart.c.record == record,
        counterpart.c.platform_id.is_not(None),
        counterpart.c.gone == "",
        _before(audit_id),
    )
    return tx.execute(statement.order_by(counterpart.c.id).limit(limit)).all()


def _before(audit_id: int) -> sa.ColumnElement[bool]:
    return sa.or_(counterpart.c.audit.is_(None), counterpart.c.audit < audit_id)


def mapped_otherwise(tx: sa.Connection, connection: str, record: str, mapping: str) -> bool:
    """Tell whether a linked record of a kind was last read by another mapping."""
    statement = sa.select(counterpart.c.id).where(
        counterpart.c.connection == connection,
        counterpart.c.record == record,
        counterpart.c.platform_id.is_not(None),
        counterpart.c.gone == "",
        counterpart.c.mapped_by != mapping,
    )
    return tx.execute(statement.limit(1)).first() is not None


def unlooked(
    tx: sa.Connection,
    connection: str,
    mappings: Mapping[str, str],
    before: datetime,
    read_before: datetime,
    *,
    limit: int,
) -> list[tuple[str, str]]:
    """Return (kind, key) of up to `limit` records that something happened to before `before`, not looked at since.

    `mappings` are those in force, by kind. A ticket that has to be read again is waited for until `read_before`.
    """
    end = sa.literal(before, Instant())
    since = counterpart.c.looked_at
    name = sa.literal("record:") + counterpart.c.record + ":" + counterpart.c.key + ":" + counterpart.c.connection + ":"
    answered = sa.exists().where(
        write.c.key == name + sa.cast(counterpart.c.writes - 1, sa.Text),
        write.c.state.not_in(["pending", "parked"]),
        write.c.done_at > since,
        write.c.done_at < end,
    )
    to_create = sa.and_(counterpart.c.platform_id.is_(None), counterpart.c.linked_by != "")
    to_read = sa.and_(
        counterpart.c.platform_id.is_not(None),
        counterpart.c.version.is_(None),
        sa.or_(_is_empty(counterpart.c.theirs), ~_is_empty(counterpart.c.declined)),
    )
    composed = [
        sa.and_(counterpart.c.record == kind, counterpart.c.mapped_by != mark) for kind, mark in mappings.items()
    ]
    statement = sa.select(counterpart.c.record, counterpart.c.key).where(
        counterpart.c.connection == connection,
        counterpart.c.record.in_(list(mappings)),
        counterpart.c.gone == "",
        sa.or_(
            sa.and_(counterpart.c.state == "new", counterpart.c.linked_at < end),
            sa.and_(counterpart.c.seen_at > since, counterpart.c.seen_at < end),
            sa.and_(counterpart.c.state == "waiting", answered),
            sa.and_(to_create, sa.or_(*composed)),
            sa.and_(to_read, since < sa.literal(read_before, Instant())),
        ),
    )
    return [(row[0], row[1]) for row in tx.execute(statement.order_by(counterpart.c.id).limit(limit))]


def _is_empty(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.cast(column, sa.Text) == "{}"


def linked_since(tx: sa.Connection, connection: str, record: str) -> datetime | None:
    """Return when the first record of a kind was linked on a connection, None where none is."""
    statement = sa.select(sa.func.min(counterpart.c.linked_at)).where(
        counterpart.c.connection == connection, counterpart.c.record == record, counterpart.c.gone == ""
    )
    return tx.execute(statement).scalar()


def write_key(row: sa.Row[Any], number: int) -> str:
    """Return the key of a counterpart's write of that number; `row.writes` is the number of the next."""
    return f"{subject(row.record, row.key)}:{row.connection}:{number}"


def newest_write(tx: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    """Return the latest write of a counterpart, locked: it is not being taken."""
    statement = sa.select(write).where(write.c.key == write_key(row, row.writes - 1))
    return tx.execute(statement.with_for_update()).first() if row.writes else None


def give_up_newest(tx: sa.Connection, row: sa.Row[Any], reason: str, now: datetime) -> None:
    """Give up the latest write of a counterpart, if nothing came of it yet."""
    newest = newest_write(tx, row)
    if newest is not None and newest.state in {"pending", "parked"}:
        writes.supersede(tx, [newest.id], reason, now)


def written_since(tx: sa.Connection, row: sa.Row[Any], since: datetime, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return the newest `limit` updates of a counterpart's ticket that were done since then, the oldest first."""
    keys = [write_key(row, number) for number in range(max(row.writes - limit, 0), row.writes)]
    statement = sa.select(write).where(
        write.c.key.in_(keys), write.c.action == "update", write.c.state == "done", write.c.done_at >= since
    )
    return tx.execute(statement.order_by(write.c.id)).all()


def unanswered(tx: sa.Connection, row: sa.Row[Any], *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return which of a counterpart's newest `limit` writes went out and may have landed, the oldest first."""
    keys = [write_key(row, number) for number in range(max(row.writes - limit, 0), row.writes)]
    statement = sa.select(write).where(
        write.c.key.in_(keys), write.c.state != "done", write.c.sent_at.is_not(None), write.c.unclear_since.is_not(None)
    )
    return tx.execute(statement.order_by(write.c.id)).all() if keys else ()


def stamp(tx: sa.Connection) -> tuple[int, int]:
    """Return what changes whenever a taken value does."""
    count, newest = tx.execute(_STAMP).one()
    return int(count), int(newest)


def all_taken(tx: sa.Connection) -> dict[tuple[str, str], list[sa.Row[Any]]]:
    """Return the values taken from platforms, by record and key."""
    found: dict[tuple[str, str], list[sa.Row[Any]]] = defaultdict(list)
    for row in taken_after(tx, 0):
        found[row.record, row.key].append(row)
    return dict(found)


def taken_of(tx: sa.Connection, record: str, key: str) -> Sequence[sa.Row[Any]]:
    return tx.execute(sa.select(taken).where(taken.c.record == record, taken.c.key == key)).all()


def taken_after(tx: sa.Connection, newest: int) -> Sequence[sa.Row[Any]]:
    """Return the values that were taken after the row of that id, the oldest first."""
    return tx.execute(sa.select(taken).where(taken.c.id > newest).order_by(taken.c.id)).all()


def is_taking(tx: sa.Connection) -> bool:
    """Tell whether this transaction took or dropped a value: what it reads of them may be rolled back."""
    return bool(tx.info.get(NOTED) == "taking")


def take(tx: sa.Connection, values: Mapping[str, Any]) -> None:
    """Keep a value taken from a platform, in the place of the one before it."""
    drop(tx, values["record"], values["key"], values["field"])
    tx.execute(sa.insert(taken).values(dict(values)))


def drop(tx: sa.Connection, record: str, key: str, field: str) -> None:
    """Let the file's own value stand again."""
    tx.info[NOTED] = "taking"
    tx.execute(sa.delete(taken).where(taken.c.record == record, taken.c.key == key, taken.c.field == field))


_EMPTY: Mapping[str, Any] = {
    "number": "",
    "url": "",
    "writes": 0,
    "base": {},
    "ours": {},
    "theirs": {},
    "declined": {},
    "conflicts": {},
    "problems": {},
    "state": "new",
    "gone": "",
}
