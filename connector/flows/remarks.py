"""What people write on a recovery task's ticket, or attach to it, told once on the task's other tickets.

A comment goes over with its author and time, a file as its connection says (`connector.flows.files`). Our own notes are
known by their marks and our copies by what was recorded of them, so nothing goes back and forth.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.flows import files, mirror_note
from connector.flows.parts import Connection, Parts, waiting_time
from connector.store import activations, remarks, tickets
from connector.ticketing import Refused, Remark, Unavailable

QUEUE = "sweep"
KIND = "remarks"
WINDOW = timedelta(seconds=2)
"""Changes that come within such a time are looked at together."""
LOOK_EVERY = timedelta(minutes=2)
"""A file that is added changes no version on some platforms, so that nothing tells of it: it is looked for."""
FARTHEST_BEHIND = timedelta(minutes=10)
"""How far a platform's clock may be behind ours; the tickets are our own, so nobody wrote on them before the start."""
log = logging.getLogger(__name__)


def heard(tx: sa.Connection, parts: Parts, placement: sa.Row[Any], version: int, now: datetime) -> None:
    """Have a ticket's remarks read soon, when it changed and its task stands on another platform too."""
    if placement.record == "recovery_task" and not placement.gone and remarks.hear(tx, placement.id, version):
        seconds = math.ceil((now + WINDOW).timestamp() / WINDOW.total_seconds()) * WINDOW.total_seconds()
        subject = f"{KIND}:{placement.activation_id}"
        parts.wakes.wake(tx, QUEUE, subject, datetime.fromtimestamp(seconds, UTC))


class Remarks:
    """Reads what is new on the tickets of one activation, and intends what the others are told."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked_at = parts.now()

    def look(self, tx: sa.Connection, now: datetime) -> None:
        """From time to time, have all mirrored tickets of running activations read, changed or not."""
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            for activation_id in remarks.read_anew(tx):
                self._parts.wakes.wake(tx, QUEUE, f"{KIND}:{activation_id}")

    def __call__(self, activation_id: int) -> None:
        with self._parts.database.begin() as tx:
            row = activations.get(tx, activation_id)
            waiting = remarks.unread(tx, activation_id)
        for name in dict.fromkeys(item.connection for item in waiting):
            side = self._parts.connections.get(name)
            if side is not None:
                self._mirror(side, row, [item for item in waiting if item.connection == name])

    def _mirror(self, side: Connection, row: sa.Row[Any], placements: Sequence[sa.Row[Any]]) -> None:
        by_ticket = {item.platform_id: item for item in placements}
        now = self._parts.now()
        until = self._parts.breakers.wait_until(side.name) or self._parts.budgets.wait_until(side.name, "note")
        if until is not None:
            self._again(row.id, until)
            return
        try:
            found = side.ticketing.remarks("recovery_task", list(by_ticket), row.started_at - FARTHEST_BEHIND)
        except Unavailable as error:
            self._again(row.id, now + timedelta(seconds=max(waiting_time(3, error.retry_after), 1.0)))
            return
        except Refused as error:
            self._give_up(row, placements, f"What people write on {side.name} cannot be read: {error}", now)
            return
        finally:
            self._parts.budgets.done(side.name)
        with self._parts.database.begin() as tx:
            activations.lock(tx, row.id)
            for remark in found:
                placement = by_ticket.get(remark.ticket)
                if placement is None or (remark.kind == "attachment" and files.is_copy(tx, placement.id, remark)):
                    continue
                known = remarks.add(tx, placement.id, remark, now)
                if known is not None:
                    self._tell(tx, placement, remark, known, now)
            self._read(tx, placements)

    def _tell(self, tx: sa.Connection, placement: sa.Row[Any], remark: Remark, known: int, now: datetime) -> None:
        """Intend what the task's other tickets get of it."""
        for other in remarks.mirrors(tx, placement.id):
            if other.connection not in self._parts.connections:
                continue
            if remark.kind == "attachment":
                files.mirrored(tx, self._parts, placement, other, known, remark, now)
                continue
            text = mirror_note.written(remark.author, remark.written_at, remark.text, placement.number)
            cause = f"person: {remark.author or 'unknown'} on {placement.number}"
            mirror_note.intend(tx, self._parts, other, text, cause, now)

    def _give_up(self, row: sa.Row[Any], placements: Sequence[sa.Row[Any]], text: str, now: datetime) -> None:
        log.warning("%s", text)
        with self._parts.database.begin() as tx:
            tickets.tell_once(tx, text, now, activation_id=row.id)
            self._read(tx, placements)

    def _again(self, activation_id: int, at: datetime) -> None:
        with self._parts.database.begin() as tx:
            self._parts.wakes.wake(tx, QUEUE, f"{KIND}:{activation_id}", at)

    def _read(self, tx: sa.Connection, placements: Iterable[sa.Row[Any]]) -> None:
        for placement in placements:
            remarks.read(tx, placement.id, placement.heard)
