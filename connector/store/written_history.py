"""The history for auditors: what each write changed, why and what was answered, and the lines of what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.tables import history, placement, ticket, write

PAGE = 500
"""Rows that are held in memory at a time."""


@dataclass(frozen=True)
class Wanted:
    """Which lines to tell; "" or None is no condition. A line of `history` stands under its ticket's number."""

    number: str = ""
    activation_id: int | None = None
    since: datetime | None = None


def writes_after(tx: sa.Connection, wanted: Wanted, after: int, *, limit: int) -> list[dict[str, Any]]:
    """Return the next writes by id, as lines: `at` is when the write was intended."""
    statement = sa.select(write).where(write.c.id > after).order_by(write.c.id).limit(limit)
    if wanted.number:
        statement = statement.where(write.c.number == wanted.number)
    if wanted.activation_id is not None:
        statement = statement.where(write.c.activation_id == wanted.activation_id)
    if wanted.since is not None:
        statement = statement.where(write.c.created_at >= wanted.since)
    return [_line(row) for row in tx.execute(statement)]


def happened_after(tx: sa.Connection, wanted: Wanted, after: int, *, limit: int) -> list[dict[str, Any]]:
    """Return the next lines of what happened, by id; those of a ticket include its activation's."""
    statement = sa.select(history).where(history.c.id > after).order_by(history.c.id).limit(limit)
    if wanted.number:
        known = sa.select(ticket.c.connection, ticket.c.platform_id).where(ticket.c.number == wanted.number)
        led = sa.select(ticket.c.activation_id).where(
            ticket.c.number == wanted.number, ticket.c.activation_id.is_not(None)
        )
        placed = sa.select(placement.c.activation_id).where(placement.c.number == wanted.number)
        statement = statement.where(
            sa.or_(
                sa.tuple_(history.c.connection, history.c.platform_id).in_(known),
                history.c.activation_id.in_(led.union(placed)),
            )
        )
    if wanted.activation_id is not None:
        statement = statement.where(history.c.activation_id == wanted.activation_id)
    if wanted.since is not None:
        statement = statement.where(history.c.at >= wanted.since)
    return [
        {
            **_NOTHING,
            "id": f"H{row.id}",
            "at": row.at,
            "connection": row.connection,
            "activation_id": row.activation_id,
            "action": "happened",
            "note": row.text,
        }
        for row in tx.execute(statement)
    ]


def lines(tx: sa.Connection, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yield every line: the writes as they were intended, then what happened; a page is in memory at a time."""
    for page in (writes_after, happened_after):
        after = 0
        while found := page(tx, wanted, after, limit=PAGE):
            yield from found
            after = int(found[-1]["id"][1:])


_NOTHING: dict[str, Any] = {
    "ticket": "",
    "record": "",
    "changes": [],
    "cause": "",
    "mapping_version": None,
    "attempts": 0,
    "state": "",
    "answer": "",
}


def _line(row: sa.Row[Any]) -> dict[str, Any]:
    before = row.before or {}
    return {
        "id": f"W{row.id}",
        "at": row.created_at,
        "connection": row.connection,
        "activation_id": row.activation_id,
        "action": row.action,
        "note": row.note.partition("\n")[0],
        "ticket": row.number,
        "record": row.record,
        "changes": [{"field": key, "before": before.get(key), "after": row.values[key]} for key in row.values],
        "cause": row.cause,
        "mapping_version": row.mapping_version,
        "attempts": row.attempts,
        "state": row.state,
        "answer": row.answer or row.reason,
    }
