"""A record as the REST API shows it: bare values, display values or both, references as links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.servicenow import choices
from sandbox.servicenow.schema import JOURNALS, Column, Record
from sandbox.servicenow.store import Store

_BOTH = ("work_notes", "comments")


@dataclass(frozen=True)
class View:
    """What the caller asked to see: `display` is "false", "true" or "all"; `fields` None shows every column."""

    base: str
    display: str = "false"
    links: bool = True
    fields: tuple[str, ...] | None = None
    hidden: frozenset[str] = frozenset()


def render(store: Store, table: str, record: Record, view: View) -> dict[str, Any]:
    """One record; unknown and unreadable fields are absent."""
    kind = record["sys_class_name"] or table
    if view.fields is None and not view.hidden:
        return {name: _cell(store, kind, record, column, view) for name, column in store.schema.columns(kind).items()}
    names = store.schema.columns(kind) if view.fields is None else view.fields
    shown: dict[str, Any] = {}
    for path in names:
        column = store.schema.column(kind, path)
        if column is None or (view.hidden and _hidden(store, kind, path, view)):
            continue
        owner_kind, owner = _owner(store, kind, record, path)
        shown[path] = _cell(store, owner_kind, owner, column, view) if owner is not None else _empty(view)
    return shown


def display_value(store: Store, table: str, record: Record, column: Column) -> str:
    """What a person reads in the cell: a label, a name, or the joined journal."""
    value = record[column.name]
    if column.kind in JOURNALS:
        return journal_text(store, record, column.name)
    if column.name == "sys_class_name":
        return store.schema.tables[value].label if value in store.schema.tables else value
    if column.kind == "reference" and value:
        return _name_of(store, column, value)
    return choices.of(store.schema, table, column.name).get(value, value)


def journal_text(store: Store, record: Record, name: str) -> str:
    """All entries of a journal field, newest first, each headed by its time, author and field."""
    wanted = _BOTH if name == "comments_and_work_notes" else (name,)
    text = ""
    for entry in reversed(store.journal(record["sys_id"])):
        if entry["element"] in wanted:
            author = _author(store, entry["sys_created_by"])
            text += f"{entry['sys_created_on']} - {author} ({_label(store, entry)})\n{entry['value']}\n\n"
    return text


def _label(store: Store, entry: Record) -> str:
    return store.schema.columns(entry["name"])[entry["element"]].label


def _author(store: Store, user_name: str) -> str:
    return next((row["name"] for row in store.rows("sys_user") if row["user_name"] == user_name), user_name)


def _name_of(store: Store, column: Column, value: str) -> str:
    if column.by_name or value == "global":
        return value
    if column.reference not in store.schema.tables:
        return ""
    found = store.get(column.reference, value)
    return found[store.schema.display(found["sys_class_name"] or column.reference)] if found is not None else ""


def _owner(store: Store, table: str, record: Record, path: str) -> tuple[str, Record | None]:
    """The record at the last reference of a dot-walk, None where the way ends in an empty one."""
    first, _, rest = path.partition(".")
    if not rest:
        return table, record
    target = store.schema.columns(table)[first].reference
    found = store.get(target, record[first]) if record[first] else None
    return _owner(store, target, found, rest) if found is not None else (target, None)


def _hidden(store: Store, table: str, path: str, view: View) -> bool:
    name = path.partition(".")[0]
    return any(f"{ancestor}.{name}" in view.hidden for ancestor in store.schema.line(table))


def _empty(view: View) -> Any:
    return {"display_value": "", "value": ""} if view.display == "all" else ""


def _cell(store: Store, table: str, record: Record, column: Column, view: View) -> Any:
    value = "" if column.kind in JOURNALS else record[column.name]
    if view.display == "false":
        if column.kind == "reference" and value and view.links:
            return {"link": _link(column, value, view), "value": value}
        return value
    shown = display_value(store, table, record, column)
    if column.kind == "reference" and value and view.links:
        link = {"display_value": shown, "link": _link(column, value, view)}
        return link | {"value": value} if view.display == "all" else link
    return {"display_value": shown, "value": value} if view.display == "all" else shown


def _link(column: Column, value: str, view: View) -> str:
    joint = "?name=" if column.by_name else "/"
    return f"{view.base}/api/now/table/{column.reference}{joint}{value}"
