"""An incident ticket changed: link its plan, start the plan, join a running one, or nothing - and say why."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from connector import activation as rules
from connector import plan as plans
from connector import wording
from connector.activation import number
from connector.catalog import Catalog
from connector.condition import INCIDENT_VARIABLES, Condition, Undecidable
from connector.flows.parts import Parts
from connector.incident import Incident
from connector.moment import span
from connector.plan import Plan
from connector.service import Service, affected
from connector.standing import Joined
from connector.store import activations, tickets, writes
from connector.ticketing import Ticket

log = logging.getLogger(__name__)
RENEWED_AFTER = 0.75
"""Share of its validity after which a page link is renewed on tickets that are still written to."""
SEEN_ENDED = "it had ended already when it was first seen: never acted on"
LED_LONG_AGO = (
    "it led an activation that ended so long ago that its history is kept no longer: not acted on; "
    "`continuity activate {number}` starts its plan again"
)
BASELINE = (
    "it was major already before this connection was first read: seen, never acted on; "
    "`continuity activate {number}` starts its plan"
)


def apply(
    tx: sa.Connection, parts: Parts, ticket: Ticket, now: datetime, delivery_id: int | None = None
) -> tuple[str, str]:
    """Take in what an incident's ticket says; returns (`done` | `ignored` | `parked`, reason).

    `delivery_id` is the message that told it, or that had it read.
    """
    connection = parts.connections[ticket.connection]
    parent = str(ticket.values.get("parent") or "")
    if parent:  # parents are locked before their children, by everybody
        tickets.remember(tx, ticket.connection, parent, now)
    row = tickets.remember(tx, ticket.connection, ticket.id, now)
    if row.version is not None and ticket.version < row.version:
        return "ignored", f"older than what is known (version {ticket.version}, known {row.version})"
    if ticket.problems and "state" not in ticket.values:
        return "parked", "; ".join(ticket.problems)
    first = row.version is None
    row = remember(tx, ticket, now, delivery_id)
    incident = connection.incident(row)
    if connection.incidents is not None and not connection.incidents.holds(incident.facts()):
        return _why(tx, row, "ignored", "it is no incident by the connection's rule `incidents`", now)
    if first and not incident.active:
        tickets.update(tx, row.id, {"baseline": True})
        return _why(tx, row, "ignored", f"{incident.state}: {SEEN_ENDED}", now)
    if first and activations.count_for(tx, row.connection, row.platform_id):
        tickets.update(tx, row.id, {"baseline": True})
        return _why(tx, row, "ignored", LED_LONG_AGO.format(number=row.number), now)
    return decide(tx, parts, row, now)


def remember(tx: sa.Connection, ticket: Ticket, now: datetime, delivery_id: int | None = None) -> sa.Row[Any]:
    """Store what an incident's ticket says, unless more is known already; returns its row, locked."""
    row = tickets.remember(tx, ticket.connection, ticket.id, now)
    if row.version is not None and ticket.version < row.version:
        return row
    values = as_json(ticket.values)
    tickets.update(
        tx,
        row.id,
        {
            "number": ticket.number,
            "url": ticket.url,
            "version": ticket.version,
            "parent": str(values.get("parent") or ""),
            "values": values,
            "problems": list(ticket.problems),
            "seen_at": now,
            "delivery_id": delivery_id,
        },
    )
    return tickets.remember(tx, ticket.connection, ticket.id, now)


def deleted(tx: sa.Connection, parts: Parts, ticket: Ticket, now: datetime) -> tuple[str, str]:
    """Take note that a ticket was deleted; an activation that it leads asks whether to stand down."""
    row = tickets.get(tx, ticket.connection, ticket.id, lock=True)
    if row is None:
        return "ignored", "deleted on its platform; none of our records stood on it"
    tickets.update(tx, row.id, {"deleted": True})
    if row.activation_id is not None:
        tickets.tell(tx, f"{row.number} was deleted on {row.connection}", now, activation_id=row.activation_id)
        parts.wakes.wake(tx, "incident", f"activation:{row.activation_id}")
    return _why(tx, row, "done", "deleted on its platform: counts as cancelled", now)


