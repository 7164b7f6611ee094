"""Encoded queries: what `sysparm_query` matches and in which order, its invalid parts ignored as the platform does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.servicenow.schema import Column, Record
from sandbox.servicenow.store import Store

_OPERATORS = (
    "ISNOTEMPTY",
    "ISEMPTY",
    "NOT IN",
    "NOT LIKE",
    "STARTSWITH",
    "ENDSWITH",
    "BETWEEN",
    "LIKE",
    "IN",
    ">=",
    "<=",
    "!=",
    "=",
    ">",
    "<",
)
_CONDITION = re.compile(rf"([a-z0-9_.]+?)({'|'.join(map(re.escape, _OPERATORS))})(.*)", re.DOTALL)
_ORDER = re.compile(r"ORDERBY(DESC)?([a-z0-9_.]+)")

Test = Callable[[Record], bool]


@dataclass(frozen=True)
class Query:
    """A compiled query: any group, in it all conditions, of each any alternative; and the order of the rows."""

    groups: tuple[tuple[tuple[Test, ...], ...], ...]
    order: tuple[tuple[str, bool], ...]
    sys_ids: tuple[str, ...] | None
    """Where the only group names its records, their sys_ids: a shortcut past the scan."""

    def matches(self, record: Record) -> bool:
        return any(all(any(test(record) for test in either) for either in group) for group in self.groups)


def compile_query(store: Store, table: str, text: str) -> Query:
    """Read an encoded query for a table; a condition on an unknown column or of an unknown form matches everything."""
    groups, order = [], []
    named: tuple[str, ...] | None = None
    parts = text.split("^NQ")
    for part in parts:
        group: list[tuple[Test, ...]] = []
        for clause in re.split(r"\^(?!OR(?!DERBY))", part):
            sort = _ORDER.fullmatch(clause)
            if sort is not None:
                if store.schema.column(table, sort[2]) is not None:
                    order.append((sort[2], bool(sort[1])))
                continue
            tests = tuple(t for t in (_test(store, table, c) for c in clause.split("^OR")) if t is not None)
            if tests:
                group.append(tests)
            if len(parts) == 1 and "^OR" not in clause:
                named = _named(clause) or named
        groups.append(tuple(group))
    return Query(tuple(groups), tuple(order), named)


def select(store: Store, table: str, query: Query) -> list[Record]:
    """The records that match, in the query's order (else as they were inserted)."""
    candidates: Iterable[Record] = store.rows(table)
    if query.sys_ids is not None:
        found = (store.get(table, sys_id) for sys_id in dict.fromkeys(query.sys_ids))
        candidates = [record for record in found if record is not None]
    rows = [record for record in candidates if query.matches(record)]
    for path, descending in reversed(query.order):
        column = store.schema.column(table, path)
        rows.sort(key=lambda r, p=path, c=column: _sortable(store.walk(table, r, p), c), reverse=descending)  # type: ignore[misc]
    return rows


def _named(clause: str) -> tuple[str, ...] | None:
    if clause.startswith("sys_id="):
        return (clause.removeprefix("sys_id=").lower(),)
    if clause.startswith("sys_idIN"):
        return tuple(value.strip().lower() for value in clause.removeprefix("sys_idIN").split(","))
    return None


def _test(store: Store, table: str, clause: str) -> Test | None:
    found = _CONDITION.fullmatch(clause)
    if found is None or "javascript:" in clause:
        return None
    path, operator, wanted = found.groups()
    column = store.schema.column(table, path)
    if column is None:
        return None
    compare = _comparison(operator, wanted, column)
    if "." not in path:
        return lambda record: compare(record.get(path, ""))
    return lambda record: compare(store.walk(table, record, path))


def _comparison(operator: str, wanted: str, column: Column) -> Callable[[str], bool]:
    """Text compares without case, integers as numbers; an empty value is "not equal" to everything else."""
    low = wanted.lower()
    several = frozenset(value.strip() for value in low.split(","))
    number = _number(wanted) if column.kind == "integer" else None
    first, _, last = wanted.partition("@")

    def key(value: str) -> tuple[float, str]:
        return _sortable(value, column)

    bound, start, end = key(wanted), key(first), key(last)
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda v: v.lower() == low if number is None else _number(v) == number,
        "!=": lambda v: v.lower() != low if number is None else _number(v) != number,
        "IN": lambda v: v.lower() in several,
        "NOT IN": lambda v: v.lower() not in several,
        "LIKE": lambda v: low in v.lower(),
        "NOT LIKE": lambda v: low not in v.lower(),
        "STARTSWITH": lambda v: v.lower().startswith(low),
        "ENDSWITH": lambda v: v.lower().endswith(low),
        "ISEMPTY": lambda v: not v,
        "ISNOTEMPTY": bool,
        ">=": lambda v: bool(v) and key(v) >= bound,
        "<=": lambda v: bool(v) and key(v) <= bound,
        ">": lambda v: bool(v) and key(v) > bound,
        "<": lambda v: bool(v) and key(v) < bound,
        "BETWEEN": lambda v: bool(v) and start <= key(v) <= end,
    }
    return tests[operator]


def _sortable(value: str, column: Column | None) -> tuple[float, str]:
    if column is not None and column.kind == "integer":
        return (_number(value) or 0.0, "")
    return (0.0, value.lower())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
