"""The configuration of a Jira site: people, projects, workflows, screens and fields, as plain facts."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

FieldKind = Literal[
    "summary", "rich", "priority", "labels", "components", "user", "date", "parent", "links",
    "string", "number", "datetime", "resolution", "status", "project", "issuetype", "comment", "subtasks", "opaque",
    "option", "options",
]  # fmt: skip


@dataclass(frozen=True)
class User:
    """`key` and `user_name` are Data Center's words, `account_id` is Cloud's; an email may be hidden by its owner.

    One who is not `active` any more stays on old issues, is found by no search and can be given no work.
    """

    user_name: str
    display_name: str
    account_id: str
    key: str
    email: str
    email_hidden: bool = False
    active: bool = True


@dataclass(frozen=True)
class Category:
    id: int
    key: str
    name: str
    colour: str


@dataclass(frozen=True)
class Status:
    id: str
    name: str
    category: Category


@dataclass(frozen=True)
class Transition:
    """`resolution`: "keep", "required" (asked on the transition's screen), "done" (set by the workflow) or "clear".

    `asks` are the ids of other fields that its screen requires.
    """

    id: str
    name: str
    sources: tuple[str, ...]
    target: str
    resolution: Literal["keep", "required", "done", "clear"] = "keep"
    event: str = "issue_generic"
    asks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workflow:
    initial: str
    statuses: tuple[str, ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True)
class Named:
    """A priority or a resolution."""

    id: str
    name: str


@dataclass(frozen=True)
class LinkType:
    id: str
    name: str
    inward: str
    outward: str


@dataclass(frozen=True)
class IssueType:
    """`level`: 1 for an epic, 0 for a standard type, -1 for a sub-task."""

    id: str
    name: str
    level: int

    @property
    def subtask(self) -> bool:
        return self.level < 0


@dataclass(frozen=True)
class Component:
    id: str
    name: str
    project: str


@dataclass(frozen=True)
class Field:
    """`settable` fields stand on the create and edit screens; `custom` is a custom field type's full key.

    `options` are those of a field of kind `option` (one of them) or `options` (several).
    """

    id: str
    name: str
    kind: FieldKind
    settable: bool = True
    custom: str = ""
    options: tuple[Named, ...] = ()

    @property
    def number(self) -> int:
        return int(self.id.removeprefix("customfield_"))


@dataclass(frozen=True)
class Project:
    """`not_on_screens` are the ids of settable fields that this project's screens leave out (or one of them does).

    `required` are those that its field configuration requires, `defaults` those of them that fill themselves in.
    `withdrawn` are the permissions that the integration lacks here.
    """

    id: str
    key: str
    name: str
    type_key: Literal["software", "service_desk"]
    issue_types: tuple[IssueType, ...]
    workflow: Workflow
    components: tuple[Component, ...]
    not_on_screens: frozenset[str] = frozenset()
    not_assignable: frozenset[str] = frozenset()
    not_on_create: frozenset[str] = frozenset()
    not_on_edit: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    defaults: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()

    @property
    def service_desk(self) -> bool:
        return self.type_key == "service_desk"

    def on_screens(self, field: Field, *, creating: bool) -> bool:
        absent = self.not_on_screens | (self.not_on_create if creating else self.not_on_edit)
        return field.settable and field.id not in absent

    def issue_type(self, value: str) -> IssueType | None:
        return next((t for t in self.issue_types if value == t.id or value.casefold() == t.name.casefold()), None)

    def component(self, value: str) -> Component | None:
        return next((c for c in self.components if value == c.id or value.casefold() == c.name.casefold()), None)


@dataclass(frozen=True)
class Site:
    """Everything an administrator configured; `granted` are global permissions of the integration."""

    users: tuple[User, ...]
    statuses: tuple[Status, ...]
    priorities: tuple[Named, ...]
    default_priority: Named
    resolutions: tuple[Named, ...]
    link_types: tuple[LinkType, ...]
    projects: tuple[Project, ...]
    fields: tuple[Field, ...]
    integration: User
    granted: frozenset[str] = frozenset()

    @cached_property
    def field_by_id(self) -> dict[str, Field]:
        return {field.id: field for field in self.fields}

    @cached_property
    def _status_by_name(self) -> dict[str, Status]:
        return {status.name: status for status in self.statuses}

    def status(self, name: str) -> Status:
        return self._status_by_name[name]

    def project(self, value: str) -> Project | None:
        """By key (any case), id or name, as Jira takes it."""
        folded = value.casefold()
        return next((p for p in self.projects if folded in {p.key.casefold(), p.id, p.name.casefold()}), None)

    def user(self, *, account_id: str = "", user_name: str = "", key: str = "") -> User | None:
        for user in self.users:
            if account_id == user.account_id or user_name == user.user_name or key == user.key:
                return user
        return None

    def may(self, user: User, permission: str, project: Project) -> bool:
        """Permissions are withdrawn from the integration only."""
        return user.user_name != self.integration.user_name or permission not in project.withdrawn

    def issue_types(self) -> list[IssueType]:
        return list({t.id: t for project in self.projects for t in project.issue_types}.values())


def named(values: Iterable[Named], value: str) -> Named | None:
    """The priority or resolution with this id or name."""
    return next((n for n in values if value == n.id or value.casefold() == n.name.casefold()), None)
