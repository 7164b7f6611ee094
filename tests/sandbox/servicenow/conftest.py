"""One simulated instance for each test, and clients for the accounts that call it."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.servicenow.app import create
from sandbox.servicenow.options import Options

INTEGRATION = ("continuity.integration", "sandbox-password")


@dataclass(frozen=True)
class Desk:
    """A signed-in client of an instance."""

    http: FlaskClient
    account: tuple[str, str] = INTEGRATION

    def ask(self, method: str, address: str, body: Any = None, **params: str) -> TestResponse:
        return self.http.open(
            f"/api/now/{address}", method=method, json=body, query_string=params or None, auth=self.account
        )

    def get(self, address: str, **params: str) -> Any:
        answer = self.ask("GET", f"table/{address}", **params)
        assert answer.status_code == 200, answer.text
        return answer.json["result"]

    def create(self, table: str, **fields: Any) -> Any:
        answer = self.ask("POST", f"table/{table}", fields)
        assert answer.status_code == 201, answer.text
        return answer.json["result"]

    def patch(self, table: str, record: Any, **fields: Any) -> Any:
        answer = self.ask("PATCH", f"table/{table}/{record['sys_id']}", fields)
        assert answer.status_code == 200, answer.text
        return answer.json["result"]

    def one(self, table: str, record: Any, **params: str) -> Any:
        return self.get(f"{table}/{record['sys_id']}", **params)

    def control(self, address: str, body: Any) -> Any:
        answer = self.http.post(f"/_sandbox/{address}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json

    def batch(self, *requests: tuple[str, str, Any]) -> Any:
        rows = [
            {
                "id": str(number),
                "method": method,
                "url": url,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "body": base64.b64encode(json.dumps(body).encode()).decode() if body is not None else "",
            }
            for number, (method, url, body) in enumerate(requests)
        ]
        answer = self.ask("POST", "v1/batch", {"batch_request_id": "b1", "rest_requests": rows})
        assert answer.status_code == 200, answer.text
        return answer.json

    def as_admin(self) -> Desk:
        return Desk(self.http, ("admin", "admin-password"))


def open_desk(**options: Any) -> Desk:
    return Desk(create(Options(**options)).test_client())


def body_of(serviced: Any) -> Any:
    return json.loads(base64.b64decode(serviced["body"]))


@dataclass
class Ear:
    """A listener that keeps what it is sent."""

    url: str
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
def make_desk() -> Any:
    return open_desk


@pytest.fixture
def inner_body() -> Any:
    return body_of


@pytest.fixture
def ear() -> Any:
    heard: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Ear(f"http://127.0.0.1:{server.server_port}/hook", heard)
    server.shutdown()
    server.server_close()
