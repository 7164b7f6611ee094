"""What a person decides on a field that both sides hold differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import said, values_of
from connector.flows.parts import Parts
from connector.flows.records.belonging import named_there
from connector.flows.records.wakes import wake
from connector.record_merge import same
from connector.store import counterparts, dated, tickets, writes


def settle(tx: sa.Connection, parts: Parts, order: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """Decide a field that both sides hold differently: the chosen side's value counts as the only change."""
    record, key, name, choice = (str(order[item]) for item in ("record", "key", "field", "choice"))
    wanted = str(order.get("connection") or "")
    ours = values_of(parts.records.read(tx), record, key)
    if ours is None or name not in ours:
        return "ignored", f"there is no {record} {key} with a field {name}"
    rows = counterparts.of_record(tx, record, key, lock=True)
    there = _different(tx, parts, rows, ours, name)
    different = [row for row in rows if row.connection in there and wanted in {"", row.connection}]
    fault = next((told for row in different if (told := _fault(parts, rows, row, name, choice))), "")
    if fault:
        return "ignored", fault
    if not different:
        where = f" on {wanted}" if wanted else ""
        return "ignored", f"nothing is to be settled: {name} of {record} {key} is the same on both sides{where}"
    for row in different:
        theirs = dated.values(row.theirs)[name]
        base = {**row.base, name: theirs if choice == "ours" else there[row.connection]}
        counterparts.update(
            tx, row.id, {"base": base, "declined": {k: v for k, v in row.declined.items() if k != name}}
        )
        newest = counterparts.newest_write(tx, row)
        if newest is not None and newest.state == "parked" and newest.action == "update":
            writes.supersede(tx, [newest.id], "settled by a person", now)
        text = (
            f"{record} {key}: {name} settled by {order.get('by') or 'a person'}: {choice}; "
            f"{said(name, ours[name])} here, {said(name, theirs)} on {row.connection}"
        )
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id or "")
    wake(tx, parts, record, key)
    return "done", f"{name} of {record} {key} is settled for {', '.join(row.connection for row in different)}: {choice}"


def _different(
    tx: sa.Connection, parts: Parts, rows: Sequence[sa.Row[Any]], ours: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Return by connection what our value of a field reads back as there, where it is other than what stands there."""
    found = {}
    for row in rows:
        keep, theirs = parts.keeping(row.connection, row.record), dated.values(row.theirs)
        if keep is not None and not row.gone and name in theirs:
            there = keep.carry({**ours, **(named_there(tx, row, ours) or {})}).values.get(name)
            if not same(there, theirs[name]):
                found[row.connection] = there
    return found


def _fault(parts: Parts, rows: Sequence[sa.Row[Any]], row: sa.Row[Any], name: str, choice: str) -> str:
    """Say why a field cannot be settled so on a side, "" where it can."""
    rules = {
        item.connection: keep.rules.get(name) for item in rows if (keep := parts.keeping(item.connection, item.record))
    }
    rule = rules[row.connection]
    if rule is None or not (rule.writes if choice == "ours" else rule.reads):
        verb = "written to" if choice == "ours" else "read from"
        return f"the mapping says that {name} is not {verb} {row.connection}"
    if choice == "theirs" and rule.writes:
        for other in rows:
            of = rules.get(other.connection)
            if of is not None and of.reads and not of.writes and not other.gone and name in dated.values(other.theirs):
                return f"the mapping says that {name} is {other.connection}'s alone: change it there"
    return ""
