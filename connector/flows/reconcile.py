"""The net under the webhooks for continuity records: a sweep reads what changed since, a full audit compares all.

Neither decides anything: what differs from what is known goes on as a message (source `poll`) of its record.
"""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import sqlalchemy as sa

from connector.budget import Urgency
from connector.continuity_record import TITLE, keys, plain, said, values_of
from connector.flows import records
from connector.flows.parts import Connection, Parts
from connector.record_merge import same
from connector.store import audits, counterparts, deliveries, writes
from connector.ticketing import Outcome, Page, Record, Refused, Ticket, Unavailable

log = logging.getLogger(__name__)
GONE = ":gone"
"""Marks, behind the kind in an audit's row, that all pages were read and what none showed is looked for."""
MANY = 100
MOST_FINDINGS = 500


class Wait(Exception):
    """The connection has no call to spare before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


def sweep(parts: Parts, connection: Connection) -> None:
    """Hand over what changed since the last sweep: one call for each kind where nothing did."""
    try:
        for record in connection.keeps:
            _sweep_kind(parts, connection, cast("Record", record))
    except Wait as error:
        with parts.database.begin() as tx:
            parts.wakes.wake(tx, "sweep", records.sending(connection.name), error.until)
        parts.meter.polled(connection.name, "waited")
    except (Unavailable, Refused) as error:
        log.warning("the records of %s could not be listed: %s; tried again at the next sweep", connection.name, error)
        parts.meter.polled(connection.name, "failed")


def _sweep_kind(parts: Parts, connection: Connection, record: Record) -> None:
    begun = parts.now()
    with parts.database.begin() as tx:
        missing = _missing(tx, parts, connection, record)
    if missing:
        _make_missing(parts, connection, record, missing)
    with parts.database.begin() as tx:
        linked = counterparts.linked_since(tx, connection.name, record)
        until = audits.swept_until(tx, connection.name, record)
    if linked is None:
        return  # nothing stands here that could have changed
    since = (until or linked) - parts.timing.poll_overlap
    for page in _pages(parts, connection, record, since, "backfill"):
        with parts.database.begin() as tx:
            known = counterparts.among(tx, connection.name, [ticket.id for ticket in page.tickets])
            for ticket in page.tickets:
                if ticket.id in known:
                    hand_over(tx, parts, known[ticket.id], ticket, begun)
    with parts.database.begin() as tx:
        audits.sweep_ended(tx, connection.name, record, begun)


def _pages(
    parts: Parts, connection: Connection, record: Record, since: datetime | None, urgency: Urgency
) -> Iterator[Page]:
    """Yield the pages of a listing. Raises Wait, Unavailable, Refused."""
    after = ""
    while True:
        page = read_page(parts, connection, record, since, after, urgency)
        yield page
        after = page.next
        if not after:
            return


def read_page(
    parts: Parts, connection: Connection, record: Record, since: datetime | None, after: str, urgency: Urgency
) -> Page:
    """Read one page, in one call. Raises Wait, Unavailable, Refused."""
    until = parts.budgets.wait_until(connection.name, urgency)
    if until is not None:
        raise Wait(until)
    try:
        return connection.ticketing.listing(record, since=since, after=after)
    finally:
        parts.budgets.done(connection.name)


def differs(row: sa.Row[Any], ticket: Ticket) -> bool:
    """Tell whether a ticket is other than its counterpart is known to be; an older version tells nothing."""
    if row.gone:
        return False
    if row.version is not None and ticket.version < row.version:
        return False
    known = {**row.base, **records.told(row.theirs)}
    values = {name: plain(value) for name, value in ticket.values.items() if name not in {"project", "updated_at"}}
    return row.version is None or any(not same(value, known.get(name)) for name, value in values.items())


def hand_over(
    tx: sa.Connection, parts: Parts, row: sa.Row[Any], ticket: Ticket, now: datetime, mark: str = "poll"
) -> bool:
    """Record a ticket that is other than known as a message, once for each version, and wake its record."""
    if not ticket.deleted and not differs(row, ticket):
        return False
    subject = counterparts.subject(row.record, row.key)
    message = deliveries.Message(
        connection=row.connection,
        key=f"{mark}:{ticket.id}:{'gone' if ticket.deleted else ticket.version}",
        source="poll",
        event="found gone by audit" if ticket.deleted else "found by sweep",
        body=json.dumps(dict(ticket.raw)).encode(),
        platform_id=ticket.id,
        number=ticket.number or row.number,
        version=None if ticket.deleted else ticket.version,
        subject=subject,
    )
    if deliveries.record(tx, message, now) is None:
        return False
    parts.wakes.wake(tx, "incident", subject)
    return True


def look_first(parts: Parts, connection: str, due: Sequence[sa.Row[Any]]) -> tuple[set[int], dict[str, Outcome]]:
    """Before records are changed, look at how they stand: what a person changed meanwhile is not written over.

    Returns the ids of writes that are not wanted any more, and outcomes of those that need not or cannot be sent: an
    earlier try had landed, or the platform does not answer.
    """
    side = parts.connections.get(connection)
    gone: set[int] = set()
    outcomes: dict[str, Outcome] = {}
    if side is None:
        return gone, outcomes
    for kind in sorted({row.record for row in due}):
        rows = {row.platform_id: row for row in due if row.record == kind}
        try:
            found = side.ticketing.read(kind, list(rows))
        except Unavailable as error:
            reason, wait = str(error), error.retry_after
            outcomes |= {row.key: Outcome(row.key, "retry", reason=reason, retry_after=wait) for row in rows.values()}
            continue
        except Refused:
            continue  # what the platform lets us write it may not let us read
        now = parts.now()
        with parts.database.begin() as tx:
            known = counterparts.among(tx, connection, [ticket.id for ticket in found])
            for ticket in found:
                write, row, keep = rows[ticket.id], known.get(ticket.id), side.keeps.get(kind)
                if row is None or keep is None:
                    continue
                there = keep.carry(write.values).values
                if set(there) == set(write.values) and all(
                    same(plain(ticket.values.get(name)), value) for name, value in there.items()
                ):
                    outcomes[write.key] = Outcome(
                        write.key, "done", ticket.id, ticket.number, ticket.url, ticket.version, reason="it stood there"
                    )
                else:
                    hand_over(tx, parts, row, ticket, now)
                    # What it takes the place of may be newer than what stood there when it was intended.
                    before = {name: plain(ticket.values.get(name)) for name in write.values}
                    writes.update(tx, [write.id], {"before": before})
            told = deliveries.open_tickets(tx, connection, list(rows))
            overtaken = {row.id for row in rows.values() if row.platform_id in told and row.key not in outcomes}
            records.overtaken(tx, sorted(overtaken), now)
            gone |= overtaken
    return gone, outcomes


def _missing(tx: sa.Connection, parts: Parts, connection: Connection, record: Record) -> tuple[str, ...]:
    """Return the records of ours that stand nowhere on a connection which shall have them all."""
    if not connection.keeps[record].create:
        return ()
    known = counterparts.known_keys(tx, connection.name, record)
    return tuple(key for key in keys(parts.records.read(tx), record) if key not in known)


def _make_missing(parts: Parts, connection: Connection, record: Record, missing: Sequence[str]) -> None:
    """Have records created, but for those that the platform has by name: these wait for a person."""
    by_name: dict[str, list[Ticket]] = {}
    by_key: dict[str, Ticket] = {}
    for page in _pages(parts, connection, record, None, "backfill"):
        for ticket in page.tickets:
            by_name.setdefault(str(ticket.values.get(TITLE[record]) or "").strip().casefold(), []).append(ticket)
            by_key |= {ticket.key: ticket} if ticket.key else {}
    now = parts.now()
    with parts.database.begin() as tx:
        catalog = parts.records.read(tx)
        for key in missing:
            values = values_of(catalog, record, key)
            if values is None:
                continue
            place = (record, key, connection.name)
            prefix = f"{counterparts.subject(record, key)}:{connection.name}:"
            mine = next((ticket for made, ticket in by_key.items() if made.startswith(prefix)), None)
            namesakes = by_name.get(str(values[TITLE[record]]).strip().casefold(), [])
            if mine is not None:
                records.link(tx, parts, place, mine, "its key", now)
            elif namesakes:
                _wait_for_person(tx, parts, place, namesakes, now)
            else:
                records.link(tx, parts, place, None, "settings", now)


def _wait_for_person(
    tx: sa.Connection, parts: Parts, place: tuple[str, str, str], namesakes: Sequence[Ticket], now: datetime
) -> None:
    record, key, connection = place
    numbers = ", ".join(ticket.number or ticket.id for ticket in namesakes)
    meant = shlex.quote(f"{key}={namesakes[0].number or namesakes[0].id}")
    doubt = (
        f"{connection} has one of the same name already: {numbers}. Link it with `continuity adopt {connection} "
        f"--link {meant} --apply`"
    )
    values = {"linked_at": now, "linked_by": "", "problems": {"doubt": [doubt]}, "state": "waiting", "state_at": now}
    counterparts.add(tx, record, key, connection, values)
    records.wake(tx, parts, record, key)


@dataclass
class Progress:
    """How far a full audit has come: what was `counts`ed, and what was found, in words."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def find(self, texts: Sequence[str]) -> None:
        self.count("findings", len(texts))
        self.findings = [*self.findings, *texts][:MOST_FINDINGS]


