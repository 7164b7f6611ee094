"""Which continuity records are looked at again, and under what their writes are sent."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from connector.continuity_record import plan_key, values_of, waiting_for
from connector.flows.parts import Parts
from connector.record_merge import same
from connector.store import counterparts, dated

MOST_AT_ONCE = 100
"""Records of a connection that are woken in one round of the housekeeping."""
READ_AGAIN = timedelta(minutes=5)
"""How long a ticket that could not be read is left before it is tried again."""


def sending(connection: str) -> str:
    """Return what the writes of continuity records to a connection are sent under: many go out in one call."""
    return f"records:{connection}"


def wake(tx: sa.Connection, parts: Parts, record: str, key: str) -> None:
    """Have a record brought up to date."""
    parts.wakes.wake(tx, "incident", counterparts.subject(record, key))


def wake_changed(tx: sa.Connection, parts: Parts) -> None:
    """After other records were applied, have those brought up to date that are not ours any more as last looked at."""
    catalog = parts.records.read(tx)
    for row in counterparts.every(tx):
        ours = values_of(catalog, row.record, row.key)
        known = dated.values(row.ours)
        if (ours is None) is not (row.state == counterparts.LEFT) or any(
            not same(value, known.get(name)) for name, value in (ours or {}).items()
        ):
            wake(tx, parts, row.record, row.key)
    for name, connection in parts.connections.items():
        if any(keep.create for keep in connection.keeps.values()):
            parts.wakes.wake(tx, "sweep", sending(name))


def wake_lost(tx: sa.Connection, parts: Parts, before: datetime) -> None:
    """Wake records to which something happened before `before`, and that nobody looked at since; some at a time."""
    for name, connection in parts.connections.items():
        if connection.keeps and parts.breakers.down_since(name) is None:
            mappings = {kind: keep.mapping for kind, keep in connection.keeps.items()}
            lost = counterparts.unlooked(tx, name, mappings, before, before - READ_AGAIN, limit=MOST_AT_ONCE)
            for record, key in lost:
                wake(tx, parts, record, key)


def wake_related(tx: sa.Connection, parts: Parts, record: str, key: str) -> None:
    """Have those records looked at whose texts name this one."""
    catalog = parts.records.files(tx)  # who names whom is the files' to say
    if record == "service":
        related = [("plan", plan.key) for plan in catalog.plans.values() if key in plan.services]
        related += [("service", item.key) for item in catalog.services.values() if key in item.depends_on]
    elif record == "plan_task":
        related = [("plan", plan_key(key)), *((record, item) for item in waiting_for(catalog, key))]
    else:
        plan = catalog.plans.get(key)
        related = [("service", item) for item in plan.services] if plan is not None else []
    for kind, name in related:
        if counterparts.of_record(tx, kind, name):
            wake(tx, parts, kind, name)
