"""What the page of a ticket says: the stored facts put in the words and the order in which the desk needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.activation import number
from connector.catalog import COMMUNICATION_NAMES, Catalog
from connector.console.lookup import Found
from connector.console.rto_clock import RtoClock, rto_clock
from connector.moment import instant, span
from connector.plan import Communication, Plan, Role, expected_restoration, next_tasks
from connector.problem import Invalid
from connector.recovery_status import RecoveryStatus, recovery_status
from connector.recovery_task import CLOSED, PHASES, PlanTask, TaskState
from connector.service import Service
from connector.standing import Standing, TaskStanding, started_times
from connector.store import preflights
from connector.template import Template
from connector.wording import PHASE_NAMES

STATE_NAMES = {
    TaskState.PENDING: "Pending",
    TaskState.OPEN: "Open",
    TaskState.IN_PROGRESS: "In progress",
    TaskState.DONE: "Done",
    TaskState.FAILED: "Not achieved",
    TaskState.SKIPPED: "Skipped",
}
ACTIVATION_STATES = {"running": "Running", "stood_down": "Stood down", "closed": "Closed"}
MOST_SHOWN = 5
"""Of the reasons why a plan could not be created, how many stand on the page."""
ROLES = {"lead": "Lead incident", "joined": "Same disruption", "child": "Child incident"}


@dataclass(frozen=True)
class Ticket:
    """A ticket on a platform; `url` is empty unless it is a web address."""

    connection: str
    number: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class TaskLine:
    """One recovery task as a person reads it; `place` counts in plan order, 0 for a question to the desk."""

    place: int
    name: str
    state: str
    state_name: str
    required: bool
    instructions: str
    role: str
    person: Role | None
    team: str
    after: tuple[str, ...]
    duration: timedelta | None
    due_at: datetime | None
    late: bool
    closed_at: datetime | None
    closed_by: str
    reason: str
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True)
class PhaseBlock:
    name: str
    lines: tuple[TaskLine, ...]
    done: int


@dataclass(frozen=True)
class Said:
    """A communication of the plan with its text filled in; `filled` false when that was not possible."""

    audience: str
    channel: str
    cadence: timedelta | None
    text: str
    filled: bool


@dataclass(frozen=True)
class TicketPage:
    """Everything on the page. `clock`, `status` and `number` (of the activation) are None / "" without one."""

    ticket: Ticket | None
    summary: str
    why: str
    why_at: datetime | None
    plan: Plan | None
    services: tuple[Service | str, ...]
    rto: timedelta | None
    read_at: datetime
    exercise: bool = False
    number: str = ""
    state: str = ""
    started_at: datetime | None = None
    started_by: str = ""
    stand_down_reason: str = ""
    status: RecoveryStatus | None = None
    phase: str = ""
    clock: RtoClock | None = None
    rpo: timedelta | None = None
    recovery_point_at: datetime | None = None
    next_lines: tuple[TaskLine, ...] = ()
    questions: tuple[TaskLine, ...] = ()
    phases: tuple[PhaseBlock, ...] = ()
    incidents: tuple[Ticket, ...] = ()
    records: tuple[Ticket, ...] = ()
    communications: tuple[Said, ...] = ()
    warnings: tuple[str, ...] = ()
    happened: tuple[tuple[datetime, str], ...] = ()

    @property
    def title(self) -> str:
        return " ".join(filter(None, (self.ticket.number if self.ticket else self.number, self.summary)))


def ticket_page(found: Found, catalog: Catalog, link: str, now: datetime) -> TicketPage:
    """Return the page of what was found, as read at `now`; `link` is the page's own address."""
    mine, row, standing = found.ticket, found.activation, found.standing
    if row is None or standing is None:
        plan = catalog.plans.get(mine.plan_key) if mine is not None else None
        keys: Sequence[str] = plan.services if plan else ()
    else:
        plan, keys = standing.plan, row.services
    services = tuple(catalog.services.get(key, key) for key in keys)
    facts: dict[str, Any] = {
        "ticket": _ticket(mine, "") if mine is not None else None,
        "summary": str(mine.values.get("summary") or "") if mine is not None else "",
        "why": mine.why if mine is not None else "",
        "why_at": mine.why_at if mine is not None else None,
        "plan": plan,
        "services": services,
        "read_at": now,
        "warnings": tuple(_warnings(found)),
        "happened": tuple((line.at, line.text) for line in found.lines),
    }
    if plan is None:
        return TicketPage(**facts, rto=None)
    if row is None or standing is None:
        rto = catalog.strictest_rto(keys)
        said = _said(plan.communications, _values_before(plan, services, rto, facts, link))
        return TicketPage(**facts, rto=rto, phases=_phases(plan, None, found, now), communications=said)
    status = recovery_status(standing)
    clock = _clock(standing, now)
    phases = _phases(plan, standing, found, now)
    by_name = {line.place: line for block in phases for line in block.lines}
    ahead = [by_name[plan.tasks.index(task) + 1] for task in next_tasks(plan, standing.states)]
    return TicketPage(
        **facts,
        rto=standing.rto,
        exercise=standing.exercise,
        number=number(row.id),
        state=row.state,
        started_at=row.started_at,
        started_by=row.started_by,
        stand_down_reason=row.stand_down_reason if row.state == "stood_down" else "",
        status=status,
        phase=PHASE_NAMES[status.phase],
        clock=clock,
        rpo=timedelta(seconds=row.rpo_seconds),
        recovery_point_at=row.recovery_point_at,
        next_lines=tuple(ahead) if row.state == "running" and standing.invoked else (),
        questions=_questions(standing, found, now),
        phases=phases,
        incidents=tuple(_ticket(item, ROLES.get(item.role, item.role)) for item in found.incidents),
        records=tuple(_records(found)),
        communications=_said(plan.communications, _values(standing, status, services, facts, ahead, link)),
    )


