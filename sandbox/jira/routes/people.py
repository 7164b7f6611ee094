"""Users: found by query on Cloud, by name on Data Center, and only the assignable ones of a project."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sandbox.jira.desk import desk, page, view
from sandbox.jira.refusal import Refused
from sandbox.jira.site import User

routes = Blueprint("people", __name__)


@routes.get("/user")
def one() -> Response:
    name = "accountId" if desk().cloud else "username"
    wanted = request.args.get(name) or ("" if desk().cloud else request.args.get("key", ""))
    found = desk().site.user(**({"account_id": wanted} if desk().cloud else {"user_name": wanted, "key": wanted}))
    if found is None:
        words = "Specified user does not exist or you do not have required permissions"
        raise Refused(404, words if desk().cloud else f"The user named '{wanted}' does not exist")
    return jsonify(view().user(found))


@routes.get("/user/search")
def search() -> Response:
    return _page(_matching())


@routes.get("/user/assignable/search")
def assignable() -> Response:
    """Of one project or one issue; a user who may not work on it is left out without a word."""
    with desk().store.lock:
        if request.args.get("issueKey"):
            project = desk().store.get(request.args["issueKey"]).project
        else:
            found = desk().site.project(request.args.get("project", ""))
            if found is None:
                raise Refused(404, f"No project could be found with key '{request.args.get('project', '')}'.")
            project = found
    wanted = request.args.get("query") or request.args.get("username") or request.args.get("accountId")
    people = _matching() if wanted else [user for user in desk().site.users if user.active]
    return _page([user for user in people if user.user_name not in project.not_assignable])


def _matching() -> list[User]:
    users = [user for user in desk().site.users if user.active]
    if not desk().cloud:
        wanted = request.args.get("username", "").casefold()
        if not wanted:
            raise Refused(400, "The username query parameter was not provided")
        if wanted == ".":
            return users
        return [
            u for u in users if any(x.casefold().startswith(wanted) for x in (u.user_name, u.display_name, u.email))
        ]
    if "accountId" in request.args:
        return [user for user in desk().site.users if user.account_id == request.args["accountId"]]
    if "username" in request.args:
        words = "The query parameter 'username' is not supported in GDPR strict mode."
        raise Refused(400, words)
    if "query" not in request.args:
        raise Refused(400, "The query parameter 'query' must be specified.")
    wanted = request.args["query"].casefold()
    return [user for user in users if _starts(user, wanted)]


def _starts(user: User, wanted: str) -> bool:
    """Cloud matches beginnings of the name's words, and an address; a hidden address matches only as a whole."""
    words = (user.display_name, *user.display_name.split())
    if any(word.casefold().startswith(wanted) for word in words):
        return True
    return user.email == wanted if user.email_hidden else user.email.startswith(wanted)


def _page(users: list[User]) -> Response:
    start, size = page(50, 1000)
    return jsonify([view().user(user) for user in users[start : start + size]])
