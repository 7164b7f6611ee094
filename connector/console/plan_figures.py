"""The plans in force, and whether each could be created on its platforms as these were when it was last tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, fields

from connector.catalog import Catalog
from connector.console.shapes import flag, instant, text, texts
from connector.store import preflights

MOST_ROWS = 10_000


class PlanFault(Schema):
    level = text("`error`: it would be refused; `warning`: something of it would be lost.")
    where = text("The file and the task, and the field.")
    what = text("What is wrong.")
    fix = text("What to do.")


class Tried(Schema):
    connection = text("The connection, as named in the settings.")
    failed = flag("Whether anything would be refused.")
    checked_at = instant("When it was last tried", allow_none=True)
    problems = fields.List(
        fields.Nested(PlanFault), required=True, metadata={"description": "What was found; warnings do not fail it."}
    )


class CheckedConnection(Tried):
    unanswered_since = instant("From when on it could not be asked; null while it answers", allow_none=True)


class Plan(Schema):
    key = text("The plan's key.")
    name = text("The plan's name.")
    services = texts("Keys of the services that it covers.")
    preflights = fields.List(
        fields.Nested(Tried),
        required=True,
        metadata={"description": "One for each connection on which it creates tickets."},
    )


class PlanList(Schema):
    plans = fields.List(fields.Nested(Plan), required=True, metadata={"description": "Those in force, by key."})
    connections = fields.List(
        fields.Nested(CheckedConnection),
        required=True,
        metadata={"description": "What the last live check of each connection found."},
    )


def plans(tx: sa.Connection, catalog: Catalog) -> dict[str, Any]:
    """Return what `PlanList` shapes."""
    rows = preflights.listed(tx, limit=MOST_ROWS)
    by_plan: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_plan.setdefault(row.plan_key, []).append(_tried(row))
    return {
        "plans": [
            {
                "key": plan.key,
                "name": plan.name,
                "services": list(plan.services),
                "preflights": by_plan.get(plan.key, []),
            }
            for plan in sorted(catalog.plans.values(), key=lambda plan: plan.key)
        ],
        "connections": _connections(rows),
    }


def _connections(rows: Sequence[sa.Row[Any]]) -> list[dict[str, Any]]:
    own = [row for row in rows if row.plan_key == preflights.CONNECTION]
    return [{**_tried(row), "unanswered_since": row.unanswered_since} for row in own]


def _tried(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "connection": row.connection,
        "failed": row.failed,
        "checked_at": row.checked_at,
        "problems": [vars(problem) for problem in preflights.problems(row)],
    }
