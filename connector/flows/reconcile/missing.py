"""Records of ours that stand nowhere on a connection which shall have them all: created, or left to a person."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from connector.continuity_record import TITLE, keys, values_of
from connector.flows.parts import Connection, Parts
from connector.flows.reconcile.pages import pages
from connector.flows.records.links import link
from connector.flows.records.wakes import wake
from connector.store import counterparts
from connector.ticketing import Record, Ticket


def missing_keys(tx: sa.Connection, parts: Parts, connection: Connection, record: Record) -> tuple[str, ...]:
    """Return the records of ours that stand nowhere on a connection which shall have them all."""
    if not connection.keeps[record].create:
        return ()
    known = counterparts.known_keys(tx, connection.name, record)
    return tuple(key for key in keys(parts.records.read(tx), record) if key not in known)


def make_missing(parts: Parts, connection: Connection, record: Record, missing: Sequence[str]) -> None:
    """Have records created, but for those that the platform has by name: these wait for a person."""
    by_name: dict[str, list[Ticket]] = {}
    by_key: dict[str, Ticket] = {}
    for page in pages(parts, connection, record, None, "backfill"):
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
                link(tx, parts, place, mine, "its key", now)
            elif namesakes:
                _wait_for_person(tx, parts, place, namesakes, now)
            else:
                link(tx, parts, place, None, "settings", now)


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
    wake(tx, parts, record, key)
