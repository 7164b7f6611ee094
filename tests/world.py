"""A whole world in one process: both sandboxes over HTTP, and the connector with its engine and its web side."""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
from dbos import DBOS

from connector.bootstrap import Connector
from connector.catalog import load, to_json, write_example
from connector.settings import Auth, ConnectionSettings, Escalation, Settings, WebhookIn
from connector.store import catalogs
from connector.store.database import Database
from sandbox.jira import app as jira_app
from sandbox.jira.options import Options as JiraOptions
from sandbox.server import Running, start
from sandbox.servicenow import app as servicenow_app
from sandbox.servicenow.options import Options as ServiceNowOptions
from tests.quiet import until_quiet

SERVICENOW_SECRET = "whsec_" + base64.b64encode(b"a secret of the test world, long").decode()
JIRA_SECRET = "a secret of the test world"
DESK = ("dana.desk", "sandbox-password")
JIRA_PERSON = ("priya.dba@example.com", "sandbox-token")
SOON = 0.5
"""Seconds: what a timer starts within these is still waited for."""


def talk(method: str, url: str, **how: Any) -> requests.Response:
    """Call what runs on this machine: no proxy or password of the environment is looked for."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **how)


@dataclass
class World:
    """The sandboxes' addresses and the connector; its methods act as people do, over the sandboxes' own REST."""

    servicenow: Running
    jira: Running
    web: Running
    connector: Connector

    def now(self, instant: str) -> None:
        """Set the sandboxes' clocks."""
        for side in (self.servicenow, self.jira):
            talk("POST", f"{side.url}/_sandbox/clock", json={"now": instant}, timeout=5).raise_for_status()

    def incident(self, **fields: str) -> dict[str, Any]:
        return self.servicenow_call("POST", "/api/now/table/incident", json=fields)

    def update(self, table: str, sys_id: str, **fields: str) -> dict[str, Any]:
        return self.servicenow_call("PATCH", f"/api/now/table/{table}/{sys_id}", json=fields)

    def promote(self, number: str) -> None:
        talk("POST", f"{self.servicenow.url}/_sandbox/promote", json={"number": number}, timeout=5).raise_for_status()

    def ci(self, name: str) -> str:
        """Return the sys_id of a CI."""
        found = self.servicenow_call("GET", "/api/now/table/cmdb_ci", params={"sysparm_query": f"name={name}"})
        return str(found[0]["sys_id"])

    def servicenow_call(self, method: str, path: str, **how: Any) -> Any:
        answer = talk(method, self.servicenow.url + path, auth=DESK, timeout=5, **how)
        answer.raise_for_status()
        return answer.json()["result"]

    def jira_call(self, method: str, path: str, **how: Any) -> Any:
        answer = talk(method, self.jira.url + path, auth=JIRA_PERSON, timeout=5, **how)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def jira_move(self, key: str, status: str) -> None:
        """Move an issue to a status as a person does."""
        offered = self.jira_call("GET", f"/rest/api/2/issue/{key}/transitions")["transitions"]
        chosen = next(item for item in offered if item["to"]["name"] == status)
        body: dict[str, Any] = {"transition": {"id": chosen["id"]}}
        self.jira_call("POST", f"/rest/api/2/issue/{key}/transitions", json=body)

    def state(self, side: Running) -> dict[str, Any]:
        return dict(talk("GET", f"{side.url}/_sandbox/state", timeout=5).json())

    def table(self, name: str) -> list[dict[str, Any]]:
        return list(self.state(self.servicenow)["tables"][name])

    def issues(self) -> list[dict[str, Any]]:
        return list(self.state(self.jira)["issues"])

    def calls(self, side: Running) -> list[dict[str, Any]]:
        """Return the calls that the connector made since they were last reset, polls left out."""
        found = talk("GET", f"{side.url}/_sandbox/calls", timeout=5).json()["calls"]
        return [item for item in found if "integration" in (item["account"] or "") and not _is_poll(item)]

    def forget_calls(self) -> None:
        for side in (self.servicenow, self.jira):
            talk("DELETE", f"{side.url}/_sandbox/calls", timeout=5)

    def faults(self, side: Running, *faults: Mapping[str, Any], seed: int = 1) -> None:
        body = {"faults": list(faults), "seed": seed}
        talk("POST", f"{side.url}/_sandbox/faults", json=body, timeout=5).raise_for_status()

    def rows(self, query: str, **values: Any) -> list[sa.Row[Any]]:
        with self.connector.database.begin() as tx:
            return list(tx.execute(sa.text(query), values).all())

    def flush(self) -> None:
        """Wait until the platforms have told all that they have to tell."""
        for side in (self.servicenow, self.jira):
            side.app.wsgi_app._controls.webhooks.flush(20)

    def wait(self, what: Callable[[], Any], seconds: float = 15.0) -> Any:
        """Return what `what` gives once that is true; fails after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            found = what()
            if found:
                return found
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            time.sleep(0.05)

    def settle(self, seconds: float = 20.0, quiet: float = 0.15) -> None:
        """Wait until nothing is waiting to be decided or sent, and no flow is under way."""
        flows = "workflow_status" if self.connector.database.sqlite else "dbos.workflow_status"

        def busy() -> int:
            self.flush()
            return int(
                self.rows(
                    "SELECT (SELECT count(*) FROM delivery WHERE state = 'open')"
                    " + (SELECT count(*) FROM write WHERE state = 'pending')"
                    f" + (SELECT count(*) FROM {flows} WHERE queue_name <> 'sweep' AND (status IN ('PENDING', 'ENQUEUED')"
                    " OR (status = 'DELAYED' AND delay_until_epoch_ms < :soon))) AS busy",
                    soon=soon(),
                )[0].busy
            )

        until_quiet(busy, seconds=seconds, quiet=quiet)


def soon() -> int:
    """Return, as the engine keeps instants, until when what a timer starts is waited for."""
    return int((time.time() + SOON) * 1000)


@cache
def empty_database() -> Path:
    """Make a database with all tables, ours and the engine's, once for all worlds of this process."""
    path = Path(tempfile.mkdtemp(prefix="continuity-tests-")) / "empty.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    DBOS.migrate(system_database_url=f"sqlite:///{path}")
    return path


