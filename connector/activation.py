"""An activation: a continuity plan being carried out for a disruption, and the rules that move it (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.moment import instant, span
from connector.plan import (
    Plan,
    due_times,
    expected_restoration,
    recovery_tasks,
)
from connector.recovery_task import CLOSED, SETTLED, Phase, TaskState, openable
from connector.standing import INVOKE, STAND_DOWN, Joined, Standing, TaskStanding, started_times

INCIDENT_ENDED = "its incident has ended"
WITHDRAWN = "the incident is major again"
MARKS = (50, 80, 100)
LARGEST_ID = 2**63 - 1
"""The largest id that the tables hold (a signed 64-bit number)."""
_PREFIX = "ACT-"


def number(activation_id: int) -> str:
    """Return what people call an activation: `ACT-3`."""
    return f"{_PREFIX}{activation_id}"


def id_of(text: str) -> int | None:
    """Return the id of the activation that people call `ACT-3`, `act-3` or `3`; None for what cannot be one."""
    digits = text.strip().upper().removeprefix(_PREFIX)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(LARGEST_ID)):
        return None
    return int(digits) if int(digits) <= LARGEST_ID else None


@dataclass(frozen=True)
class Telling:
    """Something a person needs to know, once: `event` names it."""

    event: str
    text: str


@dataclass(frozen=True)
class Progress:
    """What `progress` found: the new standing, what to tell, and when to look again though nothing happens."""

    standing: Standing
    tellings: tuple[Telling, ...]
    look_again_at: datetime | None


def start(
    plan: Plan,
    *,
    rto: timedelta,
    now: datetime,
    clock_start: datetime,
    joined: tuple[Joined, ...] = (),
    by_rule: bool = True,
    exercise: bool = False,
) -> Standing:
    """Return a fresh activation: every task pending, and a question to the decider where the plan wants a decision."""
    tasks = {task.key: TaskStanding(task.key, task.name, TaskState.PENDING) for task in plan.tasks}
    decision = plan.invoke == "decision"
    if decision:
        tasks[INVOKE] = TaskStanding(INVOKE, f"Invoke the plan? {plan.name}", TaskState.OPEN, "invoke", opened_at=now)
    return Standing(
        plan=plan,
        rto=rto,
        state="running",
        by_rule=by_rule,
        exercise=exercise,
        invoked=not decision,
        started_at=now,
        clock_start=clock_start,
        due_at=clock_start + rto,
        tasks=tasks,
        joined=joined,
    )


def moved(standing: Standing, key: str, state: TaskState, *, at: datetime, by: str, reason: str = "") -> Standing:
    """Return the standing after a person (or a platform on a person's behalf) moved a task to `state` at `at`."""
    task = standing.tasks[key]
    if state is TaskState.PENDING and task.state in {TaskState.OPEN, TaskState.IN_PROGRESS}:
        return standing  # put on hold on its platform: still open work for the plan
    if state is task.state:
        return standing
    changed = replace(task, state=state, reason=reason, closed_at=None, closed_by="")
    if state is not TaskState.PENDING and task.opened_at is None:
        changed = replace(changed, opened_at=at)
    if state is TaskState.IN_PROGRESS:
        changed = replace(changed, started_at=task.started_at or at)
    if state in CLOSED:
        changed = replace(changed, closed_at=at, closed_by=by)
    return replace(standing, tasks={**standing.tasks, key: changed})


def progress(standing: Standing, now: datetime) -> Progress:
    """Bring an activation up to date: clock, decisions, restoration, tasks to open, marks of the RTO, its end.

    Level-triggered: calling it again without a change gives no telling and the same standing.
    """
    if standing.state != "running":
        return Progress(standing, (), None)
    tellings: list[Telling] = []
    standing = _set_clock(standing)
    standing = _decide_invocation(standing, tellings)
    standing = _decide_stand_down(standing, now, tellings)
    if standing.stand_down == "confirmed":
        return Progress(_stood_down(standing, now, tellings), tuple(tellings), None)
    standing = _close_with_incident(standing, now)
    standing = _open_tasks(standing, now)
    standing = _restore(standing, tellings)
    standing, look_again_at = _mark(standing, now, tellings)
    standing = _end(standing, now)
    return Progress(standing, tuple(tellings), look_again_at)


def clock_start(joined: tuple[Joined, ...], otherwise: datetime) -> datetime:
    """Return when the disruption began: an outage's begin, else the earliest opening of the incidents that joined."""
    outages = [item.incident.outage_began_at for item in joined if item.incident.outage_began_at]
    opened = [item.incident.opened_at for item in joined if item.incident.opened_at]
    return min(outages or opened or [otherwise])


def _set_clock(standing: Standing) -> Standing:
    begin = clock_start(standing.joined, standing.clock_start)
    due = due_times(standing.plan, begin, standing.rto)
    tasks = {
        key: replace(task, due_at=due.get(key, task.due_at or begin + standing.rto))
        for key, task in standing.tasks.items()
    }
    due_at = begin + standing.rto
    told = standing.told_percent if due_at == standing.due_at else 0
    return replace(standing, clock_start=begin, due_at=due_at, tasks=tasks, told_percent=told)


def _decide_invocation(standing: Standing, tellings: list[Telling]) -> Standing:
    question = standing.tasks.get(INVOKE)
    if standing.invoked or question is None or question.state not in CLOSED:
        return standing
    who = question.closed_by or "the decider"
    if question.state is TaskState.DONE:
        tellings.append(Telling("invoked", f"{who} invoked the plan {standing.plan.name}: all phases may begin."))
        return replace(standing, invoked=True)
    reason = f"{who} decided not to invoke the plan" + (f": {question.reason}" if question.reason else "")
    return replace(standing, stand_down="confirmed", stand_down_reason=reason)


def _decide_stand_down(standing: Standing, now: datetime, tellings: list[Telling]) -> Standing:
    if standing.stand_down == "confirmed":
        return standing
    cause = _cause_to_stand_down(standing)
    question = standing.tasks.get(STAND_DOWN)
    if not cause:
        if standing.stand_down == "asked" and question is not None:
            closed = replace(
                question, state=TaskState.SKIPPED, closed_at=now, closed_by="", reason=_withdrawn(standing)
            )
            standing = replace(standing, tasks={**standing.tasks, STAND_DOWN: closed})
        return replace(standing, stand_down="")
    if standing.plan.stand_down == "automatic":
        return replace(standing, stand_down="confirmed", stand_down_reason=cause)
    if standing.stand_down == "":
        tellings.append(
            Telling(
                f"stand-down-asked:{now.isoformat()}",
                f"{cause}. The plan {standing.plan.name} goes on until a person decides: complete the task "
                f"'Stand down the plan?' to stand it down, or skip that task to carry on.",
            )
        )
        return ask_to_stand_down(standing, cause, now)
    if standing.stand_down == "asked" and question is not None and question.state in CLOSED:
        if question.state is TaskState.DONE:
            by = f", confirmed by {question.closed_by}" if question.closed_by else ""
            return replace(standing, stand_down="confirmed", stand_down_reason=cause + by)
        return replace(standing, stand_down="declined")
    return standing


def ask_to_stand_down(standing: Standing, cause: str, now: datetime) -> Standing:
    """Return the standing with the question to the desk whether to stand the plan down."""
    name = f"Stand down the plan? {standing.plan.name}"
    asked = TaskStanding(STAND_DOWN, name, TaskState.OPEN, "stand_down", standing.due_at, opened_at=now)
    return replace(standing, stand_down="asked", stand_down_reason=cause, tasks={**standing.tasks, STAND_DOWN: asked})


def _withdrawn(standing: Standing) -> str:
    return WITHDRAWN if any(item.incident.active for item in standing.majors) else "the incident was resolved"


def _cause_to_stand_down(standing: Standing) -> str:
    """Say why nothing keeps the activation going any more; "" when something does, or the incidents were resolved."""
    majors = standing.majors
    if not majors or any(item.incident.active and (item.major or not standing.by_rule) for item in majors):
        return ""
    cancelled = [item.incident.number for item in majors if item.incident.state == "cancelled"]
    demoted = [item.incident.number for item in majors if item.incident.active and not item.major]
    if demoted:
        return f"{', '.join(demoted)} is not a major incident any more"
    if len(cancelled) == len(majors):
        return f"{', '.join(cancelled)} was cancelled"
    return ""


def _stood_down(standing: Standing, now: datetime, tellings: list[Telling]) -> Standing:
    reason = standing.stand_down_reason or "stood down"
    tellings.append(Telling("stood-down", f"The plan {standing.plan.name} was stood down: {reason}."))
    tasks = {
        key: task
        if task.state in CLOSED
        else replace(task, state=TaskState.SKIPPED, closed_at=now, reason=f"stood down: {reason}")
        for key, task in standing.tasks.items()
    }
    return replace(standing, state="stood_down", stand_down="confirmed", ended_at=now, tasks=tasks)


def _incident_ended_at(standing: Standing) -> datetime | None:
    """When the last of the major incidents was resolved or closed; None while one goes on or all were cancelled."""
    majors = [item.incident for item in standing.majors if item.incident.state != "cancelled"]
    if not majors or any(incident.active for incident in majors):
        return None
    return max((incident.ended_at for incident in majors if incident.ended_at), default=None)


def _close_with_incident(standing: Standing, now: datetime) -> Standing:
    """Close the work up to recovery when the incident has ended; put it back should the incident be reopened."""
    ended_at = _incident_ended_at(standing)
    phases = {task.key: task.phase for task in standing.plan.tasks}
    tasks = dict(standing.tasks)
    for key, task in standing.tasks.items():
        if phases.get(key) is Phase.RETURN_TO_NORMAL:
            continue
        if ended_at is not None and task.state not in CLOSED:
            tasks[key] = replace(
                task, state=TaskState.SKIPPED, closed_at=min(ended_at, now), reason=INCIDENT_ENDED, closed_by=""
            )
        elif ended_at is None and task.state is TaskState.SKIPPED and task.reason == INCIDENT_ENDED:
            tasks[key] = replace(task, state=_reopened(task), closed_at=None, reason="")
    return replace(standing, tasks=tasks)


def _reopened(task: TaskStanding) -> TaskState:
    return TaskState.PENDING if task.kind == "plan" else TaskState.OPEN


def _open_tasks(standing: Standing, now: datetime) -> Standing:
    phases = {task.key: task.phase for task in standing.plan.tasks}
    tasks = dict(standing.tasks)
    for key in openable(standing.plan.tasks, standing.states):
        if standing.invoked or phases[key] is Phase.ACTIVATION:
            tasks[key] = replace(tasks[key], state=TaskState.OPEN, opened_at=tasks[key].opened_at or now)
    return replace(standing, tasks=tasks)


def _restore(standing: Standing, tellings: list[Telling]) -> Standing:
    """Stop the clock when the service is back: the required tasks up to recovery are done, or the incident resolved."""
    by_incident = _incident_ended_at(standing)
    needed = [standing.tasks[task.key] for task in recovery_tasks(standing.plan.tasks)]
    done = [task.closed_at for task in needed if task.state is TaskState.DONE and task.closed_at]
    by_tasks = max(done) if done and all(task.state in SETTLED for task in needed) else None
    if by_tasks and any(task.reason == INCIDENT_ENDED for task in needed):
        by_tasks = None  # those were closed because the incident had ended, which says nothing of the tasks
    moments = {"tasks": by_tasks, "incident": by_incident}
    found = min(((at, by) for by, at in moments.items() if at), default=None)
    if found is None:
        if standing.restored_at is not None:
            tellings.append(
                Telling(
                    f"not-restored:{standing.restored_at.isoformat()}",
                    "Recovery is not complete after all: "
                    "a task or the incident was reopened, and the RTO clock goes on.",
                )
            )
        return replace(standing, restored_at=None, restored_by="")
    at, by = found
    if standing.restored_at is None:
        took = at - standing.clock_start
        verdict = "within" if at <= standing.due_at else "MISSING"
        tellings.append(
            Telling(
                f"restored:{at.isoformat()}",
                f"Service restored at {instant(at)} after {span(took)}, {verdict} its RTO of {span(standing.rto)}. "
                "A post-incident review is open.",
            )
        )
    return replace(standing, restored_at=at, restored_by=by)


def _mark(standing: Standing, now: datetime, tellings: list[Telling]) -> tuple[Standing, datetime | None]:
    """Tell of the highest mark of the RTO that has passed; return when the next one is due."""
    if standing.restored_at is not None:
        return standing, None
    moments = {mark: standing.clock_start + standing.rto * mark / 100 for mark in MARKS}
    passed = max((mark for mark, at in moments.items() if at <= now), default=0)
    if passed > standing.told_percent:
        tellings.append(Telling(f"rto:{passed}:{standing.due_at.isoformat()}", _mark_text(standing, passed, now)))
    ahead = min((at for at in moments.values() if at > now), default=None)
    return replace(standing, told_percent=max(passed, standing.told_percent)), ahead


def mark_passed(clock_start: datetime, rto_seconds: int, told_percent: int, now: datetime) -> bool:
    """Tell whether a mark of the RTO has passed that nobody was told of."""
    used = (now - clock_start).total_seconds() * 100
    return any(mark > told_percent and used >= mark * rto_seconds for mark in MARKS)


def _mark_text(standing: Standing, mark: int, now: datetime) -> str:
    expected = expected_restoration(standing.plan, standing.states, started_times(standing), now)
    if mark == MARKS[-1]:
        return (
            f"RTO MISSED: the service was due back at {instant(standing.due_at)}. "
            f"Expected restoration: {instant(expected)}."
        )
    course = "on course" if expected <= standing.due_at else "AT RISK"
    return (
        f"{mark} % of the RTO is used; due {instant(standing.due_at)}, {course}: "
        f"expected restoration {instant(expected)}."
    )


def failures(before: Standing, after: Standing) -> tuple[Telling, ...]:
    """Return what to tell of tasks that were closed as not achieved between two standings."""
    return tuple(
        Telling(
            f"failed:{task.key}:{task.closed_at.isoformat() if task.closed_at else ''}",
            f"Recovery task '{task.name}' was closed as not achieved{f': {task.reason}' if task.reason else ''}. "
            "What waits for it stays pending: reopen it, or skip it if it is not needed.",
        )
        for task in after.tasks.values()
        if task.kind == "plan" and task.state is TaskState.FAILED and before.tasks[task.key].state is not task.state
    )


def _end(standing: Standing, now: datetime) -> Standing:
    done = all(task.state in CLOSED for task in standing.tasks.values())
    if standing.restored_at and done and not any(item.incident.active for item in standing.majors):
        return replace(standing, state="closed", ended_at=now)
    return standing
