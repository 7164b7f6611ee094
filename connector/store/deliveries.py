"""Messages in: recorded before anything is decided, once each, in the order in which they came."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.moment import instant
from connector.store.statements import by_dialect
from connector.store.tables import activation, counterpart, delivery, placement, ticket

REPLAYED = "replayed by "


@dataclass(frozen=True)
class Message:
    """A message to record; `state` is `open`, or `ignored` with its `reason`."""

    connection: str
    key: str
    source: str
    event: str
    body: bytes
    platform_id: str = ""
    number: str = ""
    version: int | None = None
    subject: str = ""
    state: str = "open"
    reason: str = ""


_RECORD = by_dialect(
    lambda insert: (
        insert(delivery).on_conflict_do_nothing(index_elements=["connection", "key"]).returning(delivery.c.id)
    )
)
_SUBJECT_OF = (
    sa.select(sa.literal("activation:") + sa.cast(ticket.c.activation_id, sa.Text))
    .where(
        ticket.c.connection == sa.bindparam("side"),
        ticket.c.platform_id == sa.bindparam("id"),
        ticket.c.activation_id.is_not(None),
    )
    .union_all(
        sa.select(sa.literal("activation:") + sa.cast(placement.c.activation_id, sa.Text)).where(
            placement.c.connection == sa.bindparam("side"), placement.c.platform_id == sa.bindparam("id")
        ),
        sa.select(sa.literal("record:") + counterpart.c.record + ":" + counterpart.c.key).where(
            counterpart.c.connection == sa.bindparam("side"), counterpart.c.platform_id == sa.bindparam("id")
        ),
    )
    .limit(1)
)
_OPEN = sa.select(delivery).where(delivery.c.subject == sa.bindparam("of"), delivery.c.state == "open")
_SETTLE = sa.update(delivery).where(delivery.c.id == sa.bindparam("row"))


def record(tx: sa.Connection, message: Message, now: datetime) -> int | None:
    """Store a message; returns its id, or None for one that is stored already."""
    values = {
        **vars(message),
        "attempts": 0,
        "received_at": now,
        "decided_at": now if message.state == "ignored" else None,
    }
    return tx.execute(_RECORD[tx.dialect.name], values).scalar()


def subject_of(tx: sa.Connection, connection: str, platform_id: str) -> str:
    """Return what a ticket's messages are handled under: its activation, its continuity record, else itself."""
    found = tx.execute(_SUBJECT_OF, {"side": connection, "id": platform_id}).scalar()
    return str(found) if found is not None else f"ticket:{connection}:{platform_id}"


def digest_seen(tx: sa.Connection, connection: str, digest: str, since: datetime) -> bool:
    """Tell whether a message with this digest of its body came after `since`; its key is the digest and a time."""
    statement = sa.select(delivery.c.id).where(
        delivery.c.connection == connection,
        delivery.c.key.between(f"{digest}:", f"{digest};"),
        delivery.c.received_at >= since,
    )
    return tx.execute(statement).first() is not None


