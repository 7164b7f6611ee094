"""Searches: Cloud's bounded /search/jql and its dead /search, and Data Center's /search."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import Json, body, desk, user, view
from sandbox.jira.issue import Issue
from sandbox.jira.jql.match import Asker, sorted_by, test_of
from sandbox.jira.jql.syntax import BadQuery, parse
from sandbox.jira.refusal import Refused, unknown_payload
from sandbox.jira.view import selection

RECONCILE_LIMIT = 50
_PAGE_LIMIT = 100
_IDS_PAGE_LIMIT = 5000
_REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
_JQL_MEMBERS = {
    "jql",
    "nextPageToken",
    "maxResults",
    "fields",
    "expand",
    "properties",
    "fieldsByKeys",
    "reconcileIssues",
    "failFast",
}
_OLD_MEMBERS = {"jql", "startAt", "maxResults", "fields", "expand", "validateQuery"}

cloud = Blueprint("search_cloud", __name__)
datacenter = Blueprint("search_datacenter", __name__)


@cloud.route("/search", methods=["GET", "POST"])
def removed() -> Response:
    raise Refused(410, _REMOVED)


@cloud.route("/search/jql", methods=["GET", "POST"])
def by_jql() -> Response:
    """Matches and shows the lagging index, except for the issues to reconcile.

    A token holds the place by what the last issue of its page was sorted by, not by its count (S: tokens that people
    decoded): what is deleted before it moves nothing.
    """
    asked = _asked(_JQL_MEMBERS, ("fields", "reconcileIssues", "properties"))
    reconciled = _reconciled(asked.get("reconcileIssues") or [])
    names = [str(name) for name in asked.get("fields") or []]
    only_ids = {part for name in names for part in name.split(",")} <= {"id", "key", ""}
    size = _number(asked.get("maxResults") or 50, "maxResults")
    size = max(1, min(size, _IDS_PAGE_LIMIT if only_ids else _PAGE_LIMIT))
    with desk().store.lock:
        after = _bookmarked(asked.get("nextPageToken"))
        found = _found(str(asked.get("jql") or ""), reconciled, bounded=True, after=after)
        shown = [_shown(issue, names) for issue in found[:size]]
        last = size >= len(found)
        answer: Json = {"issues": shown, "isLast": last}
        if not last:
            token = desk().store.bookmark(found[size - 1])
            answer["nextPageToken"] = base64.urlsafe_b64encode(token.encode()).decode()
    return jsonify(answer)


@cloud.post("/search/approximate-count")
def count() -> Response:
    with desk().store.lock:
        return jsonify(count=len(_found(str(body().get("jql") or ""), set(), bounded=True)))


@datacenter.route("/search", methods=["GET", "POST"])
def by_offset() -> Response:
    """An empty query finds everything here; pages by startAt, with a total."""
    asked = _asked(_OLD_MEMBERS, ("fields",))
    start = max(0, _number(asked.get("startAt") or 0, "startAt"))
    size = _number(asked["maxResults"] if asked.get("maxResults") is not None else 50, "maxResults")
    size = max(0, min(size, 1000))
    wanted = selection([str(name) for name in asked.get("fields") or []], "*navigable")
    with desk().store.lock:
        found = _found(str(asked.get("jql") or ""), set(), bounded=False)
        issues = [view().issue(issue, wanted) for issue in found[start : start + size]]
    return jsonify(expand="names,schema", startAt=start, maxResults=size, total=len(found), issues=issues)


def _asked(members: set[str], lists: tuple[str, ...]) -> Json:
    if request.method == "GET":
        asked: Json = {name: request.args[name] for name in request.args}
        for name in lists:
            values = [part for value in request.args.getlist(name) for part in value.split(",")]
            asked[name] = [value for value in values if value]
        return asked
    asked = body()
    if set(asked) - members:
        raise unknown_payload()
    return asked


def _reconciled(raw: Any) -> set[int]:
    if not isinstance(raw, list) or len(raw) > RECONCILE_LIMIT:
        raise Refused(400, f"reconcileIssues takes at most {RECONCILE_LIMIT} issue ids.")
    return {_number(value, "reconcileIssues") for value in raw}


def _number(raw: Any, name: str) -> int:
    try:
        return int(raw)
    except (TypeError, ValueError) as error:
        raise Refused(400, f"The value '{raw}' is not a number, which '{name}' needs.") from error


def _bookmarked(token: Any) -> Issue | None:
    if not token:
        return None
    try:
        found = desk().store.shown(base64.urlsafe_b64decode(str(token)).decode())
    except (ValueError, binascii.Error):
        found = None
    if found is None:
        raise Refused(400, "The provided next page token is invalid or expired.")
    return found


def _found(jql: str, reconciled: set[int], *, bounded: bool, after: Issue | None = None) -> list[Issue]:
    running = desk()
    seen = running.store.index.catch_up()
    if reconciled:
        seen = {number: issue for number, issue in seen.items() if number not in reconciled}
        fresh = {number: running.store.find(str(number)) for number in reconciled}
        seen |= {number: issue for number, issue in fresh.items() if issue is not None}
    asker = Asker(running.site, running.store, running.controls.clock.now(), user())
    try:
        query = parse(jql)
        test: Callable[[Issue], bool] = (lambda _: True) if query.where is None else test_of(query.where, asker)
        matching = [issue for issue in seen.values() if test(issue)]
        found = sorted_by([*matching, after] if after is not None else matching, query, running.site)
    except BadQuery as bad:
        raise Refused(400, str(bad)) from bad
    if query.where is None and bounded:
        raise Refused(400, _UNBOUNDED)
    if after is None:
        return found
    place = next(number for number, issue in enumerate(found) if issue is after)
    return [issue for issue in found[place + 1 :] if issue.id != after.id]


def _shown(issue: Issue, names: list[str]) -> Json:
    """Only the id unless fields were asked for."""
    asked = {part.strip() for name in names for part in name.split(",")} - {""}
    if asked <= {"id"}:
        return {"id": str(issue.id)}
    answer = view().issue(issue, selection(names, "id"))
    if asked <= {"id", "key"}:
        del answer["fields"]
    return answer
