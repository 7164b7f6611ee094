"""Continuity records kept in step: what a platform says of one, what is taken from there, and what is written.

Everything is level-triggered: `bring_up_to_date` compares a record with all platforms on which it stands. To call it
again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import sqlalchemy as sa

from connector.continuity_record import TITLE, fault, plain, said, values_of
from connector.flows.parts import Keeping, Parts
from connector.record_merge import Found, Merged, Side, empty, merge_record, same
from connector.store import counterparts, tickets, writes
from connector.ticketing import Outcome, Record, Refused, Ticket, Unavailable

log = logging.getLogger(__name__)
MOST_UNDONE = 6
"""Writes of one field within `UNDONE_WITHIN` that another system may undo before the next is parked."""
UNDONE_WITHIN = timedelta(hours=1)
_LOOK_BACK = 24
LEFT = "not in the files"
"""The state of a counterpart whose record was taken out of the files."""


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
        known = told(row.ours)
        if (ours is None) is not (row.state == LEFT) or any(
            not same(value, known.get(name)) for name, value in (ours or {}).items()
        ):
            wake(tx, parts, row.record, row.key)
    for name, connection in parts.connections.items():
        if any(keep.create for keep in connection.keeps.values()):
            parts.wakes.wake(tx, "sweep", sending(name))


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a counterpart's JSON of field -> [value, since] holds, without the times."""
    return {field: value for field, (value, _) in values.items()}


def take_in(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], ticket: Ticket, now: datetime, delivery_id: int | None
) -> tuple[str, str]:
    """Store what a platform says of a record that stands there; returns (state, what came of it)."""
    called = f"{row.record} {row.key}"
    if row.gone:
        return "ignored", f"{called} is not linked with it any more: {row.gone}"
    if ticket.deleted:
        return _gone(tx, parts, row, now)
    if row.version is not None and ticket.version < row.version:
        return "ignored", f"{called} is known in a later version"
    values = {name: plain(value) for name, value in ticket.values.items() if name not in {"project", "updated_at"}}
    changed_at = ticket.values.get("updated_at")
    since = (changed_at if isinstance(changed_at, datetime) else now).isoformat()
    before = told(row.theirs)
    news = [name for name, value in values.items() if name not in before or not same(before[name], value)]
    base, declined = dict(row.base), dict(row.declined)
    if row.declined:
        base, declined = _kept_after_all(parts, row, values)
    base |= _landed(tx, parts, row, values, news)
    counterparts.update(
        tx,
        row.id,
        {
            "number": ticket.number or row.number,
            "url": ticket.url or row.url,
            "version": ticket.version,
            "theirs": {name: [value, since if name in news else row.theirs[name][1]] for name, value in values.items()},
            "base": base,
            "declined": declined,
            "problems": {**row.problems, "read": list(ticket.problems)},
            "seen_at": now,
            "delivery_id": delivery_id,
        },
    )
    if not news:
        return "done", f"{called} is as known"
    return "done", f"{called} on {row.connection}: " + "; ".join(
        f"{name} is {said(name, values[name])}" for name in news
    )


def _landed(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], values: Mapping[str, Any], news: Sequence[str]
) -> dict[str, Any]:
    """Return those values that are new there and that a write of ours brought whose answer was lost: no edit."""
    keep = _keeping(parts, row)
    found: dict[str, Any] = {}
    if keep is None or not news:
        return found
    for write in counterparts.unanswered(tx, row, limit=_LOOK_BACK):
        there = keep.carry({name: write.values[name] for name in news if name in write.values}).values
        found |= {name: values[name] for name, value in there.items() if same(value, values[name])}
    return found


