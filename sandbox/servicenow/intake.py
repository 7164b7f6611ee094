"""What of a written body sticks: the rest is dropped with success, as on a real instance."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.servicenow import choices
from sandbox.servicenow.schema import JOURNALS, Column, Record
from sandbox.servicenow.store import Store

_SYS_ID = re.compile(r"[0-9a-fA-F]{32}")
_BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}
_ON_CREATE = ("sys_id",)


def accept(
    store: Store, table: str, body: dict[str, Any], *, creating: bool, unwritable: frozenset[str], display: bool
) -> tuple[Record, dict[str, str]]:
    """Split a body into the column values that stick and the texts for journal fields.

    Dropped without a word: unknown and read-only columns, columns that the caller may not write, nested objects, and
    values that the column's type cannot hold. Texts are cut to the column's length. A reference is taken as a sys_id
    unchecked, but on the tables of Business Continuity Management, where one that leads nowhere is dropped; any other
    text must be the display value of exactly one record, else the reference becomes empty. `display`
    (sysparm_input_display_value) also takes the labels of choices.
    """
    values: Record = {}
    journal: dict[str, str] = {}
    columns = store.schema.columns(table)
    for name, raw in body.items():
        column = columns.get(name)
        if column is None or f"{table}.{name}" in unwritable:
            continue
        if column.read_only and not (creating and name in _ON_CREATE):
            continue
        text = _text(raw)
        if text is None:
            continue
        if column.kind in JOURNALS:
            if text.strip():
                journal[name] = text
            continue
        if display:
            text = _by_label(store, table, name, text)
        value = _fit(store, column, text)
        if value and table.startswith("sn_bc") and _leads_nowhere(store, column, value):
            continue
        if value is not None:
            values[name] = value
    return values, journal


def _text(raw: Any) -> str | None:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, (str, int, float)):
        return str(raw)
    return None


def _by_label(store: Store, table: str, name: str, text: str) -> str:
    labels = choices.of(store.schema, table, name)
    return next((value for value, label in labels.items() if label.lower() == text.lower()), text)


def _leads_nowhere(store: Store, column: Column, value: str) -> bool:
    if column.kind != "reference" or column.by_name:
        return False
    return store.get(column.reference, value) is None


def _fit(store: Store, column: Column, text: str) -> str | None:
    """The value as this column stores it, or None where its type cannot hold it."""
    if not text:
        return None if column.kind == "GUID" else ""
    if column.kind == "reference":
        known = column.by_name or _SYS_ID.fullmatch(text) is not None
        return text if known else store.by_display(column.reference, text)
    read = _READERS.get(column.kind)
    return read(text) if read is not None else text[: column.length]


def _identity(text: str) -> str | None:
    return text.lower() if _SYS_ID.fullmatch(text) else None


def _integer(text: str) -> str | None:
    return str(int(text)) if re.fullmatch(r"[+-]?\d+", text) else None


def _decimal(text: str) -> str | None:
    return text if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def _day(text: str) -> str | None:
    """A date; of a date and time, the date."""
    moment = _moment(text)
    return moment[:10] if moment else None


def _boolean(text: str) -> str | None:
    return _BOOLEANS.get(text.lower())


def _moment(text: str) -> str | None:
    """Only `YYYY-MM-DD HH:MM:SS`, and a date alone as its midnight; an ISO "T" form does not stick."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        text += " 00:00:00"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


_READERS: dict[str, Callable[[str], str | None]] = {
    "GUID": _identity,
    "integer": _integer,
    "decimal": _decimal,
    "float": _decimal,
    "currency": _decimal,
    "boolean": _boolean,
    "glide_date_time": _moment,
    "glide_date": _day,
    # A duration is the moment so long after the beginning of 1970.
    "glide_duration": _moment,
}
