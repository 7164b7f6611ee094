"""Tables that extend tables, and their columns: what a record of this instance can hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Kind = Literal[
    "string", "integer", "boolean", "reference", "glide_date_time", "journal_input", "journal_list", "url", "GUID"
]
Record = dict[str, str]
"""A stored record: every column of its table, all values strings, references as bare sys_ids, "" for empty."""


@dataclass(frozen=True)
class Column:
    """One column; `by_name` marks the few references whose value is a name and not a sys_id."""

    name: str
    label: str
    kind: Kind = "string"
    reference: str = ""
    length: int = 255
    default: str = ""
    read_only: bool = False
    by_name: bool = False


@dataclass(frozen=True)
class Table:
    """One table with its own columns; `display` is the column that stands for a record, `prefix` starts its numbers."""

    name: str
    label: str
    columns: tuple[Column, ...]
    extends: str = ""
    display: str = "name"
    prefix: str = ""


class Schema:
    """All tables of an instance."""

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self.tables = {table.name: table for table in tables}
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

    def _inherited(self, name: str) -> dict[str, Column]:
        table = self.tables[name]
        above = self._inherited(table.extends) if table.extends else {}
        return {**above, **{column.name: column for column in table.columns}}

    def _ancestry(self, name: str) -> tuple[str, ...]:
        extends = self.tables[name].extends
        return (name, *self._ancestry(extends)) if extends else (name,)