def _kept_after_all(parts: Parts, row: sa.Row[Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return base and declined values, now that it is read which of the written ones the platform kept."""
    keep = _keeping(parts, row)
    there = keep.carry(row.declined).values if keep is not None else {}
    kept = {name: values[name] for name in there if name in values and same(there[name], values[name])}
    return {**row.base, **kept}, {name: value for name, value in row.declined.items() if name not in kept}


def _gone(tx: sa.Connection, parts: Parts, row: sa.Row[Any], now: datetime) -> tuple[str, str]:
    """Unlink a record from a ticket that is there no more; nothing is deleted anywhere else."""
    reason = f"deleted or archived on {row.connection}"
    counterparts.update(tx, row.id, {"gone": reason, "state": "gone", "state_at": now})
    _supersede(tx, row, reason, now)
    text = (
        f"{row.record} {row.key}: {row.number} was {reason}. It is unlinked; nothing is deleted elsewhere, and it is "
        f"not created again by itself (`continuity adopt {row.connection}` links or creates it)."
    )
    log.warning("%s", text)
    for other in counterparts.of_record(tx, row.record, row.key):
        tickets.tell(tx, text, now, connection=other.connection, platform_id=other.platform_id or "")
    wake(tx, parts, row.record, row.key)
    return "done", text


def written(tx: sa.Connection, parts: Parts, write: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
    """Take in that a write was made: both sides agree on its values, as far as the platform kept them."""
    row = _of_write(tx, write)
    if row is None:
        return
    if write.action == "create" and row.platform_id not in {None, outcome.id}:
        text = f"{row.record} {row.key}: {outcome.number} was created on {row.connection} beside {row.number}; close it"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id)
        return
    keep = _keeping(parts, row)
    values = {name: value for name, value in write.values.items() if keep is not None and name in keep.rules}
    there = keep.carry(values).values if keep is not None else {}
    # What a warning tells of has to be read again: until then it counts as not kept.
    unsure = {name: value for name, value in values.items() if outcome.warnings and name in there}
    stands = {name: there.get(name, value) for name, value in values.items() if name not in unsure}
    version = None if outcome.warnings or (write.action == "create" and write.unclear_since) else outcome.version
    overtaken = version is not None and row.version is not None and version < row.version
    changes: dict[str, Any] = {
        "base": {**row.base, **stands},
        "declined": {**{name: value for name, value in row.declined.items() if name not in stands}, **unsure},
        "version": row.version if overtaken else version,
    }
    if not overtaken:
        known = {name: [value, now.isoformat()] for name, value in stands.items() if name in there}
        changes["theirs"] = {**row.theirs, **known}
    if write.action == "create":
        changes |= {"platform_id": outcome.id, "number": outcome.number, "url": outcome.url}
        text = f"{row.record} {row.key}: {outcome.number} created on {row.connection}"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=outcome.id)
    counterparts.update(tx, row.id, changes)


def settled(tx: sa.Connection, parts: Parts, write: sa.Row[Any]) -> None:
    """Have the record of a write looked at again, now that it is known what came of it."""
    row = _of_write(tx, write)
    if row is not None:
        wake(tx, parts, row.record, row.key)


def _of_write(tx: sa.Connection, write: sa.Row[Any]) -> sa.Row[Any] | None:
    """Return the counterpart that a write was made for, locked."""
    _, record, key, _ = write.key.split(":", 3)
    rows = counterparts.of_record(tx, record, key, lock=True)
    return next((row for row in rows if row.connection == write.connection), None)


def to_read(tx: sa.Connection, record: str, key: str) -> list[tuple[str, str]]:
    """Return the (connection, id) of tickets of a record of which it is not known how our write left them."""
    rows = counterparts.of_record(tx, record, key)
    return [
        (row.connection, row.platform_id)
        for row in rows
        if row.platform_id and not row.gone and row.version is None and (row.declined or not row.theirs)
    ]


def read_again(parts: Parts, connection: str, record: str, platform_id: str) -> None:
    """Read a ticket of a record as it stands now; where that cannot be done, the next message or sweep does it."""
    side = parts.connections.get(connection)
    if side is None or parts.budgets.wait_until(connection, "backfill") is not None:
        return
    try:
        found = next(iter(side.ticketing.read(cast("Record", record), [platform_id])), None)
    except (Unavailable, Refused) as error:
        log.warning("%s of %s could not be read again: %s", platform_id, connection, error)
        return
    finally:
        parts.budgets.done(connection)
    if found is not None:
        with parts.database.begin() as tx:
            row = counterparts.at(tx, connection, platform_id)
            if row is not None:
                take_in(tx, parts, row, found, parts.now(), row.delivery_id)


def bring_up_to_date(tx: sa.Connection, parts: Parts, record: str, key: str, now: datetime) -> Merged | None:
    """Merge a record with all platforms on which it stands, and plan the writes; returns what was found.

    None where the files do not have the record any more.
    """
    rows = counterparts.of_record(tx, record, key, lock=True)
    in_files = values_of(parts.records.files(tx), record, key)
    if in_files is None:
        for row in rows:
            _left_alone(tx, row, now)
        return None
    _drop_overridden(tx, record, key, in_files, now)
    before = values_of(parts.records.read(tx), record, key) or in_files
    times = _since(rows, before, now)
    sides = {row.connection: side for row in rows if (side := _side(parts, row)) is not None}
    merged = merge_record(before, times, sides, partial(fault, record))
    at = {**times, **{name: item.at or now for name, item in merged.taken.items()}}
    _take(tx, parts, rows, merged, before, in_files, now)
    for row in rows:
        _Counterpart(tx, parts, row, now).keep(merged, at)
    if merged.taken:
        _wake_related(tx, parts, record, key)
    return merged


def _side(parts: Parts, row: sa.Row[Any]) -> Side | None:
    """Return a counterpart as the merge sees it; None while it does not stand there, or was not read yet."""
    keep = _keeping(parts, row)
    if keep is None or not row.platform_id or row.gone or not row.theirs:
        return None
    at = {name: datetime.fromisoformat(since) for name, (_, since) in row.theirs.items()}
    return Side(keep.rules, keep.carry, row.base, told(row.theirs), at, row.declined)


def _keeping(parts: Parts, row: sa.Row[Any]) -> Keeping | None:
    connection = parts.connections.get(row.connection)
    return connection.keeps.get(row.record) if connection is not None else None


def _since(rows: Sequence[sa.Row[Any]], ours: Mapping[str, Any], now: datetime) -> dict[str, datetime | None]:
    """Return since when each value is ours; None for those that are looked at for the first time."""
    known: dict[str, list[Any]] = {}
    for row in rows:
        known = {**row.ours, **known}
    found: dict[str, datetime | None] = {}
    for name, value in ours.items():
        old, since = known.get(name, (value, None))
        found[name] = (datetime.fromisoformat(since) if since else None) if same(old, value) else now
    return found


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


def _wake_related(tx: sa.Connection, parts: Parts, record: str, key: str) -> None:
    """Have those records looked at whose texts name this one."""
    catalog = parts.records.read(tx)
    if record == "service":
        related = [("plan", plan.key) for plan in catalog.plans.values() if key in plan.services]
        related += [("service", item.key) for item in catalog.services.values() if key in item.depends_on]
    else:
        plan = catalog.plans.get(key)
        related = [("service", item) for item in plan.services] if plan is not None else []
    for kind, name in related:
        if counterparts.of_record(tx, kind, name):
            wake(tx, parts, kind, name)


def _left_alone(tx: sa.Connection, row: sa.Row[Any], now: datetime) -> None:
    """Mark a counterpart of a record that the files do not have any more; nothing is deleted on the platform."""
    if row.state != LEFT:
        _supersede(tx, row, "the record is not in the files any more", now)
        text = f"{row.record} {row.key} is not in the files any more; {row.number or 'its record'} stays as it is"
        tickets.tell(tx, text, now, connection=row.connection, platform_id=row.platform_id or "")
        counterparts.update(tx, row.id, {"state": LEFT, "state_at": now})


def _supersede(tx: sa.Connection, row: sa.Row[Any], reason: str, now: datetime) -> None:
    newest = counterparts.newest_write(tx, row)
    if newest is not None and newest.state in {"pending", "parked"}:
        writes.update(tx, [newest.id], {"state": "superseded", "reason": reason, "done_at": now})


def settle(tx: sa.Connection, parts: Parts, order: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """Decide a field that both sides hold differently: the chosen side's value counts as the only change."""
    record, key, name, choice = (str(order[item]) for item in ("record", "key", "field", "choice"))
    wanted = str(order.get("connection") or "")
    ours = values_of(parts.records.read(tx), record, key)
    if ours is None or name not in ours:
        return "ignored", f"there is no {record} {key} with a field {name}"
    done = []
    for row in counterparts.of_record(tx, record, key, lock=True):
        keep = _keeping(parts, row)
        theirs = told(row.theirs)
        if wanted not in {"", row.connection} or keep is None or row.gone or name not in theirs:
            continue
        there = keep.carry(ours).values.get(name)
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
            writes.update(tx, [newest.id], {"state": "superseded", "reason": "settled by a person", "done_at": now})
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


@dataclass(frozen=True)
class _Counterpart:
    """One counterpart after a merge: its base and conflicts are stored, and what it lacks is written."""

    tx: sa.Connection
    parts: Parts
    row: sa.Row[Any]
    now: datetime

    def keep(self, merged: Merged, at: Mapping[str, datetime | None]) -> None:
        row = self.row
        if row.gone:
            return
        keep = _keeping(self.parts, row)
        found = merged.found.get(row.connection)
        ours = {
            name: [value, since.isoformat() if (since := at.get(name)) else None] for name, value in merged.ours.items()
        }
        changes: dict[str, Any] = {"ours": ours}
        if keep is None:
            state = "waiting"
        elif row.platform_id is None:
            state = self._create(keep, merged)
        elif found is None:
            state = "waiting"  # to be read
        else:
            changes |= {"base": found.base, "conflicts": self._conflicts(found, merged)}
            changes["problems"] = {**row.problems, "held": dict(found.held)}
            state = self._update(found)
            if found.conflicts:
                state = "conflict"
            elif state == "in step" and (found.held or row.problems.get("read")):
                state = "waiting"
        if state != row.state:
            changes |= {"state": state, "state_at": self.now}
        counterparts.update(self.tx, row.id, changes)

    def _conflicts(self, found: Found, merged: Merged) -> dict[str, str]:
        """Return since when which fields are in conflict, telling of those that have come up or are over."""
        row = self.row
        theirs = told(row.theirs)
        for name in sorted(found.conflicts - set(row.conflicts)):
            self._tell(
                f"{name} was changed on both sides: {said(name, merged.ours[name])} here, {said(name, theirs[name])} "
                f"on {row.connection}. Both stand until `continuity settle {row.record} {row.key} {name}` is given "
                "--ours or --theirs"
            )
        for name in sorted(set(row.conflicts) - found.conflicts):
            self._tell(f"{name} is not in conflict any more: {said(name, merged.ours.get(name))}")
        return {name: row.conflicts.get(name, self.now.isoformat()) for name in found.conflicts}

    def _create(self, keep: Keeping, merged: Merged) -> str:
        """Plan a record's creation, once; returns the counterpart's state."""
        row = self.row
        if not row.linked_by:
            return "waiting"  # a person has to say whether the one that is there is the same
        lost = keep.carry(merged.ours).lost
        values = {
            name: value
            for name, value in merged.ours.items()
            if name in keep.rules and keep.rules[name].writes and not empty(value) and name not in lost
        }
        connection = self.parts.connections[row.connection]
        values |= {"project": connection.project} if connection.project else {}
        newest = counterparts.newest_write(self.tx, row)
        if newest is None or newest.action != "create" or newest.state == "done":
            return self._intend("create", values)
        unsent = newest.state == "pending" and newest.sent_at is None
        if newest.state == "superseded" or ((unsent or newest.state == "parked") and dict(newest.values) != values):
            # The key stays: should an earlier try have landed, it is found by it.
            again = {"state": "pending", "next_at": self.now, "tried_since": None, "reason": ""}
            writes.update(self.tx, [newest.id], {"values": values, "cause": self.parts.cause, **again})
            self._send()
            return "waiting"
        return "parked" if newest.state == "parked" else "waiting"

    def _update(self, found: Found) -> str:
        """Plan what has to be written; returns the counterpart's state."""
        row = self.row
        wanted = dict(found.write)
        newest = counterparts.newest_write(self.tx, row)
        if newest is not None and newest.state in {"pending", "parked"}:
            same_values = newest.action == "update" and dict(newest.values) == wanted
            if newest.state == "parked" and same_values:
                return "parked"
            if newest.state == "pending" and (same_values or _in_flight(newest)):
                if same_values:  # what it takes the place of may have been changed meanwhile
                    theirs = told(row.theirs)
                    writes.update(self.tx, [newest.id], {"before": {name: theirs.get(name) for name in wanted}})
                    self._send()  # it may have waited for the message that is decided by this
                return "waiting"  # what comes of it wakes this record again
            values = {"state": "superseded", "reason": "other values are wanted by now", "done_at": self.now}
            writes.update(self.tx, [newest.id], values)
        if not wanted:
            return "in step"
        return self._intend("update", wanted)

    def _intend(self, action: str, values: Mapping[str, Any]) -> str:
        row = self.row
        theirs = told(row.theirs)
        reason = self._undone(values) if action == "update" else ""
        writes.intend(
            self.tx,
            {
                "key": counterparts.write_key(row, row.writes),
                "connection": row.connection,
                "subject": sending(row.connection),
                "action": action,
                "record": row.record,
                "platform_id": row.platform_id or "",
                "number": row.number,
                "values": dict(values),
                "before": {name: theirs.get(name) for name in values} if action == "update" else None,
                "cause": self.parts.cause,
                "state": "parked" if reason else "pending",
                "reason": reason,
                "done_at": self.now if reason else None,
                "next_at": self.now,
                "created_at": self.now,
            },
        )
        counterparts.update(self.tx, row.id, {"writes": row.writes + 1})
        if reason:
            self._tell(f"parked: {reason}")
            return "parked"
        self._send()
        return "waiting"

    def _send(self) -> None:
        """Have what is intended sent; records that are decided within one window share the calls."""
        window = self.parts.timing.records_window.total_seconds()
        at = datetime.fromtimestamp((self.now.timestamp() // window + 1) * window, UTC) if window else None
        self.parts.wakes.wake(self.tx, "send", f"{sending(self.row.connection)}|{self.row.connection}", at)

    def _undone(self, wanted: Mapping[str, Any]) -> str:
        """Say which field another system keeps changing back after our writes, "" where none does."""
        row = self.row
        keep = _keeping(self.parts, row)
        sent = counterparts.written_since(self.tx, row, self.now - UNDONE_WITHIN, limit=_LOOK_BACK)
        if keep is None or len(sent) < MOST_UNDONE:
            return ""
        theirs = told(row.theirs)
        for name, value in wanted.items():
            mine = [item for item in sent if name in item.values]
            if len(mine) < MOST_UNDONE:
                continue
            after = [*(item.before.get(name) for item in mine[1:]), theirs.get(name)]
            undone = [
                then
                for item, then in zip(mine, after, strict=True)
                if not same(keep.carry({name: item.values[name]}).values.get(name), then)
            ]
            if len(undone) >= MOST_UNDONE:
                return (
                    f"another system keeps changing {name} of {row.number} back: {len(undone)} times within the last "
                    f"hour, now to {said(name, theirs.get(name))} from {said(name, value)}; stop it (another "
                    "connector, a rule of the platform), then replay this, or settle the field"
                )
        return ""

    def _tell(self, text: str) -> None:
        row = self.row
        line = f"{row.record} {row.key}: {text}"
        log.warning("%s", line)
        tickets.tell(self.tx, line, self.now, connection=row.connection, platform_id=row.platform_id or "")


def _in_flight(write: sa.Row[Any]) -> bool:
    """Tell whether a write is with the platform, or was when its process died: what came of it is not known yet."""
    return bool(write.sent_at is not None and write.next_at <= write.sent_at)


def overtaken(tx: sa.Connection, write_ids: Sequence[int], now: datetime) -> None:
    """Give up writes that what was read meanwhile has overtaken; their records are looked at again."""
    values = {"state": "superseded", "reason": "the record was changed meanwhile", "done_at": now}
    writes.update(tx, write_ids, values)


def link(
    tx: sa.Connection, parts: Parts, row_of: tuple[str, str, str], ticket: Ticket | None, by: str, now: datetime
) -> None:
    """Link a record (kind, key, connection) with a ticket as just read, or with None have it created there."""
    record, key, connection = row_of
    counterparts.add(tx, record, key, connection, {"linked_at": now, "linked_by": by})
    row = next(item for item in counterparts.of_record(tx, record, key, lock=True) if item.connection == connection)
    _supersede(tx, row, "linked anew", now)
    counterparts.update(
        tx,
        row.id,
        {
            **{name: {} for name in ("base", "theirs", "declined", "conflicts", "problems")},
            "platform_id": ticket.id if ticket is not None else None,
            "number": ticket.number if ticket is not None else "",
            "url": ticket.url if ticket is not None else "",
            "version": None,
            "gone": "",
            "state": "new",
            "state_at": now,
            "linked_at": now,
            "linked_by": by,
        },
    )
    if ticket is not None:
        fresh = next(item for item in counterparts.of_record(tx, record, key) if item.connection == connection)
        take_in(tx, parts, fresh, ticket, now, None)
        named = ticket.values.get(TITLE[record])
        text = f"{record} {key} linked with {ticket.number} '{named}' on {connection} by {by}"
        tickets.tell(tx, text, now, connection=connection, platform_id=ticket.id)
    wake(tx, parts, record, key)
