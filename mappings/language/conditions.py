"""Conditions that are never or always true, and fields that meet because their conditions do not exclude each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Facts
from itertools import combinations, product
from math import prod
from random import Random
from typing import Any

from connector.condition import Kind, Undecidable
from connector.problem import Problem
from mappings.mapping import Field, Mapping
from mappings.vocabulary import CHOICES, kinds

_PART = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\b(?P<number>\d+)\b|\b(?P<name>[A-Za-z_]\w*)")
_BEYOND = re.compile(r"\w\s*\(|[<>?]")
"""What trying out values cannot decide: functions, order."""
_MOST = 5000
"""Combinations of values that are all tried; of more, as many that chance picks (always the same ones)."""
_TEXT = r"(?:'([^']*)'|\"([^\"]*)\")"


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
    return item.when is not None and not _BEYOND.search(
        _PART.sub(lambda found: found["name"] or "''", item.when.source)
    )


def _constant(mapping: Mapping, item: Field) -> bool:
    assert item.when is not None  # noqa: S101 - only those with one are asked
    found = set()
    tried = 0
    for facts in _facts(mapping, (item,)):
        tried += 1
        found.add(_holds(item, facts))
        if len(found) > 1 or None in found:
            return False
    # So many are only some of all: nothing is certain.
    return len(found) == 1 and tried < _MOST


def _witness(mapping: Mapping, items: Sequence[Field]) -> Facts[str, Any] | None:
    """Return facts for which all the conditions hold, None if none were found."""
    return next((facts for facts in _facts(mapping, items) if all(_holds(item, facts) for item in items)), None)


def _holds(item: Field, facts: Facts[str, Any]) -> bool | None:
    try:
        return item.when is None or item.when.holds(facts)
    except Undecidable:
        return None


def _facts(mapping: Mapping, items: Sequence[Field]) -> Iterator[Facts[str, Any]]:
    """Yield what the conditions can be asked about: every combination of the values of the names in them."""
    sources = [item.when.source for item in items if item.when is not None]
    own = {item.name: item.shape.type for item in mapping.fields if item.name.startswith("x_")}
    known = kinds(mapping.record, own)
    parts = [found for source in sources for found in _PART.finditer(source)]
    names = sorted({found["name"] for found in parts if found["name"] in known})
    texts = sorted(
        {
            found["single"] or found["double"] or ""
            for found in parts
            if found["name"] is None and found["number"] is None
        }
    )
    numbers = sorted({int(found["number"]) for found in parts if found["number"] is not None})
    pools = [_pool(mapping, name, known[name], sorted(_beside(name, sources)) or texts, numbers) for name in names]
    for values in product(*pools) if prod(map(len, pools)) <= _MOST else _picked(pools):
        yield dict(zip(names, values, strict=True))


def _picked(pools: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    chance = Random(0)  # noqa: S311 - nothing secret
    for _ in range(_MOST):
        yield tuple(chance.choice(pool) for pool in pools)


def _beside(name: str, sources: Sequence[str]) -> set[str]:
    """Return the texts that a name is compared with, () if it is compared in some other way."""
    found: set[str] = set()
    for source in sources:
        for pattern in (
            rf"\b{name}\s*(?:[!=]=)\s*{_TEXT}",
            rf"{_TEXT}\s*(?:[!=]=|\bin\b)\s*{name}\b",
            rf"\b{name}\.\w+\(\s*{_TEXT}",
        ):
            found |= {one or other for one, other in re.findall(pattern, source)}
        for listed in re.findall(rf"\b{name}\s+in\s*\[([^\]]*)\]", source):
            found |= {one or other for one, other in re.findall(_TEXT, listed)}
    return found


def _pool(mapping: Mapping, name: str, kind: Kind, texts: list[str], numbers: list[int]) -> list[Any]:
    closed = CHOICES.get((mapping.record, name))
    if closed is not None:
        return list(closed)
    if kind == "bool":
        return [True, False]
    if kind == "int":
        return sorted({0, *numbers, *(number + 1 for number in numbers)})
    if kind == "list":
        return [[], *([text] for text in texts), texts, ["another"]]
    return [*texts, "another", "yet another", *([] if "" in texts else [""])]
