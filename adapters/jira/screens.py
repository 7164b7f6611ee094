"""Screens held against the mappings: what can be set on a create and an edit, what must be, and which values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.jira import fitting, newest
from adapters.jira.fault import Rejected
from adapters.jira.places import PLACE, Found, Place, merged
from adapters.jira.site import Site
from connector.problem import Problem, nearest
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
}
"""The neutral fields that have a value in every create of a record; an assignee, say, is not one of them."""

_SHOWN = 8


def created(site: Site, place: Place) -> Iterator[Problem]:
    """Yield what the create screen lacks, and what it requires that our creates do not surely have."""
    mapping = site.mapping(place.record)
    screen = _create_screen(site, place)
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


def _create_screen(site: Site, place: Place) -> Meta:
    """Return what can be set on a create, nothing where the account may not create there."""
    try:
        return site.lookups.screen(place.project.key, place.type.id)
    except Rejected:
        return {}


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
    for name, meta in screen.items():
        if not meta.get("required") or meta.get("hasDefaultValue") or name in _GIVEN:
            continue
        if name == "parent" and place.type.subtask:
            continue
        shown = str(meta.get("name") or name)
        items = [item for item in mapping.fields if item.writes and item.id == name]
        if any(_sure(site, item, place.record) for item in items):
            continue
        what = f"'{shown}' is required to create {PLACE}, and nothing gives it a value: the create would be refused"
        if items:
            yield items[0].problem(f"{what} where {_unsure(items[0])}", "give it a default:", level="error")
        else:
            example = next((row[0] for row in _offered(meta)), "VALUE")
            fix = f"map it ({fitting.suggested(shown, meta, example)}), or make it optional"
            yield Problem(f"{mapping.file}: fields", what, fix)


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


def values(site: Site, places: Iterable[Place]) -> Iterator[Problem]:
    """Yield the values that the mappings write and a list does not hold, and those it offers that nothing reads."""
    unread: dict[tuple[Record, str], tuple[Item, dict[str, None]]] = {}
    lacking: list[Found] = []
    for place in places:
        screen = _create_screen(site, place)
        for item in site.mapping(place.record).fields:
            offered = _offered(screen.get(item.id, {}))
            if not offered or item.id in fitting.HANDLED:
                continue
            if item.writes:
                lacking += ((place, problem) for problem in _not_offered(item, offered))
            if item.reads and item.values and item.shape.else_read is NOTHING:
                known = {option.casefold() for options in item.values.values() for option in options}
                names = [row[0] for row in offered if not known & {name.casefold() for name in row}]
                kept = unread.setdefault((place.record, item.name), (item, {}))
                kept[1].update(dict.fromkeys(names))
    yield from merged(lacking)
    for item, missed in unread.values():
        if missed:
            listed = ", ".join(f"'{name}'" for name in list(missed)[:_SHOWN]) + (
                ", ..." if len(missed) > _SHOWN else ""
            )
            what = f"'{item.field}' offers {listed} in {site.name}, which is not mapped"
            fix = f"add each to one of: {', '.join(map(str, item.values))}"
            yield item.problem(what, fix, setting="values")


def _offered(meta: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return what people and the interface call each allowed value, the name by which people know it first."""
    return [row for raw in meta.get("allowedValues") or () if (row := names(raw))]


def names(allowed: Any) -> tuple[str, ...]:
    """Return the names of an allowed value: an object's, or a plain text (Atlassian's example of an edit screen)."""
    words = ("value", "name", "id", "key")
    texts = [allowed.get(word) for word in words] if isinstance(allowed, Mapping) else [allowed]
    return tuple(str(text) for text in texts if text not in (None, ""))


def _not_offered(item: Item, offered: list[tuple[str, ...]]) -> Iterator[Problem]:
    names = [row[0] for row in offered]
    for value in fitting.constants(item):
        for written in value if isinstance(value, list) else [value]:
            text = str(next(iter(written.values()), "")) if isinstance(written, dict) else str(written)
            if text and not any(text in row for row in offered):
                fix = nearest(text, names) or f"write one of: {', '.join(names[:_SHOWN])}"
                what = f"'{item.field}' of {PLACE} does not offer '{text}'"
                setting = "values" if item.values else "default"
                yield item.problem(what, fix, setting=setting, level="error")
