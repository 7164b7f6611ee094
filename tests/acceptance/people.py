"""The people of a campaign: they raise major incidents and work on recovery tasks, each move drawn from the seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests

from tests.acceptance.estate import Service
from tests.acceptance.evidence import Held, Raised, Ticket
from tests.acceptance.stack import Stack

TRIES = 5
PRIORITY = {"impact": "1", "urgency": "1"}


@dataclass
class Work:
    """What people mean to do, and have done, on one activation; tasks by key."""

    raised: Raised
    goal: int
    closed: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    taken: dict[str, str] = field(default_factory=dict)
    """Which of its tickets a task is worked on: nobody works on both."""

    @property
    def finished(self) -> bool:
        return len(self.closed) >= self.goal

    @property
    def restored(self) -> bool:
        """Whether the required tasks up to recovery are done."""
        needed = {step.key for step in self.raised.service.steps if step.required and step.phase != "return_to_normal"}
        return needed <= self.closed


class Desk:
    """Raises major incidents."""

    def __init__(self, stack: Stack, cis: Mapping[str, str], chance: Random) -> None:
        self._stack = stack
        self._cis = cis
        self._chance = chance

    def raise_major(self, service: Service, number: int) -> Work:
        """Raise one, in ServiceNow mostly; now and then its CI is filled in only after the promotion."""
        chance = self._chance
        steps = len(service.steps)
        goal = steps if chance.random() < 0.4 else chance.randrange(steps)
        text = f"{service.name} is down ({number})"
        if chance.random() < 0.2:
            return Work(self._in_jira(service, text), goal)
        late = chance.random() < 0.25
        fields = {**PRIORITY, "short_description": text} | ({} if late else {"cmdb_ci": self._cis[service.ci]})
        made = self._stack.servicenow("POST", "table/incident", json=fields)
        self._stack.steer("servicenow", "POST", "promote", {"number": made["number"]})
        if late:
            change = {"cmdb_ci": self._cis[service.ci]}
            insist(lambda: self._stack.servicenow("PATCH", f"table/incident/{made['sys_id']}", json=change))
        return Work(Raised("servicenow", made["sys_id"], made["number"], service), goal)

    def _in_jira(self, service: Service, text: str) -> Raised:
        fields = {
            "project": {"key": "SD"},
            "issuetype": {"name": "Incident"},
            "summary": text,
            "priority": {"name": "Highest"},
            "labels": [service.key],
        }
        made = self._stack.jira("POST", "issue", json={"fields": fields})
        return Raised("jira", made["id"], made["key"], service)


class Crew:
    """Closes tasks that are open, on whichever platform it finds them first."""

    def __init__(self, stack: Stack, chance: Random) -> None:
        self._stack = stack
        self._chance = chance

    def work(self, held: Held, works: list[Work], share: float) -> int:
        """Take a share of the open tasks of activations whose goal is not reached; returns how many moved."""
        moved = 0
        for work in works:
            if work.finished:
                continue
            names = {step.name: step.key for step in work.raised.service.steps}
            tickets = [item for item in held.tickets(work.raised) if item.state in {"open", "in progress"}]
            self._chance.shuffle(tickets)
            for ticket in sorted(tickets, key=lambda item: item.name):
                key = names.get(ticket.name, "")
                if not key or key in work.closed or work.finished or self._chance.random() > share:
                    continue
                if work.taken.setdefault(key, ticket.ident) != ticket.ident:
                    continue
                if ticket.state == "open" and key not in work.started and self._chance.random() < 0.2:
                    moved += self._move(ticket, "2", "In Progress")
                    work.started.add(key)
                elif self._move(ticket, "3", "Done"):
                    work.closed.add(key)
                    moved += 1
        return moved

    def _move(self, ticket: Ticket, state: str, status: str) -> bool:
        """Move a ticket; returns whether it went through."""
        if ticket.place:
            return insist(lambda: self._in_jira(ticket.ident, status))
        path = f"table/{ticket.table}/{ticket.ident}"
        return insist(lambda: self._stack.servicenow("PATCH", path, json={"state": state}))

    def _in_jira(self, ident: str, status: str) -> None:
        offered: list[dict[str, Any]] = self._stack.jira("GET", f"issue/{ident}/transitions")["transitions"]
        chosen = next((item["id"] for item in offered if item["to"]["name"] == status), "")
        if chosen:  # not offered: it stands there already
            self._stack.jira("POST", f"issue/{ident}/transitions", json={"transition": {"id": chosen}})


def insist(act: Callable[[], object]) -> bool:
    """Do something that may be done twice, again when the answer did not come, as people do."""
    for _ in range(TRIES):
        try:
            act()
        except requests.RequestException:
            continue
        return True
    return False
