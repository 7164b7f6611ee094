"""An incident as the rules see it, whichever platform it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.service import Identifier

ENDED = frozenset({"resolved", "closed", "cancelled"})
NAME_KINDS = ("ci", "service", "component", "label")


@dataclass(frozen=True)
class Incident:
    """The normalised incident; `priority` 0: none set; `major_state` "": the platform has no such field."""

    connection: str
    platform: str
    id: str
    number: str
    summary: str = ""
    state: str = "new"
    priority: int = 0
    major_state: str = ""
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    outage_began_at: datetime | None = None
    parent: str = ""
    project: str = ""
    issue_type: str = ""
    assignment_group: str = ""
    names: Mapping[str, tuple[str, ...]] | None = None

    @property
    def active(self) -> bool:
        """Whether the disruption goes on as far as this ticket knows: not resolved, closed or cancelled."""
        return self.state not in ENDED

    @property
    def ended_at(self) -> datetime | None:
        """When it was resolved, else closed; None while active."""
        return None if self.active else self.resolved_at or self.closed_at

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """What the ticket names, both as the platform and as this connection names it."""
        return tuple(
            Identifier(side, kind, name)
            for kind, names in (self.names or {}).items()
            for name in names
            for side in dict.fromkeys((self.platform, self.connection))
        )

    def facts(self) -> dict[str, Any]:
        """Return the variables that an admin's conditions see (`connector.condition.INCIDENT_VARIABLES`)."""
        names = self.names or {}
        return {
            "priority": self.priority,
            "major_state": self.major_state,
            "state": self.state,
            "summary": self.summary,
            "number": self.number,
            "connection": self.connection,
            "project": self.project,
            "issue_type": self.issue_type,
            "assignment_group": self.assignment_group,
            "parent": self.parent,
            "active": self.active,
            **{kind: list(names.get(kind, ())) for kind in NAME_KINDS},
        }


def from_values(connection: str, platform: str, id: str, number: str, values: Mapping[str, Any]) -> Incident:  # noqa: A002
    """Build an incident from a ticket's neutral values; instants may be datetimes or ISO 8601 text (as stored)."""
    return Incident(
        connection=connection,
        platform=platform,
        id=id,
        number=number,
        summary=str(values.get("summary") or ""),
        state=str(values.get("state") or "new"),
        priority=int(values.get("priority") or 0),
        major_state=str(values.get("major_state") or ""),
        opened_at=_instant(values.get("opened_at")),
        resolved_at=_instant(values.get("resolved_at")),
        closed_at=_instant(values.get("closed_at")),
        outage_began_at=_instant(values.get("outage_began_at")),
        parent=str(values.get("parent") or ""),
        project=str(values.get("project") or ""),
        issue_type=str(values.get("issue_type") or ""),
        assignment_group=str(values.get("assignment_group") or ""),
        names={kind: tuple(values.get(kind) or ()) for kind in NAME_KINDS},
    )


def _instant(value: Any) -> datetime | None:
    """Return an instant; a day, where a platform's field holds no more, is its first moment in UTC."""
    if value is None or value == "":
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
