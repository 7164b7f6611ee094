"""An issue and what hangs on it, as values: a write makes a new issue, so a search index can keep the old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.jira.adf import RichText
from sandbox.jira.site import Component, IssueType, LinkType, Named, Project, Status, User


@dataclass(frozen=True)
class Comment:
    """Public unless the property sd.public.comment says `{"internal": true}`."""

    id: str
    author: User
    body: RichText
    created: datetime
    updated: datetime
    update_author: User
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def public(self) -> bool:
        value = self.properties.get("sd.public.comment")
        return not (isinstance(value, dict) and value.get("internal") in {True, "true"})


@dataclass(frozen=True)
class Attachment:
    id: str
    name: str
    author: User
    created: datetime
    mime_type: str
    content: bytes


@dataclass(frozen=True)
class RemoteLink:
    id: int
    global_id: str | None
    application: Mapping[str, Any]
    relationship: str | None
    object: Mapping[str, Any]


@dataclass(frozen=True)
class Link:
    """`source` --type.outward--> `destination`, both issue ids."""

    id: str
    type: LinkType
    source: int
    destination: int


@dataclass(frozen=True)
class ChangeItem:
    """One changed field; `from_id`/`to_id` are ids where the field has such, the texts are what people read."""

    field: str
    field_type: str
    field_id: str | None
    from_id: str | None
    from_text: str | None
    to_id: str | None
    to_text: str | None


@dataclass(frozen=True)
class Change:
    id: str
    at: datetime
    author: User
    items: tuple[ChangeItem, ...]


@dataclass(frozen=True)
class Issue:
    """`custom` maps a custom field's id to str, float, datetime, RichText, an option or several options.

    A field without a value is left out.
    """

    id: int
    key: str
    project: Project
    type: IssueType
    status: Status
    summary: str
    priority: Named
    creator: User
    reporter: User
    created: datetime
    updated: datetime
    description: RichText | None = None
    assignee: User | None = None
    labels: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    duedate: str | None = None
    parent: int | None = None
    resolution: Named | None = None
    resolved: datetime | None = None
    archived: datetime | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[Comment, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    remote_links: tuple[RemoteLink, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Change, ...] = ()
