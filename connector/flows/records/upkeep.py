"""A continuity record brought up to date with all platforms on which it stands.

Everything is level-triggered: to call it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import fault, said, values_of
from connector.flows.parts import Parts
from connector.flows.records.belonging import named_there
from connector.flows.records.counterpart import Counterpart
from connector.flows.records.departures import leave_alone
from connector.flows.records.wakes import wake_related
from connector.record_merge import Merged, Side, merge_record, same
from connector.store import counterparts, dated, tickets


def bring_up_to_date(tx: sa.Connection, parts: Parts, record: str, key: str, now: datetime) -> Merged | None:
    """Merge a record with all platforms on which it stands, and plan the writes; returns what was found.

    None where the files do not have the record any more.
    """
    rows = counterparts.of_record(tx, record, key, lock=True)
    in_files = values_of(parts.records.files(tx), record, key)
    if in_files is None:
        for row in rows:
            leave_alone(tx, row, now)
        return None
    _drop_overridden(tx, record, key, in_files, now)
    before = values_of(parts.records.read(tx), record, key) or in_files
    times = _since(rows, before, now)
    named = {row.connection: named_there(tx, row, before) for row in rows}
    sides = {row.connection: side for row in rows if (side := _side(parts, row, named[row.connection])) is not None}
    merged = merge_record(before, times, sides, partial(fault, record))
    at = {**times, **{name: item.at or now for name, item in merged.taken.items()}}
    _take(tx, parts, rows, merged, before, in_files, now)
    for row in rows:
        Counterpart(tx, parts, row, now, named[row.connection]).keep(merged, at)
    if merged.taken:
        wake_related(tx, parts, record, key)
    return merged


def _side(parts: Parts, row: sa.Row[Any], named: Mapping[str, Any] | None) -> Side | None:
    """Return a counterpart as the merge sees it; None while it does not stand there, or was not read yet.

    None too while what it belongs to (`named`) does not stand there, or while the ticket is another record.
    """
    keep = parts.keeping(row.connection, row.record)
    if keep is None or named is None or not counterparts.is_linked(row) or not row.theirs:
        return None
    theirs, at = dated.values(row.theirs), dated.times(row.theirs)
    return Side(keep.rules, keep.carry, row.base, theirs, at, row.declined, named)


def _since(rows: Sequence[sa.Row[Any]], ours: Mapping[str, Any], now: datetime) -> dict[str, datetime | None]:
    """Return since when each value is ours; None for those that are looked at for the first time."""
    known: dict[str, Any] = {}
    for row in rows:
        known = {**row.ours, **known}
    old, since = dated.values(known), dated.times(known)
    return {name: since.get(name) if same(old.get(name, value), value) else now for name, value in ours.items()}


def _drop_overridden(tx: sa.Connection, record: str, key: str, in_files: Mapping[str, Any], now: datetime) -> None:
    """Let the file's value stand where it was changed since a platform's was taken, or says the same by now."""
    for item in counterparts.taken_of(tx, record, key):
        value = in_files.get(item.field)
        if not same(value, item.file_value) or same(value, item.value):
            counterparts.drop(tx, record, key, item.field)
            if not same(value, item.value):
                text = (
                    f"{record} {key}: the file's {item.field}, {said(item.field, value)}, takes the place of "
                    f"{said(item.field, item.value)}, which was taken from {item.connection}"
                )
                tickets.tell(tx, text, now, connection=item.connection)


def _take(
    tx: sa.Connection,
    parts: Parts,
    rows: Sequence[sa.Row[Any]],
    merged: Merged,
    before: Mapping[str, Any],
    in_files: Mapping[str, Any],
    now: datetime,
) -> None:
    record = rows[0].record if rows else ""
    for name, item in merged.taken.items():
        row = next(row for row in rows if row.connection == item.side)
        if same(item.value, in_files.get(name)):
            counterparts.drop(tx, record, row.key, name)
        else:
            counterparts.take(
                tx,
                {
                    "record": record,
                    "key": row.key,
                    "field": name,
                    "value": item.value,
                    "file_value": in_files.get(name),
                    "connection": item.side,
                    "taken_at": now,
                    "delivery_id": row.delivery_id,
                },
            )
        cause = f" ({parts.cause})" if parts.cause else ""
        text = (
            f"{record} {row.key}: {name} {said(name, before.get(name))} -> {said(name, item.value)}, taken from "
            f"{row.number or item.side} on {item.side}{cause}"
        )
        tickets.tell(tx, text, now, connection=item.side, platform_id=row.platform_id or "")
