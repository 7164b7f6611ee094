"""Whether each mapped field has its column: that it is there, can be written, and is no journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from adapters.servicenow import column_types, lookups, query, records
from adapters.servicenow.column_types import MappedColumn
from adapters.servicenow.dictionary import JOURNALS, Column, Dictionary
from connector.problem import Problem, nearest
from mappings.mapping import Field, Mapping

_NEAR = 0.75
_PLUGIN = "major_incident_state"
"""The column by which an instance with the plugin is known."""


def problems(found: Dictionary, mapping: Mapping) -> Iterator[Problem]:
    """Yield what is wrong with the fields of one record, as its file says them, on a table whose columns are known."""
    table = mapping.setting("table")
    for item in mapping.fields:
        if item.field:
            names = found.locate(table, item.field)
            if len(names) == 1:
                yield from _placed(found, mapping, item, names[0])
            else:
                yield _unplaced(found, mapping, item, names)
        yield from _lookup(found, item)
    yield from _note(found, mapping)


def _unplaced(found: Dictionary, mapping: Mapping, item: Field, names: tuple[str, ...]) -> Problem:
    table, level = mapping.setting("table"), "warning" if item.optional else "error"
    if names:
        what = f"{len(names)} columns of {table} are labelled '{item.field}': {', '.join(names)}"
        return item.problem(what, "name the one that you mean by its column name", level=level)
    columns = found.columns(table)
    if item.field == _PLUGIN:
        what = f"the instance has no column {table}.{item.field}: Major Incident Management is not active"
        fix = "say major_incident_management: absent for the connection, and let your rule ask for what your desk uses"
        return item.problem(what, fix, level=level)
    known = [name for column in columns.values() if column.active for name in (column.name, column.label) if name]
    fix = _near(item.field, known) or _add(mapping)
    what = f"the instance has no column {table}.{item.field}"
    if not query.is_walk(item.field):
        what = f"the instance has no column of {table} that is called or labelled '{item.field}'"
    return item.problem(what, fix, level=level)


def _near(said: str, known: Iterable[str]) -> str:
    """Ask for a name that is near indeed: among some hundred columns one is always a little like another."""
    folded = said.casefold()
    return nearest(said, (name for name in known if SequenceMatcher(None, folded, name.casefold()).ratio() >= _NEAR))


def _add(mapping: Mapping) -> str:
    return f"add the column to {mapping.setting('table')}, or take the field out of the mapping of {mapping.record}"


def _placed(found: Dictionary, mapping: Mapping, item: Field, path: str) -> Iterator[Problem]:
    table = mapping.setting("table")
    column, missing = walk(found, table, path)
    if missing:
        yield item.problem(*missing, level="warning" if item.optional else "error")
    if "." in path and item.writes:
        what = f"{path} stands on another record, which a write to {table} does not reach: its value would be dropped"
        yield item.problem(what, "say direction: read", level="error")
        return
    if column is None:
        return
    place = MappedColumn(item, column, table, path)
    if column.kind in JOURNALS:
        yield _journal(place)
        return
    if item.writes and column.read_only:
        what = f"column {table}.{path} is read-only"
        yield item.problem(what, "map a writable column, or say direction: read")
    yield from column_types.problems(found, place)
    if item.writes:
        yield from column_types.cut_short(place)
        yield from _lasting(found, mapping, item)


def walk(found: Dictionary, table: str, path: str) -> tuple[Column | None, tuple[str, str] | None]:
    """Follow a dot-walk: return its last column, or what is wrong (what, fix) with the step that leads nowhere.

    Where the columns of a table on the way could not be read, neither is returned.
    """
    here, steps = table, path.split(".")
    for place, name in enumerate(steps):
        if not found.described(here):
            return None, None
        column = found.column(here, name)
        if column is None:
            held = (other.name for other in found.columns(here).values() if other.active)
            fix = _near(name, held) or f"add the column to {here}, or map another"
            if name in found.columns(here):
                return None, (
                    f"column {here}.{name} is switched off",
                    "switch it on in the dictionary, or map another column",
                )
            return None, (f"the instance has no column {here}.{name}", fix)
        if place == len(steps) - 1:
            return column, None
        if not column.reference:
            what = f"{here}.{name} is no reference, so that {path} leads nowhere"
            return None, (what, "walk on from a reference, or map the column itself")
        here = column.reference
    return None, None


def _journal(place: MappedColumn) -> Problem:
    item, name = place.item, place.name
    if item.writes:
        what = f"{name} is a journal: each write, and each retry, would add the text once more"
        fix = f"take the field out and say note: {place.path} at the top of the file"
        return item.problem(what, fix, level="error")
    return item.problem(f"{name} is a journal, which reads as empty", "take the field out, or map another column")


def _lasting(found: Dictionary, mapping: Mapping, item: Field) -> Iterator[Problem]:
    """Check the column on the table of tasks that outlive their incident, where it can be another one."""
    table, lasting = mapping.setting("table"), mapping.setting("lasting_table")
    if not lasting or lasting == table or not found.described(lasting):
        return
    place = found.locate(table, item.field)[0]
    name = records.renamed(mapping).get(place, place)
    if found.column(lasting, name) is None:
        what = f"the instance has no column {lasting}.{name}, and tasks that outlive their incident stand on {lasting}"
        yield item.problem(what, f"add it to {lasting}, or name another one under lasting_fields:")


def _lookup(found: Dictionary, item: Field) -> Iterator[Problem]:
    lookup = item.shape.lookup
    if lookup is None:
        return
    table = lookups.table_of(lookup.kind)
    if lookup.by and found.described(table) and found.column(table, lookup.by) is None:
        fix = _near(lookup.by, found.columns(table)) or f"name a column of {table}, such as name"
        what = f"the instance has no column {table}.{lookup.by}, by which names are looked up"
        yield item.problem(what, fix, setting="lookup.by", level="error")


def _note(found: Dictionary, mapping: Mapping) -> Iterator[Problem]:
    said, table = mapping.setting("note"), mapping.setting("table")
    if not said:
        return
    where = f"{mapping.file}: note"
    names = found.locate(table, said)
    column = found.column(table, names[0]) if len(names) == 1 else None
    journals = sorted(other.name for other in found.columns(table).values() if other.kind in JOURNALS)
    writable = [name for name in journals if name not in ("comments", "comments_and_work_notes")]
    fix = f"use one of: {', '.join(writable)}"
    if column is None:
        course = "our notes would be lost" if query.is_column(said) else "our notes go to work_notes"
        yield Problem(where, f"the instance has no journal {table}.{said}, so that {course}", fix)
    elif column.kind not in JOURNALS or column.kind == "journal_list":
        what = f"{table}.{column.name} keeps no entries, so that each note would take the place of the one before"
        yield Problem(where, what, fix)
    elif column.name == "comments":
        yield Problem(where, f"{table}.comments is sent to the customer, and our notes are for the desk", fix)
