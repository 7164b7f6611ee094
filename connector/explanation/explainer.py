"""Explains tickets: gathers from the store what bears on one, and asks the rules why its fields stand as they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connector import wording
from connector.continuity_record import namesakes, plan_key, values_of
from connector.evidence import Evidence, Heard, Message, Revealing, Sent, Version
from connector.explanation import live_reading, story
from connector.explanation.kept_record import KeptRecord
from connector.explanation.live_reading import Live
from connector.explanation.ticket_why import TicketWhy
from connector.flows.parts import Connection, RecordsInForce
from connector.flows.records.belonging import named_there
from connector.problem import nearest
from connector.recovery_status import recovery_status
from connector.standing import Standing
from connector.store import activations, counterparts, deliveries, mapping_versions, ticket_evidence
from connector.store.ticket_evidence import KnownTicket
from connector.ticketing import Record
from connector.value import iso
from connector.why import explain
from mappings import library

MOST_MESSAGES = 20
MOST_WRITES = 200
LATELY = timedelta(hours=24)


@dataclass
class Explainer:
    """Explains tickets from the database; `connections` are read at each question, as they may be made anew."""

    connections: Mapping[str, Connection]
    now: Callable[[], datetime]
    records: RecordsInForce = field(default_factory=RecordsInForce)
    _versions: dict[tuple[int, str, str], Version] = field(default_factory=dict)

    def places(self, tx: sa.Connection, name: str, connection: str = "") -> list[KnownTicket]:
        """Return where a ticket of that number or id is known, on connections that are set up."""
        return [
            item for item in ticket_evidence.places(tx, name.strip(), connection) if item.connection in self.connections
        ]

    def unknown(self, tx: sa.Connection, name: str, connection: str, live: Live | None = None) -> TicketWhy:
        """Explain a ticket that nothing was ever heard of: how its connection fares, and what to check."""
        side = self.connections[connection]
        traffic = ticket_evidence.traffic(tx, connection, self.now() - LATELY)
        others = [item.connection for item in self.places(tx, name) if item.connection != connection]
        near = nearest(name, ticket_evidence.numbers(tx, connection, limit=200))
        told = story.never_heard_of(name, connection, traffic, polled=side.poll, others=others, near=near)
        found = live.ticket if live is not None else None
        where = (found.number, found.id, found.url) if found is not None else (name, "", "")
        return TicketWhy(
            connection, side.platform, *where,
            record="", known=False, covered=False, baseline=False, deleted=False, plan="", activation=None, role="",
            why="", why_at=None, heard_at=None, mapping_version=mapping_versions.newest_id(tx),
            story=(*told, *story.live_of_unknown(live.ticket, live.fault, connection)) if live is not None else told,
            advice=story.to_check(connection, side.platform, traffic, polled=side.poll),
        )  # fmt: skip

    def known(self, tx: sa.Connection, place: KnownTicket, live: Live | None = None) -> TicketWhy:
        """Explain a ticket of which something is known."""
        side = self.connections[place.connection]
        if place.kept is not None:
            return self._kept(tx, side, place, place.kept, live)
        record = record_of(place)
        messages = tuple(_message(row) for row in ticket_evidence.messages(tx, place, limit=MOST_MESSAGES))
        writes = tuple(_sent(row) for row in ticket_evidence.sent(tx, place, limit=MOST_WRITES)[::-1])
        mine = place.ticket or place.placement
        activation_id = mine.activation_id if mine is not None else None
        row = activations.get(tx, activation_id) if activation_id is not None else None
        standing = activations.standing(tx, row, ()) if row is not None else None
        facts = Evidence(place.connection, record or "incident", self._in_force(tx, side, record or "incident"))
        if record:
            facts = replace(
                facts,
                heard=_heard(tx, side, record, place),
                writes=writes,
                made={item.version: self._version(tx, side, record, item.version) for item in writes},
                wanted=_wanted(place, standing),
                waiting=next((item.id for item in reversed(messages) if item.state == "open"), None),
                silent=_silent(place, row),
                labels=live_reading.labels(side, live),
                policies={name: policy for (of, name), policy in side.wins.items() if of == record},
                live=live_reading.heard_now(side, record, live, self.now()) if live else None,
            )
        fields = explain(facts) if record else ()
        told = story.of_ticket(place, row, messages, writes, facts.heard)
        if live is not None:
            told = (*told, *story.live_of_known(live.ticket, live.fault, place.connection))
        return TicketWhy(
            connection=place.connection,
            platform=side.platform,
            number=place.number,
            id=place.platform_id,
            url=mine.url if mine is not None else "",
            record="question" if place.question is not None else record,
            known=True,
            covered=_covered(place),
            baseline=bool(place.ticket is not None and place.ticket.baseline),
            deleted=_deleted(place),
            plan=row.plan_key if row is not None else place.ticket.plan_key if place.ticket is not None else "",
            activation=activation_id,
            role=place.ticket.role if place.ticket is not None else "",
            why=place.ticket.why if place.ticket is not None else messages[0].reason if messages else "",
            why_at=place.ticket.why_at if place.ticket is not None else messages[0].decided_at if messages else None,
            heard_at=max((item.received_at for item in messages), default=facts.heard.at if facts.heard else None),
            mapping_version=facts.version.id,
            story=told,
            advice=story.to_do(messages, writes),
            problems=tuple(mine.problems) if mine is not None else (),
            fields=fields,
            messages=messages,
            writes=tuple(reversed(writes)),
        )

    def kept(self, tx: sa.Connection, record: str, key: str, connection: str = "") -> list[KnownTicket]:
        """Return where a continuity record is kept in step, on connections that are set up."""
        found = ticket_evidence.kept(tx, record, key, connection)
        return [item for item in found if item.connection in self.connections]

    def _kept(
        self, tx: sa.Connection, side: Connection, place: KnownTicket, row: sa.Row[Any], live: Live | None
    ) -> TicketWhy:
        """Explain a service, plan or task that is kept in step."""
        rows = ticket_evidence.messages(tx, place, limit=MOST_MESSAGES) if place.platform_id else ()
        messages = tuple(map(_message, rows))
        writes = tuple(_sent(row) for row in ticket_evidence.sent(tx, place, limit=MOST_WRITES)[::-1])
        catalog = self.records.read(tx)
        ours = values_of(catalog, row.record, row.key) or {}
        brought = deliveries.get(tx, row.delivery_id) if row.delivery_id is not None else None
        found = KeptRecord(
            row=row,
            keep=side.keeps.get(row.record),
            ours=ours,
            named=(named_there(tx, row, ours) or {}) if ours else {},
            taken={
                item.field: item
                for item in counterparts.taken_of(tx, row.record, row.key)
                if item.connection == row.connection
            },
            writes=writes,
            version=self._in_force(tx, side, row.record),
            labels=live_reading.labels(side, live),
            message=_message(brought) if brought is not None else None,
            live=live.ticket if live is not None else None,
            shared=namesakes(catalog, row.record).get(row.key, ""),
        )
        heard = [story.last_message(messages[0]) if messages else story.NO_MESSAGE]
        told = (*found.story(), *heard, *story.of_traffic(messages, writes))
        if live is not None:
            told = (*told, *story.live_of_known(live.ticket, live.fault, place.connection))
        return TicketWhy(
            connection=place.connection,
            platform=side.platform,
            number=place.number,
            id=place.platform_id,
            url=row.url,
            record=row.record,
            known=True,
            covered=False,
            baseline=False,
            deleted=bool(row.gone),
            plan=plan_key(row.key) if row.record != "service" else "",
            activation=None,
            role="",
            why=row.state,
            why_at=row.state_at,
            heard_at=max((item.received_at for item in messages), default=row.seen_at),
            mapping_version=found.version.id,
            story=told,
            advice=story.to_do(messages, writes),
            problems=tuple(row.problems.get("read", ())),
            fields=found.fields(),
            messages=messages,
            writes=tuple(reversed(writes)),
            key=row.key,
        )

    def _in_force(self, tx: sa.Connection, side: Connection, record: Record) -> Version:
        return self._version(tx, side, record, mapping_versions.newest_id(tx))

    def _version(self, tx: sa.Connection, side: Connection, record: Record, wanted: int) -> Version:
        """Return a record's mapping of a version; of none (a write not sent yet) or an unknown one, that in force."""
        row = mapping_versions.get(tx, wanted) if wanted else None
        key = (row.id if row is not None else mapping_versions.newest_id(tx), side.name, record)
        if key not in self._versions:
            row = row or mapping_versions.newest(tx)
            texts = (row.content if row is not None else {}).get(side.platform, {})
            rules = library.build(side.platform, texts, checked=False).on(side.name)[record]
            source = library.sourced(side.platform, record, texts.get(record, ()))
            self._versions[key] = Version(key[0], rules, source)
        return self._versions[key]


