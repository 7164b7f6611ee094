"""Continuity records that left one side: deleted on a platform, another record by now, or taken out of the files."""

from __future__ import annotations

import logging
import shlex
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.flows.parts import Parts
from connector.flows.records.belonging import wake_members
from connector.flows.records.wakes import wake
from connector.store import counterparts, tickets

log = logging.getLogger(__name__)


def unlink(tx: sa.Connection, parts: Parts, row: sa.Row[Any], now: datetime, reason: str = "") -> tuple[str, str]:
    """Unlink a record from a ticket that is there no more, or for another `reason`; nothing is deleted anywhere."""
    reason = reason or f"deleted or archived on {row.connection}"
    counterparts.update(tx, row.id, {"gone": reason, "state": "gone", "state_at": now})
    counterparts.give_up_newest(tx, row, reason, now)
    text = (
        f"{row.record} {row.key}: {row.number} was {reason}. It is unlinked; nothing is deleted elsewhere, and it is "
        f"not created again by itself (`continuity adopt {row.connection}` links or creates it)."
    )
    log.warning("%s", text)
    for other in counterparts.of_record(tx, row.record, row.key):
        tickets.tell(tx, text, now, connection=other.connection, platform_id=other.platform_id or "")
    wake(tx, parts, row.record, row.key)
    wake_members(tx, parts, row.record, row.key, row.connection)
    return "done", text


def hold(tx: sa.Connection, parts: Parts, row: sa.Row[Any], why: str, now: datetime) -> tuple[str, str]:
    """Take and write nothing while a ticket is another record than the one that was linked; told once."""
    doubt = (
        f"{row.number} is not the {row.record} that was linked: {why}. Link the right one with `continuity adopt "
        f"{row.connection} --link {shlex.quote(f'{row.key}=NUMBER')} --apply`"
    )
    if row.problems.get("doubt") != [doubt]:
        counterparts.update(tx, row.id, {"problems": {**row.problems, "doubt": [doubt]}, "version": None})
        counterparts.give_up_newest(tx, row, doubt, now)
        text = f"{row.record} {row.key}: {doubt}"
        log.warning("%s", text)
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id or "")
        wake(tx, parts, row.record, row.key)
    return "ignored", doubt


def leave_alone(tx: sa.Connection, row: sa.Row[Any], now: datetime) -> None:
    """Mark a counterpart of a record that the files do not have any more; nothing is deleted on the platform."""
    counterparts.update(tx, row.id, {"looked_at": now})
    if row.state != counterparts.LEFT:
        counterparts.give_up_newest(tx, row, "the record is not in the files any more", now)
        text = f"{row.record} {row.key} is not in the files any more; {row.number or 'its record'} stays as it is"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id or "")
        counterparts.update(tx, row.id, {"state": counterparts.LEFT, "state_at": now})