def decide(tx: sa.Connection, parts: Parts, row: sa.Row[Any], now: datetime) -> tuple[str, str]:
    """Decide by what is known of a ticket now; calling it again changes nothing."""
    connection = parts.connections[row.connection]
    incident = connection.incident(row)
    if row.activation_id is not None:
        activation = activations.get(tx, row.activation_id)
        if activation.state == "running":
            parts.wakes.wake(tx, "incident", f"activation:{row.activation_id}")
            return _why(tx, row, "done", f"takes part ({row.role}) in activation {number(row.activation_id)}", now)
        return _why(tx, row, "done", _ended_text(activation), now)
    joined = _join_parent(tx, parts, row, incident, now)
    if joined:
        return joined
    try:
        major = parts.major(incident)
        match = match_plans(parts.records.read(tx), incident)
    except Undecidable as error:
        return _why(tx, row, "parked", str(error), now)
    if not incident.active:
        return _why(tx, row, "done", f"it is {incident.state}: nothing to start", now)
    if not major and row.baseline:
        tickets.update(tx, row.id, {"baseline": False})  # a promotion from now on is news
    if not match.plans:
        return _why(tx, row, "done", match.reason, now)
    _link(tx, parts, row, incident, match, major=major, now=now)
    parts.wakes.wake(tx, "send", f"ticket:{row.connection}:{row.platform_id}|{row.connection}")
    if not major:
        return _why(tx, row, "done", f"linked to {match.plans[0].key}: not a major incident by the rule `major`", now)
    if row.baseline:
        return _why(tx, row, "ignored", BASELINE.format(number=row.number), now)
    if len(match.plans) > 1:
        _ask_which(tx, parts, row, incident, match.plans, now)
        keys = ", ".join(plan.key for plan in match.plans)
        return _why(tx, row, "done", f"several plans match ({keys}): the desk was asked to choose", now)
    return start(tx, parts, row, match.plans[0], match.services, by="rule", now=now)


@dataclass(frozen=True)
class Match:
    """The services that an incident affects and the plans that apply; `reason` says why there is none."""

    services: tuple[Service, ...]
    plans: tuple[Plan, ...]
    reason: str = ""


def match_plans(catalog: Catalog, incident: Incident) -> Match:
    """Find the plans for an incident: those of the services it names, else those one hop away; `when` decides.

    Raises Undecidable when a plan's `when` cannot be evaluated.
    """
    services = affected(catalog.services.values(), incident.identifiers)
    if not services:
        named = ", ".join(sorted({item.name for item in incident.identifiers}))
        unnamed = "it names no CI, service, component or label yet"
        return Match((), (), f"no service is known by {named}" if named else unnamed)
    named_keys = [item.key for item in services if affected([item], incident.identifiers)]
    candidates = catalog.plans_for(named_keys) or catalog.plans_for([item.key for item in services])
    keys = ", ".join(item.key for item in services)
    if not candidates:
        return Match(services, (), f"the service {keys} has no continuity plan")
    ruled = tuple(plan for plan in candidates if plan.when and _holds(plan, incident))
    plans = ruled or tuple(plan for plan in candidates if not plan.when)
    return Match(services, plans, "" if plans else f"no plan of {keys} applies: no `when` holds")


def _holds(plan: Plan, incident: Incident) -> bool:
    return _when(plan.when, plan.key).holds(incident.facts())


@lru_cache(maxsize=1000)
def _when(source: str, key: str) -> Condition:
    return Condition(source, INCIDENT_VARIABLES, f"plan {key}: when")


