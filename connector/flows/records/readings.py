"""What a platform says of a continuity record: kept as theirs, by version, and read again where that is in doubt."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from connector.continuity_record import plain_values, said
from connector.flows.leave import Later, leave
from connector.flows.parts import Keeping, Parts
from connector.flows.records.departures import hold, unlink
from connector.flows.records.identity import another
from connector.record_merge import same
from connector.store import counterparts, dated, tickets
from connector.ticketing import Record, Refused, Ticket, Unavailable

log = logging.getLogger(__name__)
_LOOK_BACK = 24
"""Writes of a counterpart among which one whose answer was lost is looked for."""


def take_in(
    tx: sa.Connection,
    parts: Parts,
    row: sa.Row[Any],
    ticket: Ticket,
    now: datetime,
    delivery_id: int | None,
    over: int | None = None,
) -> tuple[str, str]:
    """Store what a platform says of a record that stands there; returns (state, what came of it).

    `over` is the version that was known before the ticket was read by its id: where it still is, and is later than
    what was read, the platform itself went back.
    """
    called = f"{row.record} {row.key}"
    if row.gone:
        return "ignored", f"{called} is not linked with it any more: {row.gone}"
    if ticket.deleted:
        return unlink(tx, parts, row, now)
    if why := another(row, ticket):
        return hold(tx, parts, row, why, now)
    back = row.version is not None and ticket.version < row.version
    if back and over != row.version:
        return "ignored", f"{called} is known in a later version"
    values = plain_values(ticket.values)
    changed_at = ticket.values.get("updated_at")
    since = changed_at if isinstance(changed_at, datetime) else now
    before = dated.values(row.theirs)
    news = [name for name, value in values.items() if name not in before or not same(before[name], value)]
    keep = parts.keeping(row.connection, row.record)
    moved = _mapped_otherwise(row, keep)
    base, declined = dict(row.base), dict(row.declined)
    if row.declined:
        base, declined = _kept_after_all(parts, row, values)
    # What both agreed on says nothing of a field that is another one there now, or of a state from before.
    base = {name: value for name, value in base.items() if name not in moved and not (back and name in news)}
    base |= _landed(tx, parts, row, values, news) if not back else {}
    if back and news:
        text = f"{called}: {row.number} is back in an older state on {row.connection}; `wins` decides where both differ"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id)
    counterparts.update(
        tx,
        row.id,
        {
            "number": ticket.number or row.number,
            "url": ticket.url or row.url,
            "version": ticket.version,
            "theirs": {
                name: dated.stamped(value, since) if name in news else dated.stamped(value, row.theirs[name][1])
                for name, value in values.items()
            },
            "base": base,
            "declined": declined,
            "problems": {**row.problems, "read": list(ticket.problems), "doubt": []},
            "ticket_key": ticket.key if row.ticket_key is None else row.ticket_key,
            "ticket_made": row.ticket_made or ticket.made_at,
            "mapped_by": keep.mapping if keep is not None else row.mapped_by,
            "mapped_fields": dict(keep.fields) if keep is not None else row.mapped_fields,
            "seen_at": now,
            "delivery_id": delivery_id,
        },
    )
    if not news:
        return "done", f"{called} is as known"
    return "done", f"{called} on {row.connection}: " + "; ".join(
        f"{name} is {said(name, values[name])}" for name in news
    )


def _mapped_otherwise(row: sa.Row[Any], keep: Keeping | None) -> frozenset[str]:
    """Return the fields that are mapped otherwise than when the ticket was last read."""
    if keep is None or row.mapped_fields is None:
        return frozenset()
    return frozenset(name for name, mark in keep.fields.items() if row.mapped_fields.get(name) != mark)


def _landed(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], values: Mapping[str, Any], news: Sequence[str]
) -> dict[str, Any]:
    """Return those values that are new there and that a write of ours brought whose answer was lost: no edit."""
    keep = parts.keeping(row.connection, row.record)
    found: dict[str, Any] = {}
    if keep is None or not news:
        return found
    for write in counterparts.unanswered(tx, row, limit=_LOOK_BACK):
        there = keep.carry({name: write.values[name] for name in news if name in write.values}).values
        found |= {name: values[name] for name, value in there.items() if same(value, values[name])}
    return found


def _kept_after_all(parts: Parts, row: sa.Row[Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return base and declined values, now that it is read which of the written ones the platform kept."""
    keep = parts.keeping(row.connection, row.record)
    there = keep.carry(row.declined).values if keep is not None else {}
    kept = {name: values[name] for name in there if name in values and same(there[name], values[name])}
    return {**row.base, **kept}, {name: value for name, value in row.declined.items() if name not in kept}


def to_read(tx: sa.Connection, record: str, key: str) -> list[tuple[str, str]]:
    """Return the (connection, id) of tickets of a record of which it is not known how our write left them."""
    rows = counterparts.of_record(tx, record, key)
    return [
        (row.connection, row.platform_id)
        for row in rows
        if row.platform_id and not row.gone and row.version is None and (row.declined or not row.theirs)
    ]


def read_again(parts: Parts, connection: str, record: str, platform_id: str) -> None:
    """Read a ticket of a record as it stands now; where that cannot be done, the next message or sweep does it."""
    side = parts.connections.get(connection)
    if side is None:
        return
    try:
        with leave(parts.budgets, connection, "backfill"):
            found = next(iter(side.ticketing.read(cast("Record", record), [platform_id])), None)
    except Later:
        return
    except (Unavailable, Refused) as error:
        log.warning("%s of %s could not be read again: %s", platform_id, connection, error)
        return
    if found is not None:
        with parts.database.begin() as tx:
            row = counterparts.at(tx, connection, platform_id)
            if row is not None:
                take_in(tx, parts, row, found, parts.now(), row.delivery_id)
