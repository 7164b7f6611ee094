"""/issue/{key}/attachments and /attachment/content/{id}: files on issues; an upload needs a header of its own."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import actor, desk, view
from sandbox.jira.refusal import Refused

routes = Blueprint("attachments", __name__)


@routes.post("/issue/<key>/attachments")
def add(key: str) -> Response:
    """Several files can come in one call, each as a part called `file`."""
    if request.headers.get("X-Atlassian-Token") not in {"no-check", "nocheck"}:
        raise Refused(403, "XSRF check failed")
    files = request.files.getlist("file")
    if not files:
        raise Refused(400, "No files were sent in parts called 'file'.")
    with desk().store.lock:
        issue = desk().store.get(key)
        for file in files:
            issue = desk().tracker.attach(
                actor(), issue, file.filename or "", file.mimetype or "application/octet-stream", file.read()
            )
    return jsonify([view().attachment(item) for item in issue.attachments[-len(files) :]])


@routes.get("/attachment/content/<number>")
def content(number: str) -> Response:
    with desk().store.lock:
        found = next((item for issue in desk().store.all() for item in issue.attachments if item.id == number), None)
    if found is None:
        raise Refused(404, f"The attachment with id '{number}' does not exist")
    return Response(found.content, content_type=found.mime_type)