_CATALOGS: dict[Any, tuple[str, Any]] = {}


def _catalog(directory: Path, places: tuple[str, ...], today: date) -> tuple[str, Any]:
    """Read the folder's services and plans; the same texts are read once in this process."""
    files = sorted([*directory.glob("services.yaml"), *directory.glob("plans/*")])
    key = (places, today, tuple((path.name, path.read_bytes()) for path in files))
    if key not in _CATALOGS:
        catalog = load(directory, places, today)
        _CATALOGS[key] = (catalog.digest, to_json(catalog))
    return _CATALOGS[key]


def _is_poll(call: Mapping[str, Any]) -> bool:
    inner = call.get("inner") or []
    return "search" in call["path"] or (bool(inner) and all(item["method"] == "GET" for item in inner))


@contextmanager
def world(
    directory: Path,
    *,
    records: Callable[[Path], None] = lambda directory: None,
    database: str = "",
    servicenow: ServiceNowOptions | None = None,
    jira: JiraOptions | None = None,
    change: Callable[[Settings], Settings] = lambda settings: settings,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sweeps: bool = False,
) -> Iterator[World]:
    """Start a world in `directory`; `records` may rewrite the example's services and plans before they are applied."""
    write_example(directory)
    records(directory)
    sides = (
        start(servicenow_app.create(servicenow or ServiceNowOptions())),
        start(jira_app.create(jira or JiraOptions(search_lag=0.3))),
    )
    settings = change(
        Settings(
            directory=directory,
            database=database or f"sqlite:///{directory}/continuity.db",
            public_url="http://127.0.0.1:8080",
            secret="a secret of the test world, long enough",
            api_tokens=("a token of the test world",),
            poll_every=timedelta(seconds=1),
            write_back_window=timedelta(seconds=0.5),
            escalation=Escalation(),
            connections={
                "servicenow": ConnectionSettings(
                    name="servicenow",
                    platform="servicenow",
                    url=sides[0].url,
                    auth=Auth("continuity.integration", "sandbox-password"),
                    webhook=WebhookIn("standard", (SERVICENOW_SECRET,)),
                    fallback_team="Service Desk",
                    desk_team="Service Desk",
                    timeout=timedelta(seconds=1),
                ),
                "jira": ConnectionSettings(
                    name="jira",
                    platform="jira",
                    url=sides[1].url,
                    auth=Auth("continuity.integration@example.com", "sandbox-token"),
                    webhook=WebhookIn("hub", (JIRA_SECRET,)),
                    fallback_team="Service Desk",
                    desk_team="Service Desk",
                    project="OPS",
                    search_lag=timedelta(seconds=1),
                    timeout=timedelta(seconds=5),
                ),
            },
        )
    )
    if not database:
        shutil.copy(empty_database(), directory / "continuity.db")
    connector = Connector(settings, now=now)
    if database:
        connector.prepare()
    digest, content = _catalog(directory, ("servicenow", "jira", *settings.connections), now().date())
    with connector.database.begin() as tx:
        catalogs.apply(tx, digest, content, "test", now())
    parts = connector.launch(sweeps=sweeps)
    web = start(connector.web(parts.wakes))
    for side, name, secret, style in (
        (sides[0], "servicenow", SERVICENOW_SECRET, "standard"),
        (sides[1], "jira", JIRA_SECRET, "hub"),
    ):
        target = {"url": f"{web.url}/webhooks/{name}", "secret": secret, "style": style}
        talk("POST", f"{side.url}/_sandbox/webhooks", json={"targets": [target]}, timeout=5).raise_for_status()
    try:
        yield World(*sides, web, connector)
    finally:
        for side in sides:
            talk("POST", f"{side.url}/_sandbox/webhooks", json={"targets": []}, timeout=5)
        connector.stop(seconds=0)
        web.stop()
        for side in sides:
            side.stop()
