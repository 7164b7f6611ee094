"""The Table API, the Aggregate API's count, and the list of attachments, over one instance."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from sandbox.gate import ACCOUNT
from sandbox.servicenow import query, refusal
from sandbox.servicenow.accounts import Account
from sandbox.servicenow.instance import Instance
from sandbox.servicenow.rendering import View, render
from sandbox.servicenow.schema import Record

CONTENT_TYPE = "application/json;charset=UTF-8"
_LIMIT = 10_000


def blueprint(instance: Instance) -> Blueprint:
    """`/api/now[/v1|/v2]/table/{table}[/{sys_id}]` `.../stats/{table}` and `.../attachment`."""
    pages = Blueprint("servicenow_table", __name__)

    def collection(table: str) -> Response:
        caller = sign_in(instance)
        _known(instance, table)
        return _list(instance, table, caller) if request.method == "GET" else _create(instance, table, caller)

    def single(table: str, sys_id: str) -> Response:
        caller = sign_in(instance)
        _known(instance, table)
        with instance.store.lock:
            record = instance.store.get(table, sys_id.lower())
            if record is None or not instance.sees(caller, record):
                raise refusal.not_found()
            if request.method == "DELETE":
                instance.desk.delete(record, caller)
                return Response(status=204)
            if request.method != "GET":
                instance.desk.update(record, read_body(), caller, display=_flag("sysparm_input_display_value"))
            return answer(render(instance.store, table, record, _view(instance, caller)))

    def attachments() -> Response:
        return _list(instance, "sys_attachment", sign_in(instance))

    def stats(table: str) -> Response:
        caller = sign_in(instance)
        _known(instance, table)
        with instance.store.lock:
            count = len(query.select(instance.store, table, _query(instance, table, caller)))
        return answer({"stats": {"count": str(count)}})

    for version in ("", "/v1", "/v2"):
        root = f"/api/now{version}"
        pages.add_url_rule(f"{root}/table/<table>", f"collection{version}", collection, methods=["GET", "POST"])
        several = ["GET", "PATCH", "PUT", "DELETE"]
        pages.add_url_rule(f"{root}/table/<table>/<sys_id>", f"single{version}", single, methods=several)
        pages.add_url_rule(f"{root}/attachment", f"attachments{version}", attachments, methods=["GET"])
        pages.add_url_rule(f"{root}/stats/<table>", f"stats{version}", stats, methods=["GET"])
    return pages


def sign_in(instance: Instance) -> Account:
    """The calling account, left in the environ for the call log; raises Refused (401)."""
    account = instance.accounts.sign_in(request.headers.get("Authorization", ""))
    request.environ[ACCOUNT] = account.user_name
    return account


def read_body() -> dict[str, Any]:
    """The request's JSON object; raises Refused (400) for anything else."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise refusal.not_json()
    return body


def answer(result: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps({"result": result}), status, headers, content_type=CONTENT_TYPE)


def _known(instance: Instance, table: str) -> None:
    if table not in instance.store.schema.tables:
        raise refusal.invalid_table(table)


def _list(instance: Instance, table: str, caller: Account) -> Response:
    limit, offset = _count("sysparm_limit", _LIMIT), _count("sysparm_offset", 0)
    view = _view(instance, caller)
    with instance.store.lock:
        found = query.select(instance.store, table, _query(instance, table, caller))
        # The page is cut first and the access rules come after, so that a page can be short.
        page = [record for record in found[offset : offset + limit] if instance.sees(caller, record)]
        rows = [render(instance.store, table, record, view) for record in page]
    headers = {"X-Total-Count": str(len(found))}
    links = _links(len(found), limit, offset)
    return answer(rows, headers=headers | ({"Link": links} if links else {}))


def _create(instance: Instance, table: str, caller: Account) -> Response:
    display = _flag("sysparm_input_display_value")
    with instance.store.lock:
        record: Record = instance.desk.create(table, read_body(), caller, display=display)
        shown = render(instance.store, table, record, _view(instance, caller))
    return answer(shown, 201, {"Location": f"{_base()}/api/now/table/{table}/{record['sys_id']}"})


def _query(instance: Instance, table: str, caller: Account) -> query.Query:
    """`sysparm_query`, and each parameter that is a column's name as one more condition.

    Of the scripts that a query can hold only the one that gives the caller is carried out.
    """
    text = request.args.get("sysparm_query", "").replace("javascript:gs.getUserID()", caller.sys_id)
    plain = [f"{name}={value}" for name, value in request.args.items() if not name.startswith("sysparm_")]
    return query.compile_query(instance.store, table, "^".join([text, *plain] if text else plain))


def _view(instance: Instance, caller: Account) -> View:
    display = request.args.get("sysparm_display_value", "false").lower()
    fields = request.args.get("sysparm_fields", "")
    return View(
        base=_base(),
        display=display if display in ("true", "all") else "false",
        links=not _flag("sysparm_exclude_reference_link"),
        fields=tuple(name.strip() for name in fields.split(",") if name.strip()) if fields else None,
        hidden=frozenset() if caller.admin else instance.options.unreadable,
    )


def _links(total: int, limit: int, offset: int) -> str:
    if not limit or total <= limit:
        return ""
    last = (total - 1) // limit * limit
    places = {"first": 0}
    if offset > 0:
        places["prev"] = max(0, offset - limit)
    if offset + limit < total:
        places["next"] = offset + limit
    places["last"] = last
    return ",".join(f'<{_page_url(limit, start)}>;rel="{name}"' for name, start in places.items())


def _page_url(limit: int, offset: int) -> str:
    others = {name: value for name, value in request.args.items() if name not in ("sysparm_limit", "sysparm_offset")}
    return f"{request.base_url}?{urlencode({**others, 'sysparm_limit': limit, 'sysparm_offset': offset})}"


def _base() -> str:
    return request.host_url.rstrip("/")


def _flag(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def _count(name: str, otherwise: int) -> int:
    value = request.args.get(name, "")
    return int(value) if value.isdigit() else otherwise
