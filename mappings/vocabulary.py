"""The neutral fields of each record that a mapping may name, and the values that the closed ones can take."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any, get_args

from connector.condition import Kind
from connector.recovery_task import PHASES, TaskState
from connector.ticketing import Record

RECORDS: tuple[Record, ...] = get_args(Record)

_STATUS = (
    "continuity_plan",
    "continuity_phase",
    "recovery_status",
    "recovery_progress",
    "rto_due",
    "continuity_link",
)

_TASK = (
    *("number", "title", "text", "state", "team", "assignee", "due_at", "incident", "parent", "project"),
    *("continuity_link", "continuity_plan", "answer", "closed_at", "updated_at"),
)
_INCIDENT = (
    *("number", "summary", "text", "state", "priority", "major_state", "opened_at", "resolved_at", "closed_at"),
    *(
        "updated_at",
        "outage_began_at",
        "ci",
        "service",
        "component",
        "label",
        "parent",
        "project",
        "issue_type",
        "assignment_group",
    ),
)

_OBJECTIVES = ("rto", "rpo", "mtpd")
_LENGTHS = frozenset({*_OBJECTIVES, "duration"})
_PLAN = ("title", "summary", "text", "scenario", "owner", "services", "review_at", "tested_at", "project", "updated_at")
_PLAN_TASK = (
    *("title", "text", "phase", "order", "team", "role", "duration", "required", "after"),
    *("plan", "project", "updated_at"),
)

FIELDS: Mapping[Record, frozenset[str]] = MappingProxyType(
    {
        "incident": frozenset(_INCIDENT) | frozenset(_STATUS),
        "activation": frozenset(_TASK) | frozenset(_STATUS),
        "recovery_task": frozenset(_TASK) | {"order", "priority", "required", "lasting"},
        "review": frozenset(_TASK),
        "service": frozenset({"name", "criticality", *_OBJECTIVES, "owner", "text", "project", "updated_at"}),
        "plan": frozenset(_PLAN),
        "plan_task": frozenset(_PLAN_TASK),
    }
)
"""What `connector.ticketing` names for each record; a field of the admin's own starts with `x_`."""

_TASK_STATES = tuple(state.value for state in TaskState)

CHOICES: Mapping[tuple[Record, str], tuple[str | int, ...]] = MappingProxyType(
    {
        ("incident", "state"): ("new", "in_progress", "on_hold", "resolved", "closed", "cancelled"),
        ("incident", "priority"): (1, 2, 3, 4, 5),
        ("incident", "major_state"): ("none", "proposed", "accepted", "rejected", "cancelled"),
        ("activation", "state"): _TASK_STATES,
        ("recovery_task", "state"): _TASK_STATES,
        ("review", "state"): ("open", "done"),
        ("service", "criticality"): (1, 2, 3, 4),
        ("plan_task", "phase"): tuple(phase.value for phase in PHASES),
    }
)
"""The values that a closed neutral field can take; a value map's keys are checked against them."""


WHOLE = frozenset({"priority", "order", "recovery_progress", "criticality"})
_BOOLS = frozenset({"required", "lasting", "exercise"})
LISTS = frozenset({"ci", "service", "component", "label", "services", "after"})

CONTEXT: Mapping[str, Kind] = MappingProxyType(
    {"connection": "string", "service": "list", "assignment_group": "string", "exercise": "bool"}
)
"""What a condition may ask beside the record's own fields: the connection's name, and facts of the incident."""


def kinds(record: Record, own: Mapping[str, str]) -> dict[str, Kind]:
    """Return what conditions and computed values of a record may name, with the kind of each.

    `own` are the types of the fields of the admin's own. Instants and dates are texts, in ISO 8601.
    """
    found: dict[str, Kind] = dict(CONTEXT)
    for name in FIELDS[record]:
        found[name] = _kind(name)
    for name, kind in own.items():
        found[name] = _OWN.get(kind, "string")
    return found


def _kind(name: str) -> Kind:
    if name in WHOLE or name in _LENGTHS:
        return "int"
    return "bool" if name in _BOOLS else "list" if name in LISTS else "string"


_OWN: Mapping[str, Kind] = {"number": "int", "duration": "int", "boolean": "bool", "labels": "list", "list": "list"}


def known(record: Record, name: str) -> bool:
    """Tell whether `name` may stand under `fields` of this record."""
    return name in FIELDS[record] or name.startswith("x_")


def choice(record: Record, name: str, written: str | int) -> str | int | None:
    """Return the neutral value that a value map's key means (`"1"` and `1` are one), or None if there is none."""
    options = CHOICES.get((record, name))
    if options is None:
        return written
    return {str(option): option for option in options}.get(str(written))


def meant(record: Record, name: str, kind: str, written: Any) -> Any:
    """Return our value that a value map's key, an else or a default means under type `kind`; None if there is none."""
    if kind == "boolean" or name in _BOOLS:
        return {"true": True, "false": False}.get(str(written).casefold())
    if kind == "number" and (record, name) not in CHOICES:
        try:
            number = float(written)
        except (TypeError, ValueError, OverflowError):
            return None
        if not isfinite(number):
            return None
        return int(number) if number.is_integer() else number
    return choice(record, name, written)


def kept_as(name: str, kind: str) -> str:
    """Return the type in which we keep a field of ours that is mapped as `kind`."""
    if name in INSTANTS:
        return "datetime"
    if name in DAYS:
        return "date"
    return "number" if kind == "duration" or name in WHOLE or name in _LENGTHS else kind


def options(record: Record, name: str, kind: str) -> tuple[str, ...]:
    """Return the values that are all that a field of ours can take, as they are written; () where any will do."""
    if kind == "boolean" or name in _BOOLS:
        return ("true", "false")
    return tuple(str(option) for option in CHOICES.get((record, name), ()))


ESSENTIAL: Mapping[Record, tuple[str, ...]] = MappingProxyType(
    {
        "incident": ("state",),
        "activation": ("title", "state"),
        "recovery_task": ("title", "state"),
        "review": ("title", "state"),
        "service": ("name",),
        "plan": ("title",),
        "plan_task": ("title",),
    }
)
"""What the work cannot be done without."""

INSTANTS = frozenset({"opened_at", "resolved_at", "closed_at", "updated_at", "outage_began_at", "due_at", "rto_due"})
DAYS = frozenset({"review_at", "tested_at"})


def fitting(name: str, direction: str = "both") -> tuple[str, ...]:
    """Return the types that a neutral field can have where it crosses in a direction, () where any will do."""
    if name in INSTANTS:
        return ("datetime", "date")
    if name in DAYS:
        return ("date",)
    if name in _LENGTHS:
        return ("duration", "number", *(("reference",) if direction == "write" else ()))
    if name in WHOLE:
        return ("number", "choice")
    if name in _BOOLS:
        return ("boolean", "choice")
    return ()
