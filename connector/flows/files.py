"""Files that people add to a mirrored task's tickets: copied once to the task's other tickets, or told where they are.

A copy is a write like any other, intended when the file is found; its content is read from the source when it is sent,
and never kept. No platform takes a key with a file, so that after a try of unclear fate the ticket's files are read
first: ours is one of its name and size, added by our own account, that is not known to be another. Who added it, where
and when is told by a note, intended with what became of the copy: so the file comes first and neither can be missing.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Literal

import sqlalchemy as sa

from connector import file_name
from connector.flows import mirror_note
from connector.flows.parts import Connection, Parts, waiting_time
from connector.flows.spool import Spool
from connector.moment import span
from connector.store import activations, remarks, writes
from connector.ticketing import Outcome, Refused, Remark, Unavailable, Write

SUBJECT = "files:"
"""How the subjects of copies begin: apart from what is written to the same tickets, which waits for no file."""
MOST_TRIES = 8
"""Tries of unclear fate after which a platform counts as one that does not take a file."""
_AGAIN = 30.0
log = logging.getLogger(__name__)


def mirrored(
    tx: sa.Connection, parts: Parts, place: sa.Row[Any], other: sa.Row[Any], known: int, file: Remark, now: datetime
) -> None:
    """Intend what a file that was found on a ticket leads to on another of its task; `known` is the remark's row."""
    source = parts.connections[place.connection]
    if source.files == "off":
        return
    cause = f"person: {file.author or 'unknown'} on {place.number}"
    reason = _hindrance(source, file.size) if source.files == "copy" else ""
    if reason or source.files == "tell":
        text = mirror_note.left_there(
            file.author, file.written_at, file.text, file.size, place.number, file.url, reason
        )
        mirror_note.intend(tx, parts, other, text, cause, now)
        return
    subject = f"{SUBJECT}{place.activation_id}"
    writes.intend(
        tx,
        {
            "key": mirror_note.key(tx, other),
            "connection": other.connection,
            "subject": subject,
            "activation_id": place.activation_id,
            "placement_id": other.id,
            "action": "attach",
            "record": "recovery_task",
            "platform_id": other.platform_id,
            "number": other.number,
            "values": {
                "file": file_name.cleaned(file.text),
                "size": file.size,
                "type": file_name.kind(file.content_type),
                "address": file.url,
                "remark": known,
            },
            "cause": cause,
            "next_at": now,
            "created_at": now,
        },
    )
    parts.wakes.wake(tx, "send", f"{subject}|{other.connection}")


def is_copy(tx: sa.Connection, placement_id: int, file: Remark) -> bool:
    """Tell whether a file on a ticket is one that we copied, or try to copy, there."""
    return file.own and any(_is(values, file) for values in remarks.copies(tx, placement_id))


