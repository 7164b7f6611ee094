"""Services, plans and their tasks as the plain values that platforms hold, and a platform's value taken back (pure).

The neutral fields are those of `connector.ticketing`. Values are as JSON: lengths of time in whole seconds, days in ISO
8601, plans' services as names. A task of a plan has the key `<plan>/<task>`, and names its plan by the plan's key. What
decides how a plan is chosen and carried out stays with the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from connector.catalog import Catalog
from connector.duration import format_duration
from connector.plan import Plan
from connector.recovery_task import PHASES, PlanTask
from connector.service import Service
from connector.wording import PHASE_NAMES

OBJECTIVES = ("rto", "rpo", "mtpd")
DAYS = ("review_at", "tested_at")
TITLE: Mapping[str, str] = {"service": "name", "plan": "title", "plan_task": "title"}
"""The field that people know a record by."""
TAKEABLE: Mapping[str, frozenset[str]] = {
    "service": frozenset({"name", "criticality", "owner", *OBJECTIVES}),
    "plan": frozenset({"title", "summary", *DAYS}),
    "plan_task": frozenset({"title", "duration"}),
}
"""What a platform's value can become ours of; the other fields are made of what only the files can say.

Of a plan's task that is what it is called and how long it takes: who plans there knows that from exercises. In which
order, by whom and where a task is done decides how a plan is carried out.
"""
BELONGS_TO: Mapping[str, str] = {"plan_task": "plan"}
"""The kind of record that one belongs to, and the field that names it: it stands on a platform only where that does."""
LENGTHS = frozenset({*OBJECTIVES, "duration"})
_NEEDED = frozenset({"name", "title", "criticality", "owner", *LENGTHS})
BESIDE = frozenset({"project", "updated_at"})
"""Neutral fields that say where a record was made and when it was changed: none of its own."""
_LEAST_CRITICAL = 4
_LONGEST = timedelta(days=36500)
"""A hundred years."""


def plain(value: Any) -> Any:
    """Return a neutral value as JSON holds it."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's values as read from a platform, as JSON holds them; what is no field of its own is left out."""
    return {name: plain(value) for name, value in values.items() if name not in BESIDE}


def keys(catalog: Catalog, record: str) -> tuple[str, ...]:
    """Return the keys of the records of a kind, in the order of the files."""
    if record == "plan_task":
        return tuple(task_key(plan, task) for plan in catalog.plans.values() for task in plan.tasks)
    return tuple(catalog.services if record == "service" else catalog.plans)


def task_key(plan: Plan, task: PlanTask) -> str:
    return f"{plan.key}/{task.key}"


def plan_key(key: str) -> str:
    """Return the key of the plan of which this is a task's key."""
    return key.partition("/")[0]


def waiting_for(catalog: Catalog, key: str) -> tuple[str, ...]:
    """Return the keys of the tasks of a plan that come after this one, and so name it."""
    plan, place = catalog.plans.get(plan_key(key)), _place(catalog.plans.get(plan_key(key)), key)
    if plan is None or place is None:
        return ()
    return tuple(task_key(plan, task) for task in plan.tasks if plan.tasks[place].key in task.after)


def values_of(catalog: Catalog, record: str, key: str) -> dict[str, Any] | None:
    """Return a record's neutral values, None where there is no such record."""
    if record == "service":
        service = catalog.services.get(key)
        return _service(service, catalog) if service is not None else None
    if record == "plan_task":
        return _task(catalog.plans.get(plan_key(key)), key)
    plan = catalog.plans.get(key)
    return _plan(plan, catalog) if plan is not None else None


def namesakes(catalog: Catalog, record: str) -> dict[str, str]:
    """Return, by the keys of those that share their name with others of their kind, which these are, in words.

    Tasks are held against those of their own plan. Names may repeat, but people can hardly tell which one is meant.
    """
    bearers: dict[tuple[str, str], list[str]] = {}
    for key, name in _names_of(catalog, record):
        place = plan_key(key) if record in BELONGS_TO else ""
        bearers.setdefault((place, " ".join(name.split()).casefold()), []).append(key)
    shared = [keys for keys in bearers.values() if len(keys) > 1]
    return {
        key: f"the {record.replace('_', ' ')} {', '.join(other for other in keys if other != key)} has the same name: "
        "rename one, so that people can tell which is meant"
        for keys in shared
        for key in keys
    }


def _names_of(catalog: Catalog, record: str) -> Iterator[tuple[str, str]]:
    if record == "plan_task":
        return ((task_key(plan, task), task.name) for plan in catalog.plans.values() for task in plan.tasks)
    whole = catalog.services.values() if record == "service" else catalog.plans.values()
    return ((item.key, item.name) for item in whole)


