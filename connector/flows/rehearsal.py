"""The creates that an activation of a plan would make on a connection, composed for a made-up incident."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector import activation as rules
from connector.activation import number
from connector.catalog import Catalog
from connector.flows.creates import Creates, Occasion
from connector.flows.incidents import activation_key
from connector.flows.outbox import REVIEW, bounded
from connector.flows.parts import Connection, Parts
from connector.plan import Plan
from connector.standing import Standing
from connector.ticketing import Names, Record, Write

MADE_UP = "0" * 32
"""The id of the incident and of the activation's tickets, which there are none of."""
_INCIDENT = "the incident"


@dataclass(frozen=True)
class Rehearsed:
    """One create; `task` is the key of the plan's task, "" for the activation's ticket, a question or the review."""

    plan: str
    task: str
    write: Write


def rehearse(parts: Parts, catalog: Catalog, plan: Plan, connection: Connection, now: datetime) -> list[Rehearsed]:
    """Return what an activation of `plan` would create on `connection`, for an incident on each side it can be on.

    The side of the incident decides where tasks without a place and the questions to the desk go, and on what tasks
    hang. Nothing is stored.
    """
    found: dict[str, Rehearsed] = {}
    for origin in _origins(parts, catalog, plan):
        standing = _standing(catalog, plan, now)
        creates = Creates(parts, standing, _occasion(parts, catalog, plan, origin, now))
        key = activation_key(origin.name, MADE_UP, plan.key, 0)
        for record, of, values in _creates(creates, connection, origin):
            write_key = bounded(f"{key}:{record}:{of}:{connection.name}:0")
            task = of if record == "recovery_task" and of in {item.key for item in plan.tasks} else ""
            write = Write(write_key, "create", record, values=values, about=creates.about({}))
            found.setdefault(write_key, Rehearsed(plan.key, task, write))
    return list(found.values())


def names(rehearsed: Iterable[Rehearsed], catalog: Catalog, connection: Connection) -> Names:
    """Return the names that these creates, and the services known on a connection, need there."""
    values = [item.write.values for item in rehearsed]
    places = {connection.name, connection.platform}
    return Names(
        teams=_each(connection.desk_team, *(str(item.get("team") or "") for item in values)),
        projects=_each(
            connection.project, connection.review_project, *(str(item.get("project") or "") for item in values)
        ),
        cis=_each(
            *(
                item.name
                for service in catalog.services.values()
                for item in service.identifiers
                if item.platform in places and item.kind in {"ci", "service"}
            )
        ),
    )


def _origins(parts: Parts, catalog: Catalog, plan: Plan) -> list[Connection]:
    """Return the connections on which an incident can start the plan: those that know one of its services by name."""
    identifiers = [
        item for key in plan.services if key in catalog.services for item in catalog.services[key].identifiers
    ]
    known = {item.platform for item in identifiers}
    found = [item for item in parts.connections.values() if {item.name, item.platform} & known]
    return found or list(parts.connections.values())


def _standing(catalog: Catalog, plan: Plan, now: datetime) -> Standing:
    """Return how the activation would stand once it began, with every question to the desk that may be put."""
    rto = catalog.strictest_rto(plan.services) or timedelta()
    standing = rules.progress(rules.start(plan, rto=rto, now=now, clock_start=now), now).standing
    if plan.stand_down == "automatic":
        return standing
    return rules.ask_to_stand_down(standing, f"{_INCIDENT} is not a major incident any more", now)


def _occasion(parts: Parts, catalog: Catalog, plan: Plan, origin: Connection, now: datetime) -> Occasion:
    places = {origin.name, origin.platform}
    services = [
        item.name
        for key in plan.services
        if key in catalog.services
        for item in catalog.services[key].identifiers
        if item.platform in places and item.kind == "service"
    ]
    return Occasion(
        number=number(0),
        services=plan.services,
        link=parts.links.address(origin.name, number(0), now),
        connection=origin.name,
        platform_id=MADE_UP,
        incident=_INCIDENT,
        facts={"assignment_group": origin.desk_team, "service": services},
    )


def _creates(
    creates: Creates, connection: Connection, origin: Connection
) -> Iterator[tuple[Record, str, dict[str, Any]]]:
    """Yield (record, key, values) of each ticket on a connection."""
    projects = creates.projects(connection)
    for project in projects:
        yield "activation", project, creates.activation(project)
    parent = MADE_UP if projects else ""
    for task, project in creates.targets(connection):
        # Away from the incident's own side nothing can hang on it.
        values = creates.task(connection, task, project, parent, lasting=connection.name != origin.name)
        yield "recovery_task", task.key, values
    if creates.review_here(connection):
        yield "review", REVIEW, creates.review(connection, parent)


def _each(*given: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in given if name))
