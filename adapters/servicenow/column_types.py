"""Whether a column's type takes what a mapping writes into it, and holds what the mapping reads of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapters.servicenow import lookups
from adapters.servicenow.dictionary import NUMERIC, Column, Dictionary
from connector.problem import Problem
from mappings.mapping import Field

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
# A formatted text is a whole plan.
_WHOLE_PLAN = 20000
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
class MappedColumn:
    """A field of a mapping and the column that it was found to be."""

    item: Field
    column: Column
    table: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.table}.{self.path}"


def problems(found: Dictionary, place: MappedColumn) -> Iterator[Problem]:
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


def _fits(place: MappedColumn) -> tuple[bool, str]:
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


def _values(place: MappedColumn) -> Iterator[Problem]:
    """Check what a value map writes, one by one: a number column drops what is no number."""
    kind = place.column.kind
    for ours, options in place.item.values.items():
        drops = (kind in NUMERIC and not _WHOLE.fullmatch(options[0])) or (
            kind == "boolean" and options[0].casefold() not in _TRUTHS
        )
        if place.item.writes and options[0] and drops:
            what = f"{place.name} holds {_KINDS[kind]} and would drop '{options[0]}', which {ours} would write"
            yield place.item.problem(what, "write what the column stores, not what it shows", setting="values")


def _form(place: MappedColumn) -> Iterator[Problem]:
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


def cut_short(place: MappedColumn) -> Iterator[Problem]:
    """Yield a text of ours that may be longer than its column."""
    item, length = place.item, place.column.length
    reach = _WHOLE_PLAN if item.shape.type == "rich_text" and item.source == "text" else _REACH.get(item.source, 0)
    textual = _KINDS.get(place.column.kind, "text") in ("text", "formatted text")
    if textual and item.shape.type in ("text", "rich_text") and 0 < length < reach:
        what = f"{place.name} takes {length} characters, and {item.source} may have {reach}: the rest would be cut"
        yield item.problem(what, "make the column longer, or map a longer one")