def fault(record: str, ours: Mapping[str, Any], field: str, value: Any) -> str:
    """Say why a record with the values `ours` cannot have `value` in a field, "" where it can."""
    if field not in TAKEABLE[record]:
        return f"the {field} of a {record} is made from the files and cannot be taken from a platform"
    if value in (None, ""):
        return f"the platform's {field} is empty, and a {record} needs one" if field in _NEEDED else ""
    if field in OBJECTIVES:
        return _objective_fault({**ours, field: value}, field, value)
    if field == "duration":
        return _length_fault("a duration", value)
    if field == "criticality" and (isinstance(value, bool) or value not in range(1, _LEAST_CRITICAL + 1)):
        return f"'{value}' is not a criticality, 1 (most critical) to 4"
    if field in DAYS and not _is_day(value):
        return f"'{value}' is not a day"
    if field in {"name", "title", "owner", "summary"} and not isinstance(value, str):
        return f"'{value}' is not a text"
    return ""


def with_values(catalog: Catalog, taken: Mapping[tuple[str, str], Mapping[str, Any]], mark: str) -> Catalog:
    """Return the catalog with values taken from platforms, by (record, key) and field, laid over its own.

    `mark` joins the digest, so that catalogs with other values laid over them are told apart. A value that a record
    cannot have any more, because the file now says otherwise elsewhere, is left out.
    """
    services, plans = dict(catalog.services), dict(catalog.plans)
    for (record, key), values in taken.items():
        ours = values_of(catalog, record, key)
        if ours is None:
            continue
        fitting = _fitting(record, ours, values)
        if record == "service":
            services[key] = _service_with(services[key], fitting)
        elif record == "plan_task":
            plans[plan_key(key)] = _task_with(plans[plan_key(key)], key, fitting)
        else:
            plans[key] = _plan_with(plans[key], fitting)
    return Catalog(services, plans, f"{catalog.digest}+{mark}", catalog.warnings)


def said(field: str, value: Any) -> str:
    """Return a value as people write it: `4h`, `2026-03-02`, `nothing`."""
    if value in (None, "", []):
        return "nothing"
    if field in LENGTHS and isinstance(value, (int, float)):
        return _span(value)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    text = str(value)
    return text if "\n" not in text else f"a text of {len(text)} characters"


def _span(seconds: float) -> str:
    if seconds > _LONGEST.total_seconds():
        return "more than 100 years"
    return format_duration(timedelta(seconds=seconds)) if seconds >= 0 else f"{seconds} s"


