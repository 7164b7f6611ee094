"""What could not be done and waits for a person: each with the reason, its cause, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connector import activation as rules
from connector.causes import cause_id
from connector.flows.parts import ESCALATION
from connector.remedy import Parked, named, remedy
from connector.store import deliveries, writes

MANY = 10_000


def listed(tx: sa.Connection, projects: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return parked writes and messages, oldest first; `projects` are where each connection makes tickets by default.

    Each has id, what, connection, ticket, activation, since, reason, to_do and cause.
    """
    out = [_write(row, _project(row, projects)) for row in writes.parked(tx, MANY)]
    back = [_delivery(row) for row in deliveries.latest(tx, limit=MANY, state="parked")]
    rows = [{**item, "cause": cause_id(item["connection"], item["reason"])} for item in (*out, *back)]
    return sorted(rows, key=lambda item: (item["since"], item["id"]))


def _project(row: sa.Row[Any], projects: Mapping[str, str]) -> str:
    """Return the project in which a write would make its ticket, "" where there are none."""
    return str(row.values.get("project") or (projects.get(row.connection, "") if row.action == "create" else ""))


def _write(row: sa.Row[Any], project: str) -> dict[str, Any]:
    record = "message" if row.connection == ESCALATION else row.record.replace("_", " ")
    title = str(row.values.get("title") or row.values.get("text") or "").partition("\n")[0]
    activation = rules.number(row.activation_id) if row.activation_id is not None else None
    item = Parked(row.reason, row.connection, row.record, row.action, activation or "", row.values, project)
    return {
        "id": f"W{row.id}",
        "what": f"{row.action} {record}" + (f": {title}" if title else ""),
        "connection": row.connection,
        "ticket": row.number,
        "activation": activation,
        "since": row.done_at or row.created_at,
        "reason": named(item),
        "to_do": remedy(item),
    }


def _delivery(row: sa.Row[Any]) -> dict[str, Any]:
    kind, _, rest = row.subject.partition(":")
    return {
        "id": f"D{row.id}",
        "what": f"message {row.event}",
        "connection": row.connection,
        "ticket": row.number,
        "activation": rules.number(int(rest)) if kind == "activation" else None,
        "since": row.decided_at or row.received_at,
        "reason": row.reason,
        "to_do": remedy(Parked(row.reason, row.connection)),
    }
