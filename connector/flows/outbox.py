"""From where an activation or a ticket stands to the writes that bring the platforms in step (level-triggered)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector import wording
from connector.activation import Standing, TaskStanding
from connector.flows.incidents import link_since, name
from connector.flows.parts import Connection, Parts
from connector.recovery_status import recovery_status
from connector.recovery_task import CLOSED, Target
from connector.store import activations, tickets, writes

REVIEW = "_review"
LONGEST_KEY = 100
SAME_TIME = timedelta(minutes=1)
"""Due times closer than this are the same on a platform."""
_NOTHING = (None, "")


class Outbox:
    """Plans the writes of one activation inside a transaction; all state comes from the store."""

    def __init__(self, tx: sa.Connection, parts: Parts, row: sa.Row[Any], standing: Standing, now: datetime) -> None:
        self.tx = tx
        self.parts = parts
        self.row = row
        self.standing = standing
        self.now = now
        self.subject = f"activation:{row.id}"
        self.placements = list(activations.placements(tx, row.id))
        self.lead = tickets.get(tx, row.connection, row.platform_id) if row.platform_id else None
        self.incident = self.lead.number if self.lead is not None else ""
        self.link = self._link()

    def plan(self, only: str = "") -> None:
        """Intend every write that is missing, on all connections or on one."""
        for connection in self.parts.connections.values():
            if only in {"", connection.name}:
                self._plan_connection(connection)
        for ticket in tickets.of_activation(self.tx, self.row.id):
            side = self.parts.connections.get(ticket.connection)
            if side is not None and only in {"", side.name}:
                self._plan_ticket(side, ticket)

    def _link(self) -> str:
        if self.lead is None:
            return self.parts.links.address("activation", name(self.row.id), self.row.started_at)
        connection = self.parts.connections[self.row.connection]
        return self.parts.links.address(
            self.row.connection, self.lead.number, link_since(connection.incident(self.lead), self.row.started_at)
        )

    def _plan_connection(self, connection: Connection) -> None:
        wanted = list(self._targets(connection))
        projects = dict.fromkeys(project for _, project in wanted)
        if connection.ticketing.traits.activation_is_ticket:
            if self._review_here(connection):
                projects[connection.review_project or connection.project] = None
            for project in projects:
                self._place_activation(connection, project)
        for task, project in wanted:
            self._place_task(connection, task, project)
        if self._review_here(connection) and self.standing.restored_at is not None:
            self._place_review(connection)
        for placement in self.placements:
            if placement.connection == connection.name and placement.platform_id and not placement.gone:
                self._update_placement(connection, placement)
                if placement.record == "activation" and connection.ticketing.traits.remote_links:
                    self._link_placement(connection, placement)

    def _targets(self, connection: Connection) -> Iterable[tuple[TaskStanding, str]]:
        """Yield the tasks that stand on a connection, with the project each is in."""
        plan_tasks = {task.key: task for task in self.standing.plan.tasks}
        for task in self.standing.tasks.values():
            own = plan_tasks[task.key].targets if task.key in plan_tasks else ()
            for target in own or (self._desk_target(),):
                found = self.parts.connection_for(target.platform, self.row.connection)
                project = target.project
                if found is None:  # a connection that was taken out: the incident's side gets the task
                    found, project = self._desk_connection(), ""
                if found is not None and found.name == connection.name:
                    yield task, project or connection.project

    def _desk_target(self) -> Target:
        """Where questions to the desk go: the incident's side, or the first task's for an activation without one."""
        if self.row.connection:
            return Target(self.row.connection)
        return next((target for task in self.standing.plan.tasks for target in task.targets), Target(""))

    def _desk_connection(self) -> Connection | None:
        found = self.parts.connection_for(self._desk_target().platform, self.row.connection)
        return found or next(iter(self.parts.connections.values()), None)

    def _review_here(self, connection: Connection) -> bool:
        found = self._desk_connection()
        return found is not None and found.name == connection.name

    def _standing_at(self, record: str, key: str, connection: Connection) -> list[sa.Row[Any]]:
        return [
            item
            for item in self.placements
            if (item.record, item.key, item.connection) == (record, key, connection.name)
        ]

    def _place_activation(self, connection: Connection, project: str) -> None:
        if self._standing_at("activation", project, connection):
            return
        values = {
            "title": wording.label(
                f"{self.standing.plan.name} - {self.incident or name(self.row.id)}", exercise=self.standing.exercise
            ),
            "text": wording.activation_text(self.standing, self.incident, self.row.services, self.link),
            "project": project,
            "continuity_link": self.link,
            **self._status(),
        }
        self._place("activation", project, connection, project, 0, values)

    def _place_task(self, connection: Connection, task: TaskStanding, project: str) -> None:
        there = self._standing_at("recovery_task", task.key, connection)
        plan_tasks = {item.key: item for item in self.standing.plan.tasks}
        planned = plan_tasks.get(task.key)
        if there and not self._needs_another(task, there):
            return
        if not there and task.state in CLOSED and task.kind != "plan":
            return
        values: dict[str, Any] = {
            "title": wording.task_title(self.standing, task),
            "text": wording.task_text(self.standing, planned, self.incident, self.link)
            if planned
            else wording.question_text(self.standing, task, self.incident, self.link),
            "state": task.state.value,
            "due_at": _iso(task.due_at),
            "team": planned.team if planned else connection.desk_team,
            "assignee": "",
            "order": (list(plan_tasks).index(task.key) + 1) * 100 if planned else 10,
            "required": planned.required if planned else True,
            "project": project,
            "continuity_link": self.link,
            "continuity_plan": self.standing.plan.key,
            "lasting": bool(there) or self._incident_gone(connection),
        }
        if connection.name == self.row.connection:
            values["incident"] = self.row.platform_id
        if connection.ticketing.traits.activation_is_ticket:
            anchors = self._standing_at("activation", project, connection)
            if not anchors or not anchors[0].platform_id:
                return  # its parent comes first; planned again when that stands
            values["parent"] = anchors[0].platform_id
        self._place("recovery_task", task.key, connection, project, len(there), values)

    def _needs_another(self, task: TaskStanding, there: Sequence[sa.Row[Any]]) -> bool:
        """Tell whether a task whose ticket died with its incident has to go on in another, lasting ticket."""
        if task.state in CLOSED or any(not item.gone for item in there) or there[-1].gone == "deleted":
            return False
        if task.kind == "plan" and self.standing.stand_down == "asked":
            return False
        return not any(
            item.key == task.key and item.record == "recovery_task" and not item.gone for item in self.placements
        )

    def _incident_gone(self, connection: Connection) -> bool:
        """Tell whether new work must not hang on the incident, because it has ended or there is none."""
        if connection.name != self.row.connection or self.lead is None:
            return True
        return not connection.incident(self.lead).active

    def _place_review(self, connection: Connection) -> None:
        if self._standing_at("review", REVIEW, connection):
            return
        values: dict[str, Any] = {
            "title": wording.label(
                f"Post-incident review: {self.standing.plan.name} - {self.incident or name(self.row.id)}",
                exercise=self.standing.exercise,
            ),
            "text": wording.review_text(self.standing, self.incident, self.link),
            "state": "open",
            "team": connection.desk_team,
            "project": connection.review_project or connection.project,
            "continuity_link": self.link,
        }
        if connection.name == self.row.connection:
            values["incident"] = self.row.platform_id
        if connection.ticketing.traits.activation_is_ticket:
            anchors = self._standing_at("activation", values["project"], connection)
            if not anchors or not anchors[0].platform_id:
                return
            values["parent"] = anchors[0].platform_id
        self._place("review", REVIEW, connection, values["project"], 0, values)

    def _place(
        self, record: str, key: str, connection: Connection, project: str, turn: int, values: Mapping[str, Any]
    ) -> None:
        """Record where a record shall stand and intend its creation, under one key for ever."""
        write_key = bounded(f"{self.row.key}:{record}:{key}:{connection.name}:{turn}")
        placement_id = activations.place(
            self.tx,
            {
                "activation_id": self.row.id,
                "record": record,
                "key": key,
                "connection": connection.name,
                "project": project,
                "round": turn,
                "write_key": write_key,
                "state": values.get("state", ""),
                "written": {field: values.get(field) for field in ("state", "due_at")} | self._status_in(record),
            },
        )
        self._intend(write_key, connection, "create", record, values, placement_id=placement_id)

    def _status_in(self, record: str) -> dict[str, Any]:
        return self._status() if record == "activation" else {}

    def _update_placement(self, connection: Connection, placement: sa.Row[Any]) -> None:
        """Intend what has changed since a ticket of ours was last written."""
        if placement.record == "recovery_task":
            task = self.standing.tasks[placement.key]
            wanted = {"state": task.state.value, "due_at": _iso(task.due_at)}
            note = f"{task.state.value}: {task.reason}" if task.reason and task.state in CLOSED else ""
        elif placement.record == "activation":
            done = self.standing.state != "running"
            wanted = {**self._status(), "state": "done" if done else ""}
            note = ""
        else:
            return
        changes = self._changes(placement, wanted)
        pending = [
            item
            for item in writes.unfinished(self.tx, self.subject, connection.name)
            if item.placement_id == placement.id and item.action == "update"
        ]
        unsent = [item for item in pending if item.state == "pending" and item.attempts == 0]
        if any(item not in unsent for item in pending):
            return  # one is on its way or parked; what is new goes out after it
        if not changes:
            writes.update(self.tx, [item.id for item in unsent], {"state": "superseded", "done_at": self.now})
        elif unsent:
            writes.update(self.tx, [unsent[0].id], {"values": changes})
        else:
            prefix = f"{placement.write_key}:update:"
            self._intend(
                f"{prefix}{writes.count_with_prefix(self.tx, prefix)}",
                connection,
                "update",
                placement.record,
                changes,
                placement_id=placement.id,
                platform_id=placement.platform_id,
                number=placement.number,
                note=note if "state" in changes else "",
            )

    def _link_placement(self, connection: Connection, placement: sa.Row[Any]) -> None:
        """Put the plan's page on the activation's own ticket, so that engineers find it."""
        self._link_to(connection, placement, resolved=self.standing.restored_at is not None)

    def _link_to(self, connection: Connection, place: sa.Row[Any], *, resolved: bool, link: str = "") -> None:
        intend_link(
            self.tx,
            connection,
            place,
            Link(self.standing.plan.key, self.standing.plan.name, link or self.link, resolved=resolved),
            subject=self.subject,
            activation_id=self.row.id,
            now=self.now,
        )

    def _changes(self, placement: sa.Row[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        written = {**placement.written, "state": placement.state}
        return {key: value for key, value in wanted.items() if not _same(key, written.get(key), value)}

    def _status(self) -> dict[str, Any]:
        status = recovery_status(self.standing)
        return {
            "continuity_plan": self.standing.plan.key,
            "continuity_phase": wording.PHASE_NAMES[status.phase],
            "recovery_status": status.text,
            "recovery_progress": status.percent,
            "rto_due": _iso(status.due_at),
        }

    def _plan_ticket(self, connection: Connection, ticket: sa.Row[Any]) -> None:
        wanted = {"continuity_plan": self.standing.plan.key} if ticket.role == "child" else self._status()
        wanted["continuity_link"] = self.parts.links.address(
            ticket.connection, ticket.number, link_since(connection.incident(ticket), self.row.started_at)
        )
        plan_ticket(self.tx, self.parts, connection, ticket, wanted, subject=self.subject, now=self.now)
        if connection.ticketing.traits.remote_links:
            resolved = ticket.role != "child" and self.standing.restored_at is not None
            self._link_to(connection, ticket, resolved=resolved, link=wanted["continuity_link"])

    def _intend(
        self,
        key: str,
        connection: Connection,
        action: str,
        record: str,
        values: Mapping[str, Any],
        *,
        placement_id: int,
        platform_id: str = "",
        number: str = "",
        note: str = "",
    ) -> None:
        writes.intend(
            self.tx,
            {
                "key": key,
                "connection": connection.name,
                "subject": self.subject,
                "activation_id": self.row.id,
                "placement_id": placement_id,
                "action": action,
                "record": record,
                "platform_id": platform_id,
                "number": number,
                "values": dict(values),
                "note": note,
                "next_at": self.now,
                "created_at": self.now,
            },
        )
        if action == "create":
            self.placements = list(activations.placements(self.tx, self.row.id))


def plan_ticket(
    tx: sa.Connection,
    parts: Parts,
    connection: Connection,
    ticket: sa.Row[Any],
    wanted: Mapping[str, Any],
    *,
    subject: str,
    now: datetime,
) -> None:
    """Intend the write-back of a ticket: fields that differ from what was last written, and notes not told yet.

    Changes that come within the window after a write-back wait for its end and go out as one.
    """
    prefix = f"write-back:{connection.name}:{ticket.platform_id}:"
    changes = {key: value for key, value in wanted.items() if not _same(key, ticket.written.get(key), value)}
    notes = writes.untold(tx, connection.name, ticket.platform_id)
    pending = [item for item in writes.for_ticket(tx, connection.name, ticket.platform_id) if item.action == "update"]
    unsent = [item for item in pending if item.state == "pending" and item.attempts == 0]
    if any(item not in unsent for item in pending) or not (changes or notes or unsent):
        return
    text = "\n\n".join(item.text for item in notes)
    if unsent:
        mine = unsent[0]
        writes.carry(tx, [item.id for item in notes], mine.key)
        writes.update(
            tx, [mine.id], {"values": changes, "note": "\n\n".join(part for part in (mine.note, text) if part)}
        )
        return
    key = f"{prefix}{writes.count_with_prefix(tx, prefix)}"
    last = writes.last_sent(tx, prefix)
    quiet = last is None or bool(notes) or last + parts.timing.write_back_window <= now
    writes.carry(tx, [item.id for item in notes], key)
    writes.intend(
        tx,
        {
            "key": key,
            "connection": connection.name,
            "subject": subject,
            "activation_id": ticket.activation_id,
            "action": "update",
            "record": "incident",
            "platform_id": ticket.platform_id,
            "number": ticket.number,
            "values": changes,
            "note": text,
            "next_at": now if quiet or last is None else last + parts.timing.write_back_window,
            "created_at": now,
        },
    )


def plan_linked(tx: sa.Connection, parts: Parts, ticket: sa.Row[Any], now: datetime) -> None:
    """Intend what a ticket without an activation gets: the mapped fields, its notes, and the remote link."""
    connection = parts.connections[ticket.connection]
    incident = connection.incident(ticket)
    plan = parts.records.read(tx).plans.get(ticket.plan_key)
    link = parts.links.address(ticket.connection, ticket.number, link_since(incident, now))
    wanted = {"continuity_plan": ticket.plan_key, "continuity_link": link} if ticket.plan_key else {}
    subject = f"ticket:{ticket.connection}:{ticket.platform_id}"
    plan_ticket(tx, parts, connection, ticket, wanted, subject=subject, now=now)
    if connection.ticketing.traits.remote_links and plan is not None:
        intend_link(
            tx,
            connection,
            ticket,
            Link(plan.key, plan.name, link, resolved=False),
            subject=subject,
            activation_id=None,
            now=now,
        )


@dataclass(frozen=True)
class Link:
    """The plan's page as a remote link; crossed out once the service is restored."""

    plan_key: str
    title: str
    address: str
    resolved: bool


