"""A continuity plan: who does what, in which order and by when, to bring services back within their RTO."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from connector.recovery_task import PHASES, SETTLED, Phase, PlanTask, Target, TaskState

Invoke = Literal["automatic", "decision"]
StandDown = Literal["ask", "automatic"]
Disruption = Literal["join", "own"]


@dataclass(frozen=True)
class Role:
    """A role of the response team and how to reach who fills it."""

    name: str
    person: str
    phone: str
    email: str
    channel: str = ""
    deputy: str = ""


@dataclass(frozen=True)
class Communication:
    """What is said to whom; `cadence` None means once, `text` is a template."""

    key: str
    audience: str
    channel: str
    cadence: timedelta | None
    text: str


@dataclass(frozen=True)
class Plan:
    """A continuity plan as its file states it.

    `when` is a CEL condition over the normalised incident ("" = always). `invoke`: `automatic`, or `decision` of the
    role `decider`. `stand_down`: `ask` a person, or `automatic`. `disruption`: a second incident on the same services
    shall `join` the running activation or get its `own`. Tasks stand in the order of the file.
    """

    key: str
    name: str
    services: tuple[str, ...]
    scenario: str
    when: str
    invoke: Invoke
    decider: str
    stand_down: StandDown
    disruption: Disruption
    tasks: tuple[PlanTask, ...]
    team: tuple[Role, ...]
    communications: tuple[Communication, ...]
    review_at: date | None
    tested_at: date | None
    summary: str

    def task(self, key: str) -> PlanTask:
        """Return the task with this key; raises KeyError."""
        return {task.key: task for task in self.tasks}[key]

    def role(self, name: str) -> Role | None:
        return next((role for role in self.team if role.name == name), None)


def to_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON; durations are whole seconds, dates ISO 8601."""
    return {
        "key": plan.key,
        "name": plan.name,
        "services": list(plan.services),
        "scenario": plan.scenario,
        "when": plan.when,
        "invoke": plan.invoke,
        "decider": plan.decider,
        "stand_down": plan.stand_down,
        "disruption": plan.disruption,
        "tasks": [_task_to_json(task) for task in plan.tasks],
        "team": [dict(vars(role)) for role in plan.team],
        "communications": [
            {**vars(item), "cadence": None if item.cadence is None else _seconds(item.cadence)}
            for item in plan.communications
        ],
        "review_at": plan.review_at.isoformat() if plan.review_at else None,
        "tested_at": plan.tested_at.isoformat() if plan.tested_at else None,
        "summary": plan.summary,
    }


def from_json(data: Mapping[str, Any]) -> Plan:
    """Return the plan that `to_json` gave."""
    return Plan(
        key=data["key"],
        name=data["name"],
        services=tuple(data["services"]),
        scenario=data["scenario"],
        when=data["when"],
        invoke=data["invoke"],
        decider=data["decider"],
        stand_down=data["stand_down"],
        disruption=data["disruption"],
        tasks=tuple(_task_from_json(task) for task in data["tasks"]),
        team=tuple(Role(**role) for role in data["team"]),
        communications=tuple(
            Communication(
                **{**item, "cadence": None if item["cadence"] is None else timedelta(seconds=item["cadence"])}
            )
            for item in data["communications"]
        ),
        review_at=date.fromisoformat(data["review_at"]) if data["review_at"] else None,
        tested_at=date.fromisoformat(data["tested_at"]) if data["tested_at"] else None,
        summary=data["summary"],
    )