def record_of(place: KnownTicket) -> Record | Any:
    """Return which record a ticket is; "" for none of ours."""
    if place.kept is not None:
        return place.kept.record
    if place.placement is not None:
        return place.placement.record
    if place.question is not None:
        return place.question.record
    return "incident" if place.ticket is not None else ""


def _heard(tx: sa.Connection, side: Connection, record: Record, place: KnownTicket) -> Heard | None:
    row = place.ticket if place.ticket is not None else place.placement
    if row is None:
        return None
    values = row.values if place.ticket is not None else row.seen
    if values is None or (place.ticket is not None and row.version is None):
        return None
    message = deliveries.get(tx, row.delivery_id) if row.delivery_id is not None else None
    return Heard(
        values=values,
        at=row.seen_at,
        problems=tuple(row.problems),
        held=_held(side, record, message) if message is not None else None,
        message_id=row.delivery_id,
        message=_message(message) if message is not None else None,
    )


def _held(side: Connection, record: Record, message: sa.Row[Any]) -> Mapping[str, Any] | None:
    """Return the platform's own values from a stored message; None where it tells only a part, or is a command."""
    if message.source not in {"webhook", "poll"} or not isinstance(side.ticketing, Revealing):
        return None
    received = side.open(message.source, message.body)
    if received.partial or received.deleted:
        return None
    return side.ticketing.fields_of(record, received.raw)


