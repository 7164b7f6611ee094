"""The full audit that comes by itself: each night, and when other mappings were put in force.

It finds what no message and no sweep tells, such as a deletion whose message was lost. Each call is one turn of its
flow, so that other work goes between; what waits for calls, or is broken off, goes on where it was.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa

from connector.flows.leave import Later
from connector.flows.parts import Connection, Parts
from connector.flows.preflight import last_night
from connector.flows.reconcile.audit import Audit, mapped_by
from connector.store import audits, counterparts
from connector.ticketing import Refused, Ticket, Unavailable

AUDIT = "audit"
BY = "the service"
log = logging.getLogger(__name__)


def look(parts: Parts, connection: Connection) -> None:
    """Go on with the audit that is under way, or begin the one that is due, by one call."""
    with parts.database.begin() as tx:
        if audits.unfinished(tx, connection.name, by=BY) is None and not _due(tx, parts, connection):
            return
    audit, at = Audit(parts, connection, BY, say=_plainly), None
    try:
        progress = audit.step()
    except Later as error:
        progress, at = None, error.until
    except Unavailable as error:
        log.warning("the audit of %s waits: %s", connection.name, error)
        return  # gone on with at the next look
    except Refused as error:
        log.warning("the audit of %s cannot read: %s", connection.name, error)
        progress = audit.refused(str(error))
    if progress is not None and progress.ended:
        found = {name: progress.counts.get(name, 0) for name in ("read", "linked", "different", "gone")}
        log.info("all services and plans on %s were compared: %s", connection.name, found)
        return
    with parts.database.begin() as tx:
        parts.wakes.wake(tx, "sweep", f"{AUDIT}:{connection.name}", at)


def _plainly(parts: Parts, row: sa.Row[Any], ticket: Ticket) -> list[str]:  # noqa: ARG001 - what comes of it is decided soon
    """Say that a ticket is other than known; the history tells what came of it."""
    return [f"{row.record} {row.key}: {row.number} is {'gone' if ticket.deleted else 'other than known'}"]


def _due(tx: sa.Connection, parts: Parts, connection: Connection) -> bool:
    """Tell whether all has to be compared: none was since last night, or some were read by another mapping."""
    linked = [since for kind in connection.keeps if (since := counterparts.linked_since(tx, connection.name, kind))]
    if not linked:
        return False
    newest = audits.newest(tx, connection.name)
    compared = max(min(linked), newest.started_at) if newest is not None else min(linked)
    if connection.audit_at is not None and compared < last_night(parts.now(), connection.audit_at):
        return True
    return (newest is None or newest.mapped_by != mapped_by(connection)) and any(
        counterparts.mapped_otherwise(tx, connection.name, kind, keep.mapping)
        for kind, keep in connection.keeps.items()
    )
