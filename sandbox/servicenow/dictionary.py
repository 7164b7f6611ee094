"""The instance's description of itself: sys_db_object, sys_dictionary with its overrides and labels, and sys_choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.servicenow.record import put, sys_id
from sandbox.servicenow.schema import Column
from sandbox.servicenow.store import Store

TABLES = frozenset({"sys_db_object", "sys_dictionary", "sys_dictionary_override", "sys_documentation", "sys_choice"})
"""Where the description stands."""


def describe(store: Store) -> None:
    """Write the rows of every table, column and choice, each under the table that it belongs to."""
    for name in store.schema.tables:
        describe_table(store, name)
    for name, element in store.schema.choices:
        if element in store.schema.columns(name):
            describe_choices(store, name, element)


def describe_table(store: Store, name: str) -> None:
    """Write a table's row, those of its own columns, and what it overrides; the table has a dictionary row too."""
    table = store.schema.tables[name]
    above = sys_id("sys_db_object", table.extends) if table.extends else ""
    put(store, "sys_db_object", name, name=name, label=table.label, super_class=above)
    row = {"name": name, "element": "", "column_label": table.label, "internal_type": "collection"}
    put(store, "sys_dictionary", name, **row)
    for column in table.columns:
        _describe_column(store, name, column)
    for element, facts in table.overrides.items():
        _describe_override(store, name, element, facts)


def describe_choices(store: Store, name: str, element: str) -> None:
    """Write the choices of a column; those that are no longer offered stay, switched off."""
    labels = store.schema.choices[name, element]
    for row in store.rows("sys_choice"):
        if (row["name"], row["element"]) == (name, element) and row["value"] not in labels:
            row["inactive"] = "true"
    for place, (value, label) in enumerate(labels.items()):
        facts = {"name": name, "element": element, "value": value, "label": label, "sequence": str(place)}
        put(store, "sys_choice", f"{name}.{element}={value}", **facts)


def _describe_column(store: Store, table: str, column: Column) -> None:
    row = {"name": table, "element": column.name, "column_label": column.label, "internal_type": column.kind}
    row |= {"reference": column.reference, "max_length": str(column.length), "default_value": column.default}
    row |= {name: _flag(getattr(column, name)) for name in ("mandatory", "read_only", "active")}
    put(store, "sys_dictionary", f"{table}.{column.name}", **row)
    _label(store, table, column.name, column.label)


def _describe_override(store: Store, table: str, element: str, facts: Mapping[str, Any]) -> None:
    """A label of one's own is a row of labels; an override has a mark beside each fact that it changes."""
    if "label" in facts:
        _label(store, table, element, facts["label"])
    base = next(name for name in reversed(store.schema.line(table)) if element in store.schema.columns(name))
    row = {"name": table, "element": element, "base_table": base}
    for name in ("mandatory", "read_only"):
        if name in facts:
            row |= {name: _flag(facts[name]), f"{name}_override": "true"}
    if "default" in facts:
        row |= {"default_value": facts["default"], "default_value_override": "true"}
    if set(facts) - {"label"}:
        put(store, "sys_dictionary_override", f"{table}.{element}", **row)


def _label(store: Store, table: str, element: str, label: str) -> None:
    put(store, "sys_documentation", f"{table}.{element}", name=table, element=element, label=label)


def _flag(value: object) -> str:
    return "true" if value else "false"