class Files:
    """Makes the copies of one activation on one connection, one after another."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, subject: str, target: Connection) -> None:
        while (row := self._next(subject, target)) is not None:
            try:
                self._record(row, self._tried(row, target))
            finally:
                self._parts.budgets.done(target.name)

    def _next(self, subject: str, target: Connection) -> sa.Row[Any] | None:
        """Take the next copy that is due, marked as perhaps landed; each waits for an earlier one to its ticket."""
        now = self._parts.now()
        first: dict[str, sa.Row[Any]] = {}
        with self._parts.database.begin() as tx:
            for row in writes.unfinished(tx, subject, target.name):
                if row.state == "pending":
                    first.setdefault(row.platform_id, row)
            if not first:
                return None
            row = min(first.values(), key=lambda row: row.next_at)
            until: datetime | None = row.next_at
            if row.next_at <= now:
                until = self._parts.breakers.wait_until(target.name)
                until = until or self._parts.budgets.wait_until(target.name, "note", 2)
            if until is not None:
                self._parts.wakes.wake(tx, "send", f"{subject}|{target.name}", until)
                return None
            writes.take(tx, [row.id], target.mapping_version or None, now)
            return row

    def _tried(self, row: sa.Row[Any], target: Connection) -> Outcome | _Later:
        """Copy a file, unless an earlier try had landed."""
        with self._parts.database.begin() as tx:
            found = remarks.get(tx, row.values["remark"])
            known = remarks.known(tx, row.placement_id)
        looked = _looked(row, target, known) if row.unclear_since is not None else None
        if looked is not None:
            return looked
        source = self._parts.connections.get(found.connection) if found is not None else None
        if found is None or source is None:
            self._parts.breakers.unused(target.name)
            return Outcome(row.key, "refused", reason="the connection that it is on is not set up any more")
        with Spool(row.values["size"]) as spool:
            hindered = _hindrance(source, spool.size) or self._read(source, found, spool, row.values["type"])
            if hindered is not None:
                self._parts.breakers.unused(target.name)
                return hindered if isinstance(hindered, _Later) else Outcome(row.key, "refused", reason=hindered)
            return _sent(target, _write(row, spool.content()))

    def _read(self, source: Connection, found: sa.Row[Any], spool: Spool, content_type: str) -> _Later | str | None:
        """Read a file where it is; returns what hinders it, if anything."""
        until = self._parts.breakers.wait_until(source.name) or self._parts.budgets.wait_until(source.name, "note")
        if until is not None:
            return _Later(f"{source.name} takes no calls now", (until - self._parts.now()).total_seconds())
        file = Remark(
            found.platform_id,
            found.source_id,
            "attachment",
            found.author,
            found.written_at,
            found.text,
            size=spool.size,
            content_type=content_type,
        )
        try:
            source.ticketing.content(file, spool)
        except Unavailable as error:
            return _Later(f"it cannot be read on {source.name}: {error}", error.retry_after or _AGAIN)
        except Refused as error:
            return str(error)
        finally:
            self._parts.budgets.done(source.name)
        if spool.held != spool.size:
            return f"{spool.held} bytes came where {spool.size} were told"
        return None

    def _record(self, row: sa.Row[Any], outcome: Outcome | _Later) -> None:
        now = self._parts.now()
        overdue = now - (row.tried_since or now) > self._parts.timing.give_up_after
        with self._parts.database.begin() as tx:
            activations.lock(tx, row.activation_id)
            if isinstance(outcome, Outcome):
                self._parts.meter.wrote(row.connection, row.record, outcome.status)
            if overdue and outcome.status == "retry":
                # One of unclear fate is looked for first, and given up by the number of its tries.
                self._left(tx, row, f"tried for {span(now - row.tried_since)}: {outcome.reason}", now)
            elif isinstance(outcome, _Later) or outcome.status in {"retry", "unclear"}:
                self._again(tx, row, outcome, now)
            elif outcome.status == "done":
                self._done(tx, row, outcome, now)
            else:
                self._left(tx, row, outcome.reason, now)

    def _again(self, tx: sa.Connection, row: sa.Row[Any], outcome: Outcome | _Later, now: datetime) -> None:
        """Have a copy tried again; what waited for another platform was not tried."""
        wait = waiting_time(row.attempts, outcome.retry_after)
        if outcome.status == "unclear":
            # The platform may still be carrying out what we gave up on: a look before would find no file.
            wait = max(wait, self._parts.connections[row.connection].timeout.total_seconds())
        log.info("write W%s (a file to %s) is tried again: %s", row.id, row.connection, outcome.reason)
        values = {
            "next_at": now + timedelta(seconds=max(wait, 0.2)),
            "reason": outcome.reason,
            "answer": f"{outcome.status}: {outcome.reason}"[:1000],
            "unclear_since": now if outcome.status == "unclear" else row.unclear_since,
        }
        writes.update(tx, [row.id], values | ({"attempts": row.attempts} if isinstance(outcome, _Later) else {}))

    def _done(self, tx: sa.Connection, row: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
        """Record a copy, which is known from now on as no person's file, and tell whose it is."""
        answer = f"done, id {outcome.id}" + (f": {outcome.reason}" if outcome.reason else "")
        values = {"state": "done", "done_at": now, "unclear_since": None, "reason": "", "answer": answer}
        writes.update(tx, [row.id], values)
        copy = Remark(row.platform_id, outcome.id, "attachment", "", None, row.values["file"])
        remarks.add(tx, row.placement_id, copy, now)
        found = remarks.get(tx, row.values["remark"])
        if found is not None:
            text = mirror_note.attached(found.author, found.written_at, found.text, found.number)
            self._tell(tx, row, text, now)

    def _left(self, tx: sa.Connection, row: sa.Row[Any], reason: str, now: datetime) -> None:
        """Give a copy up, and tell where the file is instead."""
        values = {"state": "superseded", "done_at": now, "reason": reason, "answer": f"refused: {reason}"[:1000]}
        writes.update(tx, [row.id], values)
        log.warning("write W%s (a file to %s) is given up, and told by its address: %s", row.id, row.number, reason)
        found = remarks.get(tx, row.values["remark"])
        source = self._parts.connections.get(found.connection) if found is not None else None
        if found is not None and (source is None or source.files != "off"):
            size, address = row.values["size"], row.values["address"]
            text = mirror_note.left_there(
                found.author, found.written_at, found.text, size, found.number, address, reason
            )
            self._tell(tx, row, text, now)

    def _tell(self, tx: sa.Connection, row: sa.Row[Any], text: str, now: datetime) -> None:
        mirror_note.intend(tx, self._parts, activations.placement(tx, row.placement_id), text, row.cause, now)


