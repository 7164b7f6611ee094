"""Whether each choice of a value map is offered by its column, and each that is offered is mapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.servicenow.dictionary import Choice, Dictionary
from connector.problem import Problem
from mappings.mapping import Field, Mapping
from mappings.transforms import NOTHING


def problems(found: Dictionary, mapping: Mapping) -> Iterator[Problem]:
    """Yield what is wrong with the value maps of a record; a column without choices of its own says nothing."""
    table = mapping.setting("table")
    for item in mapping.fields:
        names = found.locate(table, item.field) if item.values and item.field else ()
        choices = found.choices(table, names[0]) if len(names) == 1 else ()
        if choices:
            yield from _of(item, f"{table}.{names[0]}", choices)


def _of(item: Field, column: str, choices: Sequence[Choice]) -> Iterator[Problem]:
    offered = {choice.value.casefold(): choice for choice in choices if choice.active}
    off = {choice.value.casefold(): choice for choice in choices if not choice.active}
    shown = ", ".join(sorted(choice.value for choice in offered.values()))
    for ours, options in item.values.items():
        theirs = [option for option in options if option]
        if item.writes and options[0] and options[0].casefold() not in offered:
            what = f"{column} offers no choice '{options[0]}', which {ours} would write"
            if old := off.get(options[0].casefold()):
                what = f"choice '{old.value}' ({old.label}) of {column} is inactive, and {ours} would write it"
            yield item.problem(what, f"use one of: {shown}", setting="values")
        # Of several that mean the same, some are those of other versions of the platform.
        elif theirs and not any(option.casefold() in offered or option.casefold() in off for option in theirs):
            what = f"{column} offers no choice '{theirs[0]}', so that it never reads as {ours}"
            yield item.problem(what, f"use one of: {shown}", setting="values")
    if not item.reads or item.shape.else_read is not NOTHING:
        return
    meant = {theirs.casefold() for options in item.values.values() for theirs in options}
    for value in sorted(set(offered) - meant):
        what = f"{column} offers '{offered[value].value}' ({offered[value].label}), which is mapped to nothing"
        yield item.problem(what, "add it to the value that it means, or say else: {read: ...}", setting="values")
