"""One simulated Jira for each test, and a signed-in client of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.jira.app import create
from sandbox.jira.options import Options

CLOUD_ACCOUNT = ("continuity.integration@example.com", "sandbox-token")
DATACENTER_ACCOUNT = ("continuity.integration", "sandbox-password")


@dataclass(frozen=True)
class Jira:
    """A client of one REST version."""

    http: FlaskClient
    account: tuple[str, str] | None
    version: str = "2"

    def ask(self, method: str, address: str, body: Any = None, **params: Any) -> TestResponse:
        return self.http.open(
            f"/rest/api/{self.version}/{address}",
            method=method,
            json=body,
            query_string=params or None,
            auth=self.account,
        )

    def get(self, address: str, **params: Any) -> Any:
        answer = self.ask("GET", address, **params)
        assert answer.status_code == 200, answer.text
        return answer.json

    def create(self, project: str = "OPS", kind: str = "Task", **fields: Any) -> str:
        sent = {"project": {"key": project}, "issuetype": {"name": kind}, "summary": "Fail over", **fields}
        answer = self.ask("POST", "issue", {"fields": sent})
        assert answer.status_code == 201, answer.text
        return str(answer.json["key"])

    def refused(self, method: str, address: str, body: Any = None, status: int = 400, **params: Any) -> Any:
        answer = self.ask(method, address, body, **params)
        assert answer.status_code == status, answer.text
        return answer.json

    def move(self, key: str, transition: str, **body: Any) -> TestResponse:
        return self.ask("POST", f"issue/{key}/transitions", {"transition": {"id": transition}, **body})

    def steer(self, what: str, body: Any) -> Any:
        answer = self.http.post(f"/_sandbox/{what}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json

    def state(self) -> Any:
        return self.http.get("/_sandbox/state").json

    def found(self, jql: str, **params: Any) -> list[str]:
        """Keys, by the flavour's own search."""
        address = "search" if self.account == DATACENTER_ACCOUNT else "search/jql"
        return [issue["key"] for issue in self.get(address, jql=jql, fields="summary", **params)["issues"]]


@pytest.fixture
def cloud() -> Jira:
    return Jira(create(Options(search_lag=0)).test_client(), CLOUD_ACCOUNT)


@pytest.fixture
def cloud3(cloud: Jira) -> Jira:
    return Jira(cloud.http, CLOUD_ACCOUNT, "3")


@pytest.fixture
def datacenter() -> Jira:
    return Jira(create(Options(flavour="datacenter", search_lag=0)).test_client(), DATACENTER_ACCOUNT)


@pytest.fixture
def jira_with() -> Callable[[Options], Jira]:
    def make(options: Options) -> Jira:
        account = CLOUD_ACCOUNT if options.cloud else DATACENTER_ACCOUNT
        return Jira(create(options).test_client(), account)

    return make


@dataclass
class Ear:
    """An address that hears webhooks; `answers` are the next statuses, 200 when they are used up."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[Any]:
        return [json.loads(raw) for _, raw in self.heard]

    def events(self) -> list[str]:
        return [body["webhookEvent"] for body in self.bodies()]


@pytest.fixture
def ear() -> Iterator[Ear]:
    found = Ear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            found.heard.append(({name.lower(): value for name, value in self.headers.items()}, raw))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the base class names it so

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()
