"""The table that a mapping prefers: where the instance has it, the record stands there and some columns are others."""

from __future__ import annotations

from collections.abc import Mapping as Facts
from dataclasses import replace

from mappings.mapping import Field, Mapping


def preferred(mapping: Mapping) -> str:
    """Return the table that the mapping prefers, "" for none, or where it was decided."""
    return mapping.setting("preferred_table")


def decided(mapping: Mapping, *, there: bool) -> Mapping:
    """Return the mapping as it holds where the instance has its preferred table (`there`), or lacks it.

    On the preferred table a column has the name that `preferred_fields` gives it; a field whose column has none there
    is not kept. Formatted text whose file names no format is Markdown there: such tables show it as it stands. Where
    it is lacking and the mapping names no other, the record stands nowhere.
    """
    table = preferred(mapping)
    if not table:
        return mapping
    settings = {name: value for name, value in mapping.settings.items() if not name.startswith("preferred_")}
    if not there:
        return replace(mapping, settings=settings)
    other = _others(mapping)
    retired = mapping.settings.get("retired") or {}
    settings |= {
        "table": table,
        "classes": (),
        "note": other.get(mapping.setting("note"), mapping.setting("note")),
        "retired": {other.get(name, name): values for name, values in retired.items() if other.get(name) != ""},
    }
    fields = tuple(_moved(item, other) for item in mapping.fields if not item.field or other.get(item.field) != "")
    return replace(mapping, settings=settings, fields=fields)


def of_class(mapping: Mapping, table: str) -> Mapping:
    """Return the mapping for a record of a class, where it was not decided yet: the class says on which table it is."""
    return decided(mapping, there=True) if preferred(mapping) and table == preferred(mapping) else mapping


def _others(mapping: Mapping) -> Facts[str, str]:
    given = mapping.settings.get("preferred_fields")
    return given if isinstance(given, Facts) else {}


def _moved(item: Field, other: Facts[str, str]) -> Field:
    shape = item.shape
    if shape.type == "rich_text" and not shape.format:
        shape = replace(shape, format="markdown")
    name = other.get(item.field, item.field)
    return replace(item, field=name, id=other.get(item.id, item.id), shape=shape)
