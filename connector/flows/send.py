"""Send what is due for one subject on one connection: intent first, then the call, then what came of it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import sqlalchemy as sa

from connector.flows import files, last_look
from connector.flows.advance import tell_incidents
from connector.flows.cause import cause_for_ticket
from connector.flows.outbox import Outbox
from connector.flows.parts import ESCALATION, Connection, Parts, Sender, waiting_time
from connector.flows.records import answers
from connector.flows.records.wakes import sending
from connector.flows.urgency import MOST, Chosen, choose, urgency_of
from connector.flows.write_back import plan_linked
from connector.store import activations, deliveries, tickets, writes
from connector.ticketing import KEPT, Outcome, Write

log = logging.getLogger(__name__)
MOST_LOADED = 2 * MOST
"""Writes of records among which those of a round are chosen; all are of one urgency, so that the oldest will do."""
LOGGED_TRIES = frozenset({0, 2, 5, 10, 20, 50, 100})


class Send:
    """The flow of the `send` queue; its subjects are `<subject>|<connection>` (a subject of files: `files`)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._files = files.Files(parts)

    def __call__(self, key: str) -> None:
        subject, _, connection = key.rpartition("|")
        while True:
            # Looked up for each round, since mappings put in force meanwhile come with a connection made anew.
            side = self._parts.connections.get(connection)
            sender = self._parts.escalation if connection == ESCALATION else side.ticketing if side else None
            if sender is None:
                self._park_all(subject, connection)
                return
            if side is not None and subject.startswith(files.SUBJECT):
                self._files(subject, side)
                return
            until = self._parts.breakers.wait_until(connection)
            if until is not None:
                with self._parts.database.begin() as tx:
                    self._parts.wakes.wake(tx, "send", key, until)
                return
            with self._parts.database.begin() as tx:
                now = self._parts.now()
                running = self._plan(tx, subject, connection, now)
                chosen = self._take(tx, key, now, side, running=running)
            if not chosen.rows:
                self._parts.breakers.unused(connection)
                break
            try:
                self._round(subject, connection, sender, chosen.rows)
            finally:
                self._parts.budgets.done(connection)
            if chosen.turn_over:
                with self._parts.database.begin() as tx:
                    self._parts.wakes.wake(tx, "send", key)
                return

    def _round(self, subject: str, connection: str, sender: Sender, due: Sequence[sa.Row[Any]]) -> None:
        """Send what was taken and record what came of it."""
        began = monotonic()
        tried = [row for row in due if _is_tried_state(row)]
        overtaken, outcomes = self._look_again(connection, tried)
        changes = [row for row in due if row.record in KEPT and row.action == "update"]
        if changes:
            more, found = last_look.look_first(self._parts, connection, changes)
            overtaken, outcomes = overtaken | more, outcomes | found
        left = [row for row in due if row.id not in overtaken and row.key not in outcomes]
        if left:
            outcomes |= {outcome.key: outcome for outcome in _sent(sender, [_write(row) for row in left])}
            outcomes |= last_look.told_gone(self._parts, connection, left, outcomes)
        self._parts.meter.stepped("send", monotonic() - began)
        with self._parts.database.begin() as tx:
            self._record(tx, subject, [row for row in due if row.id not in overtaken], outcomes)

    def _park_all(self, subject: str, connection: str) -> None:
        """Park what is meant for a connection that was taken out of the settings."""
        with self._parts.database.begin() as tx:
            for row in writes.unfinished(tx, subject, connection):
                if row.state == "pending":
                    reason = f"the connection '{connection}' is not set up any more; put it back and replay"
                    self._park(tx, row, reason, self._parts.now())

    def _look_again(self, connection: str, tried: Sequence[sa.Row[Any]]) -> tuple[set[int], dict[str, Outcome]]:
        return last_look.overtaken_states(self._parts, connection, tried)

    def _plan(self, tx: sa.Connection, subject: str, connection: str, now: datetime) -> bool:
        """Plan again, because what has come to stand lets more go out (tasks under their parent).

        Returns whether the subject is a running activation.
        """
        kind, _, rest = subject.partition(":")
        if connection == ESCALATION:
            return True
        parts = replace(self._parts, cause="followed what was sent before it")
        if kind == "activation":
            row = activations.get(tx, int(rest), lock=True)
            standing = activations.standing(tx, row, self._parts.joined(tx, row.id))
            Outbox(tx, parts, row, standing, now).plan(connection)
            return bool(row.state == "running")
        if kind == "ticket":
            ticket = tickets.get(tx, *rest.split(":", 1), lock=True)
            if ticket is not None and ticket.version is not None and ticket.activation_id is None:
                parts = replace(self._parts, cause=cause_for_ticket(tx, ticket.connection, ticket.platform_id))
                plan_linked(tx, parts, ticket, now)
        return False

    def _take(self, tx: sa.Connection, key: str, now: datetime, side: Connection | None, *, running: bool) -> Chosen:
        """Take what is due; write-backs that wait for their window ride along with anything that does not.

        A write waits for an unfinished earlier one to the same ticket, and what is less urgent for calls that are not
        kept for what is more. What is taken is marked as perhaps landed before the call, so that a crash during it
        leads to a look before the next try.
        """
        subject, _, connection = key.rpartition("|")
        if not writes.any_due(tx, subject, connection, now):
            at = writes.next_due(tx, subject, connection)
            if at is not None:
                self._parts.wakes.wake(tx, "send", key, at)
            return Chosen()
        budgets = self._parts.budgets
        chosen = choose(
            _ready(tx, subject, connection, now),
            partial(urgency_of, running=running),
            partial(budgets.room, connection),
            side.ticketing.traits.writes_per_call if side is not None else 1,
        )
        until = budgets.wait_until(connection, chosen.urgency, chosen.calls) if chosen.rows else None
        if until is None and not chosen.rows and chosen.waits is not None:
            until = budgets.free_at(connection, chosen.waits)
        if until is not None:
            self._parts.wakes.wake(tx, "send", key, until)
            return Chosen()
        writes.take(tx, [row.id for row in chosen.rows], (side.mapping_version or None) if side else None, now)
        return chosen

    def _record(
        self, tx: sa.Connection, subject: str, due: Sequence[sa.Row[Any]], outcomes: Mapping[str, Outcome]
    ) -> None:
        now = self._parts.now()
        created: list[sa.Row[Any]] = []
        kind, _, rest = subject.partition(":")
        if kind == "activation":
            activations.lock(tx, int(rest))
        tickets.lock(tx, [(row.connection, row.platform_id) for row in due if row.record == "incident"])
        for row in due:
            outcome = outcomes[row.key]
            self._parts.meter.wrote(row.connection, row.record, outcome.status)
            match outcome.status:
                case "done":
                    self._done(tx, row, outcome, now)
                    created += [row] if row.action == "create" else []
                case "refused":
                    self._park(tx, row, outcome.reason, now, answer=_answer(outcome))
                case "retry" | "unclear":
                    self._again(tx, row, outcome, now)
            if row.record in KEPT and outcome.status in {"done", "refused"}:
                answers.settled(tx, self._parts, row)
        if created and kind == "activation":
            self._take_up(tx, subject, created, outcomes)
            self._parts.wakes.wake(tx, "incident", subject)

    def _take_up(
        self, tx: sa.Connection, subject: str, created: Sequence[sa.Row[Any]], outcomes: Mapping[str, Outcome]
    ) -> None:
        """Put back in line what tickets of ours told before their creation was recorded."""
        connection = created[0].connection
        early = deliveries.early(tx, connection, [outcomes[row.key].id for row in created])
        for row in created:
            outcome = outcomes[row.key]
            if outcome.id in early:
                deliveries.take_up(tx, connection, outcome.id, _version(row, outcome), subject)

    def _done(self, tx: sa.Connection, row: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
        values: dict[str, Any] = {
            "state": "done",
            "done_at": now,
            "unclear_since": None,
            "reason": "",
            "warnings": list(outcome.warnings),
            "answer": _answer(outcome),
        }
        if row.action == "create":
            values |= {"platform_id": outcome.id, "number": outcome.number}
        writes.update(tx, [row.id], values)
        if row.placement_id is not None:
            self._placed(tx, row, outcome, now)
        elif row.record in KEPT:
            answers.written(tx, self._parts, row, outcome, now)
        elif row.record == "incident" and row.action == "update":
            ticket = tickets.get(tx, row.connection, row.platform_id, lock=True)
            if ticket is not None:
                tickets.update(tx, ticket.id, {"written": {**ticket.written, **row.values}})
        for warning in outcome.warnings:
            self._warn(tx, row, outcome, warning, now)

    def _placed(self, tx: sa.Connection, row: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
        placement = activations.placement(tx, row.placement_id)
        values: dict[str, Any] = {
            "written": {**placement.written, **row.values} if row.action == "update" else placement.written
        }
        if placement.seen is not None and row.action == "update":
            values["seen"] = {**placement.seen, **row.values}
        if row.action == "create":
            values |= {"platform_id": outcome.id, "number": outcome.number, "url": outcome.url}
            tickets.tell(
                tx,
                f"{outcome.number} created on {row.connection}: {row.values['title']}",
                now,
                activation_id=row.activation_id,
            )
        version = _version(row, outcome)
        newer = version is not None and placement.version is not None and version < placement.version
        if "state" in row.values and not newer:  # else a later change is known already
            values |= {"state": row.values["state"] or placement.state, "state_at": now}
            if version is not None:
                if not self._parts.connections[row.connection].ticketing.traits.versions_are_instants:
                    values |= _overwritten(placement, version)
                values["version"] = max(version, placement.version or 0)
        activations.update_placement(tx, placement.id, values)

    def _warn(self, tx: sa.Connection, row: sa.Row[Any], outcome: Outcome, warning: str, now: datetime) -> None:
        """Show on the incident what did not go as mapped, once."""
        text = f"{outcome.number or row.number}: {warning}"
        if _tell(tx, row, text, now, once=True):
            tell_incidents(tx, row.activation_id, f"warning:{row.key}:{warning}"[:500], text, now)

    def _park(self, tx: sa.Connection, row: sa.Row[Any], reason: str, now: datetime, *, answer: str = "") -> None:
        values = {"state": "parked", "reason": reason, "done_at": now}
        writes.update(tx, [row.id], values | ({"answer": answer} if answer else {}))
        what = row.values.get("title") or f"{row.action} of {row.number or row.record}"
        what += f" (project {row.values['project']})" if row.values.get("project") else ""
        text = f"Parked on {row.connection}: {what}: {reason}"
        log.warning("write W%s %s", row.id, text)
        if _tell(tx, row, text, now):
            tell_incidents(tx, row.activation_id, f"parked:{row.key}", text, now)

    def _again(self, tx: sa.Connection, row: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
        """Have a write tried again later, or park it when that has gone on for too long."""
        if now - (row.tried_since or now) > self._parts.timing.give_up_after:
            self._park(
                tx, row, f"given up after {row.attempts + 1} tries: {outcome.reason}", now, answer=_answer(outcome)
            )
            return
        wait = waiting_time(row.attempts, outcome.retry_after)
        side = self._parts.connections.get(row.connection)
        if row.note and outcome.status == "unclear" and side is not None:
            # The platform may still be carrying out what we gave up on: a look before it is done would find no note.
            wait = max(wait, side.timeout.total_seconds())
        if row.attempts in LOGGED_TRIES:
            what = f"{row.action} of {row.record} on {row.connection}"
            log.warning(
                "write W%s (%s) did not go through at try %s: %s", row.id, what, row.attempts + 1, outcome.reason
            )
        values = {
            "next_at": now + timedelta(seconds=max(wait, 0.2)),
            "reason": outcome.reason,
            "answer": _answer(outcome),
            # The latest try that may have landed: what is waited out (a lagging index) counts from there.
            "unclear_since": now if outcome.status == "unclear" else row.unclear_since,
        }
        writes.update(tx, [row.id], values)


def _ready(tx: sa.Connection, subject: str, connection: str, now: datetime) -> list[sa.Row[Any]]:
    """Return what could go out, oldest first; of the many writes of records no more than some rounds take."""
    most = MOST_LOADED if subject == sending(connection) else sys.maxsize
    after = 0
    while True:
        rows = writes.ready(tx, subject, connection, now, limit=most, after=after)
        ready = _unheld(tx, subject, connection, rows, now)
        if ready or len(rows) < most:
            return ready
        after = rows[-1].id


def _unheld(
    tx: sa.Connection, subject: str, connection: str, rows: Sequence[sa.Row[Any]], now: datetime
) -> list[sa.Row[Any]]:
    """Leave out what waits for a message that is not decided, or for an unfinished earlier write to its ticket."""
    others = writes.unfinished_to(tx, subject, connection, sorted({row.platform_id for row in rows} - {""}))
    near = {row.id: row for row in (*rows, *others)}
    told = [row.platform_id for row in near.values() if row.placement_id or row.record in KEPT]
    held = set(deliveries.open_tickets(tx, connection, told))
    ready: list[sa.Row[Any]] = []
    for _, row in sorted(near.items()):
        due = row.state == "pending" and (row.next_at <= now or row.sent_at is None)
        if due and row.platform_id not in held:
            ready.append(row)
        elif row.platform_id and (row.values or row.state == "pending"):  # a parked note holds nothing
            held.add(row.platform_id)
    return ready


def _tell(tx: sa.Connection, row: sa.Row[Any], text: str, now: datetime, *, once: bool = False) -> bool:
    """Keep a line where a write belongs: its activation, else its ticket; True when the incidents should hear of it."""
    tell = tickets.tell_once if once else tickets.tell
    if row.activation_id is None:
        tell(tx, text, now, connection=row.connection, platform_id=row.platform_id)
        return False
    tell(tx, text, now, activation_id=row.activation_id)
    return bool(row.action == "create")


def _is_tried_state(row: sa.Row[Any]) -> bool:
    """Tell whether a write of a task's state goes out again."""
    return bool(
        row.sent_at is not None and row.action == "update" and row.record == "recovery_task" and "state" in row.values
    )


def _version(row: sa.Row[Any], outcome: Outcome) -> int | None:
    """Return the version that a write of ours left its ticket at, None where that is not known.

    What an earlier try made may have been moved by a person since: its version says nothing of our write then.
    """
    return None if row.action == "create" and row.unclear_since is not None else outcome.version


def _answer(outcome: Outcome) -> str:
    """Return in short what a platform answered: `done, id 57, version 3`, `refused: no such group`."""
    facts = [f"id {outcome.id}"] if outcome.id else []
    facts += [f"version {outcome.version}"] if outcome.version is not None else []
    said = ", ".join([outcome.status, *facts])
    return f"{said}: {outcome.reason}"[:1000] if outcome.reason else said


def _sent(sender: Sender, batch: Sequence[Write]) -> list[Outcome]:
    """Send writes; should the sender fail against its promise, what became of them is not known."""
    try:
        return sender.send(batch)
    except Exception as error:
        log.exception("%s writes could not be sent", len(batch))
        return [Outcome(write.key, "unclear", reason=f"{type(error).__name__}: {error}") for write in batch]


def _overwritten(placement: sa.Row[Any], version: int) -> dict[str, Any]:
    """Remember what was known before a write of ours, where counted versions show that others wrote in between."""
    known = placement.version
    between = known is not None and version > known + 1
    return {
        "overwrote_version": version - 1 if between else None,
        "overwrote_state": placement.state if between else "",
    }


def _write(row: sa.Row[Any]) -> Write:
    return Write(
        key=row.key,
        action=row.action,
        record=row.record,
        id=row.platform_id,
        number=row.number,
        values=row.values,
        note=row.note,
        about=row.about or {},
        unclear_since=row.unclear_since,
    )
