"""`continuity adopt`: link services and plans with the records that a platform has already, or create them there."""

from __future__ import annotations

import csv
import getpass
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from connector.adoption import Candidate, Match, matches
from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.context import Context
from connector.cli.desk import known_connection
from connector.cli.opening import opened
from connector.cli.records import kind_option
from connector.continuity_record import BELONGS_TO, TITLE, keys, values_of
from connector.durable import Wakes
from connector.flows.parts import Connection, Parts
from connector.flows.records.links import link
from connector.store import counterparts
from connector.ticketing import KEPT, Record, Refused, Ticket, Unavailable


@dataclass(frozen=True)
class Adoption:
    """What was found for one kind of record: what is linked already, the matches, and the tickets by their id.

    `nowhere`: the platform has no place for records of this kind.
    """

    kind: str
    linked: int
    found: list[Match]
    tickets: dict[str, Ticket]
    nowhere: bool = False

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
    help="A file of lines KEY,NUMBER that says which record of ours is which of the platform's.",
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
    given = {**(_read_csv(table) if table is not None else {}), **dict(_pair(link, "--link") for link in links)}
    with opened(context) as connector:
        known_connection(connector, connection)
        parts = connector.assemble(Wakes(connector.database))
        side = parts.connections[connection]
        kinds = [item for item in KEPT if item in side.keeps and kind in (None, item)]
        if not kinds:
            what = kind or "no service or plan"
            raise output.Declined(f"{what} is not kept in step with {connection}; see `records` in docs/admin.md")
        try:
            adoptions = [_look(connector, parts, side, item, given) for item in kinds]
        except (Unavailable, Refused) as error:
            raise output.Declined(f"{connection} could not be read: {error}") from error
        _unknown(parts, connector, given, kinds)
        done = _link(connector, parts, connection, adoptions, create=create) if apply_ else (0, 0)
    if as_json:
        output.document(_document(connection, adoptions, done, applied=apply_))
    else:
        _print(connection, adoptions, done, applied=apply_)
    if any(match.doubtful or match.why for item in adoptions for match in item.found):
        sys.exit(1)


def _read_csv(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise output.Declined(f"{path} cannot be read: {error}") from error
    found: dict[str, str] = {}
    for place, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row[:2]]
        if len(cells) != len(["key", "number"]) or not all(cells):
            raise output.Declined(f"{path}:{place}: write a key and a number, such as payments,SVC0012345")
        if place == 1 and cells[0].casefold() == "key":
            continue
        if found.setdefault(cells[0], cells[1]) != cells[1]:
            raise output.Declined(f"{path}:{place}: '{cells[0]}' stands there twice, with {found[cells[0]]} before")
    return found


def _pair(text: str, option: str) -> tuple[str, str]:
    key, sign, number = text.partition("=")
    if not (key.strip() and sign and number.strip()):
        raise output.Declined(f"{option} '{text}': write KEY=NUMBER, such as payments=SVC0012345")
    return key.strip(), number.strip()


def _unknown(parts: Parts, connector: Connector, given: dict[str, str], kinds: Sequence[Record]) -> None:
    """Decline keys that are none of ours."""
    with connector.database.begin() as tx:
        known = {key for kind in kinds for key in keys(parts.records.read(tx), kind)}
    strange = sorted(set(given) - known)
    if strange:
        raise output.Declined(f"no {' or '.join(kinds)} has the key {', '.join(strange)}")


