"""What a create screen requires and does not fill by itself, and how a mapping supplies it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from adapters.jira import fitting, offers
from connector.problem import Problem
from mappings.mapping import Mapping as RecordMapping

Meta = Mapping[str, Any]


def lacking(screen: Mapping[str, Meta], given: Container[str]) -> Iterator[tuple[str, Meta]]:
    """Yield the fields without which a create of `given` is refused, each with what the screen says of it."""
    for name, meta in screen.items():
        if meta.get("required") and not meta.get("hasDefaultValue") and name not in given:
            yield name, meta


def problem(mapping: RecordMapping, name: str, meta: Meta, what: str) -> Problem:
    """Return the problem of a required field, `what` saying what comes of it: at the line that maps it, or could."""
    item = next((item for item in mapping.fields if item.writes and item.id == name), None)
    if item is not None:
        fix = "give it a default:" + (" and no when:" if item.when is not None else "")
        return item.problem(what, fix, level="error")
    offered = next((row[0] for row in offers.offered(meta)), "VALUE")
    fix = f"map it ({fitting.suggested(called(name, meta), meta, offered)}), or make it optional"
    return Problem(f"{mapping.file}: fields", what, fix)


def called(name: str, meta: Meta) -> str:
    """Return how people call the field."""
    return str(meta.get("name") or name)