def version(plan: Plan) -> str:
    """Return a digest (12 hex digits) that changes when anything in the plan does."""
    text = json.dumps(to_json(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def finish_offsets(tasks: Iterable[PlanTask]) -> dict[str, timedelta]:
    """Return each task's earliest finish, counted from when the first tasks may start.

    An `after` that is not among `tasks` counts as done. Raises ValueError for a circle.
    """
    known = {task.key: task for task in tasks}
    finish: dict[str, timedelta] = {}
    for key in _in_order(known):
        task = known[key]
        waits = (finish[before] for before in task.after if before in known)
        finish[key] = max(waits, default=timedelta()) + task.duration
    return finish


def critical_path(tasks: Iterable[PlanTask]) -> timedelta:
    """Return how long the tasks take at least, when all that may run side by side does."""
    return max(finish_offsets(tasks).values(), default=timedelta())


def longest_path(tasks: Iterable[PlanTask]) -> tuple[str, ...]:
    """Return the keys of the tasks that make up the critical path, first to last."""
    known = {task.key: task for task in tasks}
    finish = finish_offsets(known.values())
    path: list[str] = []
    ahead = list(known)
    while ahead:
        path.append(max(ahead, key=lambda key: finish[key]))
        ahead = [before for before in known[path[-1]].after if before in known]
    return tuple(reversed(path))


def recovery_tasks(tasks: Iterable[PlanTask]) -> tuple[PlanTask, ...]:
    """Return what restores the services: required tasks up to the recovery phase, and all that these wait for."""
    known = {task.key: task for task in tasks}
    needed: set[str] = set()
    waiting = [key for key, task in known.items() if task.required and task.phase is not Phase.RETURN_TO_NORMAL]
    while waiting:
        key = waiting.pop()
        if key in known and key not in needed:
            needed.add(key)
            waiting.extend(known[key].after)
    return tuple(task for key, task in known.items() if key in needed)


def due_times(plan: Plan, clock_start: datetime, rto: timedelta) -> dict[str, datetime]:
    """Return when each task is due, for an RTO clock that started at `clock_start`.

    Work that restores the service is scheduled backward from the RTO: a task is due at the latest finish that still
    lets everything behind it meet the RTO, so the last required recovery task is due exactly at `clock_start + rto`
    and the dates say "later than this and the RTO is lost" (a task late by its due time is a fact, not a nuisance).
    Should the plan take longer than its RTO, nothing is due before `clock_start`. Work up to the recovery phase on
    which no required task waits is due at the RTO. Return-to-normal tasks follow: the RTO plus their own path.
    """
    end = clock_start + rto
    due = {task.key: end for task in plan.tasks}
    needed = {task.key: task for task in recovery_tasks(plan.tasks)}
    for key in reversed(_in_order(needed)):
        latest_start = due[key] - needed[key].duration
        for before in needed[key].after:
            if before in needed:
                due[before] = max(min(due[before], latest_start), clock_start)
    afterwards = finish_offsets(task for task in plan.tasks if task.phase is Phase.RETURN_TO_NORMAL)
    return due | {key: end + offset for key, offset in afterwards.items()}


def expected_restoration(
    plan: Plan, states: Mapping[str, TaskState], started: Mapping[str, datetime], now: datetime
) -> datetime:
    """Return when the services should be back, by the longest path through what is not yet settled.

    A task in hand (in `started`) ends its duration after it began, or now if that has passed; any other takes its
    duration from now or from when what it waits for ends; a failed one has to be done again. `now` when all is settled.
    """
    needed = {task.key: task for task in recovery_tasks(plan.tasks)}
    finish: dict[str, datetime] = {}
    for key in _in_order(needed):
        task = needed[key]
        if states[key] in SETTLED:
            finish[key] = now
        elif states[key] is TaskState.IN_PROGRESS and key in started:
            finish[key] = max(started[key] + task.duration, now)
        else:
            finish[key] = (
                max((finish[before] for before in task.after if before in needed), default=now) + task.duration
            )
    return max(finish.values(), default=now)


def next_tasks(plan: Plan, states: Mapping[str, TaskState]) -> tuple[PlanTask, ...]:
    """Return the tasks that can be worked on now, by phase and then in plan order.

    These are the open ones, those in progress, pending ones whose `after` is settled, and required ones that failed.
    """

    def workable(task: PlanTask) -> bool:
        state = states[task.key]
        if state is TaskState.PENDING:
            return all(states[key] in SETTLED for key in task.after)
        return state in {TaskState.OPEN, TaskState.IN_PROGRESS} or (state is TaskState.FAILED and task.required)

    return tuple(sorted(filter(workable, plan.tasks), key=lambda task: PHASES.index(task.phase)))


def phase_of(plan: Plan, states: Mapping[str, TaskState]) -> Phase:
    """Return the first phase with a required task that is not settled; the last phase when there is none."""
    open_phases = {task.phase for task in plan.tasks if task.required and states[task.key] not in SETTLED}
    return next((phase for phase in PHASES if phase in open_phases), PHASES[-1])


def circle(tasks: Iterable[PlanTask]) -> tuple[str, ...]:
    """Return keys that wait for each other in a circle, first one repeated at the end; empty when there is none."""
    known = {task.key: task for task in tasks}
    clear: set[str] = set()
    for start in known:
        trail: dict[str, Iterable[str]] = {}
        key: str | None = start if start not in clear else None
        while key is not None:
            ahead = iter(trail.setdefault(key, iter(known[key].after)))
            following = next((before for before in ahead if before in known and before not in clear), None)
            if following in trail:
                keys = list(trail)
                return (*keys[keys.index(following) :], following)
            if following is None:
                clear.add(key)
                del trail[key]
                following = next(reversed(trail), None)
            key = following
    return ()


def _in_order(known: Mapping[str, PlanTask]) -> list[str]:
    """Return the keys so that each stands behind all it waits for. Raises ValueError for a circle."""
    found = circle(known.values())
    if found:
        raise ValueError(f"tasks wait for each other: {' -> '.join(found)}")
    order: dict[str, None] = {}
    waiting = list(reversed(list(known)))
    while waiting:
        missing = [before for before in known[waiting[-1]].after if before in known and before not in order]
        if missing:
            waiting.extend(reversed(missing))
        else:
            order.setdefault(waiting.pop())
    return list(order)


def _task_to_json(task: PlanTask) -> dict[str, Any]:
    return {
        **vars(task),
        "phase": task.phase.value,
        "duration": _seconds(task.duration),
        "after": list(task.after),
        "targets": [dict(vars(target)) for target in task.targets],
    }


def _task_from_json(data: Mapping[str, Any]) -> PlanTask:
    return PlanTask(
        **{
            **data,
            "phase": Phase(data["phase"]),
            "duration": timedelta(seconds=data["duration"]),
            "after": tuple(data["after"]),
            "targets": tuple(Target(**target) for target in data["targets"]),
        }
    )


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
