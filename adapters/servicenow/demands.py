"""What an instance wants filled in a record that we make: columns that are mandatory, and data policies."""

from __future__ import annotations

from collections.abc import Container, Iterator
from collections.abc import Mapping as Facts

from adapters.servicenow import records
from adapters.servicenow.dictionary import Column, Dictionary, Policy
from connector.problem import Problem
from connector.ticketing import KEPT, Record
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
    "service": frozenset({"name"}),
    "plan": frozenset({"title", "text"}),
    "plan_task": frozenset({"title", "text", "phase", "order", "duration", "required", "plan"}),
}


def problems(found: Dictionary, mapping: Mapping) -> Iterator[Problem]:
    """Yield what would have the creates of a record refused (an error), or leave a mandatory column empty."""
    where = f"{mapping.file}: fields"
    if mapping.record == "incident":
        yield from _on_updates(found, mapping, where)
    if mapping.record not in (*MADE, *KEPT):
        return
    for table in records.tables(mapping):
        if not found.described(table):
            continue
        if mapping.record in MADE:
            yield from _known_again(found, mapping.file, table)
        for column, rule in lacking(found, table, _filled(found, mapping, table)):
            yield _lacking(found, mapping, table, column, rule)


def lacking(found: Dictionary, table: str, filled: Container[str]) -> Iterator[tuple[Column, Policy | None]]:
    """Yield the columns that a create leaves empty and that a data policy wants, or (with None) forms alone do."""
    wanted = {rule.column: rule for rule in found.policies(table)}
    for column in found.columns(table).values():
        rule = wanted.get(column.name)
        if not column.active or column.name in filled or column.default or column.name.startswith("sys_"):
            continue
        if rule is not None or column.mandatory:
            yield column, rule


def remedy(found: Dictionary, mapping: Mapping, table: str, column: Column) -> tuple[str, str]:
    """Return where and how a mapping fills a column: at the line that maps it, if one does."""
    item = next((item for item in mapping.fields if column.name in _columns(found, mapping, table, item)), None)
    if item is None:
        return f"{mapping.file}: fields", "map a field to it with a default:"
    return item.where, "give it a default:" + (" and no when:" if item.when is not None else "")


def _lacking(found: Dictionary, mapping: Mapping, table: str, column: Column, rule: Policy | None) -> Problem:
    where, fix = remedy(found, mapping, table, column)
    called = called_by(table, column)
    if rule is None:
        what = (
            f"{called} is mandatory on forms and nothing of ours is sure to fill it: "
            f"a {_word(mapping)} is made without it, and people cannot save it until they fill it in"
        )
        return Problem(where, what, fix, "warning")
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
                f"a data policy wants {called_by(table, column)} filled: what we write to an incident that lacks it is "
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
    sure = (item for item in mapping.fields if _sure(mapping, item))
    return frozenset(OWN).union(*(_columns(found, mapping, table, item) for item in sure))


def _columns(found: Dictionary, mapping: Mapping, table: str, item: Field) -> frozenset[str]:
    """Return the column of `table` that a field writes, nothing where it writes none or several could be meant."""
    if not item.writes or not item.field:
        return frozenset()
    other = records.renamed(mapping) if table != mapping.setting("table") else {}
    names = found.locate(mapping.setting("table"), item.field)
    return frozenset(other.get(name, name) for name in names) if len(names) == 1 else frozenset()


def _sure(mapping: Mapping, item: Field) -> bool:
    if item.when is not None:
        return False
    given = item.default is not NOTHING and item.default not in ("", None)
    return given or item.compute is not None or item.required or item.source in _ALWAYS[mapping.record]


def called_by(table: str, column: Column) -> str:
    """Return a column's name with its label, by which people know it."""
    return f"{table}.{column.name} ('{column.label}')"


def _word(mapping: Mapping) -> str:
    return mapping.record.replace("_", " ")