def intend_link(
    tx: sa.Connection,
    connection: Connection,
    place: sa.Row[Any],
    link: Link,
    *,
    subject: str,
    activation_id: int | None,
    now: datetime,
) -> None:
    """Put a link on a ticket, once, and once more when it is resolved."""
    turn = f"resolved:{activation_id}" if link.resolved else "open"
    writes.intend(
        tx,
        {
            "key": f"link:{connection.name}:{place.platform_id}:{link.plan_key}:{turn}",
            "connection": connection.name,
            "subject": subject,
            "activation_id": activation_id,
            "action": "link",
            "record": "incident",
            "platform_id": place.platform_id,
            "number": place.number,
            "values": {
                "global_id": f"continuity:{connection.name}:{place.platform_id}:{link.plan_key}",
                "url": link.address,
                "title": f"Continuity plan: {link.title}"[:255],
                "summary": "Plan, response team, recovery tasks and RTO",
                "resolved": link.resolved,
            },
            "next_at": now,
            "created_at": now,
        },
    )


def bounded(key: str) -> str:
    """Return a key that fits where platforms keep it (100 characters), still beginning with its activation's."""
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key.partition(':')[0]}:{digest}"


def _same(key: str, written: Any, wanted: Any) -> bool:
    if key in {"due_at", "rto_due"} and written and wanted:
        return abs(datetime.fromisoformat(written) - datetime.fromisoformat(wanted)) < SAME_TIME
    return bool(written == wanted) or (written in _NOTHING and wanted in _NOTHING)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
