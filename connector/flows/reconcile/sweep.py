"""The sweep: what changed on a platform since the last one, read by pages."""

from __future__ import annotations

import logging
from typing import cast

from connector.flows.leave import Later
from connector.flows.parts import Connection, Parts
from connector.flows.reconcile.findings import differs, hand_over
from connector.flows.reconcile.missing import create_missing
from connector.flows.reconcile.pages import pages
from connector.flows.records.wakes import sending
from connector.store import audits, counterparts
from connector.ticketing import Record, Refused, Unavailable

log = logging.getLogger(__name__)


def sweep(parts: Parts, connection: Connection) -> None:
    """Hand over what changed since the last sweep: one call for each kind where nothing did.

    A sweep that was broken off goes on at its page, and counts as made when it began.
    """
    try:
        for record in connection.keeps:
            create_missing(parts, connection, cast("Record", record))
            _read(parts, connection, cast("Record", record))
    except Later as error:
        with parts.database.begin() as tx:
            parts.wakes.wake(tx, "sweep", sending(connection.name), error.until)
        parts.meter.polled(connection.name, "waited")
    except (Unavailable, Refused) as error:
        log.warning("the records of %s could not be listed: %s; tried again at the next sweep", connection.name, error)
        parts.meter.polled(connection.name, "failed")


def _read(parts: Parts, connection: Connection, record: Record) -> None:
    with parts.database.begin() as tx:
        linked = counterparts.linked_since(tx, connection.name, record)
        if linked is None:
            return  # nothing stands here that could have changed
        at = audits.reading(tx, connection.name, record, linked, parts.now())
    for page in pages(parts, connection, record, at.until - parts.timing.poll_overlap, at):
        with parts.database.begin() as tx:
            known = counterparts.among(tx, connection.name, [ticket.id for ticket in page.tickets])
            for ticket in page.tickets:
                if ticket.id in known and differs(parts, known[ticket.id], ticket):
                    hand_over(tx, parts, known[ticket.id], ticket, parts.now())
    with parts.database.begin() as tx:
        audits.sweep_ended(tx, connection.name, record, at.begun)