def _clock(standing: Standing, now: datetime) -> RtoClock:
    return rto_clock(
        start=standing.clock_start,
        due=standing.due_at,
        now=now,
        restored_at=standing.restored_at,
        ended_at=standing.ended_at,
        expected_at=expected_restoration(standing.plan, standing.states, started_times(standing), now),
    )


def _phases(plan: Plan, standing: Standing | None, found: Found, now: datetime) -> tuple[PhaseBlock, ...]:
    blocks = []
    for phase in PHASES:
        tasks = [task for task in plan.tasks if task.phase is phase]
        lines = tuple(_line(plan, task, standing, found, now) for task in tasks)
        if lines:
            done = sum(line.state in {"done", "skipped"} for line in lines)
            blocks.append(PhaseBlock(PHASE_NAMES[phase], lines, done))
    return tuple(blocks)


def _line(plan: Plan, task: PlanTask, standing: Standing | None, found: Found, now: datetime) -> TaskLine:
    names = {item.key: item.name for item in plan.tasks}
    mine = standing.tasks[task.key] if standing is not None else None
    return TaskLine(
        place=plan.tasks.index(task) + 1,
        name=task.name,
        required=task.required,
        instructions=task.instructions,
        role=task.role,
        person=plan.role(task.role),
        team=task.team,
        after=tuple(names[key] for key in task.after),
        duration=task.duration,
        tickets=tuple(_placed(found.placements, "recovery_task", task.key)),
        **_progress_of(mine, now),
    )


def _questions(standing: Standing, found: Found, now: datetime) -> tuple[TaskLine, ...]:
    decider = standing.plan.role(standing.plan.decider)
    return tuple(
        TaskLine(
            place=0,
            name=task.name,
            required=True,
            instructions="",
            role=standing.plan.decider if task.kind == "invoke" else "",
            person=decider if task.kind == "invoke" else None,
            team="",
            after=(),
            duration=None,
            tickets=tuple(_placed(found.placements, "recovery_task", task.key)),
            **_progress_of(task, now),
        )
        for task in standing.tasks.values()
        if task.kind != "plan"
    )


def _progress_of(task: TaskStanding | None, now: datetime) -> dict[str, Any]:
    if task is None:
        return {
            "state": "", "state_name": "", "due_at": None, "late": False, "closed_at": None, "closed_by": "",
            "reason": "",
        }  # fmt: skip
    return {
        "state": task.state.value,
        "state_name": STATE_NAMES[task.state],
        "due_at": task.due_at,
        "late": task.state not in CLOSED and task.due_at is not None and task.due_at < now,
        "closed_at": task.closed_at,
        "closed_by": task.closed_by,
        "reason": task.reason,
    }


def _placed(placements: Iterable[sa.Row[Any]], record: str, key: str) -> Iterable[Ticket]:
    for item in placements:
        if item.record == record and item.key == key:
            note = item.gone or ("" if item.number else "being created")
            yield Ticket(item.connection, item.number, web_address(item.url), note)


