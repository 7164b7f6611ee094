"""What was escalated outside both platforms and still lasts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connector.store.tables import alert


def standing(tx: sa.Connection) -> dict[str, sa.Row[Any]]:
    """Return what lasts by its key, locked."""
    return {row.key: row for row in tx.execute(sa.select(alert).with_for_update())}


def put(tx: sa.Connection, key: str, text: str, since: datetime, told_at: datetime | None) -> None:
    """Store what lasts, since when, and when that was last told (None: not yet)."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    values = {"text": text, "since": since, "told_at": told_at}
    statement = dialect.insert(alert).values(key=key, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def forget(tx: sa.Connection, keys: Collection[str]) -> None:
    """Delete what lasts no more."""
    tx.execute(sa.delete(alert).where(alert.c.key.in_(sorted(keys))))
