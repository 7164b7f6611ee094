"""ServiceNow's records as tickets: which of ours each one is, its address, its version and its values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping as Facts
from typing import Any
from urllib.parse import quote

from adapters.servicenow import preference, query
from connector.ticketing import KEPT, Record, Ticket
from mappings.library import Mappings
from mappings.mapping import Mapping
from mappings.transforms import NameOf, scalar

OURS = "continuity-connector"
"""What stands in `correlation_display` of each record that we made."""

_SYS_ID = re.compile(r"[0-9a-f]{32}")
_COUNT = re.compile(r"[0-9]{1,18}")
_OWN = (
    "sys_id",
    "number",
    "sys_class_name",
    "sys_mod_count",
    "sys_updated_on",
    "active",
    "correlation_id",
    "correlation_display",
)


def is_sys_id(text: str) -> bool:
    """Tell a sys_id from a number: 32 hexadecimal digits."""
    return _SYS_ID.fullmatch(text) is not None


def sys_id_of(key: str) -> str:
    """Return the sys_id of the record that the write `key` makes: always the same, so that it is made once.

    A sys_id in a POST is honoured, and a second POST of it fails (recorded from a live instance).
    """
    return hashlib.sha256(f"continuity:{key}".encode()).hexdigest()[:32]


def tables(mapping: Mapping) -> tuple[str, ...]:
    """Return the tables that a record stands on: its own, and the one for records that outlive their incident.

    While it is not known whether the instance has the table that the mapping prefers, that one too.
    """
    named = (mapping.setting(name) for name in ("table", "lasting_table", "preferred_table"))
    return tuple(dict.fromkeys(name for name in named if name))


def classes(mapping: Mapping) -> tuple[str, ...]:
    """Return the classes whose records are this one on its table: a list of a table shows those that extend it too."""
    further = mapping.settings.get("classes") or ()
    return tuple(dict.fromkeys(name for name in (mapping.setting("table"), *further) if name))


def nowhere(mapping: Mapping) -> bool:
    """Tell whether there is no table on which a record could stand: it only prefers one that the instance lacks."""
    return not tables(mapping)


def retired(mapping: Mapping) -> Facts[str, tuple[str, ...]]:
    """Return the columns with the values by which a record counts as archived."""
    given = mapping.settings.get("retired")
    return given if isinstance(given, Facts) else {}


def archived(mapping: Mapping, raw: Facts[str, Any]) -> bool:
    """Tell whether a record is archived, by what the mapping says: a stored value, or one as people see it."""
    return any(
        {scalar(raw.get(column), ""), scalar(raw.get(column), "display_value")} & set(values)
        for column, values in retired(mapping).items()
    )


def known_by(mapping: Mapping) -> str:
    """Return the column by which people know a continuity record: not all their tables have a number."""
    named = mapping.named("name") or mapping.named("title")
    return named.id if named is not None else ""


def renamed(mapping: Mapping) -> Facts[str, str]:
    """Return the columns that are others on the lasting table."""
    given = mapping.settings.get("lasting_fields")
    return given if isinstance(given, Facts) else {}


def notes(mapping: Mapping) -> bool:
    """Tell whether our notes can stand on a record: each task has journals, other tables as the mapping says."""
    return mapping.record not in KEPT or bool(mapping.setting("note"))


def journal(mapping: Mapping) -> str:
    """Return the journal that takes our notes: by default the one that only the desk sees."""
    named = mapping.setting("note")
    return named if query.is_column(named) else "work_notes"


def columns(mapping: Mapping) -> tuple[str, ...]:
    """Return the columns to ask for when reading: our own needs and what the mapping reads."""
    mapped = [item.id for item in mapping.fields if item.reads and item.id]
    return tuple(dict.fromkeys((*_OWN, *mapped, *renamed(mapping).values(), *retired(mapping))))


def address(url: str, table: str, sys_id: str) -> str:
    """Return the page of a record in the platform's own interface."""
    return f"{url}/nav_to.do?uri={quote(f'{table}.do?sys_id={sys_id}', safe='')}"


def kind_of(mappings: Mappings, table: str) -> Record | None:
    """Return the record that is kept on `table`, None if none is."""
    order: tuple[Record, ...] = ("incident", "recovery_task", "review", "activation", *KEPT)
    held = (record for record in order if record in mappings.records)
    return next((record for record in held if table in (*tables(mappings[record]), *classes(mappings[record]))), None)


def parse(connection: str, url: str, mappings: Mappings, raw: Facts[str, Any], name_of: NameOf) -> Ticket:
    """Turn a record into a ticket, whichever shape its values have; what it lacks is left out."""
    table = scalar(raw.get("sys_class_name"), "")
    sys_id = scalar(raw.get("sys_id"), "")
    record = kind_of(mappings, table)
    values: Facts[str, Any] = {}
    problems: tuple[str, ...] = ()
    number, gone = scalar(raw.get("number"), ""), False
    if record is not None:
        mapping = preference.of_class(mappings[record], table)
        gone = archived(mapping, raw)
        number = number or (scalar(raw.get(known_by(mapping)), "") if record in KEPT else "")
        if not gone:
            read = mapping.read(fields_of(mapping, raw), name_of)
            values = _resolved(mapping, read.values) if record in KEPT else read.values
            problems = tuple(str(problem) for problem in read.problems)
    return Ticket(
        connection=connection,
        record=record or "other",
        id=sys_id,
        number=number,
        url=address(url, table or "task", sys_id),
        version=version(raw),
        values=values,
        key=_key(raw, sys_id),
        problems=problems,
        raw=raw,
        deleted=gone,
    )


def _resolved(mapping: Mapping, values: Facts[str, Any]) -> dict[str, Any]:
    """Leave out names of which only the sys_id was told: taken for a change, it would become the name on all sides."""
    named = {item.source for item in mapping.fields if item.shape.part}
    return {name: value for name, value in values.items() if not (name in named and is_sys_id(str(value)))}


def _key(raw: Facts[str, Any], sys_id: str) -> str:
    """Return our key of a record that we made.

    Tables that are no tasks lack `correlation_display`, and other tools fill their `correlation_id`: there the sys_id,
    which comes from the key, is the proof.
    """
    key = scalar(raw.get("correlation_id"), "")
    marked = scalar(raw.get("correlation_display"), "") == OURS
    return key if marked or (key and sys_id_of(key) == sys_id) else ""


def fields_of(mapping: Mapping, raw: Facts[str, Any]) -> dict[str, Any]:
    """Return what a record holds by the columns that the mapping names: on the lasting table some are others."""
    fields = dict(raw)
    if scalar(raw.get("sys_class_name"), "") != mapping.setting("table"):
        fields |= {name: raw[other] for name, other in renamed(mapping).items() if other in raw}
    return fields


def version(raw: Facts[str, Any]) -> int:
    """Return `sys_mod_count`, 0 where it is absent or no number."""
    text = scalar(raw.get("sys_mod_count"), "").replace(",", "")
    # Other digits than 0 to 9 are no number to `int`, and thousands of them are refused; neither is a version.
    return int(text) if _COUNT.fullmatch(text) else 0
