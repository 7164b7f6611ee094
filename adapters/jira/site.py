"""One Jira as the adapter's parts see it: the way there, what is known of it, and how records are mapped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from adapters.jira.connection import Connection
from adapters.jira.fault import NoEffect, Rejected, Unclear
from adapters.jira.homes import Homes
from adapters.jira.lookups import Lookups
from adapters.jira.originals import Originals
from adapters.jira.shelf import Shelf
from connector.problem import Problem
from connector.ticketing import KEPT, Record
from mappings import rich_text
from mappings.library import Mappings
from mappings.mapping import Mapping as RecordMapping
from mappings.transforms import NOTHING, Lookup

_LONGEST_SUMMARY = 255
_LONGEST_TEXT = 30_000
"""Plain text is cut to this, as its markup is longer."""

_LONGEST_MARKUP = 32_767
"""What Jira takes of formatted text."""

_SYSTEM = re.compile(r"[a-z]+|customfield_\d+")


@dataclass(frozen=True)
class Shaped:
    """Fields as Jira takes them, and a warning for each text that had to be cut."""

    fields: dict[str, Any]
    cut: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Site:
    """`name` is the connection's; `project` is where a record without a project goes; `search_lag` is in seconds.

    `keeps` are the continuity records that are kept in step here, `page` is how many issues a page of a listing holds.
    """

    name: str
    connection: Connection
    lookups: Lookups
    shelf: Shelf
    mappings: Mappings
    project: str
    projects: tuple[str, ...]
    fallback_team: str
    search_lag: float
    originals: Originals
    homes: Homes
    now: Callable[[], datetime]
    keeps: frozenset[Record] = frozenset()
    page: int = 100

    @property
    def concerned(self) -> tuple[Record, ...]:
        """The records that are read and written here: services and plans only where they are kept in step."""
        return tuple(record for record in self.mappings.records if record not in KEPT or record in self.keeps)

    @property
    def incident_types(self) -> tuple[str, ...]:
        """The issue types that the mapping calls incidents (`issue_type: Incident, [System] Incident`)."""
        named = self.mappings["incident"].setting("issue_type").split(",")
        return tuple(name.strip() for name in named if name.strip())

    def project_of(self, record: Record, named: str = "") -> str:
        """Return the key of the project in which a record is made: as named, else the mapping's, else our own."""
        item = self.mappings[record].named("project")
        default = item.default if item is not None else NOTHING
        return str(named or (default if default not in (NOTHING, None) else "") or self.project)

    def own_type(self, record: Record) -> tuple[str, str] | None:
        """Return the project and issue type whose issues are all of this record; None where others can be too.

        What people work on has the types of our tasks: a service or plan has to have a type, or a project, to itself.
        """
        own = self._place_of(record)
        others = (self._place_of(other) for other in self.mappings.records if other not in (record, "incident"))
        return None if own[1].casefold() in self._folded_incidents or _folded(own) in map(_folded, others) else own

    def owner(self, place: tuple[str, str]) -> Record | Literal["other"]:
        """Return the continuity record to which a place (project and type, folded) belongs, `other` where to none."""
        owned = ((record, self.own_type(record)) for record in KEPT)
        return next((record for record, own in owned if own is not None and _folded(own) == place), "other")

    @property
    def _folded_incidents(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.incident_types)

    def _place_of(self, record: Record) -> tuple[str, str]:
        return self.project_of(record), self.mappings[record].setting("issue_type") or "Task"

    @property
    def format(self) -> str:
        """The markup of this flavour's REST version: v3 takes documents, v2 wiki text."""
        return "adf" if self.connection.cloud else "wiki"

    def url(self, number: str) -> str:
        return f"{self.connection.url}/browse/{number}" if number else ""

    def mapping(self, record: Record) -> RecordMapping:
        """Return the record's mapping with the site's own field ids. Raises the faults of a read, when first asked."""
        self.lookups.fields()
        return self.shelf.get(
            ("mapping", record), lambda: self.mappings[record].bind(self.lookups.field_id, self.format)
        )

    def mapping_at_hand(self, record: Record) -> RecordMapping:
        """Return the same, or, while Jira cannot be asked, one with the fields whose ids are plain. Never raises."""
        try:
            return self.mapping(record)
        except (NoEffect, Rejected, Unclear):
            return self.mappings[record].bind(lambda name: name if _SYSTEM.fullmatch(name) else None, self.format)

    def rich(self, field: str) -> bool:
        """Tell whether a field holds formatted text, which v3 takes as a document and v2 as wiki text."""
        if field in ("description", "environment"):
            return True
        return field.startswith("customfield_") and any(
            item.id == field and item.custom.endswith(":textarea") for item in self.lookups.fields()
        )

    def markup(self, plain: str) -> Any:
        """Return plain text in the markup of this flavour's REST version, cut to what Jira takes."""
        kept = plain if len(plain) <= _LONGEST_TEXT else plain[:_LONGEST_TEXT] + "\n..."
        return rich_text.shortened(rich_text.write_plain(kept, self.format), self.format, _LONGEST_MARKUP)

    def field_name(self, field: str) -> str:
        """Return the name by which people know a field."""
        return self.lookups.field_names().get(field, field)

    def resolve(self, lookup: Lookup, name: str) -> str | None:
        """Return what a mapping writes for a name: a person's id; teams and the rest are written by name.

        A person who cannot be looked up now counts as unknown: a task without an assignee is better than none.
        """
        if lookup.kind != "user":
            return name
        try:
            return self.lookups.person(lookup, name)
        except (NoEffect, Rejected, Unclear):
            return None

    def written(self, fields: Mapping[str, Any], mapping: RecordMapping) -> Shaped:
        """Give mapped fields the shapes of this flavour: markup, null for what is cleared, people by name on DC.

        What the mapping calls rich text bears its markup already. What is too long for Jira is cut, and told.
        """
        formatted = {item.id: item.shape.format for item in mapping.fields if item.shape.type == "rich_text"}
        shaped: dict[str, Any] = {}
        cut: list[Problem] = []
        for name, value in fields.items():
            if name == "summary":
                line = " ".join(str(value).split())
                shaped[name] = line[:_LONGEST_SUMMARY]
                if len(line) > _LONGEST_SUMMARY:
                    cut.append(self._cut(mapping, name, _LONGEST_SUMMARY))
            elif value == "":
                shaped[name] = None
            elif name in formatted:
                shaped[name] = rich_text.shortened(value, formatted[name], _LONGEST_MARKUP)
                if shaped[name] is not value:
                    cut.append(self._cut(mapping, name, _LONGEST_MARKUP))
            elif isinstance(value, str) and self.rich(name):
                shaped[name] = self.markup(value)
                if len(value) > _LONGEST_TEXT:
                    cut.append(self._cut(mapping, name, _LONGEST_TEXT))
            elif not self.connection.cloud and isinstance(value, dict) and set(value) == {"accountId"}:
                shaped[name] = {"name": value["accountId"]}
            else:
                shaped[name] = value
        return Shaped(shaped, tuple(cut))

    def _cut(self, mapping: RecordMapping, name: str, longest: int) -> Problem:
        line = next((f" ({item.where})" for item in mapping.fields if item.writes and item.id == name), "")
        what = f"Jira takes {longest:,} characters; the end is left out there"
        return Problem(self.field_name(name), what, f"shorten the text, or map less of it{line}", "warning")


def _folded(place: tuple[str, str]) -> tuple[str, str]:
    return place[0].casefold(), place[1].casefold()