def start(
    tx: sa.Connection,
    parts: Parts,
    row: sa.Row[Any],
    plan: Plan,
    services: tuple[Service, ...],
    *,
    by: str,
    now: datetime,
) -> tuple[str, str]:
    """Start a plan for an incident, or join the activation that runs for the same disruption."""
    incident = parts.connections[row.connection].incident(row)
    own = f":{row.connection}:{row.platform_id}" if plan.disruption == "own" else ""
    lock = f"plan:{plan.key}{own}"
    running = activations.holding(tx, lock)
    if running is None:
        activation_id = _create(tx, parts, row, incident, plan, services, lock, by, now)
        if activation_id is not None:
            return _why(tx, row, "done", f"started plan {plan.key} as activation {number(activation_id)}", now)
        running = activations.holding(tx, lock)
        if running is None:
            return _why(tx, row, "done", f"plan {plan.key} was started for this ticket before", now)
    _join(tx, parts, row, running.id, "joined", now)
    return _why(tx, row, "done", f"joined activation {number(running.id)}: the same disruption", now)


def _create(
    tx: sa.Connection,
    parts: Parts,
    row: sa.Row[Any],
    incident: Incident,
    plan: Plan,
    services: tuple[Service, ...],
    lock: str,
    by: str,
    now: datetime,
) -> int | None:
    affected_services = services or tuple(
        service for service in parts.records.read(tx).services.values() if service.key in plan.services
    )
    rto = min(service.rto for service in affected_services)
    joined = (Joined(incident, "lead", parts.major(incident)),)
    standing = rules.start(
        plan,
        rto=rto,
        now=now,
        clock_start=rules.clock_start(joined, now),
        joined=joined,
        by_rule=by == "rule",
    )
    turn = activations.count_for(tx, row.connection, row.platform_id)
    activation_id = activations.create(
        tx,
        activations.New(
            key=activation_key(row.connection, row.platform_id, plan.key, turn),
            lock=lock,
            standing=standing,
            services=tuple(service.key for service in affected_services),
            rpo=min(service.rpo for service in affected_services),
            started_by=by,
            connection=row.connection,
            platform_id=row.platform_id,
        ),
    )
    if activation_id is None:
        return None
    _join(tx, parts, row, activation_id, "lead", now)
    text = wording.activated_note(standing, by)
    writes.add_note(tx, row.connection, row.platform_id, f"activated:{activation_id}", text, now)
    tickets.tell(tx, text, now, activation_id=activation_id)
    log.info("%s of %s for %s: %s", number(activation_id), plan.key, row.number, text)
    return activation_id


def activation_key(connection: str, platform_id: str, plan: str, turn: int) -> str:
    """Return the key from which all idempotency keys of an activation derive; the same after a lost database."""
    text = f"activation\n{connection}\n{platform_id}\n{plan}\n{turn}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _join(tx: sa.Connection, parts: Parts, row: sa.Row[Any], activation_id: int, role: str, now: datetime) -> None:
    tickets.update(tx, row.id, {"activation_id": activation_id, "role": role})
    if role != "lead":
        tickets.tell(tx, f"{row.number or row.platform_id} joined ({role})", now, activation_id=activation_id)
    for child in tickets.children(tx, row.connection, [row.platform_id]):
        if child.activation_id is None and child.version is not None:
            incident = parts.connections[child.connection].incident(child)
            if incident.active:
                _join(tx, parts, child, activation_id, "child", now)
                _link_like(tx, parts, child, incident, activation_id, now)
                tickets.explain(tx, child.id, f"child of {row.number}: takes part in {number(activation_id)}", now)
    parts.wakes.wake(tx, "incident", f"activation:{activation_id}")


def _join_parent(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], incident: Incident, now: datetime
) -> tuple[str, str] | None:
    """Join the activation of the incident that this one is a child of, if one runs."""
    if not incident.parent or not incident.active or row.platform_id == incident.parent:
        return None
    parent = tickets.remember(tx, row.connection, incident.parent, now)
    if parent.activation_id is None or activations.get(tx, parent.activation_id).state != "running":
        return None
    _join(tx, parts, row, parent.activation_id, "child", now)
    _link_like(tx, parts, row, incident, parent.activation_id, now)
    reason = f"child of {parent.number or parent.platform_id}: takes part in {number(parent.activation_id)}"
    return _why(tx, row, "done", reason, now)