@dataclass(frozen=True)
class Audit:
    """A full comparison of one connection, page by page; each page is on disk before the next is read.

    `pause` is given the seconds to wait where the rate budget wants it. With `dry_run` nothing is handed over.
    """

    parts: Parts
    connection: Connection
    by: str
    dry_run: bool = False
    pause: Callable[[float], None] = lambda _: None

    def run(self) -> Iterator[Progress]:
        """Yield after each page; goes on where an audit that was broken off stopped. Raises Unavailable, Refused."""
        with self.parts.database.begin() as tx:
            row = audits.unfinished(tx, self.connection.name, dry_run=self.dry_run)
            if row is None:
                row = audits.begin(tx, self.connection.name, dry_run=self.dry_run, by=self.by, now=self.parts.now())
        progress = Progress(dict(row.counts), list(row.findings))
        kinds = [cast("Record", record) for record in self.connection.keeps]
        at, after = str(row.record), str(row.after)
        steps = [step for kind in kinds for step in (kind, kind + GONE)]
        for step in steps[steps.index(at) :] if at in steps else steps:
            kind = cast("Record", step.removesuffix(GONE))
            reader = self._look_for_missing if step.endswith(GONE) else self._compare
            for following in reader(kind, after if step == at else "", row.id, progress):
                self._save(row.id, step, following, progress)
                yield progress
        with self.parts.database.begin() as tx:
            audits.save(tx, row.id, {"ended_at": self.parts.now(), "counts": progress.counts})
        yield progress

    def _save(self, audit_id: int, step: str, after: str, progress: Progress) -> None:
        values = {"record": step, "after": after, "counts": progress.counts, "findings": progress.findings}
        with self.parts.database.begin() as tx:
            audits.save(tx, audit_id, values)

    def _compare(self, record: Record, after: str, audit_id: int, progress: Progress) -> Iterator[str]:
        while True:
            page: Page = self._asked(partial(self.connection.ticketing.listing, record, after=after))
            progress.count("calls")
            self._compare_page(page.tickets, audit_id, progress)
            if not page.next:
                # Should it stop here, the last page is read again: nothing is handed over twice.
                yield after
                return
            after = page.next
            yield after

    def _compare_page(self, tickets: Sequence[Ticket], audit_id: int, progress: Progress) -> None:
        progress.count("read", len(tickets))
        now = self.parts.now()
        with self.parts.database.begin() as tx:
            known = counterparts.among(tx, self.connection.name, [ticket.id for ticket in tickets])
            counterparts.met(tx, [row.id for row in known.values()], audit_id)
        other = [(known[ticket.id], ticket) for ticket in tickets if ticket.id in known]
        progress.count("linked", len(other))
        different = [(row, ticket) for row, ticket in other if differs(row, ticket)]
        progress.count("different", len(different))
        progress.count("in step", len(other) - len(different))
        self._found(different, audit_id, progress, now)

    def _look_for_missing(self, record: Record, after: str, audit_id: int, progress: Progress) -> Iterator[str]:
        """Read those by id that no page showed, before any is called gone."""
        del after
        while True:
            with self.parts.database.begin() as tx:
                rows = counterparts.unmet(tx, self.connection.name, record, audit_id, limit=MANY)
            if not rows:
                return
            ids = [row.platform_id for row in rows]
            read: list[Ticket] = self._asked(partial(self.connection.ticketing.read, record, ids))
            found = {ticket.id: ticket for ticket in read}
            progress.count("calls")
            gone = [
                (row, Ticket(row.connection, "other", row.platform_id, row.number, row.url, 0, deleted=True))
                for row in rows
                if row.platform_id not in found
            ]
            progress.count("gone", len(gone))
            changed = [(row, found[row.platform_id]) for row in rows if row.platform_id in found]
            different = [*gone, *((row, ticket) for row, ticket in changed if differs(row, ticket))]
            self._found(different, audit_id, progress, self.parts.now())
            with self.parts.database.begin() as tx:
                counterparts.met(tx, [row.id for row in rows], audit_id)
            yield ""

    def _found(
        self, different: Sequence[tuple[sa.Row[Any], Ticket]], audit_id: int, progress: Progress, now: datetime
    ) -> None:
        for row, ticket in different:
            progress.find(preview(self.parts, row, ticket))
        if self.dry_run:
            return
        with self.parts.database.begin() as tx:
            for row, ticket in different:
                hand_over(tx, self.parts, row, ticket, now, f"audit{audit_id}")

    def _asked(self, ask: Callable[[], Any]) -> Any:
        name = self.connection.name
        while (until := self.parts.budgets.wait_until(name, "audit")) is not None:
            self.pause(max((until - self.parts.now()) / timedelta(seconds=1), 0.0))
        try:
            return ask()
        finally:
            self.parts.budgets.done(name)


