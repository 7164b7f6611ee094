"""The last look at continuity records before they are changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import plain
from connector.flows.parts import Parts
from connector.flows.reconcile.findings import hand_over
from connector.record_merge import same
from connector.store import counterparts, deliveries, writes
from connector.ticketing import Outcome, Refused, Unavailable


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
            writes.supersede(tx, sorted(overtaken), "the record was changed meanwhile", now)
            gone |= overtaken
    return gone, outcomes
