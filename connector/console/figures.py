"""Stored activations, tasks and tickets as the read API answers them: plain facts in its field names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.activation import number
from connector.console.lookup import Found
from connector.console.rto_clock import rto_clock
from connector.plan import expected_restoration
from connector.recovery_status import recovery_status
from connector.standing import Standing, started_times

_AS_STORED = (
    "id", "exercise", "state", "invoked", "services", "started_at", "started_by", "clock_start", "due_at",
    "rto_seconds", "rpo_seconds", "restored_at", "restored_by", "recovery_point_at", "stand_down",
    "stand_down_reason", "ended_at", "complete_at", "escalated_at",
)  # fmt: skip
_TASK_AS_STORED = ("key", "name", "kind", "due_at", "opened_at", "started_at", "closed_at", "closed_by", "reason")


def activation(row: sa.Row[Any], incident: dict[str, str] | None, now: datetime) -> dict[str, Any]:
    """Return an activation with its figures as read at `now`; `incident` is the ticket that leads it."""
    clock = rto_clock(
        start=row.clock_start, due=row.due_at, now=now, restored_at=row.restored_at, ended_at=row.ended_at
    )
    recovery, point = clock.actual_recovery, row.recovery_point_at
    return {
        **{name: getattr(row, name) for name in _AS_STORED},
        "number": number(row.id),
        "plan": {"key": row.plan_key, "name": row.plan["name"], "version": row.plan_version},
        "incident": incident,
        "actual_recovery_seconds": None if recovery is None else int(recovery.total_seconds()),
        "rto_met": clock.met,
        "actual_recovery_point_seconds": None if point is None else int((row.clock_start - point).total_seconds()),
    }


def listed(row: sa.Row[Any], now: datetime) -> dict[str, Any]:
    """Return a row of the list of activations, which brings its lead incident's number along."""
    known = row.incident_number is not None
    incident = {"connection": row.connection, "number": row.incident_number, "url": row.incident_url} if known else None
    return activation(row, incident, now)


def detail(found: Found, row: sa.Row[Any], standing: Standing, now: datetime) -> dict[str, Any]:
    """Return an activation with its tasks, placements, incidents and status."""
    status = recovery_status(standing)
    expected = expected_restoration(standing.plan, standing.states, started_times(standing), now)
    return {
        **activation(row, _ref(found.ticket) if found.ticket is not None else None, now),
        "status": {
            "phase": status.phase.value,
            "done": status.done,
            "total": status.total,
            "percent": status.percent,
            "text": status.text,
            "expected_at": expected if status.expected_at is not None else None,
        },
        "incidents": [{**_ref(item), "role": item.role} for item in found.incidents],
        "tasks": tasks(standing, found.placements),
        "placements": [_placement(item) for item in found.placements],
    }


def tasks(standing: Standing, placements: Sequence[sa.Row[Any]]) -> list[dict[str, Any]]:
    """Return the tasks of an activation, each with its tickets."""
    planned = {task.key: task for task in standing.plan.tasks}
    found = []
    for item in standing.tasks.values():
        task = planned.get(item.key)
        found.append(
            {
                **{name: getattr(item, name) for name in _TASK_AS_STORED},
                "state": item.state.value,
                "phase": task.phase.value if task else "",
                "required": task.required if task else True,
                "role": task.role if task else standing.plan.decider if item.kind == "invoke" else "",
                "team": task.team if task else "",
                "after": list(task.after) if task else [],
                "duration_seconds": int(task.duration.total_seconds()) if task else None,
                "placements": list(_placements_of(placements, item.key)),
            }
        )
    return found


def ticket(row: sa.Row[Any]) -> dict[str, Any]:
    """Return a ticket and why it was, or was not, acted on."""
    return {
        **_ref(row),
        "why": row.why,
        "why_at": row.why_at,
        "plan": row.plan_key,
        "activation": number(row.activation_id) if row.activation_id is not None else None,
        "role": row.role,
        "baseline": row.baseline,
        "deleted": row.deleted,
        "problems": row.problems,
        "seen_at": row.seen_at,
    }


def _placements_of(placements: Iterable[sa.Row[Any]], key: str) -> Iterable[dict[str, Any]]:
    return (_placement(item) for item in placements if item.record == "recovery_task" and item.key == key)


def _placement(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        **_ref(row),
        "record": row.record,
        "key": row.key,
        "state": row.state,
        "gone": row.gone,
        "problems": row.problems,
    }


def _ref(row: sa.Row[Any]) -> dict[str, Any]:
    return {"connection": row.connection, "number": row.number, "url": row.url}
