"""What an administrator configured, read: server, fields, projects, screens, statuses, priorities, link types."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import Json, base, desk, page, user, view
from sandbox.jira.moment import written
from sandbox.jira.refusal import Refused
from sandbox.jira.screens import create_fields, edit_fields, schema
from sandbox.jira.site import Project

routes = Blueprint("metadata", __name__)
_CLOUD_VERSION = (1001, 0, 0)
_SERVER_VERSION = (9, 12, 4)
_META_LIMIT = 200
_GRANTED = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "ADD_COMMENTS",
    "LINK_ISSUES",
    "ASSIGN_ISSUES",
    "ASSIGNABLE_USER",
    "SCHEDULE_ISSUES",
    "MODIFY_REPORTER",
    "DELETE_ISSUES",
    "CREATE_ATTACHMENTS",
)
_DENIED = ("ADMINISTER", "ADMINISTER_PROJECTS", "SYSTEM_ADMIN")


@routes.get("/serverInfo")
def server_info() -> Response:
    """The one resource that needs no credentials."""
    numbers = _CLOUD_VERSION if desk().cloud else _SERVER_VERSION
    answer: Json = {
        "baseUrl": base(),
        "version": "1001.0.0-SNAPSHOT" if desk().cloud else ".".join(map(str, numbers)),
        "versionNumbers": list(numbers),
        "deploymentType": "Cloud" if desk().cloud else "Server",
        "buildNumber": 100285 if desk().cloud else 9120004,
        "buildDate": "2026-01-15T00:00:00.000+0000",
        "serverTime": written(desk().controls.clock.now()),
        "scmInfo": "sandbox",
        "serverTitle": "Jira",
    }
    return jsonify(answer | ({"serverTimeZone": "Etc/UTC"} if desk().cloud else {}))


@routes.get("/mypermissions")
def my_permissions() -> Response:
    """Cloud answers only for the permissions that were asked for by name."""
    asked = [name for part in request.args.getlist("permissions") for name in part.split(",") if name]
    if desk().cloud and not asked:
        raise Refused(400, "The 'permissions' query parameter is required.")
    unknown = [name for name in asked if name not in _GRANTED + _DENIED]
    if unknown:
        raise Refused(400, f"Unrecognized permission: {unknown[0]}")
    project = _scope()
    permissions = {
        name: {
            "id": str(10 + number),
            "key": name,
            "name": name.replace("_", " ").capitalize(),
            "type": "GLOBAL" if name in {"ADMINISTER", "SYSTEM_ADMIN"} else "PROJECT",
            "description": "",
            "havePermission": _held(name, project),
        }
        for number, name in enumerate(_GRANTED + _DENIED)
        if not asked or name in asked
    }
    return jsonify(permissions=permissions)


def _scope() -> Project | None:
    wanted = request.args.get("projectKey") or request.args.get("projectId")
    return _project(wanted) if wanted else None


def _held(name: str, project: Project | None) -> bool:
    if name in desk().site.granted:
        return True
    return name in _GRANTED and (project is None or desk().site.may(user(), name, project))


@routes.get("/field")
def fields() -> Response:
    return jsonify(
        [
            {
                "id": field.id,
                "key": field.id,
                "name": field.name,
                "custom": bool(field.custom),
                "orderable": field.settable,
                "navigable": True,
                "searchable": True,
                "clauseNames": [f"cf[{field.number}]", field.name] if field.custom else [field.id],
                "schema": schema(field),
            }
            for field in desk().site.fields
        ]
    )


@routes.get("/project")
def projects() -> Response:
    return jsonify([view().project(project) for project in desk().site.projects])


@routes.get("/project/search")
def project_search() -> Response:
    start, size = page(50, 1000)
    found = desk().site.projects
    values = [view().project(project) for project in found[start : start + size]]
    return jsonify(startAt=start, maxResults=size, total=len(found), isLast=start + size >= len(found), values=values)


@routes.get("/project/<key>")
def project(key: str) -> Response:
    found = _project(key)
    whole: Json = view().project(found) | {
        "description": "",
        "lead": view().user(desk().site.integration),
        "components": [view().component(component) for component in found.components],
        "issueTypes": [view().issue_type(issue_type) for issue_type in found.issue_types],
        "versions": [],
        "assigneeType": "UNASSIGNED",
        "roles": {},
    }
    return jsonify(whole)


@routes.get("/project/<key>/components")
def components(key: str) -> Response:
    found = _project(key)
    return jsonify([_component(found, component.id) for component in found.components])


@routes.get("/component/<component_id>")
def component(component_id: str) -> Response:
    for found in desk().site.projects:
        if found.component(component_id) is not None and component_id.isdigit():
            return jsonify(_component(found, component_id))
    raise Refused(404, f"The component with id {component_id} does not exist.")


@routes.post("/component")
def create_component() -> Response:
    raise Refused(403, "You cannot create components in this project.")


def _component(found: Project, component_id: str) -> Json:
    part = found.component(component_id)
    if part is None:
        raise Refused(404, f"The component with id {component_id} does not exist.")
    return view().component(part) | {
        "assigneeType": "PROJECT_DEFAULT",
        "isAssigneeTypeValid": True,
        "project": found.key,
        "projectId": int(found.id),
    }


@routes.get("/project/<key>/statuses")
def project_statuses(key: str) -> Response:
    found = _project(key)
    statuses = [view().status(desk().site.status(name)) for name in found.workflow.statuses]
    return jsonify(
        [
            {
                "self": f"{view().api}/issuetype/{issue_type.id}",
                "id": issue_type.id,
                "name": issue_type.name,
                "subtask": issue_type.subtask,
                "statuses": statuses,
            }
            for issue_type in found.issue_types
        ]
    )


@routes.get("/priority")
def priorities() -> Response:
    return jsonify([view().priority(priority) for priority in desk().site.priorities])


@routes.get("/resolution")
def resolutions() -> Response:
    return jsonify([view().resolution(resolution) for resolution in desk().site.resolutions])


@routes.get("/status")
def statuses() -> Response:
    return jsonify([view().status(status) for status in desk().site.statuses])


@routes.get("/issuetype")
def issue_types() -> Response:
    return jsonify([view().issue_type(issue_type) for issue_type in desk().site.issue_types()])


@routes.get("/issueLinkType")
def link_types() -> Response:
    return jsonify(issueLinkTypes=[view().link_type(link_type) for link_type in desk().site.link_types])


@routes.get("/issue/createmeta/<key>/issuetypes")
def create_types(key: str) -> Response:
    start, size = page(50, _META_LIMIT)
    found = _project(key)
    rows = [view().issue_type(issue_type) for issue_type in found.issue_types]
    return _meta_page("issueTypes", rows, start, size)


@routes.get("/issue/createmeta/<key>/issuetypes/<type_id>")
def create_screen(key: str, type_id: str) -> Response:
    start, size = page(50, _META_LIMIT)
    found = _project(key)
    issue_type = next((kind for kind in found.issue_types if kind.id == type_id), None)
    if issue_type is None or not desk().site.may(user(), "CREATE_ISSUES", found):
        raise Refused(404, "Issue type not found or you do not have permission to see it.")
    return _meta_page("fields", create_fields(found, issue_type, view()), start, size)


def _meta_page(cloud_name: str, rows: list[Json], start: int, size: int) -> Response:
    """Cloud names the list after what it holds, Data Center says `values` and `isLast`."""
    answer: dict[str, Any] = {"maxResults": size, "startAt": start, "total": len(rows)}
    shown = rows[start : start + size]
    if desk().cloud:
        return jsonify(answer | {cloud_name: shown})
    return jsonify(answer | {"values": shown, "isLast": start + size >= len(rows)})


@routes.get("/issue/<key>/editmeta")
def edit_screen(key: str) -> Response:
    with desk().store.lock:
        issue = desk().store.get(key)
    barred = not desk().site.may(user(), "EDIT_ISSUES", issue.project)
    return jsonify(fields={} if barred else edit_fields(issue.project, issue.type, view()))


@routes.get("/myself")
def myself() -> Response:
    return jsonify(view().user(user()))


def _project(key: str) -> Project:
    found = desk().site.project(key)
    if found is None:
        raise Refused(404, f"No project could be found with key '{key}'.")
    return found