def _records(found: Found) -> Iterable[Ticket]:
    """Yield the tickets of the activation itself: its own, and its review."""
    names = {"activation": "Activation", "review": "Post-incident review"}
    for item in found.placements:
        if item.record in names:
            extra = item.gone or ("" if item.number else "being created")
            note = f"{names[item.record]}, {extra}" if extra else names[item.record]
            yield Ticket(item.connection, item.number, web_address(item.url), note)


def _ticket(row: sa.Row[Any], note: str) -> Ticket:
    return Ticket(row.connection, row.number or row.platform_id, web_address(row.url), note)


def web_address(url: str) -> str:
    """Return `url` if it is a web address, else "": nothing else may become a link."""
    return url if url.startswith(("https://", "http://")) else ""


def _warnings(found: Found) -> Iterable[str]:
    if found.ticket is not None:
        yield from (f"{found.ticket.number}: {problem}" for problem in found.ticket.problems)
        if found.ticket.deleted:
            yield f"{found.ticket.number} was deleted on {found.ticket.connection}."
    yield from _preflights(found)
    if found.activation is not None and found.activation.escalated_at is not None:
        yield f"Escalated {instant(found.activation.escalated_at)}: not every record stood on its platform in time."
    for item in found.placements:
        yield from (f"{item.number}: {problem}" for problem in item.problems)
    for item in found.troubles:
        title = item.number or str(item.values.get("title") or f"{item.action} of {item.record.replace('_', ' ')}")
        if item.state == "parked":
            yield f"Parked on {item.connection}: {title}: {item.reason}"
        elif item.state == "pending":
            yield f"Being tried again on {item.connection} ({item.attempts} tries so far): {title}: {item.reason}"
        yield from (f"{title}: {warning}" for warning in item.warnings)


def _preflights(found: Found) -> Iterable[str]:
    """Say where the plan could not be fully created, until an activation has shown how it is."""
    if found.activation is not None and (found.activation.state != "running" or found.activation.complete_at):
        return
    for row in found.preflights:
        if row.failed and row.checked_at is not None:
            errors = [str(problem) for problem in preflights.problems(row) if problem.level == "error"]
            more = [f"and {len(errors) - MOST_SHOWN} more"] if len(errors) > MOST_SHOWN else []
            told = "; ".join([*errors[:MOST_SHOWN], *more])
            yield f"This plan could not be fully created on {row.connection} as of {instant(row.checked_at)}: {told}."


def _values(
    standing: Standing,
    status: RecoveryStatus,
    services: Sequence[Service | str],
    facts: Mapping[str, Any],
    ahead: Sequence[TaskLine],
    link: str,
) -> dict[str, Any]:
    expected = standing.restored_at or status.expected_at
    return {
        **_values_before(standing.plan, services, standing.rto, facts, link),
        "phase": PHASE_NAMES[status.phase],
        "progress": status.percent,
        "next_step": ahead[0].name if ahead else "none",
        "rto_due": instant(standing.due_at),
        "expected_at": instant(expected) if expected else "not known",
        "exercise": standing.exercise,
    }


def _values_before(
    plan: Plan, services: Sequence[Service | str], rto: timedelta | None, facts: Mapping[str, Any], link: str
) -> dict[str, Any]:
    """Return what a communication's text may use, for a plan that has not started."""
    return {
        "plan": plan.name,
        "service": ", ".join(item if isinstance(item, str) else item.name for item in services),
        "incident": facts["ticket"].number if facts["ticket"] else "",
        "summary": facts["summary"],
        "phase": "Not started",
        "progress": 0,
        "next_step": plan.tasks[0].name if plan.tasks else "none",
        "rto_due": f"{span(rto)} after the disruption began" if rto is not None else "not known",
        "expected_at": "not known",
        "link": link,
        "exercise": False,
    }


def _said(communications: Iterable[Communication], values: Mapping[str, Any]) -> tuple[Said, ...]:
    return tuple(_filled(item, values) for item in communications)


def _filled(item: Communication, values: Mapping[str, Any]) -> Said:
    """Fill in a text; one that cannot be is shown as the plan has it, for a person to fill in."""
    try:
        text = Template(item.text, f"communications.{item.key}", COMMUNICATION_NAMES).render(values)
    except Invalid:
        return Said(item.audience, item.channel, item.cadence, item.text, filled=False)
    return Said(item.audience, item.channel, item.cadence, text, filled=True)
