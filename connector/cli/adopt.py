"""`continuity adopt`: link services and plans with the records that a platform has already, or create them there."""

from __future__ import annotations

import getpass
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from connector.adoption import Both, Candidate, Match, choose, matches
from connector.bootstrap import Connector
from connector.cli import given_links, output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.cli.records import kind_option
from connector.continuity_record import BELONGS_TO, TITLE, keys, plan_key, values_of
from connector.durable import Wakes
from connector.flows.leave import Later, leave
from connector.flows.parts import Connection, Parts
from connector.flows.records.links import link
from connector.store import catalogs, counterparts
from connector.ticketing import KEPT, Record, Refused, Ticket, Unavailable

_WORTH_TELLING = 2.0
"""Seconds of a wait from which on it is told."""


class Nowhere(Exception):
    """The platform has no place for records of this kind."""


@dataclass(frozen=True)
class Adoption:
    """What was found for one kind of record: both sides, the matches, and the tickets by their id."""

    both: Both
    tickets: dict[str, Ticket]
    found: list[Match]

    @property
    def kind(self) -> str:
        return self.both.kind

    def sure(self) -> Iterator[Match]:
        return (match for match in self.found if match.candidate is not None)

    def missing(self) -> Iterator[Match]:
        return (match for match in self.found if match.candidate is None and not match.doubtful and not match.why)


@click.command()
@click.argument("connection")
@kind_option
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of lines KEY,NUMBER that says which record of ours is which of the platform's; an id will do too.",
)
@click.option("--link", "links", multiple=True, metavar="KEY=NUMBER", help="The same for one record; may be repeated.")
@click.option("--apply", "apply_", is_flag=True, help="Link what matches; nothing is written without it.")
@click.option("--create", is_flag=True, help="With --apply: create what the platform does not have.")
@output.as_json_option
@click.pass_obj
def adopt(
    context: Context,
    *,
    connection: str,
    kind: str | None,
    table: Path | None,
    links: Sequence[str],
    apply_: bool,
    create: bool,
    as_json: bool,
) -> None:
    """Link services and plans with the records that CONNECTION has already: shows the matches and the doubtful ones.

    A record matches by our own key, by what --csv or --link says, or by a name that only one on each side bears.
    """
    given = [given_links.pairs(links), *([given_links.table(table)] if table is not None else [])]
    with opened(context) as connector:
        known_connection(connector, connection)
        parts = connector.assemble(Wakes(connector.database))
        side = parts.connections[connection]
        kinds = [item for item in KEPT if item in side.keeps and kind in (None, item)]
        if not kinds:
            what = _words(kind) if kind else "no service or plan"
            raise output.Declined(f"{what} is not kept in step with {connection}; see `records` in docs/admin.md")
        with connector.database.begin() as tx:
            if not catalogs.newest_digest(tx):
                raise output.Declined("no services or plans are in force yet: `continuity apply`, then this again")
        try:
            adoptions = _look(parts, side, kinds, given)
        except (Unavailable, Refused) as error:
            raise output.Declined(f"{connection} could not be read: {error}; nothing was changed") from error
        done = _link(connector, parts, connection, adoptions, create=create) if apply_ else (0, 0)
    if as_json:
        output.document(_document(connection, adoptions, done, applied=apply_))
    else:
        _print(connection, adoptions, done, applied=apply_)
    if any(match.doubtful or match.why for item in adoptions for match in item.found):
        sys.exit(1)


def _look(
    parts: Parts, side: Connection, kinds: Sequence[Record], given: Sequence[given_links.Given]
) -> list[Adoption]:
    """Compare both sides of each kind; a plan comes before its tasks. Raises Unavailable, Refused, Invalid."""
    tickets: dict[str, dict[str, Ticket]] = {}
    for kind in kinds:
        try:
            tickets[kind] = {ticket.id: ticket for ticket in listed(parts, side, kind)}
        except Nowhere:
            output.aside(f"{side.name} has no place where a {_words(kind)} could stand: none is looked for")
    sides = [_both(parts, side, kind, tickets[kind].values()) for kind in kinds if kind in tickets]
    said = [item for found, _ in given for item in found]
    chosen = choose(said, sides, side.name, [fault for _, faults in given for fault in faults])
    places = {record: _linked(parts, side, record) for record in BELONGS_TO.values()}
    found = []
    for both in sides:
        of = BELONGS_TO.get(both.kind)
        within = {key: places[of].get(plan_key(key), "") for key in both.names} if of is not None else {}
        mine = matches(both, chosen, within)
        if both.kind in places:
            places[both.kind] |= {item.key: item.candidate.id for item in mine if item.candidate is not None}
        found.append(Adoption(both, tickets[both.kind], mine))
    return found


def listed(parts: Parts, side: Connection, kind: Record, pause: Callable[[float], None] = time.sleep) -> list[Ticket]:
    """Read all of a kind, page by page, as the rate budget allows. Raises Unavailable, Refused, Nowhere."""
    found: list[Ticket] = []
    after = ""
    while True:
        try:
            with leave(parts.budgets, side.name, "backfill"):
                page = side.ticketing.listing(kind, after=after)
        except Later as error:
            seconds = max((error.until - parts.now()) / timedelta(seconds=1), 0.0)
            if seconds > _WORTH_TELLING:
                output.aside(f"{side.name} takes no more calls now: going on in {seconds:.0f} s")
            pause(seconds)
            continue
        if page.nowhere:
            raise Nowhere(kind)
        found += page.tickets
        after = page.next
        if not after:
            return found


