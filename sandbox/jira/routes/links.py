"""Remote links, issue links and issue properties: what hangs on an issue beside its fields."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import Json, actor, body, desk, view
from sandbox.jira.issue import ChangeItem, Issue, RemoteLink
from sandbox.jira.linking import link_ends
from sandbox.jira.refusal import Refused, unreadable
from sandbox.jira.remark import read_comment

GLOBAL_ID_LIMIT = 255
PROPERTY_LIMIT = 32_768
routes = Blueprint("links", __name__)


@routes.get("/issue/<key>/remotelink")
def remote_links(key: str) -> Response:
    """All, or with `globalId` the one; that alone is an object and not a list."""
    with desk().store.lock:
        issue = desk().store.get(key)
    global_id = request.args.get("globalId")
    if global_id is not None:
        return jsonify(view().remote_link(issue, _by_global_id(issue, global_id)))
    return jsonify([view().remote_link(issue, each) for each in issue.remote_links])


@routes.get("/issue/<key>/remotelink/<link_id>")
def remote_link(key: str, link_id: str) -> Response:
    with desk().store.lock:
        issue = desk().store.get(key)
    return jsonify(view().remote_link(issue, _by_id(issue, link_id)))


@routes.post("/issue/<key>/remotelink")
def put_remote_link(key: str) -> tuple[Response, int]:
    """Creates, or updates the link with the same globalId: what is left out then becomes null."""
    sent = body()
    with desk().store.lock:
        issue = desk().store.get(key)
        global_id = sent.get("globalId")
        present = next((x for x in issue.remote_links if global_id and x.global_id == global_id), None)
        made = _remote_link(sent, present.id if present else desk().store.serial("remote link"))
        _keep(issue, made)
    status = 201 if present is None and desk().cloud else 200
    return jsonify({"id": made.id, "self": f"{view().api}/issue/{issue.key}/remotelink/{made.id}"}), status


@routes.put("/issue/<key>/remotelink/<link_id>")
def change_remote_link(key: str, link_id: str) -> tuple[str, int]:
    sent = body()
    with desk().store.lock:
        issue = desk().store.get(key)
        _keep(issue, _remote_link(sent, _by_id(issue, link_id).id))
    return "", 204


@routes.delete("/issue/<key>/remotelink")
def delete_by_global_id(key: str) -> tuple[str, int]:
    with desk().store.lock:
        issue = desk().store.get(key)
        if "globalId" not in request.args:
            raise Refused(400, "The globalId is required.")
        _drop(issue, _by_global_id(issue, request.args["globalId"]))
    return "", 204


@routes.delete("/issue/<key>/remotelink/<link_id>")
def delete_by_id(key: str, link_id: str) -> tuple[str, int]:
    with desk().store.lock:
        issue = desk().store.get(key)
        _drop(issue, _by_id(issue, link_id))
    return "", 204


def _remote_link(sent: Json, link_id: int) -> RemoteLink:
    shown = sent.get("object")
    given = shown if isinstance(shown, dict) else {}
    errors = {name: f"'{name}' is required." for name in ("url", "title") if not given.get(name)}
    global_id = sent.get("globalId")
    if global_id is not None and len(str(global_id)) > GLOBAL_ID_LIMIT:
        errors["globalId"] = f"'globalId' must not be longer than {GLOBAL_ID_LIMIT} characters."
    if errors:
        raise Refused(400, errors=errors)
    status = given.get("status") or {}
    return RemoteLink(
        id=link_id,
        global_id=global_id,
        application=sent.get("application") or {},
        relationship=sent.get("relationship"),
        object={
            "url": given["url"],
            "title": given["title"],
            "summary": given.get("summary"),
            "icon": given.get("icon") or {},
            "status": {
                **({"resolved": bool(status["resolved"])} if status.get("resolved") is not None else {}),
                "icon": status.get("icon") or {},
            },
        },
    )


def _keep(issue: Issue, new: RemoteLink) -> None:
    before = next((x for x in issue.remote_links if x.id == new.id), None)
    if before == new:
        return
    kept = tuple(new if x.id == new.id else x for x in issue.remote_links)
    kept = kept if before else (*kept, new)
    item = _item(before, new)
    desk().tracker.touch(actor(), issue, replace(issue, remote_links=kept), item)


def _drop(issue: Issue, old: RemoteLink) -> None:
    kept = tuple(x for x in issue.remote_links if x.id != old.id)
    desk().tracker.touch(actor(), issue, replace(issue, remote_links=kept), _item(old, None))


def _item(before: RemoteLink | None, after: RemoteLink | None) -> ChangeItem:
    """The history names it without a fieldId."""
    ends: list[str | None] = []
    for end in (before, after):
        ends += [None, None] if end is None else [str(end.id), f'This issue links to "{end.object["title"]}"']
    return ChangeItem("RemoteIssueLink", "jira", None, *ends)


def _by_id(issue: Issue, link_id: str) -> RemoteLink:
    for each in issue.remote_links:
        if str(each.id) == link_id:
            return each
    raise Refused(404, f"The remote link with id '{link_id}' does not exist.")


def _by_global_id(issue: Issue, global_id: str) -> RemoteLink:
    for each in issue.remote_links:
        if each.global_id == global_id:
            return each
    raise Refused(404, f"The remote link with global id '{global_id}' does not exist.")


@routes.post("/issueLink")
def link_issues() -> tuple[str, int]:
    sent = body()
    with desk().store.lock:
        tracker = desk().tracker
        link_type, source, destination = link_ends(desk().site, desk().store, sent)
        remark = read_comment(sent["comment"], actor().version) if sent.get("comment") else None
        tracker.link(actor(), link_type, source, destination)
        if remark is not None:
            tracker.comment(actor(), desk().store.by_id(source), *remark)
    return "", 201


@routes.get("/issue/<key>/properties")
def properties(key: str) -> Response:
    with desk().store.lock:
        issue = desk().store.get(key)
    return jsonify(keys=[{"self": f"{view().api}/issue/{issue.id}/properties/{k}", "key": k} for k in issue.properties])


@routes.get("/issue/<key>/properties/<name>")
def read_property(key: str, name: str) -> Response:
    with desk().store.lock:
        issue = desk().store.get(key)
    if name not in issue.properties:
        raise Refused(404, f"The property with key '{name}' does not exist.")
    return jsonify(key=name, value=issue.properties[name])


@routes.put("/issue/<key>/properties/<name>")
def put_property(key: str, name: str) -> tuple[str, int]:
    """Any JSON value; 201 when new. Neither `updated` nor the history tells it."""
    raw = request.get_data(as_text=True)
    try:
        value: Any = json.loads(raw)
    except ValueError as error:
        raise unreadable() from error
    if len(raw) > PROPERTY_LIMIT:
        raise Refused(400, f"The property value is too long: at most {PROPERTY_LIMIT} characters are allowed.")
    with desk().store.lock:
        issue = desk().store.get(key)
        new = name not in issue.properties
        desk().tracker.set_properties(issue, {name: value})
    return "", 201 if new else 200


@routes.delete("/issue/<key>/properties/<name>")
def delete_property(key: str, name: str) -> tuple[str, int]:
    with desk().store.lock:
        issue = desk().store.get(key)
        if name not in issue.properties:
            raise Refused(404, f"The property with key '{name}' does not exist.")
        kept = {k: v for k, v in issue.properties.items() if k != name}
        desk().store.put(replace(issue, properties=kept))
    return "", 204
