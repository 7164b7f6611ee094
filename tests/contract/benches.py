"""What the contract suite needs of a platform beside its adapter: people who act, faults, and the truth to judge by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests

from adapters.jira import Jira
from adapters.memory import Memory
from adapters.servicenow import BasicAuth, ServiceNow
from connector.ticketing import KEPT, Ticketing, Write
from mappings.library import load
from sandbox.jira import app as simulated_jira
from sandbox.jira.options import Options as JiraOptions
from sandbox.server import start
from sandbox.servicenow.app import create
from sandbox.servicenow.options import Options

TEAM = "Database Operations"
FALLBACK = "Service Desk"
PAGE = 3
"""Records of a page of a listing."""
LARGEST = 200_000
"""Bytes of a file that the simulated Jira takes."""
SEARCH_LAG = 0.3
"""Seconds by which the simulated Jira's index is behind."""


class Bench(Protocol):
    """One platform under test."""

    adapter: Ticketing

    def raise_incident(self) -> str:
        """Raise a priority 1 incident as a person would; returns its id."""
        ...

    def task_values(self, incident: str) -> Mapping[str, Any]:
        """Return what a recovery task of that incident needs here beside title and state (incident, parent, project)."""
        ...

    def lose_answer(self, *, effect: bool, file: bool = False) -> None:
        """Let the next write's connection drop, or that of the next file, after or before its effect."""
        ...

    def count(self, key: str) -> int:
        """Return how many tickets stand that were made by the write `key`."""
        ...

    def notes(self, ticket: str) -> list[str]: ...

    def refusal(self) -> Mapping[str, Any]:
        """Return what makes an update be refused: a ticket id that does not exist."""
        ...

    def refuse_tasks(self) -> str:
        """Change the platform, as its admin does, so that every new recovery task is refused; returns the field."""
        ...

    def fingerprint(self) -> object:
        """Return all that stands, so that two looks tell whether anything was changed."""
        ...

    def finish_task(self, ticket: str) -> None:
        """Close a task as done, as a person would."""
        ...

    def settle(self) -> None:
        """Wait until what was written can be found again."""
        ...

    def make_service(self, name: str) -> str:
        """Make a service as a person would, one that the mapping takes for one; returns its id."""
        ...

    def rename_service(self, ticket: str, name: str) -> None: ...

    def delete_service(self, ticket: str) -> None: ...

    def pass_time(self, seconds: float) -> datetime:
        """Let time pass on the platform; returns its instant now."""
        ...

    def comment(self, ticket: str, text: str) -> None:
        """Write on a recovery task as Dana Reyes of the desk."""
        ...

    def attach(self, ticket: str, name: str, content: bytes = b"fine") -> None:
        """Add a file to a recovery task as Dana Reyes of the desk."""
        ...

    def files(self, ticket: str) -> list[tuple[str, bytes]]:
        """Return the files on a recovery task as the desk gets them, name and content, the oldest first."""
        ...

    def unwanted_file(self) -> tuple[str, bytes]:
        """Return a file that the platform does not take, for its name or its size."""
        ...


class MemoryBench:
    def __init__(self) -> None:
        self._ahead = timedelta()
        self.adapter = Memory(teams=(TEAM,), fallback_team=FALLBACK, clock=self._now, page=PAGE)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def raise_incident(self) -> str:
        return self.adapter.open_incident(priority=1)

    def task_values(self, incident: str) -> Mapping[str, Any]:
        return {"incident": incident}

    def lose_answer(self, *, effect: bool, file: bool = False) -> None:
        del file
        self.adapter.fail("drop_after" if effect else "drop_before")

    def count(self, key: str) -> int:
        return sum(ticket.key == key for ticket in self.adapter.tickets())

    def notes(self, ticket: str) -> list[str]:
        return list(self.adapter.notes(ticket))

    def refusal(self) -> Mapping[str, Any]:
        return {"id": "nothing"}

    def refuse_tasks(self) -> str:
        self.adapter.reject("text", "texts are not taken any more")
        return "text"

    def fingerprint(self) -> object:
        return self.adapter.tickets()

    def finish_task(self, ticket: str) -> None:
        self.adapter.change(ticket, state="done")

    def settle(self) -> None:
        """What is in memory stands at once."""

    def make_service(self, name: str) -> str:
        return self.adapter.make("service", name=name)

    def rename_service(self, ticket: str, name: str) -> None:
        self.adapter.change(ticket, name=name)

    def delete_service(self, ticket: str) -> None:
        self.adapter.delete(ticket)

    def pass_time(self, seconds: float) -> datetime:
        self._ahead += timedelta(seconds=seconds)
        return self._now()

    def comment(self, ticket: str, text: str) -> None:
        self.adapter.remark(ticket, "Dana Reyes", text)

    def attach(self, ticket: str, name: str, content: bytes = b"fine") -> None:
        self.adapter.attach(ticket, "Dana Reyes", name, content)

    def files(self, ticket: str) -> list[tuple[str, bytes]]:
        return self.adapter.files(ticket)

    def unwanted_file(self) -> tuple[str, bytes]:
        self.adapter.reject("file", "files are not taken")
        return "a.log", b"x"


