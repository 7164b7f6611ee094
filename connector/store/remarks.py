"""Which of people's remarks on recovery tasks' tickets are known, and which tickets have more to tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.statements import by_dialect
from connector.store.tables import activation, placement, remark, write
from connector.ticketing import Remark

_ADD = by_dialect(
    lambda insert: (
        insert(remark).on_conflict_do_nothing(index_elements=["placement_id", "source_id"]).returning(remark.c.id)
    )
)
_other = placement.alias("other")
_BESIDE = (
    sa.select(_other)
    .where(
        _other.c.activation_id == placement.c.activation_id,
        _other.c.record == placement.c.record,
        _other.c.key == placement.c.key,
        _other.c.connection != placement.c.connection,
        _other.c.platform_id.is_not(None),
        _other.c.gone == "",
    )
    .order_by(_other.c.id)
)


def add(tx: sa.Connection, placement_id: int, found: Remark, now: datetime) -> int | None:
    """Take note of a remark; returns its id, or None for one that is known."""
    values = {
        "placement_id": placement_id,
        "source_id": found.id,
        "kind": found.kind,
        "author": found.author,
        "written_at": found.written_at,
        "text": found.text,
        "created_at": now,
    }
    return tx.execute(_ADD[tx.dialect.name], values).scalar()


def get(tx: sa.Connection, remark_id: int) -> sa.Row[Any] | None:
    """Return a remark with the connection, id and number of the ticket that it is on."""
    ticket = (placement.c.connection, placement.c.platform_id, placement.c.number)
    statement = sa.select(remark, *ticket).join(placement, placement.c.id == remark.c.placement_id)
    return tx.execute(statement.where(remark.c.id == remark_id)).first()


def known(tx: sa.Connection, placement_id: int) -> frozenset[str]:
    """Return the platform's ids of all remarks on a ticket that are known, our own copies of files among them."""
    return frozenset(tx.execute(sa.select(remark.c.source_id).where(remark.c.placement_id == placement_id)).scalars())


def copies(tx: sa.Connection, placement_id: int) -> Sequence[dict[str, Any]]:
    """Return what was to be copied to a ticket: the values of such writes, whatever became of them."""
    statement = sa.select(write.c["values"]).where(write.c.placement_id == placement_id, write.c.action == "attach")
    return tx.execute(statement).scalars().all()


def mirrors(tx: sa.Connection, placement_id: int) -> Sequence[sa.Row[Any]]:
    """Return the tickets of the same recovery task on other connections."""
    return tx.execute(_BESIDE.where(placement.c.id == placement_id)).all()


def unread(tx: sa.Connection, activation_id: int) -> Sequence[sa.Row[Any]]:
    """Return the tickets of an activation's mirrored tasks that changed since their remarks were last read."""
    statement = sa.select(placement).where(
        placement.c.activation_id == activation_id,
        placement.c.record == "recovery_task",
        placement.c.platform_id.is_not(None),
        placement.c.gone == "",
        placement.c.heard.is_not(None),
        sa.or_(placement.c.remarked.is_(None), placement.c.remarked < placement.c.heard),
        _BESIDE.correlate(placement).exists(),
    )
    return tx.execute(statement.order_by(placement.c.id)).all()


def hear(tx: sa.Connection, placement_id: int, version: int) -> bool:
    """Note that a ticket stands at a version; True when its remarks have not been read at that one and are mirrored."""
    statement = (
        sa.update(placement)
        .where(
            placement.c.id == placement_id,
            sa.func.coalesce(placement.c.heard, -1) < version,
            sa.func.coalesce(placement.c.remarked, -1) < version,
            _BESIDE.correlate(placement).exists(),
        )
        .values(heard=version)
        .returning(placement.c.id)
    )
    return tx.execute(statement).scalar() is not None


def read(tx: sa.Connection, placement_id: int, version: int) -> None:
    """Note that the remarks of a ticket were read at a version or later."""
    tx.execute(sa.update(placement).where(placement.c.id == placement_id).values(remarked=version))


def read_anew(tx: sa.Connection) -> list[int]:
    """Have the remarks of all mirrored tickets of running activations count as unread; returns these activations."""
    running = sa.select(activation.c.id).where(activation.c.state == "running")
    statement = (
        sa.update(placement)
        .where(
            placement.c.activation_id.in_(running),
            placement.c.record == "recovery_task",
            placement.c.platform_id.is_not(None),
            placement.c.gone == "",
            _BESIDE.correlate(placement).exists(),
        )
        .values(heard=sa.func.coalesce(placement.c.heard, placement.c.version, 0), remarked=None)
        .returning(placement.c.activation_id)
    )
    return sorted(set(tx.execute(statement).scalars()))
