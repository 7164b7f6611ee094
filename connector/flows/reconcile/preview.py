"""What would come of a ticket, said without keeping anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import said, values_of
from connector.flows.parts import Parts
from connector.flows.records.readings import take_in
from connector.flows.records.upkeep import bring_up_to_date
from connector.record_merge import Merged
from connector.store import counterparts, dated
from connector.ticketing import Ticket


def preview(parts: Parts, row: sa.Row[Any], ticket: Ticket) -> list[str]:
    """Say what would come of a ticket as it stands now; nothing is kept."""
    called = f"{row.record} {row.key}"
    if ticket.deleted:
        return [f"{called}: {row.number} is gone from {row.connection}; it is unlinked"]
    still = replace(parts, wakes=_Asleep(), cause="a look at what would happen")
    with parts.database.engine.connect() as tx:
        try:
            state, told = take_in(tx, still, row, ticket, parts.now(), None, row.version)
            before = values_of(parts.records.read(tx), row.record, row.key) or {}
            merged = bring_up_to_date(tx, still, row.record, row.key, parts.now())
            rows = counterparts.of_record(tx, row.record, row.key)
        finally:
            tx.rollback()
    if state == "ignored":
        return [f"{called}: {told}"]
    if merged is None:
        return [f"{called} is not in the files any more"]
    return [f"{called}: {text}" for text in _words(before, merged, {item.connection: item for item in rows})]


def _words(before: Mapping[str, Any], merged: Merged, rows: Mapping[str, sa.Row[Any]]) -> Iterator[str]:
    for name, item in merged.taken.items():
        yield f"{name} {said(name, before.get(name))} -> {said(name, item.value)}, from {item.side}"
    for side, found in merged.found.items():
        theirs = dated.values(rows[side].theirs)
        for name, value in found.write.items():
            yield f"{name} {said(name, theirs.get(name))} -> {said(name, value)}, to {side}"
        for name in sorted(found.conflicts):
            yield f"{name} is in conflict: {said(name, merged.ours[name])} here, {said(name, theirs[name])} on {side}"
        for name, reason in found.held.items():
            yield f"{name} stays as it is on {side}: {reason}"


class _Asleep:
    """For a look at what would happen: nothing is woken."""

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        """Do nothing."""