def _link_like(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], incident: Incident, activation_id: int, now: datetime
) -> None:
    """Link a child to the plan that runs for its parent."""
    activation = activations.get(tx, activation_id)
    plan = plans.from_json(activation.plan)
    services = tuple(
        service for service in parts.records.read(tx).services.values() if service.key in activation.services
    )
    _link(tx, parts, row, incident, Match(services, (plan,)), major=False, now=now)


def _link(
    tx: sa.Connection,
    parts: Parts,
    row: sa.Row[Any],
    incident: Incident,
    match: Match,
    *,
    major: bool,
    now: datetime,
) -> None:
    """Link the plan on the ticket, once; a bigger incident also gets a note with the first steps and the phones."""
    connection = parts.connections[row.connection]
    plan = match.plans[0]
    if row.plan_key != plan.key:
        tickets.update(tx, row.id, {"plan_key": plan.key})
        tickets.tell(tx, f"Plan {plan.key} linked", now, connection=row.connection, platform_id=row.platform_id)
    if major or connection.note_for.holds(incident.facts()):
        rto = span(min((item.rto for item in match.services), default=timedelta()))
        names = [item.name for item in match.services]
        link = link_address(tx, parts, tickets.remember(tx, row.connection, row.platform_id, now), now)
        text = wording.link_note(plan, names, rto, link)
        writes.add_note(tx, row.connection, row.platform_id, f"linked:{plan.key}", text, now)


def link_address(tx: sa.Connection, parts: Parts, row: sa.Row[Any], now: datetime) -> str:
    """Return the address of a ticket's page: the same each time, until it would soon expire."""
    since = row.linked_at
    if since is None or now > since + parts.links.valid * RENEWED_AFTER:
        since = now
        tickets.update(tx, row.id, {"linked_at": now})
    return parts.links.address(row.connection, row.number, since)


def _ask_which(
    tx: sa.Connection,
    parts: Parts,
    row: sa.Row[Any],
    incident: Incident,
    plans: tuple[Plan, ...],
    now: datetime,
) -> None:
    """Put the question which plan to start to the desk, as a task on the incident, once."""
    connection = parts.connections[row.connection]
    keys = [plan.key for plan in plans]
    options = "\n".join(f"- {plan.key}: {plan.name} ({plan.scenario})" for plan in plans)
    text = (
        f"Several continuity plans match {row.number}. Choose one and close this task with the plan's key in its "
        f"closing text, or run `continuity activate {row.number} --plan KEY`:\n{options}"
    )
    writes.intend(
        tx,
        {
            "key": f"choose:{row.connection}:{row.platform_id}",
            "connection": row.connection,
            "subject": f"ticket:{row.connection}:{row.platform_id}",
            "action": "create",
            "record": "recovery_task",
            "platform_id": "",
            "values": {
                "title": f"Choose the continuity plan: {' or '.join(keys)}"[:160],
                "text": text,
                "state": "open",
                "team": connection.desk_team,
                "incident": row.platform_id,
                "parent": row.platform_id,
                "project": incident.project or connection.project,
                "required": True,
            },
            "cause": "several plans match",
            "next_at": now,
            "created_at": now,
        },
    )
    writes.add_note(tx, row.connection, row.platform_id, f"choose:{','.join(keys)}", text, now)


def _ended_text(activation: sa.Row[Any]) -> str:
    return (
        f"its activation {number(activation.id)} has ended ({activation.state}); "
        "`continuity activate` starts the plan again"
    )


def _why(tx: sa.Connection, row: sa.Row[Any], state: str, reason: str, now: datetime) -> tuple[str, str]:
    tickets.explain(tx, row.id, reason, now)
    return state, reason


def as_json(values: Any) -> dict[str, Any]:
    """Return neutral values as plain JSON: instants become ISO 8601 text, and no text holds what cannot be stored."""
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return storable(value) if isinstance(value, str) else value


def storable(text: str) -> str:
    """Return a text without halves of surrogate pairs and NUL, which a database refuses."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
