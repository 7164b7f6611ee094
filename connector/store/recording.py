"""What is stored of one activation: its messages, the answers to its writes, and the records in force meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.tables import activation, catalog, delivery, mapping_version, placement, task, ticket, write

MIRRORED = ":remark:"
"""In the keys of notes that mirror what people wrote, which is read from their platform and not from messages."""


@dataclass(frozen=True)
class Recording:
    """The rows of one activation, each kind in the order of its ids; messages in the order in which they were decided.

    `writes` are those to its tickets, before it began too. `looks` are the instants at which it is known to have
    been looked at. `earlier` are activations that its incidents took part in before.
    """

    activation: sa.Row[Any]
    messages: Sequence[sa.Row[Any]]
    writes: Sequence[sa.Row[Any]]
    tickets: Sequence[sa.Row[Any]]
    placements: Sequence[sa.Row[Any]]
    looks: frozenset[datetime]
    catalogs: Sequence[sa.Row[Any]]
    earlier: Sequence[int]

    @property
    def complete(self) -> bool:
        """Whether the message that began it is still stored."""
        return any(row.decided_at == self.activation.started_at for row in self.messages)


def recording(tx: sa.Connection, activation_id: int) -> Recording | None:
    """Return what is stored of an activation, None where there is none with its tasks."""
    row = tx.execute(sa.select(activation).where(activation.c.id == activation_id)).first()
    if row is None:
        return None
    tasks = tx.execute(sa.select(task.c.opened_at).where(task.c.activation_id == activation_id)).scalars().all()
    if not tasks:
        return None
    tickets = tx.execute(sa.select(ticket).where(ticket.c.activation_id == activation_id).order_by(ticket.c.id)).all()
    placed = tx.execute(
        sa.select(placement).where(placement.c.activation_id == activation_id).order_by(placement.c.id)
    ).all()
    incidents = [(item.connection, item.platform_id) for item in tickets]
    others = [(item.connection, item.platform_id) for item in placed if item.platform_id]
    written = tx.execute(
        sa.select(write)
        .where(sa.or_(write.c.activation_id == activation_id, _at(write, incidents)), ~write.c.key.contains(MIRRORED))
        .order_by(write.c.id)
    ).all()
    return Recording(
        row,
        _messages(tx, row, tickets, incidents + others),
        [item for item in written if item.activation_id in {None, activation_id}],
        tickets,
        placed,
        frozenset({*tasks, row.ended_at, row.complete_at, row.escalated_at} - {None}),
        tx.execute(sa.select(catalog).order_by(catalog.c.id)).all(),
        sorted({item.activation_id for item in written} - {None, activation_id}),
    )


def mapping_versions(tx: sa.Connection, until: datetime) -> Sequence[sa.Row[Any]]:
    """Return the versions of the mappings that were in force until then, the oldest first."""
    statement = sa.select(mapping_version).where(mapping_version.c.activated_at <= until)
    return tx.execute(statement.order_by(mapping_version.c.id)).all()


def _messages(
    tx: sa.Connection, row: sa.Row[Any], tickets: Sequence[sa.Row[Any]], places: Sequence[tuple[str, str]]
) -> list[sa.Row[Any]]:
    """Return the decided messages about these tickets, and the commands about them or the activation."""
    ordered = sa.and_(
        delivery.c.source == "command",
        sa.or_(
            delivery.c.event == "exercise",
            delivery.c.number.in_([item.number for item in tickets]),
            delivery.c.platform_id.in_([item.platform_id for item in tickets]),
        ),
    )
    statement = sa.select(delivery).where(
        sa.or_(delivery.c.subject == f"activation:{row.id}", _at(delivery, places), ordered),
        delivery.c.state.in_(["done", "ignored", "parked"]),
        delivery.c.decided_at.is_not(None),
    )
    found = tx.execute(statement.order_by(delivery.c.decided_at, delivery.c.id)).all()
    return [item for item in found if item.event != "exercise" or exercise_key(item.key) == row.key]


def exercise_key(order: str) -> str:
    """Return the key of the activation that the recorded order for an exercise starts."""
    return hashlib.sha256(f"exercise\n{order}".encode()).hexdigest()[:16]


def _at(table: sa.Table, places: Sequence[tuple[str, str]]) -> sa.ColumnElement[bool]:
    return sa.tuple_(table.c.connection, table.c.platform_id).in_(places) if places else sa.false()
