"""Creates composed as a send would, and held against the dictionary: what would be refused, or lose a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from adapters.servicenow import demands, writes
from adapters.servicenow.dictionary import JOURNALS, NUMERIC, Column, Dictionary
from adapters.servicenow.lookups import Name
from adapters.servicenow.writes import Composed, Composer, Nothing, Unsendable
from connector.problem import Problem
from connector.ticketing import KEPT, Write
from mappings.library import Mappings
from mappings.mapping import Mapping
from mappings.transforms import Lookup

_STAMP = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_UNTYPED = frozenset({"string", "html", "translated_html", "translated_text", "url", "email"})


def names(mappings: Mappings, given: Sequence[Write], fallback_team: str) -> list[Name]:
    """Return the names that must be known before the creates can be composed."""
    wanted = [name for write in given for name in writes.names(mappings, write)]
    if fallback_team:
        wanted.append((Lookup("team"), fallback_team))
    return list(dict.fromkeys(wanted))


def problems(composer: Composer, found: Dictionary, mappings: Mappings, given: Sequence[Write]) -> Iterator[Problem]:
    """Yield what would keep each create from being made whole; asks nothing.

    `mappings` are as their files say them. Policies that the account cannot see are told by the live check, once.
    """
    for write in given:
        try:
            composed = composer.compose(write)
        except Unsendable as error:
            yield Problem(write.key, str(error), "take it out of the plan, or map it")
            continue
        if isinstance(composed, Nothing):
            continue
        for warning in composed.warnings:
            yield Problem(write.key, warning, level="warning")
        if found.described(composed.table):
            yield from _against(found, mappings[write.record], composed)
        elif found.tables and not found.knows(composed.table):
            what = f"the instance has no table '{composed.table}'"
            yield Problem(
                f"{write.key}: table", what, "correct table: in the mapping, or install what brings the table"
            )


def _against(found: Dictionary, mapping: Mapping, composed: Composed) -> Iterator[Problem]:
    table, key = composed.table, composed.write.key
    for name, value in composed.fields.items():
        column = found.column(table, name)
        where = f"{key}: {name}"
        if column is None and name in demands.OWN and composed.write.record in KEPT:
            continue
        if column is None:
            what = f"the instance has no column {table}.{name}: its value would be dropped"
            yield Problem(where, what, "add the column, or take the field out of the mapping", "warning")
        elif column.kind in JOURNALS:
            what = f"{table}.{name} is a journal: each retry would add the text once more"
            yield Problem(where, what, "take the field out of the mapping and say note:")
        elif value != "":
            yield from _value(found, composed, column, where)
    if composed.write.action != "create":
        return
    filled = {name for name, value in composed.fields.items() if value != ""} | set(demands.OWN)
    for column, rule in demands.lacking(found, table, filled):
        if rule is not None and not rule.conditions:
            called = demands.called_by(table, column)
            place, fix = demands.remedy(found, mapping, table, column)
            what = f"a data policy wants {called} filled: the ticket would be refused"
            yield Problem(f"{key}: {column.name}", what, f"{fix} ({place})")


def _value(found: Dictionary, composed: Composed, column: Column, where: str) -> Iterator[Problem]:
    """Hold one value against its column: what is dropped, cut, or not offered."""
    name = f"{composed.table}.{column.name}"
    text = writes.plain(composed.fields[column.name])
    choices = found.choices(composed.table, column.name)
    offered = {choice.value.casefold() for choice in choices if choice.active}
    if column.read_only:
        yield Problem(where, f"{name} is read-only: '{text[:40]}' would be dropped", "map a writable column", "warning")
    elif choices and text.casefold() not in offered:
        fix = f"use one of: {', '.join(sorted(choice.value for choice in choices if choice.active))}"
        yield Problem(where, f"{name} offers no choice '{text}'", fix, "warning")
    elif not _holds(column, text):
        fix = "map another column, or correct type: and format:"
        yield Problem(where, f"{name} is of type {column.kind} and would drop '{text[:40]}'", fix, "warning")
    elif column.kind in _UNTYPED and 0 < column.length < len(text):
        what = f"{name} takes {column.length} characters, and this text has {len(text)}: the rest would be cut"
        yield Problem(where, what, "make the column longer, or the text shorter", "warning")


def _holds(column: Column, text: str) -> bool:
    """Tell whether a column of its type keeps a value; types that are not known here keep any."""
    if column.kind in NUMERIC:
        return _NUMBER.fullmatch(text) is not None
    if column.kind == "boolean":
        return text.casefold() in ("true", "false", "1", "0")
    if column.kind in ("glide_date_time", "due_date", "glide_date", "glide_duration"):
        return _is_moment(text)
    return True


def _is_moment(text: str) -> bool:
    try:
        return _STAMP.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False
