"""What an instance says of its tables: columns with what they inherit, labels, choices and data policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Facts
from dataclasses import dataclass, replace
from functools import cached_property

from adapters.servicenow import query
from adapters.servicenow.batch import Answer, Inner
from mappings.transforms import scalar

_MANY = 10000
# A table's whole line in one answer: task is the third of most, configuration items go deeper.
_ABOVE = tuple(f"{'super_class.' * depth}name" for depth in range(1, 8))
_COLUMN = (
    *("name", "element", "column_label", "internal_type", "reference", "max_length"),
    *("mandatory", "read_only", "default_value", "active"),
)
_OVERRIDE = (
    *("name", "element", "mandatory_override", "mandatory", "read_only_override", "read_only"),
    *("default_value_override", "default_value"),
)
_POLICY = ("table", "field", "sys_data_policy.model_table", "sys_data_policy.inherit", "sys_data_policy.conditions")
NUMERIC = frozenset({"integer", "longint", "long", "decimal", "float", "currency", "currency2", "price", "count"})
JOURNALS = frozenset({"journal", "journal_input", "journal_list"})
Row = Facts[str, object]


@dataclass(frozen=True)
class Column:
    """One column of a table, as its dictionary entry says; `kind` is the internal type, `length` 0 where unknown.

    `reference` is the table that a reference leads to. `mandatory` binds people's forms only: the Table API takes a
    record without it, unless a data policy refuses it.
    """

    table: str
    name: str
    label: str
    kind: str
    reference: str = ""
    length: int = 0
    mandatory: bool = False
    read_only: bool = False
    default: str = ""
    active: bool = True


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    active: bool


@dataclass(frozen=True)
class Policy:
    """A data policy's wish that a column is filled, on its own table and, if `inherited`, on those that extend it."""

    table: str
    column: str
    inherited: bool
    conditions: str


