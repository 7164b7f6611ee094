"""The full audit: all records of a connection compared, page by page; each page is on disk before the next is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from connector.flows.leave import Later, leave
from connector.flows.parts import Connection, Parts
from connector.flows.reconcile.findings import differs, hand_over, missing
from connector.flows.reconcile.preview import preview
from connector.store import audits, counterparts
from connector.ticketing import Record, Ticket

GONE = ":gone"
"""Marks, behind the kind in an audit's row, that all pages were read and what none showed is looked for."""
MANY = 100
MOST_FINDINGS = 500
MOST_REFUSALS = 3
"""How often the pages of a kind may be refused before an audit is given up."""
Different = list[tuple[sa.Row[Any], Ticket]]


def mapped_by(connection: Connection) -> str:
    """Return what changes with the mappings of what is kept on a connection."""
    return " ".join(keep.mapping for keep in connection.keeps.values())


@dataclass
class Progress:
    """How far a full audit has come: what was `counts`ed, what was found, in words, and whether it is `ended`."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    ended: bool = False

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number


@dataclass(frozen=True)
class Audit:
    """A full comparison of one connection, begun `by` somebody: who goes on with it has to go by the same name.

    With `dry_run` nothing is handed over. `pause` is given the seconds to wait where the rate budget wants it. `say`
    tells in words what would come of a ticket.
    """

    parts: Parts
    connection: Connection
    by: str
    dry_run: bool = False
    pause: Callable[[float], None] = lambda _: None
    say: Callable[[Parts, sa.Row[Any], Ticket], list[str]] = preview

    def run(self) -> Iterator[Progress]:
        """Yield after each call; goes on where an audit that was broken off stopped. Raises Unavailable, Refused."""
        progress = Progress()
        while not progress.ended:
            try:
                progress = self.step()
            except Later as error:
                self.pause(max((error.until - self.parts.now()) / timedelta(seconds=1), 0.0))
            else:
                yield progress

    def step(self) -> Progress:
        """Compare what one call tells: the next page, or those that no page showed; it ends without a call.

        Raises Later, Unavailable, Refused.
        """
        row = self._row()
        progress = Progress(dict(row.counts), list(row.findings))
        steps = [step for kind in self.connection.keeps for step in (kind, kind + GONE)]
        at, after = (row.record, row.after) if row.record in steps else (steps[0], "")
        for step in steps[steps.index(at) :]:
            kind = cast("Record", step.removesuffix(GONE))
            if not step.endswith(GONE):
                after = self._compare(kind, after if step == at else "", row.id, progress)
                place = (step, after) if after else (step + GONE, "")
            elif self._look_for_missing(kind, row.id, progress):
                place = (step, "")
            else:
                continue
            self._save(row.id, progress, record=place[0], after=place[1])
            return progress
        progress.ended = True
        self._save(row.id, progress, ended_at=self.parts.now())
        return progress

    def refused(self, reason: str) -> Progress:
        """Begin the kind anew after a page was refused, as a place may be too old; give up after some."""
        row = self._row()
        progress = Progress(dict(row.counts), list(row.findings))
        progress.count("refused")
        progress.ended = not row.after or progress.counts["refused"] >= MOST_REFUSALS
        progress.findings += [f"given up: {reason}"] if progress.ended else []
        self._save(row.id, progress, after="", ended_at=self.parts.now() if progress.ended else None)
        return progress

    def _row(self) -> sa.Row[Any]:
        with self.parts.database.begin() as tx:
            row = audits.unfinished(tx, self.connection.name, by=self.by, dry_run=self.dry_run)
            return row or audits.begin(
                tx,
                self.connection.name,
                by=self.by,
                dry_run=self.dry_run,
                mapped_by=mapped_by(self.connection),
                now=self.parts.now(),
            )

    def _save(self, audit_id: int, progress: Progress, **values: Any) -> None:
        with self.parts.database.begin() as tx:
            audits.save(tx, audit_id, {**values, "counts": progress.counts, "findings": progress.findings})

    def _compare(self, record: Record, after: str, audit_id: int, progress: Progress) -> str:
        """Compare the next page; returns the place of the one behind it."""
        with leave(self.parts.budgets, self.connection.name, "audit"):
            page = self.connection.ticketing.listing(record, after=after)
        progress.count("calls")
        progress.count("read", len(page.tickets))
        with self.parts.database.begin() as tx:
            known = counterparts.among(tx, self.connection.name, [ticket.id for ticket in page.tickets])
        linked = [(known[ticket.id], ticket) for ticket in page.tickets if ticket.id in known]
        different = [(row, ticket) for row, ticket in linked if differs(self.parts, row, ticket, older=True)]
        progress.count("linked", len(linked))
        progress.count("different", len(different))
        progress.count("in step", len(linked) - len(different))
        self._found(different, linked, audit_id, progress)
        return page.next

    def _look_for_missing(self, record: Record, audit_id: int, progress: Progress) -> bool:
        """Read those by id that no page showed, before any is called gone; False where there are none."""
        with self.parts.database.begin() as tx:
            rows = counterparts.unmet(tx, self.connection.name, record, audit_id, limit=MANY)
        if not rows:
            return False
        with leave(self.parts.budgets, self.connection.name, "audit"):
            read = self.connection.ticketing.read(record, [row.platform_id for row in rows])
        found = {ticket.id: ticket for ticket in read}
        progress.count("calls")
        here = [(row, found[row.platform_id]) for row in rows if row.platform_id in found]
        gone = [(row, missing(row)) for row in rows if row.platform_id not in found]
        progress.count("gone", len(gone))
        different = [*gone, *((row, ticket) for row, ticket in here if differs(self.parts, row, ticket, older=True))]
        self._found(different, [*gone, *here], audit_id, progress)
        return True

    def _found(self, different: Different, met: Different, audit_id: int, progress: Progress) -> None:
        for row, ticket in different:
            room = MOST_FINDINGS - len(progress.findings)
            texts: Sequence[str] = self.say(self.parts, row, ticket) if room > 0 else ("one more that differs",)
            progress.count("findings", len(texts))
            progress.findings += texts[: max(room, 0)]
        with self.parts.database.begin() as tx:
            counterparts.met(tx, [row.id for row, _ in met], audit_id)
            for row, ticket in () if self.dry_run else different:
                hand_over(tx, self.parts, row, ticket, self.parts.now(), f"audit{audit_id}")
