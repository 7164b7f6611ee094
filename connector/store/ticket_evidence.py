"""What is stored of one ticket, whatever it is: its rows, its messages, its writes, and how its connection fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store import counterparts
from connector.store.tables import connection as connections
from connector.store.tables import counterpart, delivery, placement, ticket, write


@dataclass(frozen=True)
class KnownTicket:
    """Where a ticket of that name is known: at most one of its rows; `question` is the write that asked the desk.

    `kept` is the row of a continuity record that is kept in step, whose id is "" until it is created there.

    With neither, only messages tell of it.
    """

    connection: str
    platform_id: str
    number: str
    ticket: sa.Row[Any] | None = None
    placement: sa.Row[Any] | None = None
    question: sa.Row[Any] | None = None
    kept: sa.Row[Any] | None = None


@dataclass(frozen=True)
class Traffic:
    """What came from a connection: webhooks since an instant, the last one, and how far it was polled."""

    count: int
    last_at: datetime | None
    polled_until: datetime | None
    baseline_at: datetime | None


def places(tx: sa.Connection, name: str, connection: str = "") -> list[KnownTicket]:
    """Return where a ticket that people or the platform call `name` is known, the newest first."""
    if not name or "\0" in name or "\0" in connection:
        return []
    found: dict[tuple[str, str], KnownTicket] = {}
    for row in sorted(_called(tx, counterpart, name, connection), key=lambda row: bool(row.gone)):
        found.setdefault((row.connection, row.platform_id), _place(row, kept=row))
    # A record of ours is the placement, even where a message made a row of it as an incident before that was known.
    for row in _called(tx, placement, name, connection):
        found.setdefault((row.connection, row.platform_id), _place(row, placement=row))
    for row in _called(tx, ticket, name, connection):
        found.setdefault((row.connection, row.platform_id), _place(row, ticket=row))
    for row in _called(tx, write, name, connection):
        if row.action == "create" and row.placement_id is None:
            found.setdefault((row.connection, row.platform_id), _place(row, question=row))
    for row in _called(tx, delivery, name, connection):
        if row.source != "command":
            found.setdefault((row.connection, row.platform_id), _place(row))
    known = [item for item in found.values() if item.ticket or item.placement or item.question or item.kept]
    return known or list(found.values())


def kept(tx: sa.Connection, record: str, key: str, connection: str = "") -> list[KnownTicket]:
    """Return where a continuity record is kept in step, or shall be."""
    rows = counterparts.of_record(tx, record, key)
    return [
        KnownTicket(row.connection, row.platform_id or "", row.number or row.platform_id or "", kept=row)
        for row in rows
        if connection in ("", row.connection)
    ]


def messages(tx: sa.Connection, place: KnownTicket, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return the newest messages about a ticket, their bodies left out."""
    columns = [column for column in delivery.c if column.name != "body"]
    statement = sa.select(*columns).where(
        delivery.c.connection == place.connection, delivery.c.platform_id == place.platform_id
    )
    return tx.execute(statement.order_by(delivery.c.id.desc()).limit(limit)).all()


def sent(tx: sa.Connection, place: KnownTicket, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return the newest writes to a ticket, the newest first."""
    to_ticket = sa.and_(write.c.connection == place.connection, write.c.platform_id == place.platform_id)
    conditions = [to_ticket] if place.platform_id else []
    if place.placement is not None:
        conditions.append(write.c.placement_id == place.placement.id)
    if place.kept is not None:
        row = place.kept
        conditions = [write.c.key.in_([counterparts.write_key(row, n) for n in range(row.writes)[-limit:]])]
    statement = sa.select(write).where(sa.or_(sa.false(), *conditions))
    return tx.execute(statement.order_by(write.c.id.desc()).limit(limit)).all()


def traffic(tx: sa.Connection, name: str, since: datetime) -> Traffic:
    """Return how a connection fares."""
    came = (delivery.c.connection == name, delivery.c.source == "webhook")
    count = sa.select(sa.func.count()).select_from(delivery).where(*came, delivery.c.received_at >= since)
    last = sa.select(sa.func.max(delivery.c.received_at)).where(*came)
    row = tx.execute(sa.select(connections).where(connections.c.name == name)).first()
    return Traffic(
        int(tx.execute(count).scalar_one()),
        tx.execute(last).scalar(),
        row.polled_until if row is not None else None,
        row.baseline_at if row is not None else None,
    )


def numbers(tx: sa.Connection, connection: str, *, limit: int) -> list[str]:
    """Return what people call the tickets of a connection that were seen last."""
    found: list[str] = []
    for table in (ticket, placement, counterpart):
        statement = sa.select(table.c.number).where(table.c.connection == connection, table.c.number != "")
        found += tx.execute(statement.order_by(table.c.id.desc()).limit(limit)).scalars()
    return found


def _called(tx: sa.Connection, table: sa.Table, name: str, connection: str) -> Sequence[sa.Row[Any]]:
    # Numbers are written in capitals by every platform, and not by every person.
    named = sa.or_(table.c.number.in_([name, name.upper()]), table.c.platform_id == name)
    statement = sa.select(table).where(named, table.c.platform_id.is_not(None), table.c.platform_id != "")
    statement = statement.where(table.c.connection == connection) if connection else statement
    return tx.execute(statement.order_by(table.c.id.desc()).limit(50)).all()


def _place(row: sa.Row[Any], **rows: sa.Row[Any]) -> KnownTicket:
    return KnownTicket(row.connection, row.platform_id, row.number or row.platform_id, **rows)
