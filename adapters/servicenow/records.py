"""ServiceNow's records as tickets: which of ours each one is, its address, its version and its values."""

from __future__ import annotations

import re
from collections.abc import Mapping as Facts
from typing import Any
from urllib.parse import quote

from adapters.servicenow import query
from connector.ticketing import Record, Ticket
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


def tables(mapping: Mapping) -> tuple[str, ...]:
    """Return the tables that a record stands on: its own, and the one for records that outlive their incident."""
    return tuple(dict.fromkeys(name for name in (mapping.setting("table"), mapping.setting("lasting_table")) if name))


def renamed(mapping: Mapping) -> Facts[str, str]:
    """Return the columns that are others on the lasting table."""
    given = mapping.settings.get("lasting_fields")
    return given if isinstance(given, Facts) else {}


def journal(mapping: Mapping) -> str:
    """Return the journal that takes our notes: by default the one that only the desk sees."""
    named = mapping.setting("note")
    return named if query.is_column(named) else "work_notes"


def columns(mapping: Mapping) -> tuple[str, ...]:
    """Return the columns to ask for when reading: our own needs and what the mapping reads."""
    mapped = [item.id for item in mapping.fields if item.reads and item.id]
    return tuple(dict.fromkeys((*_OWN, *mapped, *renamed(mapping).values())))


def address(url: str, table: str, sys_id: str) -> str:
    """Return the page of a record in the platform's own interface."""
    return f"{url}/nav_to.do?uri={quote(f'{table}.do?sys_id={sys_id}', safe='')}"


def kind_of(mappings: Mappings, table: str) -> Record | None:
    """Return the record that is kept on `table`, None if none is."""
    order: tuple[Record, ...] = ("incident", "recovery_task", "review", "activation")
    return next((record for record in order if table in tables(mappings[record])), None)


def parse(connection: str, url: str, mappings: Mappings, raw: Facts[str, Any], name_of: NameOf) -> Ticket:
    """Turn a record into a ticket, whichever shape its values have; what it lacks is left out."""
    table = scalar(raw.get("sys_class_name"), "")
    sys_id = scalar(raw.get("sys_id"), "")
    record = kind_of(mappings, table)
    ours = scalar(raw.get("correlation_display"), "") == OURS
    values: Facts[str, Any] = {}
    problems: tuple[str, ...] = ()
    if record is not None:
        mapping = mappings[record]
        read = mapping.read(fields_of(mapping, raw), name_of)
        values, problems = read.values, tuple(str(problem) for problem in read.problems)
    return Ticket(
        connection=connection,
        record=record or "other",
        id=sys_id,
        number=scalar(raw.get("number"), ""),
        url=address(url, table or "task", sys_id),
        version=version(raw),
        values=values,
        key=scalar(raw.get("correlation_id"), "") if ours else "",
        problems=problems,
        raw=raw,
    )


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