@dataclass(frozen=True)
class _Later:
    """A copy cannot be made now, and was not tried."""

    reason: str
    retry_after: float
    status: Literal["retry"] = "retry"


def _looked(row: sa.Row[Any], target: Connection, known: Container[str]) -> Outcome | _Later | None:
    """Look whether an earlier try had landed; None where it had not, and another one is to be made."""
    try:
        listed = target.ticketing.remarks("recovery_task", [row.platform_id])
    except Unavailable as error:
        return _Later(str(error), error.retry_after or _AGAIN)
    except Refused as error:
        told = f"whether an earlier try had landed cannot be seen on {target.name}: {error}"
        return Outcome(row.key, "refused", reason=told)
    ours = (item for item in listed if item.own and item.id not in known and _is(row.values, item))
    stands = next(ours, None)
    if stands is not None:
        return Outcome(row.key, "done", stands.id, row.number, reason="an earlier try had landed")
    if row.attempts >= MOST_TRIES:
        return Outcome(row.key, "refused", reason=f"tried {row.attempts} times: {row.reason}")
    return None


def _hindrance(source: Connection, size: int | None) -> str:
    """Return why a file of a connection is not copied, "" where it is."""
    if source.files != "copy":
        return f"files of {source.name} are not copied"
    if size is None:
        return "its size is not known"
    if size > source.largest_file:
        return f"larger than {file_name.sized(source.largest_file)}"
    return ""


def _is(values: Mapping[str, Any], file: Remark) -> bool:
    same_name = file_name.cleaned(file.text) == values["file"]
    return file.kind == "attachment" and same_name and file.size == values["size"]


def _sent(target: Connection, write: Write) -> Outcome:
    try:
        (outcome,) = target.ticketing.send([write])
    except Exception as error:
        log.exception("a file could not be sent to %s", target.name)
        return Outcome(write.key, "unclear", reason=type(error).__name__)
    return outcome


def _write(row: sa.Row[Any], content: IO[bytes]) -> Write:
    return Write(
        row.key,
        "attach",
        row.record,
        row.platform_id,
        row.number,
        {name: row.values[name] for name in ("file", "size", "type")},
        unclear_since=row.unclear_since,
        content=content,
    )
