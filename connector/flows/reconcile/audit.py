"""The full audit: all records of a connection compared, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import sqlalchemy as sa

from connector.flows.leave import Later, leave
from connector.flows.parts import Connection, Parts
from connector.flows.reconcile.findings import differs, hand_over
from connector.flows.reconcile.preview import preview
from connector.store import audits, counterparts
from connector.ticketing import Page, Record, Ticket

GONE = ":gone"
"""Marks, behind the kind in an audit's row, that all pages were read and what none showed is looked for."""
MANY = 100
MOST_FINDINGS = 500


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
        while True:
            try:
                with leave(self.parts.budgets, self.connection.name, "audit"):
                    return ask()
            except Later as error:
                self.pause(max((error.until - self.parts.now()) / timedelta(seconds=1), 0.0))
