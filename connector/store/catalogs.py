"""Continuity records as applied: each version is kept, the newest is in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connector.store.tables import catalog, connection


def apply(tx: sa.Connection, digest: str, content: Mapping[str, Any], by: str, now: datetime) -> None:
    tx.execute(sa.insert(catalog).values(digest=digest, content=dict(content), applied_at=now, applied_by=by))


def newest(tx: sa.Connection) -> sa.Row[Any] | None:
    return tx.execute(sa.select(catalog).order_by(catalog.c.id.desc()).limit(1)).first()


def newest_digest(tx: sa.Connection) -> str:
    """Return the digest of the records in force, "" when none were applied."""
    return tx.execute(sa.select(catalog.c.digest).order_by(catalog.c.id.desc()).limit(1)).scalar() or ""


def connected(tx: sa.Connection, name: str, now: datetime) -> sa.Row[Any]:
    """Return a connection's row, made now if this is the first time that we connect."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    tx.execute(
        dialect.insert(connection)
        .values(name=name, first_connected_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    return tx.execute(sa.select(connection).where(connection.c.name == name)).one()


def polled(tx: sa.Connection, name: str, until: datetime, *, baseline_at: datetime | None = None) -> None:
    values: dict[str, Any] = {"polled_until": until}
    if baseline_at is not None:
        values["baseline_at"] = baseline_at
    tx.execute(sa.update(connection).where(connection.c.name == name).values(values))
