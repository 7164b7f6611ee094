"""/issue: create, read, edit, delete, transitions, and their bulk forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import Json, actor, body, desk, user, view
from sandbox.jira.refusal import Refused, unknown_payload
from sandbox.jira.screens import transition_fields
from sandbox.jira.tracker import ways
from sandbox.jira.view import selection

BULK_LIMIT = 50
FETCH_LIMIT = 100
routes = Blueprint("issues", __name__)
_MEMBERS = {"fields", "update", "properties", "historyMetadata", "transition", "expand"}


@routes.post("/issue")
def create() -> tuple[Response, int]:
    sent = body()
    with desk().store.lock:
        return jsonify(_create(sent)), 201


@routes.post("/issue/bulk")
def create_many() -> tuple[Response, int]:
    """201 when at least one was created; each failure names its element."""
    updates = body().get("issueUpdates")
    if not isinstance(updates, list) or not updates:
        raise Refused(400, "No issue data was provided.")
    if len(updates) > BULK_LIMIT:
        raise Refused(
            400, f"The number of issues to create must not exceed {BULK_LIMIT}, and {len(updates)} were sent."
        )
    issues: list[Json] = []
    errors: list[Json] = []
    with desk().store.lock:
        for number, sent in enumerate(updates):
            try:
                issues.append(_create(sent))
            except Refused as refused:
                errors.append({"status": refused.status, "elementErrors": refused.body, "failedElementNumber": number})
    return jsonify(issues=issues, errors=errors), 201 if issues else 400


def _create(sent: Any) -> Json:
    if not isinstance(sent, dict) or not isinstance(sent.get("fields"), dict):
        raise Refused(400, "Can not instantiate value of type [simple type, class IssueUpdateBean]")
    unknown = set(sent) - _MEMBERS
    if unknown:
        raise Refused(400, f'Unrecognized field "{min(unknown)}"', bare=True)
    fields = dict(sent["fields"])
    for name, operations in _parts(sent)[1].items():
        if len(operations) == 1 and isinstance(operations[0], dict) and set(operations[0]) == {"set"}:
            fields[name] = operations[0]["set"]
    issue = desk().tracker.create(actor(), fields, _properties(sent))
    return {"id": str(issue.id), "key": issue.key, "self": f"{view().api}/issue/{issue.id}"}


def _parts(sent: Json) -> tuple[Json, Json]:
    """`fields` and `update` of a body; raises Refused where they have not the shape of such."""
    fields, update = sent.get("fields") or {}, sent.get("update") or {}
    if not isinstance(fields, dict) or not isinstance(update, dict):
        raise Refused(400, "Can not deserialize the request: 'fields' and 'update' are objects.", bare=True)
    if not all(isinstance(operations, list) for operations in update.values()):
        raise Refused(400, "Can not deserialize the request: each member of 'update' is an array.", bare=True)
    return fields, update


def _properties(sent: Json) -> Json:
    return {str(entry["key"]): entry.get("value") for entry in sent.get("properties") or []}


@routes.get("/issue/<key>")
def read(key: str) -> Response:
    with desk().store.lock:
        return jsonify(_read(key, selection(request.args.getlist("fields"), "*all")))


def _read(key: str, wanted: Any) -> Json:
    issue = desk().store.get(key)
    answer = view().issue(issue, wanted)
    asked = ",".join(request.args.getlist("properties")).split(",")
    if asked != [""]:
        answer["properties"] = {k: v for k, v in issue.properties.items() if k in asked or "*all" in asked}
    if "changelog" in request.args.get("expand", ""):
        histories = view().changelog(issue)[::-1]
        answer["changelog"] = {
            "startAt": 0,
            "maxResults": len(histories),
            "total": len(histories),
            "histories": histories,
        }
    return answer


@routes.put("/issue/<key>")
def edit(key: str) -> Response | tuple[str, int]:
    sent = body()
    running = desk()
    if request.args.get("notifyUsers") == "false":
        words = "To discard the user notification either admin or project admin permissions are required."
        raise Refused(403, words)
    if not any(sent.get(part) for part in ("fields", "update", "properties")):
        raise Refused(400, "one of 'fields' or 'update' required")
    fields, update = _parts(sent)
    with running.store.lock:
        issue = running.tracker.edit(actor(), running.store.get(key), fields, update)
        if sent.get("properties"):
            running.tracker.set_properties(issue, _properties(sent))
        if running.cloud and request.args.get("returnIssue") == "true":
            return jsonify(_read(key, selection(request.args.getlist("fields"), "*all")))
    return "", 204


@routes.delete("/issue/<key>")
def delete(key: str) -> tuple[str, int]:
    running = desk()
    with running.store.lock:
        issue = running.store.get(key)
        if running.store.subtasks(issue) and request.args.get("deleteSubtasks") != "true":
            words = (
                f"The issue '{issue.key}' has subtasks.  You must specify the 'deleteSubtasks' parameter "
                "to delete this issue and all its subtasks."
            )
            raise Refused(400, words)
        running.tracker.delete(actor(), issue)
    return "", 204


@routes.get("/issue/<key>/transitions")
def transitions(key: str) -> Response:
    running = desk()
    with running.store.lock:
        issue = running.store.get(key)
    wanted = request.args.get("transitionId")
    with_fields = "transitions.fields" in request.args.get("expand", "")
    listed = []
    barred = not running.site.may(user(), "TRANSITION_ISSUES", issue.project)
    for way in () if barred else ways(issue):
        if wanted not in (None, way.id):
            continue
        entry: Json = {"id": way.id, "name": way.name, "to": view().status(running.site.status(way.target))}
        if running.cloud:
            entry |= {
                "hasScreen": way.resolution == "required" or bool(way.asks),
                "isGlobal": False,
                "isInitial": False,
                "isAvailable": True,
                "isConditional": False,
                "isLooped": False,
            }
        if with_fields:
            entry["fields"] = transition_fields(way, issue, view())
        listed.append(entry)
    return jsonify(expand="transitions", transitions=listed)


@routes.post("/issue/<key>/transitions")
def transition(key: str) -> tuple[str, int]:
    sent = body()
    running = desk()
    wanted = sent.get("transition")
    transition_id = str(wanted.get("id", "")) if isinstance(wanted, dict) else ""
    with running.store.lock:
        issue = running.store.get(key)
        if not transition_id:
            raise Refused(400, "Missing 'transition' identifier")
        fields, update = _parts(sent)
        running.tracker.transition(actor(), issue, transition_id, fields, update)
    return "", 204


def fetch_many() -> Response | tuple[Response, int]:
    """Cloud only: direct reads of up to 100 issues, in id order, the unseen ones told apart."""
    sent = body()
    if set(sent) - {"issueIdsOrKeys", "fields", "expand", "fieldsByKeys", "properties"}:
        raise unknown_payload()
    keys = sent.get("issueIdsOrKeys") or []
    if not keys or len(keys) > FETCH_LIMIT:
        raise Refused(400, f"issueIdsOrKeys must hold between 1 and {FETCH_LIMIT} ids or keys.")
    wanted = selection(sent.get("fields") or [], "*navigable")
    running = desk()
    with running.store.lock:
        found = {issue.id: issue for key in keys if (issue := running.store.find(str(key))) is not None}
        issues = [view().issue(found[number], wanted) for number in sorted(found)]
        missing = [str(key) for key in keys if running.store.find(str(key)) is None]
    errors = [
        {"id": key, "errorMessage": "Issue does not exist or you do not have permission to see it."} for key in missing
    ]
    return jsonify(issues=issues, issueErrors=errors)
