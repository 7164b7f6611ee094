"""Screens held against the mappings: what can be set on a create and an edit, and what must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.jira import fitting, newest, required
from adapters.jira.fault import Rejected
from adapters.jira.places import PLACE, Place, create_screen
from adapters.jira.site import Site
from connector.problem import Problem
from connector.ticketing import Record
from mappings.mapping import Field as Item
from mappings.mapping import Mapping as RecordMapping
from mappings.transforms import NOTHING

Meta = Mapping[str, Mapping[str, Any]]

_GIVEN = frozenset({"summary", "project", "issuetype", "labels"})
"""What every create of ours has, and no issue of ours can be without."""

_SURE: Mapping[Record, frozenset[str]] = {
    "activation": frozenset({"title", "text", "project", "continuity_plan", "recovery_status", "recovery_progress"}),
    "recovery_task": frozenset(
        {"title", "text", "state", "due_at", "order", "required", "project", "parent", "continuity_plan"}
    ),
    "review": frozenset({"title", "text", "state", "project"}),
    "incident": frozenset(),
    "service": frozenset({"name", "criticality", "rto", "rpo", "mtpd", "owner", "text", "project"}),
    "plan": frozenset({"title", "scenario", "services", "text", "project"}),
    "plan_task": frozenset({"title", "text", "phase", "order", "duration", "required", "plan", "project"}),
}
"""The neutral fields that have a value in every create of a record; an assignee, say, is not one of them."""


def created(site: Site, place: Place) -> Iterator[Problem]:
    """Yield what the create screen lacks, and what it requires that our creates do not surely have."""
    mapping = site.mapping(place.record)
    screen = create_screen(site, place)
    if not screen:
        what = f"the create screen of {PLACE} shows nothing to the account"
        fix = "grant it CREATE_ISSUES in the project's permission scheme"
        yield Problem(f"connections.{site.name}.projects.{place.project.key}", what, fix)
        return
    for name in sorted({"summary", "labels"} - set(screen)):
        what = f"'{name}' is not on the create screen of {PLACE}, and no issue of ours can be made without it"
        yield Problem(f"connections.{site.name}.projects.{place.project.key}", what, "put it on the screen")
    for item in mapping.fields:
        if item.writes and item.id and item.id not in screen and item.id not in fitting.HANDLED | _GIVEN:
            what = f"'{item.field}' is not on the create screen of {PLACE}, so that its value is left out"
            yield item.problem(what, "put it on the type's screens, or take it out of the mapping")
    yield from _required(site, mapping, screen, place)


def edited(site: Site, place: Place) -> Iterator[Problem] | None:
    """Return what the edit screen of the newest issue lacks; None where no issue stands whose screen could be seen."""
    identity = newest.ours(site, place.project.key, place.type.id)
    if not identity:
        return None
    screen = edit_screen(site, identity)
    return _not_editable(site, place, screen)


def edit_screen(site: Site, identity: str) -> Meta:
    """Return what can be set on an issue, by field id. Raises the faults of a read."""
    try:
        answer = site.connection.get(f"/issue/{identity}/editmeta")
    except Rejected:
        return {}
    fields = answer.get("fields") if isinstance(answer, Mapping) else None
    return fields if isinstance(fields, Mapping) else {}


def _not_editable(site: Site, place: Place, screen: Meta) -> Iterator[Problem]:
    if not screen:
        what = f"the account may change nothing on the edit screen of {PLACE}"
        fix = "grant it EDIT_ISSUES in the project's permission scheme"
        yield Problem(f"connections.{site.name}.projects.{place.project.key}", what, fix)
        return
    mapping = site.mapping(place.record)
    if place.record == "recovery_task" and "labels" not in screen:
        what = f"'labels' is not on the edit screen of {PLACE}: a task that waited for others could not be opened"
        yield Problem(f"connections.{site.name}.projects.{place.project.key}", what, "put it on the screen")
    for item in mapping.fields:
        if item.writes and item.id and item.id not in screen and item.id not in fitting.HANDLED | _GIVEN:
            what = f"'{item.field}' is not on the edit screen of {PLACE}, so that its value cannot be changed"
            yield item.problem(what, "put it on the type's screens, or take it out of the mapping")


def _required(site: Site, mapping: RecordMapping, screen: Meta, place: Place) -> Iterator[Problem]:
    given = _GIVEN | ({"parent"} if place.type.subtask else set())
    for name, meta in required.lacking(screen, given):
        items = [item for item in mapping.fields if item.writes and item.id == name]
        if not any(_sure(site, item, place.record) for item in items):
            shown = required.called(name, meta)
            what = f"'{shown}' is required to create {PLACE}, and nothing gives it a value: the create would be refused"
            yield required.problem(mapping, name, meta, f"{what} where {_unsure(items[0])}" if items else what)


def _sure(site: Site, item: Item, record: Record) -> bool:
    """Tell whether each create writes this field: by a default, computed, or of a value that is always there."""
    if item.when is not None or (item.shape.lookup is not None and item.shape.lookup.kind == "user"):
        return False
    if item.default not in (NOTHING, "", None, []):
        return True
    if item.compute is not None:
        return True
    return item.source in _SURE[record] or (item.source == "team" and bool(site.fallback_team))


def _unsure(item: Item) -> str:
    if item.when is not None:
        return "its condition does not hold"
    if item.shape.lookup is not None:
        return "nobody is named, or nobody of that name is found"
    return f"there is no {item.source}"
