"""Puts a simulated ServiceNow instance together as a Flask application."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox import control, order
from sandbox.gate import Gate
from sandbox.servicenow import administration, attachments, batch, pages, refusal, table_api
from sandbox.servicenow.instance import Instance, open_instance
from sandbox.servicenow.options import Options
from sandbox.servicenow.store import Store
from sandbox.servicenow.table_api import CONTENT_TYPE

_Wish = TypeVar("_Wish")


def create(options: Options | None = None) -> Flask:
    """A seeded instance: REST under /api, OAuth at /oauth_token.do, /_sandbox to steer it, pages for people."""
    instance = open_instance(options or Options())
    app = Flask("sandbox.servicenow", static_folder=None)
    behind = app.wsgi_app
    app.register_blueprint(control.blueprint(instance.controls, instance.state, instance.reset))
    app.register_blueprint(table_api.blueprint(instance))
    app.register_blueprint(attachments.blueprint(instance))
    app.register_blueprint(batch.blueprint(instance, behind))
    app.register_blueprint(pages.blueprint(instance))
    _word_errors(app)
    _count_allowance(app, instance)
    _give_tokens(app, instance)
    _add_workbench(app, instance)
    _add_administration(app, instance)
    # Flask documents this assignment as the way to put middleware before an application.
    app.wsgi_app = Gate(behind, instance.controls, refusal.ANSWERS, _is_remote)  # type: ignore[method-assign]
    return app


def _is_remote(path: str) -> bool:
    return path.startswith(("/api/", "/oauth_token.do"))


def _word_errors(app: Flask) -> None:
    """Every failure under /api has the platform's own form."""

    @app.errorhandler(refusal.Refused)
    def refused(error: refusal.Refused) -> Response:
        answer = _error(error)
        if error.status == refusal.unauthenticated().status:
            answer.headers["WWW-Authenticate"] = 'BASIC realm="Service-now"'
        return answer

    @app.errorhandler(HTTPException)
    def strange(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/api/") or error.code == 500:  # noqa: PLR2004 - our own failure stays one
            return error
        if error.code == 405:  # noqa: PLR2004 - the status is the fact
            return _error(refusal.Refused(405, "Method not supported", f"{request.method} is not supported here"))
        detail = f"Requested URI does not represent any resource: {request.path.removeprefix('/api')}"
        return _error(refusal.Refused(400, detail, None))


def _count_allowance(app: Flask, instance: Instance) -> None:
    @app.before_request
    def allow() -> Response | None:
        """Spend one of the caller's requests of this hour; what a batch carries is spent by the batch."""
        if instance.options.rate_limit_per_hour is None or not request.path.startswith("/api/"):
            return None
        if "sandbox.inner_request" in request.environ:
            return None
        account = table_api.sign_in(instance)
        headers, within = instance.accounts.spend(account, instance.controls.clock.now())
        request.environ["sandbox.rate"] = headers
        return None if within else _error(refusal.too_many(instance.options.rate_limit_per_hour))

    @app.after_request
    def tell_rate(answer: Response) -> Response:
        for name, value in request.environ.get("sandbox.rate", {}).items():
            answer.headers[name] = value
        return answer


def _give_tokens(app: Flask, instance: Instance) -> None:
    @app.post("/oauth_token.do")
    def token() -> tuple[Response, int]:
        granted = instance.accounts.token(request.form.to_dict())
        if granted is None:
            return jsonify(error="invalid_client", error_description="access_denied"), 401
        return jsonify({"access_token": granted, "token_type": "Bearer", "expires_in": 1799}), 200


def _add_workbench(app: Flask, instance: Instance) -> None:
    @app.post(f"{control.PREFIX}/promote")
    def promote() -> tuple[Response, int]:
        try:
            wish = order.known("the body", request.get_json(force=True, silent=True), ("number", "sys_id"))
        except ValueError as error:
            return jsonify(error=str(error)), 400
        named = wish.get("sys_id") or wish.get("number")
        with instance.store.lock:
            candidate = next((r for r in instance.store.rows("incident") if named in (r["sys_id"], r["number"])), None)
            if candidate is None:
                return jsonify(error=f"no incident {named!r}; name one by sys_id or number"), 404
            if "major_incident_state" not in candidate:
                return jsonify(error="this instance has no Major Incident Management; set priority or a field"), 409
            major = instance.desk.promote(candidate, instance.workbench())
            return jsonify(sys_id=major["sys_id"], number=major["number"], candidate=candidate["number"]), 200


def _add_administration(app: Flask, instance: Instance) -> None:
    """What an admin would change on the instance's own screens, at once and without a webhook."""

    def offer(path: str, kind: type[_Wish], change: Callable[[Store, _Wish], None]) -> None:
        def carry_out() -> tuple[Response, int]:
            try:
                wish = order.read(kind, "the body", request.get_json(force=True, silent=True))
                with instance.store.lock:
                    change(instance.store, wish)
            except ValueError as error:
                return jsonify(error=str(error)), 400
            return jsonify(changed=True), 200

        app.add_url_rule(f"{control.PREFIX}/{path}", path, carry_out, methods=["POST"])

    offer("add-column", administration.NewColumn, administration.add_column)
    offer("change-column", administration.ChangedColumn, administration.change_column)
    offer("require-column", administration.Policy, administration.require)
    offer("change-choice", administration.ChangedChoice, administration.change_choice)
    offer("change-group", administration.ChangedGroup, administration.change_group)
    offer("fill", administration.Filling, administration.fill)


def _error(error: refusal.Refused) -> Response:
    return Response(json.dumps(error.body()), error.status, content_type=CONTENT_TYPE)
