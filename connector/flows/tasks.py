"""A ticket of ours changed on its platform: a person moved a recovery task, answered a question, closed a review."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.activation import moved
from connector.flows import remarks
from connector.flows.advance import save, tell_incidents
from connector.flows.incidents import as_json, match_plans, start, storable
from connector.flows.parts import Parts
from connector.moment import instant, span
from connector.recovery_task import CLOSED, TaskState
from connector.store import activations, tickets, writes
from connector.ticketing import Ticket

CLOSED_WITH_INCIDENT = "closed with its incident"
_NOT_ACHIEVED = frozenset({TaskState.FAILED, TaskState.SKIPPED})
_VERDICTS = frozenset(state.value for state in _NOT_ACHIEVED)
_CLOSED_INCIDENT = frozenset({"closed", "cancelled"})
RECOVERY_POINT = re.compile(r"recovery point:?\s*(\d{4}-\d\d-\d\d)[ T]([012]\d:[0-5]\d)", re.IGNORECASE)
"""What a person writes on closing a task to tell how old the recovered data is: `recovery point: 2026-03-02 04:45`."""
CLOCKS_APART = timedelta(seconds=5)
"""How far a platform's clock and ours may differ before a message is taken for older than our own write."""


def may_be_stale(parts: Parts, placement: sa.Row[Any], ticket: Ticket) -> bool:
    """Tell whether a message may be older than our last write, where versions are instants and not counted."""
    traits = parts.connections[ticket.connection].ticketing.traits
    if not traits.versions_are_instants or placement.state_at is None:
        return False
    written = int((placement.state_at + CLOCKS_APART).timestamp() * 1000)
    return ticket.version <= written and str(ticket.values.get("state", "")) != placement.state


def may_be_half_written(tx: sa.Connection, parts: Parts, placement: sa.Row[Any], ticket: Ticket, now: datetime) -> bool:
    """Tell whether a message may show a write of ours half done: a state can take a platform several calls.

    It is decided when the write is answered, whose version then tells. One that never is (a crash) holds it for no
    longer than a call can take.
    """
    state = str(ticket.values.get("state", ""))
    if state == placement.state or placement.record != "recovery_task":
        return False
    timeout = parts.connections[ticket.connection].timeout
    return writes.another_state_with_platform(tx, placement.id, state, now - 2 * timeout)


def may_be_cascade(tx: sa.Connection, parts: Parts, placement: sa.Row[Any], ticket: Ticket) -> str:
    """Return the id of the incident to read, when a closing may come from the incident's and that is not known."""
    connection = parts.connections[ticket.connection]
    state = _state(ticket)
    if not connection.ticketing.traits.tasks_close_with_incident or state not in _NOT_ACHIEVED:
        return ""
    if state.value == placement.state:
        return ""
    incident_id = str(ticket.values.get("incident") or "")
    known = tickets.get(tx, ticket.connection, incident_id) if incident_id else None
    if known is not None and known.version is not None and known.values.get("state") in _CLOSED_INCIDENT:
        return ""
    return incident_id


def apply(
    tx: sa.Connection,
    parts: Parts,
    placement: sa.Row[Any],
    ticket: Ticket,
    now: datetime,
    delivery_id: int | None = None,
) -> tuple[str, str]:
    """Take in what a ticket of ours says; returns (`done` | `ignored` | `parked`, reason).

    `delivery_id` is the message that told it, or that had it read.
    """
    activations.lock(tx, placement.activation_id)
    if ticket.deleted:
        return _deleted(tx, placement, ticket, now)
    if placement.version is not None and ticket.version < placement.version:
        row = activations.get(tx, placement.activation_id)
        if row.state == "running" and _was_overwritten(placement, ticket):
            return _move(tx, parts, row, placement, ticket, TaskState(ticket.values["state"]), now)
        return "ignored", f"older than what is known (version {ticket.version}, known {placement.version})"
    seen = {"seen": as_json(ticket.values), "seen_at": now, "delivery_id": delivery_id}
    if placement.record == "activation":
        activations.update_placement(tx, placement.id, {**seen, "version": ticket.version})
        return "ignored", "the activation's own ticket: its state follows the plan"
    state = _state(ticket)
    if state is None:
        activations.update_placement(tx, placement.id, seen)
        return "parked", "; ".join(ticket.problems) or "the ticket has no state that the mapping knows"
    known = {**seen, "version": ticket.version, "problems": list(ticket.problems)}
    activations.update_placement(tx, placement.id, known)
    if placement.version is None or ticket.version > placement.version:
        remarks.heard(tx, parts, placement, ticket.version, now)
    for problem in ticket.problems:
        if problem not in placement.problems:
            tickets.tell(tx, f"{ticket.number}: {problem}", now, activation_id=placement.activation_id)
    return _apply_state(tx, parts, placement, ticket, state, now)


