"""The Batch API: many requests in one call, each on its own, those that do not fit the time left unserviced."""

from __future__ import annotations

import base64
import binascii
import io
import json
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, request

from sandbox.faults import Fault
from sandbox.gate import DROP, INNER, Headers, WsgiApp, call, failure
from sandbox.servicenow.instance import Instance
from sandbox.servicenow.refusal import ANSWERS, error_body
from sandbox.servicenow.table_api import CONTENT_TYPE, read_body, sign_in

_QUOTA_SECONDS = 30.0
_Reply = tuple[str, Headers, bytes]


def blueprint(instance: Instance, inner: WsgiApp) -> Blueprint:
    """`POST /api/now[/v1]/batch`; `inner` is the application behind the gate, so that a batch counts as one call."""
    pages = Blueprint("servicenow_batch", __name__)

    def batch() -> Response:
        sign_in(instance)
        order = read_body()
        wanted = list(order.get("rest_requests") or [])
        target = request.full_path.rstrip("?")
        cut = instance.controls.faults.draw("POST", target, unserviced=True)
        fitting = wanted[: max(0, len(wanted) - cut.count)] if cut else wanted
        serviced: list[dict[str, Any]] = []
        log: list[dict[str, Any]] = []
        spent = 0.0
        request.environ[INNER] = log
        for asked in fitting:
            fault = instance.controls.faults.draw(_method(asked), str(asked.get("url", "")), inner=True)
            if fault is not None and fault.kind == "delay":
                spent += fault.seconds
                if spent > _QUOTA_SECONDS:
                    break
                time.sleep(fault.seconds)
            if fault is not None and fault.kind == "drop_before":
                request.environ[DROP] = True
                break
            started = time.perf_counter()
            reply = _answer(inner, asked, fault)
            if fault is not None and fault.kind == "drop_after":
                request.environ[DROP] = True
            log.append(_logged(asked, reply, fault))
            serviced.append(_serviced(asked, reply, started))
        done = {row["id"] for row in serviced}
        body = {
            "batch_request_id": str(order.get("batch_request_id", "")),
            "serviced_requests": serviced,
            "unserviced_requests": [str(asked.get("id")) for asked in wanted if str(asked.get("id")) not in done],
        }
        return Response(json.dumps(body), content_type=CONTENT_TYPE)

    for version in ("", "/v1"):
        pages.add_url_rule(f"/api/now{version}/batch", f"batch{version}", batch, methods=["POST"])
    return pages


def _answer(inner: WsgiApp, asked: dict[str, Any], fault: Fault | None) -> _Reply:
    kind = fault.kind if fault else None
    if fault is not None and kind in ("429", "500", "503", "html_200"):
        return failure(fault, ANSWERS)
    url = str(asked.get("url", ""))
    if not url.startswith("/api/") or url.partition("?")[0].endswith("/batch"):
        detail = f"not a relative address of this instance's REST API: {url}"
        return "400 Bad Request", [("Content-Type", CONTENT_TYPE)], _json(error_body("Invalid request", detail))
    try:
        # Line breaks inside the base64 are legal, as the documentation's own example has them.
        body = base64.b64decode("".join(str(asked.get("body") or "").split()), validate=True)
    except binascii.Error:
        detail = "the body is not base64"
        return "400 Bad Request", [("Content-Type", CONTENT_TYPE)], _json(error_body("Invalid request", detail))
    reply = call(inner, _environ(asked, url, body))
    if fault is not None and kind in ("500_after", "503_after"):
        return failure(fault, ANSWERS)
    if kind == "error_200":
        return "200 OK", reply[1], ANSWERS.partial(reply[2])
    return reply


def _environ(asked: dict[str, Any], url: str, body: bytes) -> dict[str, Any]:
    """The WSGI environ of an inner request: the outer one's host and credentials, its own headers and body."""
    outer = request.environ
    kept = {name: outer[name] for name in outer if not name.startswith(("HTTP_", "werkzeug.", "flask."))}
    for name in ("HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_COOKIE"):
        if name in outer:
            kept[name] = outer[name]
    path, _, query = url.partition("?")
    kept |= {
        "REQUEST_METHOD": _method(asked),
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "sandbox.inner_request": True,
    }
    for header in asked.get("headers") or []:
        name = str(header.get("name", "")).upper().replace("-", "_")
        kept[name if name == "CONTENT_TYPE" else f"HTTP_{name}"] = str(header.get("value", ""))
    return kept


def _serviced(asked: dict[str, Any], reply: _Reply, started: float) -> dict[str, Any]:
    status, headers, body = reply
    code = int(status[:3])
    shown = [] if asked.get("exclude_response_headers") else [{"name": n, "value": v} for n, v in headers]
    return {
        "id": str(asked.get("id")),
        "body": base64.b64encode(body).decode(),
        "status_code": code,
        "status_text": HTTPStatus(code).phrase,
        "headers": shown,
        "execution_time": round((time.perf_counter() - started) * 1000),
    }


def _logged(asked: dict[str, Any], reply: _Reply, fault: Fault | None) -> dict[str, Any]:
    path, _, query = str(asked.get("url", "")).partition("?")
    return {
        "id": str(asked.get("id")),
        "method": _method(asked),
        "path": path,
        "query": query,
        "status": int(reply[0][:3]),
        "fault": fault.kind if fault else None,
    }


def _method(asked: dict[str, Any]) -> str:
    return str(asked.get("method", "GET")).upper()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
