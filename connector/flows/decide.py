"""Decide on messages, one after another per subject, and then bring the subject's activation up to date."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import sqlalchemy as sa

from connector.condition import Undecidable
from connector.flows import commands, incidents, tasks
from connector.flows.advance import advance
from connector.flows.cause import cause_of
from connector.flows.leave import Later, leave
from connector.flows.parts import Parts, Waking, waiting_time
from connector.flows.records import readings
from connector.flows.records.upkeep import bring_up_to_date
from connector.flows.records.wakes import wake as wake_record
from connector.problem import Invalid
from connector.store import activations, counterparts, deliveries, writes
from connector.ticketing import KEPT, Record, Refused, Ticket, Unavailable

log = logging.getLogger(__name__)
MANY = 50
"""Messages of a subject that are decided in one transaction, at most."""
SOON = timedelta(seconds=0.5)
"""How long a message waits for a write to its ticket that is with the platform, before it looks again."""
GIVE_UP = 120
"""Tries at a message that cannot be decided, before it is parked; with the waits between them about 2 hours."""


class WokenHere:
    """Takes note of the activations to look at, instead of queueing a flow for each; other wake-ups go through."""

    def __init__(self, wakes: Waking) -> None:
        self._wakes = wakes
        self._found: dict[int, None] = {}

    @property
    def activations(self) -> tuple[int, ...]:
        return tuple(self._found)

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        kind, _, rest = subject.partition(":")
        if queue == "incident" and kind == "activation" and at is None:
            self._found[int(rest)] = None
        else:
            self._wakes.wake(tx, queue, subject, at)


class Decide:
    """The flow of the `incident` queue.

    Its subjects are `activation:<id>`, `record:<kind>:<key>`, `ticket:<connection>:<id>` and commands.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, subject: str) -> None:
        began = monotonic()
        causes: list[str] = []
        waiting: set[str] = set()  # tickets that cannot be read now: their later messages wait, the others do not
        while True:
            with self._parts.database.begin() as tx:
                found = deliveries.open_messages(tx, subject, waiting, limit=MANY)
            self._settle_all(found, waiting)
            causes += [cause_of(row) for row in found if row.platform_id not in waiting]
            if len(found) < MANY:
                break  # what came meanwhile has a wake-up of its own
        if subject.startswith("activation:"):
            with self._parts.database.begin() as tx:
                parts = replace(self._parts, cause=_folded(causes))
                advance(tx, parts, int(subject.partition(":")[2]), self._parts.now())
        elif subject.startswith("record:"):
            self._keep(subject, _folded(causes))
        self._parts.meter.stepped("decide", monotonic() - began)

    def _keep(self, subject: str, cause: str) -> None:
        """Bring a continuity record up to date, after reading what a write of ours may have left otherwise."""
        _, record, key = subject.split(":", 2)
        parts = replace(self._parts, cause=cause)
        with parts.database.begin() as tx:
            unsure = readings.to_read(tx, record, key)
        for connection, platform_id in unsure:
            readings.read_again(parts, connection, record, platform_id)
        with parts.database.begin() as tx:
            bring_up_to_date(tx, parts, record, key, parts.now())

    def _settle_all(self, found: Sequence[sa.Row[Any]], waiting: set[str]) -> None:
        """Decide on messages in their order: together as far as they speak for themselves, else one by one."""
        left = list(found)
        together = True
        while left:
            if together:
                try:
                    left = left[self._decide_together(left) :]
                except Exception as error:  # noqa: BLE001 - which message it was shows when each is decided alone
                    log.info("messages of %s are decided one by one: %s", left[0].subject, type(error).__name__)
                    together = False
            if left:
                row = left.pop(0)
                if not self._settle(row):
                    waiting.add(row.platform_id)
                    left = [item for item in left if item.platform_id != row.platform_id]

    def _decide_together(self, rows: Sequence[sa.Row[Any]]) -> int:
        """Decide on these messages up to one for which the platform has to be asked; returns how many."""
        now = self._parts.now()
        states = []
        with self._parts.database.begin() as tx:
            for row in rows:
                ticket = self._told(tx, row)
                if ticket is None:
                    break
                states.append(self._take_in(tx, row, [ticket], now))
        for row, state in zip(rows, states, strict=False):
            self._parts.meter.delivered(row.connection, state)
        return len(states)

    def _settle(self, row: sa.Row[Any]) -> bool:
        """Decide on one message; False when that cannot be done now and is tried again later."""
        try:
            state = self._decide(row)
        except Later as error:
            with self._parts.database.begin() as tx:
                self._parts.wakes.wake(tx, "incident", row.subject, error.until)
            return False
        except Unavailable as error:
            return self._wait(row, f"its ticket could not be read: {error}", error.retry_after)
        except (Refused, Invalid, Undecidable) as error:
            self._park(row, str(error))
            return True
        except Exception as error:
            # A fault of ours must not hold what comes behind this message: try again a few times, then park it.
            log.exception("the message D%s could not be decided", row.id)
            return self._wait(row, f"{type(error).__name__}: {error}", None)
        self._parts.meter.delivered(row.connection, state)
        return True

    def _decide(self, row: sa.Row[Any]) -> str:
        now = self._parts.now()
        read, over = self._read(row)
        with self._parts.database.begin() as tx:
            return self._take_in(tx, row, read, now, over)

    def _take_in(
        self, tx: sa.Connection, row: sa.Row[Any], read: list[Ticket], now: datetime, over: int | None = None
    ) -> str:
        """Apply what a message tells, and store what was decided."""
        woken = WokenHere(self._parts.wakes)
        parts = replace(self._parts, wakes=woken, cause=cause_of(row))
        state, reason = self._apply(parts, tx, row, read, now, over)
        for activation_id in woken.activations:
            # A new activation starts here and now; one that runs is looked at by its own flow, many wakes at once.
            if row.subject == f"activation:{activation_id}":
                continue  # this is its flow, which looks at it when the messages are decided
            if activations.placements(tx, activation_id):
                self._parts.wakes.wake(tx, "incident", f"activation:{activation_id}")
            else:
                advance(tx, replace(self._parts, cause=parts.cause), activation_id, now)
        deliveries.settle(tx, row.id, state, reason, now)
        return state

    def _told(self, tx: sa.Connection, row: sa.Row[Any]) -> Ticket | None:
        """Return what a message tells of a ticket of ours; None where more has to be read first, or of an incident."""
        connection = self._parts.connections.get(row.connection)
        if connection is None:
            return None
        received = connection.open(row.source, row.body)
        if received.partial or received.deleted:
            return None
        ticket = connection.ticketing.parse(received.raw)
        placement = activations.placement_of(tx, row.connection, row.platform_id)
        if placement is None:
            return None  # an incident is locked before its activation, a ticket of ours after it: never both at once
        doubtful = (
            tasks.may_be_half_written(tx, self._parts, placement, ticket, self._parts.now())
            or tasks.may_be_stale(self._parts, placement, ticket)
            or (not ticket.deleted and tasks.may_be_cascade(tx, self._parts, placement, ticket))
        )
        return None if doubtful else ticket

    def _read(self, row: sa.Row[Any]) -> tuple[list[Ticket], int | None]:
        """Open the message, and read again what it leaves in doubt; the ticket that it is about comes last.

        Returns with it the version of a continuity record that was known before its ticket was read again.
        """
        if row.connection == commands.COMMAND:
            return self._read_for_command(row), None
        connection = self._parts.connections.get(row.connection)
        if connection is None:
            raise Refused(f"the connection '{row.connection}' is not set up any more; put it back and replay")
        received = connection.open(row.source, row.body)
        gone = Ticket(row.connection, "other", row.platform_id, row.number, "", row.version or 0, deleted=True)
        if received.deleted:
            return [gone], None
        ticket = connection.ticketing.parse(received.raw)
        with self._parts.database.begin() as tx:
            placement = activations.placement_of(tx, row.connection, row.platform_id)
            kept = counterparts.at(tx, row.connection, row.platform_id) if placement is None else None
            doubtful = placement is not None and tasks.may_be_stale(self._parts, placement, ticket)
            now = self._parts.now()
            if placement is not None and tasks.may_be_half_written(tx, self._parts, placement, ticket, now):
                raise Later(now + SOON)
            # What was linked may bear nothing that tells its kind.
            doubtful = doubtful or (
                kept is not None
                and (kept.version is None or ticket.version < kept.version or ticket.record != kept.record)
            )
            question = (
                placement is None
                and kept is None
                and writes.created_as(tx, row.connection, row.platform_id) is not None
            )
        record: Record = "recovery_task" if question else "incident"
        record = placement.record if placement is not None else kept.record if kept is not None else record
        over = None
        if received.partial or doubtful or question:
            with leave(self._parts.budgets, connection.name, "backfill" if record in KEPT else "live"):
                ticket = next(iter(connection.ticketing.read(record, [row.platform_id])), gone)
            over = kept.version if kept is not None else None
        if placement is None or ticket.deleted:
            return [ticket], over
        with self._parts.database.begin() as tx:
            incident = tasks.may_be_cascade(tx, self._parts, placement, ticket)
        if not incident:
            return [ticket], None
        with leave(self._parts.budgets, connection.name, "live"):
            return [*connection.ticketing.read("incident", [incident]), ticket], None

    def _read_for_command(self, row: sa.Row[Any]) -> list[Ticket]:
        """Read the ticket that a person named, so that the command acts on how it stands now."""
        if row.event != "activate":
            return []
        order = commands.order_of(row)
        connection = self._parts.connections.get(order["connection"])
        if connection is None:
            raise Refused(f"there is no connection '{order['connection']}'")
        with leave(self._parts.budgets, connection.name, "live"):
            return connection.ticketing.read("incident", [order["number"]])

    def _apply(
        self,
        parts: Parts,
        tx: sa.Connection,
        row: sa.Row[Any],
        read: list[Ticket],
        now: datetime,
        over: int | None,
    ) -> tuple[str, str]:
        if row.connection == commands.COMMAND:
            return commands.apply(tx, parts, row, read[0] if read else None, now)
        *before, ticket = read
        for incident in before:
            incidents.apply(tx, parts, incident, now, row.id)
        placement = activations.placement_of(tx, row.connection, row.platform_id)
        if placement is not None:
            state, reason = tasks.apply(tx, parts, placement, ticket, now, row.id)
            subject = f"activation:{placement.activation_id}"
            if row.subject != subject:
                # Even when nothing comes of it: writes to this ticket were held back until it was decided.
                parts.wakes.wake(tx, "incident", subject)
            return state, reason
        kept = counterparts.at(tx, row.connection, row.platform_id)
        if kept is not None:
            if row.subject != counterparts.subject(kept.record, kept.key):
                wake_record(tx, parts, kept.record, kept.key)
            state, reason = readings.take_in(tx, parts, kept, ticket, now, row.id, over)
            if ticket.record != "incident":  # an id that was used again has to be decided as what it is now
                return state, reason
        if ticket.deleted:
            return incidents.deleted(tx, parts, ticket, now)
        if ticket.record == "incident":
            return incidents.apply(tx, parts, ticket, now, row.id)
        return self._apply_other(parts, tx, row, ticket, now)

    def _apply_other(
        self, parts: Parts, tx: sa.Connection, row: sa.Row[Any], ticket: Ticket, now: datetime
    ) -> tuple[str, str]:
        """Apply what is told of a ticket that is neither an incident nor known to stand for a record of ours."""
        question = writes.created_as(tx, row.connection, row.platform_id)
        if question is not None and question.key.startswith("choose:"):
            return tasks.answer_choice(tx, parts, ticket, question, now)
        if ticket.key:
            made = activations.placement_for(tx, ticket.key)
            if made is not None and made.platform_id and made.platform_id != ticket.id:
                parts.wakes.wake(tx, "incident", f"activation:{made.activation_id}")
                return tasks.duplicate(tx, made, ticket, now)
            return "ignored", "a ticket of ours whose creation is being recorded, or of another installation"
        kind = str(ticket.values.get("issue_type") or "of no type that is mapped")
        return "ignored", f"neither an incident nor a ticket of ours: {kind}"

    def _wait(self, row: sa.Row[Any], reason: str, retry_after: float | None) -> bool:
        with self._parts.database.begin() as tx:
            attempts = deliveries.count_attempt(tx, row.id)
            if attempts < GIVE_UP:
                at = self._parts.now() + timedelta(seconds=max(waiting_time(attempts, retry_after), 1.0))
                self._parts.wakes.wake(tx, "incident", row.subject, at)
                return False
        self._park(row, f"given up after {GIVE_UP} tries: {reason}")
        return True

    def _park(self, row: sa.Row[Any], reason: str) -> None:
        with self._parts.database.begin() as tx:
            deliveries.settle(tx, row.id, "parked", reason, self._parts.now())
        self._parts.meter.delivered(row.connection, "parked")


def _folded(causes: Sequence[str]) -> str:
    """Return one cause for what several messages led to together: the newest, and how many there were."""
    if not causes:
        return ""
    return causes[-1] + (f" and {len(causes) - 1} before it" if len(causes) > 1 else "")
