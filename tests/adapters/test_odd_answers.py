"""Answers of shapes that no platform documents: the port promises outcomes and its own two errors, nothing else."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from adapters.jira import Jira
from adapters.servicenow import BasicAuth, ServiceNow
from connector.ticketing import Refused, Unavailable, Watch, Write
from mappings.library import load

Reply = Callable[[bytes], bytes]
DEEP = b"[" * 100_000


class Odd(ThreadingHTTPServer):
    """Answers every request with what `reply` makes of its body; `asked` counts them."""

    daemon_threads = True
    reply: Reply
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Odd

    def do_POST(self) -> None:
        self.server.asked += 1
        answer = self.server.reply(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST  # noqa: N815 - the server's own names

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[Odd]:
    with Odd(("127.0.0.1", 0), _Handler) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def inner(body: bytes, **facts: Any) -> Reply:
    """Answer each request of a batch with one body."""

    def reply(given: bytes) -> bytes:
        answer = {"status_code": 200, "headers": [], "body": base64.b64encode(body).decode()} | facts
        requests = json.loads(given)["rest_requests"]
        return json.dumps({"serviced_requests": [{"id": each["id"]} | answer for each in requests]}).encode()

    return reply


def row(**values: Any) -> Reply:
    return inner(json.dumps({"result": [{"sys_id": "a" * 32, "sys_class_name": "incident"} | values]}).encode())


def plain(answer: bytes) -> Reply:
    return lambda _: answer


BATCHES = {
    "texts for answers": plain(b'{"serviced_requests": ["x"]}'),
    "a status of words": plain(b'{"serviced_requests": [{"id": "k", "status_code": "abc"}]}'),
    "a status without end": plain(b'{"serviced_requests": [{"id": "k", "status_code": Infinity}]}'),
    "headers as an object": inner(b"{}", headers={"a": "b"}),
    "nested without end": plain(DEEP),
    "nested within": inner(DEEP),
    "a number of 5000 digits": plain(b"9" * 5000),
    "a version that is a power": row(sys_mod_count="\N{SUPERSCRIPT TWO}"),
    "a version of 5000 digits": row(sys_mod_count="9" * 5000),
    "a count that is a power": inner(b'{"result": []}', headers=[{"name": "X-Total-Count", "value": "\u00b2"}]),
    "a row of lists": row(number=[1], sys_id={"value": {"value": {}}}),
}


@pytest.mark.parametrize("reply", BATCHES.values(), ids=list(BATCHES))
def test_servicenow_turns_odd_answers_into_outcomes(server: Odd, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    server.reply = reply
    adapter = ServiceNow("desk", server.url, BasicAuth("u", "p"), load("servicenow"), timeout=2.0)
    now = datetime.now(UTC)
    update = Write("k", "update", "incident", "a" * 32, "INC1", values={"continuity_plan": "P"}, note="n")
    create = Write("c", "create", "recovery_task", values={"title": "t", "state": "open"}, unclear_since=now)

    outcomes = adapter.send([update]) + adapter.send([create])

    assert {outcome.status for outcome in outcomes} <= {"done", "retry", "unclear"}
    for read in (
        lambda: adapter.read("incident", ["a" * 32]),
        lambda: adapter.changed(Watch(since=None, majors=True, incidents=("a" * 32,), activations=())),
    ):
        try:
            read()
        except (Unavailable, Refused):
            continue


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
@pytest.mark.parametrize(
    "answer", [DEEP, b"9" * 5000, b'{"issues": ["x"]}', b'{"id": "\xc2\xb2", "key": 5, "fields": 7}']
)
def test_jira_turns_odd_answers_into_outcomes(server: Odd, flavour: Any, answer: bytes) -> None:
    server.reply = plain(answer)
    adapter = jira(server, flavour)
    update = Write("k", "update", "incident", "100", "SD-1", values={"state": "done"}, note="n")
    create = Write("a", "create", "activation", values={"title": "t"}, unclear_since=datetime.now(UTC))

    outcomes = adapter.send([update]) + adapter.send([create])

    assert {outcome.status for outcome in outcomes} <= {"done", "refused", "retry", "unclear"}
    for read in (lambda: adapter.read("incident", ["100"]), lambda: adapter.changed(WATCH)):
        try:
            read()
        except (Unavailable, Refused):
            continue


WATCH = Watch(since=None, majors=False, incidents=("100",), activations=())


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_a_search_without_end_is_given_up(server: Odd, flavour: Any) -> None:
    def reply(_: bytes) -> bytes:
        page = {"issues": [{"id": "1"}], "total": 10**9, "nextPageToken": str(server.asked), "isLast": False}
        return json.dumps(page).encode()

    server.reply = reply
    server.asked = 0

    with pytest.raises(Unavailable, match="did not end within 200 pages"):
        jira(server, flavour).changed(WATCH)

    assert server.asked == 200


def jira(server: Odd, flavour: Any) -> Jira:
    return Jira(
        "jira", server.url, "t", load("jira"), flavour=flavour, project="OPS", timeout=2.0, sleep=lambda _: None
    )
