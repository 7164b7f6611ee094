"""What a person asked for at the command line: recorded like any message, decided like any message."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector import activation as rules
from connector import wording
from connector.activation import number
from connector.flows import incidents
from connector.flows.advance import save
from connector.flows.parts import Parts
from connector.flows.poll import PREFLIGHT
from connector.flows.records.settlement import settle
from connector.flows.records.wakes import wake_changed
from connector.recovery_task import CLOSED, TaskState
from connector.store import activations, deliveries, tickets
from connector.ticketing import Ticket

COMMAND = "command"
"""Under this connection name commands are recorded."""


def order_of(row: sa.Row[Any]) -> Mapping[str, Any]:
    """Return what a recorded command asks for."""
    order: Mapping[str, Any] = json.loads(row.body)
    return order


def apply(tx: sa.Connection, parts: Parts, row: sa.Row[Any], ticket: Ticket | None, now: datetime) -> tuple[str, str]:
    """Carry out a recorded command, on `ticket` as just read where it names one; returns (state, what came of it)."""
    order = order_of(row)
    match row.event:
        case "activate":
            return _activate(tx, parts, order, ticket, now, row.id)
        case "exercise":
            return _exercise(tx, parts, order, row.key, now)
        case "stand-down":
            return _stand_down(tx, parts, order, now)
        case "task":
            return _task(tx, parts, order, now)
        case "settle":
            return settle(tx, parts, order, now)
        case "apply":
            return _look_again(tx, parts, row.key, str(order.get("by") or ""), now)
        case "look":
            return _look(tx, parts, order, now)
        case unknown:
            return "parked", f"this version knows no command '{unknown}'"


def _activate(
    tx: sa.Connection, parts: Parts, order: Mapping[str, Any], ticket: Ticket | None, now: datetime, delivery_id: int
) -> tuple[str, str]:
    if ticket is None or ticket.record != "incident":
        return "ignored", f"{order['connection']} has no incident {order['number']}"
    row = incidents.remember(tx, ticket, now, delivery_id)
    incident = parts.connections[row.connection].incident(row)
    catalog = parts.records.read(tx)
    match = incidents.match_plans(catalog, incident)
    wanted = order.get("plan") or ""
    if wanted and wanted not in catalog.plans:
        return "ignored", f"there is no plan '{wanted}'; known: {', '.join(sorted(catalog.plans))}"
    if not wanted and len(match.plans) != 1:
        keys = ", ".join(plan.key for plan in match.plans) or match.reason
        return "ignored", f"name the plan with --plan: {keys}"
    if row.activation_id is not None and activations.get(tx, row.activation_id).state == "running":
        return "ignored", f"it takes part in {number(row.activation_id)} already"
    plan = catalog.plans[wanted] if wanted else match.plans[0]
    services = match.services or tuple(catalog.services[key] for key in plan.services)
    tickets.update(tx, row.id, {"plan_key": plan.key, "baseline": False})
    return incidents.start(tx, parts, row, plan, services, by=order["by"], now=now)


def _exercise(tx: sa.Connection, parts: Parts, order: Mapping[str, Any], key: str, now: datetime) -> tuple[str, str]:
    catalog = parts.records.read(tx)
    plan = catalog.plans.get(order["plan"])
    if plan is None:
        return "ignored", f"there is no plan '{order['plan']}'; known: {', '.join(sorted(catalog.plans))}"
    services = [catalog.services[item] for item in plan.services]
    rto = min(service.rto for service in services)
    standing = rules.start(plan, rto=rto, now=now, clock_start=now, by_rule=False, exercise=True)
    activation_id = activations.create(
        tx,
        activations.New(
            key=hashlib.sha256(f"exercise\n{key}".encode()).hexdigest()[:16],
            lock=f"exercise:{plan.key}",
            standing=standing,
            services=tuple(service.key for service in services),
            rpo=min(service.rpo for service in services),
            started_by=order["by"],
        ),
    )
    if activation_id is None:
        running = activations.holding(tx, f"exercise:{plan.key}")
        return "ignored", f"an exercise of {plan.key} runs already" + (f": {number(running.id)}" if running else "")
    tickets.tell(tx, wording.activated_note(standing, order["by"]), now, activation_id=activation_id)
    parts.wakes.wake(tx, "incident", f"activation:{activation_id}")
    return "done", f"exercise of {plan.key} started as {number(activation_id)}"


def _stand_down(tx: sa.Connection, parts: Parts, order: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    row = activations.get(tx, order["activation"], lock=True)
    if row.state != "running":
        return "ignored", f"{number(row.id)} has ended already ({row.state})"
    before = activations.standing(tx, row, parts.joined(tx, row.id))
    reason = f"{order['reason']} ({order['by']})"
    save(tx, row, before, replace(before, stand_down="confirmed", stand_down_reason=reason), (), now)
    return "done", f"{number(row.id)} stood down: {reason}"


def _task(tx: sa.Connection, parts: Parts, order: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    row = activations.get(tx, order["activation"], lock=True)
    before = activations.standing(tx, row, parts.joined(tx, row.id))
    if row.state != "running":
        return "ignored", f"{number(row.id)} has ended already ({row.state})"
    if order["task"] not in before.tasks:
        return "ignored", f"{number(row.id)} has no task '{order['task']}'; it has {', '.join(before.tasks)}"
    if before.tasks[order["task"]].state in CLOSED:
        return "ignored", f"{order['task']} is {before.tasks[order['task']].state.value} already"
    state = TaskState(order["state"])
    after = rules.moved(before, order["task"], state, at=now, by=order["by"], reason=order.get("reason", ""))
    save(tx, row, before, after, (), now)
    return "done", f"{order['task']} is {state.value}"


def _look_again(tx: sa.Connection, parts: Parts, key: str, by: str, now: datetime) -> tuple[str, str]:
    """After other records were applied, have every open incident without an activation decided again, one by one."""
    count = 0
    for row in tickets.undecided(tx):
        connection = parts.connections.get(row.connection)
        if connection is None or not connection.incident(row).active:
            continue
        subject = f"ticket:{row.connection}:{row.platform_id}"
        order = {"connection": row.connection, "platform_id": row.platform_id, "by": by}
        message = deliveries.Message(
            connection=COMMAND,
            key=f"{key}:{row.id}",
            source="command",
            event="look",
            body=json.dumps(order).encode(),
            platform_id=row.platform_id,
            number=row.number,
            subject=subject,
        )
        if deliveries.record(tx, message, now) is not None:
            parts.wakes.wake(tx, "incident", subject)
            count += 1
    for name in parts.connections:
        parts.wakes.wake(tx, "sweep", f"{PREFLIGHT}:{name}")
    wake_changed(tx, parts)
    return "done", f"records applied; {count} open incidents are looked at again"


def _look(tx: sa.Connection, parts: Parts, order: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    row = tickets.get(tx, order["connection"], order["platform_id"], lock=True)
    if row is None or row.connection not in parts.connections:
        return "ignored", "the ticket or its connection is gone"
    return incidents.decide(tx, parts, row, now)
