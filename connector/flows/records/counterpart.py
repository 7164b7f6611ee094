"""One counterpart after a merge: what was found is stored, and what it lacks is written, once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import BELONGS_TO, said
from connector.flows.parts import Keeping, Parts
from connector.flows.records.wakes import sending
from connector.record_merge import NOT_KEPT, Found, Merged, empty, same
from connector.store import counterparts, dated, tickets, writes

log = logging.getLogger(__name__)
MOST_UNDONE = 6
"""Writes of one field within `UNDONE_WITHIN` that another system may undo before the next is parked."""
UNDONE_WITHIN = timedelta(hours=1)
_LOOK_BACK = 24


@dataclass(frozen=True)
class Counterpart:
    """One counterpart after a merge: its base and conflicts are stored, and what it lacks is written.

    `named` is what the record that it belongs to is called there, None while that does not stand there.
    """

    tx: sa.Connection
    parts: Parts
    row: sa.Row[Any]
    now: datetime
    named: Mapping[str, Any] | None

    def keep(self, merged: Merged, at: Mapping[str, datetime | None]) -> None:
        row = self.row
        if row.gone:
            return
        keep = self.parts.keeping(row.connection, row.record)
        found = merged.found.get(row.connection)
        ours = {name: dated.stamped(value, at.get(name)) for name, value in merged.ours.items()}
        changes: dict[str, Any] = {"ours": ours, "looked_at": self.now}
        if keep is not None and row.platform_id is None:
            changes |= {"mapped_by": keep.mapping, "mapped_fields": dict(keep.fields)}
        if keep is None:
            state = "waiting"
        elif self.named is None:
            changes["problems"] = {**row.problems, "held": self._unplaced()}
            state = "waiting"
        elif row.platform_id is None:
            changes["problems"] = {**row.problems, "held": {}}
            state = self._create(keep, {**merged.ours, **self.named})
        elif found is None:
            state = "waiting"  # to be read
        else:
            changes |= {"base": found.base, "conflicts": self._conflicts(found, merged)}
            changes["problems"] = {**row.problems, "held": self._held(found.held)}
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
        theirs = dated.values(row.theirs)
        for name in sorted(found.conflicts - set(row.conflicts)):
            self._tell(
                f"{name} was changed on both sides: {said(name, merged.ours[name])} here, {said(name, theirs[name])} "
                f"on {row.connection}. Both stand until `continuity settle {row.record} {row.key} {name}` is given "
                "--ours or --theirs"
            )
        for name in sorted(set(row.conflicts) - found.conflicts):
            self._tell(f"{name} is not in conflict any more: {said(name, merged.ours.get(name))}")
        return {name: row.conflicts.get(name, self.now.isoformat()) for name in found.conflicts}

    def _held(self, held: Mapping[str, str]) -> dict[str, str]:
        """Return why fields are held: of what was not kept, with what the answer warned of, and how it goes on."""
        row, found = self.row, dict(held)
        warned = row.problems.get("warned", ())
        for name in (name for name, reason in held.items() if reason == NOT_KEPT):
            again = (
                f"once it can be kept there, `continuity settle {row.record} {row.key} {name} --ours` writes it again"
            )
            found[name] = "; ".join((NOT_KEPT, *([text for text in warned if name in text] or warned), again))
        return found

    def _unplaced(self) -> dict[str, str]:
        """Return why a record waits that belongs to another."""
        of = BELONGS_TO[self.row.record]
        return {of: f"it stands under its {of}, and that is not linked with one on {self.row.connection}"}

    def _create(self, keep: Keeping, ours: Mapping[str, Any]) -> str:
        """Plan a record's creation with these values, once; returns the counterpart's state."""
        row = self.row
        if not row.linked_by:
            return "waiting"  # a person has to say whether the one that is there is the same
        lost = keep.carry(ours).lost
        values = {
            name: value
            for name, value in ours.items()
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
        undone = self._undone(found.write)
        # What another system keeps changing back holds no other field: these go first, and it is parked by itself.
        wanted = {name: value for name, value in found.write.items() if name not in undone} or dict(found.write)
        newest = counterparts.newest_write(self.tx, row)
        if newest is not None and newest.state in {"pending", "parked"}:
            same_values = newest.action == "update" and dict(newest.values) == wanted
            if newest.state == "parked" and same_values:
                return "parked"
            if newest.state == "pending" and (same_values or _in_flight(newest)):
                if same_values:  # what it takes the place of may have been changed meanwhile
                    theirs = dated.values(row.theirs)
                    writes.update(self.tx, [newest.id], {"before": {name: theirs.get(name) for name in wanted}})
                    self._send()  # it may have waited for the message that is decided by this
                return "waiting"  # what comes of it wakes this record again
            writes.supersede(self.tx, [newest.id], "other values are wanted by now", self.now)
        if not wanted:
            return "in step"
        return self._intend("update", wanted, next((undone[name] for name in wanted if name in undone), ""))

    def _intend(self, action: str, values: Mapping[str, Any], reason: str = "") -> str:
        """Intend a write; with a reason it is parked at once. Returns the counterpart's state."""
        row = self.row
        theirs = dated.values(row.theirs)
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

    def _undone(self, wanted: Mapping[str, Any]) -> dict[str, str]:
        """Say which fields another system keeps changing back after our writes, each with the reason to park it."""
        row = self.row
        found: dict[str, str] = {}
        keep = self.parts.keeping(row.connection, row.record)
        if keep is None or not wanted:
            return found
        sent = counterparts.written_since(self.tx, row, self.now - UNDONE_WITHIN, limit=_LOOK_BACK)
        theirs = dated.values(row.theirs)
        for name, value in wanted.items():
            mine = [item for item in sent if name in item.values]
            after = [*(item.before.get(name) for item in mine[1:]), theirs.get(name)] if mine else []
            undone = [
                then
                for item, then in zip(mine, after, strict=True)
                if not same(keep.carry({name: item.values[name]}).values.get(name), then)
            ]
            if len(undone) >= MOST_UNDONE:
                found[name] = (
                    f"another system keeps changing {name} of {row.number} back: {len(undone)} times within the last "
                    f"hour, now to {said(name, theirs.get(name))} from {said(name, value)}; stop it (another "
                    "connector, a rule of the platform), then replay this, or settle the field"
                )
        return found

    def _tell(self, text: str) -> None:
        row = self.row
        line = f"{row.record} {row.key}: {text}"
        log.warning("%s", line)
        tickets.tell(self.tx, line, self.now, connection=row.connection, platform_id=row.platform_id or "")


def _in_flight(write: sa.Row[Any]) -> bool:
    """Tell whether a write is with the platform, or was when its process died: what came of it is not known yet."""
    return bool(write.sent_at is not None and write.next_at <= write.sent_at)
