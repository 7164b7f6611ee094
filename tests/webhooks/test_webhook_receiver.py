"""The receiver over HTTP: each answer, in its order, and what is stored or counted for it."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from webhooks.envelope import Envelope
from webhooks.jira.event import read as read_jira
from webhooks.receiver import Source, blueprint
from webhooks.servicenow.event import read as read_servicenow

FIXTURES = Path(__file__).parents[2] / "webhooks" / "jira" / "fixtures"
UPDATED = (FIXTURES / "issue-updated-status.json").read_bytes()
COMMENTED = (FIXTURES / "issue-commented-without-changelog.json").read_bytes()
SECRET = "the present one, long enough"
LIMIT = 20_000


class Desk:
    """Stands where the store is: keeps what it is given, knows repeats, and fails on demand."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Envelope, bytes]] = []
        self.counted: list[tuple[str, str]] = []
        self.broken = False

    def accept(self, connection: str, envelope: Envelope, body: bytes) -> bool:
        if self.broken:
            raise OSError("disk full")
        new = envelope.key not in {kept.key for _, kept, _ in self.kept}
        if new:
            self.kept.append((connection, envelope, body))
        return new

    def count(self, connection: str, result: str) -> None:
        self.counted.append((connection, result))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def app(desk: Desk) -> Flask:
    sources = {
        "ops-jira": Source("ops-jira", read_jira, "hub", (SECRET, "the previous one, long")),
        "desk": Source("desk", read_servicenow, "static", (SECRET,), header="X-Desk-Key"),
    }
    app = Flask("test")
    app.register_blueprint(
        blueprint(sources, desk.accept, desk.count, lambda: datetime(2026, 3, 2, 9, 31, 46, tzinfo=UTC), LIMIT)
    )
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def address(app: Flask) -> Iterator[tuple[str, int]]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(client: FlaskClient, body: bytes, secret: str = SECRET, path: str = "/webhooks/ops-jira") -> TestResponse:
    return client.post(
        path, data=body, headers={"X-Hub-Signature": signature(body, secret), "X-Atlassian-Webhook-Identifier": "w-1"}
    )


def problem(response: TestResponse, status: int) -> str:
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    content = response.get_json()
    assert content["status"] == status
    assert content["type"] == "about:blank"
    assert content["title"]
    detail: str = content["detail"]
    assert len(detail) < 300
    return detail


def test_a_good_message_is_stored_and_accepted(client, desk):
    response = post(client, UPDATED)

    assert (response.status_code, response.get_json()) == (202, {"status": "accepted"})
    [(connection, envelope, body)] = desk.kept
    assert (connection, envelope.key, envelope.number, body) == ("ops-jira", "w-1", "OPS-315", UPDATED)
    assert desk.counted == [("ops-jira", "accepted")]


def test_a_message_signed_with_the_previous_secret_is_accepted(client):
    assert post(client, UPDATED, "the previous one, long").status_code == 202


def test_a_repeat_is_answered_200_and_stored_once(client, desk):
    post(client, UPDATED)
    response = post(client, UPDATED)

    assert (response.status_code, response.get_json()) == (200, {"status": "repeat"})
    assert len(desk.kept) == 1
    assert desk.counted[-1] == ("ops-jira", "repeat")


def test_an_ignored_message_is_stored_with_its_reason(client, desk):
    response = post(client, COMMENTED)

    assert response.status_code == 202
    assert response.get_json() == {"status": "ignored", "reason": "comments are read at the next poll"}
    assert desk.kept[0][1].ignored == "comments are read at the next poll"
    assert desk.counted == [("ops-jira", "ignored")]


def test_each_connection_has_its_own_reader_scheme_and_header(client, desk):
    body = json.dumps({"table": "incident", "sys_id": "ab" * 16, "sys_mod_count": 1, "record": {"number": "INC1"}})

    response = client.post("/webhooks/desk/", data=body, headers={"X-Desk-Key": SECRET})

    assert response.status_code == 202
    assert desk.kept[0][1].number == "INC1"


def test_an_unknown_connection_is_404_and_its_name_becomes_no_label(client, desk):
    assert "no connection" in problem(post(client, UPDATED, path="/webhooks/made-up"), 404)
    assert desk.counted == [("", "unknown")]
    assert desk.kept == []


def test_a_bad_signature_is_401_with_the_reason_and_without_the_secret(client, desk):
    response = post(client, UPDATED, "guessed")

    detail = problem(response, 401)
    assert "does not match" in detail
    assert SECRET not in response.text
    assert response.headers["WWW-Authenticate"]
    assert desk.kept == []
    assert desk.counted == [("ops-jira", "unsigned")]


