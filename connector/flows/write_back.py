"""What is written back to the incidents' own tickets: fields, notes that people need, and the link to the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.flows.incidents import link_address
from connector.flows.parts import Connection, Parts
from connector.store import writes
from connector.value import same

ASKED = ("assignment_group", "ci", "component", "issue_type", "label", "priority", "project", "service", "state")
"""What conditions ask of an incident; long texts and instants are left out."""


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
    changes = {key: value for key, value in wanted.items() if not same(key, ticket.written.get(key), value)}
    notes = writes.untold(tx, connection.name, ticket.platform_id)
    pending = [item for item in writes.for_ticket(tx, connection.name, ticket.platform_id) if item.action == "update"]
    unsent = [item for item in pending if item.state == "pending" and item.sent_at is None]
    if any(item not in unsent for item in pending) or not (changes or notes or unsent):
        return
    text = "\n\n".join(item.text for item in notes)
    if unsent:
        mine = unsent[0]
        note = "\n\n".join(part for part in (mine.note, text) if part)
        writes.carry(tx, [item.id for item in notes], mine.key)
        if changes or note:
            what = {"values": changes, "note": note}
            if dict(mine.values) != changes or mine.note != note:
                what |= {"before": _before(ticket, changes), "cause": parts.cause}
            writes.update(tx, [mine.id], what)
        else:
            writes.update(tx, [mine.id], {"state": "superseded", "done_at": now})
        return
    key = _next_key(tx, connection.name, ticket.platform_id, prefix, now)
    last = writes.last_sent(tx, connection.name, ticket.platform_id, prefix)
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
            "before": _before(ticket, changes),
            "cause": parts.cause,
            "about": about(ticket),
            "note": text,
            "next_at": now if quiet or last is None else last + parts.timing.write_back_window,
            "created_at": now,
        },
    )


def plan_linked(tx: sa.Connection, parts: Parts, ticket: sa.Row[Any], now: datetime) -> None:
    """Intend what a ticket without an activation gets: the mapped fields, its notes, and the remote link."""
    connection = parts.connections[ticket.connection]
    plan = parts.records.read(tx).plans.get(ticket.plan_key)
    link = link_address(tx, parts, ticket, now) if ticket.plan_key else ""
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
            cause=parts.cause,
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
    cause: str,
) -> None:
    """Bring the link on a ticket in step: put it, cross it out, take the crossing back, or leave it as it is."""
    prefix = f"link:{connection.name}:{place.platform_id}:{link.plan_key}:"
    values = {
        "global_id": f"continuity:{connection.name}:{place.platform_id}:{link.plan_key}",
        "url": link.address,
        "title": f"Continuity plan: {link.title}"[:255],
        "summary": "Plan, response team, recovery tasks and RTO",
        "resolved": link.resolved,
    }
    newest = writes.newest_link(tx, connection.name, place.platform_id, prefix)
    if newest is not None and (dict(newest.values) == values or newest.state == "parked"):
        return
    if newest is not None and newest.state == "pending" and newest.sent_at is None:
        writes.update(tx, [newest.id], {"values": values, "cause": cause})
        return
    writes.intend(
        tx,
        {
            "key": _next_key(tx, connection.name, place.platform_id, prefix, now),
            "connection": connection.name,
            "subject": subject,
            "activation_id": activation_id,
            "action": "link",
            "record": "incident",
            "platform_id": place.platform_id,
            "number": place.number,
            "values": values,
            "before": dict(newest.values) if newest is not None else None,
            "cause": cause,
            "next_at": now,
            "created_at": now,
        },
    )


def _next_key(tx: sa.Connection, connection: str, platform_id: str, prefix: str, now: datetime) -> str:
    """Return a key that no write to a ticket had, even where earlier ones are kept no longer (then the day is new)."""
    return f"{prefix}{now:%Y%m%d}-{writes.count_updates(tx, connection, platform_id, prefix)}"


def _before(ticket: sa.Row[Any], fields: Iterable[str]) -> dict[str, Any]:
    return {field: ticket.written.get(field) for field in fields}


def about(ticket: sa.Row[Any] | None) -> dict[str, Any]:
    """Return the facts of an incident that a mapping's conditions may ask."""
    return {name: ticket.values[name] for name in ASKED if name in ticket.values} if ticket is not None else {}