def _look(connector: Connector, parts: Parts, side: Connection, kind: Record, given: dict[str, str]) -> Adoption:
    tickets: dict[str, Ticket] = {}
    after = ""
    while True:
        page = side.ticketing.listing(kind, after=after)
        if page.nowhere:
            return Adoption(kind, 0, [], {}, nowhere=True)
        tickets |= {ticket.id: ticket for ticket in page.tickets}
        after = page.next
        if not after:
            break
    with connector.database.begin() as tx:
        catalog = parts.records.read(tx)
        rows = counterparts.every(tx, connection=side.name, record=kind)
        ours = {key: values_of(catalog, kind, key) or {} for key in keys(catalog, kind)}
        under = _linked(tx, side.name, BELONGS_TO.get(kind, ""))
    of = BELONGS_TO.get(kind, "")
    # What belongs to another is matched once that is linked, and told by it: two plans may have a task of one name.
    ours = {key: values for key, values in ours.items() if not of or values[of] in under.values()}
    names = {key: f"{values[TITLE[kind]]}{f' ({values[of]})' if of else ''}" for key, values in ours.items()}
    linked = {row.key: row.platform_id for row in rows if row.platform_id and not row.gone}
    wanted = {key: name for key, name in names.items() if key not in linked or key in given}
    taken = {platform_id for key, platform_id in linked.items() if key not in given}
    there = [
        Candidate(ticket.id, ticket.number, f"{ticket.values.get(TITLE[kind]) or ''}{told}", ticket.key)
        for ticket in tickets.values()
        if ticket.id not in taken and (told := _of(ticket, of, under)) is not None
    ]
    prefixes = {key: f"{counterparts.subject(kind, key)}:{side.name}:" for key in wanted}
    found = matches(wanted, there, {key: number for key, number in given.items() if key in wanted}, prefixes)
    return Adoption(kind, len(linked), found, tickets)


def _linked(tx: sa.Connection, connection: str, kind: str) -> dict[str, str]:
    """Return the keys of the records of a kind that are linked on a connection, by the ids there; {} for no kind."""
    rows = counterparts.every(tx, connection=connection, record=kind) if kind else ()
    return {row.platform_id: row.key for row in rows if row.platform_id and not row.gone}


def _of(ticket: Ticket, of: str, under: dict[str, str]) -> str | None:
    """Return how a ticket's name tells to which record of ours it belongs, None where it belongs to none of these."""
    if not of:
        return ""
    key = under.get(str(ticket.values.get(of) or ""))
    return None if key is None else f" ({key})"


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
    row = next((item for item in counterparts.of_record(tx, kind, key) if item.connection == connection), None)
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
                "number": match.candidate.number if match.candidate is not None else "",
                "by": match.by,
                "doubtful": [{"number": one.number, "name": one.name} for one in match.doubtful],
                "why": match.why,
            }
            for item in adoptions
            for match in item.found
        ],
    }


def _print(connection: str, adoptions: Sequence[Adoption], done: tuple[int, int], *, applied: bool) -> None:
    for item in adoptions:
        output.table(
            ("Kind", "Key", "Name", f"On {connection}", "Match", "To know"),
            [_line(item, match) for match in item.found],
            nothing=f"There is no place for a {item.kind} there."
            if item.nowhere
            else f"Every {item.kind} is linked ({item.linked}).",
        )
    sure = sum(1 for item in adoptions for _ in item.sure())
    missing = sum(1 for item in adoptions for _ in item.missing())
    doubtful = sum(len(item.found) for item in adoptions) - sure - missing
    if applied:
        output.say(f"{done[0]} linked, {done[1]} to be created; {doubtful} doubtful.", style="green")
    else:
        output.say(f"{sure} match, {missing} are not there, {doubtful} are doubtful. Nothing was changed.")
    if not applied and sure + missing:
        output.say("--apply links what matches; with --create, what is not there is created too.")
    if doubtful:
        output.say("A doubtful one is linked with --link KEY=NUMBER or --csv FILE.")


def _line(item: Adoption, match: Match) -> tuple[str, ...]:
    if match.candidate is not None:
        there = f"{match.candidate.number} {match.candidate.name}"
        return (item.kind, match.key, match.name, there, match.by, "")
    doubtful = "\n".join(f"{one.number} {one.name}" for one in match.doubtful)
    verdict = "doubtful" if match.doubtful or match.why else "not there"
    return (item.kind, match.key, match.name, doubtful, verdict, match.why)