def _wanted(place: KnownTicket, standing: Standing | None) -> dict[str, Any]:
    """Return what should stand on a ticket by now, of what changes over time."""
    if standing is None:
        return {"continuity_plan": place.ticket.plan_key} if place.ticket is not None else {}
    if place.placement is not None and place.placement.record == "recovery_task":
        task = standing.tasks.get(place.placement.key)
        return {"state": task.state.value, "due_at": iso(task.due_at)} if task is not None else {}
    if place.ticket is not None and place.ticket.role == "child":
        return {"continuity_plan": standing.plan.key}
    if place.placement is not None and place.placement.record == "review":
        return {}
    status = recovery_status(standing)
    return {
        "continuity_plan": standing.plan.key,
        "continuity_phase": wording.PHASE_NAMES[status.phase],
        "recovery_status": status.text,
        "recovery_progress": status.percent,
        "rto_due": iso(status.due_at),
    }


def _silent(place: KnownTicket, activation: sa.Row[Any] | None) -> str:
    """Return why nothing is written to a ticket at all, "" where something may be."""
    if place.placement is not None and place.placement.gone:
        return f"nothing is written any more: the ticket is {place.placement.gone}"
    mine = place.ticket
    if mine is not None and mine.deleted:
        return "nothing is written any more: the ticket is deleted"
    if mine is not None and activation is None and not mine.plan_key:
        return f"nothing is written to this ticket: {mine.why or 'no plan is linked on it'}"
    return ""


def _covered(place: KnownTicket) -> bool:
    if place.ticket is not None:
        return place.ticket.activation_id is not None or bool(place.ticket.plan_key)
    return place.placement is not None or place.question is not None


def _deleted(place: KnownTicket) -> bool:
    if place.ticket is not None:
        return bool(place.ticket.deleted)
    return place.placement is not None and place.placement.gone == "deleted"


def _message(row: sa.Row[Any]) -> Message:
    return Message(row.id, row.source, row.event, row.state, row.reason, row.received_at, row.decided_at)


def _sent(row: sa.Row[Any]) -> Sent:
    return Sent(
        id=row.id,
        action=row.action,
        state=row.state,
        values=row.values,
        about=row.about or {},
        version=row.mapping_version or 0,
        attempts=row.attempts,
        reason=row.reason,
        warnings=tuple(row.warnings),
        note=row.note,
        created_at=row.created_at,
        next_at=row.next_at,
        sent_at=row.sent_at,
        done_at=row.done_at,
    )
