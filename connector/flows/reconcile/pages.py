"""The pages of a platform's listing, each one call; a reading that is broken off goes on at its page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connector.flows.leave import leave
from connector.flows.parts import Connection, Parts
from connector.store import audits
from connector.store.audits import Reading
from connector.ticketing import Page, Record, Refused


def pages(
    parts: Parts, connection: Connection, record: Record, since: datetime | None, at: Reading, name: str = ""
) -> Iterator[Page]:
    """Yield the pages of a listing that are left; a page counts as read when the next one is asked for.

    `name` is the one under which the place is kept, the kind where none is given. Raises Later, Unavailable, Refused;
    a place that is refused is forgotten.
    """
    after = at.after
    while True:
        try:
            with leave(parts.budgets, connection.name, "backfill"):
                page = connection.ticketing.listing(record, since=since, after=after)
        except Refused:
            with parts.database.begin() as tx:
                audits.begin_anew(tx, connection.name, name or record)
            raise
        yield page
        after = page.next
        if not after:
            return
        with parts.database.begin() as tx:
            audits.reached(tx, connection.name, name or record, at, after)
