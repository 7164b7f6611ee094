"""The writes on issues: validated whole, applied whole, written to the history and told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.jira.event import Actor, Event
from sandbox.jira.history import items_between
from sandbox.jira.issue import Attachment, Change, ChangeItem, Comment, Issue
from sandbox.jira.linking import link, link_ends
from sandbox.jira.moment import whole_milliseconds
from sandbox.jira.refusal import Refused
from sandbox.jira.remark import Remark, read_comment
from sandbox.jira.site import Field, IssueType, LinkType, Named, Project, Site, Transition
from sandbox.jira.store import Store
from sandbox.jira.values import Invalid, Place, assignable, read, resolution

Json = dict[str, Any]


class Tracker:
    """Writes under the store's lock, which the caller holds; `tell` is called once for each event, after the write."""

    def __init__(
        self, site: Site, store: Store, now: Callable[[], datetime], tell: Callable[[Event], None], *, cloud: bool
    ) -> None:
        self.site = site
        self.store = store
        self._now = now
        self._tell = tell
        self.cloud = cloud

    def place(self, actor: Actor, project: Project, issue_type: IssueType) -> Place:
        return Place(self.site, self.store, self.cloud, actor.version, project, issue_type)

    # -- create ---------------------------------------------------------------------------------------------------

    def create(self, actor: Actor, fields: Json, properties: Mapping[str, Any]) -> Issue:
        """Raises Refused with all that is wrong at once, and creates nothing then."""
        project, issue_type = self._kind(fields)
        if self._barred(actor, "CREATE_ISSUES", project):
            raise Refused(400, errors={"project": "You do not have permission to create issues in this project."})
        place = self.place(actor, project, issue_type)
        given = {name: raw for name, raw in fields.items() if name not in {"project", "issuetype"}}
        values, errors = self._read_all(place, given, creating=True)
        errors = self._lacking(project, given) | errors
        if "summary" not in given:
            errors["summary"] = "You must specify a summary of the issue."
        if issue_type.subtask and not given.get("parent"):
            errors["issuetype"] = "Issue type is a sub-task but parent issue key or id not specified."
        if errors:
            raise Refused(400, errors=errors)
        now = whole_milliseconds(self._now())
        custom = {
            name: value for name, value in values.items() if name.startswith("customfield_") and value is not None
        }
        issue = Issue(
            id=self.store.serial("issue"),
            key=self.store.next_key(project.key),
            project=project,
            type=issue_type,
            status=self.site.status(project.workflow.initial),
            summary=values["summary"],
            priority=values.get("priority") or self.site.default_priority,
            creator=actor.user,
            reporter=values.get("reporter") or actor.user,
            created=now,
            updated=now,
            description=values.get("description"),
            assignee=values.get("assignee"),
            labels=values.get("labels", ()),
            components=values.get("components", ()),
            duedate=values.get("duedate"),
            parent=values.get("parent"),
            custom=custom,
            properties=dict(properties),
        )
        self._announce_new(actor, self.store.put(issue))
        return issue

    def _announce_new(self, actor: Actor, issue: Issue) -> None:
        change = Change(str(self.store.serial("change")), issue.created, actor.user, self.items(None, issue))
        self._tell(Event("created", "issue_created", issue, actor.user, issue.created, change))

    def _barred(self, actor: Actor, permission: str, project: Project) -> bool:
        return not self.site.may(actor.user, permission, project)

    def _lacking(self, project: Project, given: Mapping[str, Any]) -> dict[str, str]:
        """Required fields that nobody filled in: those on no screen are required all the same."""
        return {
            field.id: f"{field.name} is required."
            for field in self.site.fields
            if field.id in project.required - project.defaults and given.get(field.id) in (None, "", (), [])
        }

    def _kind(self, fields: Json) -> tuple[Project, IssueType]:
        wanted = fields.get("project")
        named = str(wanted.get("key") or wanted.get("id") or "") if isinstance(wanted, dict) else ""
        project = self.site.project(named) if named else None
        if project is None:
            words = "Specify a valid project ID or key" if self.cloud else "valid project is required"
            raise Refused(400, errors={"project": words})
        kind = fields.get("issuetype")
        issue_type = (
            project.issue_type(str(kind.get("id") or kind.get("name") or "")) if isinstance(kind, dict) else None
        )
        if issue_type is None:
            words = "Specify a valid issue type" if self.cloud else "valid issue type is required"
            raise Refused(400, errors={"issuetype": words})
        return project, issue_type

    def _read_all(self, place: Place, given: Json, *, creating: bool) -> tuple[dict[str, Any], dict[str, str]]:
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for name, raw in given.items():
            try:
                values[name] = read(self._on_screen(name, place.project, creating=creating), raw, place)
                if name == "assignee":
                    assignable(values[name], place.project, cloud=self.cloud)
            except Invalid as wrong:
                errors[wrong.field or name] = str(wrong)
        return values, errors

    def _on_screen(self, name: str, project: Project, *, creating: bool) -> Field:
        field = self.site.field_by_id.get(name)
        if field is None or not project.on_screens(field, creating=creating):
            raise Invalid(_off_screen(name))
        return field

    # -- change ---------------------------------------------------------------------------------------------------

    def edit(self, actor: Actor, issue: Issue, fields: Json, update: Json) -> Issue:
        """PUT: `fields` sets, `update` lists operations; comments and links among the operations are added too."""
        if issue.archived:
            raise Refused(400, "You do not have permission to edit issues in this project.")
        place = self.place(actor, issue.project, issue.type)
        if self._barred(actor, "EDIT_ISSUES", issue.project) and (fields or set(update) - {"comment"}):
            raise Refused(400, errors={name: _off_screen(name) for name in (*fields, *update) if name != "comment"})
        values, errors = self._read_all(place, fields, creating=False)
        errors = {name: text for name, text in self._lacking(issue.project, fields).items() if name in fields} | errors
        remarks, links = self._read_additions(actor, issue, update, errors)
        for name in (n for n in update if n not in {"comment", "issuelinks"}):
            if name in fields:
                errors[name] = f"Field '{name}' cannot be set and updated in one request."
                continue
            try:
                values[name] = self._operate(place, issue, name, update[name])
            except Invalid as wrong:
                errors[wrong.field or name] = str(wrong)
        if issue.type.subtask and "parent" in values and values["parent"] is None:
            errors["parent"] = "Issue type is a sub-task but parent issue key or id not specified."
        if values.get("reporter", ...) is None:
            errors["reporter"] = "Reporter is required."
        if errors:
            raise Refused(400, errors=errors)
        issue = self._apply(actor, issue, values)
        for text, properties in remarks:
            issue = self.comment(actor, issue, text, properties)
        for link_type, source, destination in links:
            self.link(actor, link_type, source, destination)
        return self.store.by_id(issue.id)

    def _read_additions(
        self, actor: Actor, issue: Issue, update: Json, errors: dict[str, str]
    ) -> tuple[list[Remark], list[tuple[LinkType, int, int]]]:
        """Comments and issue links among the operations; what is wrong with them goes to `errors`."""
        remarks: list[Remark] = []
        if update.get("comment") and self._barred(actor, "ADD_COMMENTS", issue.project):
            errors["comment"] = "You do not have the permission to comment on this issue."
        links: list[tuple[LinkType, int, int]] = []
        try:
            remarks += [read_comment(_added(o, "comment"), actor.version) for o in update.get("comment", [])]
        except Invalid as wrong:
            errors["comment"] = str(wrong)
        try:
            ends = [_added(o, "issuelinks") for o in update.get("issuelinks", [])]
            links += [link_ends(self.site, self.store, raw, issue) for raw in ends]
        except Invalid as wrong:
            errors["issuelinks"] = str(wrong)
        return remarks, links

    def _operate(self, place: Place, issue: Issue, name: str, operations: list[Json]) -> Any:
        field = self._on_screen(name, place.project, creating=False)
        value = _present(issue, field)
        for operation in operations:
            ((verb, raw),) = operation.items() if isinstance(operation, dict) and len(operation) == 1 else (("", None),)
            if verb in {"set", "edit"}:
                value = read(field, raw, place)
                if field.id == "assignee":
                    assignable(value, place.project, cloud=self.cloud)
            elif verb in {"add", "remove"} and field.kind in {"labels", "components"}:
                few = read(field, [raw], place)
                value = (
                    tuple(dict.fromkeys((*value, *few))) if verb == "add" else tuple(v for v in value if v not in few)
                )
                value = tuple(sorted(value)) if field.kind == "labels" else value
            else:
                raise Invalid(f"Field with id '{name}' and name '{field.name}' does not support operation '{verb}'.")
        return value

    def _apply(self, actor: Actor, issue: Issue, values: Mapping[str, Any], name: str = "") -> Issue:
        standard = {key: value for key, value in values.items() if not key.startswith("customfield_")}
        custom = dict(issue.custom) | {k: v for k, v in values.items() if k.startswith("customfield_")}
        custom = {key: value for key, value in custom.items() if value is not None}
        return self._write(actor, issue, replace(issue, custom=custom, **standard), name)

    def _write(
        self, actor: Actor, old: Issue, new: Issue, name: str = "", items: tuple[ChangeItem, ...] | None = None
    ) -> Issue:
        items = self.items(old, new) if items is None else items
        if not items:
            return old  # what changes nothing is neither written nor told, and `updated` stays
        at = self._after(old)
        if new.resolved not in (None, old.resolved):
            new = replace(new, resolved=at)  # the resolution's instant is the change's
        change = Change(str(self.store.serial("change")), at, actor.user, items)
        issue = self.store.put(replace(new, updated=at, history=(*old.history, change)))
        if not name:
            name = "issue_assigned" if {item.field_id for item in items} == {"assignee"} else "issue_updated"
        self._tell(Event("updated", name, issue, actor.user, at, change))
        return issue

    def items(self, old: Issue | None, new: Issue) -> tuple[ChangeItem, ...]:
        return items_between(old, new, self.site, self.store, cloud=self.cloud)

    def _after(self, issue: Issue) -> datetime:
        """Now, and at least a millisecond after the last change: `updated` tells any two writes apart."""
        return max(whole_milliseconds(self._now()), issue.updated + timedelta(milliseconds=1))

    def transition(self, actor: Actor, issue: Issue, transition_id: str, fields: Json, update: Json) -> Issue:
        """Raises Refused 400 where the workflow has no such way from here, or the screen's field is missing."""
        barred = self._barred(actor, "TRANSITION_ISSUES", issue.project)
        way = next((t for t in ways(issue) if t.id == transition_id and not barred), None)
        if way is None:
            words = f"Transition id '{transition_id}' is not valid for this issue."
            raise Refused(400, words)
        place = self.place(actor, issue.project, issue.type)
        asked = {name: raw for name, raw in fields.items() if name in way.asks}
        result, errors = self._screen(way, {name: raw for name, raw in fields.items() if name not in asked})
        for field in (self.site.field_by_id[name] for name in way.asks):
            if asked.get(field.id) in (None, "", []):
                errors[field.id] = f"{field.name} is required."
                continue
            try:
                read(field, asked[field.id], place)
            except Invalid as wrong:
                errors[field.id] = str(wrong)
        remarks, _ = self._read_additions(actor, issue, update, errors)
        errors |= {name: _off_screen(name) for name in update if name != "comment"}
        if errors:
            raise Refused(400, errors=errors)
        if way.resolution == "keep":
            result = issue.resolution
        target = self.site.status(way.target)
        resolved = None if result is None else (issue.resolved or self._after(issue))
        name = "issue_generic" if self.cloud else way.event
        issue = self._write(actor, issue, replace(issue, status=target, resolution=result, resolved=resolved), name)
        for text, properties in remarks:
            issue = self.comment(actor, issue, text, properties)
        return issue

    def _screen(self, way: Transition, fields: Json) -> tuple[Named | None, dict[str, str]]:
        """The resolution that this transition sets, and what is wrong with what was sent for its screen."""
        screen = {"resolution"} if way.resolution == "required" else set()
        errors = {name: _off_screen(name) for name in fields if name not in screen}
        if way.resolution != "required":
            return (self.site.resolutions[0] if way.resolution == "done" else None), errors
        if "resolution" not in fields:
            return None, errors | {"resolution": "Resolution is required."}
        try:
            return resolution(fields["resolution"], self.site), errors
        except Invalid as wrong:
            return None, errors | {"resolution": str(wrong)}

    def archive(self, issue: Issue) -> None:
        """Take an issue out of use; no webhook tells of it, and `updated` stays."""
        self.store.put(replace(issue, archived=whole_milliseconds(self._now())))

    def delete(self, actor: Actor, issue: Issue) -> None:
        gone = [*self.store.subtasks(issue), issue]
        self.store.remove(issue)
        for each in gone:
            self._tell(Event("deleted", "issue_deleted", each, actor.user, whole_milliseconds(self._now())))

    # -- comments and links ---------------------------------------------------------------------------------------

    def comment(self, actor: Actor, issue: Issue, body: Any, properties: Mapping[str, Any]) -> Issue:
        at = self._after(issue)
        comment = Comment(str(self.store.serial("comment")), actor.user, body, at, at, actor.user, properties)
        issue = self.store.put(replace(issue, comments=(*issue.comments, comment), updated=at))
        self._tell(Event("commented", "issue_commented", issue, actor.user, at, comment=comment))
        return issue

    def edit_comment(self, actor: Actor, issue: Issue, comment: Comment) -> Comment:
        at = self._after(issue)
        comment = replace(comment, updated=at, update_author=actor.user)
        comments = tuple(comment if present.id == comment.id else present for present in issue.comments)
        issue = self.store.put(replace(issue, comments=comments, updated=at))
        self._tell(Event("comment_updated", "issue_comment_edited", issue, actor.user, at, comment=comment))
        return comment

    def attach(self, actor: Actor, old: Issue, name: str, mime_type: str, content: bytes) -> Issue:
        """Add a file, which the history shows."""
        number = str(self.store.serial("attachment"))
        made = Attachment(number, name, actor.user, self._after(old), mime_type, content)
        item = ChangeItem("Attachment", "jira", "attachment", None, None, number, name)
        return self.touch(actor, old, replace(old, attachments=(*old.attachments, made)), item)

    def touch(self, actor: Actor, old: Issue, new: Issue, item: ChangeItem) -> Issue:
        """A write beside the fields (a link) that the history shows as this one item."""
        return self._write(actor, old, new, "issue_updated", (item,))

    def link(self, actor: Actor, link_type: LinkType, source: int, destination: int) -> None:
        """Link two issues, as both their histories show."""

        def touch(issue: Issue, item: ChangeItem) -> None:
            self.touch(actor, issue, issue, item)

        link(self.store, touch, link_type, source, destination)

    def set_properties(self, issue: Issue, properties: Mapping[str, Any]) -> None:
        """Properties are no part of the history, and `updated` does not move."""
        self.store.put(replace(issue, properties={**issue.properties, **properties}))

    def clone(self, actor: Actor, origin: Issue) -> Issue:
        """As the "Clone" button: the fields are copied, labels included, and the clone links to its origin."""
        now = whole_milliseconds(self._now())
        issue = replace(
            origin,
            id=self.store.serial("issue"),
            key=self.store.next_key(origin.project.key),
            summary=f"CLONE - {origin.summary}",
            status=self.site.status(origin.project.workflow.initial),
            creator=actor.user,
            reporter=actor.user,
            created=now,
            updated=now,
            resolution=None,
            resolved=None,
            comments=(),
            attachments=(),
            remote_links=(),
            properties={},
            history=(),
        )
        self._announce_new(actor, self.store.put(issue))
        cloners = next(kind for kind in self.site.link_types if kind.name == "Cloners")
        self.link(actor, cloners, issue.id, origin.id)
        return self.store.by_id(issue.id)


def ways(issue: Issue) -> list[Transition]:
    """The transitions that the workflow has from the issue's present status."""
    return [way for way in issue.project.workflow.transitions if issue.status.name in way.sources]


def _added(operation: Any, name: str) -> Any:
    if not isinstance(operation, dict) or set(operation) != {"add"}:
        raise Invalid(f"Field with id '{name}' does not support this operation.", name)
    return operation["add"]


def _off_screen(name: str) -> str:
    return f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."


def _present(issue: Issue, field: Field) -> Any:
    return issue.custom.get(field.id) if field.custom else getattr(issue, field.id)
