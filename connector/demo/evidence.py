"""What the simulated platforms hold and were asked, as they tell it themselves; nothing is asked of the connector."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import requests

Json = Mapping[str, Any]
TIMEOUT = 10.0
PATIENCE = 30.0
LOOK_EVERY = 0.1
QUIET = 0.8
"""Seconds without a call from the connector after which its work counts as done."""
TASK_TABLES = ("incident_task", "task")
DISPLAY = "continuity-connector"
"""What the connector writes on each record of its own: a correlation in ServiceNow, a label in Jira."""
CLOSING = {"3": "done", "4": "not achieved", "7": "skipped"}
_STATES = {"-5": "pending", "1": "open", "2": "in progress", **CLOSING}
_Found = TypeVar("_Found")


class NotSeen(Exception):
    """Something that had to happen was not seen on a platform in time."""


@dataclass(frozen=True)
class TaskTicket:
    """A recovery task as a platform holds it; `state` in the words of the story, `ident` as its REST names it."""

    platform: str
    ident: str
    number: str
    title: str
    team: str
    state: str
    table: str = ""


@dataclass(frozen=True)
class ServiceNowEvidence:
    """The records of the simulated ServiceNow at one moment."""

    tables: Mapping[str, list[dict[str, Any]]]
    journal: list[dict[str, Any]]

    def incident(self, number: str) -> dict[str, Any]:
        return next(row for row in self.tables["incident"] if row["number"] == number)

    def tasks(self, label: str) -> list[TaskTicket]:
        """Return the tasks whose title begins with a plan's label, such as `[PAY-DR`, in their order."""
        groups = {row["sys_id"]: row["name"] for row in self.tables["sys_user_group"]}
        found = [
            TaskTicket(
                "ServiceNow",
                row["sys_id"],
                row["number"],
                row["short_description"],
                groups.get(row["assignment_group"], ""),
                _STATES.get(row["state"], row["state"]),
                table,
            )
            for table in TASK_TABLES
            for row in self.tables[table]
            if row["short_description"].startswith(label)
        ]
        return sorted(found, key=lambda task: task.number)

    def notes(self, sys_id: str, element: str = "work_notes") -> list[str]:
        """Return what the connector wrote in a ticket's journal, oldest first."""
        return [
            str(entry["value"])
            for entry in self.journal
            if entry["element_id"] == sys_id
            and entry["element"] == element
            and entry["sys_created_by"] == "continuity.integration"
        ]

    def reviews(self) -> list[dict[str, Any]]:
        return [row for row in self.tables["problem"] if row["correlation_display"] == DISPLAY]


@dataclass(frozen=True)
class JiraEvidence:
    """The issues of the simulated Jira at one moment."""

    issues: list[dict[str, Any]]
    fields: Mapping[str, str]

    def issue(self, key: str) -> dict[str, Any]:
        return next(item for item in self.issues if item["key"] == key)

    def value(self, key: str, name: str) -> Any:
        """Return what an issue has in a custom field, by the field's name."""
        return self.issue(key)["fields"].get(self.fields[name])

    def tasks(self, label: str) -> list[TaskTicket]:
        """Return the sub-tasks whose title begins with a plan's label, in their order."""
        found = []
        for issue in self.issues:
            fields = issue["fields"]
            if fields["issuetype"]["subtask"] and fields["summary"].startswith(label):
                team = ", ".join(item["name"] for item in fields["components"])
                found.append(TaskTicket("Jira", issue["id"], issue["key"], fields["summary"], team, _state(issue)))
        return found

    def parents(self, label: str) -> list[dict[str, Any]]:
        """Return the issues of the connector's under which tasks with this label stand."""
        keys = {item["fields"]["parent"]["key"] for item in self.issues if item["fields"]["summary"].startswith(label)}
        return [item for item in self.issues if item["key"] in keys]


def _state(issue: Json) -> str:
    status = issue["fields"]["status"]
    words = {"new": "open", "indeterminate": "in progress", "done": "done"}
    state = words[status["statusCategory"]["key"]]
    return "pending" if state == "open" and "continuity-pending" in issue["fields"]["labels"] else state


class Witness:
    """Looks at both platforms."""

    def __init__(self, servicenow: str, jira: str) -> None:
        self.addresses = {"ServiceNow": servicenow, "Jira": jira}
        fields = requests.get(f"{jira}/rest/api/2/field", auth=_LOOKER, timeout=TIMEOUT).json()
        self._fields = {item["name"]: item["id"] for item in fields}

    def servicenow(self) -> ServiceNowEvidence:
        found = self._get("ServiceNow", "state")
        return ServiceNowEvidence(found["tables"], found["journal"])

    def jira(self) -> JiraEvidence:
        return JiraEvidence(self._get("Jira", "state")["issues"], self._fields)

    def tasks(self, label: str) -> list[TaskTicket]:
        return [*self.servicenow().tasks(label), *self.jira().tasks(label)]

    def calls(self, platform: str) -> list[dict[str, Any]]:
        """Return the calls that the connector made, without its polls and name look-ups at the start."""
        found = self._get(platform, "calls")["calls"]
        return [call for call in found if "integration" in (call["account"] or "") and not _is_poll(call)]

    def forget_calls(self) -> None:
        for address in self.addresses.values():
            requests.delete(f"{address}/_sandbox/calls", timeout=TIMEOUT).raise_for_status()

    def told(self, platform: str) -> list[dict[str, Any]]:
        """Return the webhook messages that a platform has sent, oldest first."""
        return list(self._get(platform, "webhooks")["sent"])

    def wait(self, what: str, look: Callable[[], _Found | None], seconds: float = PATIENCE) -> _Found:
        """Return what `look` finds as soon as it is true; raises NotSeen, naming `what`, after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise NotSeen(f"not seen within {seconds:.0f} s: {what}")
            time.sleep(LOOK_EVERY)

    def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until the connector has asked nothing of either platform for a while, polls left out."""
        counts = self._counts()
        since = time.monotonic()
        end = since + seconds
        while time.monotonic() - since < QUIET:
            time.sleep(LOOK_EVERY)
            present = self._counts()
            if present != counts:
                counts, since = present, time.monotonic()
            if time.monotonic() > end:
                raise NotSeen(f"the connector still works after {seconds:.0f} s")

    def _counts(self) -> list[int]:
        return [len(self.calls(platform)) for platform in self.addresses]

    def _get(self, platform: str, what: str) -> dict[str, Any]:
        answer = requests.get(f"{self.addresses[platform]}/_sandbox/{what}", timeout=TIMEOUT)
        answer.raise_for_status()
        return dict(answer.json())


def began(call: Json) -> datetime:
    """Return when a call, or a webhook message, left."""
    return ended(call) - timedelta(milliseconds=float(call["ms"]))


def ended(call: Json) -> datetime:
    """Return when a call, or a webhook message, was answered."""
    return datetime.fromisoformat(str(call["at"]))


def makes_tasks(call: Json) -> bool:
    """Tell whether a call created recovery tasks."""
    inner = call.get("inner") or []
    bulk = any(item["method"] == "POST" and item["path"].endswith(TASK_TABLES) for item in inner)
    return bulk or str(call["path"]).endswith("/issue/bulk")


def _is_poll(call: Json) -> bool:
    inner = call.get("inner") or []
    return "search" in call["path"] or (bool(inner) and all(item["method"] == "GET" for item in inner))


_LOOKER = ("dana.desk@example.com", "sandbox-token")
