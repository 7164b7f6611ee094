"""Whether each mapped field fits its column: that it is there, can be written, and holds what the mapping says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from adapters.servicenow import lookups, query, records
from adapters.servicenow.dictionary import JOURNALS, NUMERIC, Column, Dictionary
from connector.problem import Problem, nearest
from mappings.mapping import Field, Mapping

_NEAR = 0.75
_PLUGIN = "major_incident_state"
"""The column by which an instance with the plugin is known."""

_STAMP = "%Y-%m-%d %H:%M:%S"
_MOMENTS = frozenset({"glide_date_time", "due_date"})
_HTML = frozenset({"html", "translated_html"})
_REFERRING = frozenset({"reference", "glide_list", "domain_id", "document_id", "GUID"})
_TRUTHS = frozenset({"true", "false", "1", "0"})
_WHOLE = re.compile(r"[+-]?[0-9]+")
# What we write of each field, in characters; a task's text grows with its instructions.
_REACH = {
    "title": 160,
    "text": 2000,
    "continuity_plan": 64,
    "continuity_phase": 16,
    "recovery_status": 255,
    "continuity_link": 200,
}
_KINDS = {
    "boolean": "true or false",
    "reference": "a reference",
    "glide_list": "a list of references",
    "glide_date_time": "a date and time",
    "due_date": "a date and time",
    "glide_date": "a date",
    "glide_duration": "a duration",
    "html": "formatted text",
    "translated_html": "formatted text",
} | dict.fromkeys(NUMERIC, "a number")
_TYPES = {
    "a number": "number",
    "true or false": "boolean",
    "a reference": "reference",
    "a date and time": "datetime",
    "a date": "date",
    "a duration": "duration",
    "formatted text": "rich_text",
}


@dataclass(frozen=True)
class Place:
    """A field of a mapping and the column that it was found to be."""

    item: Field
    column: Column
    table: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.table}.{self.path}"


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
    place = Place(item, column, table, path)
    if column.kind in JOURNALS:
        yield _journal(place)
        return
    if item.writes and column.read_only:
        what = f"column {table}.{path} is read-only"
        yield item.problem(what, "map a writable column, or say direction: read")
    yield from type_problems(found, place)
    if item.writes:
        yield from _length(place)
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


def _journal(place: Place) -> Problem:
    item, name = place.item, place.name
    if item.writes:
        what = f"{name} is a journal: each write, and each retry, would add the text once more"
        fix = f"take the field out and say note: {place.path} at the top of the file"
        return item.problem(what, fix, level="error")
    return item.problem(f"{name} is a journal, which reads as empty", "take the field out, or map another column")


def type_problems(found: Dictionary, place: Place) -> Iterator[Problem]:
    """Yield what a column's type makes of a field's values: what it drops, or what cannot be read of it."""
    item, column, shape = place.item, place.column, place.item.shape
    holds = _KINDS.get(column.kind, "text")
    if item.values:
        yield from _values(place)
        return
    fits, fix = _fits(place)
    if not fits:
        given = "choice" if shape.theirs else shape.type
        better = fix or (f"say type: {_TYPES[holds]}" if holds in _TYPES else "map another column")
        yield item.problem(f"{place.name} holds {holds}, and is mapped as {given}", better)
        return
    yield from _form(place)
    table = lookups.table_of(shape.lookup.kind) if shape.lookup else ""
    if table and column.reference and not found.related(column.reference, table):
        kind = shape.lookup.kind if shape.lookup else ""
        what = f"{place.name} refers to {column.reference}, and a {kind} is looked up on {table}"
        yield item.problem(what, f"map a reference to {table}, or say another kind:")


def _fits(place: Place) -> tuple[bool, str]:
    """Tell whether the types go together, with what to do instead where that is not to name the column's type."""
    kind, shape, writes = place.column.kind, place.item.shape, place.item.writes
    holds = _KINDS.get(kind, "text")
    textual = holds in ("text", "formatted text")
    if shape.type in ("text", "labels", "list", "choice"):
        # Any value reads as text; as text it is written only where the column takes any.
        return textual or not writes or kind == "glide_list", ""
    if shape.type == "rich_text":
        if kind in _HTML or (textual and shape.format != "html"):
            return True, ""
        return False, "say type: text" if textual else ""
    if shape.type == "number":
        return textual or kind in NUMERIC, ""
    if shape.type == "boolean":
        return textual or kind == "boolean", ""
    if shape.type in ("datetime", "date"):
        right = kind in _MOMENTS if shape.type == "datetime" else kind == "glide_date"
        return textual or right or (not writes and holds in ("a date", "a date and time")), ""
    if shape.type == "duration":
        return _duration_fits(kind, shape.format, textual=textual)
    # Without a lookup it is an id, which a text column holds too.
    return kind in _REFERRING or (textual and shape.lookup is None) or (textual and not writes), ""


def _duration_fits(kind: str, form: str, *, textual: bool) -> tuple[bool, str]:
    if kind == "glide_duration":
        return form == "since_1970", "say format: since_1970"
    if form == "since_1970":
        return False, "map a column of type duration, or say how it is counted with format:"
    return (textual, "say format: seconds, minutes or hours") if form == "words" else (textual or kind in NUMERIC, "")


def _values(place: Place) -> Iterator[Problem]:
    """Check what a value map writes, one by one: a number column drops what is no number."""
    kind = place.column.kind
    for ours, options in place.item.values.items():
        drops = (kind in NUMERIC and not _WHOLE.fullmatch(options[0])) or (
            kind == "boolean" and options[0].casefold() not in _TRUTHS
        )
        if place.item.writes and options[0] and drops:
            what = f"{place.name} holds {_KINDS[kind]} and would drop '{options[0]}', which {ours} would write"
            yield place.item.problem(what, "write what the column stores, not what it shows", setting="values")


def _form(place: Place) -> Iterator[Problem]:
    """Check how an instant is written: ServiceNow takes one form, in UTC, and drops all others with success."""
    item, shape, kind = place.item, place.item.shape, place.column.kind
    wanted = {"datetime": _STAMP, "date": "%Y-%m-%d"}.get(shape.type, "")
    typed = kind in _MOMENTS or kind == "glide_date"
    if not (typed and wanted):
        return
    plain = not shape.format and shape.type == "date"
    if item.writes and shape.format != wanted and not plain:
        told = shape.format or "ISO 8601"
        what = f"{place.name} takes dates as {wanted} and drops others, and it would be written as {told}"
        yield item.problem(what, f'say format: "{wanted}"', setting="format" if shape.format else "")
    if kind in _MOMENTS and str(shape.zone) != "UTC":
        what = f"{place.name} crosses in UTC, whatever zone people see, and is taken for {shape.zone}"
        yield item.problem(what, "take zone: out", setting="zone")


def _length(place: Place) -> Iterator[Problem]:
    item, length = place.item, place.column.length
    reach = _REACH.get(item.source, 0)
    textual = _KINDS.get(place.column.kind, "text") in ("text", "formatted text")
    if textual and item.shape.type in ("text", "rich_text") and 0 < length < reach:
        what = f"{place.name} takes {length} characters, and {item.source} may have {reach}: the rest would be cut"
        yield item.problem(what, "make the column longer, or map a longer one")


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