def _fitting(record: str, ours: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `values` that fit together, whichever came first."""
    found: dict[str, Any] = {}
    left = dict(values)
    again = True
    while again:
        again = False
        for field, value in list(left.items()):
            if not fault(record, {**ours, **found}, field, value):
                found[field] = left.pop(field)
                again = True
    return found


def _length_fault(called: str, value: Any, *, none: bool = False) -> str:
    """Say why a value cannot be a length of time, "" where it can; `none` says that it may be 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124 - not a number
        return f"'{value}' is not a length of time"
    if value > _LONGEST.total_seconds():
        return f"a length of more than 100 years cannot be {called}"
    if value < 0 or (value == 0 and not none):
        return f"{value} s cannot be {called}"
    return ""


def _objective_fault(values: Mapping[str, Any], field: str, value: Any) -> str:
    fault = _length_fault(f"an {field.upper()}", value, none=field == "rpo")
    if fault:
        return fault
    rto, mtpd = values.get("rto"), values.get("mtpd")
    if field != "rpo" and rto and mtpd and rto > mtpd:
        return f"the RTO of {said('rto', rto)} would be longer than the MTPD of {said('mtpd', mtpd)}"
    return ""


def _is_day(value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _service(service: Service, catalog: Catalog) -> dict[str, Any]:
    return {
        "name": service.name,
        "criticality": service.criticality,
        "rto": int(service.rto.total_seconds()),
        "rpo": int(service.rpo.total_seconds()),
        "mtpd": int(service.mtpd.total_seconds()),
        "owner": service.owner,
        "text": _service_text(service, catalog),
    }


def _plan(plan: Plan, catalog: Catalog) -> dict[str, Any]:
    decider = plan.role(plan.decider)
    return {
        "title": plan.name,
        "summary": plan.summary,
        "text": _plan_text(plan, catalog),
        "scenario": plan.scenario,
        "owner": decider.person if decider is not None else "",
        "services": [catalog.services[key].name for key in plan.services if key in catalog.services],
        "review_at": plan.review_at.isoformat() if plan.review_at else None,
        "tested_at": plan.tested_at.isoformat() if plan.tested_at else None,
    }


def _task(plan: Plan | None, key: str) -> dict[str, Any] | None:
    """Return the values of the task with a whole key, with those that its file gives to fields of the admin's own."""
    place = _place(plan, key)
    if plan is None or place is None:
        return None
    task = plan.tasks[place]
    return {
        **{name: plain(value) for name, value in task.fields.items()},
        "title": task.name,
        "text": _task_text(plan, task),
        "phase": task.phase.value,
        "order": place + 1,
        "team": task.team,
        "role": task.role,
        "duration": int(task.duration.total_seconds()),
        "required": task.required,
        "after": _names(plan, task.after),
        "plan": plan.key,
    }


def _place(plan: Plan | None, key: str) -> int | None:
    tasks = plan.tasks if plan is not None else ()
    return next((place for place, task in enumerate(tasks) if plan is not None and task_key(plan, task) == key), None)


def _names(plan: Plan, keys: Iterable[str]) -> list[str]:
    names = {task.key: task.name for task in plan.tasks}
    return [names[key] for key in keys if key in names]


def _task_text(plan: Plan, task: PlanTask) -> str:
    """Return in Markdown what is to be done, and those facts that few platforms have a field for."""
    role = plan.role(task.role)
    facts = [f"Phase: {PHASE_NAMES[task.phase]}."]
    facts += (
        [f"Role: {task.role}{f' ({role.person})' if role is not None and role.person else ''}."] if task.role else []
    )
    facts += [f"Team: {task.team}."] if task.team else []
    facts += [f"After: {', '.join(_names(plan, task.after))}."] if task.after else []
    facts += [] if task.required else ["Optional."]
    return "\n\n".join(part for part in (task.instructions.strip(), " ".join(facts)) if part)


def _task_with(plan: Plan, key: str, values: Mapping[str, Any]) -> Plan:
    place = _place(plan, key)
    given: dict[str, Any] = {"name": values["title"]} if "title" in values else {}
    given |= {"duration": timedelta(seconds=values["duration"])} if "duration" in values else {}
    tasks = (replace(task, **given) if at == place else task for at, task in enumerate(plan.tasks))
    return replace(plan, tasks=tuple(tasks))


def _service_with(service: Service, values: Mapping[str, Any]) -> Service:
    given: dict[str, Any] = {
        name: timedelta(seconds=value) if name in OBJECTIVES else int(value) if name == "criticality" else value
        for name, value in values.items()
    }
    return replace(service, **given)


def _plan_with(plan: Plan, values: Mapping[str, Any]) -> Plan:
    given: dict[str, Any] = {name: values[name] or "" for name in ("summary",) if name in values}
    given |= {"name": values["title"]} if "title" in values else {}
    given |= {name: date.fromisoformat(str(values[name])) if values[name] else None for name in DAYS if name in values}
    return replace(plan, **given)


def _service_text(service: Service, catalog: Catalog) -> str:
    depends = [catalog.services[key].name for key in service.depends_on if key in catalog.services]
    covered = [f"{plan.name} ({plan.key})" for plan in catalog.plans.values() if service.key in plan.services]
    known = list(dict.fromkeys(f"{item.platform} {item.kind} {item.name}" for item in service.identifiers))
    lines = [f"Continuity record of the service {service.key}."]
    lines += [f"Depends on: {', '.join(depends)}."] if depends else []
    lines += [f"Recovered by: {', '.join(covered)}."] if covered else ["No plan covers it."]
    lines += [f"Known by: {', '.join(known)}."] if known else []
    return "\n\n".join(lines)


def _plan_text(plan: Plan, catalog: Catalog) -> str:
    """Return the whole plan in Markdown: what it is for, who carries it out, and its tasks by phase."""
    return "\n\n".join(part for part in (*_plan_head(plan, catalog), *_plan_tasks(plan), *_plan_messages(plan)) if part)


def _plan_head(plan: Plan, catalog: Catalog) -> Iterator[str]:
    yield plan.summary.strip()
    yield "## Services"
    yield "\n".join(
        f"- {service.name}: RTO {format_duration(service.rto)}, RPO {format_duration(service.rpo)}, "
        f"MTPD {format_duration(service.mtpd)}"
        for service in (catalog.services[key] for key in plan.services if key in catalog.services)
    )
    yield "## When it is carried out"
    decided = f"{plan.decider} decides" if plan.invoke == "decision" else "without being asked"
    yield f"Scenario: {plan.scenario}. Started: {decided}."
    if plan.team:
        yield "## Response team"
        yield "\n".join(
            f"- {role.name}: "
            + ", ".join(part for part in (role.person, role.phone, role.email, role.channel) if part)
            + (f" (deputy: {role.deputy})" if role.deputy else "")
            for role in plan.team
        )


def _plan_tasks(plan: Plan) -> Iterator[str]:
    for phase in PHASES:
        tasks = [task for task in plan.tasks if task.phase is phase]
        if tasks:
            yield f"## {PHASE_NAMES[phase]}"
            yield "\n".join(_task_line(plan, task) for task in tasks)


def _task_line(plan: Plan, task: PlanTask) -> str:
    facts = [format_duration(task.duration), task.team or task.role]
    facts += [f"after {', '.join(_names(plan, task.after))}"] if task.after else []
    facts += [] if task.required else ["optional"]
    told = f" {' '.join(task.instructions.split())}" if task.instructions else ""
    return f"- {task.name} ({'; '.join(fact for fact in facts if fact)}){'.' if told else ''}{told}"


def _plan_messages(plan: Plan) -> Iterator[str]:
    if plan.communications:
        yield "## Communications"
        yield "\n".join(
            f"- {item.audience}, by {item.channel}, "
            + (f"every {format_duration(item.cadence)}" if item.cadence else "once")
            for item in plan.communications
        )
