"""What an admin changes on an instance: columns, choices, groups and data policies, on order through /_sandbox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_args

from sandbox.servicenow import dictionary
from sandbox.servicenow.record import put
from sandbox.servicenow.schema import Column, Kind, Table
from sandbox.servicenow.store import Store


@dataclass(frozen=True)
class NewColumn:
    """A column to add to a table, or to put in the place of the one of its name."""

    table: str
    name: str
    label: str
    kind: str = "string"
    reference: str = ""
    length: int = 40
    default: str = ""
    mandatory: bool = False


@dataclass(frozen=True)
class ChangedColumn:
    """What to change of a column; of an inherited one, label, mandatory and read_only can be overridden."""

    table: str
    name: str
    label: str | None = None
    mandatory: bool | None = None
    read_only: bool | None = None
    active: bool | None = None
    length: int | None = None


@dataclass(frozen=True)
class Policy:
    """A data policy that makes a column mandatory, on the tables below too; `conditions` is an encoded query."""

    table: str
    column: str
    conditions: str = ""


@dataclass(frozen=True)
class ChangedChoice:
    """A choice to switch off, or to replace by another value; a table without choices of its own gets a copy first."""

    table: str
    column: str
    value: str
    to: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class ChangedGroup:
    """A group to rename, or to switch off."""

    name: str
    to: str | None = None
    active: bool | None = None


@dataclass(frozen=True)
class Filling:
    """Many records at once, as an import makes them: `name` 1 to `name` `count` in `column`.

    `like` is what else they hold, such as `install_status=7^busines_criticality=4 - not critical`. Nobody is told of
    them, and their sys_ids are the same each time.
    """

    table: str
    name: str
    count: int
    column: str = "name"
    like: str = ""


def add_column(store: Store, wish: NewColumn) -> None:
    """Raises ValueError for an unknown table or kind."""
    table = _table(store, wish.table)
    if wish.kind not in get_args(Kind):
        raise ValueError(f"kind: {wish.kind!r} is not one of {', '.join(get_args(Kind))}")
    kind: Any = wish.kind
    column = Column(wish.name, wish.label, kind, wish.reference, wish.length, wish.default, mandatory=wish.mandatory)
    others = tuple(own for own in table.columns if own.name != wish.name)
    _become(store, replace(table, columns=(*others, column)))
    store.take(wish.table, column)


def change_column(store: Store, wish: ChangedColumn) -> None:
    """Raises ValueError for an unknown table or column, and for what a child table cannot override."""
    table = _table(store, wish.table)
    facts = {name: value for name, value in vars(wish).items() if name not in ("table", "name") and value is not None}
    if any(own.name == wish.name for own in table.columns):
        columns = tuple(replace(own, **facts) if own.name == wish.name else own for own in table.columns)
        _become(store, replace(table, columns=columns))
        return
    _column(store, wish.table, wish.name)
    if beyond := set(facts) - {"label", "mandatory", "read_only"}:
        raise ValueError(f"{wish.table} inherits {wish.name}: it cannot change {', '.join(sorted(beyond))}")
    overrides = {**table.overrides, wish.name: {**table.overrides.get(wish.name, {}), **facts}}
    _become(store, replace(table, overrides=overrides))


def require(store: Store, wish: Policy) -> None:
    """Raises ValueError for an unknown table or column."""
    _column(store, wish.table, wish.column)
    key = f"{wish.table}.{wish.column}"
    facts = {"model_table": wish.table, "conditions": wish.conditions, "inherit": "true"}
    policy = put(store, "sys_data_policy2", key, short_description=f"{wish.column} is mandatory", **facts)
    rule = {"table": wish.table, "field": wish.column, "mandatory": "true"}
    put(store, "sys_data_policy_rule", key, sys_data_policy=policy, **rule)


def change_choice(store: Store, wish: ChangedChoice) -> None:
    """Raises ValueError for a choice that is not offered."""
    _column(store, wish.table, wish.column)
    offered = next(
        (held for name in store.schema.line(wish.table) if (held := store.schema.choices.get((name, wish.column)))), {}
    )
    if wish.value not in offered:
        raise ValueError(f"value: {wish.table}.{wish.column} offers {', '.join(offered) or 'nothing'}")
    labels: dict[str, str] = {}
    for value, label in offered.items():
        if value != wish.value:
            labels[value] = label
        elif wish.to is not None:
            labels[wish.to] = wish.label or label
    if (wish.table, wish.column) not in store.schema.choices:
        store.schema = store.schema.offering(wish.table, wish.column, offered)
        dictionary.describe_choices(store, wish.table, wish.column)
    store.schema = store.schema.offering(wish.table, wish.column, labels)
    dictionary.describe_choices(store, wish.table, wish.column)


def change_group(store: Store, wish: ChangedGroup) -> None:
    """Raises ValueError for an unknown group."""
    groups = {row["name"]: row for row in store.rows("sys_user_group")}
    if wish.name not in groups:
        raise ValueError(f"name: no group {wish.name!r}; there are {', '.join(groups)}")
    row = groups[wish.name]
    row["name"] = wish.to or wish.name
    if wish.active is not None:
        row["active"] = "true" if wish.active else "false"


def fill(store: Store, wish: Filling) -> None:
    """Raises ValueError for an unknown table or column."""
    like = dict(clause.split("=", 1) for clause in wish.like.split("^") if "=" in clause)
    for name in (wish.column, *like):
        _column(store, wish.table, name)
    for number in range(1, wish.count + 1):
        name = f"{wish.name} {number}"
        put(store, wish.table, name, **{**like, wish.column: name})


def _become(store: Store, table: Table) -> None:
    store.schema = store.schema.changed(table)
    dictionary.describe_table(store, table.name)


def _table(store: Store, name: str) -> Table:
    if name not in store.schema.tables:
        raise ValueError(f"table: no table {name!r}; there are {', '.join(store.schema.tables)}")
    return store.schema.tables[name]


def _column(store: Store, table: str, name: str) -> Column:
    _table(store, table)
    if name not in store.schema.columns(table):
        raise ValueError(f"no column {name!r} on {table}")
    return store.schema.columns(table)[name]
