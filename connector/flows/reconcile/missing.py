"""Records of ours that stand nowhere on a connection which shall have them all: created, or left to a person."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from connector.continuity_record import BELONGS_TO, TITLE, keys, values_of
from connector.flows.parts import Connection, Parts
from connector.flows.reconcile.pages import pages
from connector.flows.records.links import link
from connector.flows.records.wakes import wake
from connector.store import audits, counterparts
from connector.ticketing import Record, Ticket

MOST_AT_ONCE = 100
"""Records whose creation is begun in one transaction, so that others have their turn."""


def create_missing(parts: Parts, connection: Connection, record: Record) -> None:
    """Have records created that are missing, but for those that the platform has by name: these wait for a person.

    First all pages are read, those before which a reading was broken off not again. Raises Later, Unavailable, Refused.
    """
    if not connection.keeps[record].create:
        return
    names = f"{record}:names:"
    with parts.database.begin() as tx:
        missing = _missing(tx, parts, connection, record)
        if not missing:
            audits.forget_readings(tx, connection.name, names)
            return
        digest = parts.records.files(tx).digest
        at = audits.reading(tx, connection.name, names + digest, parts.now(), parts.now())
    for page in pages(parts, connection, record, None, at, names + digest):
        if page.nowhere:
            return
        _compare(parts, connection, record, page.tickets)
    with parts.database.begin() as tx:
        audits.forget_readings(tx, connection.name, names)
        if parts.records.files(tx).digest != digest:
            return  # what was applied meanwhile has not been compared with the first pages
        missing = _missing(tx, parts, connection, record)
    for start in range(0, len(missing), MOST_AT_ONCE):
        now = parts.now()
        with parts.database.begin() as tx:
            for key in missing[start : start + MOST_AT_ONCE]:
                link(tx, parts, (record, key, connection.name), None, "settings", now)


def _missing(tx: sa.Connection, parts: Parts, connection: Connection, record: Record) -> tuple[str, ...]:
    """Return the records of ours that stand nowhere on a connection.

    What belongs to another that shall not stand there is not missing.
    """
    known = counterparts.known_keys(tx, connection.name, record)
    catalog, of = parts.records.read(tx), BELONGS_TO.get(record)
    missing = tuple(key for key in keys(catalog, record) if key not in known)
    if of is None or not missing:
        return missing
    placed = counterparts.known_keys(tx, connection.name, of)
    return tuple(key for key in missing if (values_of(catalog, record, key) or {}).get(of) in placed)


def _compare(parts: Parts, connection: Connection, record: Record, tickets: Sequence[Ticket]) -> None:
    """Link missing records with tickets that bear their keys, and leave those to a person whose names are there."""
    now = parts.now()
    with parts.database.begin() as tx:
        catalog = parts.records.read(tx)
        doubtful = counterparts.doubtful_keys(tx, connection.name, record)
        by_name: dict[str, list[str]] = {}
        for key in (*_missing(tx, parts, connection, record), *doubtful):
            title = (values_of(catalog, record, key) or {}).get(TITLE[record])
            by_name.setdefault(_folded(title), []).append(key)
        wanted = {key for found in by_name.values() for key in found}
        of = BELONGS_TO.get(record, "")
        rows = counterparts.every(tx, connection=connection.name, record=of) if of else ()
        placed = {row.key: row.platform_id for row in rows}
        linked = counterparts.among(tx, connection.name, [ticket.id for ticket in tickets])
        for ticket in tickets:
            mine = counterparts.key_of(ticket.key, record, connection.name)
            row = linked.get(ticket.id)
            if mine in wanted and row is not None and counterparts.is_linked(row):
                # A person linked what we once made for it with another record.
                _leave_to_person(tx, parts, (record, mine, connection.name), ticket, now)
            elif mine in wanted:
                link(tx, parts, (record, mine, connection.name), ticket, "its key", now)
                wanted.discard(mine)
            for key in by_name.get(_folded(ticket.values.get(TITLE[record])), ()):
                # Two plans may have a task of one name.
                under = ticket.values.get(of)
                if key in wanted and (not under or under == placed.get((values_of(catalog, record, key) or {})[of])):
                    _leave_to_person(tx, parts, (record, key, connection.name), ticket, now)


def _folded(title: object) -> str:
    return str(title or "").strip().casefold()


def _leave_to_person(
    tx: sa.Connection, parts: Parts, place: tuple[str, str, str], namesake: Ticket, now: datetime
) -> None:
    record, key, connection = place
    number = namesake.number or namesake.id
    doubt = (
        f"{connection} has one of the same name already: {number}. Link it with `continuity adopt {connection} "
        f"--link {shlex.quote(f'{key}={number}')} --apply`"
    )
    values = {"linked_at": now, "linked_by": "", "state": "waiting", "state_at": now}
    counterparts.add(tx, record, key, connection, values)
    row = next(item for item in counterparts.of_record(tx, record, key) if item.connection == connection)
    counterparts.update(tx, row.id, {"problems": _with_doubt(row.problems, doubt)})
    wake(tx, parts, record, key)


def _with_doubt(problems: Mapping[str, list[str]], doubt: str) -> dict[str, list[str]]:
    return {**problems, "doubt": [*dict.fromkeys((*problems.get("doubt", ()), doubt))]}
