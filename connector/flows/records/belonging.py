"""Records that belong to another: the tasks of a plan stand on a platform only under their plan's own ticket there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import BELONGS_TO, keys, plan_key
from connector.flows.parts import Parts
from connector.flows.records.wakes import sending, wake
from connector.store import counterparts


def named_there(tx: sa.Connection, row: sa.Row[Any], ours: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the record that this one belongs to is called on its connection, by field.

    {} where it belongs to none, None while the other does not stand there.
    """
    kind = BELONGS_TO.get(row.record)
    if kind is None:
        return {}
    of = counterparts.on(tx, kind, ours[kind], row.connection)
    return {kind: of.platform_id} if of is not None and of.platform_id and not of.gone else None


def wake_members(tx: sa.Connection, parts: Parts, record: str, key: str, connection: str) -> None:
    """After a record came to stand on a connection, or left it, have those looked at that belong to it."""
    kinds = [kind for kind, of in BELONGS_TO.items() if of == record]
    for kind in kinds:
        keep = parts.keeping(connection, kind)
        if keep is None:
            continue
        known = counterparts.known_keys(tx, connection, kind)
        for member in sorted(item for item in known if plan_key(item) == key):
            wake(tx, parts, kind, member)
        catalog = parts.records.read(tx)
        if keep.create and any(plan_key(item) == key and item not in known for item in keys(catalog, kind)):
            parts.wakes.wake(tx, "sweep", sending(connection))
