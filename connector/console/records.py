"""Continuity records as they are kept in step, for the read API and the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, fields, validate

from connector.catalog import Catalog
from connector.console.shapes import choice, instant, text
from connector.continuity_record import namesakes, said
from connector.store import counterparts, writes
from connector.ticketing import KEPT

_MOST_PARKED = 10_000
STATES = ("new", "in step", "waiting", "conflict", "parked", "gone", "not in the files")


class RecordQuery(Schema):
    """Which records to list; anything else in the query is refused."""

    kind = fields.String(
        load_default="", validate=validate.OneOf(KEPT), metadata={"description": "Only services, or only plans."}
    )
    connection = fields.String(load_default="", metadata={"description": "Only those on one connection."})
    state = fields.String(
        load_default="", validate=validate.OneOf(STATES), metadata={"description": "Only those in this state."}
    )


class Conflict(Schema):
    field = text("Our name of the field.")
    ours = fields.Raw(required=True, allow_none=True, metadata={"description": "Our value."})
    theirs = fields.Raw(required=True, allow_none=True, metadata={"description": "The platform's value."})
    ours_said = text("Our value as people write it, such as 4h.")
    theirs_said = text("The platform's value as people write it.")
    since = instant("When both sides were first seen to differ")


class Taken(Schema):
    field = text("Our name of the field.")
    value = fields.Raw(required=True, allow_none=True, metadata={"description": "The value that stands."})
    in_file = fields.Raw(required=True, allow_none=True, metadata={"description": "What the file said at that time."})
    value_said = text("The value that stands, as people write it, such as 4h.")
    in_file_said = text("What the file said, as people write it.")
    at = instant("When it was taken")


class Record(Schema):
    kind = choice("What it is.", *KEPT)
    key = text("Its key in the files.")
    connection = text("The connection, as named in the settings.")
    number = text("What people call it there; empty until it is created.")
    url = text("Where people see it.")
    state = choice("How it stands.", *STATES)
    since = instant("Since when it stands so", allow_none=True)
    conflicts = fields.List(
        fields.Nested(Conflict), required=True, metadata={"description": "Fields on which a person has to decide."}
    )
    taken = fields.List(
        fields.Nested(Taken), required=True, metadata={"description": "Values that were taken from this platform."}
    )
    problems = fields.List(
        fields.String(), required=True, metadata={"description": "What a person has to mend, in words."}
    )


class RecordList(Schema):
    records = fields.List(
        fields.Nested(Record), required=True, metadata={"description": "By kind, key and connection."}
    )


def listed(
    tx: sa.Connection, catalog: Catalog, *, kind: str = "", connection: str = "", state: str = ""
) -> list[dict[str, Any]]:
    """Return where the continuity records stand, as `Record` describes each; `catalog` is the one in force."""
    taken = counterparts.all_taken(tx)
    shared = {record: namesakes(catalog, record) for record in KEPT}
    rows = counterparts.every(tx, connection=connection, record=kind)
    parked = {row.key: row for row in writes.parked(tx, limit=_MOST_PARKED)}
    return [
        _record(
            row,
            taken.get((row.record, row.key), []),
            _parked(parked.get(counterparts.write_key(row, row.writes - 1))),
            shared[row.record].get(row.key, ""),
        )
        for row in rows
        if state in ("", row.state)
    ]


def _record(row: sa.Row[Any], taken: list[sa.Row[Any]], parked: str, shared: str) -> dict[str, Any]:
    problems = row.problems
    held = [f"{name}: {reason}" for name, reason in problems.get("held", {}).items()]
    return {
        "kind": row.record,
        "key": row.key,
        "connection": row.connection,
        "number": row.number,
        "url": row.url,
        "state": row.state,
        "since": row.state_at,
        "conflicts": [_conflict(row, name, since) for name, since in row.conflicts.items()],
        "taken": [_taken(item) for item in taken if item.connection == row.connection],
        "problems": [
            *problems.get("doubt", []),
            *held,
            *problems.get("read", []),
            *(text for text in (parked, shared, row.gone) if text),
        ],
    }


def _parked(write: sa.Row[Any] | None) -> str:
    if write is None:
        return ""
    return f"W{write.id} is parked: {write.reason.rstrip('.')}; mend that, then `continuity replay W{write.id}`"


def _conflict(row: sa.Row[Any], name: str, since: str) -> dict[str, Any]:
    nothing = (None, None)
    ours, theirs = row.ours.get(name, nothing)[0], row.theirs.get(name, nothing)[0]
    return {
        "field": name,
        "ours": ours,
        "theirs": theirs,
        "ours_said": said(name, ours),
        "theirs_said": said(name, theirs),
        "since": datetime.fromisoformat(since),
    }


def _taken(item: sa.Row[Any]) -> dict[str, Any]:
    return {
        "field": item.field,
        "value": item.value,
        "in_file": item.file_value,
        "value_said": said(item.field, item.value),
        "in_file_said": said(item.field, item.file_value),
        "at": item.taken_at,
    }
