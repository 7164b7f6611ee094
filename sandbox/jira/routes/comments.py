"""/issue/{key}/comment: public unless the property sd.public.comment says internal."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import Json, actor, body, desk, page, user, view
from sandbox.jira.issue import Comment, Issue
from sandbox.jira.refusal import Refused
from sandbox.jira.remark import read_comment

routes = Blueprint("comments", __name__)


@routes.get("/issue/<key>/comment")
def listed(key: str) -> Response:
    start, size = page(5000, 5000)
    with desk().store.lock:
        issue = desk().store.get(key)
    comments = issue.comments[::-1] if request.args.get("orderBy", "").startswith("-") else issue.comments
    shown = [_shown(issue, comment) for comment in comments[start : start + size]]
    return jsonify(startAt=start, maxResults=size, total=len(comments), comments=shown)


@routes.get("/issue/<key>/comment/<comment_id>")
def one(key: str, comment_id: str) -> Response:
    with desk().store.lock:
        issue = desk().store.get(key)
    return jsonify(_shown(issue, _find(issue, comment_id)))


@routes.post("/issue/<key>/comment")
def add(key: str) -> tuple[Response, int]:
    sent = body()
    with desk().store.lock:
        issue = desk().store.get(key)
        if not desk().site.may(user(), "ADD_COMMENTS", issue.project):
            raise Refused(400, errors={"comment": "You do not have the permission to comment on this issue."})
        text, properties = read_comment(sent, actor().version)
        issue = desk().tracker.comment(actor(), issue, text, properties)
    return jsonify(_shown(issue, issue.comments[-1], properties=True)), 201


@routes.put("/issue/<key>/comment/<comment_id>")
def edit(key: str, comment_id: str) -> Response:
    """The properties that are not sent stay as they were."""
    sent = body()
    with desk().store.lock:
        issue = desk().store.get(key)
        comment = _find(issue, comment_id)
        text, properties = read_comment(sent, actor().version)
        comment = desk().tracker.edit_comment(
            actor(), issue, replace(comment, body=text, properties={**comment.properties, **properties})
        )
    return jsonify(_shown(issue, comment, properties=True))


def _find(issue: Issue, comment_id: str) -> Comment:
    for comment in issue.comments:
        if comment.id == comment_id:
            return comment
    raise Refused(404, f"Can not find a comment for the id: {comment_id}.")


def _shown(issue: Issue, comment: Comment, *, properties: bool = False) -> Json:
    return view().comment(issue, comment, properties=properties or "properties" in request.args.get("expand", ""))
