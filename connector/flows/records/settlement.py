"""What a person decides on a field that both sides hold differently."""

from __future__ import annotations

from collections.abc import Mapping
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
    done = []
    for row in counterparts.of_record(tx, record, key, lock=True):
        keep = parts.keeping(row.connection, row.record)
        theirs = dated.values(row.theirs)
        if wanted not in {"", row.connection} or keep is None or row.gone or name not in theirs:
            continue
        there = keep.carry({**ours, **(named_there(tx, row, ours) or {})}).values.get(name)
        if same(there, theirs[name]):
            continue
        rule = keep.rules.get(name)
        if rule is None or not (rule.writes if choice == "ours" else rule.reads):
            verb = "written to" if choice == "ours" else "read from"
            return "ignored", f"the mapping says that {name} is not {verb} {row.connection}"
        base = {**row.base, name: theirs[name] if choice == "ours" else there}
        counterparts.update(
            tx, row.id, {"base": base, "declined": {k: v for k, v in row.declined.items() if k != name}}
        )
        newest = counterparts.newest_write(tx, row)
        if newest is not None and newest.state == "parked" and newest.action == "update":
            writes.supersede(tx, [newest.id], "settled by a person", now)
        text = (
            f"{record} {key}: {name} settled by {order.get('by') or 'a person'}: {choice}; "
            f"{said(name, ours[name])} here, {said(name, theirs[name])} on {row.connection}"
        )
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id or "")
        done.append(row.connection)
    if not done:
        where = f" on {wanted}" if wanted else ""
        return "ignored", f"nothing is to be settled: {name} of {record} {key} is the same on both sides{where}"
    wake(tx, parts, record, key)
    return "done", f"{name} of {record} {key} is settled for {', '.join(done)}: {choice}"
