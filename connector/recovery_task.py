"""A recovery task: one piece of work in a continuity plan, and the states it can be in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The phases of a plan, in their order (ISO 22301's response, recovery and return)."""

    ACTIVATION = "activation"
    CONTAINMENT = "containment"
    RECOVERY = "recovery"
    RETURN_TO_NORMAL = "return_to_normal"


PHASES = tuple(Phase)


class TaskState(StrEnum):
    """`pending` waits for its `after`; `failed` was closed as not achieved; `skipped` is not needed."""

    PENDING = "pending"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


SETTLED = frozenset({TaskState.DONE, TaskState.SKIPPED})
CLOSED = SETTLED | {TaskState.FAILED}


@dataclass(frozen=True)
class Target:
    """Where a task's ticket is created: a connection's (or platform's) name, and a project where it has projects."""

    platform: str
    project: str = ""


@dataclass(frozen=True)
class PlanTask:
    """A recovery task as a plan states it; `fields` are values for fields that an admin mapped (`x_...`)."""

    key: str
    name: str
    phase: Phase
    duration: timedelta
    role: str = ""
    team: str = ""
    after: tuple[str, ...] = ()
    required: bool = True
    targets: tuple[Target, ...] = ()
    instructions: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


def openable(tasks: Iterable[PlanTask], states: Mapping[str, TaskState]) -> tuple[str, ...]:
    """Return the keys of pending tasks whose every `after` is done or skipped, in plan order."""
    return tuple(
        task.key
        for task in tasks
        if states[task.key] is TaskState.PENDING and all(states[key] in SETTLED for key in task.after)
    )
