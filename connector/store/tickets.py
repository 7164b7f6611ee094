"""Incident tickets as last seen on their platform, and why each was or was not acted on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.belonging import Belongs
from connector.store.statements import by_dialect
from connector.store.tables import history, ticket

_AT = sa.select(ticket).where(ticket.c.connection == sa.bindparam("side"), ticket.c.platform_id == sa.bindparam("id"))
_AT_LOCKED = _AT.with_for_update()
_FIRST_SEEN = by_dialect(
    lambda insert: insert(ticket).on_conflict_do_nothing(index_elements=["connection", "platform_id"])
)
_UPDATE = sa.update(ticket).where(ticket.c.id == sa.bindparam("row"))
_OF_ACTIVATION = (
    sa.select(ticket)
    .where(ticket.c.activation_id == sa.bindparam("activation"))
    .order_by(sa.case({"lead": 0, "joined": 1}, value=ticket.c.role, else_=2), ticket.c.id)
)
_TELL = sa.insert(history)


def get(tx: sa.Connection, connection: str, platform_id: str, *, lock: bool = False) -> sa.Row[Any] | None:
    return tx.execute(_AT_LOCKED if lock else _AT, {"side": connection, "id": platform_id}).first()


def lock(tx: sa.Connection, places: Iterable[tuple[str, str]]) -> None:
    """Lock the tickets at these (connection, id) places, parents before their children as everybody does."""
    wanted = sorted(set(places))
    if wanted:
        statement = sa.select(ticket.c.id).where(sa.tuple_(ticket.c.connection, ticket.c.platform_id).in_(wanted))
        tx.execute(statement.order_by(ticket.c.parent != "", ticket.c.id).with_for_update())


def by_number(tx: sa.Connection, number: str, connection: str = "") -> Sequence[sa.Row[Any]]:
    """Return tickets that people call `number`, on any connection unless one is named."""
    statement = sa.select(ticket).where(ticket.c.number == number)
    return tx.execute(statement.where(ticket.c.connection == connection) if connection else statement).all()


def remember(tx: sa.Connection, connection: str, platform_id: str, now: datetime) -> sa.Row[Any]:
    """Return the ticket's row, locked; a ticket never seen gets an empty one, so that two flows meet at it."""
    tx.execute(_FIRST_SEEN[tx.dialect.name], {"connection": connection, "platform_id": platform_id, "seen_at": now})
    row = get(tx, connection, platform_id, lock=True)
    if row is None:
        raise LookupError(f"the ticket {platform_id} of {connection} vanished inside a transaction")
    return row


def update(tx: sa.Connection, ticket_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(_UPDATE, {"row": ticket_id, **values})


def explain(tx: sa.Connection, ticket_id: int, why: str, now: datetime) -> None:
    """Store why a ticket was, or was not, acted on."""
    tx.execute(sa.update(ticket).where(ticket.c.id == ticket_id, ticket.c.why != why).values(why=why, why_at=now))


def of_activation(tx: sa.Connection, activation_id: int) -> Sequence[sa.Row[Any]]:
    """Return the incidents that take part in an activation, the lead first."""
    return tx.execute(_OF_ACTIVATION, {"activation": activation_id}).all()


def children(tx: sa.Connection, connection: str, parents: Sequence[str]) -> Sequence[sa.Row[Any]]:
    """Return known tickets whose parent is one of `parents`."""
    statement = sa.select(ticket).where(ticket.c.connection == connection, ticket.c.parent.in_(parents))
    return tx.execute(statement.order_by(ticket.c.id)).all()


def newest(tx: sa.Connection, *, limit: int, connection: str = "") -> Sequence[sa.Row[Any]]:
    statement = sa.select(ticket).where(ticket.c.number != "").order_by(ticket.c.seen_at.desc(), ticket.c.id.desc())
    statement = statement.where(ticket.c.connection == connection) if connection else statement
    return tx.execute(statement.limit(limit)).all()


def tell(
    tx: sa.Connection,
    text: str,
    now: datetime,
    *,
    activation_id: int | None = None,
    connection: str = "",
    platform_id: str = "",
) -> None:
    """Add a line to what happened."""
    line = {"activation_id": activation_id, "connection": connection, "platform_id": platform_id, "at": now}
    tx.execute(_TELL, {**line, "text": text})


def tell_once(
    tx: sa.Connection,
    text: str,
    now: datetime,
    *,
    activation_id: int | None = None,
    connection: str = "",
    platform_id: str = "",
) -> bool:
    """Add a line to what happened unless it stands there already; returns whether it was added."""
    where = (
        sa.and_(history.c.connection == connection, history.c.platform_id == platform_id)
        if activation_id is None
        else history.c.activation_id == activation_id
    )
    if tx.execute(sa.select(history.c.id).where(where, history.c.text == text).limit(1)).first() is not None:
        return False
    tell(tx, text, now, activation_id=activation_id, connection=connection, platform_id=platform_id)
    return True


def lines(tx: sa.Connection, belongs: Belongs, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return what happened (`at`, `text`), oldest first; the newest `limit` lines when there are more."""
    statement: sa.Select[Any] = sa.select(history.c.at, history.c.text).where(belongs.among(history))
    return tx.execute(statement.order_by(history.c.id.desc()).limit(limit)).all()[::-1]


def undecided(tx: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Return known incidents that take part in no activation."""
    statement = sa.select(ticket).where(ticket.c.activation_id.is_(None), ticket.c.version.is_not(None))
    return tx.execute(statement.order_by(ticket.c.id)).all()