def _linked(parts: Parts, side: Connection, kind: str) -> dict[str, str]:
    """Return the ids of the platform's records that ours are linked with, by our key."""
    with parts.database.begin() as tx:
        rows = counterparts.every(tx, connection=side.name, record=kind)
    return {row.key: row.platform_id for row in rows if counterparts.is_linked(row)}


def _both(parts: Parts, side: Connection, kind: Record, tickets: Iterable[Ticket]) -> Both:
    with parts.database.begin() as tx:
        catalog = parts.records.read(tx)
    names = {key: str((values_of(catalog, kind, key) or {})[TITLE[kind]]) for key in keys(catalog, kind)}
    there = [
        Candidate(
            ticket.id,
            ticket.number,
            str(ticket.values.get(TITLE[kind]) or ""),
            ticket.url,
            counterparts.key_of(ticket.key, kind, side.name),
            str(ticket.values.get(BELONGS_TO.get(kind, "")) or ""),
        )
        for ticket in tickets
    ]
    return Both(kind, names, _linked(parts, side, kind), there)


def _link(
    connector: Connector, parts: Parts, connection: str, adoptions: Sequence[Adoption], *, create: bool
) -> tuple[int, int]:
    """Link what matches and have the missing created; returns how many of each."""
    by, now = getpass.getuser(), connector.now()
    linked = created = 0
    for item in adoptions:
        for match in item.sure():
            with connector.database.begin() as tx:
                ticket = item.tickets[match.candidate.id] if match.candidate is not None else None
                link(tx, parts, (item.kind, match.key, connection), ticket, by, now)
            linked += 1
        for match in item.missing() if create else ():
            with connector.database.begin() as tx:
                if _may_be_created(tx, item.kind, match.key, connection):
                    link(tx, parts, (item.kind, match.key, connection), None, by, now)
                    created += 1
    return linked, created


def _may_be_created(tx: sa.Connection, kind: str, key: str, connection: str) -> bool:
    """Tell whether a record's creation is not under way already."""
    row = counterparts.on(tx, kind, key, connection)
    return row is None or bool(row.gone) or not row.linked_by


def _document(
    connection: str, adoptions: Sequence[Adoption], done: tuple[int, int], *, applied: bool
) -> dict[str, Any]:
    return {
        "connection": connection,
        "applied": applied,
        "linked": done[0],
        "created": done[1],
        "records": [
            {
                "kind": item.kind,
                "key": match.key,
                "name": match.name,
                **(_plain(match.candidate) if match.candidate is not None else {"number": "", "id": "", "url": ""}),
                "by": match.by,
                "doubtful": [{**_plain(one), "name": one.name} for one in match.doubtful],
                "why": match.why,
            }
            for item in adoptions
            for match in item.found
        ],
    }


def _plain(one: Candidate) -> dict[str, str]:
    return {"number": one.number, "id": one.id, "url": one.url}


def _print(connection: str, adoptions: Sequence[Adoption], done: tuple[int, int], *, applied: bool) -> None:
    for item in adoptions:
        what = _words(item.kind)
        numbers = Counter(one.number for one in item.both.there)
        output.table(
            ("Kind", "Key", "Name", f"On {connection}", "Match", "To know"),
            [_line(item, match, numbers) for match in item.found],
            nothing=f"Every {what} is linked ({len(item.both.names)})." if item.both.names else f"There is no {what}.",
        )
    sure = sum(1 for item in adoptions for _ in item.sure())
    missing = sum(1 for item in adoptions for _ in item.missing())
    doubtful = sum(len(item.found) for item in adoptions) - sure - missing
    if applied:
        left = f"; {missing} are not there (--create)" if missing and not done[1] else ""
        output.say(f"{done[0]} linked, {done[1]} to be created{left}; {doubtful} doubtful.", style="green")
    else:
        output.say(f"{sure} match, {missing} are not there, {doubtful} are doubtful. Nothing was changed.")
    if not applied and sure + missing:
        output.say("--apply links what matches; with --create, what is not there is created too.")
    if doubtful:
        output.say("A doubtful one is linked with --link KEY=NUMBER or --csv FILE; where a number repeats, by the id.")


def _line(item: Adoption, match: Match, numbers: Counter[str]) -> tuple[str, ...]:
    start = (item.kind, match.key, match.name)
    if match.candidate is not None:
        return (*start, _called(match.candidate, numbers), match.by, "")
    doubtful = "\n".join(_called(one, numbers, told=len(match.doubtful) > 1) for one in match.doubtful)
    verdict = "doubtful" if match.doubtful or match.why else "not there"
    return (*start, doubtful, verdict, match.why)


def _called(one: Candidate, numbers: Counter[str], *, told: bool = False) -> str:
    """Return what people call a record there; one of several (`told`) with what tells it apart."""
    number = one.number if one.number and numbers[one.number] == 1 else one.id
    name = one.name if one.name != number else ""
    return " ".join(part for part in (number, name, one.url if told else "") if part)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
