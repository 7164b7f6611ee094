"""What must hold within a plan's file and among all files, beyond the shape of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from connector.condition import INCIDENT_VARIABLES, Condition
from connector.document import Document, Step
from connector.duration import format_duration
from connector.plan import circle, critical_path, longest_path, recovery_tasks
from connector.problem import Invalid, Problem, nearest
from connector.recovery_task import PHASES, Phase, PlanTask
from connector.template import Template

COMMUNICATION_NAMES = frozenset(
    {
        *("plan", "service", "incident", "summary", "phase", "progress"),
        *("next_step", "rto_due", "expected_at", "link", "exercise"),
    }
)
"""The names that a communication's text may use; all are texts but `progress` (0..100) and `exercise` (bool)."""

_TEST_EVERY = timedelta(days=365)

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """A record as far as it could be read: fields with faults are absent. `at` is its own path in the document."""

    document: Document
    fields: Fields
    at: tuple[Step, ...] = ()

    def where(self, *path: Step) -> str:
        return self.document.where(*self.at, *path)

    def items(self, name: str) -> Iterator[tuple[int, Any]]:
        """Return the readable items of a list, each with its place."""
        return _items(self.fields, name)


def check_service(key: str, draft: Draft, services: Collection[str]) -> Iterator[Problem]:
    """Check one service of services.yaml."""
    rto, mtpd = draft.fields.get("rto"), draft.fields.get("mtpd")
    if rto and mtpd and rto > mtpd:
        what = f"the RTO of {format_duration(rto)} is longer than the MTPD of {format_duration(mtpd)}"
        yield Problem(draft.where("rto"), what, "recover before the disruption becomes intolerable")
    for index, other in draft.items("depends_on"):
        if other == key:
            yield Problem(draft.where("depends_on", index), f"'{key}' depends on itself", "remove it")
        elif other not in services:
            yield _unknown(draft.where("depends_on", index), "service", other, services)
    if not any(isinstance(value, dict) and any(value.values()) for value in draft.fields.values()):
        what = "no platform names this service, so no ticket will be matched to it"
        yield Problem(draft.where(), what, "add its CIs, services, components or labels", "warning")


def check_plan(
    draft: Draft, services: Mapping[str, Draft] | None, places: Collection[str], today: date
) -> Iterator[Problem]:
    """Check one plan against itself and the services (None: unreadable); `today` decides what is overdue."""
    for index, key in draft.items("services"):
        if services is not None and key not in services:
            yield _unknown(draft.where("services", index), "service", key, services)
    yield from _check_team(draft)
    yield from _check_places(draft, (), draft.fields, places)
    yield from _check_tasks(draft, places)
    yield from _check_order(draft, services or {})
    yield from _check_texts(draft)
    yield from _check_dates(draft, today)


def check_together(plans: Sequence[Draft]) -> Iterator[Problem]:
    """Check the plans against each other."""
    first: dict[str, Draft] = {}
    for draft in plans:
        key = draft.fields.get("key")
        if key in first:
            other = first[key].document.file
            yield Problem(draft.where("key"), f"'{key}' is already the key of {other}", "give each plan its own key")
        elif key:
            first[key] = draft
    always: dict[tuple[str, str], Draft] = {}
    for draft in plans:
        if draft.fields.get("when"):
            continue
        for index, service in draft.items("services"):
            other_plan = always.setdefault((service, draft.fields.get("scenario", "")), draft)
            if other_plan is not draft:
                what = f"'{service}' has this scenario in {other_plan.document.file} too, both without `when`"
                fix = "add a `when` to one, or the desk will be asked to choose"
                yield Problem(draft.where("services", index), what, fix, "warning")


def check_covered(plans: Sequence[Draft], services: Mapping[str, Draft]) -> Iterator[Problem]:
    """Check that each service has a plan."""
    covered = {key for draft in plans for _, key in draft.items("services")}
    for key, service_draft in services.items():
        if key not in covered:
            fix = "add it to a plan's services"
            yield Problem(service_draft.where(), "no plan covers this service", fix, "warning")


def _check_team(draft: Draft) -> Iterator[Problem]:
    team = draft.fields.get("team", {})
    for name, role in team.items():
        if role.get("person") and not {"phone", "email", "channel"} & set(draft.document.data["team"][name]):
            yield Problem(draft.where("team", name), "nobody can reach this role", "add phone, email or channel")
    decider = draft.fields.get("decider")
    if decider and decider not in team:
        yield _unknown(draft.where("decider"), "role", decider, team)
    if draft.fields.get("invoke") == "decision" and "decider" not in draft.document.data:
        yield Problem(draft.where("invoke"), "`decision` needs somebody who decides", "add `decider:` with a role")