def test_the_signature_is_checked_before_the_body_is_read_as_json(client):
    problem(post(client, b"not JSON", "guessed"), 401)


@pytest.mark.parametrize("body", [b"not JSON", b"", b"[]", b'{"webhookEvent": "jira:issue_updated"}'])
def test_a_signed_message_that_cannot_be_used_is_400(client, desk, body):
    assert problem(post(client, body), 400)
    assert desk.kept == []
    assert desk.counted == [("ops-jira", "malformed")]


def test_a_body_at_the_limit_is_read_and_one_byte_more_is_413(client, desk):
    fitting = UPDATED + b" " * (LIMIT - len(UPDATED))
    assert post(client, fitting).status_code == 202

    assert str(LIMIT) in problem(post(client, fitting + b" "), 413)
    assert desk.counted[-1] == ("ops-jira", "too_large")
    assert len(desk.kept) == 1


def test_a_body_without_length_is_read_up_to_the_limit_and_no_further(client, desk):
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:
            self.taken += len(buffer)
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    stream = Endless()
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}

    problem(client.post("/webhooks/ops-jira", environ_overrides=environ), 413)

    assert stream.taken <= LIMIT + 1
    assert desk.counted == [("ops-jira", "too_large")]


def test_a_message_that_could_not_be_stored_is_503_so_that_it_is_sent_again(client, desk):
    desk.broken = True
    with capture_logs() as logs:
        response = post(client, UPDATED)

    assert "send it again" in problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert desk.counted == [("ops-jira", "unstored")]
    [line] = [line for line in logs if line["event"] == "webhook not stored"]
    assert line["exc_info"]
    assert line["ticket"] == "28874"

    desk.broken = False
    assert post(client, UPDATED).status_code == 202


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_taken(client, desk, method):
    response = client.open("/webhooks/ops-jira", method=method)
    assert "POST" in problem(response, 405)
    assert response.headers["Allow"] == "POST"
    assert desk.counted == []


def test_no_secret_is_shown_where_a_source_is_printed():
    assert SECRET not in repr(Source("ops-jira", read_jira, "hub", (SECRET,)))


def test_odd_headers_do_not_break_the_receiver(client):
    for odd in ("", "x" * 9000, "sha256=\u00fc", "sha256=" + "f" * 64 + ", sha256=" + "f" * 64):
        response = client.post("/webhooks/ops-jira", data=UPDATED, headers={"X-Hub-Signature": odd})
        problem(response, 401)


def exchange(address: tuple[str, int], head: str, *parts: bytes) -> bytes:
    """Send a raw request, then whatever parts of its body the server still takes, and return the answer."""
    with socket.create_connection(address, timeout=10) as line:
        line.sendall(f"POST /webhooks/ops-jira HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{head}\r\n\r\n".encode())
        try:
            for part in parts:
                line.sendall(part)
            line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server answered and closed before it had all, which is what it should do
        answer = b""
        while chunk := line.recv(65_536):
            answer += chunk
        return answer


def chunked(body: bytes) -> bytes:
    return b"%x\r\n" % len(body) + body + b"\r\n"


def test_a_chunked_body_is_taken(address, desk):
    head = f"Transfer-Encoding: chunked\r\nX-Hub-Signature: {signature(UPDATED)}"
    answer = exchange(address, head, chunked(UPDATED[:100]), chunked(UPDATED[100:]), b"0\r\n\r\n")
    assert answer.split(b"\r\n")[0].split()[1] == b"202"
    assert desk.kept[0][2] == UPDATED


def test_a_chunked_body_over_the_limit_is_413(address, desk):
    parts = [chunked(b" " * 5_000)] * 5
    answer = exchange(address, "Transfer-Encoding: chunked", *parts, b"0\r\n\r\n")
    assert answer.split()[1] == b"413"
    assert desk.counted == [("ops-jira", "too_large")]


def test_a_length_over_the_limit_is_413_before_any_of_the_body_came(address, desk):
    answer = exchange(address, "Content-Length: 5000000")
    assert answer.split()[1] == b"413"


def test_a_length_that_understates_the_body_cuts_it_so_that_the_signature_fails(address, desk):
    answer = exchange(address, f"Content-Length: 20\r\nX-Hub-Signature: {signature(UPDATED)}", UPDATED)
    assert answer.split()[1] == b"401"
    assert desk.kept == []


def test_a_length_that_overstates_the_body_is_400(address, desk):
    answer = exchange(address, f"Content-Length: {len(UPDATED) + 5}\r\nX-Hub-Signature: {signature(UPDATED)}", UPDATED)
    assert answer.split()[1] == b"400"
    assert desk.kept == []
