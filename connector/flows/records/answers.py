"""What came of a write of a continuity record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.flows.parts import Parts
from connector.flows.records.belonging import wake_members
from connector.flows.records.wakes import wake
from connector.store import counterparts, dated, tickets
from connector.ticketing import Outcome


def written(tx: sa.Connection, parts: Parts, write: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
    """Take in that a write was made: both sides agree on its values, as far as the platform kept them."""
    row = _of_write(tx, write)
    if row is None:
        return
    if write.action == "create" and row.platform_id not in {None, outcome.id}:
        text = f"{row.record} {row.key}: {outcome.number} was created on {row.connection} beside {row.number}; close it"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id)
        return
    keep = parts.keeping(row.connection, row.record)
    values = {name: value for name, value in write.values.items() if keep is not None and name in keep.rules}
    there = keep.carry(values).values if keep is not None else {}
    # What a warning tells of has to be read again: until then it counts as not kept.
    unsure = {name: value for name, value in values.items() if outcome.warnings and name in there}
    stands = {name: there.get(name, value) for name, value in values.items() if name not in unsure}
    version = None if outcome.warnings or (write.action == "create" and write.unclear_since) else outcome.version
    overtaken = version is not None and row.version is not None and version < row.version
    changes: dict[str, Any] = {
        "base": {**row.base, **stands},
        "declined": {**{name: value for name, value in row.declined.items() if name not in stands}, **unsure},
        "version": row.version if overtaken else version,
        "problems": {**row.problems, "warned": list(outcome.warnings)},
    }
    if not overtaken:
        known = {name: dated.stamped(value, now) for name, value in stands.items() if name in there}
        changes["theirs"] = {**row.theirs, **known}
    if write.action == "create":
        changes |= {"platform_id": outcome.id, "number": outcome.number, "url": outcome.url, "ticket_key": write.key}
        text = f"{row.record} {row.key}: {outcome.number} created on {row.connection}"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=outcome.id)
    counterparts.update(tx, row.id, changes)
    if write.action == "create":
        wake_members(tx, parts, row.record, row.key, row.connection)


def settled(tx: sa.Connection, parts: Parts, write: sa.Row[Any]) -> None:
    """Have the record of a write looked at again, now that it is known what came of it."""
    row = _of_write(tx, write)
    if row is not None:
        wake(tx, parts, row.record, row.key)


def _of_write(tx: sa.Connection, write: sa.Row[Any]) -> sa.Row[Any] | None:
    """Return the counterpart that a write was made for, locked."""
    _, record, key, _ = write.key.split(":", 3)
    return counterparts.on(tx, record, key, write.connection, lock=True)