def _check_tasks(draft: Draft, places: Collection[str]) -> Iterator[Problem]:
    tasks, team = draft.fields.get("tasks", {}), draft.fields.get("team", {})
    if "tasks" in draft.fields and not tasks:
        yield Problem(draft.where("tasks"), "the plan has no tasks", "add one")
    for key, task in tasks.items():
        here = ("tasks", key)
        if task.get("role") and task["role"] not in team:
            yield _unknown(draft.where(*here, "role"), "role", task["role"], team)
        if task.get("name") and not (task.get("role") or task.get("team")):
            yield Problem(draft.where(*here), "nobody is named for this task", "add role or team", "warning")
        for index, before in _items(task, "after"):
            if before not in tasks:
                yield _unknown(draft.where(*here, "after", index), "task", before, tasks)
            elif _later(tasks[before], task):
                what = f"a task of {task['phase']} waits for '{before}' of the later {tasks[before]['phase']}"
                yield Problem(draft.where(*here, "after", index), what, "move one of them to the other's phase")
        yield from _check_places(draft, here, task, places)


def _check_places(draft: Draft, here: tuple[Step, ...], fields: Fields, places: Collection[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, target in _items(fields, "on"):
        if target.platform not in places:
            yield _unknown(draft.where(*here, "on", index), "platform or connection", target.platform, places)
        elif target.platform in seen:
            what = f"{target.platform} is named twice: a task has one ticket on each side"
            yield Problem(draft.where(*here, "on", index), what, "name one project, or make two tasks")
        seen.add(target.platform)


def _check_order(draft: Draft, services: Mapping[str, Draft]) -> Iterator[Problem]:
    tasks = [_task(key, task) for key, task in draft.fields.get("tasks", {}).items()]
    found = circle(tasks)
    if found:
        what = f"tasks wait for each other: {' -> '.join(found)}"
        yield Problem(draft.where("tasks", found[0], "after"), what, "remove one of these `after`")
        return
    recovery = recovery_tasks(tasks)
    if tasks and not recovery:
        what = "no required task up to the recovery phase, so the service would count as restored at once"
        yield Problem(draft.where("tasks"), what, "mark what restores it as `required: true`")
    rtos = {
        key: services[key].fields["rto"]
        for _, key in draft.items("services")
        if key in services and "rto" in services[key].fields
    }
    longest = critical_path(recovery)
    if rtos and longest > min(rtos.values()):
        strictest = min(rtos, key=lambda key: rtos[key])
        what = (
            f"the critical path to recovery takes {format_duration(longest)} ({' -> '.join(longest_path(recovery))}), "
            f"longer than the RTO of {format_duration(rtos[strictest])} of '{strictest}'"
        )
        accepted = draft.fields.get("accept_late") is True
        fix = "shorten it or run tasks side by side" + ("" if accepted else ", or say `accept_late: true`")
        yield Problem(draft.where("tasks"), what, fix, "warning" if accepted else "error")


def _check_texts(draft: Draft) -> Iterator[Problem]:
    when = draft.fields.get("when")
    if when:
        yield from _problems_of(partial(Condition, when, INCIDENT_VARIABLES, draft.where("when")))
    for key, item in draft.fields.get("communications", {}).items():
        if "text" in item:
            where, text = draft.where("communications", key, "text"), item["text"]
            yield from _problems_of(partial(Template, text, where, COMMUNICATION_NAMES))


def _check_dates(draft: Draft, today: date) -> Iterator[Problem]:
    review, tested = draft.fields.get("review_at"), draft.fields.get("tested_at")
    if review and review < today:
        what = f"the review was due on {review.isoformat()}"
        yield Problem(draft.where("review_at"), what, "review the plan and set the next date", "warning")
    if tested and tested > today:
        what = f"{tested.isoformat()} lies in the future"
        yield Problem(draft.where("tested_at"), what, "give the date of the last exercise", "warning")
    elif tested and tested < today - _TEST_EVERY:
        what = f"the last test was on {tested.isoformat()}, over a year ago"
        yield Problem(draft.where("tested_at"), what, "hold an exercise and set its date", "warning")


def _items(fields: Fields, name: str) -> Iterator[tuple[int, Any]]:
    return ((index, item) for index, item in enumerate(fields.get(name, ())) if item is not None)


def _unknown(where: str, kind: str, name: str, known: Collection[str]) -> Problem:
    listed = f"known: {', '.join(sorted(known))}" if known else "none is defined"
    return Problem(where, f"no {kind} '{name}'", nearest(name, known) or listed)


def _problems_of(check: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        check()
    except Invalid as error:
        return error.problems
    return ()


def _later(one: Fields, other: Fields) -> bool:
    """Return whether a task's phase comes after the other's; a phase that could not be read is told by itself."""
    if "phase" not in one or "phase" not in other:
        return False
    return PHASES.index(one["phase"]) > PHASES.index(other["phase"])


def _task(key: str, task: Fields) -> PlanTask:
    """Return a stand-in for a task that may have faults, good enough to follow `after` and add durations."""
    return PlanTask(
        key=key,
        name=key,
        phase=Phase(task.get("phase", Phase.RECOVERY)),
        duration=task.get("duration", timedelta()),
        after=tuple(before for _, before in _items(task, "after")),
        required=task.get("required", True),
    )
