"""The net under the webhooks: read what changed, and hand what no message told over as if it had been one."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector.activation import mark_passed
from connector.flows import alerts, remarks
from connector.flows.incidents import as_json, remember
from connector.flows.leave import Later, leave
from connector.flows.parts import Connection, Parts
from connector.flows.preflight import Preflight
from connector.flows.reconcile import nightly
from connector.flows.reconcile.sweep import sweep
from connector.flows.records.wakes import wake_lost
from connector.store import activations, catalogs, deliveries, preflights, retention, tickets, writes
from connector.ticketing import Refused, Ticket, Unavailable, Watch
from connector.value import same

HOUSEKEEPING = "housekeeping"
PREFLIGHT = "preflight"
RECORDS = "records"
WARM = "warm"
PURGE_EVERY = timedelta(hours=1)
PURGED_AT_ONCE = 50
LOST_AFTER = timedelta(seconds=30)
KEEP_FLOWS = timedelta(hours=1)
"""How long the engine remembers flows that have ended; what they did stands in our own tables."""
log = logging.getLogger(__name__)


class Sweep:
    """The flow of the `sweep` queue.

    Its subjects are `poll:<connection>`, `records:<connection>`, `audit:<connection>`, `preflight:<connection>`,
    `remarks:<activation>`, `housekeeping` and `warm`.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._preflight = Preflight(parts)
        self._remarks = remarks.Remarks(parts)
        self._behind: dict[str, str] = {}
        self._purged_at: datetime | None = None  # when last nothing was found that is kept no longer

    def __call__(self, subject: str) -> None:
        kind, _, name = subject.partition(":")
        if kind == "poll" and name in self._parts.connections:
            self._poll(self._parts.connections[name])
        elif kind == PREFLIGHT and name in self._parts.connections:
            self._preflight(name)
        elif kind == RECORDS and name in self._parts.connections:
            sweep(self._parts, self._parts.connections[name])
        elif kind == nightly.AUDIT and name in self._parts.connections:
            nightly.look(self._parts, self._parts.connections[name])
        elif kind == remarks.KIND:
            self._remarks(int(name))
        elif kind == HOUSEKEEPING:
            self._tidy()
        elif kind == WARM and self._parts.warm is not None:
            self._parts.warm()

    def _poll(self, connection: Connection) -> None:
        now = self._parts.now()
        with self._parts.database.begin() as tx:
            state = catalogs.connected(tx, connection.name, now)
            watch = self._watch(tx, connection, state)
        try:
            with leave(self._parts.budgets, connection.name, "live" if watch.activations else "note"):
                found = connection.ticketing.changed(watch)
        except Later:
            self._parts.meter.polled(connection.name, "waited")
            return
        except (Unavailable, Refused) as error:
            log.warning("%s could not be read: %s; tried again at the next poll", connection.name, error)
            self._parts.meter.polled(connection.name, "failed")
            return
        for ticket in found:
            with self._parts.database.begin() as tx:
                if state.baseline_at is None and self._is_baseline(tx, connection, ticket, state, now):
                    continue
                hand_over(tx, self._parts, connection, ticket, now)
        with self._parts.database.begin() as tx:
            catalogs.polled(tx, connection.name, now, baseline_at=None if state.baseline_at else now)
        self._parts.meter.polled(connection.name, "done")

    def _watch(self, tx: sa.Connection, connection: Connection, state: sa.Row[Any]) -> Watch:
        running = activations.followed(tx)
        incidents = [
            ticket.platform_id
            for row in running
            for ticket in tickets.of_activation(tx, row.id)
            if ticket.connection == connection.name and ticket.role != "child"
        ]
        since = state.polled_until - self._parts.timing.poll_overlap if state.polled_until else None
        return Watch(
            since=since, majors=True, incidents=tuple(incidents), activations=tuple(row.key for row in running)
        )

    def _is_baseline(
        self, tx: sa.Connection, connection: Connection, ticket: Ticket, state: sa.Row[Any], now: datetime
    ) -> bool:
        """Take what was there before we first connected as seen: nothing is started for it."""
        if ticket.record != "incident" or tickets.get(tx, connection.name, ticket.id) is not None:
            return False
        updated = ticket.values.get("updated_at")
        # A platform may keep whole seconds only: what changed in the very second of our coming is news.
        if not isinstance(updated, datetime) or updated >= state.first_connected_at.replace(microsecond=0):
            return False
        row = remember(tx, ticket, now)
        major = self._parts.still_major(connection.incident(row))
        tickets.update(
            tx, row.id, {"baseline": major, "why": "there before this connection was first read", "why_at": now}
        )
        return True

    def _tidy(self) -> None:
        """Wake what should have been woken, and delete old messages."""
        now = self._parts.now()
        with self._parts.database.begin() as tx:
            for subject in deliveries.open_subjects(tx, now - LOST_AFTER):
                self._parts.wakes.wake(tx, "incident", subject)
            for row in activations.followed(tx):
                if mark_passed(row.clock_start, row.rto_seconds, row.told_percent, now) and row.restored_at is None:
                    self._parts.wakes.wake(tx, "incident", f"activation:{row.id}")
            wake_lost(tx, self._parts, now - LOST_AFTER)
            self._tell_of_platforms(tx)
            alerts.look(tx, self._parts, now)
            self._remarks.look(tx, now)
            for subject, connection in writes.overdue(tx, now - LOST_AFTER):
                self._parts.wakes.wake(tx, "send", f"{subject}|{connection}")
            deliveries.forget(tx, now - self._parts.timing.keep_deliveries)
            preflights.forget_connections(tx, self._parts.connections)
        self._purge(now)
        if self._parts.forget_flows is not None:
            self._parts.forget_flows(now - KEEP_FLOWS)

    def _purge(self, now: datetime) -> None:
        """Delete what is kept no longer: some each time while there is more, else once an hour."""
        if self._purged_at is not None and now < self._purged_at + PURGE_EVERY:
            return
        with self._parts.database.begin() as tx:
            purged = retention.purge(tx, now - self._parts.timing.keep_history, limit=PURGED_AT_ONCE)
        if purged:
            log.info("kept no longer, older than keep_history: %s", purged)
        self._purged_at = None if purged else now

    def _tell_of_platforms(self, tx: sa.Connection) -> None:
        """Have running activations say on their tickets that a platform is out of reach, or is back."""
        behind = self._parts.behind()
        if behind != self._behind:
            for name in sorted(behind.keys() - self._behind.keys()):
                log.error("%s %s: what is meant for it waits, the other platforms go on", name, behind[name])
            for name in sorted(self._behind.keys() - behind.keys()):
                log.info("%s can be reached again", name)
            for row in activations.followed(tx):
                self._parts.wakes.wake(tx, "incident", f"activation:{row.id}")
            self._behind = behind