def _apply_state(
    tx: sa.Connection,
    parts: Parts,
    placement: sa.Row[Any],
    ticket: Ticket,
    state: TaskState,
    now: datetime,
) -> tuple[str, str]:
    """Take in the state of a recovery task's or a review's ticket."""
    if state.value == writes.state_on_its_way(tx, placement.id):
        activations.update_placement(tx, placement.id, {"state": state.value, "state_at": now})
        return "ignored", "the state that we are just writing: an echo of our own write"
    if state.value == placement.state or _still_on_hold(placement, state):
        return "ignored", "its state is as we know it: nothing to do (an echo, or other fields)"
    if _closed_with_incident(tx, parts, ticket, state):
        activations.update_placement(
            tx, placement.id, {"gone": CLOSED_WITH_INCIDENT, "state": state.value, "state_at": now}
        )
        return "done", "closed because its incident was closed: no verdict on the task"
    # Reopened after a verdict: the state is written again, because marks of ours may go with that verdict.
    stands = "" if placement.state in _VERDICTS and state not in CLOSED else state.value
    moved_since = {"overwrote_version": None, "overwrote_state": ""}
    activations.update_placement(tx, placement.id, {"state": stands, "state_at": now, **moved_since})
    row = activations.get(tx, placement.activation_id)
    if placement.record == "review":
        tickets.tell(tx, f"Post-incident review {ticket.number}: {state.value}", now, activation_id=row.id)
        return "done", f"the review is {state.value}"
    if row.state != "running":
        return "done", f"the activation has ended ({row.state}): taken note of"
    return _move(tx, parts, row, placement, ticket, state, now)


def _still_on_hold(placement: sa.Row[Any], state: TaskState) -> bool:
    """Tell whether a task was on hold when it was last seen, which the plan counts as open: nobody moved it since."""
    held = (placement.seen or {}).get("state") == state.value and state is TaskState.PENDING
    return held and placement.state in {TaskState.OPEN.value, TaskState.IN_PROGRESS.value}


def _was_overwritten(placement: sa.Row[Any], ticket: Ticket) -> bool:
    """Tell whether a person moved a task between our reading and our writing of its state: the person's move counts."""
    state = _state(ticket)
    return (
        placement.record == "recovery_task"
        and placement.overwrote_version == ticket.version  # what our write replaced, and nothing older
        and state is not None
        and state.value not in {placement.overwrote_state, placement.state}
    )


def _move(
    tx: sa.Connection,
    parts: Parts,
    row: sa.Row[Any],
    placement: sa.Row[Any],
    ticket: Ticket,
    state: TaskState,
    now: datetime,
) -> tuple[str, str]:
    before = activations.standing(tx, row, parts.joined(tx, row.id))
    at = _moment(ticket.values, "closed_at") or _moment(ticket.values, "updated_at") or now
    after = moved(
        before,
        placement.key,
        state,
        at=min(at, now),
        by=str(ticket.values.get("assignee") or ""),
        reason=storable(str(ticket.values.get("answer") or "")),
    )
    if after is before:
        if state is TaskState.PENDING:
            # On hold on its platform; the plan keeps the task open, and leaves the person's choice standing.
            held = before.tasks[placement.key].state.value
            activations.update_placement(tx, placement.id, {"state": held})
            return "done", f"put on hold by a person; the plan counts it as {held}"
        return "done", f"the recovery task is {state.value} already"
    save(tx, row, before, after, (), now)
    _note_recovery_point(tx, row, str(ticket.values.get("answer") or ""), now)
    return "done", f"recovery task {placement.key}: {state.value}"


