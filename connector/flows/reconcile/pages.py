"""The pages of a platform's listing, each one call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connector.budget import Urgency
from connector.flows.leave import leave
from connector.flows.parts import Connection, Parts
from connector.ticketing import Page, Record


def pages(
    parts: Parts, connection: Connection, record: Record, since: datetime | None, urgency: Urgency
) -> Iterator[Page]:
    """Yield the pages of a listing. Raises Later, Unavailable, Refused."""
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
    """Read one page, in one call. Raises Later, Unavailable, Refused."""
    with leave(parts.budgets, connection.name, urgency):
        return connection.ticketing.listing(record, since=since, after=after)
