"""Two simulated platforms and the connector, each a process, on free ports of this machine; set up for a set of plans."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from connector.cli import main
from tests.acceptance import estate
from tests.acceptance.process import HOST, Command, Service, free_port

SECRET = "a secret of the campaign, long enough"
SERVICENOW_SECRET = "whsec_" + base64.b64encode(SECRET.encode()).decode()
ADMIN = ("admin", "admin-password")
DESK = ("dana.desk", "sandbox-password")
PERSON = ("priya.dba@example.com", "sandbox-token")
TIMEOUT = 20.0
STYLES = {"servicenow": "standard", "jira": "hub"}


class NotAccepted(Exception):
    """A command of `continuity` failed, such as `apply` of the generated records; what it said follows."""


@dataclass(frozen=True)
class Pace:
    """How the connector and Jira's index are set; seconds. Without `reconcile_every` no services and plans are kept."""

    poll_every: int = 2
    poll_overlap: int = 10
    write_back_window: int = 1
    timeout: int = 2
    search_lag: float = 1.5
    search_lag_waited: int = 3
    reconcile_every: int = 0


class Stack:
    """The running processes, and how people and tests reach the platforms."""

    def __init__(self, folder: Path, servicenow: Command, jira: Command, pace: Pace) -> None:
        self.folder = folder
        self.pace = pace
        servicenow.start()
        jira.start()
        self.sides = {"servicenow": servicenow.wait_ready(), "jira": jira.wait_ready()}
        self.port = free_port()
        self.address = f"http://{HOST}:{self.port}"
        self.http = requests.Session()
        self.http.trust_env = False

    def prepare(self, services: Sequence[estate.Service]) -> dict[str, str]:
        """Write settings and records, put them in force, and make the CIs; returns the CIs' sys_ids by name."""
        (self.folder / "continuity.yaml").write_text(json.dumps(self._settings(), indent=1))
        if self.pace.reconcile_every:
            self._name_knowledge_base()
        self.apply(services)
        made = {}
        for service in services:
            answer = self.servicenow("POST", "table/cmdb_ci_appl", ADMIN, json={"name": service.ci})
            made[service.ci] = str(answer["sys_id"])
        return made

    def apply(self, services: Sequence[estate.Service], edits: Mapping[tuple[str, str], Any] | None = None) -> None:
        """Write the files, with other values for some records, and put them in force. Raises NotAccepted."""
        estate.write(self.folder, services, edits)
        self.continuity("apply", "--yes", "--wait", "0")

    def continuity(self, *arguments: str) -> str:
        """Give a command and return what it answers. Raises NotAccepted."""
        told, faults = io.StringIO(), io.StringIO()
        try:
            with redirect_stdout(told), redirect_stderr(faults):
                main(["--config", str(self.folder), *arguments])
        except SystemExit as done:
            if done.code != 0:
                raise NotAccepted(told.getvalue() + faults.getvalue()) from None
        return told.getvalue()

    def _name_knowledge_base(self) -> None:
        """Say in the mapping where plans are made, as an admin has to."""
        query = {"sysparm_query": "title=Business Continuity", "sysparm_fields": "sys_id"}
        (base,) = self.servicenow("GET", "table/kb_knowledge_base", ADMIN, params=query)
        field = {"field": "kb_knowledge_base", "direction": "write", "type": "reference", "default": base["sys_id"]}
        file = self.folder / "mappings" / "servicenow" / "plan.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"version": 1, "fields": {"x_base": field}}))

    def hear(self, **behaviour: Any) -> None:
        """Have both platforms tell the connector of changes, as well or badly as `behaviour` says."""
        for name, style in STYLES.items():
            secret = SERVICENOW_SECRET if name == "servicenow" else SECRET
            target = {"url": f"{self.address}/webhooks/{name}", "secret": secret, "style": style}
            self.steer(name, "POST", "webhooks", {"targets": [target], "behaviour": behaviour})

    def behave(self, **behaviour: Any) -> None:
        """Deliver webhooks this well or badly from now on; what is on its way is left alone."""
        for name in self.sides:
            self.steer(name, "POST", "webhooks", {"behaviour": behaviour})

    def steer(self, side: str, method: str, what: str, order: Mapping[str, Any] | None = None) -> Any:
        """Use a sandbox's controls."""
        answer = self.http.request(method, f"{self.sides[side]}/_sandbox/{what}", json=order, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def servicenow(self, method: str, path: str, who: tuple[str, str] = DESK, **how: Any) -> Any:
        answer = self.http.request(
            method, f"{self.sides['servicenow']}/api/now/{path}", auth=who, timeout=TIMEOUT, **how
        )
        answer.raise_for_status()
        return answer.json()["result"]

    def jira(self, method: str, path: str, **how: Any) -> Any:
        answer = self.http.request(
            method, f"{self.sides['jira']}/rest/api/2/{path}", auth=PERSON, timeout=TIMEOUT, **how
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @cached_property
    def jira_fields(self) -> Mapping[str, str]:
        """The ids of Jira's fields by name, the custom ones only where several bear a name."""
        return {item["name"]: item["id"] for item in self.jira("GET", "field") if item["custom"]}

    def calls(self, side: str) -> list[dict[str, Any]]:
        """Return the calls that the connector made, polls left out."""
        found = self.steer(side, "GET", "calls")["calls"]
        return [item for item in found if "integration" in (item["account"] or "") and not _is_poll(item)]

    def waiting(self) -> Mapping[str, int]:
        """Return how much the connector still has to do, read from its database: never how it judges itself."""
        with closing(sqlite3.connect(f"file:{self.folder}/continuity.db?mode=ro", uri=True, timeout=30)) as database:
            row = database.execute(
                "SELECT (SELECT count(*) FROM delivery WHERE state = 'open'),"
                " (SELECT count(*) FROM write WHERE state = 'pending'),"
                " (SELECT count(*) FROM subject WHERE queued = 1 AND queue <> 'sweep'),"
                " (SELECT count(*) FROM write WHERE state = 'parked')"
                " + (SELECT count(*) FROM delivery WHERE state = 'parked')"
            ).fetchone()
        return dict(zip(("deliveries", "writes", "subjects", "parked"), row, strict=True))

    def made(self) -> int:
        """Return how many records the connector has created so far, read from its database."""
        with closing(sqlite3.connect(f"file:{self.folder}/continuity.db?mode=ro", uri=True, timeout=30)) as database:
            row = database.execute("SELECT count(*) FROM write WHERE action = 'create' AND state = 'done'").fetchone()
        return int(row[0])

    def connected(self) -> bool:
        """Tell whether the connector has read both platforms once: what was there before is never acted on."""
        with closing(sqlite3.connect(f"file:{self.folder}/continuity.db?mode=ro", uri=True, timeout=30)) as database:
            row = database.execute("SELECT count(*) FROM connection WHERE baseline_at IS NOT NULL").fetchone()
        return int(row[0]) == len(self.sides)

    def parked(self) -> list[str]:
        """Return the reasons of what is parked, for the account of a failure."""
        with closing(sqlite3.connect(f"file:{self.folder}/continuity.db?mode=ro", uri=True, timeout=30)) as database:
            rows = database.execute(
                "SELECT connection, key, reason FROM write WHERE state = 'parked'"
                " UNION ALL SELECT connection, key, reason FROM delivery WHERE state = 'parked'"
            ).fetchall()
        return [f"{row[0]} {row[1]}: {row[2]}" for row in rows]

    def _settings(self) -> dict[str, Any]:
        common: dict[str, Any] = {"fallback_team": "Service Desk", "timeout": f"{self.pace.timeout}s"}
        kept = {}
        if self.pace.reconcile_every:
            common["records"] = {"service": "create", "plan": "create"}
            kept = {"reconcile_every": f"{self.pace.reconcile_every}s"}
        return {
            **kept,
            "database": "sqlite:///continuity.db",
            "public_url": self.address,
            "secret": SECRET,
            "poll_every": f"{self.pace.poll_every}s",
            "poll_overlap": f"{self.pace.poll_overlap}s",
            "write_back_window": f"{self.pace.write_back_window}s",
            "connections": {
                "servicenow": {
                    "platform": "servicenow",
                    "url": self.sides["servicenow"],
                    "auth": {"user": "continuity.integration", "password": "sandbox-password"},
                    "webhook": {"scheme": "standard", "secrets": [SERVICENOW_SECRET]},
                    **common,
                },
                "jira": {
                    "platform": "jira",
                    "url": self.sides["jira"],
                    "auth": {"user": "continuity.integration@example.com", "password": "sandbox-token"},
                    "webhook": {"scheme": "hub", "secrets": [SECRET]},
                    "project": "OPS",
                    "search_lag": f"{self.pace.search_lag_waited}s",
                    **common,
                },
            },
        }


@contextmanager
def stack(folder: Path, pace: Pace | None = None) -> Iterator[Stack]:
    """Start both sandboxes; the connector is started by whoever uses the stack."""
    pace = pace or Pace()
    servicenow = Command(["sandbox", "servicenow", "--port", "0"], folder / "servicenow.log")
    jira = Command(["sandbox", "jira", "--port", "0", "--search-lag", str(pace.search_lag)], folder / "jira.log")
    try:
        yield Stack(folder, servicenow, jira, pace)
    finally:
        servicenow.stop()
        jira.stop()


@contextmanager
def service(running: Stack) -> Iterator[Service]:
    """The connector of a stack, to be killed and started again."""
    found = Service(running.folder, running.port, running.folder / "connector.log")
    try:
        yield found
    finally:
        found.stop()


def _is_poll(call: Mapping[str, Any]) -> bool:
    inner = call.get("inner") or []
    return "search" in call["path"] or (bool(inner) and all(item["method"] == "GET" for item in inner))
