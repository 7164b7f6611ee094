"""What an administrator changes while people work: fields, screens, workflows, permissions, people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from sandbox import order
from sandbox.jira.issue import Issue
from sandbox.jira.site import Field, Named, Project, Site, Transition

_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_KINDS: Mapping[str, str] = {
    "string": "textfield",
    "rich": "textarea",
    "number": "float",
    "date": "datepicker",
    "datetime": "datetime",
    "option": "select",
    "options": "multiselect",
    "user": "userpicker",
}
_FIRST_NUMBER = 10201
_FIRST_OPTION = 10300

_Row = TypeVar("_Row", bound=Named)


@dataclass(frozen=True)
class AddField:
    """A new custom field on all screens, required in `project` ("" none); `fills_in`: it has a default there."""

    name: str
    kind: Literal["string", "rich", "number", "date", "datetime", "option", "options"] = "string"
    required_in: str = ""
    fills_in: bool = False
    options: list = field(default_factory=list)  # type: ignore[type-arg]  # read as it came

    def on(self, site: Site) -> Site:
        numbers = [item.number for item in site.fields if item.custom]
        number = max([_FIRST_NUMBER - 1, *numbers]) + 1
        options = tuple(Named(str(_FIRST_OPTION + at), str(name)) for at, name in enumerate(self.options))
        made = Field(f"customfield_{number}", self.name, self.kind, custom=_TYPES + _KINDS[self.kind], options=options)
        site = replace(site, fields=(*site.fields, made))
        return RequireField(made.id, self.required_in, fills_in=self.fills_in).on(site) if self.required_in else site


@dataclass(frozen=True)
class RequireField:
    """A field becomes required in a project."""

    field: str
    project: str
    fills_in: bool = False

    def on(self, site: Site) -> Site:
        name = _field(site, self.field).id

        def require(project: Project) -> Project:
            defaults = project.defaults | ({name} if self.fills_in else frozenset())
            return replace(project, required=project.required | {name}, defaults=defaults)

        return _on_project(site, self.project, require)


@dataclass(frozen=True)
class TakeOffScreen:
    """A field leaves the create screen, the edit screen or both in a project."""

    field: str
    project: str
    screen: Literal["create", "edit", "both"] = "both"

    def on(self, site: Site) -> Site:
        name = {_field(site, self.field).id}

        def take(project: Project) -> Project:
            created = project.not_on_create | (name if self.screen != "edit" else frozenset())
            edited = project.not_on_edit | (name if self.screen != "create" else frozenset())
            return replace(project, not_on_create=created, not_on_edit=edited)

        return _on_project(site, self.project, take)


@dataclass(frozen=True)
class RenameField:
    field: str
    to: str

    def on(self, site: Site) -> Site:
        wanted = _field(site, self.field)
        return replace(
            site, fields=tuple(replace(item, name=self.to) if item is wanted else item for item in site.fields)
        )


@dataclass(frozen=True)
class DeleteField:
    field: str

    def on(self, site: Site) -> Site:
        wanted = _field(site, self.field)
        return replace(site, fields=tuple(item for item in site.fields if item is not wanted))


@dataclass(frozen=True)
class RenameOption:
    """An option of a select field, or a priority (`field`: Priority)."""

    field: str
    option: str
    to: str

    def on(self, site: Site) -> Site:
        wanted = _field(site, self.field)
        if wanted.kind == "priority":
            return replace(
                site,
                priorities=_renamed(site.priorities, self.option, self.to),
                default_priority=_renamed((site.default_priority,), self.option, self.to, must=False)[0],
            )
        changed = replace(wanted, options=_renamed(wanted.options, self.option, self.to))
        return replace(site, fields=tuple(changed if item is wanted else item for item in site.fields))


@dataclass(frozen=True)
class RenameStatus:
    status: str
    to: str

    def on(self, site: Site) -> Site:
        def new(name: str) -> str:
            return self.to if name == self.status else name

        _known("status", self.status, [status.name for status in site.statuses])

        def rename(project: Project) -> Project:
            flow = project.workflow
            ways = tuple(
                replace(way, sources=tuple(map(new, way.sources)), target=new(way.target)) for way in flow.transitions
            )
            statuses = tuple(map(new, flow.statuses))
            return replace(
                project, workflow=replace(flow, initial=new(flow.initial), statuses=statuses, transitions=ways)
            )

        return replace(
            site,
            statuses=tuple(replace(status, name=new(status.name)) for status in site.statuses),
            projects=tuple(map(rename, site.projects)),
        )


@dataclass(frozen=True)
class RemoveTransition:
    project: str
    transition: str

    def on(self, site: Site) -> Site:
        return _on_transition(site, self.project, self.transition, lambda _: None)


@dataclass(frozen=True)
class AddTransition:
    """A new last transition; a status of the site that the workflow lacks becomes part of it."""

    project: str
    transition: str
    source: str
    target: str

    def on(self, site: Site) -> Site:
        for name in (self.source, self.target):
            _known("status", name, [status.name for status in site.statuses])

        def add(project: Project) -> Project:
            flow = project.workflow
            number = 1 + max(int(way.id) for way in flow.transitions)
            made = Transition(str(number), self.transition, (self.source,), self.target)
            statuses = tuple(dict.fromkeys((*flow.statuses, self.source, self.target)))
            return replace(project, workflow=replace(flow, statuses=statuses, transitions=(*flow.transitions, made)))

        return _on_project(site, self.project, add)


@dataclass(frozen=True)
class RequireInTransition:
    """A transition gets a screen that asks for a field."""

    project: str
    transition: str
    field: str

    def on(self, site: Site) -> Site:
        asked = _field(site, self.field).id
        return _on_transition(site, self.project, self.transition, lambda way: replace(way, asks=(*way.asks, asked)))


@dataclass(frozen=True)
class RemoveComponent:
    project: str
    component: str

    def on(self, site: Site) -> Site:
        def remove(project: Project) -> Project:
            _known("component", self.component, [item.name for item in project.components])
            return replace(
                project, components=tuple(item for item in project.components if item.name != self.component)
            )

        return _on_project(site, self.project, remove)


@dataclass(frozen=True)
class Deactivate:
    """`user` is a user name, on Cloud too."""

    user: str

    def on(self, site: Site) -> Site:
        _known("user", self.user, [user.user_name for user in site.users])
        return replace(
            site,
            users=tuple(replace(item, active=False) if item.user_name == self.user else item for item in site.users),
        )


@dataclass(frozen=True)
class Hire:
    """A new person; more than one may bear a display name."""

    user: str
    display_name: str

    def on(self, site: Site) -> Site:
        made = replace(
            site.users[0],
            user_name=self.user,
            display_name=self.display_name,
            account_id="acc-" + self.user.replace(".", "-"),
            key=f"JIRAUSER{10100 + len(site.users)}",
            email=f"{self.user}@example.com",
        )
        return replace(site, users=(*site.users, made))


@dataclass(frozen=True)
class Withdraw:
    """The integration loses a permission in a project."""

    project: str
    permission: str

    def on(self, site: Site) -> Site:
        return _on_project(
            site, self.project, lambda project: replace(project, withdrawn=project.withdrawn | {self.permission})
        )


@dataclass(frozen=True)
class Grant:
    """The integration gets a global permission (`ADMINISTER` shows it workflows on Cloud)."""

    permission: str

    def on(self, site: Site) -> Site:
        return replace(site, granted=site.granted | {self.permission})


_ORDERS: Mapping[str, Any] = {
    "add_field": AddField,
    "require_field": RequireField,
    "take_off_screen": TakeOffScreen,
    "rename_field": RenameField,
    "delete_field": DeleteField,
    "rename_option": RenameOption,
    "rename_status": RenameStatus,
    "remove_transition": RemoveTransition,
    "add_transition": AddTransition,
    "require_in_transition": RequireInTransition,
    "remove_component": RemoveComponent,
    "deactivate": Deactivate,
    "hire": Hire,
    "withdraw": Withdraw,
    "grant": Grant,
}


def changed(site: Site, orders: list[Any]) -> Site:
    """Return the site after `[{"do": "add_field", ...}]`. Raises ValueError for an order that cannot be read."""
    for number, row in enumerate(orders):
        where = f"orders[{number}]"
        told = dict(row) if isinstance(row, Mapping) else {}
        name = told.pop("do", None)
        if name not in _ORDERS:
            raise ValueError(f"{where}.do: {name!r} is not one of {', '.join(_ORDERS)}")
        site = order.read(_ORDERS[name], where, told).on(site)
    return site


def carried_over(issue: Issue, site: Site) -> Issue:
    """Return an issue as the changed site shows it: same ids, new names; what is gone is gone from it too."""
    project = site.project(issue.project.key) or issue.project
    people = {user.user_name: user for user in site.users}
    components = tuple(item for old in issue.components if (item := project.component(old.id)) is not None)
    fields = site.field_by_id
    return replace(
        issue,
        project=project,
        status=next((item for item in site.statuses if item.id == issue.status.id), issue.status),
        priority=_same(site.priorities, issue.priority),
        components=components,
        creator=people.get(issue.creator.user_name, issue.creator),
        reporter=people.get(issue.reporter.user_name, issue.reporter),
        assignee=issue.assignee and people.get(issue.assignee.user_name, issue.assignee),
        custom={name: _option(fields[name], value) for name, value in issue.custom.items() if name in fields},
    )


def _option(held: Field, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_same(held.options, item) for item in value)
    return _same(held.options, value) if isinstance(value, Named) else value


def _same(options: tuple[_Row, ...], old: _Row) -> _Row:
    return next((item for item in options if item.id == old.id), old)


def _renamed(options: tuple[Named, ...], old: str, new: str, *, must: bool = True) -> tuple[Named, ...]:
    if must:
        _known("option", old, [item.name for item in options])
    return tuple(replace(item, name=new) if item.name == old else item for item in options)


def _field(site: Site, name: str) -> Field:
    found = next((item for item in site.fields if name in (item.id, item.name)), None)
    if found is None:
        raise ValueError(f"there is no field {name!r}; name it by its id or its name")
    return found


def _on_project(site: Site, key: str, change: Callable[[Project], Project]) -> Site:
    _known("project", key, [project.key for project in site.projects])
    return replace(
        site, projects=tuple(change(project) if project.key == key else project for project in site.projects)
    )


def _on_transition(site: Site, key: str, name: str, change: Callable[[Transition], Transition | None]) -> Site:
    def alter(project: Project) -> Project:
        ways = project.workflow.transitions
        _known("transition", name, [way.name for way in ways])
        kept = tuple(new for way in ways if (new := change(way) if way.name == name else way) is not None)
        return replace(project, workflow=replace(project.workflow, transitions=kept))

    return _on_project(site, key, alter)


def _known(kind: str, name: str, names: list[str]) -> None:
    if name not in names:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(names)}")
