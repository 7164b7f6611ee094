"""What has to be known about a Jira before the bad hour: fields, projects, screens, people and our own account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.jira import people
from adapters.jira.connection import Connection
from adapters.jira.shelf import Shelf
from mappings.transforms import Lookup

_PAGE = 200
_MOST_PAGES = 50


@dataclass(frozen=True)
class Field:
    """A field of the site; `custom` is the type's full name for a custom field, "" for a system field.

    `type` and `items` are its schema's: `array` and `option` for a list of options.
    """

    id: str
    name: str
    type: str
    custom: str
    items: str = ""


@dataclass(frozen=True)
class IssueType:
    id: str
    name: str
    subtask: bool


@dataclass(frozen=True)
class Project:
    """A project; `type` is software, service_desk, business or product_discovery."""

    id: str
    key: str
    type: str
    issue_types: tuple[IssueType, ...]
    components: tuple[str, ...]

    @property
    def service_desk(self) -> bool:
        return self.type == "service_desk"

    def issue_type(self, name: str, *, subtask: bool) -> IssueType | None:
        """Return the type of that name; of sub-tasks the first there is (projects name theirs as they like)."""
        fitting = [item for item in self.issue_types if item.subtask == subtask]
        named = next((item for item in fitting if item.name.casefold() == name.casefold()), None)
        return named or (fitting[0] if fitting and subtask else None)


class Lookups:
    """Asks once an hour. Every method raises the faults of `Connection.get`, unless nothing has to be asked."""

    def __init__(self, connection: Connection, shelf: Shelf) -> None:
        self._connection = connection
        self._shelf = shelf

    def fields(self) -> tuple[Field, ...]:
        return self._shelf.get("fields", self._read_fields)

    def field_id(self, name: str) -> str | None:
        """Return the id of a field given by id or by name (`RTO due`); of several by one name, the first."""
        if name in ("key", "id"):
            return name
        known = self.fields()
        if any(field.id == name for field in known):
            return name
        return next((field.id for field in known if field.name.casefold() == name.casefold()), None)

    def field_names(self) -> Mapping[str, str]:
        """Return names by field id, from what is known already."""
        kept = self._shelf.peek("fields")
        return {field.id: field.name for field in kept} if isinstance(kept, tuple) else {}

    def project(self, key: str) -> Project:
        """Return a project; one call gives its type, issue types and components, on Cloud and Data Center."""
        return self._shelf.get(("project", key), lambda: self._read_project(key))

    def learn_project(self, key: str, kind: str) -> None:
        """Keep a project's type, which stands in every issue that is read or sent to us."""
        if key and kind and self._shelf.peek(("project type", key)) != kind:
            self._shelf.put(("project type", key), kind)

    def service_desk(self, key: str) -> bool:
        """Tell whether a project is a service desk, on which comments are public unless told otherwise."""
        kept = self._shelf.peek(("project type", key))
        return kept == "service_desk" if kept else self.project(key).service_desk

    def screen(self, project: str, issue_type: str) -> Mapping[str, Mapping[str, Any]]:
        """Return what can be set when an issue of this type (its id) is created, by field id."""
        return self._shelf.get(("screen", project, issue_type), lambda: self._read_screen(project, issue_type))

    def known_screen(self, project: str, name: str, *, subtask: bool) -> Mapping[str, Mapping[str, Any]] | None:
        """Return the same for a type's name if it is known already, without a call."""
        kept = self._shelf.peek(("project", project))
        found = kept.issue_type(name, subtask=subtask) if isinstance(kept, Project) else None
        screen = self._shelf.peek(("screen", project, found.id)) if found else None
        return screen if isinstance(screen, dict) else None

    def account(self) -> Mapping[str, Any]:
        return self._shelf.get("account", lambda: _object(self._connection.get("/myself")))

    def zone(self) -> tzinfo:
        """Return the account's time zone, in which JQL reads dates."""
        try:
            return ZoneInfo(str(self.account().get("timeZone") or "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    def issue_types(self) -> tuple[str, ...]:
        """Return the names of all issue types: a query that names one that is not there is refused as a whole."""
        return self._shelf.get("issue types", lambda: _names(self._connection.get("/issuetype")))

    def people(self, lookup: Lookup, name: str) -> tuple[str, ...]:
        """Return the ids (Cloud: accountId, Data Center: user name) of the people whom `name` means.

        `lookup.by` says by what they are named (`people.NAMED_BY`), "" by any of it.
        """
        key = ("people", lookup.by, name.casefold())
        return self._shelf.get(key, lambda: people.find(self._connection, lookup.by, name))

    def person(self, lookup: Lookup, name: str) -> str | None:
        """Return the id of the one person whom `name` means; of several the first, if the mapping says so."""
        found = self.people(lookup, name)
        return found[0] if len(found) == 1 or (found and lookup.several == "first") else None

    def statuses_of(self, project: str, issue_type: str) -> tuple[Mapping[str, Any], ...]:
        """Return the statuses of a type (its id) in a project, as Jira describes them, each with its category.

        Atlassian's own example of that answer has no categories: then they are taken from the list of all statuses.
        """
        rows = self._shelf.get(
            ("type statuses", project), lambda: _objects(self._connection.get(f"/project/{project}/statuses"))
        )
        found = next((row for row in rows if str(row.get("id")) == issue_type), {})
        listed = _objects(found.get("statuses"))
        if all(status.get("statusCategory") for status in listed):
            return tuple(listed)
        described = self._shelf.get("statuses", lambda: _objects(self._connection.get("/status")))
        by_id = {str(status.get("id")): status for status in described}
        return tuple(by_id.get(str(status.get("id")), status) for status in listed)

    def _read_fields(self) -> tuple[Field, ...]:
        listed = self._connection.get("/field")
        return tuple(
            Field(
                str(item.get("id", "")),
                str(item.get("name", "")),
                str(_object(item.get("schema")).get("type", "")),
                str(_object(item.get("schema")).get("custom", "")),
                str(_object(item.get("schema")).get("items", "")),
            )
            for item in _objects(listed)
        )

    def _read_project(self, key: str) -> Project:
        found = _object(self._connection.get(f"/project/{key}"))
        return Project(
            str(found.get("id", "")),
            str(found.get("key", key)),
            str(found.get("projectTypeKey", "software")),
            tuple(
                IssueType(str(item.get("id")), str(item.get("name")), bool(item.get("subtask")))
                for item in _objects(found.get("issueTypes"))
            ),
            _names(found.get("components")),
        )

    def _read_screen(self, project: str, issue_type: str) -> Mapping[str, Mapping[str, Any]]:
        fields: dict[str, Mapping[str, Any]] = {}
        start = 0
        for _ in range(_MOST_PAGES):
            path = f"/issue/createmeta/{project}/issuetypes/{issue_type}"
            page = _object(self._connection.get(path, {"startAt": str(start), "maxResults": str(_PAGE)}))
            # Cloud calls the list `fields`, Data Center `values`.
            items = _objects(page.get("fields") or page.get("values"))
            fields |= {str(item.get("fieldId") or item.get("key")): item for item in items}
            start += len(items)
            if not items or start >= int(page.get("total") or 0):
                break
        return fields


def _object(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _names(found: Any) -> tuple[str, ...]:
    return tuple(str(item.get("name", "")) for item in _objects(found))
