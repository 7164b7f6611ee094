"""What is kept no longer: activations that ended long ago with all that belongs to them, and tickets long at rest.

Rows by which writes are numbered, or told once, go only together with the whole ticket that they are about. Of an
activation its own row stays, so that its key is never used again and figures over the years can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.incident import ENDED
from connector.store.tables import activation, delivery, history, note, placement, remark, task, ticket, write
from connector.ticketing import KEPT

_OPEN = ("open", "pending")


@dataclass(frozen=True)
class Purged:
    """How many of each were deleted; `parked` counts the messages and writes among them that waited for a person."""

    activations: int = 0
    tickets: int = 0
    writes: int = 0
    lines: int = 0
    messages: int = 0
    parked: int = 0

    def __add__(self, other: Purged) -> Purged:
        return Purged(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    def __bool__(self) -> bool:
        return any(getattr(self, item.name) for item in fields(self))

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, item.name)} {item.name}" for item in fields(self))


def purge(tx: sa.Connection, before: datetime, *, limit: int) -> Purged:
    """Delete what has been at rest since before `before`, `limit` activations, tickets and lone rows at the most."""
    purged = Purged()
    for activation_id in tx.execute(_ended(before, limit)).scalars().all():
        purged += _purge_activation(tx, activation_id)
    places = [(row.connection, row.platform_id) for row in tx.execute(_resting(before, limit)).all()]
    if places:
        purged += _purge_places(tx, places)
    return purged + _purge_lone(tx, before, limit)


def _ended(before: datetime, limit: int) -> sa.Select[Any]:
    """Return the activations of which nothing happened any more since `before`."""
    mine, other = activation.c.id, ticket.alias()
    subject = sa.literal("activation:") + sa.cast(mine, sa.Text)
    moved_on = sa.exists().where(
        write.c.activation_id == mine,
        other.c.connection == write.c.connection,
        other.c.platform_id == write.c.platform_id,
        other.c.activation_id != mine,
    )
    return (
        sa.select(mine)
        .where(
            activation.c.state != "running",
            activation.c.ended_at < before,
            sa.exists().where(task.c.activation_id == mine),
            ~sa.exists().where(ticket.c.activation_id == mine, sa.or_(ticket.c.seen_at >= before, ~_at_rest())),
            ~sa.exists().where(placement.c.activation_id == mine, placement.c.seen_at >= before),
            ~sa.exists().where(write.c.activation_id == mine, _recent_write(before)),
            ~sa.exists().where(history.c.activation_id == mine, history.c.at >= before),
            ~sa.exists().where(delivery.c.subject == subject, _recent_message(before)),
            # A ticket that takes part in a later activation keeps what numbers its writes.
            ~moved_on,
        )
        .order_by(mine)
        .limit(limit)
    )


def _resting(before: datetime, limit: int) -> sa.Select[Any]:
    """Return tickets that take part in no activation and of which nothing was heard since `before`."""

    def here(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.connection == ticket.c.connection, table.c.platform_id == ticket.c.platform_id)

    subject = sa.literal("ticket:") + ticket.c.connection + ":" + ticket.c.platform_id
    child = ticket.alias()
    return (
        sa.select(ticket.c.connection, ticket.c.platform_id)
        .where(
            ticket.c.activation_id.is_(None),
            ticket.c.seen_at < before,
            sa.or_(ticket.c.version.is_(None), _at_rest()),
            ~sa.exists().where(child.c.connection == ticket.c.connection, child.c.parent == ticket.c.platform_id),
            ~sa.exists().where(here(write), _recent_write(before)),
            # The question which plan to start is put once for ever, by this row.
            ~sa.exists().where(write.c.subject == subject, write.c.action == "create"),
            ~sa.exists().where(here(history), history.c.at >= before),
            ~sa.exists().where(here(delivery), _recent_message(before)),
        )
        .order_by(ticket.c.id)
        .limit(limit)
    )


def _at_rest() -> sa.ColumnElement[bool]:
    return sa.or_(ticket.c.deleted, ticket.c["values"]["state"].as_string().in_(sorted(ENDED)))


def _recent_write(before: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(write.c.state.in_(_OPEN), write.c.created_at >= before, write.c.done_at >= before)


def _recent_message(before: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(delivery.c.state.in_(_OPEN), delivery.c.received_at >= before, delivery.c.decided_at >= before)


def _purge_activation(tx: sa.Connection, activation_id: int) -> Purged:
    mine = sa.select(ticket.c.connection, ticket.c.platform_id).where(ticket.c.activation_id == activation_id)
    placed = sa.select(placement.c.connection, placement.c.platform_id).where(
        placement.c.activation_id == activation_id, placement.c.platform_id.is_not(None)
    )
    places = [(row.connection, row.platform_id) for row in tx.execute(mine.union(placed)).all()]
    placements = sa.select(placement.c.id).where(placement.c.activation_id == activation_id)
    tx.execute(sa.delete(remark).where(remark.c.placement_id.in_(placements)))
    own = Purged(
        activations=1,
        parked=_count(tx, write, write.c.activation_id == activation_id, write.c.state == "parked"),
        writes=_delete(tx, write, write.c.activation_id == activation_id),
        lines=_delete(tx, history, history.c.activation_id == activation_id),
        messages=_delete(tx, delivery, delivery.c.subject == f"activation:{activation_id}"),
    )
    tx.execute(sa.delete(placement).where(placement.c.activation_id == activation_id))
    tx.execute(sa.delete(task).where(task.c.activation_id == activation_id))
    return own + (_purge_places(tx, places) if places else Purged())


def _purge_places(tx: sa.Connection, places: Sequence[tuple[str, str]]) -> Purged:
    """Delete these tickets, and all that was heard, told and written of them."""

    def here(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.tuple_(table.c.connection, table.c.platform_id).in_(places)

    tx.execute(sa.delete(note).where(here(note)))
    return Purged(
        parked=_count(tx, write, here(write), write.c.state == "parked")
        + _count(tx, delivery, here(delivery), delivery.c.state == "parked"),
        writes=_delete(tx, write, here(write)),
        lines=_delete(tx, history, here(history)),
        messages=_delete(tx, delivery, here(delivery)),
        tickets=_delete(tx, ticket, here(ticket)),
    )


def _purge_lone(tx: sa.Connection, before: datetime, limit: int) -> Purged:
    """Delete old lines and writes that are about no incident: of services and plans, and messages to people."""
    told = sa.and_(
        ticket.c.connection == history.c.connection,
        ticket.c.platform_id == history.c.platform_id,
    )
    lines = sa.select(history.c.id).where(
        history.c.activation_id.is_(None), history.c.at < before, ~sa.exists().where(told)
    )
    done = sa.select(write.c.id).where(
        write.c.activation_id.is_(None),
        sa.or_(write.c.record.in_(KEPT), write.c.platform_id == ""),
        write.c.state.in_(["done", "superseded"]),
        write.c.done_at < before,
        # See `_resting`: this one is kept as long as its incident.
        ~write.c.subject.startswith("ticket:"),
    )
    return Purged(
        lines=_delete(tx, history, history.c.id.in_(lines.order_by(history.c.id).limit(limit))),
        writes=_delete(tx, write, write.c.id.in_(done.order_by(write.c.id).limit(limit))),
    )


def _delete(tx: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return tx.execute(sa.delete(table).where(*where)).rowcount


def _count(tx: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return int(tx.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())
