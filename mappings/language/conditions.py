"""Conditions that are never or always true, and fields that meet because their conditions do not exclude each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Facts
from itertools import combinations
from typing import Any

from connector.condition import Undecidable
from connector.problem import Problem
from mappings.language.instances import MOST, PART, tried
from mappings.mapping import Field, Mapping

_BEYOND = re.compile(r"\w\s*\(|[<>?]")
"""What trying out values cannot decide: functions, order."""


def problems_of(mapping: Mapping) -> Iterator[Problem]:
    """Find dead conditions and fields that meet, by trying the values that the conditions name and some others."""
    always = [item for item in mapping.fields if item.when is not None and _decided(item) and _constant(mapping, item)]
    for item in always:
        text = item.when.source if item.when else ""
        if _witness(mapping, (item,)) is None:
            yield item.problem(
                f"`{text}` is never true", "mend it, or take the field out", setting="when", level="error"
            )
        else:
            yield item.problem(f"`{text}` is always true", "take when: out", setting="when", level="error")
    for one, other in combinations([item for item in mapping.fields if item not in always], 2):
        if one.when is not None or other.when is not None:
            yield from _meet(mapping, one, other)


def _meet(mapping: Mapping, one: Field, other: Field) -> Iterator[Problem]:
    read = one.reads and other.reads and one.source == other.source
    written = one.writes and other.writes and one.field and one.field.casefold() == other.field.casefold()
    if not read and not written:
        return
    found = _witness(mapping, (one, other))
    if found is None:
        return
    what = f"'{one.source}' is read twice" if read else f"'{one.field}' is written twice"
    cases = " and ".join(f"{name} is {value!r}" for name, value in sorted(found.items()))
    bare = next((item.name for item in (one, other) if item.when is None), "")
    fix = f"give {bare} a when: that excludes the other's" if bare else "let one condition exclude the other"
    told = f"{what}, by {one.name} and by {other.name}" + (f", where {cases}" if cases else "")
    place = other if other.when is not None else one
    yield place.problem(told, fix, setting="when", level="error")


def _decided(item: Field) -> bool:
    """Tell whether trying out values decides a condition, and not only finds examples."""
    return item.when is not None and not _BEYOND.search(PART.sub(lambda found: found["name"] or "''", item.when.source))


def _constant(mapping: Mapping, item: Field) -> bool:
    assert item.when is not None  # noqa: S101 - only those with one are asked
    found = set()
    count = 0
    for facts in tried(mapping, _sources((item,))):
        count += 1
        found.add(_holds(item, facts))
        if len(found) > 1 or None in found:
            return False
    # So many are only some of all: nothing is certain.
    return len(found) == 1 and count < MOST


def _witness(mapping: Mapping, items: Sequence[Field]) -> Facts[str, Any] | None:
    """Return facts for which all the conditions hold, None if none were found."""
    return next(
        (facts for facts in tried(mapping, _sources(items)) if all(_holds(item, facts) for item in items)), None
    )


def _sources(items: Sequence[Field]) -> list[str]:
    return [item.when.source for item in items if item.when is not None]


def _holds(item: Field, facts: Facts[str, Any]) -> bool | None:
    try:
        return item.when is None or item.when.holds(facts)
    except Undecidable:
        return None
