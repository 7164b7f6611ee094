"""Puts a simulated Jira together as a Flask application."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from sandbox import control, order
from sandbox.gate import ACCOUNT, Answers, Gate
from sandbox.jira import admin, filling, pages
from sandbox.jira.desk import EXTENSION, Desk, base, open_desk
from sandbox.jira.entrance import denied, sign_in
from sandbox.jira.event import Actor
from sandbox.jira.limits import Limits, bucket_headers
from sandbox.jira.options import Options
from sandbox.jira.refusal import UNSEEN, Refused
from sandbox.jira.routes import attachments, comments, issues, links, metadata, people, search, workflows
from sandbox.jira.seed import PLAIN, SITE
from sandbox.jira.state import state
from sandbox.jira.values import Invalid

_API = re.compile(r"/rest/api/(2|3|latest)(?:/issue/(?!bulk|createmeta)([^/]+))?")
_UNSUPPORTED_MEDIA = 415


class _Unsorted(DefaultJSONProvider):
    """Members in the order in which Jira gives them."""

    sort_keys = False


def create(options: Options | None = None) -> Flask:
    """A seeded Jira: REST under /rest/api/2 (and 3 on Cloud), /_sandbox to steer it, / and /browse/KEY for people."""
    desk = open_desk(options or Options())
    app = Flask("sandbox.jira", static_folder=None)
    app.extensions[EXTENSION] = desk
    app.json = _Unsorted(app)
    limits = Limits(cloud=desk.cloud)

    def reset() -> None:
        with desk.store.lock:
            desk.store.reset()
            desk.reconfigure(PLAIN if desk.options.plain else SITE)
        limits.reset()

    _add_rest(app, desk)
    _add_steering(app, desk, reset)
    app.register_blueprint(pages.blueprint(desk))
    app.register_blueprint(attachments.outside(desk))
    _check_each_call(app, desk, limits)
    _word_errors(app, desk)
    # Flask documents this assignment as the way to put middleware before an application.
    app.wsgi_app = Gate(app.wsgi_app, desk.controls, _answers(desk), _is_counted)  # type: ignore[method-assign]
    return app


def _is_remote(path: str) -> bool:
    return path.startswith("/rest/")


def _is_counted(path: str) -> bool:
    return _is_remote(path) or path.startswith(("/media/", "/secure/"))


def _add_rest(app: Flask, desk: Desk) -> None:
    searches = search.cloud if desk.cloud else search.datacenter
    parts = (issues.routes, comments.routes, attachments.routes, links.routes, metadata.routes, people.routes, searches)
    versions = '"2", "3", "latest"' if desk.cloud else '"2", "latest"'
    prefix = f"/rest/api/<any({versions}):version>"
    for part in (*parts, workflows.routes, attachments.cloud) if desk.cloud else parts:
        app.register_blueprint(part, url_prefix=prefix)
    if desk.cloud:
        app.add_url_rule(f"{prefix}/issue/bulkfetch", "bulkfetch", issues.fetch_many, methods=["POST"])

    @app.url_value_preprocessor
    def forget_version(endpoint: str | None, values: dict[str, Any] | None) -> None:
        """What differs by version is asked of `g.version`."""
        del endpoint
        (values or {}).pop("version", None)

    @app.get("/rest/applinks/<path:rest>")
    def application_links(rest: str) -> Response | tuple[Response, int]:
        """Listing these takes an administrator on Cloud."""
        del rest
        if desk.cloud:
            return jsonify(message="Forbidden", **{"status-code": 403}), 403
        return jsonify(list=[])


def _add_steering(app: Flask, desk: Desk, reset: Any) -> None:
    steering = control.blueprint(desk.controls, lambda: state(desk, base()), reset)

    @steering.post("/clone")
    def clone() -> tuple[Response, int]:
        """`{"key": ..., "user": user_name or absent}`: the "Clone" button of the issue's page."""
        wish = request.get_json(force=True)
        user = desk.site.user(user_name=str(wish.get("user", "dana.desk")))
        if user is None:
            return jsonify(error=f"no user {wish.get('user')!r}; name one by user_name"), 404
        with desk.store.lock:
            origin = desk.store.find(str(wish.get("key", "")))
            if origin is None:
                return jsonify(error=f"no issue {wish.get('key')!r}"), 404
            issue = desk.tracker.clone(Actor(user, "2"), origin)
        return jsonify(id=str(issue.id), key=issue.key), 201

    @steering.post("/admin")
    def administer() -> Response:
        """`{"orders": [{"do": ..., ...}]}`: what an administrator changes (`sandbox.jira.admin`), all or nothing."""
        wish = order.known("the body", request.get_json(force=True), ("orders",))
        with desk.store.lock:
            desk.reconfigure(admin.changed(desk.site, order.rows("orders", wish.get("orders"))))
        return jsonify(done=True)

    @steering.post("/archive")
    def archive() -> Response:
        """`{"keys": [ids or keys]}`: an administrator archives issues."""
        wish = order.known("the body", request.get_json(force=True), ("keys",))
        with desk.store.lock:
            for key in wish.get("keys") or []:
                desk.tracker.archive(desk.store.get(str(key)))
        return jsonify(done=True)

    @steering.post("/fill")
    def import_many() -> tuple[Response, int]:
        """`{"count", "fields", ...}`: many issues at once, without webhooks (`sandbox.jira.filling`)."""
        wish = order.read(filling.Fill, "the body", request.get_json(force=True))
        with desk.store.lock:
            return jsonify(ids=filling.fill(desk, wish)), 201

    app.register_blueprint(steering)