class ServiceNowBench:
    def __init__(self, url: str) -> None:
        self.url = url
        self.adapter = ServiceNow(
            "desk",
            url,
            BasicAuth("continuity.integration", "sandbox-password"),
            load("servicenow"),
            fallback_team=FALLBACK,
            listing_size=PAGE,
            keeps=frozenset(KEPT),
        )

    def raise_incident(self) -> str:
        body = {"short_description": "Payments fail", "impact": "1", "urgency": "1", "cmdb_ci": "payments-db"}
        return self._as_person("POST", "incident", body)["sys_id"]

    def task_values(self, incident: str) -> Mapping[str, Any]:
        return {"incident": incident}

    def lose_answer(self, *, effect: bool, file: bool = False) -> None:
        path = "attachment/file" if file else "batch"
        fault = {"method": "POST", "path": path, "kind": "drop_after" if effect else "drop_before"}
        requests.post(f"{self.url}/_sandbox/faults", json={"faults": [fault]}, timeout=5).raise_for_status()

    def count(self, key: str) -> int:
        return sum(
            row.get("correlation_id") == key
            for table in ("task", "incident_task", "problem")
            for row in self._state()["tables"][table]
        )

    def notes(self, ticket: str) -> list[str]:
        return [
            entry["value"]
            for entry in self._state()["journal"]
            if entry["element_id"] == ticket and entry["element"] == "work_notes"
        ]

    def refusal(self) -> Mapping[str, Any]:
        return {"id": "0" * 32}

    def refuse_tasks(self) -> str:
        column = {"table": "incident_task", "name": "u_cost_centre", "label": "Cost centre"}
        policy = {"table": "incident_task", "column": "u_cost_centre"}
        for path, order in (("add-column", column), ("require-column", policy)):
            requests.post(f"{self.url}/_sandbox/{path}", json=order, timeout=5).raise_for_status()
        return "u_cost_centre"

    def fingerprint(self) -> object:
        return self._state()

    def finish_task(self, ticket: str) -> None:
        self._as_person("PATCH", f"task/{ticket}", {"state": "3"})

    def settle(self) -> None:
        """ServiceNow reads its own writes."""

    def make_service(self, name: str) -> str:
        return str(self._as_person("POST", "cmdb_ci_service_business", {"name": name})["sys_id"])

    def rename_service(self, ticket: str, name: str) -> None:
        self._as_person("PATCH", f"cmdb_ci_service/{ticket}", {"name": name})

    def delete_service(self, ticket: str) -> None:
        url = f"{self.url}/api/now/table/cmdb_ci_service/{ticket}"
        requests.delete(url, auth=("dana.desk", "sandbox-password"), timeout=5).raise_for_status()

    def pass_time(self, seconds: float) -> datetime:
        return advance(self.url, seconds)

    def comment(self, ticket: str, text: str) -> None:
        self._as_person("PATCH", f"task/{ticket}", {"work_notes": text})

    def attach(self, ticket: str, name: str, content: bytes = b"fine") -> None:
        asked = {"table_name": "incident_task", "table_sys_id": ticket, "file_name": name}
        url = f"{self.url}/api/now/attachment/file"
        auth, kind = ("dana.desk", "sandbox-password"), {"Content-Type": "text/plain"}
        requests.post(url, params=asked, data=content, headers=kind, auth=auth, timeout=5).raise_for_status()

    def files(self, ticket: str) -> list[tuple[str, bytes]]:
        url, auth = f"{self.url}/api/now/attachment", ("dana.desk", "sandbox-password")
        # A form shows the files of the record's own class.
        wanted = f"table_name=incident_task^table_sys_id={ticket}^ORDERBYsys_created_on"
        rows = requests.get(url, params={"sysparm_query": wanted}, auth=auth, timeout=5).json()["result"]
        return [(row["file_name"], requests.get(row["download_link"], auth=auth, timeout=5).content) for row in rows]

    def unwanted_file(self) -> tuple[str, bytes]:
        return "tool.exe", b"x"

    def _state(self) -> Any:
        return requests.get(f"{self.url}/_sandbox/state", timeout=5).json()

    def _as_person(self, method: str, path: str, body: Mapping[str, str]) -> Any:
        answer = requests.request(
            method,
            f"{self.url}/api/now/table/{path}",
            json=body,
            auth=("dana.desk", "sandbox-password"),
            timeout=5,
        )
        answer.raise_for_status()
        return answer.json()["result"]


