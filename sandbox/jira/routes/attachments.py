"""Files on issues: the limits, the upload, and the content, which each flavour gives in its own way.

D (Atlassian's OpenAPI and REST reference): an upload needs `X-Atlassian-Token: no-check` and parts called `file`; 413
what is larger than `uploadLimit`; on Cloud the content is a 303 to an address of another service, or the content itself
with `redirect=false`. I: that service takes the signed address alone, and refuses a request that brings credentials of
Jira too. S (an issue report on Data Center 8.14): content stands at `/secure/attachment/{id}/{name}`, which sends
whoever is not signed in to a login page; some servers do so for a personal access token (`Options.secure_takes_pat`).
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.datastructures import FileStorage

from sandbox.gate import ACCOUNT
from sandbox.jira.desk import Desk, actor, base, desk, user, view
from sandbox.jira.entrance import sign_in
from sandbox.jira.issue import Attachment
from sandbox.jira.refusal import Refused

routes = Blueprint("attachments", __name__)
cloud = Blueprint("attachment_content", __name__)
_LOGIN = b"<!DOCTYPE html><html><head><title>Log in - Jira</title></head><body>Log in to Jira</body></html>"


@routes.get("/attachment/meta")
def meta() -> Response:
    return jsonify(enabled=desk().options.attachments, uploadLimit=desk().options.upload_limit)


@routes.post("/issue/<key>/attachments")
def add(key: str) -> Response:
    """Several files can come in one call, each as a part called `file`."""
    if request.headers.get("X-Atlassian-Token") not in {"no-check", "nocheck"}:
        raise Refused(403, "XSRF check failed")
    if not desk().options.attachments:
        raise Refused(404, "Attachments are disabled.")
    files = request.files.getlist("file")
    if not files:
        raise Refused(400, "No files were sent in parts called 'file'.")
    with desk().store.lock:
        issue = desk().store.get(key)
        if not desk().site.may(user(), "CREATE_ATTACHMENTS", issue.project):
            raise Refused(403, "You do not have permission to create attachments for this issue.")
        for file, content in [(file, _taken(file)) for file in files]:
            kind = file.mimetype or "application/octet-stream"
            issue = desk().tracker.attach(actor(), issue, file.filename or "", kind, content)
    return jsonify([view().attachment(item) for item in issue.attachments[-len(files) :]])


def _taken(file: FileStorage) -> bytes:
    content: bytes = file.read()
    limit = desk().options.upload_limit
    if len(content) > limit:
        raise Refused(413, f"The file {file.filename} exceeds its maximum permitted size of {limit} bytes.")
    return content


@routes.get("/attachment/<number>")
def about(number: str) -> Response:
    return jsonify(view().attachment(_found(desk(), number)))


@cloud.get("/attachment/content/<number>")
def content(number: str) -> Response:
    found = _found(desk(), number)
    if request.args.get("redirect", "true") == "false" and not desk().options.redirects_always:
        return Response(found.content, content_type=found.mime_type)
    answer = redirect(f"{base()}/media/file/{number}/binary?token={_token(number)}", 303)
    return Response("", answer.status, headers={"Location": answer.headers["Location"]})


def outside(served: Desk) -> Blueprint:
    """What stands beside REST: Cloud's service for content, Data Center's own pages of files."""
    pages = Blueprint("attachment_pages", __name__)

    @pages.get("/media/file/<number>/binary")
    def media(number: str) -> Response:
        if request.headers.get("Authorization"):
            return Response("Only one auth mechanism allowed", 400, content_type="text/plain")
        if request.args.get("token") != _token(number):
            return Response("", 403)
        found = _found(served, number)
        return Response(found.content, content_type=found.mime_type)

    @pages.get("/secure/attachment/<number>/<name>")
    def secure(number: str, name: str) -> Response:
        header = request.headers.get("Authorization", "")
        who = sign_in(header, served.site, cloud=served.cloud)
        if who is None or (header.lower().startswith("bearer") and not served.options.secure_takes_pat):
            target = f"/login.jsp?permissionViolation=true&os_destination={quote(request.path)}"
            return Response("", 302, headers={"Location": target})
        request.environ[ACCOUNT] = who.user_name
        found = _found(served, number)
        return Response(found.content, content_type=found.mime_type) if found.name == name else Response("", 404)

    @pages.get("/login.jsp")
    def login() -> Response:
        return Response(_LOGIN, content_type="text/html;charset=UTF-8")

    return pages


def _found(served: Desk, number: str) -> Attachment:
    with served.store.lock:
        found = next((item for issue in served.store.all() for item in issue.attachments if item.id == number), None)
    if found is None or not served.options.attachments:
        raise Refused(404, f"The attachment with id '{number}' does not exist")
    return found


def _token(number: str) -> str:
    return hashlib.sha256(f"media {number}".encode()).hexdigest()[:32]
