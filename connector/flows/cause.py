"""Why something is written, in words: the message, the poll, the person's command or the timer behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.activation import number
from connector.moment import instant
from connector.standing import Standing
from connector.store import deliveries, writes

LONGEST_REASON = 300


def cause_of(row: sa.Row[Any]) -> str:
    """Say what a recorded message is to the writes that it leads to; `row` is as stored before it is decided."""
    # A message that was put back in line says so until it is decided again.
    again = f", {row.reason}" if row.state == "open" and row.reason.startswith(deliveries.REPLAYED) else ""
    if row.source == "poll":
        return f"reconciled by poll (message D{row.id}{again})"
    if row.source != "command":
        return f"message D{row.id}{again}"
    order = _order(row)
    by = str(order.get("by") or "unknown")
    if row.event in {"apply", "look"}:
        return f"person: {by} applied services and plans at {instant(row.received_at)} (D{row.id}{again})"
    reason = str(order.get("reason") or "")[:LONGEST_REASON]
    why = f": {reason}" if reason else ""
    return f"person: {by} ordered `{_ordered(row.event, order)}` at {instant(row.received_at)} (D{row.id}{again}){why}"


def cause_for_ticket(tx: sa.Connection, connection: str, platform_id: str) -> str:
    """Say why a ticket without an activation is written to: what was last decided on it."""
    row = deliveries.last_decided(tx, connection, platform_id)
    return cause_of(row) if row is not None else "what is known of the ticket; its message is not kept any more"


def cause_of_look(tx: sa.Connection, activation_id: int, before: Standing, after: Standing, now: datetime) -> str:
    """Say why an activation is looked at when none of its messages led to it: a mark, or what came just before."""
    if after.told_percent != before.told_percent:
        return f"timer: {after.told_percent} % of the RTO"
    message = deliveries.last_of_incidents(tx, activation_id)
    sent = writes.last_done(tx, activation_id)
    looked = f"looked at again at {instant(now)}"
    if message is not None and (sent is None or message.decided_at >= sent.done_at):
        return f"{looked}, after message D{message.id} of {message.number or message.platform_id}"
    return f"{looked}, after write W{sent.id} was done" if sent is not None else f"{looked}: a timer"


def _order(row: sa.Row[Any]) -> Mapping[str, Any]:
    try:
        order = json.loads(row.body)
    except ValueError:  # what cannot be read is parked where it is decided
        return {}
    return order if isinstance(order, dict) else {}


def _ordered(event: str, order: Mapping[str, Any]) -> str:
    """Return a command as it is typed, without who and why."""
    activation = order.get("activation")
    told = [
        str(order.get("state") or "") if event == "task" else "",
        str(order.get("number") or ""),
        number(activation) if isinstance(activation, int) else "",
        str(order.get("task") or ""),
        str(order.get("plan") or ""),
    ]
    return " ".join([event, *filter(None, told)])
