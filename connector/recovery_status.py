"""Where recovery stands, in words and figures for the tickets (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.activation import MARKS
from connector.moment import instant, span
from connector.plan import expected_restoration, next_tasks, phase_of
from connector.recovery_task import CLOSED, Phase, TaskState
from connector.standing import INVOKE, Standing, started_times


@dataclass(frozen=True)
class RecoveryStatus:
    """Where recovery stands, as it is written to the tickets.

    `done` counts tasks done, not those skipped; `percent` counts both, as long as the plan was not stood down.
    """

    phase: Phase
    done: int
    total: int
    percent: int
    text: str
    due_at: datetime
    expected_at: datetime | None


def recovery_status(standing: Standing) -> RecoveryStatus:
    """Return the status as of the last event (a task, a mark of the RTO): it does not change by itself each minute."""
    states = standing.states
    done = sum(state is TaskState.DONE for state in states.values())
    skipped = sum(state is TaskState.SKIPPED for state in states.values())
    total = len(states)
    gone_by = done if standing.state == "stood_down" else done + skipped
    percent = 100 if not total else round(100 * gone_by / total)
    phase = phase_of(standing.plan, states)
    counted = f"{done} of {total} recovery tasks done" + (f", {skipped} skipped" if skipped else "")
    expected = None
    if standing.state == "stood_down":
        text = f"Stood down ({counted}): {standing.stand_down_reason}"
    elif standing.restored_at is not None:
        took = span(standing.restored_at - standing.clock_start)
        verdict = "RTO met" if standing.restored_at <= standing.due_at else "RTO missed"
        text = f"Service restored {instant(standing.restored_at)} after {took}, {verdict}. {counted}"
        ahead = _next_text(standing)
        text += f". Next: {ahead}" if ahead and standing.state == "running" else ""
    else:
        expected = expected_restoration(standing.plan, states, started_times(standing), _as_of(standing))
        course = "RTO MISSED" if standing.told_percent >= MARKS[-1] else "RTO due"
        text = f"{counted}. Next: {_next_text(standing) or 'nothing is open'}. {course} {instant(standing.due_at)}"
        if standing.told_percent:
            text += f" ({standing.told_percent} % used)"
        text += f", expected {instant(expected)}"
    label = "EXERCISE. " if standing.exercise else ""
    return RecoveryStatus(phase, done, total, percent, label + text, standing.due_at, expected)


def _as_of(standing: Standing) -> datetime:
    """When something last happened."""
    moments = [standing.started_at, standing.clock_start + standing.rto * standing.told_percent / 100]
    for task in standing.tasks.values():
        moments.extend(at for at in (task.opened_at, task.started_at, task.closed_at) if at)
    return max(moments)


def _next_text(standing: Standing) -> str:
    """Name the step to take next and who takes it."""
    if not standing.invoked:
        question = standing.tasks[INVOKE]
        if question.state not in CLOSED:
            decider = standing.plan.role(standing.plan.decider)
            return f"{question.name} ({decider.person if decider else standing.plan.decider})"
    ahead = next_tasks(standing.plan, standing.states)
    if not ahead:
        return ""
    task = ahead[0]
    role = standing.plan.role(task.role)
    who = ", ".join(filter(None, (role.person if role else task.role, task.team)))
    more = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
    return f"{task.name} ({who}){more}" if who else f"{task.name}{more}"
