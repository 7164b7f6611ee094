"""Holds all records in memory, indexed by sys_id, with the journal beside each."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator

from sandbox.servicenow.schema import Column, Record, Schema

_FIRST_NUMBER = 10001


class Store:
    """Records by table and sys_id; hold `lock` for a read or a write that must be whole."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.lock = threading.RLock()
        self._tables: dict[str, dict[str, Record]] = {name: {} for name in schema.tables}
        self._by_id: dict[str, Record] = {}
        self._journal: dict[str, list[Record]] = defaultdict(list)
        self._numbers: Counter[str] = Counter()

    def clear(self) -> None:
        for rows in self._tables.values():
            rows.clear()
        self._by_id.clear()
        self._journal.clear()
        self._numbers.clear()

    def blank(self, table: str) -> Record:
        """A record with every column at its default; one that is a script is the desk's to run."""
        return {
            name: "" if _scripted(column) else column.default for name, column in self.schema.columns(table).items()
        }

    def take(self, table: str, column: Column) -> None:
        """Give a column that is new to a table to the records that stand there."""
        for record in self.rows(table):
            record.setdefault(column.name, column.default)

    def put(self, table: str, record: Record) -> None:
        """Add a record, or put it in the place of the one with its sys_id."""
        self._tables[table][record["sys_id"]] = record
        self._by_id[record["sys_id"]] = record
        if table == "sys_journal_field":
            self._journal[record["element_id"]].append(record)

    def remove(self, table: str, record: Record) -> None:
        del self._tables[table][record["sys_id"]]
        del self._by_id[record["sys_id"]]

    def holds(self, sys_id: str) -> bool:
        return sys_id in self._by_id

    def get(self, table: str, sys_id: str) -> Record | None:
        """The record if it is of this table or of one that extends it."""
        record = self._by_id.get(sys_id)
        if record is None or not self.schema.is_a(record["sys_class_name"] or table, table):
            return None
        return record

    def rows(self, table: str) -> Iterator[Record]:
        """All records of the table and of those that extend it, oldest first within each."""
        for name in self.schema.below[table]:
            yield from self._tables[name].values()

    def by_display(self, table: str, text: str) -> str:
        """The sys_id of the one record that goes by this text, or "" where none or several do."""
        column = self.schema.display(table) if table in self.schema.tables else ""
        found = [row["sys_id"] for row in self.rows(table) if row[column] == text] if column else []
        return found[0] if len(found) == 1 else ""

    def property(self, name: str) -> str:
        """The value of a system property, or ""."""
        return next((row["value"] for row in self.rows("sys_properties") if row["name"] == name), "")

    def journal(self, sys_id: str) -> list[Record]:
        """The entries of a record's journal fields, oldest first."""
        return self._journal.get(sys_id, [])

    def number(self, table: str) -> str:
        """The next number of a table, such as INC0010001."""
        prefix = self.schema.tables[table].prefix
        self._numbers[prefix] += 1
        return f"{prefix}{_FIRST_NUMBER - 1 + self._numbers[prefix]:07d}"

    def walk(self, table: str, record: Record, path: str) -> str:
        """The value at the end of a dot-walk whose path the schema knows; "" where a reference leads nowhere."""
        first, _, rest = path.partition(".")
        value = record.get(first, "")
        if not rest:
            return value
        target = self.schema.columns(table)[first].reference
        found = self.get(target, value) if value else None
        return self.walk(target, found, rest) if found is not None else ""


def _scripted(column: Column) -> bool:
    return column.default.startswith("javascript:")
