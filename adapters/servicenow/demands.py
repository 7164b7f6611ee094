"""What an instance wants filled in a record that we make: columns that are mandatory, and data policies."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Facts

from adapters.servicenow import records
from adapters.servicenow.dictionary import Column, Dictionary, Policy
from connector.problem import Problem
from connector.ticketing import Record
from mappings.mapping import Field, Mapping
from mappings.transforms import NOTHING

MADE: tuple[Record, ...] = ("recovery_task", "review")
"""The records that we make; the incident is the desk's, and an activation stands on it."""

OWN = ("correlation_id", "correlation_display")
"""What every create of ours fills besides the mapping."""

# What no record of these is written without.
_ALWAYS: Facts[Record, frozenset[str]] = {
    "recovery_task": frozenset(
        {"title", "text", "state", "order", "priority", "required", "continuity_link", "continuity_plan"}
    ),
    "review": frozenset({"title", "text", "state", "continuity_link"}),
}


def problems(found: Dictionary, mapping: Mapping) -> Iterator[Problem]:
    """Yield what would have the creates of a record refused (an error), or leave a mandatory column empty."""
    where = f"{mapping.file}: fields"
    if mapping.record == "incident":
        yield from _on_updates(found, mapping, where)
    if mapping.record not in MADE:
        return
    for table in records.tables(mapping):
        if not found.described(table):
            continue
        yield from _known_again(found, mapping.file, table)
        filled = _filled(found, mapping, table)
        wanted = {rule.column: rule for rule in found.policies(table)}
        for column in found.columns(table).values():
            if not column.active or column.name in filled or column.default or column.name.startswith("sys_"):
                continue
            if column.name in wanted:
                yield _policy(where, mapping, table, column, wanted[column.name])
            elif column.mandatory:
                what = (
                    f"{_called(table, column)} is mandatory on forms and nothing of ours is sure to fill it: "
                    f"a {_word(mapping)} is made without it, and people cannot save it until they fill it in"
                )
                yield Problem(where, what, "map a field to it with a default:", "warning")


def _policy(where: str, mapping: Mapping, table: str, column: Column, rule: Policy) -> Problem:
    fix = "map a field to it with a default:"
    called = _called(table, column)
    if rule.conditions:
        what = (
            f"a data policy wants {called} filled under a condition ({rule.conditions}) and nothing of ours is sure to"
        )
        return Problem(where, what, fix, "warning")
    what = f"a data policy wants {called} filled and nothing of ours is sure to: each new {_word(mapping)} is refused"
    return Problem(where, what, fix)


def _on_updates(found: Dictionary, mapping: Mapping, where: str) -> Iterator[Problem]:
    table = mapping.setting("table")
    for rule in found.policies(table):
        column = found.column(table, rule.column)
        if column is not None and not rule.conditions:
            what = (
                f"a data policy wants {_called(table, column)} filled: what we write to an incident that lacks it is "
                "refused"
            )
            yield Problem(where, what, "see that the desk fills it, or have the policy spare web services", "warning")


def _known_again(found: Dictionary, file: str, table: str) -> Iterator[Problem]:
    for name in OWN:
        if found.column(table, name) is None:
            what = f"the instance has no column {table}.{name}, by which tickets of ours are known again"
            yield Problem(f"{file}: table", what, "use a table that extends task")


def _filled(found: Dictionary, mapping: Mapping, table: str) -> frozenset[str]:
    """Return the columns that each create surely fills."""
    other = records.renamed(mapping) if table != mapping.setting("table") else {}
    filled = {*OWN}
    for item in mapping.fields:
        if item.writes and item.field and _sure(mapping, item):
            names = found.locate(mapping.setting("table"), item.field)
            filled |= {other.get(name, name) for name in names} if len(names) == 1 else set()
    return frozenset(filled)


def _sure(mapping: Mapping, item: Field) -> bool:
    if item.when is not None:
        return False
    given = item.default is not NOTHING and item.default not in ("", None)
    return given or item.compute is not None or item.required or item.source in _ALWAYS[mapping.record]


def _called(table: str, column: Column) -> str:
    return f"{table}.{column.name} ('{column.label}')"


def _word(mapping: Mapping) -> str:
    return mapping.record.replace("_", " ")
