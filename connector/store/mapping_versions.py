"""Mappings as put in force: each version is kept, the newest is in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.tables import mapping_version

Content = Mapping[str, Mapping[str, Sequence[str]]]
"""Platform -> record -> the texts of its files, the shipped one first."""


def add(
    tx: sa.Connection, digest: str, content: Content, by: str, now: datetime, *, restores: int | None = None
) -> int:
    """Put a content in force; returns the number of its version. `restores` is the version whose content it is."""
    plain = {platform: {record: list(texts) for record, texts in files.items()} for platform, files in content.items()}
    values = {"digest": digest, "content": plain, "activated_at": now, "activated_by": by, "restores": restores}
    return int(tx.execute(sa.insert(mapping_version).values(values).returning(mapping_version.c.id)).scalar_one())


def one_at_a_time(tx: sa.Connection) -> None:
    """Have this transaction alone put a version in force until it ends; others that want to wait for it."""
    if tx.dialect.name == "postgresql":  # on SQLite every transaction is alone
        tx.execute(sa.text("LOCK TABLE mapping_version IN SHARE ROW EXCLUSIVE MODE"))


def newest(tx: sa.Connection) -> sa.Row[Any] | None:
    """Return the version in force, None before the first."""
    return tx.execute(sa.select(mapping_version).order_by(mapping_version.c.id.desc()).limit(1)).first()


def newest_id(tx: sa.Connection) -> int:
    """Return the number of the version in force, 0 before the first."""
    return int(tx.execute(sa.select(sa.func.max(mapping_version.c.id))).scalar() or 0)


def get(tx: sa.Connection, version: int) -> sa.Row[Any] | None:
    return tx.execute(sa.select(mapping_version).where(mapping_version.c.id == version)).first()


def before(tx: sa.Connection, version: int, digest: str) -> sa.Row[Any] | None:
    """Return the newest version before `version` whose content is another than that of `digest`."""
    older = sa.and_(mapping_version.c.id < version, mapping_version.c.digest != digest)
    return tx.execute(sa.select(mapping_version).where(older).order_by(mapping_version.c.id.desc()).limit(1)).first()


def listed(tx: sa.Connection, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return the newest versions, the newest first, without their contents."""
    columns = [column for column in mapping_version.c if column.name != "content"]
    return tx.execute(sa.select(*columns).order_by(mapping_version.c.id.desc()).limit(limit)).all()


def restore(tx: sa.Connection, version: int, by: str, now: datetime) -> int:
    """Put an older version's content in force again; returns the new number. Raises LookupError for one unknown."""
    row = get(tx, version)
    if row is None:
        raise LookupError(version)
    return add(tx, row.digest, row.content, by, now, restores=version)
