"""The read API under `/api`: activations, their tasks, and why a ticket was or was not acted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar, cast

from flask import Blueprint as FlaskBlueprint
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized

from connector import activation as rules
from connector.console import (
    explanation_shapes,
    figures,
    history_shapes,
    lookup,
    plan_figures,
    records,
    shapes,
)
from connector.console.bearer import admitted
from connector.console.document_style import Style
from connector.explanation import plain_data
from connector.explanation.explainer import Explainer
from connector.explanation.ticket_why import TicketWhy
from connector.flows.parts import Connection, RecordsInForce
from connector.store import activations, written_history
from connector.store.database import Database

PREFIX = "/api"
_PROBLEM = "application/problem+json"
_DESCRIPTION = (
    "What the connector knows of continuity plans being carried out. Read only. Send one of `api_tokens` of the "
    "settings as `Authorization: Bearer <token>`. Instants are ISO 8601 in UTC, durations are in seconds. Activations "
    "with `exercise: true` are tests of a plan: leave them out of figures."
)
_WANTED = "send a token of the settings as 'Authorization: Bearer <token>'"
_NONE_SET = "no api_tokens are in the settings: add one, then send it as 'Authorization: Bearer <token>'"


class _ReadApi(Api):  # type: ignore[misc]
    """Answers every error below `/api` as a problem (RFC 9457); what lies elsewhere keeps its own answers."""

    ERROR_SCHEMA = shapes.Fault

    def handle_http_exception(self, error: HTTPException) -> Any:
        if not (request.path == PREFIX or request.path.startswith(f"{PREFIX}/")):
            return error
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        faults = _faults((getattr(error, "data", None) or {}).get("messages"))
        detail = faults or error.description or status.phrase
        answer = jsonify(type="about:blank", title=status.phrase, status=status.value, detail=detail)
        answer.status_code = status
        answer.mimetype = _PROBLEM
        kept = {"allow", "www-authenticate", "retry-after"}
        answer.headers.extend((name, value) for name, value in error.get_headers() if name.lower() in kept)
        return _uncached(answer)


def register(
    app: Flask,
    database: Database,
    tokens: Sequence[str],
    now: Callable[[], datetime],
    connections: Mapping[str, Connection] = MappingProxyType({}),
    version: str = "0.1.0",
) -> None:
    """Add the API to `app`, its OpenAPI document at `/api/openapi.json` and a page of it at `/api/docs`.

    `connections` are asked for at each request, and never called: they tell how their messages are read.
    Every operation wants one of `tokens`; without any set, all are refused (401). The document needs none.
    """
    api = _ReadApi(
        app,
        spec_kwargs={
            "title": "continuity-connector",
            "version": version,
            "openapi_version": "3.1.0",
            "info": {"description": _DESCRIPTION},
            "security": [{"token": []}],
        },
    )
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    api.register_blueprint(_operations(database, tokens, now, Explainer(connections, now)))
    app.register_blueprint(_documents(api))


View = TypeVar("View", bound=Callable[..., Any])


def _operations(database: Database, tokens: Sequence[str], now: Callable[[], datetime], explainer: Explainer) -> Any:
    api = Blueprint("activations", __name__, url_prefix=PREFIX, description="Plans being carried out, and tickets.")
    one = f"/activations/<int(min=1, max={rules.LARGEST_ID}):activation_id>"

    def admit() -> None:
        if not admitted(request.headers.get("Authorization", ""), tokens):
            raise Unauthorized(_WANTED if any(tokens) else _NONE_SET, www_authenticate=WWWAuthenticate("bearer"))

    api.before_request(admit)
    api.after_request(_uncached)

    @_operation(api, "/activations", shapes.ActivationPage, shapes.ActivationQuery, unknown=False)
    def list_activations(query: dict[str, Any]) -> dict[str, Any]:
        """List activations, newest first."""
        size, page = query["page_size"], query["page"]
        state, exercise = query.get("state", ""), query.get("exercise")
        with database.engine.connect() as tx:
            rows, total = activations.listed(tx, state=state, exercise=exercise, first=(page - 1) * size, limit=size)
        at = now()
        listed = [figures.listed(row, at) for row in rows]
        return {"activations": listed, "total": total, "page": page, "page_size": size}

    @_operation(api, one, shapes.ActivationDetail)
    def read_activation(_query: dict[str, Any], activation_id: int) -> dict[str, Any]:
        """Read an activation with its tasks, their tickets, the incidents that take part, and its status."""
        with database.engine.connect() as tx:
            found = lookup.find(tx, lookup.ACTIVATION, rules.number(activation_id))
        if found is None or found.activation is None or found.standing is None:
            raise NotFound(f"there is no activation {activation_id}")
        return figures.detail(found, found.activation, found.standing, now())

    @_operation(api, f"{one}/tasks", shapes.TaskList)
    def list_tasks(_query: dict[str, Any], activation_id: int) -> dict[str, Any]:
        """List the tasks of an activation with their tickets on the platforms."""
        with database.engine.connect() as tx:
            row = activations.find(tx, activation_id)
            if row is None:
                raise NotFound(f"there is no activation {activation_id}")
            standing, placements = activations.standing(tx, row, ()), activations.placements(tx, activation_id)
        return {"tasks": figures.tasks(standing, placements)}

    @_operation(api, "/tickets/<connection>/<number>", shapes.Ticket)
    def read_ticket(_query: dict[str, Any], connection: str, number: str) -> dict[str, Any]:
        """Say why a ticket was, or was not, acted on."""
        with database.engine.connect() as tx:
            row = lookup.ticket_by_number(tx, connection, number)
        if row is None:
            raise NotFound(f"no ticket '{number}' of the connection '{connection}' is known")
        return figures.ticket(row)

    @_operation(api, "/tickets/<connection>/<number>/why", explanation_shapes.Why)
    def explain_ticket(_query: dict[str, Any], connection: str, number: str) -> dict[str, Any]:
        """Say why a ticket is as it is, field by field; of one never heard of, what is known and what to check."""
        return plain_data.as_json(_explained(database, explainer, connection, number))

    _add_plans(api, database)
    _add_history(api, database)
    _add_records(api, database)
    return api


def _add_plans(api: Any, database: Database) -> None:
    in_force = RecordsInForce()

    @_operation(api, "/plans", plan_figures.PlanList, unknown=False)
    def list_plans(_query: dict[str, Any]) -> dict[str, Any]:
        """List the plans in force, and whether each could be created on its platforms as these were last found."""
        with database.engine.connect() as tx:
            return plan_figures.plans(tx, in_force.read(tx))


def _add_history(api: Any, database: Database) -> None:
    @_operation(api, "/history", history_shapes.HistoryPage, history_shapes.HistoryQuery, unknown=False)
    def tell_history(query: dict[str, Any]) -> dict[str, Any]:
        """Tell what was written to tickets, why and what was answered, and what happened; the oldest first."""
        size, after = query["page_size"], query.get("after")
        wanted = written_history.Wanted(query["ticket"], rules.id_of(query.get("activation", "")), query.get("since"))
        with database.engine.connect() as tx:
            place = written_history.place_of(after) if after is not None else None
            found = written_history.page(tx, wanted, place, limit=size)
        return {
            "lines": [line.told for line in found],
            "next": str(found[-1].place) if len(found) == size else None,
        }


def _add_records(api: Any, database: Database) -> None:
    in_force = RecordsInForce()

    @_operation(api, "/records", records.RecordList, records.RecordQuery, unknown=False)
    def list_records(query: dict[str, Any]) -> dict[str, Any]:
        """List services and plans that are kept in step with a platform, and how each stands."""
        with database.engine.connect() as tx:
            return {"records": records.listed(tx, in_force.read(tx), **query)}


def _explained(database: Database, explainer: Explainer, connection: str, number: str) -> TicketWhy:
    """Explain a ticket; of several that go by one number the newest. Raises NotFound for an unknown connection."""
    if connection not in explainer.connections:
        raise NotFound(f"there is no connection '{connection}'")
    with database.engine.connect() as tx:
        found = explainer.places(tx, number, connection)
        return explainer.known(tx, found[0]) if found else explainer.unknown(tx, number, connection)


_PATHS = {
    "activation_id": "The activation's id: the number after ACT-.",
    "connection": "The connection, as named in the settings.",
    "number": "What people call the ticket; to ask why, its id on the platform will do too.",
}


def _operation(
    api: Any, path: str, answer: type[Schema], query: type[Schema] = shapes.NoQuery, *, unknown: bool = True
) -> Callable[[View], View]:
    """Declare `GET path`: what it answers, the query it takes, and the faults to expect."""
    faults = {HTTPStatus.UNPROCESSABLE_ENTITY: "The query is not valid.", HTTPStatus.UNAUTHORIZED: "No valid token."}
    if unknown:
        faults[HTTPStatus.NOT_FOUND] = "There is no such record."

    def declare(view: View) -> View:
        declared = api.response(HTTPStatus.OK, answer)(view)
        declared = api.arguments(query, location="query", unknown=RAISE)(declared)
        for status, text in faults.items():
            declared = api.alt_response(status, schema=shapes.Fault, content_type=_PROBLEM, description=text)(declared)
        known = [
            {"in": "path", "name": name, "required": True, "description": text}
            for name, text in _PATHS.items()
            if f"{name}>" in path
        ]
        return cast(View, api.route(path, methods=["GET"], parameters=known)(declared))

    return declare


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _documents(api: Api) -> FlaskBlueprint:
    """Return the addresses of the OpenAPI document, and of a page that shows it without anything from elsewhere."""
    documents = FlaskBlueprint("api-documents", __name__, url_prefix=PREFIX, template_folder="templates")
    style = Style.read()

    @documents.get("/openapi.json")
    def document() -> Response:
        return jsonify(api.spec.to_dict())

    @documents.get("/docs")
    def reference() -> Response:
        return style.protect(
            make_response(render_template("api_reference.html", spec=api.spec.to_dict(), style=style.text))
        )

    return documents


def _faults(messages: Any) -> str:
    """Return what webargs found wrong as one sentence: `page: Not a valid integer`."""
    if not isinstance(messages, dict):
        return ""
    faults = [
        f"{name}: {' '.join(str(text).rstrip('.') for text in texts)}"
        for fields in messages.values()
        if isinstance(fields, dict)
        for name, texts in fields.items()
    ]
    return "; ".join(faults)
