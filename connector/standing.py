"""Where an activation stands: its clock, its tasks and its incidents, as plain facts for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.incident import Incident
from connector.plan import Plan
from connector.recovery_task import TaskState

INVOKE = "_invoke"
STAND_DOWN = "_stand_down"
"""The keys of the questions put to a person: whether to invoke a plan, and whether to stand it down."""


@dataclass(frozen=True)
class TaskStanding:
    """Where one task stands. `kind` is `plan`, or `invoke` / `stand_down` for a question put to a person."""

    key: str
    name: str
    state: TaskState
    kind: str = "plan"
    due_at: datetime | None = None
    opened_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Joined:
    """An incident that takes part: `role` is `lead`, `joined` (a major of its own) or `child`."""

    incident: Incident
    role: str
    major: bool


@dataclass(frozen=True)
class Standing:
    """An activation with everything that its rules look at.

    `stand_down` is "", `asked`, `declined` or `confirmed`; `restored_by` `tasks` or `incident`; `by_rule` false when a
    person or an exercise started it.
    """

    plan: Plan
    rto: timedelta
    state: str
    by_rule: bool
    exercise: bool
    invoked: bool
    started_at: datetime
    clock_start: datetime
    due_at: datetime
    tasks: Mapping[str, TaskStanding]
    joined: tuple[Joined, ...] = ()
    stand_down: str = ""
    stand_down_reason: str = ""
    told_percent: int = 0
    restored_at: datetime | None = None
    restored_by: str = ""
    ended_at: datetime | None = None

    @property
    def states(self) -> dict[str, TaskState]:
        """The states of the plan's own tasks."""
        return {task.key: task.state for task in self.tasks.values() if task.kind == "plan"}

    @property
    def majors(self) -> tuple[Joined, ...]:
        return tuple(item for item in self.joined if item.role != "child")

    @property
    def holds_lock(self) -> bool:
        """Whether another incident on the same services still belongs to this disruption."""
        if self.state != "running":
            return False
        return self.restored_at is None or any(item.incident.active for item in self.majors)


def started_times(standing: Standing) -> dict[str, datetime]:
    return {key: task.started_at for key, task in standing.tasks.items() if task.started_at}