class _Asleep:
    """For a look at what would happen: nothing is woken."""

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        """Do nothing."""


def preview(parts: Parts, row: sa.Row[Any], ticket: Ticket) -> list[str]:
    """Say what would come of a ticket as it stands now; nothing is kept."""
    called = f"{row.record} {row.key}"
    if ticket.deleted:
        return [f"{called}: {row.number} is gone from {row.connection}; it would be unlinked"]
    still = replace(parts, wakes=_Asleep(), cause="a look at what would happen")
    with parts.database.engine.connect() as tx:
        try:
            records.take_in(tx, still, row, ticket, parts.now(), None)
            before = values_of(parts.records.read(tx), row.record, row.key) or {}
            merged = records.bring_up_to_date(tx, still, row.record, row.key, parts.now())
            rows = counterparts.of_record(tx, row.record, row.key)
        finally:
            tx.rollback()
    if merged is None:
        return [f"{called} is not in the files any more"]
    return [f"{called}: {text}" for text in _words(before, merged, {item.connection: item for item in rows})]


def _words(before: Mapping[str, Any], merged: Any, rows: Mapping[str, sa.Row[Any]]) -> Iterator[str]:
    for name, item in merged.taken.items():
        yield f"{name} {said(name, before.get(name))} -> {said(name, item.value)}, from {item.side}"
    for side, found in merged.found.items():
        theirs = records.told(rows[side].theirs)
        for name, value in found.write.items():
            yield f"{name} {said(name, theirs.get(name))} -> {said(name, value)}, to {side}"
        for name in sorted(found.conflicts):
            yield f"{name} is in conflict: {said(name, merged.ours[name])} here, {said(name, theirs[name])} on {side}"
        for name, reason in found.held.items():
            yield f"{name} stays as it is on {side}: {reason}"
