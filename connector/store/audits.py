"""How far continuity records were read on each connection: by sweeps, and by full audits that can be taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.statements import by_dialect
from connector.store.tables import audit, swept


def _sweep_ended(insert: Any) -> sa.Executable:
    statement = insert(swept)
    return statement.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=["connection", "record"], set_={"until": statement.excluded.until}
    )


_SWEEP_ENDED = by_dialect(_sweep_ended)


def swept_until(tx: sa.Connection, connection: str, record: str) -> datetime | None:
    statement = sa.select(swept.c.until).where(swept.c.connection == connection, swept.c.record == record)
    return tx.execute(statement).scalar()


def sweep_ended(tx: sa.Connection, connection: str, record: str, until: datetime) -> None:
    """Note that everything that changed before `until` was read."""
    tx.execute(_SWEEP_ENDED[tx.dialect.name], {"connection": connection, "record": record, "until": until})


def unfinished(tx: sa.Connection, connection: str, *, dry_run: bool) -> sa.Row[Any] | None:
    """Return the newest audit of a connection if it has not ended."""
    statement = sa.select(audit).where(audit.c.connection == connection, audit.c.dry_run == dry_run)
    found = tx.execute(statement.order_by(audit.c.id.desc()).limit(1)).first()
    return found if found is not None and found.ended_at is None else None


def begin(tx: sa.Connection, connection: str, *, dry_run: bool, by: str, now: datetime) -> sa.Row[Any]:
    values = {"record": "", "after": "", "dry_run": dry_run, "started_at": now, "started_by": by}
    statement = sa.insert(audit).values(connection=connection, counts={}, findings=[], **values).returning(audit)
    return tx.execute(statement).one()


def save(tx: sa.Connection, audit_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(sa.update(audit).where(audit.c.id == audit_id).values(dict(values)))


def newest(tx: sa.Connection, connection: str) -> sa.Row[Any] | None:
    """Return the newest audit of a connection that has ended."""
    statement = sa.select(audit).where(audit.c.connection == connection, audit.c.ended_at.is_not(None))
    return tx.execute(statement.order_by(audit.c.id.desc()).limit(1)).first()
