"""Activations, their tasks, and where these stand on the platforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connector import plan as plans
from connector.recovery_task import TaskState
from connector.standing import Joined, Standing, TaskStanding
from connector.store.tables import activation, task, ticket
from connector.store.tables import placement as placements_table


@dataclass(frozen=True)
class New:
    """What an activation starts with; `key` is unique for ever, `lock` while the disruption lasts."""

    key: str
    lock: str
    standing: Standing
    services: tuple[str, ...]
    rpo: timedelta
    started_by: str
    connection: str = ""
    platform_id: str = ""


def create(tx: sa.Connection, new: New) -> int | None:
    """Insert an activation with its tasks; None when its key or its lock is taken."""
    standing = new.standing
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(activation)
        .values(
            key=new.key,
            lock=new.lock,
            plan_key=standing.plan.key,
            plan_version=plans.version(standing.plan),
            plan=plans.to_json(standing.plan),
            services=list(new.services),
            rto_seconds=int(standing.rto.total_seconds()),
            rpo_seconds=int(new.rpo.total_seconds()),
            exercise=standing.exercise,
            state=standing.state,
            invoked=standing.invoked,
            connection=new.connection,
            platform_id=new.platform_id,
            started_at=standing.started_at,
            started_by=new.started_by,
            clock_start=standing.clock_start,
            due_at=standing.due_at,
        )
        .on_conflict_do_nothing()
        .returning(activation.c.id)
    )
    activation_id = tx.execute(statement).scalar()
    if activation_id is None:
        return None
    tx.execute(
        sa.insert(task),
        [
            {"activation_id": activation_id, "position": position, **_task_values(item)}
            for position, item in enumerate(standing.tasks.values())
        ],
    )
    return int(activation_id)


_GET = sa.select(activation).where(activation.c.id == sa.bindparam("row"))
_GET_LOCKED = _GET.with_for_update()
_LOCK = sa.select(activation.c.id).where(activation.c.id == sa.bindparam("row")).with_for_update()
_UPDATE = sa.update(activation).where(activation.c.id == sa.bindparam("row"))
_TASKS = sa.select(task).where(task.c.activation_id == sa.bindparam("activation")).order_by(task.c.position)
_UPDATE_TASK = sa.update(task).where(
    task.c.activation_id == sa.bindparam("activation"), task.c.key == sa.bindparam("task")
)
_PLACEMENTS = (
    sa.select(placements_table)
    .where(placements_table.c.activation_id == sa.bindparam("activation"))
    .order_by(placements_table.c.id)
)
_PLACEMENT = sa.select(placements_table).where(placements_table.c.id == sa.bindparam("row"))
_PLACEMENT_OF = sa.select(placements_table).where(
    placements_table.c.connection == sa.bindparam("side"), placements_table.c.platform_id == sa.bindparam("id")
)
_PLACE = sa.insert(placements_table).returning(placements_table)
_UPDATE_PLACEMENT = sa.update(placements_table).where(placements_table.c.id == sa.bindparam("row"))


def lock(tx: sa.Connection, activation_id: int) -> None:
    """Have others that would change an activation wait until the transaction ends."""
    tx.execute(_LOCK, {"row": activation_id})


def get(tx: sa.Connection, activation_id: int, *, lock: bool = False) -> sa.Row[Any]:
    """Return the activation's row. Raises LookupError when there is none."""
    row = tx.execute(_GET_LOCKED if lock else _GET, {"row": activation_id}).first()
    if row is None:
        raise LookupError(f"there is no activation {activation_id}")
    return row


def find(tx: sa.Connection, activation_id: int) -> sa.Row[Any] | None:
    return tx.execute(sa.select(activation).where(activation.c.id == activation_id)).first()


def holding(tx: sa.Connection, lock: str) -> sa.Row[Any] | None:
    """Return the activation that holds a lock."""
    return tx.execute(sa.select(activation).where(activation.c.lock == lock)).first()


def count_for(tx: sa.Connection, connection: str, platform_id: str) -> int:
    """Return how many activations a ticket has led so far."""
    statement = (
        sa.select(sa.func.count())
        .select_from(activation)
        .where(activation.c.connection == connection, activation.c.platform_id == platform_id)
    )
    return int(tx.execute(statement).scalar_one())


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


def running_by_kind(tx: sa.Connection) -> dict[bool, int]:
    """Return how many activations run: False counts real ones, True exercises."""
    statement = sa.select(activation.c.exercise, sa.func.count()).where(activation.c.state == "running")
    counted = {bool(row[0]): int(row[1]) for row in tx.execute(statement.group_by(activation.c.exercise))}
    return {False: 0, True: 0} | counted


