"""What was received and written since a time, in order, for replaying it through other mappings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.tables import delivery, ticket, write

PAGE = 500
"""Rows that are read at once: bodies can be long."""


def messages(tx: sa.Connection, since: datetime) -> Iterator[sa.Row[Any]]:
    """Yield what platforms sent or polls found, with its body; commands of people are left out."""
    wanted = sa.and_(delivery.c.received_at >= since, delivery.c.source.in_(["webhook", "poll"]))
    yield from _paged(tx, delivery, wanted)


def writes(tx: sa.Connection, since: datetime) -> Iterator[sa.Row[Any]]:
    """Yield the creates and updates that were meant to be made, whatever became of them."""
    yield from _paged(tx, write, sa.and_(write.c.created_at >= since, write.c.action.in_(["create", "update"])))


def latest_messages(tx: sa.Connection, before: datetime) -> Iterator[sa.Row[Any]]:
    """Yield the messages of before that brought what is known of a ticket now."""
    known = sa.select(ticket.c.delivery_id).where(ticket.c.delivery_id.is_not(None), ~ticket.c.deleted)
    yield from _paged(tx, delivery, sa.and_(delivery.c.id.in_(known), delivery.c.received_at < before))


def _paged(tx: sa.Connection, table: sa.Table, wanted: sa.ColumnElement[bool]) -> Iterator[sa.Row[Any]]:
    last = 0
    while True:
        page = tx.execute(sa.select(table).where(wanted, table.c.id > last).order_by(table.c.id).limit(PAGE)).all()
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].id