def _check_each_call(app: Flask, desk: Desk, limits: Limits) -> None:
    @app.before_request
    def enter() -> Response | None:
        if not _is_remote(request.path):
            return None
        match = _API.match(request.path)
        g.version = "3" if match and match[1] == "3" else "2"
        issue = (match[2] or "") if match else ""
        refusal = _admit_user(desk, issue)
        if refusal is not None:
            return refusal
        uploaded = request.path.endswith("/attachments") and request.mimetype == "multipart/form-data"
        if request.method in {"POST", "PUT"} and request.content_length and not request.is_json and not uploaded:
            return Response("", _UNSUPPORTED_MEDIA)
        if desk.options.rate_limits:
            verdict = limits.admit(request.method, request.path, issue)
            g.limit_headers = verdict.headers
            if not verdict.passes:
                return Response(_answers(desk).rate_limited, 429, content_type="application/json;charset=UTF-8")
        return None

    @app.after_request
    def tell(answer: Response) -> Response:
        for name, value in getattr(g, "limit_headers", {}).items():
            answer.headers[name] = value
        if getattr(g, "user", None) is not None:
            answer.headers["X-AACCOUNTID" if desk.cloud else "X-AUSERNAME"] = (
                g.user.account_id if desk.cloud else g.user.user_name
            )
        return answer


def _admit_user(desk: Desk, issue: str) -> Response | None:
    """Who asks, kept for this request; or the answer to one who may not. The anonymous see serverInfo only."""
    header = request.headers.get("Authorization", "")
    g.user = sign_in(header, desk.site, cloud=desk.cloud)
    if g.user is not None:
        request.environ[ACCOUNT] = g.user.user_name
        return None
    if not header and request.path.endswith("/serverInfo"):
        return None
    if not header and issue and desk.cloud:
        return _error(Refused(404, UNSEEN))
    return denied(cloud=desk.cloud, tried=bool(header), base=base())


def _word_errors(app: Flask, desk: Desk) -> None:
    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _error(error)

    @app.errorhandler(Invalid)
    def invalid(error: Invalid) -> Response:
        return _error(Refused(400, errors={error.field or "comment": str(error)}))

    @app.errorhandler(HTTPException)
    def strange(error: HTTPException) -> Response | HTTPException:
        if not _is_remote(request.path) or not isinstance(error, NotFound | MethodNotAllowed):
            return error
        if isinstance(error, MethodNotAllowed):
            return Response("", 405, headers=error.get_headers(request.environ) if desk.cloud else None)
        if desk.cloud:
            problem = {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": f"No endpoint {request.method} {request.path}.",
                "instance": request.path,
            }
            return Response(json.dumps(problem), 404, content_type="application/problem+json")
        text = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><status><status-code>404</status-code>'
            f"<message>null for uri: {request.base_url}</message></status>"
        )
        return Response(text, 404, content_type="application/xml;charset=UTF-8")


def _error(error: Refused) -> Response:
    return Response(json.dumps(error.body), error.status, content_type="application/json;charset=UTF-8")


def _answers(desk: Desk) -> Answers:
    """How failures on demand are worded."""

    def partial(body: bytes) -> bytes:
        answer = json.loads(body) if body else {}
        if isinstance(answer, dict):
            answer["errorMessages"] = ["A part of this answer could not be computed."]
        return json.dumps(answer).encode()

    words = (
        {"errorMessages": ["Rate limit exceeded."], "errors": {}} if desk.cloud else {"message": "Rate limit exceeded."}
    )
    cloud_only = (
        ("X-RateLimit-Limit", "100"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-NearLimit", "true"),
        ("RateLimit-Reason", "jira-burst-based"),
    )
    # How long to stay away is what the fault orders.
    refused_by_bucket = tuple((name, value) for name, value in bucket_headers(0, 0).items() if name != "Retry-After")
    return Answers(
        rate_limited=json.dumps(words).encode(),
        server_error=b'{"errorMessages":["Internal server error"],"errors":{}}',
        unavailable=b'{"errorMessage":"Service Temporarily Unavailable","code":503}',
        page=b"<!DOCTYPE html><html><head><title>Log in</title></head><body>Log in to continue to Jira</body></html>",
        partial=partial,
        limit_headers=cloud_only if desk.cloud else refused_by_bucket,
    )
