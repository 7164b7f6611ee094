"""One version of the mappings tried on a ticket: what it reads of it, and would write to it; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.bootstrap import Connector
from connector.cli import output
from connector.cli.mappings.state import State
from connector.flows.parts import Connection
from connector.flows.wanted import Wanted, wanted
from connector.mapping_version import Content, MappingVersion
from connector.ticketing import Names, Record, Refused, Ticket, Unavailable
from mappings import library
from mappings.difference import NOWHERE
from mappings.mapping import Field, as_named
from mappings.mapping import Mapping as RecordMapping
from mappings.readings import Reading, watched
from mappings.source import Source
from mappings.transforms import scalar
from mappings.vocabulary import RECORDS


@dataclass(frozen=True)
class Line:
    """One field: what stands on the platform and with us, which line says so, and what is wrong; "" for nothing."""

    field: str
    place: str
    theirs: str
    ours: str
    where: str
    problem: str = ""


@dataclass(frozen=True)
class Trial:
    """One version tried on a ticket: `reads` and `writes` by our field's name; `problems` belong to no single field."""

    reads: Mapping[str, Line]
    writes: Mapping[str, Line]
    problems: tuple[str, ...]


class Asleep:
    """Takes the place of what wakes flows: a preview wakes none."""

    def wake(self, tx: sa.Connection, queue: str, subject: str, at: datetime | None = None) -> None:
        """Do nothing."""


class Bench:
    """Connections made with one version, whose readings are kept."""

    def __init__(self, state: State, version: MappingVersion) -> None:
        self.content: Content = version.content
        self.readings: list[Reading] = []
        kept = {name: watched(item, self.readings) for name, item in version.mappings.items()}
        self.connector = Connector(state.settings)
        self.connector.use(replace(version, mappings=kept))

    def find(self, name: str, number: str) -> Ticket | None:
        """Read a ticket of any record by its number. Raises Unavailable, Refused."""
        side = self.connector.connections[name].ticketing
        seen: Ticket | None = None
        for record in RECORDS:
            found = next((item for item in side.read(record, [number]) if not item.deleted), None)
            if found is not None and found.record != "other":
                return found
            seen = seen or found
        return seen

    def attempt(self, name: str, ticket: Ticket, meant: Wanted) -> Trial:
        """Show what was last read of the ticket, and what would be written to it."""
        reading = next((item for item in reversed(self.readings) if item.mapping.record == ticket.record), None)
        if reading is None:
            return Trial({}, {}, ticket.problems)
        mapping = reading.mapping
        record: Record = mapping.record
        source = library.sourced(mapping.platform, record, self.content.get(mapping.platform, {}).get(record, ()))
        reads = {item.name: _read(item, reading, ticket, source) for item in mapping.fields if item.reads}
        writes, problems = _written(mapping, meant, source)
        told = {line.problem for line in (*reads.values(), *writes.values())}
        problems += [text for text in ticket.problems if text not in told]
        problems += [f"{item.where}: the platform has no field '{item.field}'" for item in mapping.missing]
        return Trial(reads, writes, tuple(dict.fromkeys([*problems, *self._unknown(name, mapping, meant)])))

    def _unknown(self, name: str, mapping: RecordMapping, meant: Wanted) -> list[str]:
        """Ask the platform for the teams and people that would be written."""
        wanted_names: dict[str, list[str]] = {"team": [], "user": []}
        for lookup, said in mapping.lookups(meant.values, about=meant.about):
            wanted_names.setdefault(lookup.kind, []).append(said)
        names = Names(teams=tuple(wanted_names["team"]), people=tuple(wanted_names["user"]))
        if names == Names():
            return []
        try:
            return [str(item) for item in self.connector.connections[name].ticketing.warm(names)]
        except (Unavailable, Refused) as error:
            return [f"names could not be looked up: {error}"]


def wanted_of(connector: Connector, connection: Connection, ticket: Ticket) -> Wanted:
    parts = connector.assemble(Asleep())
    with connector.database.engine.connect() as tx:
        try:
            return wanted(tx, parts, connection, ticket.id, connector.now())
        finally:
            tx.rollback()


def _read(item: Field, reading: Reading, ticket: Ticket, source: Source) -> Line:
    raw = reading.raw.get(item.id, NOWHERE) if item.id else NOWHERE
    ours = ticket.values.get(item.source, NOWHERE)
    return Line(
        item.name,
        item.field,
        _theirs(raw, item),
        _shown(ours),
        _place(source, item),
        _fault(item, reading.read.problems),
    )


def _written(mapping: RecordMapping, meant: Wanted, source: Source) -> tuple[dict[str, Line], list[str]]:
    written = mapping.write(meant.values, as_named, about=meant.about)
    lines: dict[str, Line] = {}
    for item in mapping.fields:
        if not item.writes or not item.id:
            continue
        problem = _fault(item, written.problems)
        if item.id not in written.fields and not problem:
            continue
        theirs = written.fields.get(item.id, NOWHERE)
        ours = meant.values.get(item.source, NOWHERE)
        lines[item.name] = Line(
            item.name, item.field, _theirs(theirs, item), _shown(ours), _place(source, item), problem
        )
    told = {line.problem for line in lines.values()}
    return lines, [str(problem) for problem in written.problems if str(problem) not in told]


def _fault(item: Field, problems: Sequence[Any]) -> str:
    return next((str(problem) for problem in problems if problem.where in {item.where, f"{item.where}.values"}), "")


def _place(source: Source, item: Field) -> str:
    found = source.origin(("fields", item.name))
    return f"{found[0].name}:{found[1]}" if found else source.file


def _theirs(value: Any, item: Field) -> str:
    if value is NOWHERE:
        return "(not there)"
    if isinstance(value, (list, tuple)):
        return ", ".join(_theirs(part, item) for part in value)
    return scalar(value, item.shape.part)


def _shown(value: Any) -> str:
    if value is NOWHERE or value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    return output.shown(value)