def hand_over(tx: sa.Connection, parts: Parts, connection: Connection, ticket: Ticket, now: datetime) -> None:
    """Record a change that is newer than what is known, once, and wake its subject."""
    if ticket.record == "other":
        return
    placement = activations.placement_of(tx, connection.name, ticket.id)
    row = tickets.get(tx, connection.name, ticket.id)
    known = placement.version if placement is not None else row.version if row is not None else None
    newer = known is None or ticket.version > known
    if placement is not None:
        if newer:
            remarks.heard(tx, parts, placement, ticket.version, now)
        # A write of ours that does not change the state leaves the version behind; what people may set tells.
        newer = newer and _differs(placement, ticket)
    if not newer:
        return
    subject = deliveries.subject_of(tx, connection.name, ticket.id)
    message = deliveries.Message(
        connection=connection.name,
        key=f"poll:{ticket.id}:{ticket.version}",
        source="poll",
        event="found by poll",
        body=json.dumps(dict(ticket.raw)).encode(),
        platform_id=ticket.id,
        number=ticket.number,
        version=ticket.version,
        subject=subject,
    )
    if deliveries.record(tx, message, now) is not None:
        parts.wakes.wake(tx, "incident", subject)


def _differs(placement: sa.Row[Any], ticket: Ticket) -> bool:
    """Tell whether a ticket of ours shows another state or due time than it is known to have."""
    known = {**placement.written, **(placement.seen or {}), "state": placement.state}
    found = as_json(ticket.values)
    return any(not same(name, known.get(name), found.get(name)) for name in ("state", "due_at") if name in found)