def unrestored(tx: sa.Connection, *, limit: int) -> Sequence[sa.Row[Any]]:
    """Return running activations whose service is not restored, real ones first, those that are due first."""
    statement: sa.Select[Any] = (
        sa.select(activation.c.id, activation.c.plan_key, activation.c.exercise, activation.c.due_at)
        .where(activation.c.state == "running", activation.c.restored_at.is_(None))
        .order_by(activation.c.exercise, activation.c.due_at)
    )
    return tx.execute(statement.limit(limit)).all()


def followed(tx: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Return the activations whose tickets are still watched: running ones."""
    return tx.execute(sa.select(activation).where(activation.c.state == "running").order_by(activation.c.id)).all()


def tasks(tx: sa.Connection, activation_id: int) -> Sequence[sa.Row[Any]]:
    return tx.execute(_TASKS, {"activation": activation_id}).all()


def standing(tx: sa.Connection, row: sa.Row[Any], joined: tuple[Joined, ...]) -> Standing:
    """Put an activation's row, tasks and incidents together for the rules."""
    return Standing(
        plan=plans.from_json(row.plan),
        rto=timedelta(seconds=row.rto_seconds),
        state=row.state,
        by_rule=row.started_by == "rule",
        exercise=row.exercise,
        invoked=row.invoked,
        started_at=row.started_at,
        clock_start=row.clock_start,
        due_at=row.due_at,
        tasks={item.key: _task(item) for item in tasks(tx, row.id)},
        joined=joined,
        stand_down=row.stand_down,
        stand_down_reason=row.stand_down_reason,
        told_percent=row.told_percent,
        restored_at=row.restored_at,
        restored_by=row.restored_by,
        ended_at=row.ended_at,
    )


def save(tx: sa.Connection, activation_id: int, old: Standing, new: Standing, lock: str | None) -> None:
    """Store what changed between two standings; `lock` None gives the lock back."""
    tx.execute(
        sa.update(activation)
        .where(activation.c.id == activation_id)
        .values(
            lock=lock,
            state=new.state,
            invoked=new.invoked,
            clock_start=new.clock_start,
            due_at=new.due_at,
            told_percent=new.told_percent,
            restored_at=new.restored_at,
            restored_by=new.restored_by,
            stand_down=new.stand_down,
            stand_down_reason=new.stand_down_reason,
            ended_at=new.ended_at,
        )
    )
    for key, item in new.tasks.items():
        if key not in old.tasks:
            tx.execute(sa.insert(task).values(activation_id=activation_id, position=1000, **_task_values(item)))
    changed = [
        {"activation": activation_id, "task": key, **_task_values(item)}
        for key, item in new.tasks.items()
        if key in old.tasks and item != old.tasks[key]
    ]
    if changed:
        tx.execute(_UPDATE_TASK, changed)


def update(tx: sa.Connection, activation_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(_UPDATE, {"row": activation_id, **values})


def placements(tx: sa.Connection, activation_id: int) -> Sequence[sa.Row[Any]]:
    return tx.execute(_PLACEMENTS, {"activation": activation_id}).all()


def placement(tx: sa.Connection, placement_id: int) -> sa.Row[Any]:
    return tx.execute(_PLACEMENT, {"row": placement_id}).one()


def placement_of(tx: sa.Connection, connection: str, platform_id: str) -> sa.Row[Any] | None:
    """Return which record of ours a platform's ticket is."""
    return tx.execute(_PLACEMENT_OF, {"side": connection, "id": platform_id}).first()


def placement_for(tx: sa.Connection, write_key: str) -> sa.Row[Any] | None:
    """Return the placement that a create with this key makes (for a ticket seen before its answer was)."""
    return tx.execute(sa.select(placements_table).where(placements_table.c.write_key == write_key)).first()


def place(tx: sa.Connection, values: Mapping[str, Any]) -> sa.Row[Any]:
    """Record the intent to have one of our records on a platform; returns the placement."""
    return tx.execute(_PLACE, dict(values)).one()


def update_placement(tx: sa.Connection, placement_id: int, values: Mapping[str, Any]) -> None:
    tx.execute(_UPDATE_PLACEMENT, {"row": placement_id, **values})


def _task(row: sa.Row[Any]) -> TaskStanding:
    return TaskStanding(
        key=row.key,
        name=row.name,
        state=TaskState(row.state),
        kind=row.kind,
        due_at=row.due_at,
        opened_at=row.opened_at,
        started_at=row.started_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason=row.reason,
    )


def _task_values(item: TaskStanding) -> dict[str, Any]:
    return {**vars(item), "state": item.state.value}