class Dictionary:
    """What the answers to `tables` and `contents` said; several such rounds can stand among them."""

    def __init__(self, answers: Facts[str, Answer]) -> None:
        self._answers = answers
        self._lines = dict(self._read_lines())
        self._columns: dict[str, dict[str, Column]] = {}

    def knows(self, table: str) -> bool:
        """Tell whether the instance has the table."""
        return table in self._lines

    @property
    def tables(self) -> tuple[str, ...]:
        """All tables that are known, with those that they extend."""
        return tuple(self._lines)

    def described(self, table: str) -> bool:
        """Tell whether the columns of a table and of all that it extends could be read.

        Each table has a dictionary row of its own beside its columns, so that a table without rows is a hidden one.
        """
        return self.knows(table) and all(above in self._shown for above in self.line(table))

    def line(self, table: str) -> tuple[str, ...]:
        """Return a table and what it extends, nearest first."""
        return self._lines.get(table, (table,))

    def related(self, table: str, other: str) -> bool:
        """Tell whether a record of one table can be one of the other; so too where a line is not known."""
        if not (self.knows(table) and self.knows(other)):
            return True
        return table in self.line(other) or other in self.line(table)

    def columns(self, table: str) -> Facts[str, Column]:
        """Return a table's columns by name, inherited ones with what the table overrides, also switched-off ones."""
        found = self._columns.get(table)
        if found is None:
            found = self._columns[table] = self._inherited(table)
        return found

    def column(self, table: str, name: str) -> Column | None:
        """Return a column that is in use, None where there is none of that name."""
        found = self.columns(table).get(name)
        return found if found is not None and found.active else None

    def labelled(self, table: str, label: str) -> tuple[str, ...]:
        """Return the columns that bear a label, in any language, their own or the one that an extending table gives."""
        line, wanted, off = self.line(table), label.casefold(), self._switched_off
        names = {
            element: None
            for name, element, borne in self._labels
            if name in line and borne == wanted and element and not off & {(above, element) for above in line}
        }
        return tuple(sorted(names))

    def locate(self, table: str, said: str) -> tuple[str, ...]:
        """Return what a mapping's `field:` may mean: the column of that name, else those of that label."""
        first = said.partition(".")[0]
        if query.is_walk(said) and first in self.columns(table):
            return (said,)
        return self.labelled(table, said)

    def choices(self, table: str, column: str) -> tuple[Choice, ...]:
        """Return a column's choices: a table's own replace those of the table that it extends."""
        for above in self.line(table):
            found = self._choices.get((above, column), {})
            if any(choice.active for choice in found.values()):
                return tuple(found.values())
        return ()

    def policies(self, table: str) -> tuple[Policy, ...]:
        """Return what data policies want filled on a table."""
        line = self.line(table)
        rows = self._rows("policies")
        found = (
            Policy(
                scalar(row.get("sys_data_policy.model_table"), "") or _text(row, "table"),
                _text(row, "field"),
                inherited=_text(row, "sys_data_policy.inherit") == "true",
                conditions=_text(row, "sys_data_policy.conditions").removesuffix("^EQ"),
            )
            for row in rows
        )
        return tuple(rule for rule in found if rule.table == table or (rule.inherited and rule.table in line))

    @property
    def unseen(self) -> str:
        """Say what keeps data policies from being seen, "" where nothing does.

        The count of a list is made before the access rules hide its rows.
        """
        answer = self._answers.get("policies")
        if answer is None:
            return ""
        if not answer.good:
            return answer.reason
        total = answer.headers.get("x-total-count", "")
        hidden = int(total) - len(answer.rows) if total.isascii() and total.isdigit() else 0
        return f"{hidden} hidden" if hidden > 0 else ""

    def _rows(self, name: str) -> Iterator[Row]:
        return (row for key, answer in self._answers.items() if key.partition(":")[0] == name for row in answer.rows)

    def _read_lines(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for row in self._rows("tables"):
            line = tuple(name for name in (_text(row, "name"), *(_text(row, above) for above in _ABOVE)) if name)
            for place, name in enumerate(line):
                yield name, line[place:]

    @cached_property
    def _own(self) -> Facts[str, Facts[str, Column]]:
        found: dict[str, dict[str, Column]] = {}
        for row in self._rows("columns"):
            column = _column(row)
            if column.name:  # the table's own row has none
                found.setdefault(column.table, {})[column.name] = column
        return found

    @cached_property
    def _shown(self) -> frozenset[str]:
        return frozenset(_text(row, "name") for row in self._rows("columns"))

    @cached_property
    def _overrides(self) -> Facts[str, Sequence[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self._rows("overrides"):
            found.setdefault(_text(row, "name"), []).append(row)
        return found

    @cached_property
    def _labels(self) -> tuple[tuple[str, str, str], ...]:
        told = [(row, _text(row, "column_label")) for row in self._rows("columns")]
        told += [(row, _text(row, "label")) for row in self._rows("labels")]
        return tuple((_text(row, "name"), _text(row, "element"), label.strip().casefold()) for row, label in told)

    @cached_property
    def _switched_off(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (table, name) for table, own in self._own.items() for name, column in own.items() if not column.active
        )

    @cached_property
    def _choices(self) -> Facts[tuple[str, str], Facts[str, Choice]]:
        """Return choices by value; one is active that is so in any language, or under any other choice."""
        found: dict[tuple[str, str], dict[str, Choice]] = {}
        for row in self._rows("choices"):
            known = found.setdefault((_text(row, "name"), _text(row, "element")), {})
            choice = Choice(_text(row, "value"), _text(row, "label"), active=_text(row, "inactive") != "true")
            held = known.get(choice.value)
            if held is None or (choice.active and not held.active):
                known[choice.value] = choice
        return found

    def _inherited(self, table: str) -> dict[str, Column]:
        found: dict[str, Column] = {}
        for above in reversed(self.line(table)):
            for row in self._overrides.get(above, ()):
                held = found.get(_text(row, "element"))
                if held is not None:
                    found[held.name] = _overridden(held, row)
            found |= self._own.get(above, {})
        return found


def _column(row: Row) -> Column:
    length = _text(row, "max_length")
    return Column(
        table=_text(row, "name"),
        name=_text(row, "element"),
        label=_text(row, "column_label"),
        kind=_text(row, "internal_type"),
        reference=_text(row, "reference"),
        length=int(length) if length.isascii() and length.isdigit() else 0,
        mandatory=_text(row, "mandatory") == "true",
        read_only=_text(row, "read_only") == "true",
        default=_text(row, "default_value"),
        active=_text(row, "active") != "false",
    )


def _overridden(column: Column, row: Row) -> Column:
    """Return an inherited column with what an override changes of it; each fact has a mark that says so."""
    if _text(row, "mandatory_override") == "true":
        column = replace(column, mandatory=_text(row, "mandatory") == "true")
    if _text(row, "read_only_override") == "true":
        column = replace(column, read_only=_text(row, "read_only") == "true")
    if _text(row, "default_value_override") == "true":
        column = replace(column, default=_text(row, "default_value"))
    return column


def _text(row: Row, name: str) -> str:
    return scalar(row.get(name), "")


def tables(names: Iterable[str], *, turn: int = 0) -> Inner:
    """Return what asks for tables and the line of each."""
    named = sorted(name for name in set(names) if query.is_column(name))
    return _ask(f"tables:{turn}", "sys_db_object", query.within("name", named), ("name", *_ABOVE))


def columns(names: Iterable[str], *, turn: int = 0) -> list[Inner]:
    """Return what asks for the columns of tables, with what they override."""
    named = sorted(set(names))
    return [
        _ask(f"columns:{turn}", "sys_dictionary", query.within("name", named), _COLUMN),
        _ask(f"overrides:{turn}", "sys_dictionary_override", query.within("name", named), _OVERRIDE),
    ]


def contents(names: Iterable[str]) -> list[Inner]:
    """Return what asks for all else that is known of tables: labels, choices and data policies."""
    named = sorted(set(names))
    wanted = "mandatory=true^sys_data_policy.active=true"
    return [
        _ask("labels", "sys_documentation", query.within("name", named), ("name", "element", "label")),
        _ask("choices", "sys_choice", query.within("name", named), ("name", "element", "value", "label", "inactive")),
        _ask("policies", "sys_data_policy_rule", query.every(query.within("table", named), wanted), _POLICY),
    ]


def of_labels(names: Iterable[str], labels: Iterable[str]) -> list[Inner]:
    """Return what asks which columns bear labels. Raises query.Unsafe for one that cannot stand in a query."""
    asked = sorted(set(labels))
    by_column = query.either(*(query.where("column_label", "=", label) for label in asked))
    by_label = query.either(*(query.where("label", "=", label) for label in asked))
    return [
        tables(names),
        _ask("columns:0", "sys_dictionary", by_column, _COLUMN),
        _ask("labels", "sys_documentation", by_label, ("name", "element", "label")),
    ]


def _ask(name: str, table: str, condition: str, fields: Sequence[str]) -> Inner:
    return Inner(name, "GET", query.listing(table, condition, fields, display="false", limit=_MANY))
