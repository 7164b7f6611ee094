"""Takes webhook messages in: who sent it, is it whole, is it new; answers only after it is stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from webhooks.envelope import Envelope, EventReader, Malformed
from webhooks.signature import SECRET_HEADER, TOLERANCE, Scheme, Unsigned, verify

MAX_BYTES = 1024 * 1024
RETRY_SECONDS = 30

Accept = Callable[[str, Envelope, bytes], bool]
"""Stores (connection, envelope, raw body) and wakes the flow unless it is ignored; True if new, False if repeated.

Returns after the commit, and raises if the message could not be stored."""

Counter = Callable[[str, str], None]
"""Counts (connection, result): accepted, repeat, ignored, unsigned, malformed, too_large, unstored, or unknown with the
connection left "" (a name that a stranger chose must not become a label)."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Source:
    """Where messages of one connection come from: how they are read and how they prove themselves.

    `secrets` holds the present one and, while it is being replaced, the previous one; `header` is read by the scheme
    `static` only, `tolerance` by `standard` only.
    """

    connection: str
    reader: EventReader
    scheme: Scheme
    secrets: tuple[str, ...] = field(repr=False)
    header: str = SECRET_HEADER
    tolerance: timedelta = TOLERANCE


def blueprint(
    sources: Mapping[str, Source],
    accept: Accept,
    counter: Counter,
    now: Callable[[], datetime],
    max_bytes: int = MAX_BYTES,
) -> Blueprint:
    """Return `POST /webhooks/<connection>` over `sources` (by connection name); `now` gives an aware instant.

    202 `{"status": "accepted"}` or `{"status": "ignored", "reason"}`, 200 `{"status": "repeat"}`; else a problem
    (RFC 9457): 404 unknown connection, 413 more than `max_bytes`, 401 unsigned, 400 malformed, 503 not stored.
    """
    routes = Blueprint("webhooks", __name__)

    def receive(connection: str) -> Response:
        if request.method != "POST":
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "send webhooks with POST", {"Allow": "POST"})
        source = sources.get(connection)
        if source is None:
            counter("", "unknown")
            return _problem(
                HTTPStatus.NOT_FOUND,
                "no connection has this name; compare the address with connections in the settings",
            )
        return _take(source, accept, lambda result: counter(source.connection, result), now, max_bytes)

    routes.add_url_rule(
        "/webhooks/<connection>", "receive", receive, methods=_METHODS, strict_slashes=False,
        provide_automatic_options=False,
    )  # fmt: skip
    return routes


def _take(
    source: Source, accept: Accept, count: Callable[[str], None], now: Callable[[], datetime], max_bytes: int
) -> Response:
    log = _log.bind(connection=source.connection)
    headers = dict(request.headers.items())
    try:
        body = _body(max_bytes)
        verify(source.scheme, source.secrets, headers, body, now(), tolerance=source.tolerance, header=source.header)
        envelope = source.reader(headers, body)
    except RequestEntityTooLarge:
        count("too_large")
        log.warning("webhook refused: too large", limit=max_bytes, declared=request.content_length)
        return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {max_bytes} bytes")
    except Unsigned as fault:
        count("unsigned")
        log.warning("webhook refused: unsigned", reason=fault.reason)
        return _problem(HTTPStatus.UNAUTHORIZED, fault.reason, {"WWW-Authenticate": "Signature"})
    except (Malformed, ClientDisconnected) as fault:
        count("malformed")
        what = fault.what if isinstance(fault, Malformed) else "the body ended before its Content-Length"
        log.warning("webhook refused: malformed", what=what)
        return _problem(HTTPStatus.BAD_REQUEST, what)
    try:
        new = accept(source.connection, envelope, body)
    except Exception:
        # Whatever kept it from being stored, the sender has the only copy: it is asked to send it again.
        log.exception("webhook not stored", key=envelope.key, event_name=envelope.event, ticket=envelope.ticket)
        count("unstored")
        return _problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"the message could not be stored; send it again in {RETRY_SECONDS} s",
            {"Retry-After": str(RETRY_SECONDS)},
        )
    return _answer(envelope, count, new=new)


def _body(max_bytes: int) -> bytes:
    """Return the body; reads at most one byte more than `max_bytes`, whatever Content-Length says.

    Raises RequestEntityTooLarge. Werkzeug's own limit cuts a chunked body off without a word, hence the byte more.
    """
    request.max_content_length = max_bytes + 1
    body = request.get_data(cache=False)
    if len(body) > max_bytes:
        raise RequestEntityTooLarge
    return body


def _answer(envelope: Envelope, count: Callable[[str], None], *, new: bool) -> Response:
    if not new:
        count("repeat")
        return _json(HTTPStatus.OK, {"status": "repeat"})
    if envelope.ignored:
        count("ignored")
        return _json(HTTPStatus.ACCEPTED, {"status": "ignored", "reason": envelope.ignored})
    count("accepted")
    return _json(HTTPStatus.ACCEPTED, {"status": "accepted"})


def _json(status: HTTPStatus, content: Mapping[str, str]) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")


def _problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    content = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return Response(json.dumps(content), status, headers, mimetype="application/problem+json")
