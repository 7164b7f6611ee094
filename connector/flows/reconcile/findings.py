"""What was found otherwise than known: it goes on as a message, and its record's own flow decides."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import plain_values
from connector.flows.parts import Parts
from connector.flows.records.identity import another
from connector.record_merge import same
from connector.store import counterparts, dated, deliveries
from connector.ticketing import Ticket


def differs(parts: Parts, row: sa.Row[Any], ticket: Ticket, *, older: bool = False) -> bool:
    """Tell whether a ticket is other than its counterpart is known to be.

    An older version tells something only where it is not an index that lags (`older`). One that was last read by
    another mapping has to be read anew.
    """
    if row.gone:
        return False
    if another(row, ticket):
        return not row.problems.get("doubt")
    if row.version is not None and ticket.version < row.version:
        return older
    keep = parts.keeping(row.connection, row.record)
    if row.version is None or (keep is not None and row.mapped_by not in {None, keep.mapping}):
        return True
    known = {**row.base, **dated.values(row.theirs)}
    return any(not same(value, known.get(name)) for name, value in plain_values(ticket.values).items())


def missing(row: sa.Row[Any]) -> Ticket:
    """Return what stands for the ticket of a counterpart that was read by its id and is not there."""
    return Ticket(row.connection, "other", row.platform_id, row.number, row.url, 0, deleted=True)


def hand_over(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], ticket: Ticket, now: datetime, mark: str = "poll"
) -> bool:
    """Record a ticket that is other than known as a message, once for each version and mark, and wake its record."""
    subject = counterparts.subject(row.record, row.key)
    message = deliveries.Message(
        connection=row.connection,
        key=f"{mark}:{ticket.id}:{'gone' if ticket.deleted else ticket.version}",
        source="poll",
        event="found gone" if ticket.deleted else "found by sweep",
        body=json.dumps(dict(ticket.raw)).encode(),
        platform_id=ticket.id,
        number=ticket.number or row.number,
        version=None if ticket.deleted else ticket.version,
        subject=subject,
    )
    if deliveries.record(tx, message, now) is None:
        return False
    parts.wakes.wake(tx, "incident", subject)
    return True
