"""The last look at tickets: at records before they are changed, at tasks before a second try or after a refusal."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from connector.continuity_record import plain
from connector.flows import poll
from connector.flows.incidents import as_json
from connector.flows.parts import Parts
from connector.flows.reconcile.findings import differs, hand_over, missing
from connector.flows.records.identity import another
from connector.record_merge import same
from connector.store import activations, counterparts, deliveries, writes
from connector.ticketing import Outcome, Refused, Ticket, Unavailable
from connector.value import same as value_same

log = logging.getLogger(__name__)


def look_first(parts: Parts, connection: str, due: Sequence[sa.Row[Any]]) -> tuple[set[int], dict[str, Outcome]]:
    """Before records are changed, look at how they stand: what a person changed meanwhile is not written over.

    Returns the ids of writes that are not wanted any more, and outcomes of those that need not or cannot be sent: an
    earlier try had landed, or the platform does not answer. What was read by its id and is not there counts as deleted.
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
            known = counterparts.among(tx, connection, list(rows))
            for platform_id in sorted(rows.keys() & known.keys() - {ticket.id for ticket in found}):
                hand_over(
                    tx, parts, known[platform_id], missing(known[platform_id]), now, f"write{rows[platform_id].id}"
                )
            for ticket in found:
                write, row, keep = rows[ticket.id], known.get(ticket.id), side.keeps.get(kind)
                if row is None or keep is None:
                    continue
                there = keep.carry(write.values).values
                if another(row, ticket):
                    hand_over(tx, parts, row, ticket, now, f"write{write.id}")
                elif set(there) == set(write.values) and all(
                    same(plain(ticket.values.get(name)), value) for name, value in there.items()
                ):
                    outcomes[write.key] = Outcome(
                        write.key, "done", ticket.id, ticket.number, ticket.url, ticket.version, reason="it stood there"
                    )
                else:
                    if differs(parts, row, ticket):
                        hand_over(tx, parts, row, ticket, now)
                    # What it takes the place of may be newer than what stood there when it was intended.
                    before = {name: plain(ticket.values.get(name)) for name in write.values}
                    writes.update(tx, [write.id], {"before": before})
            told = deliveries.open_tickets(tx, connection, list(rows))
            overtaken = {row.id for row in rows.values() if row.platform_id in told and row.key not in outcomes}
            writes.supersede(tx, sorted(overtaken), "the record was changed meanwhile", now)
            gone |= overtaken
    return gone, outcomes


def overtaken_states(
    parts: Parts, connection: str, tried: Sequence[sa.Row[Any]]
) -> tuple[set[int], dict[str, Outcome]]:
    """Leave out states of tasks that a person has overtaken: between two tries, anything may happen to a ticket.

    Returns the ids of writes that are not wanted any more, and the outcomes of those whose ticket cannot be read.
    """
    side = parts.connections.get(connection)
    if not tried or side is None:
        return set(), {}
    try:
        found = side.ticketing.read("recovery_task", [row.platform_id for row in tried])
    except Unavailable as error:
        reason, wait = str(error), error.retry_after
        return set(), {row.key: Outcome(row.key, "retry", reason=reason, retry_after=wait) for row in tried}
    except Refused:
        return set(), {}  # what the platform lets us write it may not let us read
    now = parts.now()
    landed = set()
    outcomes: dict[str, Outcome] = {}
    with parts.database.begin() as tx:
        for ticket in found:
            row = next(row for row in tried if row.platform_id == ticket.id)
            if str(ticket.values.get("state", "")) == row.values["state"]:
                landed.add(ticket.id)
                if _stands(row, ticket):  # else what landed with the state would pass for a person's wish
                    told = "an earlier try had landed"
                    outcomes[row.key] = Outcome(
                        row.key, "done", ticket.id, ticket.number, ticket.url, ticket.version, reason=told
                    )
            else:
                poll.hand_over(tx, parts, side, ticket, now)
        waiting = deliveries.open_tickets(tx, connection, [row.platform_id for row in tried])
        moved = {item.id: item.state_at for item in activations.placements(tx, tried[0].activation_id) if item.state_at}
        overtaken = {
            row.id
            for row in tried
            # Where it stands as we wanted it, what waits is the echo of our own earlier try.
            if row.key not in outcomes
            and (
                (row.platform_id in waiting and row.platform_id not in landed)
                or moved.get(row.placement_id, row.created_at) > row.created_at
            )
        }
        writes.supersede(tx, sorted(overtaken), "the ticket was changed meanwhile", now)
    return overtaken, outcomes


def _stands(row: sa.Row[Any], ticket: Ticket) -> bool:
    """Tell whether a ticket holds all that a write wants; of a note that is not known."""
    found = as_json(ticket.values)
    return not row.note and all(value_same(name, found.get(name), value) for name, value in row.values.items())


def told_gone(
    parts: Parts, connection: str, sent: Sequence[sa.Row[Any]], outcomes: Mapping[str, Outcome]
) -> dict[str, Outcome]:
    """Return outcomes that say plainly where a change of a recovery task was refused because its ticket is gone.

    Where that cannot be read, what the platform answered is all that is told.
    """
    side = parts.connections.get(connection)
    refused = [
        row
        for row in sent
        if row.record == "recovery_task" and row.action == "update" and outcomes[row.key].status == "refused"
    ]
    if side is None or not refused:
        return {}
    try:
        found = side.ticketing.read("recovery_task", sorted({row.platform_id for row in refused}))
    except (Unavailable, Refused) as error:
        log.info("whether tickets on %s are gone could not be read: %s", connection, error)
        return {}
    here = {ticket.id for ticket in found}
    return {
        row.key: replace(
            outcomes[row.key],
            reason=f"{row.number or row.platform_id} is gone from {connection}: it was deleted, or the account cannot "
            f"see it any more ({outcomes[row.key].reason})",
        )
        for row in refused
        if row.platform_id not in here
    }
