"""`continuity why`: why a ticket is as it is, field by field, from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.continuity_record import LENGTHS, said
from connector.evidence import Message
from connector.explanation import plain_data
from connector.explanation.explainer import Explainer, record_of
from connector.explanation.live_reading import look
from connector.explanation.ticket_why import TicketWhy
from connector.store.ticket_evidence import KnownTicket
from connector.ticketing import KEPT
from connector.why.verdict import FieldWhy, shown

_COLOURS = {"parked": "red", "waiting": "yellow", "skipped": "yellow"}


@click.command()
@click.argument("ticket", nargs=-1, required=True)
@click.option("--connection", default="", help="Where the ticket is, if several connections know one of that name.")
@click.option("--live", is_flag=True, help="Read the ticket now, and show what differs; else no platform is called.")
@output.as_json_option
@click.pass_obj
def why(context: Context, *, ticket: Sequence[str], connection: str, live: bool, as_json: bool) -> None:
    """Say why a ticket (its number, or its id on the platform) is as it is, field by field.

    A service, plan or task that is kept in step is named by its key too, as in `why service payments`.
    """
    with opened(context) as connector:
        known_connection(connector, connection)
        found = _explained(connector, ticket, connection, live=live)
    if as_json:
        output.document(
            [plain_data.as_json(item) for item in found] if len(found) > 1 else plain_data.as_json(found[0])
        )
        return
    for place, item in enumerate(found):
        if place:
            output.say("")
        _print(item)


def _explained(connector: Connector, words: Sequence[str], connection: str, *, live: bool) -> list[TicketWhy]:
    """Explain the ticket of that name; one that nobody knows for each connection. Raises Declined for several.

    A continuity record, named by its kind and key, is explained for each connection that keeps it in step.
    """
    explainer = Explainer(connector.connections, connector.now)
    name = " ".join(words).strip()
    with connector.database.begin() as tx:
        places = explainer.places(tx, name, connection)
        kind, key = "_".join(words[:-1]), words[-1]
        kept = explainer.kept(tx, kind, key, connection) if kind in KEPT and not places else []
    if kept:
        return [_known(connector, explainer, place, live=live) for place in kept]
    if len(places) > 1:
        known = ", ".join(f"{item.connection} ({item.number}, id {item.platform_id})" for item in places)
        raise output.Declined(f"'{name}' is more than one ticket: {known}; name one by --connection, or by its id")
    if places:
        return [_known(connector, explainer, places[0], live=live)]
    sides = [connection] if connection else list(connector.connections)
    looked = {side: look(connector.connections[side], name, "") if live else None for side in sides}
    with connector.database.begin() as tx:
        return [explainer.unknown(tx, name, side, looked[side]) for side in sides]


def _known(connector: Connector, explainer: Explainer, place: KnownTicket, *, live: bool) -> TicketWhy:
    side = connector.connections[place.connection]
    read = look(side, place.platform_id, record_of(place)) if live and place.platform_id else None
    with connector.database.begin() as tx:
        return explainer.known(tx, place, read)


def _print(found: TicketWhy) -> None:
    kind = f"{found.record.replace('_', ' ')} " if found.record else ""
    output.say(f"{kind}{found.number} on {found.connection} ({found.platform})".strip(), style="bold")
    for line in (*found.story, *found.advice):
        output.say(f"  {line}")
    if not found.fields:
        return
    version = f"version {found.mapping_version}" if found.mapping_version else "the shipped files"
    output.say(f"  Fields by the mapping in force ({version}):")
    for item in found.fields:
        _print_field(item, found)


def _print_field(item: FieldWhy, found: TicketWhy) -> None:
    place = item.field or "no field of the platform"
    if item.id and item.id != item.field:
        place += f" ({item.id})"
    elif item.label and item.label.casefold() != item.field.casefold():
        place += f" ({item.label})"
    arrow = {"read": "<-", "write": "->", "both": "<->"}[item.direction]
    output.say("")
    output.say(f"{item.name} {arrow} {place}: {item.verdict}", style=_COLOURS.get(item.verdict, "green"))
    output.say(f"  why: {item.reason}")
    there = "not read" if item.unread else _shown(item, item.theirs)
    agreed = f"   last agreed: {_shown(item, item.agreed)}" if item.counts else ""
    output.say(f"  ours: {_shown(item, item.ours)}   {found.platform}: {there}{agreed}")
    if item.counts:
        output.say(f"  counts: {item.counts}")
    if item.differs:
        output.say(f"  now: {_shown(item, item.live)}", style="yellow")
    if item.when:
        held = {True: "was true", False: "was not true", None: "was not asked"}[item.held]
        output.say(f"  when: {item.when} ({held})")
    made = f" (mapping version {item.version})" if item.version and item.version != found.mapping_version else ""
    output.say(f"  rule: {item.rule}{made}")
    by = [*_by_message(item), *_by_write(item)]
    if by:
        output.say(f"  by: {'; '.join(by)}")


def _shown(item: FieldWhy, value: Any) -> str:
    """Return a value as it is quoted, one of a record that is kept in step as people write it: 4h."""
    return said(item.name, value) if item.counts and item.name in LENGTHS else shown(value)


def _by_message(item: FieldWhy) -> list[str]:
    if item.message is not None:
        return [_message(item.message)]
    return [f"D{item.message_id} (the message is no longer kept)"] if item.message_id is not None else []


def _message(message: Message) -> str:
    return f"D{message.id} {message.event} by {message.source} {output.shown(message.received_at)}"


def _by_write(item: FieldWhy) -> list[str]:
    sent = item.write
    if sent is None:
        return []
    at = output.shown(sent.done_at or sent.sent_at or sent.created_at)
    tries = f", {sent.attempts} tries" if sent.attempts != 1 else ""
    said = f": {sent.reason}" if sent.reason else ""
    return [f"W{sent.id} {sent.action} {sent.state} {at}{tries}{said}"]
