"""Cloud's workflows, as an administrator reads them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sandbox.jira.desk import Json, body, desk
from sandbox.jira.refusal import Refused, unknown_payload
from sandbox.jira.site import IssueType, Project, Status, Workflow

routes = Blueprint("workflows", __name__)
_CATEGORIES = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}


@routes.post("/workflows")
def read() -> Response:
    """`{"projectAndIssueTypes": [{"projectId", "issueTypeId"}]}`; statuses have references, not ids, in it."""
    sent = body()
    if set(sent) - {"projectAndIssueTypes", "workflowNames", "workflowIds"}:
        raise unknown_payload()
    if "ADMINISTER" not in desk().site.granted:
        raise Refused(403, "You do not have permission to view these workflows.")
    pairs = [_pair(asked) for asked in sent.get("projectAndIssueTypes") or []]
    if not pairs:
        raise Refused(400, "At least one of workflowNames, workflowIds or projectAndIssueTypes is required.")
    flows = {id(project.workflow): (project, project.workflow) for project, _ in pairs}
    names = dict.fromkeys(name for _, flow in flows.values() for name in flow.statuses)
    return jsonify(
        statuses=[_status(desk().site.status(name)) for name in names],
        workflows=[_workflow(project, flow) for project, flow in flows.values()],
    )


def _pair(asked: Json) -> tuple[Project, IssueType]:
    project = next((item for item in desk().site.projects if item.id == asked.get("projectId")), None)
    kinds = project.issue_types if project else ()
    kind = next((item for item in kinds if item.id == asked.get("issueTypeId")), None)
    if project is None or kind is None:
        raise Refused(400, "The project or issue type does not exist.")
    return project, kind


def _reference(status: Status) -> str:
    return f"00000000-0000-4000-8000-{int(status.id):012d}"


def _status(status: Status) -> Json:
    return {
        "description": "",
        "id": status.id,
        "name": status.name,
        "scope": {"type": "GLOBAL"},
        "statusCategory": _CATEGORIES[status.category.key],
        "statusReference": _reference(status),
    }


def _workflow(project: Project, flow: Workflow) -> Json:
    site = desk().site
    first = {
        "actions": [],
        "description": "",
        "id": "1",
        "links": [],
        "name": "Create",
        "properties": {},
        "toStatusReference": _reference(site.status(flow.initial)),
        "triggers": [],
        "type": "INITIAL",
        "validators": [],
    }
    ways = [
        first
        | {
            "id": way.id,
            "name": way.name,
            "type": "GLOBAL" if set(way.sources) == set(flow.statuses) else "DIRECTED",
            "toStatusReference": _reference(site.status(way.target)),
            "links": []
            if set(way.sources) == set(flow.statuses)
            else [
                {"fromPort": 0, "fromStatusReference": _reference(site.status(name)), "toPort": 1}
                for name in way.sources
            ],
        }
        for way in flow.transitions
    ]
    return {
        "description": "",
        "id": f"b9ff2384-d3b6-4d4e-9509-{int(project.id):012d}",
        "isEditable": True,
        "name": f"{project.name} workflow",
        "scope": {"type": "GLOBAL"},
        "startPointLayout": {"x": -100.0, "y": -153.0},
        "statuses": [
            {
                "deprecated": False,
                "layout": {"x": 114.0, "y": -16.0},
                "properties": {},
                "statusReference": _reference(site.status(name)),
            }
            for name in flow.statuses
        ],
        "transitions": [first, *ways],
        "version": {"id": "f010ac1b-3dd3-43a3-aa66-0ee8a447f76e", "versionNumber": 0},
    }
