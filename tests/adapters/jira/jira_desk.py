"""A simulated Jira of each flavour, and an adapter to it that waits for nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from adapters.jira import Jira
from adapters.jira.connection import Flavour
from connector.ticketing import Names, Outcome, Record, Write
from mappings.library import load

MAPPINGS = load("jira")
LAG = 30.0
USER = "continuity.integration"
TITLES = {"title": "Restore payments", "text": "Do it\n- first\n- second", "project": "OPS"}


@dataclass
class Desk:
    """A Jira as people and the adapter see it; `slept` are the waits that the adapter asked for, in seconds."""

    url: str
    flavour: Flavour
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    slept: list[float] = field(default_factory=list)

    def adapter(self, **settings: Any) -> Jira:
        auth = (f"{USER}@example.com", "sandbox-token") if self.flavour == "cloud" else "sandbox-token"
        facts = {
            "project": "OPS",
            "projects": ("SD",),
            "fallback_team": "Service Desk",
            "search_lag": LAG,
            "mappings": MAPPINGS,
        } | settings
        return Jira(
            "jira-test",
            self.url,
            auth,
            flavour=self.flavour,
            now=lambda: self.now,
            sleep=self.slept.append,
            **facts,
        )

    def warmed(self, **settings: Any) -> Jira:
        adapter = self.adapter(**settings)
        adapter.warm(Names(projects=("OPS", "NET", "SD")))
        self.forget_calls()
        return adapter

    def steer(self, path: str, body: Any) -> Any:
        answer = requests.post(f"{self.url}/_sandbox/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def administer(self, *orders: dict[str, Any]) -> None:
        """Change the site as an administrator would (`sandbox.jira.admin`)."""
        self.steer("admin", {"orders": list(orders)})

    def faults(self, *faults: dict[str, Any]) -> None:
        self.steer("faults", {"faults": list(faults)})

    def calls(self) -> list[str]:
        listed = requests.get(f"{self.url}/_sandbox/calls", timeout=5).json()["calls"]
        return [f"{call['method']} {call['path'].split('/rest/api/')[1][1:]}" for call in listed]

    def forget_calls(self) -> None:
        requests.delete(f"{self.url}/_sandbox/calls", timeout=5)

    def issues(self) -> dict[str, Any]:
        found = requests.get(f"{self.url}/_sandbox/state", timeout=5).json()["issues"]
        return {issue["key"]: issue for issue in found}

    def person(self, method: str, path: str, body: Any = None) -> Any:
        """Do something as a person would, in the flavour's REST."""
        auth = (
            ("dana.desk@example.com", "sandbox-token") if self.flavour == "cloud" else ("dana.desk", "sandbox-password")
        )
        answer = requests.request(method, f"{self.url}/rest/api/2{path}", json=body, auth=auth, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


def write(key: str, record: Record = "recovery_task", **values: Any) -> Write:
    return Write(key, "create", record, values={**TITLES, "title": f"Task {key}", **values})


def only(outcomes: list[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome
