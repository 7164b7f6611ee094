"""The edge of a simulated platform: latency, faults and the call log, before and after the platform answers."""

from __future__ import annotations

import base64
import binascii
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.calls import Call

if TYPE_CHECKING:
    from sandbox.control import Controls
    from sandbox.faults import Fault

Headers = list[tuple[str, str]]
WsgiApp = Callable[[dict[str, Any], Any], Any]

ACCOUNT = "sandbox.account"
"""Where the platform leaves, in the WSGI environ, the name of the account that it recognised."""
INNER = "sandbox.inner"
"""Where a batch leaves, in the WSGI environ, the list of its inner requests for the call log."""
DROP = "sandbox.drop"
"""Set true in the WSGI environ by an application whose answer must never arrive (a drop inside a batch)."""
_UNCOUNTED = ("/_sandbox", "/_ui")


class Dropped(ConnectionResetError):
    """The server closes the connection without an answer, once the call stands in the log."""


@dataclass(frozen=True)
class Answers:
    """How this platform words its failures: bodies by status, its sleeping page, and a 200 that holds an error."""

    rate_limited: bytes
    server_error: bytes
    unavailable: bytes
    page: bytes
    partial: Callable[[bytes], bytes]
    """Turns the body of a good answer into that of one which also reports an error."""
    limit_headers: tuple[tuple[str, str], ...] = ()
    """What a 429 carries beside Retry-After."""


class Gate:
    """Wraps a Flask application's WSGI callable; the human pages (`is_remote` false) and /_sandbox pass untouched."""

    def __init__(
        self, app: WsgiApp, controls: Controls, answers: Answers, is_remote: Callable[[str], bool] | None = None
    ) -> None:
        self._app = app
        self._controls = controls
        self._answers = answers
        self._is_remote = is_remote

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith(_UNCOUNTED) or path == "/" or (self._is_remote is not None and not self._is_remote(path)):
            return self._app(environ, start_response)
        started = time.perf_counter()
        # Where a test client leaves the body unread it would be lost to the count.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        fault = self._controls.faults.draw(method, f"{path}?{query}" if query else path)
        code, sent = 0, 0
        try:
            if self._controls.latency:
                time.sleep(self._controls.latency)
            status, headers, answer = self._answer(environ, fault)
            code, sent = int(status[:3]), len(answer)
        finally:
            self._record(environ, fault, started, (len(body), code, sent))
        start_response(status, headers)
        return [answer]

    def _answer(self, environ: dict[str, Any], fault: Fault | None) -> tuple[str, Headers, bytes]:
        kind = fault.kind if fault else None
        if fault is not None and kind == "delay":
            time.sleep(fault.seconds)
        if kind == "drop_before":
            raise Dropped("dropped before its effect, on purpose")
        if fault is not None and kind in ("429", "500", "503", "html_200"):
            return failure(fault, self._answers)
        status, headers, answer = call(self._app, environ)
        if kind == "drop_after" or environ.get(DROP):
            raise Dropped("dropped after its effect, on purpose")
        if fault is not None and kind in ("500_after", "503_after"):
            return failure(fault, self._answers)
        if kind == "error_200":
            return (
                "200 OK",
                [(n, v) for n, v in headers if n.lower() != "content-length"],
                self._answers.partial(answer),
            )
        return status, headers, answer

    def _record(
        self, environ: dict[str, Any], fault: Fault | None, started: float, sizes: tuple[int, int, int]
    ) -> None:
        received, code, sent = sizes
        self._controls.calls.record(
            Call(
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                method=environ["REQUEST_METHOD"],
                path=environ.get("PATH_INFO", ""),
                query=environ.get("QUERY_STRING", ""),
                status=code,
                fault=fault.kind if fault else None,
                ms=round((time.perf_counter() - started) * 1000, 2),
                account=environ.get(ACCOUNT) or claimed(environ),
                bytes_in=received,
                bytes_out=sent,
                inner=environ.get(INNER, []),
            )
        )


def call(app: WsgiApp, environ: dict[str, Any]) -> tuple[str, Headers, bytes]:
    """One request to the application, its answer read whole: status line, headers, body."""
    started: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> None:
        del exc_info
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        answer = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return status, headers, answer


def failure(fault: Fault, answers: Answers) -> tuple[str, Headers, bytes]:
    """The platform's own answer for a failing kind: status line, headers (Retry-After where ordered), body."""
    if fault.kind == "html_200":
        return "200 OK", [("Content-Type", "text/html;charset=UTF-8")], answers.page
    code = int(fault.kind[:3])
    body = {429: answers.rate_limited, 503: answers.unavailable}.get(code, answers.server_error)
    headers = [("Content-Type", "application/json;charset=UTF-8")]
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        headers += answers.limit_headers
    if fault.retry_after is not None:
        headers.append(("Retry-After", retry_after(fault.retry_after)))
    return f"{code} {HTTPStatus(code).phrase}", headers, body


def retry_after(wish: float | str) -> str:
    """The header's two forms: seconds, or for "date" an HTTP date two seconds ahead (real time)."""
    if wish == "date":
        return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return str(wish)


def claimed(environ: dict[str, Any]) -> str:
    """The account that the request names in its Authorization header, believed or not; "" without one."""
    scheme, _, value = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    if scheme.lower() != "basic":
        return scheme.lower()
    try:
        return base64.b64decode(value).decode("utf-8", "replace").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""
