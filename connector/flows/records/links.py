"""Continuity records linked with a platform's: each with one that is there, or to be created."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from connector.continuity_record import TITLE
from connector.flows.parts import Parts
from connector.flows.records.belonging import wake_members
from connector.flows.records.departures import unlink
from connector.flows.records.readings import take_in
from connector.flows.records.wakes import wake
from connector.store import counterparts, tickets
from connector.ticketing import Ticket


def link(
    tx: sa.Connection, parts: Parts, row_of: tuple[str, str, str], ticket: Ticket | None, by: str, now: datetime
) -> None:
    """Link a record (kind, key, connection) with a ticket as just read, or with None have it created there."""
    record, key, connection = row_of
    counterparts.add(tx, record, key, connection, {"linked_at": now, "linked_by": by})
    row = next(item for item in counterparts.of_record(tx, record, key, lock=True) if item.connection == connection)
    counterparts.give_up_newest(tx, row, "linked anew", now)
    counterparts.update(
        tx,
        row.id,
        {
            **{name: {} for name in ("base", "theirs", "declined", "conflicts", "problems")},
            "platform_id": ticket.id if ticket is not None else None,
            "number": ticket.number if ticket is not None else "",
            "url": ticket.url if ticket is not None else "",
            "version": None,
            "ticket_key": None,
            "ticket_made": None,
            "gone": "",
            "state": "new",
            "state_at": now,
            "linked_at": now,
            "linked_by": by,
        },
    )
    if ticket is not None:
        for other in counterparts.others_at(tx, row, ticket.id):
            unlink(tx, parts, other, now, f"linked with {record} {key} on {connection}")
        fresh = next(item for item in counterparts.of_record(tx, record, key) if item.connection == connection)
        take_in(tx, parts, fresh, ticket, now, None)
        named = ticket.values.get(TITLE[record])
        text = f"{record} {key} linked with {ticket.number} '{named}' on {connection} by {by}"
        tickets.tell(tx, text, now, connection=connection, platform_id=ticket.id)
        wake_members(tx, parts, record, key, connection)
    wake(tx, parts, record, key)
