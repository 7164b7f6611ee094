"""What a ticket should hold as things stand now, whether it does already or not; nothing is intended or changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.flows.incidents import link_address
from connector.flows.outbox import Outbox
from connector.flows.parts import Connection, Parts
from connector.flows.write_back import about
from connector.store import activations, tickets


@dataclass(frozen=True)
class Wanted:
    """Neutral `values` for a ticket, the facts that conditions may ask, and why these: in words."""

    values: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def wanted(tx: sa.Connection, parts: Parts, connection: Connection, platform_id: str, now: datetime) -> Wanted:
    """Compose what is written to a ticket now.

    `tx` is to be rolled back: the address of a page notes when it was first given.
    """
    placement = activations.placement_of(tx, connection.name, platform_id)
    if placement is not None:
        return _placed(_outbox(tx, parts, placement.activation_id, now), connection, placement)
    ticket = tickets.get(tx, connection.name, platform_id)
    if ticket is None or ticket.version is None:
        return Wanted({}, why="the connector does not know this ticket yet")
    if ticket.activation_id is None:
        if not ticket.plan_key:
            return Wanted({}, about(ticket), ticket.why or "no plan is linked to it")
        link = link_address(tx, parts, ticket, now)
        values = {"continuity_plan": ticket.plan_key, "continuity_link": link}
        return Wanted(values, about(ticket), f"its service is covered by {ticket.plan_key}")
    outbox = _outbox(tx, parts, ticket.activation_id, now)
    status = {"continuity_plan": outbox.standing.plan.key} if ticket.role == "child" else outbox.creates.status()
    values = {**status, "continuity_link": link_address(tx, parts, ticket, now)}
    return Wanted(values, about(ticket), f"it takes part in the activation of {outbox.standing.plan.key}")


def _outbox(tx: sa.Connection, parts: Parts, activation_id: int, now: datetime) -> Outbox:
    row = activations.get(tx, activation_id)
    return Outbox(tx, parts, row, activations.standing(tx, row, parts.joined(tx, row.id)), now)


def _placed(outbox: Outbox, connection: Connection, placement: sa.Row[Any]) -> Wanted:
    creates, standing = outbox.creates, outbox.standing
    anchors = [
        item.platform_id
        for item in outbox.placements
        if (item.record, item.connection, item.project) == ("activation", connection.name, placement.project)
    ]
    parent = next((item for item in anchors if item), "")
    if placement.record == "recovery_task":
        task = standing.tasks[placement.key]
        values = creates.task(connection, task, placement.project, parent, lasting=False)
        why = f"it is the task '{task.name}' of {standing.plan.key}"
    elif placement.record == "activation":
        values, why = creates.activation(placement.project), f"it stands for the activation of {standing.plan.key}"
    else:
        values, why = creates.review(connection, parent), f"it is the review after {standing.plan.key}"
    return Wanted({name: value for name, value in values.items() if value not in (None, "")}, creates.about({}), why)
