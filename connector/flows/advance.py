"""Bring one activation up to date: apply the rules, tell what people need to know, plan the writes, set the timer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.activation import Telling, failures, number, progress
from connector.duration import format_duration
from connector.flows.cause import cause_of_look
from connector.flows.outbox import Outbox
from connector.flows.outside import Message, tell
from connector.flows.parts import ESCALATION, Parts
from connector.standing import Standing
from connector.store import activations, tickets, writes

log = logging.getLogger(__name__)


def advance(tx: sa.Connection, parts: Parts, activation_id: int, now: datetime) -> None:
    """Apply the rules to an activation as it stands; calling it again changes nothing."""
    row = activations.get(tx, activation_id, lock=True)
    before = activations.standing(tx, row, parts.joined(tx, activation_id))
    found = progress(before, now)
    save(tx, row, before, found.standing, found.tellings, now)
    if found.standing.state == "stood_down" and before.state == "running":
        writes.drop_creates(tx, activation_id, "the plan was stood down", now)
    if not parts.cause:
        parts = replace(parts, cause=cause_of_look(tx, activation_id, before, found.standing, now))
    outbox = Outbox(tx, parts, row, found.standing, now)
    outbox.plan()
    if found.standing.state == "running":
        _escalate(tx, parts, row, outbox.missing(), now)
    wake_sends(tx, parts, f"activation:{activation_id}", now)
    if found.look_again_at is not None:
        parts.wakes.wake(tx, "incident", f"activation:{activation_id}", found.look_again_at)


def save(
    tx: sa.Connection,
    row: sa.Row[Any],
    before: Standing,
    after: Standing,
    tellings: tuple[Telling, ...],
    now: datetime,
) -> None:
    """Store a new standing, with what happened and the notes for the incidents."""
    activations.save(tx, row.id, before, after, row.lock if after.holds_lock else None)
    for key, task in after.tasks.items():
        old = before.tasks.get(key)
        if old is None or old.state is not task.state:
            who = f" by {task.closed_by}" if task.closed_by else ""
            why = f" ({task.reason})" if task.reason else ""
            _tell(tx, row.id, f"{task.name}: {task.state.value}{who}{why}", now)
    for telling in (*failures(before, after), *tellings):
        _tell(tx, row.id, telling.text, now)
        tell_incidents(tx, row.id, telling.event, telling.text, now)


def _tell(tx: sa.Connection, activation_id: int, text: str, now: datetime) -> None:
    """Keep a line in the activation's history, and log it."""
    tickets.tell(tx, text, now, activation_id=activation_id)
    log.info("%s: %s", number(activation_id), text)


def tell_incidents(tx: sa.Connection, activation_id: int, event: str, text: str, now: datetime) -> None:
    """Have a note put on the incidents of an activation, not on their children; once per event."""
    for ticket in tickets.of_activation(tx, activation_id):
        if ticket.role != "child":
            writes.add_note(tx, ticket.connection, ticket.platform_id, f"{activation_id}:{event}", text, now)


def wake_sends(tx: sa.Connection, parts: Parts, subject: str, now: datetime) -> None:
    """Wake the sender of each connection that has something to send for a subject, now or when it is due."""
    due: dict[str, datetime] = {}
    for item in writes.unfinished(tx, subject):
        if item.state == "pending":
            due[item.connection] = min(due.get(item.connection, item.next_at), item.next_at)
    for connection, at in due.items():
        parts.wakes.wake(tx, "send", f"{subject}|{connection}", at if at > now else None)


def _escalate(tx: sa.Connection, parts: Parts, row: sa.Row[Any], missing: Sequence[str], now: datetime) -> None:
    """Tell people outside both platforms when a running activation is not complete in time, else look again then."""
    activation_id = row.id
    if row.complete_at is not None:
        return
    unfinished = [item for item in writes.pending_creates(tx, activation_id) if item.connection != ESCALATION]
    if not missing and not unfinished:
        activations.update(tx, activation_id, {"complete_at": now})
        return
    if row.escalated_at is not None:
        return
    deadline = row.started_at + parts.timing.escalate_after
    if now < deadline:
        parts.wakes.wake(tx, "incident", f"activation:{activation_id}", deadline)
        return
    activations.update(tx, activation_id, {"escalated_at": now})
    row = activations.get(tx, activation_id)
    reasons = sorted({f"{item.connection}: {item.reason or 'no answer yet'}" for item in unfinished})
    lead = tickets.get(tx, row.connection, row.platform_id) if row.platform_id else None
    count = f"{len(missing)} recovery task{'s' if len(missing) != 1 else ''}"
    text = f"{count} of {number(activation_id)} have no ticket on their platform yet: {'; '.join(missing)}"
    tickets.tell(tx, f"Escalated: {text} ({'; '.join(reasons)})", now, activation_id=activation_id)
    log.error("escalated %s: %s (%s)", number(activation_id), text, "; ".join(reasons))
    values = {
        "activation": number(activation_id),
        "plan": row.plan_key,
        "incident": lead.number if lead is not None else "",
        "due_at": row.due_at.isoformat(),
        "missing": len(missing),
        "reasons": reasons,
        "text": text,
    }
    cause = f"timer: not complete {format_duration(parts.timing.escalate_after)} after its start"
    message = Message(f"{row.key}:escalation", f"activation:{activation_id}", values, cause, activation_id)
    tell(tx, parts, message, now)
