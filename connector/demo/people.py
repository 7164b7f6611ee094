"""What people do, each under their own account, over the platforms' own REST."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT = 10.0
STATES = {"in progress": "2", "done": "3"}
"""The words of the story and the states of a ServiceNow task."""


@dataclass(frozen=True)
class Person:
    """A person of the seeded world."""

    account: str
    name: str


DANA = Person("dana.desk", "Dana Reyes")
IVAN = Person("ivan.incident", "Ivan Petrov")
PRIYA = Person("priya.dba", "Priya Nair")
TOM = Person("tom.network", "Tom Becker")
AISHA = Person("aisha.apps", "Aisha Khan")
CARLA = Person("carla.continuity", "Carla Mendes")


@dataclass(frozen=True)
class ServiceNowHands:
    """A person at ServiceNow. Raises requests.RequestException when the platform refuses."""

    url: str

    def raise_incident(self, who: Person, values: Mapping[str, str]) -> dict[str, Any]:
        return self._call(who, "POST", "incident", json={**values, "caller_id": who.account})

    def change_incident(self, who: Person, sys_id: str, values: Mapping[str, str]) -> None:
        self._call(who, "PATCH", f"incident/{sys_id}", json=dict(values))

    def promote(self, number: str) -> None:
        """Accept the incident as a major one in the Major Incident Workbench, which has no REST of its own."""
        answer = requests.post(f"{self.url}/_sandbox/promote", json={"number": number}, timeout=TIMEOUT)
        answer.raise_for_status()

    def move(self, who: Person, table: str, sys_id: str, to: str) -> None:
        """Take a task in hand (`in progress`), or close it as complete (`done`)."""
        query = {"sysparm_input_display_value": "false"}
        self._call(who, "PATCH", f"{table}/{sys_id}", json={"state": STATES[to]}, params=query)

    def _call(
        self,
        who: Person,
        method: str,
        path: str,
        *,
        json: Mapping[str, str],
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        address = f"{self.url}/api/now/table/{path}"
        auth = (who.account, "sandbox-password")
        answer = requests.request(method, address, auth=auth, json=json, params=params, timeout=TIMEOUT)
        answer.raise_for_status()
        return dict(answer.json()["result"])


@dataclass(frozen=True)
class JiraHands:
    """A person at Jira. Raises requests.RequestException when the platform refuses."""

    url: str

    def raise_incident(self, who: Person, fields: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(who, "POST", "issue", {"fields": dict(fields)})

    def move(self, who: Person, key: str, to: str) -> None:
        """Take the transition that leads to a status of this name."""
        offered = self._call(who, "GET", f"issue/{key}/transitions", None)["transitions"]
        chosen = next(item["id"] for item in offered if item["to"]["name"].casefold() == to.casefold())
        self._call(who, "POST", f"issue/{key}/transitions", {"transition": {"id": chosen}})

    def _call(self, who: Person, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        auth = (f"{who.account}@example.com", "sandbox-token")
        answer = requests.request(method, f"{self.url}/rest/api/2/{path}", auth=auth, json=body, timeout=TIMEOUT)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}
