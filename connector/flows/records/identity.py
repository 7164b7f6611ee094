"""Whether a ticket still is the record that was linked with it: a platform that was reset uses its ids again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connector.moment import instant
from connector.store import counterparts
from connector.ticketing import Ticket


def another(row: sa.Row[Any], ticket: Ticket) -> str:
    """Say why a ticket is another record than the one that was linked, "" where nothing tells that for certain."""
    own = f"{counterparts.subject(row.record, row.key)}:"
    if ticket.key and row.ticket_key is not None and ticket.key != row.ticket_key and not ticket.key.startswith(own):
        return f"it bears the key of {_named(ticket.key)}"
    if row.ticket_made is not None and ticket.made_at is not None and ticket.made_at != row.ticket_made:
        return f"it was made at {instant(ticket.made_at)}, and the one that was linked at {instant(row.ticket_made)}"
    if ticket.record != row.record:
        kind = str(ticket.values.get("issue_type") or "") if ticket.record == "other" else ticket.record
        return f"it is {kind or 'of another kind'} now"
    return ""


def _named(key: str) -> str:
    match key.split(":"):
        case ["record", kind, name, *_]:
            return f"{kind} {name}"
    return f"another record of ours, {key}"
