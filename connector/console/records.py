"""What the page and the API read from the store, in a bounded number of queries however big the plan is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.activation import Standing
from connector.store import activations, tickets
from connector.store.tables import activation, history, ticket, write

ACTIVATION = "activation"
"""Stands in the place of a connection in the address of an activation that has no incident."""
PREFIX = "ACT-"
MOST_LINES = 500
MOST_WRITES = 500
LARGEST_ID = 2**63 - 1
"""The largest id that the tables hold (a signed 64-bit number)."""


@dataclass(frozen=True)
class Found:
    """Everything known of a ticket, of an activation, or of both. `lines` are the newest of what happened."""

    ticket: sa.Row[Any] | None
    activation: sa.Row[Any] | None
    standing: Standing | None
    incidents: Sequence[sa.Row[Any]]
    placements: Sequence[sa.Row[Any]]
    troubles: Sequence[sa.Row[Any]]
    lines: Sequence[sa.Row[Any]]


def find(tx: sa.Connection, connection: str, number: str) -> Found | None:
    """Return what is known of a ticket by its number, or of an activation (`activation`, `ACT-3`); None if nothing."""
    if connection == ACTIVATION and number.startswith(PREFIX):
        row = activation_by_number(tx, number)
        return None if row is None else _found(tx, _lead(tx, row), row)
    mine = ticket_by_number(tx, connection, number)
    if mine is None:
        return None
    running = activations.get(tx, mine.activation_id) if mine.activation_id is not None else None
    return _found(tx, mine, running)


def activation_by_number(tx: sa.Connection, number: str) -> sa.Row[Any] | None:
    """Return the activation that people call `number`, such as `ACT-3`."""
    digits = number.removeprefix(PREFIX)
    known = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_ID)) and int(digits) <= LARGEST_ID
    return activation_by_id(tx, int(digits)) if known else None


def activation_by_id(tx: sa.Connection, activation_id: int) -> sa.Row[Any] | None:
    return tx.execute(sa.select(activation).where(activation.c.id == activation_id)).first()


def ticket_by_number(tx: sa.Connection, connection: str, number: str) -> sa.Row[Any] | None:
    """Return the ticket called `number` on a connection; of several (one deleted, a new one made) the one alive."""
    if not number or "\0" in number or "\0" in connection:
        return None
    rows = tickets.by_number(tx, number, connection)
    return max(rows, key=lambda row: (not row.deleted, row.id), default=None)


def listed(
    tx: sa.Connection, *, state: str = "", exercise: bool | None = None, first: int = 0, limit: int = 50
) -> tuple[Sequence[sa.Row[Any]], int]:
    """Return activations, newest first, with their lead incident's number and address; and how many there are."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if state:
        conditions.append(activation.c.state == state)
    if exercise is not None:
        conditions.append(activation.c.exercise.is_(exercise))
    wanted = sa.and_(*conditions)
    total = int(tx.execute(sa.select(sa.func.count()).select_from(activation).where(wanted)).scalar_one())
    if first >= total:
        return [], total
    lead = sa.and_(
        activation.c.connection != "",
        ticket.c.connection == activation.c.connection,
        ticket.c.platform_id == activation.c.platform_id,
    )
    statement = (
        sa.select(activation, ticket.c.number.label("incident_number"), ticket.c.url.label("incident_url"))
        .select_from(activation.outerjoin(ticket, lead))
        .where(wanted)
        .order_by(activation.c.id.desc())
        .offset(first)
        .limit(limit)
    )
    return tx.execute(statement).all(), total


def _lead(tx: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    return tickets.get(tx, row.connection, row.platform_id) if row.platform_id else None


def _found(tx: sa.Connection, mine: sa.Row[Any] | None, row: sa.Row[Any] | None) -> Found:
    if row is None:
        return Found(mine, None, None, (), (), _troubles(tx, mine, None), _lines(tx, mine, None))
    return Found(
        ticket=mine,
        activation=row,
        standing=activations.standing(tx, row, ()),
        incidents=tickets.of_activation(tx, row.id),
        placements=activations.placements(tx, row.id),
        troubles=_troubles(tx, mine, row.id),
        lines=_lines(tx, mine, row.id),
    )


def _of(table: sa.Table, mine: sa.Row[Any] | None, activation_id: int | None) -> sa.ColumnElement[bool]:
    """Return the condition for what belongs to a ticket or to an activation."""
    conditions = []
    if mine is not None:
        conditions.append(sa.and_(table.c.connection == mine.connection, table.c.platform_id == mine.platform_id))
    if activation_id is not None:
        conditions.append(table.c.activation_id == activation_id)
    return sa.or_(sa.false(), *conditions)


def _troubles(tx: sa.Connection, mine: sa.Row[Any] | None, activation_id: int | None) -> Sequence[sa.Row[Any]]:
    """Return writes that are parked, that are being tried again, or that warned of something."""
    columns = (
        write.c.connection, write.c.record, write.c.action, write.c.number, write.c.state, write.c.attempts,
        write.c.next_at, write.c.reason, write.c.warnings, write.c["values"],
    )  # fmt: skip
    statement: sa.Select[Any] = sa.select(*columns).where(
        _of(write, mine, activation_id), write.c.state != "superseded"
    )
    rows = tx.execute(statement.order_by(write.c.id).limit(MOST_WRITES)).all()
    return [row for row in rows if row.state == "parked" or row.warnings or (row.state == "pending" and row.reason)]


def _lines(tx: sa.Connection, mine: sa.Row[Any] | None, activation_id: int | None) -> Sequence[sa.Row[Any]]:
    """Return what happened, oldest first, the newest lines when there are very many."""
    statement: sa.Select[Any] = sa.select(history.c.at, history.c.text).where(_of(history, mine, activation_id))
    return tx.execute(statement.order_by(history.c.id.desc()).limit(MOST_LINES)).all()[::-1]
