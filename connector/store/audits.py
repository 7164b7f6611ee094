"""How far continuity records were read on each connection, by sweeps and audits: both go on where they stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.statements import by_dialect
from connector.store.tables import audit, swept


def _set(*names: str) -> Mapping[str, sa.Executable]:
    def statement(insert: Any) -> sa.Executable:
        made = insert(swept)
        return made.on_conflict_do_update(  # type: ignore[no-any-return]
            index_elements=["connection", "record"], set_={name: made.excluded[name] for name in names}
        )

    return by_dialect(statement)


_REACHED = _set("begun", "after")
_ENDED = _set("until", "begun", "after")


@dataclass(frozen=True)
class Reading:
    """One reading of a listing: what changed from `until` on, `begun` when, and the page that comes next."""

    until: datetime
    begun: datetime
    after: str = ""


def reading(tx: sa.Connection, connection: str, record: str, until: datetime, now: datetime) -> Reading:
    """Return the reading that was broken off, else a new one: from where the last ended, or from `until`.

    `record` is the kind, or another name under which a listing is read.
    """
    statement = sa.select(swept).where(swept.c.connection == connection, swept.c.record == record)
    row = tx.execute(statement).first()
    if row is None:
        return Reading(until, now)
    return Reading(row.until, row.begun or now, row.after or "")


def reached(tx: sa.Connection, connection: str, record: str, at: Reading, after: str) -> None:
    """Note that the pages of a reading before `after` were read."""
    values = {"until": at.until, "begun": at.begun, "after": after}
    tx.execute(_REACHED[tx.dialect.name], {"connection": connection, "record": record, **values})


def sweep_ended(tx: sa.Connection, connection: str, record: str, until: datetime) -> None:
    """Note that everything that changed before `until` was read."""
    values = {"until": until, "begun": None, "after": None}
    tx.execute(_ENDED[tx.dialect.name], {"connection": connection, "record": record, **values})


def begin_anew(tx: sa.Connection, connection: str, record: str) -> None:
    """Have a reading that was broken off begin again at the first page."""
    statement = sa.update(swept).where(swept.c.connection == connection, swept.c.record == record)
    tx.execute(statement.values(begun=None, after=None))


def forget_readings(tx: sa.Connection, connection: str, prefix: str) -> None:
    """Forget readings whose name begins with `prefix`, ended or not."""
    tx.execute(sa.delete(swept).where(swept.c.connection == connection, swept.c.record.startswith(prefix)))


def unfinished(tx: sa.Connection, connection: str, *, by: str, dry_run: bool = False) -> sa.Row[Any] | None:
    """Return the newest audit of a connection that somebody began if it has not ended."""
    statement = sa.select(audit).where(
        audit.c.connection == connection, audit.c.dry_run == dry_run, audit.c.started_by == by
    )
    found = tx.execute(statement.order_by(audit.c.id.desc()).limit(1)).first()
    return found if found is not None and found.ended_at is None else None


def newest(tx: sa.Connection, connection: str) -> sa.Row[Any] | None:
    """Return the newest audit of a connection that has ended, but for dry runs."""
    statement = sa.select(audit).where(
        audit.c.connection == connection, audit.c.dry_run.is_(False), audit.c.ended_at.is_not(None)
    )
    return tx.execute(statement.order_by(audit.c.id.desc()).limit(1)).first()


def begin(tx: sa.Connection, connection: str, *, dry_run: bool, by: str, mapped_by: str, now: datetime) -> sa.Row[Any]:
    values = {"record": "", "after": "", "dry_run": dry_run, "started_at": now, "started_by": by}
    statement = sa.insert(audit).values(connection=connection, mapped_by=mapped_by, counts={}, findings=[], **values)
    return tx.execute(statement.returning(audit)).one()


def save(tx: sa.Connection, audit_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(sa.update(audit).where(audit.c.id == audit_id).values(dict(values)))
