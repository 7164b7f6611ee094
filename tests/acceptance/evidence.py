"""What the two platforms hold, sorted by the incident that it belongs to; the connector is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tests.acceptance.estate import Service, Step
from tests.acceptance.stack import Stack

Json = Mapping[str, Any]
OURS = "continuity-connector"
ACCOUNT = "continuity.integration"
_WRITTEN_BACK = ("Continuity plan", "Recovery status", "Recovery progress", "RTO due")
TASK_TABLES = ("incident_task", "task")
_STATES = {"-5": "pending", "1": "open", "2": "in progress", "3": "done", "4": "not achieved", "7": "skipped"}
_CATEGORIES = {"new": "open", "indeterminate": "in progress", "done": "done"}
_MARK = re.compile(r"\\?\[continuity:[0-9a-f]{10}\\?\]")
_UNIQUE = re.compile(r"continuity-[0-9a-f]{16}")


@dataclass(frozen=True)
class Raised:
    """A major incident as it was raised: `side` its platform, `ident` how its REST names it."""

    side: str
    ident: str
    number: str
    service: Service


@dataclass(frozen=True)
class Ticket:
    """A recovery task's ticket; `place` is a Jira project or "" for ServiceNow."""

    place: str
    table: str
    ident: str
    number: str
    name: str
    state: str


@dataclass(frozen=True)
class Held:
    """Both platforms at one moment; `fields` are the ids of Jira's fields by name."""

    tables: Mapping[str, list[dict[str, Any]]]
    journal: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    fields: Mapping[str, str]

    @cached_property
    def incidents(self) -> Mapping[str, dict[str, Any]]:
        return {row["sys_id"]: row for row in self.tables["incident"]}

    @cached_property
    def by_key(self) -> Mapping[str, dict[str, Any]]:
        return {issue["key"]: issue for issue in self.issues}

    @cached_property
    def made_in_servicenow(self) -> list[dict[str, Any]]:
        return [row for table in TASK_TABLES for row in self.tables[table] if row["correlation_display"] == OURS]

    @cached_property
    def made_in_jira(self) -> list[dict[str, Any]]:
        return [issue for issue in self.issues if OURS in issue["fields"]["labels"]]

    def parents(self, raised: Raised) -> list[dict[str, Any]]:
        """Return the issues that stand for an incident's activation, one a project when all is well."""
        return [
            issue
            for issue in self.made_in_jira
            if "continuity-activation" in issue["fields"]["labels"]
            and issue["fields"]["summary"].endswith(f" - {raised.number}")
        ]

    def tickets(self, raised: Raised) -> list[Ticket]:
        """Return the task tickets of an incident on both platforms."""
        found = [
            Ticket(
                "",
                row["sys_class_name"],
                row["sys_id"],
                row["number"],
                _name(row["short_description"]),
                _STATES[row["state"]],
            )
            for row in self.made_in_servicenow
            if _is_for(row, raised)
        ]
        parents = {issue["key"]: issue["fields"]["project"]["key"] for issue in self.parents(raised)}
        for issue in self.made_in_jira:
            fields = issue["fields"]
            parent = (fields.get("parent") or {}).get("key")
            if parent in parents and "continuity-task" in fields["labels"]:
                found.append(
                    Ticket(parents[parent], "", issue["id"], issue["key"], _name(fields["summary"]), _state(issue))
                )
        return found

    def reviews(self, raised: Raised) -> list[str]:
        """Return the numbers of the reviews of an incident, wherever they stand."""
        ending = f" - {raised.number}"
        there = [
            row["number"]
            for row in self.tables["problem"]
            if row["correlation_display"] == OURS and row["short_description"].endswith(ending)
        ]
        return there + [
            issue["key"]
            for issue in self.made_in_jira
            if "continuity-review" in issue["fields"]["labels"] and issue["fields"]["summary"].endswith(ending)
        ]

    def notes(self, raised: Raised) -> list[str]:
        """Return what the connector wrote on an incident for the desk, oldest first, marks included."""
        if raised.side == "servicenow":
            return [
                str(row["value"])
                for row in self.journal
                if row["element_id"] == raised.ident and row["sys_created_by"] == ACCOUNT
            ]
        return [
            str(comment["body"])
            for comment in self.by_key[raised.number]["comments"]
            if _MARK.search(str(comment["body"]))
        ]

    def to_customer(self, raised: Raised) -> int:
        """Return how many of the notes a customer would see."""
        if raised.side == "servicenow":
            rows = [
                row for row in self.journal if row["element_id"] == raised.ident and row["sys_created_by"] == ACCOUNT
            ]
            return sum(row["element"] != "work_notes" for row in rows)
        return sum(
            bool(comment["public"])
            for comment in self.by_key[raised.number]["comments"]
            if _MARK.search(str(comment["body"]))
        )

    def links(self, number: str) -> list[bool]:
        """Return, for each remote link on an issue, whether it is marked resolved."""
        return [bool(link["object"].get("status", {}).get("resolved")) for link in self.by_key[number]["remotelinks"]]

    def written_back(self, raised: Raised) -> Mapping[str, Any]:
        """Return the fields of recovery on an incident: plan, status, progress (a number), due, begun (instants)."""
        if raised.side == "servicenow":
            row = self.incidents[raised.ident]
            return {
                "plan": row["u_continuity_plan"],
                "status": row["u_recovery_status"],
                "progress": float(row["u_recovery_progress"] or -1),
                "due": _instant(row["u_rto_due"]),
                "begun": _instant(row["opened_at"]),
                "link": row["u_continuity_link"],
            }
        fields = self.by_key[raised.number]["fields"]
        value = {name: fields.get(self.fields[name]) for name in _WRITTEN_BACK}
        progress = value["Recovery progress"]
        return {
            "plan": value["Continuity plan"],
            "status": value["Recovery status"] or "",
            "progress": float(-1 if progress is None else progress),
            "due": _instant(value["RTO due"]),
            "begun": _instant(fields["created"]),
            "link": "on the remote link",
        }

    def unique_marks(self) -> Iterable[tuple[str, str]]:
        """Yield (mark, number) of each record that the connector created: no mark stands twice."""
        for row in (*self.made_in_servicenow, *self.tables["problem"]):
            if row["correlation_display"] == OURS:
                yield row["correlation_id"], row["number"]
        for issue in self.made_in_jira:
            for label in issue["fields"]["labels"]:
                if _UNIQUE.fullmatch(label):
                    yield label, issue["key"]