def _note_recovery_point(tx: sa.Connection, row: sa.Row[Any], answer: str, now: datetime) -> None:
    """Store the recovery point that a person told when closing a task, for the actual RPO."""
    found = RECOVERY_POINT.search(answer)
    if found:
        try:
            at = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
        except ValueError:
            text = f"The recovery point '{found[1]} {found[2]}' is no instant: write it as 2026-03-02 04:45"
            tickets.tell(tx, text, now, activation_id=row.id)
            return
        activations.update(tx, row.id, {"recovery_point_at": at})
        lost = span(row.clock_start - at)
        tickets.tell(tx, f"Recovery point {instant(at)}: {lost} of data lost", now, activation_id=row.id)


def _deleted(tx: sa.Connection, placement: sa.Row[Any], ticket: Ticket, now: datetime) -> tuple[str, str]:
    activations.update_placement(tx, placement.id, {"gone": "deleted"})
    text = (
        f"{placement.number or ticket.number} ({placement.key}) was deleted on {placement.connection}. The recovery "
        f"task goes on without it: `continuity task done` or `skip` closes it."
    )
    tickets.tell(tx, text, now, activation_id=placement.activation_id)
    tell_incidents(tx, placement.activation_id, f"deleted:{placement.id}", text, now)
    return "done", "deleted by a person: not created again, told on the incident"


def _closed_with_incident(tx: sa.Connection, parts: Parts, ticket: Ticket, state: TaskState) -> bool:
    """Tell a closing that came from the incident's closing from a person's verdict before it."""
    if (
        not parts.connections[ticket.connection].ticketing.traits.tasks_close_with_incident
        or state not in _NOT_ACHIEVED
    ):
        return False
    incident_id = str(ticket.values.get("incident") or "")
    known = tickets.get(tx, ticket.connection, incident_id) if incident_id else None
    if known is None or known.version is None or known.values.get("state") not in _CLOSED_INCIDENT:
        return False
    closed, ended = _moment(ticket.values, "closed_at"), _moment(known.values, "closed_at")
    return not (closed and ended and closed < ended)


def duplicate(tx: sa.Connection, placement: sa.Row[Any], ticket: Ticket, now: datetime) -> tuple[str, str]:
    """Tell of a second ticket for one of our records: an earlier try of its creation landed late."""
    text = (
        f"{ticket.number} is a duplicate of {placement.number}: an earlier try of its creation landed late. "
        f"Work in {placement.number} and close {ticket.number}."
    )
    tickets.tell(tx, text, now, activation_id=placement.activation_id)
    tell_incidents(tx, placement.activation_id, f"duplicate:{ticket.id}", text, now)
    return "done", text


def answer_choice(
    tx: sa.Connection, parts: Parts, ticket: Ticket, question: sa.Row[Any], now: datetime
) -> tuple[str, str]:
    """Start the plan that a person chose by closing the question 'which plan?' with its key."""
    state = _state(ticket)
    if state is not TaskState.DONE:
        return "ignored", "the question which plan to start is not answered yet"
    incident_id = question.key.removeprefix(f"choose:{ticket.connection}:")
    row = tickets.remember(tx, ticket.connection, incident_id, now)
    incident = parts.connections[ticket.connection].incident(row)
    answer = str(ticket.values.get("answer") or "").casefold()
    match = match_plans(parts.records.read(tx), incident)
    chosen = [plan for plan in match.plans if plan.key.casefold() in answer]
    if len(chosen) != 1:
        keys = ", ".join(plan.key for plan in match.plans)
        text = (
            f"The answer in {ticket.number} names no single plan. "
            f"Run `continuity activate {row.number} --plan KEY` ({keys})."
        )
        writes.add_note(tx, row.connection, row.platform_id, f"choose:unclear:{ticket.version}", text, now)
        parts.wakes.wake(tx, "send", f"ticket:{row.connection}:{row.platform_id}|{row.connection}")
        return "done", text
    by = str(ticket.values.get("assignee") or "the desk")
    return start(tx, parts, row, chosen[0], match.services, by=by, now=now)


def _state(ticket: Ticket) -> TaskState | None:
    value = str(ticket.values.get("state") or "")
    return TaskState(value) if value in set(TaskState) else None


def _moment(values: Mapping[str, Any], field: str) -> datetime | None:
    """Return an instant; None also for a day, which says too little of when a person did something."""
    value = values.get(field)
    if not value:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else None