def open_messages(
    tx: sa.Connection, subject: str, but_not: Collection[str] = (), *, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return a subject's next messages, oldest first, leaving out those about the tickets `but_not`."""
    statement = _OPEN.where(delivery.c.platform_id.not_in(but_not)) if but_not else _OPEN
    return tx.execute(statement.order_by(delivery.c.id).limit(limit), {"of": subject}).all()


def settle(tx: sa.Connection, delivery_id: int, state: str, reason: str, now: datetime) -> None:
    """Close a delivery as `done`, `ignored` or `parked`, with what was decided and why."""
    tx.execute(_SETTLE, {"row": delivery_id, "state": state, "reason": reason, "decided_at": now})


def count_attempt(tx: sa.Connection, delivery_id: int) -> int:
    """Note one more try at a delivery; returns how many that makes."""
    statement = (
        sa.update(delivery)
        .where(delivery.c.id == delivery_id)
        .values(attempts=delivery.c.attempts + 1)
        .returning(delivery.c.attempts)
    )
    return int(tx.execute(statement).scalar_one())


def get(tx: sa.Connection, delivery_id: int) -> sa.Row[Any] | None:
    return tx.execute(sa.select(delivery).where(delivery.c.id == delivery_id)).first()


def latest(
    tx: sa.Connection, *, limit: int, connection: str = "", state: str = "", number: str = ""
) -> Sequence[sa.Row[Any]]:
    """Return the newest deliveries, without their bodies."""
    columns = [column for column in delivery.c if column.name != "body"]
    statement = sa.select(*columns).order_by(delivery.c.id.desc()).limit(limit)
    for column, value in ((delivery.c.connection, connection), (delivery.c.state, state), (delivery.c.number, number)):
        if value:
            statement = statement.where(column == value)
    return tx.execute(statement).all()


def reopen(tx: sa.Connection, delivery_id: int, by: str, now: datetime) -> str | None:
    """Put a parked or decided delivery back in line; returns its subject, None when there is no such delivery.

    `by` is who asked for it; it stands as the reason until it is decided again.
    """
    statement = (
        sa.update(delivery)
        .where(delivery.c.id == delivery_id)
        .values(state="open", attempts=0, decided_at=None, reason=f"{REPLAYED}{by or 'a person'} at {instant(now)}")
        .returning(delivery.c.subject)
    )
    return tx.execute(statement).scalar()


def last_decided(tx: sa.Connection, connection: str, platform_id: str) -> sa.Row[Any] | None:
    """Return the message of a ticket, or the command about it, that was decided last."""
    statement = sa.select(delivery).where(
        delivery.c.platform_id == platform_id,
        sa.or_(delivery.c.connection == connection, delivery.c.source == "command"),
        delivery.c.state.in_(["done", "ignored"]),
    )
    return tx.execute(statement.order_by(delivery.c.decided_at.desc(), delivery.c.id.desc()).limit(1)).first()


def last_of_incidents(tx: sa.Connection, activation_id: int) -> sa.Row[Any] | None:
    """Return the message about an incident of an activation that was decided last, without its body."""
    mine = sa.and_(delivery.c.connection == ticket.c.connection, delivery.c.platform_id == ticket.c.platform_id)
    statement: sa.Select[Any] = (
        sa.select(delivery.c.id, delivery.c.number, delivery.c.platform_id, delivery.c.decided_at)
        .join(ticket, mine)
        .where(ticket.c.activation_id == activation_id, delivery.c.decided_at.is_not(None))
    )
    return tx.execute(statement.order_by(delivery.c.decided_at.desc(), delivery.c.id.desc()).limit(1)).first()


def early(tx: sa.Connection, connection: str, platform_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these tickets told something before they were known to be ours (`take_up` puts it in line)."""
    subjects = {f"ticket:{connection}:{item}": item for item in platform_ids}
    statement = sa.select(delivery.c.subject).where(
        delivery.c.subject.in_(sorted(subjects)), delivery.c.state == "ignored"
    )
    return (
        frozenset(subjects[found] for found in tx.execute(statement.distinct()).scalars()) if subjects else frozenset()
    )


def take_up(tx: sa.Connection, connection: str, platform_id: str, after: int | None, subject: str) -> bool:
    """Put the newest message back in line that came before its ticket was known to be ours, under its `subject`.

    Only one with a version beyond `after` (None: any). Returns whether there is one.
    """
    early = sa.and_(
        delivery.c.connection == connection,
        delivery.c.platform_id == platform_id,
        delivery.c.subject == f"ticket:{connection}:{platform_id}",
        delivery.c.state == "ignored",
    )
    newest = (delivery.c.version.desc().nulls_last(), delivery.c.id.desc())  # databases differ in where NULLs come
    found = tx.execute(sa.select(delivery.c.id, delivery.c.version).where(early).order_by(*newest).limit(1)).first()
    if found is None or (after is not None and found.version is not None and found.version <= after):
        return False
    change = {"state": "open", "subject": subject, "attempts": 0, "decided_at": None}
    tx.execute(sa.update(delivery).where(delivery.c.id == found.id).values(change))
    return True


def counts(tx: sa.Connection, state: str, *, limit: int) -> dict[str, int]:
    """Return how many deliveries are in a state, by connection."""
    statement = sa.select(delivery.c.connection, sa.func.count()).where(delivery.c.state == state)
    return {row[0]: int(row[1]) for row in tx.execute(statement.group_by(delivery.c.connection).limit(limit))}


def waiting_since(tx: sa.Connection, before: datetime) -> Sequence[tuple[str, datetime, int]]:
    """Return for each connection when the oldest message came that waits since before `before`, and how many do."""
    oldest = sa.func.min(delivery.c.received_at)
    statement = sa.select(delivery.c.connection, oldest, sa.func.count()).where(
        delivery.c.state == "open", delivery.c.received_at <= before
    )
    rows = tx.execute(statement.group_by(delivery.c.connection).order_by(delivery.c.connection)).all()
    return [(row[0], row[1], int(row[2])) for row in rows]


def oldest_waiting(tx: sa.Connection) -> datetime | None:
    """Return when the oldest delivery came that waits to be decided."""
    return tx.execute(sa.select(sa.func.min(delivery.c.received_at)).where(delivery.c.state == "open")).scalar()


def open_tickets(tx: sa.Connection, connection: str, platform_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these tickets something is told of that is not decided yet."""
    wanted = sorted(set(platform_ids) - {""})
    if not wanted:
        return frozenset()
    statement = sa.select(delivery.c.platform_id).where(
        delivery.c.connection == connection, delivery.c.platform_id.in_(wanted), delivery.c.state == "open"
    )
    return frozenset(tx.execute(statement).scalars())


def open_subjects(tx: sa.Connection, before: datetime) -> list[str]:
    """Return subjects with a delivery that has waited since before `before` (a wake-up that got lost)."""
    statement = (
        sa.select(delivery.c.subject)
        .where(delivery.c.state == "open", delivery.c.received_at < before)
        .distinct()
        .limit(1000)
    )
    return list(tx.execute(statement).scalars())


def forget(tx: sa.Connection, before: datetime) -> int:
    """Delete deliveries decided before `before`; returns how many.

    Kept are those of running activations, and those that are open or parked, however old.
    """
    running = sa.select(sa.literal("activation:") + sa.cast(activation.c.id, sa.Text)).where(
        activation.c.state == "running"
    )
    result = tx.execute(
        sa.delete(delivery).where(
            delivery.c.state.in_(["done", "ignored"]),
            delivery.c.decided_at < before,
            delivery.c.subject.not_in(running),
        )
    )
    return result.rowcount


KEEP_DIGESTS = timedelta(minutes=10)
"""How long a digest of a body counts as the same message; the same content may rightly come again later."""
