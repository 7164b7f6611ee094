"""Encoded queries and table addresses, built so that a value can never become a condition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlencode

_STEP = r"[a-z][a-z0-9_]*"
_COLUMN = re.compile(_STEP)
_WALK = re.compile(rf"{_STEP}(\.{_STEP})*")


class Unsafe(ValueError):
    """A value would change the meaning of the query: `^` starts a new condition and cannot be escaped."""


def plain(value: str) -> bool:
    """Tell whether a value can stand in a query."""
    return "^" not in value and not value.startswith("javascript:") and "\n" not in value


def is_column(name: str) -> bool:
    """Tell whether a text can be the name of a column, rather than a label: a column of the table itself."""
    return _COLUMN.fullmatch(name) is not None


def is_walk(name: str) -> bool:
    """Tell whether a text can name a column, of the table or of a record that it refers to (`caller_id.email`)."""
    return _WALK.fullmatch(name) is not None


def where(field: str, operator: str, value: str) -> str:
    """Return one condition; raises Unsafe."""
    if not is_walk(field):
        raise Unsafe(f"{field!r} cannot be the name of a column")
    if not plain(value):
        raise Unsafe(f"{value!r} cannot stand in a query of {field}")
    return f"{field}{operator}{value}"


def within(field: str, values: Iterable[str]) -> str:
    """Return the condition that a field is one of `values`; raises Unsafe (a comma would split a value)."""
    if not is_walk(field):
        raise Unsafe(f"{field!r} cannot be the name of a column")
    given = list(values)
    for value in given:
        if not plain(value) or "," in value:
            raise Unsafe(f"{value!r} cannot stand in a list of {field}")
    return f"{field}IN{','.join(given)}"


def either(*conditions: str) -> str:
    """Any of these; binds tighter than `every`."""
    return "^OR".join(conditions)


def every(*conditions: str) -> str:
    """All of these; empty ones are left out."""
    return "^".join(condition for condition in conditions if condition)


def record_path(table: str, sys_id: str = "") -> str:
    """Return the path of a table or of one of its records."""
    path = f"/api/now/table/{quote(table, safe='')}"
    return f"{path}/{quote(sys_id, safe='')}" if sys_id else path


def listing(table: str, query: str, fields: Iterable[str], *, display: str = "all", limit: int = 200) -> str:
    """Return the address of a table's first page of records, in a stable order."""
    return page(record_path(table), query, fields, display=display, limit=limit)


def page(
    path: str, query: str, fields: Iterable[str], *, display: str = "all", limit: int = 200, offset: int = 0
) -> str:
    """Return the address of a page of what is listed at a path."""
    asked = {
        "sysparm_query": every(query, "ORDERBYsys_id"),
        "sysparm_fields": ",".join(fields),
        "sysparm_display_value": display,
        "sysparm_exclude_reference_link": "true",
        "sysparm_limit": str(limit),
    }
    if offset:
        asked["sysparm_offset"] = str(offset)
    return f"{path}?{urlencode(asked)}"


def echoing(path: str, fields: Iterable[str]) -> str:
    """Return the address of a write that answers with these fields, references as bare ids."""
    asked = {"sysparm_fields": ",".join(fields), "sysparm_exclude_reference_link": "true"}
    return f"{path}?{urlencode(asked)}"