class JiraBench:
    def __init__(self, url: str) -> None:
        self.url = url
        auth = ("continuity.integration@example.com", "sandbox-token")
        self.adapter = Jira(
            "issues",
            url,
            auth,
            load("jira"),
            flavour="cloud",
            project="OPS",
            projects=("SD",),
            fallback_team=FALLBACK,
            keeps=frozenset(KEPT),
            page=PAGE,
        )
        self._parent = ""

    def raise_incident(self) -> str:
        fields = {"project": {"key": "SD"}, "issuetype": {"name": "Incident"}, "summary": "Payments fail"}
        made = self._as_person("issue", {"fields": {**fields, "priority": {"name": "Highest"}}})
        return str(made["id"])

    def task_values(self, incident: str) -> Mapping[str, Any]:
        if not self._parent:
            values = {"title": "Payments fail over", "project": "OPS"}
            self._parent = self.adapter.send([Write("act-1", "create", "activation", values=values)])[0].id
        return {"incident": incident, "parent": self._parent, "project": "OPS"}

    def lose_answer(self, *, effect: bool, file: bool = False) -> None:
        kind, path = "drop_after" if effect else "drop_before", "/attachments$" if file else "/issue/bulk$|/comment$"
        fault = {"method": "POST", "path": path, "kind": kind}
        requests.post(f"{self.url}/_sandbox/faults", json={"faults": [fault]}, timeout=5).raise_for_status()

    def count(self, key: str) -> int:
        return sum(issue["properties"].get("continuity", {}).get("key") == key for issue in self._issues())

    def notes(self, ticket: str) -> list[str]:
        return [note["body"] for issue in self._issues() if issue["id"] == ticket for note in issue["comments"]]

    def refusal(self) -> Mapping[str, Any]:
        return {"id": "999999"}

    def refuse_tasks(self) -> str:
        order = {"do": "add_field", "name": "Cost centre", "required_in": "OPS"}
        requests.post(f"{self.url}/_sandbox/admin", json={"orders": [order]}, timeout=5).raise_for_status()
        return "Cost centre"

    def fingerprint(self) -> object:
        return requests.get(f"{self.url}/_sandbox/state", timeout=5).json()

    def finish_task(self, ticket: str) -> None:
        self._as_person(f"issue/{ticket}/transitions", {"transition": {"id": "31"}})

    def settle(self) -> None:
        time.sleep(SEARCH_LAG + 0.1)

    def make_service(self, name: str) -> str:
        fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "labels": ["continuity-service"]}
        return str(self._as_person("issue", {"fields": {**fields, "summary": name}})["id"])

    def rename_service(self, ticket: str, name: str) -> None:
        self._ask("PUT", f"issue/{ticket}", json={"fields": {"summary": name}})

    def delete_service(self, ticket: str) -> None:
        self._ask("DELETE", f"issue/{ticket}")

    def pass_time(self, seconds: float) -> datetime:
        return advance(self.url, seconds)

    def comment(self, ticket: str, text: str) -> None:
        self._as_person(f"issue/{ticket}/comment", {"body": text})

    def attach(self, ticket: str, name: str, content: bytes = b"fine") -> None:
        headers, file = {"X-Atlassian-Token": "no-check"}, (name, content, "text/plain")
        self._ask("POST", f"issue/{ticket}/attachments", headers=headers, files={"file": file})

    def files(self, ticket: str) -> list[tuple[str, bytes]]:
        rows = self._ask("GET", f"issue/{ticket}?fields=attachment").json()["fields"]["attachment"]
        auth, asked = ("dana.desk@example.com", "sandbox-token"), {"redirect": "false"}
        return [
            (row["filename"], requests.get(row["content"], params=asked, auth=auth, timeout=5).content) for row in rows
        ]

    def unwanted_file(self) -> tuple[str, bytes]:
        return "large.log", b"x" * (LARGEST + 1)

    def _issues(self) -> Any:
        return requests.get(f"{self.url}/_sandbox/state", timeout=5).json()["issues"]

    def _as_person(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._ask("POST", path, json=body)
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, **given: Any) -> requests.Response:
        auth = ("dana.desk@example.com", "sandbox-token")
        answer = requests.request(method, f"{self.url}/rest/api/2/{path}", auth=auth, timeout=5, **given)
        answer.raise_for_status()
        return answer


def advance(url: str, seconds: float) -> datetime:
    """Let time pass on a simulated platform; returns its instant now."""
    answer = requests.post(f"{url}/_sandbox/clock", json={"advance": seconds}, timeout=5)
    answer.raise_for_status()
    return datetime.fromisoformat(answer.json()["now"])


@contextmanager
def memory() -> Iterator[Bench]:
    yield MemoryBench()


@contextmanager
def servicenow() -> Iterator[Bench]:
    # What would be refused can be known only where the account may see the data policies.
    taken = frozenset({"log", "txt", "png"})
    running = start(create(Options(policy_acl=False, bcm=True, attachment_extensions=taken)))
    bench = ServiceNowBench(running.url)
    try:
        yield bench
    finally:
        bench.adapter.close()
        running.stop()


@contextmanager
def jira() -> Iterator[Bench]:
    running = start(simulated_jira.create(JiraOptions(search_lag=SEARCH_LAG, upload_limit=LARGEST)))
    bench = JiraBench(running.url)
    try:
        yield bench
    finally:
        bench.adapter.close()
        running.stop()


BENCHES: dict[str, Callable[[], AbstractContextManager[Bench]]] = {
    "jira": jira,
    "memory": memory,
    "servicenow": servicenow,
}
"""A platform more is a line more."""
