"""Tables that extend tables, and their columns: what a record of this instance can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

Kind = Literal[
    "string",
    "integer",
    "decimal",
    "float",
    "currency",
    "boolean",
    "choice",
    "reference",
    "GUID",
    "url",
    "email",
    "html",
    "glide_date_time",
    "glide_date",
    "glide_duration",
    "glide_list",
    "journal",
    "journal_input",
    "journal_list",
]
JOURNALS = ("journal", "journal_input", "journal_list")
Choices = Mapping[tuple[str, str], Mapping[str, str]]
"""Labels by value, for each (table, column) that has choices of its own; those that are switched off are not in it."""
Record = dict[str, str]
"""A stored record: every column of its table, all values strings, references as bare sys_ids, "" for empty."""


@dataclass(frozen=True)
class Column:
    """One column; `by_name` marks the few references whose value is a name and not a sys_id.

    `mandatory` binds people's forms only: the REST API takes a record without it. `active` False: the column is
    described in the dictionary, and is in no record.
    """

    name: str
    label: str
    kind: Kind = "string"
    reference: str = ""
    length: int = 255
    default: str = ""
    read_only: bool = False
    by_name: bool = False
    mandatory: bool = False
    active: bool = True


@dataclass(frozen=True)
class Table:
    """One table with its own columns; `display` is the column that stands for a record, `prefix` starts its numbers.

    `overrides` are what it changes of inherited columns, by their names: facts of `Column` (default, mandatory,
    read_only, label).
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    extends: str = ""
    display: str = "name"
    prefix: str = ""
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Schema:
    """All tables of an instance, and the choices of their columns."""

    def __init__(self, tables: tuple[Table, ...], choices: Choices) -> None:
        self.tables = {table.name: table for table in tables}
        self.choices = choices
        self._columns = {name: self._inherited(name) for name in self.tables}
        self._lines = {name: self._ancestry(name) for name in self.tables}

    def columns(self, table: str) -> dict[str, Column]:
        """Own and inherited columns by name, the ancestors' first."""
        return self._columns[table]

    def line(self, table: str) -> tuple[str, ...]:
        """The table and what it extends, nearest first."""
        return self._lines[table]

    def is_a(self, table: str, base: str) -> bool:
        return base in self._lines.get(table, ())

    @cached_property
    def below(self) -> dict[str, tuple[str, ...]]:
        """Each table with all that extend it: what a list of the table shows."""
        return {base: tuple(name for name in self.tables if self.is_a(name, base)) for base in self.tables}

    def display(self, table: str) -> str:
        """The name of the column that stands for a record of the table."""
        return self.tables[table].display

    def column(self, table: str, path: str) -> Column | None:
        """The column at the end of a dot-walk, or None where a step is no column or no reference."""
        first, _, rest = path.partition(".")
        column = self._columns.get(table, {}).get(first)
        if column is None or not rest:
            return column
        return self.column(column.reference, rest) if column.reference else None

    def changed(self, table: Table) -> Schema:
        """The same instance with this table in the place of the one of its name."""
        return Schema(tuple(table if held.name == table.name else held for held in self.tables.values()), self.choices)

    def offering(self, table: str, column: str, labels: Mapping[str, str]) -> Schema:
        """The same instance with these choices for a column of a table."""
        return Schema(tuple(self.tables.values()), {**self.choices, (table, column): labels})

    def _inherited(self, name: str) -> dict[str, Column]:
        table = self.tables[name]
        above = self._inherited(table.extends) if table.extends else {}
        changed = {name: replace(above[name], **facts) for name, facts in table.overrides.items() if name in above}
        own = {column.name: column for column in table.columns}
        return {name: column for name, column in {**above, **changed, **own}.items() if column.active}

    def _ancestry(self, name: str) -> tuple[str, ...]:
        extends = self.tables[name].extends
        return (name, *self._ancestry(extends)) if extends else (name,)
