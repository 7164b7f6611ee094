"""What stands on the create, edit and transition screens, as field metadata."""

from __future__ import annotations

from typing import Any

from sandbox.jira.issue import Issue
from sandbox.jira.site import Field, IssueType, Project, Transition
from sandbox.jira.view import View

Json = dict[str, Any]

_SYSTEM: dict[str, tuple[str, str]] = {
    "summary": ("string", ""),
    "rich": ("string", ""),
    "priority": ("priority", ""),
    "labels": ("array", "string"),
    "components": ("array", "component"),
    "user": ("user", ""),
    "date": ("date", ""),
    "datetime": ("datetime", ""),
    "parent": ("issuelink", ""),
    "links": ("array", "issuelinks"),
    "string": ("string", ""),
    "number": ("number", ""),
    "resolution": ("resolution", ""),
    "status": ("status", ""),
    "project": ("project", ""),
    "issuetype": ("issuetype", ""),
    "comment": ("comments-page", ""),
    "subtasks": ("array", "issuelinks"),
    "opaque": ("any", ""),
    "option": ("option", ""),
    "options": ("array", "option"),
}
_OPERATIONS: dict[str, list[str]] = {
    "labels": ["add", "set", "remove"],
    "components": ["add", "set", "remove"],
    "links": ["add", "copy"],
    "options": ["add", "set", "remove"],
}


def schema(field: Field) -> Json:
    kind, items = _SYSTEM[field.kind]
    if field.id in {"created", "updated", "resolutiondate"}:
        kind = "datetime"
    answer: Json = {"type": kind}
    if items:
        answer["items"] = items
    if field.custom:
        return answer | {"custom": field.custom, "customId": field.number}
    return answer | {"system": field.id}


def create_fields(project: Project, issue_type: IssueType, view: View) -> list[Json]:
    """Every field of the create screen; the reporter has a default, so it is shown as required and may be left out."""
    shown = [f for f in view.site.fields if project.on_screens(f, creating=True) or f.id in {"project", "issuetype"}]
    return [
        _metadata(field, project, view, creating=True, issue_type=issue_type)
        for field in shown
        if field.id != "parent" or issue_type.subtask or view.cloud
    ]


def edit_fields(project: Project, issue_type: IssueType, view: View) -> Json:
    shown = [f for f in view.site.fields if project.on_screens(f, creating=False) or f.id == "comment"]
    return {
        field.id: _metadata(field, project, view, creating=False, issue_type=issue_type)
        for field in shown
        if field.id != "parent" or issue_type.subtask or view.cloud
    }


def transition_fields(way: Transition, issue: Issue, view: View) -> Json:
    """Return the fields of a transition's screen; a condition or validator that asks for more is not told."""
    asked = {
        field.id: _metadata(field, issue.project, view, creating=False, issue_type=issue.type)
        | {"required": True, "hasDefaultValue": False}
        for field in view.site.fields
        if field.id in way.asks
    }
    if way.resolution != "required":
        return asked
    return asked | {
        "resolution": {
            "required": True,
            "schema": {"type": "resolution", "system": "resolution"},
            "name": "Resolution",
            "key": "resolution",
            "hasDefaultValue": False,
            "operations": ["set"],
            "allowedValues": [view.resolution(resolution) for resolution in view.site.resolutions],
        }
    }


def _metadata(field: Field, project: Project, view: View, *, creating: bool, issue_type: IssueType) -> Json:
    required = field.id in {"summary", "project", "issuetype", "reporter"} or (
        field.id == "parent" and issue_type.subtask
    )
    required = required or field.id in project.required
    answer: Json = {
        "required": required,
        "schema": schema(field),
        "name": field.name,
        "key": field.id,
        "operations": _OPERATIONS.get(field.kind, ["set"]),
    }
    if field.id == "comment":
        answer["operations"] = ["add", "edit", "remove"]
    if creating or not view.cloud:
        answer["fieldId"] = field.id
    if creating:
        answer["hasDefaultValue"] = field.id in {"priority", "reporter"} | project.defaults
    allowed = _allowed(field, project, view, issue_type)
    if allowed is not None:
        answer["allowedValues"] = allowed
    if field.kind == "user":
        answer["autoCompleteUrl"] = f"{view.api}/user/assignable/search?project={project.key}&query="
    if field.id == "priority" and creating:
        answer["defaultValue"] = view.priority(view.site.default_priority)
    return answer


def _allowed(field: Field, project: Project, view: View, issue_type: IssueType) -> list[Any] | None:
    if field.kind in {"option", "options"}:
        return [view.option(option) for option in field.options]
    if field.kind == "priority":
        return [view.priority(priority) for priority in view.site.priorities]
    if field.kind == "components":
        return [view.component(component) for component in project.components]
    if field.kind == "project":
        return [view.project(project)]
    if field.kind == "issuetype":
        return [view.issue_type(issue_type)]
    return None