def look(stack: Stack) -> Held:
    """Read everything from both platforms."""
    servicenow, jira = (stack.steer(side, "GET", "state") for side in ("servicenow", "jira"))
    return Held(servicenow["tables"], servicenow["journal"], jira["issues"], stack.jira_fields)


def expected_states(service: Service, closed: Iterable[str], started: Iterable[str]) -> Mapping[str, str]:
    """Return the state of each task by what people did: the plan's own rule, told again from its file."""
    done, begun = set(closed), set(started)

    def state(step: Step) -> str:
        if step.key in done:
            return "done"
        if any(before not in done for before in step.after):
            return "pending"
        return "in progress" if step.key in begun else "open"

    return {step.key: state(step) for step in service.steps}


def unmarked(note: str) -> str:
    """Return a note without our mark."""
    return _MARK.sub("", note).strip()


def mark_of(note: str) -> str:
    found = _MARK.search(note)
    return found[0] if found else ""


def _is_for(row: Json, raised: Raised) -> bool:
    if raised.side == "servicenow" and raised.ident in {row.get("incident"), row.get("parent")}:
        return True
    return f", for {raised.number}\n" in f"{row['description']}\n"


def _name(title: str) -> str:
    return title.rpartition("] ")[2]


def _state(issue: Json) -> str:
    state = _CATEGORIES[issue["fields"]["status"]["statusCategory"]["key"]]
    return "pending" if state == "open" and "continuity-pending" in issue["fields"]["labels"] else state


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
