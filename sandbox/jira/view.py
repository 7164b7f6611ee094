"""Issues and their parts as JSON, in the words of one flavour and one REST version."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sandbox.jira.adf import RichText
from sandbox.jira.issue import Attachment, Comment, Issue, Link, RemoteLink
from sandbox.jira.moment import written
from sandbox.jira.site import Component, IssueType, LinkType, Named, Project, Site, Status, User
from sandbox.jira.store import Store

Json = dict[str, Any]
_ISSUE_EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"


@dataclass(frozen=True)
class View:
    """`version` "3" gives rich text as ADF, "2" as wiki text; `webhook` writes whole numbers without a fraction."""

    base: str
    version: str
    cloud: bool
    site: Site
    store: Store
    webhook: bool = False
    _cache: dict[str, Json] = field(default_factory=dict, compare=False)

    @property
    def api(self) -> str:
        return f"{self.base}/rest/api/{self.version}"

    def rich(self, text: RichText | None) -> Any:
        if text is None or not text.text:
            return None
        return text.as_document() if self.version == "3" else text.text

    def user(self, user: User | None) -> Json | None:
        if user is None:
            return None
        return self._once(f"user:{user.user_name}", lambda: self._user(user))

    def _user(self, user: User) -> Json:
        shared: Json = {
            "displayName": user.display_name,
            "active": user.active,
            "timeZone": "Etc/UTC",
            "avatarUrls": {"48x48": f"{self.base}/secure/useravatar?size=large&ownerId={user.user_name}"},
        }
        if not self.cloud:
            where = f"{self.api}/user?username={quote(user.user_name)}"
            return {
                "self": where,
                "name": user.user_name,
                "key": user.key,
                "emailAddress": user.email,
                "locale": "en_US",
            } | shared
        person: Json = {"self": f"{self.api}/user?accountId={user.account_id}", "accountId": user.account_id}
        if not user.email_hidden:
            person["emailAddress"] = user.email
        return person | shared | {"accountType": "atlassian"}

    def status(self, status: Status) -> Json:
        return self._once(
            f"status:{status.id}",
            lambda: {
                "self": f"{self.api}/status/{status.id}",
                "description": "",
                "iconUrl": f"{self.base}/images/icons/statuses/generic.png",
                "name": status.name,
                "id": status.id,
                "statusCategory": {
                    "self": f"{self.api}/statuscategory/{status.category.id}",
                    "id": status.category.id,
                    "key": status.category.key,
                    "colorName": status.category.colour,
                    "name": status.category.name,
                },
            },
        )

    def priority(self, priority: Named) -> Json:
        return {
            "self": f"{self.api}/priority/{priority.id}",
            "iconUrl": f"{self.base}/images/icons/priorities/{priority.name.lower()}.svg",
            "name": priority.name,
            "id": priority.id,
        }

    def resolution(self, resolution: Named | None) -> Json | None:
        if resolution is None:
            return None
        return {
            "self": f"{self.api}/resolution/{resolution.id}",
            "id": resolution.id,
            "description": "",
            "name": resolution.name,
        }

    def issue_type(self, issue_type: IssueType) -> Json:
        answer: Json = {
            "self": f"{self.api}/issuetype/{issue_type.id}",
            "id": issue_type.id,
            "description": "",
            "iconUrl": f"{self.base}/images/icons/issuetypes/{issue_type.id}.svg",
            "name": issue_type.name,
            "subtask": issue_type.subtask,
        }
        return answer | ({"hierarchyLevel": issue_type.level} if self.cloud else {})

    def project(self, project: Project) -> Json:
        return self._once(f"project:{project.id}", lambda: self._project(project))

    def _project(self, project: Project) -> Json:
        answer: Json = {
            "self": f"{self.api}/project/{project.id}",
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": project.type_key,
            "avatarUrls": {"48x48": f"{self.base}/secure/projectavatar?pid={project.id}"},
        }
        return answer | ({"simplified": False} if self.cloud else {})

    def component(self, component: Component) -> Json:
        return {
            "self": f"{self.api}/component/{component.id}",
            "id": component.id,
            "name": component.name,
        }

    def link_type(self, link_type: LinkType) -> Json:
        return {
            "id": link_type.id,
            "name": link_type.name,
            "inward": link_type.inward,
            "outward": link_type.outward,
            "self": f"{self.api}/issueLinkType/{link_type.id}",
        }

    def brief(self, issue: Issue) -> Json:
        """An issue inside another one: four fields only."""
        return {
            "id": str(issue.id),
            "key": issue.key,
            "self": f"{self.api}/issue/{issue.id}",
            "fields": {
                "summary": issue.summary,
                "status": self.status(issue.status),
                "priority": self.priority(issue.priority),
                "issuetype": self.issue_type(issue.type),
            },
        }

    def link(self, link: Link, seen_from: Issue) -> Json:
        outward = link.source == seen_from.id
        other = self.store.by_id(link.destination if outward else link.source)
        return {
            "id": link.id,
            "self": f"{self.api}/issueLink/{link.id}",
            "type": self.link_type(link.type),
            "outwardIssue" if outward else "inwardIssue": self.brief(other),
        }

    def comment(self, issue: Issue, comment: Comment, *, properties: bool = False) -> Json:
        """Cloud tells with `jsdPublic` whether a customer sees it (true in every project that is no service desk)."""
        answer: Json = {
            "self": f"{self.api}/issue/{issue.id}/comment/{comment.id}",
            "id": comment.id,
            "author": self.user(comment.author),
            "body": comment.body.as_document() if self.version == "3" else comment.body.text,
            "updateAuthor": self.user(comment.update_author),
            "created": written(comment.created),
            "updated": written(comment.updated),
        }
        if self.cloud or issue.project.service_desk:
            answer["jsdPublic"] = comment.public or not issue.project.service_desk
        if properties:
            answer["properties"] = [{"key": key, "value": value} for key, value in comment.properties.items()]
        return answer

    def comments(self, issue: Issue) -> Json:
        listed = [self.comment(issue, comment) for comment in issue.comments]
        return {
            "comments": listed,
            "self": f"{self.api}/issue/{issue.id}/comment",
            "maxResults": len(listed),
            "total": len(listed),
            "startAt": 0,
        }

    def attachment(self, item: Attachment) -> Json:
        content = f"{self.api}/attachment/content/{item.id}"
        if not self.cloud:
            content = f"{self.base}/secure/attachment/{item.id}/{quote(item.name)}"
        return {
            "self": f"{self.api}/attachment/{item.id}",
            "id": item.id,
            "filename": item.name,
            "author": self.user(item.author),
            "created": written(item.created),
            "size": len(item.content),
            "mimeType": item.mime_type,
            "content": content,
        }

    def remote_link(self, issue: Issue, link: RemoteLink) -> Json:
        answer: Json = {
            "id": link.id,
            "self": f"{self.api}/issue/{issue.key}/remotelink/{link.id}",
            "application": dict(link.application),
            "object": dict(link.object),
        }
        if link.global_id is not None:
            answer["globalId"] = link.global_id
        if link.relationship is not None:
            answer["relationship"] = link.relationship
        return answer

    def option(self, option: Named) -> Json:
        return {"self": f"{self.api}/customFieldOption/{option.id}", "value": option.name, "id": option.id}

    def custom(self, value: Any) -> Any:
        if isinstance(value, Named):
            return self.option(value)
        if isinstance(value, RichText):
            return self.rich(value)
        if isinstance(value, tuple):
            return [self.custom(item) for item in value]
        if isinstance(value, datetime):
            return written(value)
        if self.webhook and isinstance(value, float) and value.is_integer():
            return int(value)
        return value

    def fields(self, issue: Issue, wanted: Callable[[str], bool] = lambda _: True) -> Json:
        """The fields that `wanted` names; sub-tasks, parent and links are read from the database at this moment."""
        return {name: make(self, issue) for name, make in _FIELDS.items() if wanted(name)} | {
            field.id: self.custom(issue.custom.get(field.id))
            for field in self.site.fields
            if field.custom and wanted(field.id)
        }

    def issue(self, issue: Issue, wanted: Callable[[str], bool] = lambda _: True) -> Json:
        fields = self.fields(issue, wanted)
        if fields.get("parent", ...) is None:
            del fields["parent"]
        return {
            "expand": _ISSUE_EXPAND,
            "id": str(issue.id),
            "self": f"{self.api}/issue/{issue.id}",
            "key": issue.key,
            "fields": fields,
        }

    def changelog(self, issue: Issue) -> list[Json]:
        return [
            {
                "id": change.id,
                "author": self.user(change.author),
                "created": written(change.at),
                "items": [self.change_item(item) for item in change.items],
            }
            for change in issue.history
        ]

    def change_item(self, item: Any) -> Json:
        """Data Center leaves `fieldId` out (as it stands in recorded webhooks)."""
        answer: Json = {"field": item.field, "fieldtype": item.field_type}
        if self.cloud and item.field_id is not None:
            answer["fieldId"] = item.field_id
        answer |= {"from": item.from_id, "fromString": item.from_text, "to": item.to_id, "toString": item.to_text}
        if self.cloud and item.field_id in {"assignee", "reporter"}:
            answer |= {"tmpFromAccountId": item.from_id, "tmpToAccountId": item.to_id}
        return answer

    def _once(self, key: str, make: Callable[[], Json]) -> Json:
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]


def _parent(view: View, issue: Issue) -> Json | None:
    # A search can still show an issue whose parent is deleted.
    parent = None if issue.parent is None else view.store.find(str(issue.parent))
    return None if parent is None else view.brief(parent)


_NOTHING: Json = {"progress": 0, "total": 0}
_FIELDS: dict[str, Callable[[View, Issue], Any]] = {
    "summary": lambda _, i: i.summary,
    "issuetype": lambda v, i: v.issue_type(i.type),
    "project": lambda v, i: v.project(i.project),
    "parent": _parent,
    "status": lambda v, i: v.status(i.status),
    "resolution": lambda v, i: v.resolution(i.resolution),
    "resolutiondate": lambda _, i: None if i.resolved is None else written(i.resolved),
    "priority": lambda v, i: v.priority(i.priority),
    "labels": lambda _, i: list(i.labels),
    "components": lambda v, i: [v.component(c) for c in i.components],
    "assignee": lambda v, i: v.user(i.assignee),
    "reporter": lambda v, i: v.user(i.reporter),
    "creator": lambda v, i: v.user(i.creator),
    "created": lambda _, i: written(i.created),
    "updated": lambda _, i: written(i.updated),
    "duedate": lambda _, i: i.duedate,
    "description": lambda v, i: v.rich(i.description),
    "environment": lambda *_: None,
    "subtasks": lambda v, i: [v.brief(child) for child in v.store.subtasks(i)],
    "issuelinks": lambda v, i: [v.link(link, i) for link in v.store.links(i)],
    "comment": lambda v, i: v.comments(i),
    "fixVersions": lambda *_: [],
    "versions": lambda *_: [],
    "attachment": lambda v, i: [v.attachment(item) for item in i.attachments],
    "progress": lambda *_: _NOTHING,
    "aggregateprogress": lambda *_: _NOTHING,
    "timetracking": lambda *_: {},
    "archiveddate": lambda _, i: None if i.archived is None else written(i.archived),
    "votes": lambda v, i: {"self": f"{v.api}/issue/{i.key}/votes", "votes": 0, "hasVoted": False},
    "workratio": lambda *_: -1,
    "security": lambda *_: None,
}


def selection(names: Iterable[str], default: str) -> Callable[[str], bool]:
    """Jira's `fields` parameter: `*all`, `*navigable`, names, and names left out with a minus sign."""
    asked = [name.strip() for part in names for name in part.split(",") if name.strip()] or [default]
    without = {name[1:] for name in asked if name.startswith("-")}
    exact = {name for name in asked if not name.startswith(("-", "*"))}
    everything = "*all" in asked or (bool(without) and not exact and "*navigable" not in asked)
    navigable = "*navigable" in asked

    def wanted(name: str) -> bool:
        if name in without:
            return False
        return everything or name in exact or (navigable and name not in {"comment", "attachment"})

    return wanted
