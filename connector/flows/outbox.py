"""From where an activation or a ticket stands to the writes that bring the platforms in step (level-triggered)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from connector.activation import number
from connector.flows.creates import Creates, Occasion
from connector.flows.incidents import link_address
from connector.flows.parts import Connection, Parts
from connector.flows.write_back import Link, about, intend_link, plan_ticket
from connector.merge import Field, merge
from connector.recovery_task import CLOSED, TaskState
from connector.standing import Standing, TaskStanding
from connector.store import activations, deliveries, tickets, writes
from connector.value import iso, same

REVIEW = "_review"
LONGEST_KEY = 100
_MERGED = frozenset({"due_at"})
"""What both sides may set. A task's state is none of these: who moved it last is settled when the move is heard of."""


class Outbox:
    """Plans the writes of one activation inside a transaction; all state comes from the store."""

    def __init__(self, tx: sa.Connection, parts: Parts, row: sa.Row[Any], standing: Standing, now: datetime) -> None:
        self.tx = tx
        self.parts = parts
        self.row = row
        self.standing = standing
        self.now = now
        self.subject = f"activation:{row.id}"
        self.placements: list[sa.Row[Any]] = []
        self._by_place: dict[tuple[str, str, str], list[sa.Row[Any]]] = {}
        for placement in activations.placements(tx, row.id):
            self._stand(placement)
        self.lead = tickets.get(tx, row.connection, row.platform_id) if row.platform_id else None
        self.creating: list[dict[str, Any]] = []
        self.link = self._link()
        occasion = Occasion(
            number(row.id),
            tuple(row.services),
            self.link,
            row.connection,
            row.platform_id,
            self.lead.number if self.lead is not None else "",
            about(self.lead),
        )
        self.creates = Creates(parts, standing, occasion)

    def plan(self, only: str = "") -> None:
        """Intend every write that is missing, on all connections or on one."""
        for connection in self.parts.connections.values():
            if only in {"", connection.name}:
                self._plan_connection(connection)
        for ticket in tickets.of_activation(self.tx, self.row.id):
            side = self.parts.connections.get(ticket.connection)
            if side is not None and only in {"", side.name}:
                self._plan_ticket(side, ticket)

    def missing(self) -> list[str]:
        """Name the recovery tasks that have no ticket yet where they should have one."""
        return [
            f"{task.name} on {connection.name}"
            for connection in self.parts.connections.values()
            for task, _ in self.creates.targets(connection)
            if task.state not in CLOSED
            and not any(item.platform_id for item in self._standing_at("recovery_task", task.key, connection))
        ]

    def _link(self) -> str:
        if self.lead is None or self.row.connection not in self.parts.connections:
            return self.parts.links.address("activation", number(self.row.id), self.row.started_at)
        return link_address(self.tx, self.parts, self.lead, self.now)

    def _plan_connection(self, connection: Connection) -> None:
        wanted = list(self.creates.targets(connection))
        for project in self.creates.projects(connection):
            self._place_activation(connection, project)
        for task, project in wanted:
            self._place_task(connection, task, project)
        if self.creates.review_here(connection) and self.standing.restored_at is not None:
            self._place_review(connection)
        writes.intend_all(self.tx, self.creating)
        self.creating.clear()
        here = [item for item in self.placements if item.connection == connection.name and item.platform_id]
        # A ticket of which something waits to be decided is left alone: a person may have moved it.
        waiting = deliveries.open_tickets(self.tx, connection.name, [item.platform_id for item in here])
        unfinished = [
            item
            for item in writes.unfinished(self.tx, self.subject, connection.name)
            if item.action == "update" and item.values  # what people wrote is told beside what we write
        ]
        for placement in here:
            if placement.platform_id not in waiting and not placement.gone:
                pending = [item for item in unfinished if item.placement_id == placement.id]
                self._update_placement(connection, placement, pending)
                if placement.record == "activation" and connection.ticketing.traits.remote_links:
                    # The plan's page on the activation's own ticket, so that engineers find it.
                    self._link_to(connection, placement, resolved=self.standing.restored_at is not None)

    def _stand(self, placement: sa.Row[Any]) -> None:
        self.placements.append(placement)
        place = (placement.record, placement.key, placement.connection)
        self._by_place.setdefault(place, []).append(placement)

    def _standing_at(self, record: str, key: str, connection: Connection) -> Sequence[sa.Row[Any]]:
        return self._by_place.get((record, key, connection.name), ())

    def _place_activation(self, connection: Connection, project: str) -> None:
        if self._standing_at("activation", project, connection):
            return
        values = self.creates.activation(project)
        self._place("activation", project, connection, project, 0, values)

    def _place_task(self, connection: Connection, task: TaskStanding, project: str) -> None:
        there = self._standing_at("recovery_task", task.key, connection)
        if there and not self._needs_another(task, there):
            return
        if not there and (task.state is TaskState.SKIPPED or (task.state in CLOSED and task.kind != "plan")):
            return
        parent = self._parent(connection, project)
        if parent is None:
            return
        lasting = bool(there) or self._incident_gone(connection)
        values = self.creates.task(connection, task, project, parent, lasting=lasting)
        self._place("recovery_task", task.key, connection, project, len(there), values)

    def _parent(self, connection: Connection, project: str) -> str | None:
        """Return the ticket that one to be made hangs on, "" where it needs none; None while it does not stand yet."""
        if not connection.ticketing.traits.activation_is_ticket:
            return ""
        anchors = self._standing_at("activation", project, connection)
        # Planned again when it does.
        return anchors[0].platform_id or None if anchors else None

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
        project = connection.review_project or connection.project
        parent = self._parent(connection, project)
        if parent is not None:
            values = self.creates.review(connection, parent)
            self._place("review", REVIEW, connection, project, 0, values)

    def _place(
        self, record: str, key: str, connection: Connection, project: str, turn: int, values: Mapping[str, Any]
    ) -> None:
        """Record where a record shall stand and intend its creation, under one key for ever."""
        write_key = bounded(f"{self.row.key}:{record}:{key}:{connection.name}:{turn}")
        placed = activations.place(
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
        self._stand(placed)
        self.creating.append(self._write(write_key, connection, "create", record, values, placement_id=placed.id))

    def _status(self, connection: Connection) -> dict[str, Any]:
        """Return where recovery stands, and on which other platform the tickets cannot follow at the moment."""
        status = self.creates.status()
        found = self.parts.behind() if self.standing.state == "running" else {}
        used = {item.connection for item in self.placements} - {connection.name}
        behind = [f"{name} {what}" for name, what in found.items() if name in used]
        if behind:
            status["recovery_status"] += f". {', '.join(behind)}: its tickets are behind"
        return status

    def _status_in(self, record: str) -> dict[str, Any]:
        return self.creates.status() if record == "activation" else {}

    def _update_placement(self, connection: Connection, placement: sa.Row[Any], pending: Sequence[sa.Row[Any]]) -> None:
        """Intend what has changed since a ticket of ours was last written."""
        if placement.record == "recovery_task":
            task = self.standing.tasks[placement.key]
            wanted = {"state": task.state.value, "due_at": iso(task.due_at)}
            note = f"{task.state.value}: {task.reason}" if task.reason and task.state in CLOSED else ""
        elif placement.record == "activation":
            done = self.standing.state != "running"
            wanted = {**self._status(connection), "state": "done" if done else ""}
            note = ""
        else:
            return
        changes = self._changes(connection, placement, wanted)
        unsent = [item for item in pending if item.state == "pending" and item.sent_at is None]
        if any(item not in unsent for item in pending):
            return  # one is on its way or parked; what is new goes out after it
        if not changes:
            writes.update(self.tx, [item.id for item in unsent], {"state": "superseded", "done_at": self.now})
        elif unsent:
            changed = {"values": changes, "before": _before(placement, changes), "cause": self.parts.cause}
            same_as_planned = dict(unsent[0].values) == changes
            kept = {"values": changes} if same_as_planned else changed
            writes.update(self.tx, [unsent[0].id], {**kept, "note": note if "state" in changes else ""})
        else:
            prefix = f"{placement.write_key}:update:"
            update = self._write(
                f"{prefix}{writes.count_updates(self.tx, connection.name, placement.platform_id, prefix)}",
                connection,
                "update",
                placement.record,
                changes,
                placement_id=placement.id,
                platform_id=placement.platform_id,
                number=placement.number,
                note=note if "state" in changes else "",
                facts=self._known(connection, placement),
                before=_before(placement, changes),
            )
            writes.intend(self.tx, update)

    def _known(self, connection: Connection, placement: sa.Row[Any]) -> dict[str, Any]:
        """Return what conditions may ask of a ticket of ours when only some of its fields are written."""
        known = {"project": placement.project, "continuity_plan": self.standing.plan.key}
        if placement.record == "recovery_task":
            known |= self.creates.facts_of(connection, self.standing.tasks[placement.key])
        return known

    def _link_to(self, connection: Connection, place: sa.Row[Any], *, resolved: bool, link: str = "") -> None:
        intend_link(
            self.tx,
            connection,
            place,
            Link(self.standing.plan.key, self.standing.plan.name, link or self.link, resolved=resolved),
            subject=self.subject,
            activation_id=self.row.id,
            now=self.now,
            cause=self.parts.cause,
        )

    def _changes(self, connection: Connection, placement: sa.Row[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return what has to be written: what differs, unless a person set it on the ticket and that goes before."""
        written = {**placement.written, "state": placement.state}
        changes = {key: value for key, value in wanted.items() if not same(key, written.get(key), value)}
        for key in _MERGED & set(changes) & set(placement.seen or {}):
            sides = Field(written.get(key), wanted[key], placement.seen[key], self.now, placement.seen_at)
            merged = merge(sides, connection.policy(placement.record, key), partial(same, key))
            if not merged.write:
                del changes[key]
            if merged.conflict:
                both = f"the ticket says {sides.theirs}, the plan {sides.ours}"
                text = f"{placement.number}: {key} is held: {both}. Set the ticket to what shall stand."
                tickets.tell_once(self.tx, text, self.now, activation_id=self.row.id)
        return changes

    def _plan_ticket(self, connection: Connection, ticket: sa.Row[Any]) -> None:
        wanted = {"continuity_plan": self.standing.plan.key} if ticket.role == "child" else self._status(connection)
        wanted["continuity_link"] = link_address(self.tx, self.parts, ticket, self.now)
        plan_ticket(self.tx, self.parts, connection, ticket, wanted, subject=self.subject, now=self.now)
        if connection.ticketing.traits.remote_links:
            resolved = ticket.role != "child" and self.standing.restored_at is not None
            self._link_to(connection, ticket, resolved=resolved, link=wanted["continuity_link"])

    def _write(
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
        facts: Mapping[str, Any] = MappingProxyType({}),
        before: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a write to one of our records, to be intended."""
        return {
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
            "before": None if before is None else dict(before),
            "cause": self.parts.cause,
            "about": self.creates.about(facts),
            "note": note,
            "next_at": self.now,
            "created_at": self.now,
        }


def _before(placement: sa.Row[Any], fields: Iterable[str]) -> dict[str, Any]:
    """Return the values last known for these fields of a ticket of ours: as it was seen, else as we wrote it."""
    known = {**placement.written, **(placement.seen or {}), "state": placement.state}
    return {field: known.get(field) for field in fields}


def bounded(key: str) -> str:
    """Return a key that fits where platforms keep it (100 characters), still beginning with its activation's."""
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key.partition(':')[0]}:{digest}"
